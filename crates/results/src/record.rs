//! The record of one cell: a JSON object a line. The names are relied upon by scripts; more may come.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this schema. Readers accept older ones, and refuse newer ones by name.
pub const SCHEMA: u32 = 1;

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It ran to its end and gave the expected checksum, where one is known.
    Ok,
    /// The heap limit or the machine refused memory.
    OutOfMemory,
    /// It crashed or reported an error; `error` says which.
    Failed,
    /// It was stopped after its time limit.
    Timeout,
    /// It ran to its end, but a check of its result failed; it enters no figure.
    Invalid,
}

impl Status {
    /// The word in the record.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::OutOfMemory => "out-of-memory",
            Status::Failed => "failed",
            Status::Timeout => "timeout",
            Status::Invalid => "invalid",
        }
    }
}

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
}

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

/// The record of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`SCHEMA`] when it was written.
    pub schema: u32,
    /// The run that it belongs to: see `RunInfo`.
    pub run: String,
    /// Full configuration text.
    pub strategy: String,
    /// The workload's name.
    pub workload: String,
    /// `smoke`, `quick` or `full`.
    pub profile: String,
    /// The workload's parameters, by name.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Which repetition, from 0.
    pub invocation: u32,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// Limit on the heap in bytes, if there was one.
    #[serde(default)]
    pub heap_limit: Option<u64>,
    /// How it ended.
    pub status: Status,
    /// What went wrong, in one line; empty when nothing did.
    #[serde(default)]
    pub error: String,
    /// What the workload read back, folded: 16 hexadecimal digits.
    pub checksum: String,
    /// The workload's own unit of work, done this often.
    pub operations: u64,
    /// Wall time of the workload, its preparation excluded.
    pub wall_ns: u64,
    /// CPU time of the process in the same stretch.
    pub cpu_ns: u64,
    /// Collections by generation; heaps without generations count in the last.
    pub collections: [u64; 3],
    /// Pauses.
    pub pauses: Pauses,
    /// Time inside collections.
    pub collect_ns: u64,
    /// Memory.
    pub footprint: CellFootprint,
    /// Memory over the allocation clock.
    #[serde(default)]
    pub samples: Vec<Sample>,
    /// Objects allocated.
    pub objects_allocated: u64,
    /// Objects reclaimed.
    pub objects_freed: u64,
    /// Bytes allocated.
    pub bytes_allocated: u64,
    /// Exact counts of work, by name.
    pub counters: BTreeMap<String, u64>,
    /// The mutator's own share of `wall_ns`, measured under `bump` only: the run less a replay of its
    /// allocations on raw bumpalo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutator_ns: Option<u64>,
    /// Whether an interpreter ran the workload's twin: an outside reference, that no strategy is compared with. What it
    /// does not tell (live and held bytes, samples, objects, counters) is 0 or empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interpreted: bool,
}

/// Where and how a run was made: written once, beside its cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run's name: profile, date and time.
    pub run: String,
    /// The command line.
    pub command: Vec<String>,
    /// heapbench's version.
    pub version: String,
    /// The commit that it was built from, `+` behind it when the tree was changed; empty when unknown.
    pub commit: String,
    /// Build profile and flags.
    pub build: String,
    /// Processor's name.
    pub cpu: String,
    /// Processors.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Kernel's name and version.
    pub kernel: String,
    /// Transparent huge pages: the kernel's setting.
    pub huge_pages: String,
    /// When it began, UTC, ISO 8601.
    pub started: String,
}
