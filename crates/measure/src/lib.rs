//! Measurement: what happens inside a cell, without disturbing it more than is said here.
//!
//! | file | concept |
//! |---|---|
//! | [`measuring`] | the recorder that a measured heap reports to |
//! | [`pauses`] | stretches in which the mutator waits, and their distribution |
//! | [`sampler`] | memory in use, over the allocation clock |
//! | [`stopwatch`] | wall and CPU time of a stretch |
//! | [`process`] | what the system says about this process's memory |
//! | [`replay`] | the same allocations on raw bumpalo, to learn the mutator's own share |
#![forbid(unsafe_code)]

pub mod measuring;
pub mod pauses;
pub mod process;
pub mod replay;
pub mod sampler;
pub mod stopwatch;

pub use measuring::{Measuring, Observed};
pub use stopwatch::{Elapsed, Stopwatch};
