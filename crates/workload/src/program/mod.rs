//! Programs in the shape of real Python programs.

pub(crate) mod json;
pub(crate) mod lru_cache;
pub(crate) mod requests;
