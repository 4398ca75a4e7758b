//! The cycle collector's place: what a refcounting strategy asks of the part that finds cyclic garbage.
//!
//! `refcount` is the heap with [`NoCollector`]; `refcount-generational` and its kin put theirs in its place and share
//! counting, cascades, weak references and finalizers.

use crate::{RefCount, count};
use heapbench_heap::{
    Capabilities, Collected, Corruption, Family, Generation, HeapConfig, HeapError, Introspect, Level,
    Recorder, Unsupported,
};
use heapbench_memory::{MemorySource, Ref};

/// Finds cyclic garbage among containers (objects of kinds that are not leaves).
pub trait CycleCollector: Introspect + Sized {
    /// What the strategy promises with this collector.
    const CAPABILITIES: Capabilities;

    /// Bytes that a container has in front of its count: 16 for CPython's GC head, a multiple of 16.
    const HEAD: usize;

    /// The count at which an object is stuck; tests have a small one.
    const SATURATED: u32;

    /// A collector as configured.
    ///
    /// # Errors
    /// An unknown policy, key or value.
    fn new(config: &HeapConfig) -> Result<Self, HeapError>;

    /// A container was allocated.
    fn born(&mut self, container: Ref);

    /// A container's count reached zero; it is reclaimed next.
    fn dies(&mut self, container: Ref);

    /// `value` was stored into `container`.
    fn stored(&mut self, container: Ref, value: Ref);

    /// A finalizer or a weak reference was attached to `container`.
    fn attached(&mut self, container: Ref);

    /// Whether an automatic collection waits for a safe point.
    fn is_due(&self) -> bool;

    /// The automatic collection that is due.
    fn collect_due<M: MemorySource, R: Recorder>(heap: &mut RefCount<Self, M, R>);

    /// Collects a generation and the younger ones; `None` when nothing ran: it has no effect then.
    fn collect<M: MemorySource, R: Recorder>(
        heap: &mut RefCount<Self, M, R>,
        generation: Generation,
    ) -> Option<Collected>;

    /// `gc.is_tracked` of a container.
    fn is_tracked(&self, container: Ref) -> Result<bool, Unsupported>;

    /// Bytes of the collector's own tables.
    fn held_bytes(&self) -> usize;

    /// Checks the collector's invariants up to a level. Those of the heap hold up to it already, the exact counts
    /// excepted.
    ///
    /// # Errors
    /// The first that does not hold.
    fn verify<M: MemorySource, R: Recorder>(
        heap: &RefCount<Self, M, R>,
        level: Level,
    ) -> Result<(), Corruption>;
}

/// No collector: cycles leak. Counts are stuck at `SATURATED`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCollector<const SATURATED: u32 = { count::SATURATED }> {
    disabled: bool,
}

impl<const SATURATED: u32> Introspect for NoCollector<SATURATED> {
    fn enable(&mut self) {
        self.disabled = false;
    }

    fn disable(&mut self) {
        self.disabled = true;
    }

    fn is_enabled(&self) -> bool {
        !self.disabled
    }
}

impl<const SATURATED: u32> CycleCollector for NoCollector<SATURATED> {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::RefCount,
        prompt: true,
        collects_cycles: false,
        moves: false,
        generations: 1,
        thresholds: false,
        freezes: false,
    };
    const HEAD: usize = 0;
    const SATURATED: u32 = SATURATED;

    fn new(config: &HeapConfig) -> Result<Self, HeapError> {
        config.expect_policy(&[])?;
        config.expect_keys(&[])?;
        Ok(NoCollector::default())
    }

    #[inline(always)]
    fn born(&mut self, _container: Ref) {}

    #[inline(always)]
    fn dies(&mut self, _container: Ref) {}

    #[inline(always)]
    fn stored(&mut self, _container: Ref, _value: Ref) {}

    fn attached(&mut self, _container: Ref) {}

    #[inline(always)]
    fn is_due(&self) -> bool {
        false
    }

    fn collect_due<M: MemorySource, R: Recorder>(_heap: &mut RefCount<Self, M, R>) {}

    fn collect<M: MemorySource, R: Recorder>(
        _heap: &mut RefCount<Self, M, R>,
        _generation: Generation,
    ) -> Option<Collected> {
        None
    }

    fn is_tracked(&self, _container: Ref) -> Result<bool, Unsupported> {
        Err(Unsupported)
    }

    fn held_bytes(&self) -> usize {
        0
    }

    fn verify<M: MemorySource, R: Recorder>(
        _heap: &RefCount<Self, M, R>,
        _level: Level,
    ) -> Result<(), Corruption> {
        Ok(())
    }
}
