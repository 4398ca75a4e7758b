//! What a strategy promises: constants, so that a test or a workload asks instead of matching on names.

/// The families of heap scripts: which expectations hold for a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Counts only; cycles leak.
    RefCount,
    /// Counts, and a cycle collector.
    Cycles,
    /// Finds the living; the rest is free.
    Tracing,
    /// Frees everything at once, at a `reset` when no local is held and nothing is immortal; nothing before.
    Region,
}

/// The promises of one strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Which expectations of heap scripts hold.
    pub family: Family,
    /// Acyclic garbage dies within the operation that made it unreachable, in CPython's order.
    pub prompt: bool,
    /// A full collection reclaims unreachable cycles.
    pub collects_cycles: bool,
    /// Objects may change their address.
    pub moves: bool,
    /// Generations that can be collected apart from each other: 1 or 3.
    pub generations: u8,
    /// `Introspect::set_thresholds` has an effect.
    pub thresholds: bool,
    /// `Introspect::freeze` has an effect.
    pub freezes: bool,
}
