//! The counters of blocks against a memory source that counts what it is asked for.

use heapbench_heap::{Heap, HeapConfig, HeapError, Kind, Local, NoRecorder, Shape};
use heapbench_memory::{MemorySource, System};
use heapbench_strategy_refcount::Plain;
use std::cell::Cell;
use std::ptr::NonNull;

thread_local! {
    static ASKED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// The system's allocator, which notes how many blocks it gave out and took back.
struct Noting(System);

// SAFETY: all is left to the system's allocator.
unsafe impl MemorySource for Noting {
    const NAME: &'static str = "noting";

    fn new() -> Result<Self, HeapError> {
        ASKED.set((0, 0));
        System::new().map(Noting)
    }

    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let block = self.0.allocate(size)?;
        let (given, taken) = ASKED.get();
        ASKED.set((given + 1, taken));
        Some(block)
    }

    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        let (given, taken) = ASKED.get();
        ASKED.set((given, taken + 1));
        // SAFETY: by the contract.
        unsafe { self.0.free(block, size) };
    }

    fn live_bytes(&self) -> usize {
        self.0.live_bytes()
    }

    fn held_bytes(&self) -> usize {
        self.0.held_bytes()
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.0.set_limit(bytes);
    }
}

/// Tuples, floats, lists that grow, and dicts come and go.
fn run(free_lists: &str) {
    let settings = vec![("free-lists".to_string(), free_lists.to_string())];
    let mut heap =
        Plain::<Noting, _>::new(&HeapConfig { settings, ..HeapConfig::default() }, NoRecorder).unwrap();
    let frame = heap.enter(0, 8).unwrap();
    let (mut copied, mut state) = (0, 1_u32);
    for _ in 0..5_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let local = Local::new(state >> 29);
        let (kind, slots) = [(Kind::Tuple, 2), (Kind::Float, 0), (Kind::List, 3), (Kind::Dict, 0)]
            [(state >> 20) as usize % 4];
        let bytes = if kind == Kind::Float { 8 } else { 0 };
        heap.allocate(local, Shape::new(kind, slots, bytes)).unwrap();
        if kind == Kind::List {
            let before = heap.counters().bytes_copied;
            heap.resize(local, 40, 0).unwrap();
            copied += 24;
            assert_eq!(heap.counters().bytes_copied - before, 24);
        }
        let counters = heap.counters();
        assert_eq!((counters.blocks_requested, counters.blocks_returned), ASKED.get());
    }
    heap.leave(frame);
    let counters = heap.counters();
    assert_eq!((counters.blocks_requested, counters.blocks_returned), ASKED.get());
    assert_eq!(counters.bytes_copied, copied);
    let all_came_back = counters.blocks_requested == counters.blocks_returned;
    assert_eq!(all_came_back, free_lists == "false", "free lists keep blocks, and nobody else does");
    assert!(counters.blocks_requested > 1_000);
}

#[test]
fn blocks_are_those_that_the_source_was_asked_for() {
    run("false");
}

#[test]
fn blocks_of_free_lists_are_asked_for_once() {
    run("true");
}
