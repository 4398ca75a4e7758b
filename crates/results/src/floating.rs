//! Floating garbage, as a record keeps it: unreachable bytes that are not yet reclaimed.
//!
//! Counted in a run that is not timed, against the exact deaths that an oracle run of the same program found. All bytes
//! are the strategy's own, headers included.

use serde::{Deserialize, Serialize};

/// Floating garbage of one cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Floating {
    /// The most at any allocation, in bytes.
    pub peak_bytes: u64,
    /// The mean over the allocation clock, in bytes.
    pub mean_bytes: f64,
    /// Bytes times bytes allocated: how much floated for how long.
    pub byte_bytes: f64,
    /// At the program's end, in bytes.
    pub end_bytes: u64,
    /// Over the allocation clock.
    pub samples: Vec<FloatingSample>,
}

/// One sample of what is live and what need not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatingSample {
    /// The allocation clock: bytes allocated so far.
    pub clock: u64,
    /// Bytes of objects not yet reclaimed.
    pub live: u64,
    /// Bytes of the reachable ones among them.
    pub reachable: u64,
}
