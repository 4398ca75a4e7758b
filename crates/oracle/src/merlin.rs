//! Numbers, stamps and burials: what is noted while the program runs. It hears of every object, in the place where other
//! heaps have their cycle collector.

use heapbench_heap::{
    Capabilities, Collected, Corruption, Generation, HeapConfig, HeapError, Kind, Level, NoRecorder, Recorder,
};
use heapbench_memory::{MemorySource, Pools, Ref};
use heapbench_strategy_refcount::{Controls, CycleCollector, NoCollector, RefCount};
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

/// The heap of an oracle run.
pub type OracleHeap<M = Pools, R = NoRecorder> = RefCount<Merlin, M, R>;

/// What is known of a program's objects, which are numbered from 0 in the order of their allocation.
#[derive(Debug, Default)]
pub struct Merlin {
    /// Those not buried. Looked up only, or sorted: its order is nobody's concern.
    pub(crate) numbers: HashMap<Ref, u32, FxBuildHasher>,
    /// By number.
    pub(crate) kinds: Vec<Kind>,
    /// By number: the clock when the object last lost a reference or came to be; of the buried, when they died.
    pub(crate) stamps: Vec<u32>,
    /// The numbers of the buried, in the order of their deaths.
    pub(crate) buried: Vec<u32>,
    /// There were more objects than there are numbers.
    pub(crate) overflowed: bool,
    controls: NoCollector,
}

impl Merlin {
    /// The allocations made so far.
    pub(crate) fn clock(&self) -> u32 {
        self.stamps.len() as u32
    }

    #[inline(always)]
    fn stamp(&mut self, object: Ref) {
        if let Some(number) = self.numbers.get(&object) {
            self.stamps[*number as usize] = self.clock();
        }
    }
}

impl Controls for Merlin {
    fn set_enabled(&mut self, on: bool) {
        self.controls.set_enabled(on);
    }

    fn is_enabled(&self) -> bool {
        self.controls.is_enabled()
    }
}

impl CycleCollector for Merlin {
    const CAPABILITIES: Capabilities = NoCollector::<{ Self::SATURATED }>::CAPABILITIES;
    const POLICIES: &[&str] = &[];
    const KEYS: &[&str] = &[];
    const HEAD: usize = 0;
    const SATURATED: u32 = <NoCollector>::SATURATED;

    fn new(_config: &HeapConfig) -> Result<Self, HeapError> {
        Ok(Merlin::default())
    }

    fn created(&mut self, object: Ref) {
        let number = self.clock();
        if number == u32::MAX {
            self.overflowed = true;
            return;
        }
        self.numbers.insert(object, number);
        self.kinds.push(object.kind());
        self.stamps.push(number + 1);
    }

    fn released(&mut self, object: Ref) {
        self.stamp(object);
    }

    fn buried(&mut self, object: Ref) {
        self.buried.extend(self.numbers.remove(&object));
    }

    fn stored(&mut self, _container: Ref, value: Ref) {
        self.stamp(value);
    }

    fn allocated(&mut self) {}

    fn freed(&mut self) {}

    fn born(&mut self, _container: Ref) {}

    fn dies(&mut self, _container: Ref) {}

    fn forget(&mut self, _container: Ref) {}

    fn attached(&mut self, _container: Ref) {}

    fn is_due(&self) -> bool {
        false
    }

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

    /// An instrument's tables are no part of the heap.
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
