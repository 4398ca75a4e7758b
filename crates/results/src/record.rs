//! The record of one cell: a JSON object a line. The names are relied upon by scripts; more may come.

use crate::fitness::Finding;
use crate::floating::Floating;
use crate::footprint::{CellFootprint, Drained, Sample};
use crate::latency::Latency;
use crate::pauses::Pauses;
use crate::stalls::Stalls;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this schema. Readers accept older ones, and refuse newer ones by name.
///
/// | schema | what came with it |
/// |---|---|
/// | 1 | the first |
/// | 2 | layout, arms, injected effects, stalls, raw pauses, latency, drained memory, floating garbage, instructions |
pub const SCHEMA: u32 = 2;

/// How a cell ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It ran to its end and gave the expected checksum, where one is known.
    Ok,
    /// The heap limit or the machine refused memory.
    OutOfMemory,
    /// It crashed or reported an error; `error` says which.
    #[default]
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

/// The record of one cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// `heap_limit` as a multiple of the workload's least heap, where it was given as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_multiple: Option<f64>,
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
    /// Which of several equal arms: 0, or the arm of a null comparison, in which nothing differs. Only arm 0 is a result.
    #[serde(default, skip_serializing_if = "is_default")]
    pub arm: u32,
    /// An effect that was put in to see whether it is found. Only a cell without one is a result.
    #[serde(default, skip_serializing_if = "is_default")]
    pub injected: Injected,
    /// What varied by itself: where memory lay, when it was its turn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub layout: Layout,
    /// What the machine did meanwhile that was not the cell's doing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stalls: Stalls,
    /// Instructions of the timed stretch, counted by valgrind in a run of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<u64>,
    /// Times between marks; `None` where the workload sets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Memory some time after the program has let go of everything; empty when nobody waited for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drained: Vec<Drained>,
    /// Unreachable bytes not yet reclaimed, against the oracle's exact deaths; `None` when no oracle was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floating: Option<Floating>,
}

impl Record {
    /// Whether the cell is a result: of the first arm, and nothing was put into it. Others test the measurement and
    /// enter no table and no figure of results.
    pub fn is_result(&self) -> bool {
        self.arm == 0 && self.injected == Injected::default()
    }
}

/// An effect put into a cell on purpose; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Injected {
    /// Work added, in thousandths of the cell's own.
    #[serde(default)]
    pub work_permille: u32,
    /// One pause of so many microseconds.
    #[serde(default)]
    pub pause_us: u32,
}

/// What varies from process to process beside the strategy, drawn from the run's seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Bytes of padding in the process's environment, which shift its stack.
    pub environment_bytes: u32,
    /// Bytes that were mapped before the heap was made, which shift its base.
    pub heap_offset: u64,
    /// The cell's place in the order of the run, from 0.
    pub position: u64,
}

/// For `skip_serializing_if`.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where and how a run was made: written once, beside its cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// [`SCHEMA`] when it was written; 0 in runs of schema 1.
    #[serde(default)]
    pub schema: u32,
    /// The run's name, which no other has: profile, date and time, and eight digits drawn at random.
    pub run: String,
    /// The command line.
    pub command: Vec<String>,
    /// heapbench's version.
    pub version: String,
    /// The commit that it was built from, `+` behind it when the tree was changed; empty when unknown.
    pub commit: String,
    /// Whether the tree was changed when it was built.
    #[serde(default)]
    pub dirty: bool,
    /// The compiler and its version; part of `build` in runs of schema 1.
    #[serde(default)]
    pub compiler: String,
    /// Target, build profile, what was changed of the profile, and flags.
    pub build: String,
    /// Which machine: 16 hexadecimal digits that tell it from others and say nothing else; empty when unknown.
    #[serde(default)]
    pub machine: String,
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
    /// Whether the kernel moves stacks and heaps from process to process: `full`, `partial`, `off` or `unknown`.
    #[serde(default)]
    pub address_randomisation: String,
    /// Whether the machine was fit to measure on, before the first cell; empty when nobody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doctor: Vec<Finding>,
}
