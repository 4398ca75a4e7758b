//! The reference model: a heap that is a plain graph, obviously right, and as fast as that allows.
//!
//! [`Model`] implements the trait that strategies implement, so whatever drives a strategy drives the model too, hooks
//! included, and the two can be compared step by step. Where the contract leaves a choice (when a collection starts
//! on its own, in which order one collection runs finalizers), the model follows what the strategy did, as far as that
//! is allowed, and takes the plainest choice otherwise: see [`Guide`].
//!
//! What it costs: memory in proportion to the living; a death by counting as much as its references; a full collection
//! as much as the living; a partial one of a counting heap as much as it reclaims, unless finalizers run in it.
//!
//! | file | concept |
//! |---|---|
//! | [`node`] | an object of the graph |
//! | [`nodes`] | the living, by number |
//! | [`guide`] | events, and the choices that they settle |
//! | [`graph`] | the graph, its roots, exact reachability |
//! | [`counting`] | death by counting |
//! | [`weak`] | weak references: clearing and calling back |
//! | [`collection`] | death by a collection |
//! | [`garbage`] | which objects a collection may reclaim |
//! | [`heap`] | the trait of strategies |
#![forbid(unsafe_code)]

pub mod collection;
pub mod counting;
pub mod garbage;
pub mod graph;
pub mod guide;
pub mod heap;
pub mod node;
pub mod nodes;
pub mod weak;

pub use graph::{Model, Promise};
pub use guide::{Event, Guide};
pub use node::{Id, Node, Slot};
pub use nodes::Nodes;
