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
//! | [`check`] | the random suite: a plan, a report, a violation |
//! | [`cases`] | the classic semantics, written down |
//! | [`operation`] | the trait's operations as data |
//! | `generate` | random operations, another mix for every seed |
//! | `shrink` | a short list of operations that still fails |
//! | `compare` | heap against model |
//! | [`action`] | what finalizers and callbacks do |
//! | [`deaths`] | the recorder |
#![forbid(unsafe_code)]

pub mod action;
pub mod cases;
pub mod check;
mod compare;
pub mod deaths;
mod generate;
pub mod operation;
mod shrink;

pub use action::Action;
pub use check::{Plan, Report, Violation, check_random, replay};
pub use deaths::Deaths;
pub use operation::Operation;
