//! Memory of a cell, as a record keeps it.

use serde::{Deserialize, Serialize};

/// Memory of one cell, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellFootprint {
    /// Highest bytes in objects not yet reclaimed.
    pub peak_live_bytes: u64,
    /// Highest bytes taken from the system, over the samples.
    pub peak_held_bytes: u64,
    /// Highest resident set of the process, less what it had before the heap was made.
    pub peak_rss_bytes: u64,
    /// Bytes in objects at the end, before the heap is dropped.
    pub end_live_bytes: u64,
    /// Bytes taken from the system at the end.
    #[serde(default)]
    pub end_held_bytes: u64,
}

/// One sample of memory in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The allocation clock: bytes allocated so far.
    pub clock: u64,
    /// Bytes in objects not yet reclaimed.
    pub live: u64,
    /// Bytes taken from the system.
    pub held: u64,
    /// Resident set of the process, less what it had before the heap was made.
    pub rss: u64,
}

/// Memory some time after the program let go of everything; the heap is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// How long after, in milliseconds.
    pub after_ms: u32,
    /// Bytes in objects not yet reclaimed.
    pub live: u64,
    /// Bytes taken from the system.
    pub held: u64,
    /// Resident set of the process, less what it had before the heap was made.
    pub rss: u64,
}
