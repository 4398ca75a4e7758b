//! The guide: claims that introductions to Python's memory management make, and what was measured of each.
//!
//! ```text
//! workloads/guide.toml ─► claims ─► jobs ─► results ─► page (workloads/GUIDE.md)
//! ```
//! A claim says which runs to compare and what it expects of them, as ratios. Whether it holds is computed; no sentence
//! of the page says more than the numbers beside it.

pub mod claim;
mod page;
mod sizes;
mod verdict;

pub use claim::{Claim, claims};
pub use page::page;
