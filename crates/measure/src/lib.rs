//! Measurement: what happens inside a cell, without disturbing it more than is said here.
//!
//! | file | concept |
//! |---|---|
//! | [`measuring`] | the recorder that a measured heap reports to |
//! | [`pauses`] | stretches in which the mutator waits, and their distribution |
//! | [`sampler`] | memory in use, over the allocation clock |
//! | [`stopwatch`] | wall and CPU time of a stretch |
//! | [`process`] | what the system says about this process's memory |
//! | [`census`] | births and deaths of all objects, counted: the exact part of a workload's card |
//! | [`allocations`] | memory by the place of the program that allocated it, as `tracemalloc` |
//! | [`replay`] | the same allocations on raw bumpalo, to learn the mutator's own share |
#![forbid(unsafe_code)]

pub mod allocations;
pub mod census;
pub mod measuring;
pub mod pauses;
pub mod process;
pub mod replay;
pub mod sampler;
pub mod stopwatch;

pub use allocations::Allocations;
pub use census::Census;
pub use measuring::{Measuring, Observed};
pub use stopwatch::{Elapsed, Stopwatch};
