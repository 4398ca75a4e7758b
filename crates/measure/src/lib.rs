//! Measurement: what happens inside a cell, without disturbing it more than is said here.
//!
//! | file | concept |
//! |---|---|
//! | [`measuring`] | the recorder that a measured heap reports to |
//! | [`clock`] | wall time and CPU time, for real or for tests |
//! | [`pauses`] | stretches in which the mutator waits, and their distribution |
//! | [`absence`] | whether the processor was taken away during a pause |
//! | [`latency`], [`metered`] | how long requests take, in a closed and an open loop |
//! | [`stalls`] | what the machine does to a process meanwhile |
//! | [`sampler`] | memory in use, over the allocation clock |
//! | [`stopwatch`] | wall and CPU time of a stretch |
//! | [`injection`] | effects put in on purpose |
//! | [`process`] | what the system says about this process's memory |
//! | [`dirtied`] | pages that a process has written since it was forked |
//! | [`drain`] | memory some time after a program has let go of everything |
//! | [`census`] | births and deaths of all objects, counted: the exact part of a workload's card |
//! | [`allocations`] | memory by the place of the program that allocated it, as `tracemalloc` |
//! | [`floating`] | garbage that is not yet reclaimed, against an oracle's deaths |
//! | [`replay`] | the same allocations on raw bumpalo, to learn the mutator's own share |
#![forbid(unsafe_code)]

pub mod absence;
pub mod allocations;
pub mod census;
pub mod clock;
pub mod dirtied;
pub mod drain;
pub mod floating;
mod histogram;
pub mod injection;
pub mod latency;
pub mod measuring;
pub mod metered;
pub mod pauses;
pub mod process;
pub mod replay;
pub mod sampler;
pub mod stalls;
pub mod stopwatch;

pub use allocations::Allocations;
pub use census::Census;
pub use dirtied::Dirtied;
pub use floating::FloatingGarbage;
pub use latency::Arrivals;
pub use measuring::{Measuring, Observed};
pub use stopwatch::{Elapsed, Stopwatch};
