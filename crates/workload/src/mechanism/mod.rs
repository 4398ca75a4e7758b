//! Programs that stress one mechanism each.

pub(crate) mod binary_trees;
pub(crate) mod churn;
pub(crate) mod linked_list;
pub(crate) mod live_graph;
mod number;
pub(crate) mod rings;
