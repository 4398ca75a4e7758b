//! The reference model: a heap that is a plain graph, slow and obviously right.
//!
//! [`Model`] implements the trait that strategies implement, so whatever drives a strategy drives the model too, hooks
//! included, and the two can be compared step by step. Where the contract leaves a choice (when a collection starts
//! on its own, in which order one collection runs finalizers), the model follows what the strategy did, as far as that
//! is allowed, and takes the plainest choice otherwise: see [`Guide`].
//!
//! | file | concept |
//! |---|---|
//! | [`node`] | an object of the graph |
//! | [`guide`] | events, and the choices that they settle |
//! | [`graph`] | the graph, its roots, exact reachability |
//! | [`counting`] | death by counting |
//! | [`collection`] | death by a collection |
//! | [`heap`] | the trait of strategies |
#![forbid(unsafe_code)]

pub mod collection;
pub mod counting;
pub mod graph;
pub mod guide;
pub mod heap;
pub mod node;

pub use graph::{Model, Promise};
pub use guide::{Event, Guide};
pub use node::{Id, Node};
