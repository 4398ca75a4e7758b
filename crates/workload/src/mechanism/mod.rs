//! Programs that stress one mechanism each.
//!
//! CPython checks whether a collection is due after the call of a class, at a loop's back edge and at a function's
//! entry. Where nothing was allocated since the last check it finds nothing new, so these programs have a safe point
//! after each allocation that a check follows at once, and none at the back edge after it.

pub(crate) mod binary_trees;
mod block;
pub(crate) mod churn;
pub(crate) mod fragmentation;
pub(crate) mod linked_list;
pub(crate) mod live_graph;
pub(crate) mod load;
mod number;
pub(crate) mod rings;
pub(crate) mod size_mix;
