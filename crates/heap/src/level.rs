//! How deep a heap looks when it checks itself.

/// A level of [`Heap::verify_to`](crate::Heap::verify_to). Each contains those before it.
///
/// The levels are ordered by cost: the first is free, the last walks every object and every table. They follow
/// Shenandoah's `ShenandoahVerifyLevel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Counters and footprint agree with each other.
    Counters,
    /// Every block, free list and bitmap: cells do not overlap, free ones are where they should be.
    Space,
    /// Every root refers to a live object.
    Roots,
    /// Everything reachable, found by a walk that shares no code with the collector's own, is alive and well-formed.
    Closure,
    /// Every object, reachable or not, and every table is exact: counts, mark bits, remembered sets, weak tables.
    Exact,
}

impl Level {
    /// All levels, the cheapest first.
    pub const ALL: [Level; 5] = [Level::Counters, Level::Space, Level::Roots, Level::Closure, Level::Exact];
}
