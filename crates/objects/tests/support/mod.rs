//! The heap that the tests run on, and its locals.

use heapbench_heap::{Heap, HeapConfig, Local, NoRecorder};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount::Plain;

pub(crate) type TestHeap = Plain<Mimalloc, NoRecorder>;

/// A heap in a frame of eight locals.
pub(crate) fn heap() -> TestHeap {
    let mut heap = TestHeap::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _frame = heap.enter(0, 8).unwrap();
    heap
}

pub(crate) const A: Local = Local::new(0);
pub(crate) const B: Local = Local::new(1);
pub(crate) const C: Local = Local::new(2);
pub(crate) const D: Local = Local::new(3);
pub(crate) const SCRATCH: Local = Local::new(7);

/// Asserts that nothing is alive but what the locals hold.
pub(crate) fn assert_empty(heap: &mut TestHeap) {
    [A, B, C, D].into_iter().for_each(|local| heap.clear(local));
    assert!(heap.is_nil(SCRATCH), "scratch locals are nil afterwards");
    heap.verify().unwrap();
    assert_eq!(heap.footprint().live_bytes, 0);
}
