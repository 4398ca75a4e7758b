//! Programs in the shape of real Python programs.

pub(crate) mod async_tasks;
mod call;
pub(crate) mod json;
pub(crate) mod listeners;
pub(crate) mod lru_cache;
pub(crate) mod numbers;
pub(crate) mod orm;
pub(crate) mod records;
pub(crate) mod requests;
mod stack;
pub(crate) mod syntax_tree;
pub(crate) mod text_index;
