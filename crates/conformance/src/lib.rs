//! One suite for every strategy: random operations compared with the reference model, and written cases.
//!
//! ```text
//! generate -> operation -+-> strategy (recorder: deaths) -> events -+
//!                        |                                          v guide
//!                        +-> model    (recorder: deaths) -> events -> compared, one by one, then
//!                                                                     locals, graph, counters, verifier
//! ```
//!
//! | file | concept |
//! |---|---|
//! | [`check`] | the random suite |
//! | [`plan`] | what it is to do, and what it did |
//! | [`violation`] | the contract broken |
//! | [`exhaustion`] | out of memory at every point |
//! | [`cases`] | the classic semantics, written down |
//! | [`operation`] | the trait's operations as data |
//! | `validity` | when they may be performed |
//! | `pair` | a heap and its model, step by step |
//! | `generate` | random operations, another mix for every seed |
//! | `shrink` | a short list of operations that still fails |
//! | `regression` | that list as a heap script |
//! | `compare` | heap against model |
//! | [`action`] | what finalizers and callbacks do |
//! | [`deaths`] | the recorder |
//! | [`scheduled`] | explicit frees at exact deaths |
//! | [`runner`] | heap scripts |
#![forbid(unsafe_code)]

pub mod action;
pub mod cases;
pub mod check;
mod compare;
pub mod deaths;
pub mod exhaustion;
mod generate;
pub mod operation;
mod pair;
pub mod plan;
mod regression;
pub mod runner;
pub mod scheduled;
mod shrink;
mod validity;
pub mod violation;

pub use action::Action;
pub use check::{check_random, replay};
pub use deaths::Deaths;
pub use exhaustion::{Exhaustion, check_exhaustion};
pub use operation::Operation;
pub use plan::{Plan, Report};
pub use violation::Violation;
