//! What a run of the random suite does, and what came of it.

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Everything random follows from it.
    pub seed: u64,
    /// Operations.
    pub operations: usize,
    /// Collections may start on their own at times.
    pub automatic: bool,
    /// Limits on memory come and go.
    pub limits: bool,
    /// Immortal objects are made; the comparison of graphs and the saving of hooks need two of their own.
    pub immortals: bool,
    /// Finalizers and weak references with callbacks are made.
    pub hooks: bool,
    /// Collections ten times as often, thresholds of a few objects, and few objects alive.
    pub stress: bool,
    /// With this many live objects no more are allocated.
    pub live: usize,
    /// Operations between two comparisons of everything reachable, and one more for each live object.
    pub compare_every: usize,
}

impl Plan {
    /// The usual plan for a seed: modes alternate from seed to seed.
    pub fn new(seed: u64, operations: usize) -> Plan {
        let (automatic, limits, immortals) = (!seed.is_multiple_of(3), seed.is_multiple_of(2), seed % 5 != 4);
        let (hooks, stress) = (true, false);
        Plan { seed, operations, automatic, limits, immortals, hooks, stress, live: 2000, compare_every: 250 }
    }

    /// The plan for a seed under which collectors have no rest.
    pub fn stress(seed: u64, operations: usize) -> Plan {
        let live = [40, 150, 600][seed as usize % 3];
        Plan {
            automatic: true,
            limits: true,
            stress: true,
            live,
            compare_every: 16,
            ..Plan::new(seed, operations)
        }
    }
}

/// What a run did. The same plan gives the same report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Operations performed.
    pub operations: usize,
    /// Objects allocated.
    pub allocated: u64,
    /// Objects that died.
    pub died: u64,
    /// Collections.
    pub collections: u64,
    /// Finalizers and callbacks called.
    pub hooks: u64,
    /// Operations that failed for want of memory, those inside hooks included.
    pub out_of_memory: u64,
    /// Those inside hooks.
    pub out_of_memory_in_hooks: u64,
    /// Requests for memory that were made to fail.
    pub struck: u64,
    /// A hash of all operations and events, in order (SipHash-1-3): the same in every process and version.
    pub hash: u64,
}
