//! The cycle collector's place: what a refcounting strategy asks of the part that finds cyclic garbage.
//!
//! `refcount` is the heap with [`NoCollector`]; `refcount-generational` and its kin put theirs in its place and share
//! counting, cascades, weak references and finalizers.

use crate::controls::Controls;
use crate::{RefCount, count};
use heapbench_heap::{
    Capabilities, Collected, Corruption, Family, Generation, HeapConfig, HeapError, Level, Recorder,
};
use heapbench_memory::{MemorySource, Ref};

/// Finds cyclic garbage among containers (objects of kinds that are not leaves).
pub trait CycleCollector: Controls + Sized {
    /// What the strategy promises with this collector.
    const CAPABILITIES: Capabilities;

    /// Its policies by name, the default first.
    const POLICIES: &[&str];

    /// The keys of its settings.
    const KEYS: &[&str];

    /// Bytes that a container has in front of its count: 16 for CPython's GC head, a multiple of 16.
    const HEAD: usize;

    /// The count at which an object is stuck; tests have a small one.
    const SATURATED: u32;

    /// A collector as configured, with a policy and keys that it knows.
    ///
    /// # Errors
    /// A value that does not fit.
    fn new(config: &HeapConfig) -> Result<Self, HeapError>;

    /// A block for a container came from the memory source; not from a free list.
    fn allocated(&mut self);

    /// Such a block was given back to the source.
    fn freed(&mut self);

    /// A container came to be.
    fn born(&mut self, container: Ref);

    /// A container's count reached zero; it is reclaimed next.
    fn dies(&mut self, container: Ref);

    /// A container has become immortal: it is the interpreter's own, as if it had never been allocated.
    fn forget(&mut self, container: Ref);

    /// `value` was stored into `container`.
    fn stored(&mut self, container: Ref, value: Ref);

    /// A finalizer or a weak reference was attached to `container`.
    fn attached(&mut self, container: Ref);

    /// An object of any kind came to be, with a count of one.
    #[inline(always)]
    fn created(&mut self, _object: Ref) {}

    /// A reference to an object of any kind goes away; it is still counted, and may be the last.
    #[inline(always)]
    fn released(&mut self, _object: Ref) {}

    /// An object of any kind is reclaimed next: its count is zero, its finalizer has run. Its slots are released after.
    #[inline(always)]
    fn buried(&mut self, _object: Ref) {}

    /// Tuples with more items than this are put into a free list, where there are any, and never taken out of it.
    fn longest_tuple_taken(&self) -> usize {
        crate::free_lists::LONGEST_TUPLE
    }

    /// Whether an automatic collection waits for a safe point.
    fn is_due(&self) -> bool;

    /// Whether the allocation of a container's block makes a collection due that does not wait: it runs inside.
    fn is_due_inside(&self) -> bool;

    /// The automatic collection that is due.
    fn collect_due<M: MemorySource, R: Recorder>(heap: &mut RefCount<Self, M, R>);

    /// Collects a generation and the younger ones; `None` when nothing ran: it has no effect then.
    fn collect<M: MemorySource, R: Recorder>(
        heap: &mut RefCount<Self, M, R>,
        generation: Generation,
    ) -> Option<Collected>;

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

impl<const SATURATED: u32> Controls for NoCollector<SATURATED> {
    fn set_enabled(&mut self, on: bool) {
        self.disabled = !on;
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
    const POLICIES: &[&str] = &[];
    const KEYS: &[&str] = &[];
    const HEAD: usize = 0;
    const SATURATED: u32 = SATURATED;

    fn new(_config: &HeapConfig) -> Result<Self, HeapError> {
        Ok(NoCollector::default())
    }

    #[inline(always)]
    fn allocated(&mut self) {}

    #[inline(always)]
    fn freed(&mut self) {}

    #[inline(always)]
    fn born(&mut self, _container: Ref) {}

    #[inline(always)]
    fn dies(&mut self, _container: Ref) {}

    fn forget(&mut self, _container: Ref) {}

    #[inline(always)]
    fn stored(&mut self, _container: Ref, _value: Ref) {}

    fn attached(&mut self, _container: Ref) {}

    #[inline(always)]
    fn is_due(&self) -> bool {
        false
    }

    #[inline(always)]
    fn is_due_inside(&self) -> bool {
        false
    }

    fn collect_due<M: MemorySource, R: Recorder>(_heap: &mut RefCount<Self, M, R>) {}

    fn collect<M: MemorySource, R: Recorder>(
        _heap: &mut RefCount<Self, M, R>,
        _generation: Generation,
    ) -> Option<Collected> {
        None
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
