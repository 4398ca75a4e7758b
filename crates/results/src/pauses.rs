//! Stretches in which the mutator waited, as a record keeps them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pauses of one cell: collections, free cascades over the floor, and sweeps on the mutator's time. Nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pauses {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub total_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// The median.
    pub p50_ns: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
    /// The 99.9th percentile.
    pub p999_ns: u64,
    /// How many of each kind: `young`, `middle`, `full` (collections), `cascade`, `sweep`.
    #[serde(default)]
    pub kinds: BTreeMap<String, u64>,
    /// The whole distribution: an HdrHistogram of nanoseconds, V2 + DEFLATE, base64. Empty without pauses.
    #[serde(default)]
    pub histogram: String,
    /// Pauses of at least so many nanoseconds are in `raw`.
    #[serde(default)]
    pub raw_floor_ns: u64,
    /// The longest pauses one by one, by start. Where there were too many, the floor was raised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<RawPause>,
}

/// One pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawPause {
    /// When it began, in nanoseconds from the start of the timed stretch, time spent on measuring taken off.
    pub start_ns: u64,
    /// How long it was.
    pub ns: u64,
    /// `y`oung, `m`iddle, `f`ull, `c`ascade, `s`weep.
    pub kind: char,
    /// The machine took the processor away meanwhile, or may have: the pause is not the manager's alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
}
