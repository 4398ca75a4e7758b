//! The workloads: what is run on every heap.
//!
//! A workload is data, a file under `workloads/` with its claim, its parameters for each profile and its expected
//! checksum; and a program, a Rust type generic over the heap. [`Definition::prepare`] reads parameters and
//! input and draws the random choices; [`Prepared::run`] is what is measured.
//!
//! ```
//! use heapbench_workload::{DEFAULT_SEED, Profile, find};
//! let definition = find("rings").unwrap();
//! let parameters = definition.parameters(Profile::Smoke);
//! let prepared = definition.prepare(&parameters, DEFAULT_SEED).unwrap();
//! # let _ = prepared;
//! ```
//!
//! | file | concept |
//! |---|---|
//! | [`definition`] | a workload as data, read from TOML |
//! | [`catalogue`] | the list of all definitions |
//! | [`parameters`] | parameters, checked and typed |
//! | [`prepared`] | a program ready to run; the one dispatch |
//! | [`checksum`] | what a program read back, folded |
//! | [`random`] | seeded choices, made before the clock starts |
//! | `mechanism/` | programs that stress one mechanism each |
//! | `program/` | programs in the shape of real Python programs |
//! | [`twin`] | the same programs in Python |
//! | [`error`] | what can be wrong with a request |
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod checksum;
pub mod definition;
pub mod error;
mod mechanism;
pub mod parameters;
pub mod prepared;
mod program;
pub mod random;
pub mod twin;

pub use catalogue::{definitions, find};
pub use definition::{Definition, Group, Parameter, Profile};
pub use error::WorkloadError;
pub use parameters::Parameters;
pub use prepared::{Outcome, Prepared, Program};

/// The seed of the expected checksums.
pub const DEFAULT_SEED: u64 = 1;
