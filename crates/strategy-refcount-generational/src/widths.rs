//! Numbers that decide how fast a collection is, or when a count is stuck; what dies when depends on none of them. Tests
//! run with small ones.

use heapbench_strategy_refcount::count;

/// The widths of one collector.
pub trait Widths: std::fmt::Debug {
    /// The count at which an object is stuck.
    const SATURATED: u32 = count::SATURATED;

    /// Containers whose referents are fetched ahead of their turn, from 1 to [`MOST_AHEAD`]: enough to cover a miss, few
    /// enough for the first cache.
    const AHEAD: usize = MOST_AHEAD;

    /// Most entries of the scratch arrays that are kept from one collection to the next.
    const KEPT: usize = 1 << 16;
}

/// The greatest [`Widths::AHEAD`].
pub const MOST_AHEAD: usize = 16;

/// What all but tests want.
#[derive(Clone, Copy, Debug)]
pub struct Usual;

impl Widths for Usual {}
