//! Depth and width of garbage that only the collector finds, on a stack of 256 KiB.

use heapbench_heap::{Generation, Heap, HeapConfig, Hook, Introspect, Kind, Local, NoRecorder, Shape};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount_generational::Generational;

type H = Generational<Mimalloc, NoRecorder>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const FIRST: Local = Local::new(2);
const LIST: Local = Local::new(3);
const ENTRY: Local = Local::new(4);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

/// Runs a test on a heap with five locals and a small stack, and expects everything reclaimed.
fn on_small_stack(test: fn(&mut H)) {
    let run = move || {
        let mut heap = H::new(&HeapConfig::default(), NoRecorder).unwrap();
        let main = heap.enter(0, 5).unwrap();
        test(&mut heap);
        heap.leave(main);
        let counters = heap.counters();
        assert_eq!((counters.objects_freed, heap.footprint().live_bytes), (counters.objects_allocated, 0));
        heap.verify().unwrap();
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

/// A ring of so many nodes, with automatic collections where they are enabled, held by `FIRST`.
fn ring(heap: &mut H, nodes: u64, attach: impl Fn(&mut H, u64)) {
    heap.allocate(FIRST, NODE).unwrap();
    heap.copy(A, FIRST);
    for number in 1..nodes {
        heap.allocate(B, NODE).unwrap();
        attach(heap, number);
        heap.store_take(B, 1, A);
        heap.take(A, B);
        heap.safepoint();
    }
    heap.store_take(FIRST, 1, A);
}

#[test]
fn a_ring_of_ten_million_is_collected() {
    on_small_stack(|heap| {
        heap.disable();
        ring(heap, 10_000_000, |_, _| ());
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
        heap.clear(FIRST);
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 10_000_000);
    });
}

#[test]
fn a_long_ring_is_verified() {
    on_small_stack(|heap| {
        ring(heap, 1_000_000, |_, _| ());
        heap.verify().unwrap();
        heap.clear(FIRST);
        heap.collect(Generation::FULL);
    });
}

/// Each level holds a dict, the next level and the level before, and a list of its own.
#[test]
fn a_nesting_a_million_deep_with_links_to_parents_is_collected() {
    on_small_stack(|heap| {
        for _ in 0..1_000_000 {
            heap.allocate(B, Shape::new(Kind::Instance, 4, 0)).unwrap();
            heap.allocate(FIRST, Shape::new(Kind::Dict, 2, 0)).unwrap();
            heap.store(FIRST, 0, B);
            heap.store_take(B, 0, FIRST);
            if !heap.is_nil(A) {
                heap.store(A, 2, B);
            }
            heap.allocate(FIRST, Shape::new(Kind::List, 1, 0)).unwrap();
            heap.store_take(B, 3, FIRST);
            heap.store_take(B, 1, A);
            heap.take(A, B);
            heap.safepoint();
        }
        heap.clear(A);
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 3_000_000);
    });
}

#[test]
fn one_list_with_ten_million_slots_that_holds_itself_is_collected() {
    on_small_stack(|heap| {
        const SLOTS: usize = 10_000_000;
        heap.allocate(LIST, Shape::new(Kind::List, SLOTS as u32, 0)).unwrap();
        heap.fill_slots(LIST, 0..SLOTS, LIST);
        heap.verify().unwrap();
        heap.clear(LIST);
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1);
    });
}

#[test]
fn a_finalizer_on_each_of_a_million_in_a_ring_runs_once() {
    on_small_stack(|heap| {
        ring(heap, 1_000_000, |heap, number| {
            heap.set_finalizer(B, Hook { run: |_, _, _| Ok(()), data: number }).unwrap();
        });
        heap.clear(FIRST);
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1_000_000);
        assert_eq!((heap.counters().finalizers_run, heap.counters().hook_failures), (999_999, 0));
    });
}

#[test]
fn a_weak_reference_with_callback_to_each_of_a_million_in_a_ring_is_called_once() {
    on_small_stack(|heap| {
        heap.allocate(LIST, Shape::new(Kind::List, 1_000_000, 0)).unwrap();
        ring(heap, 1_000_000, |heap, number| {
            heap.weak(ENTRY, B, Some(Hook { run: |_, _, _| Ok(()), data: 0 })).unwrap();
            heap.store_take(LIST, number as usize, ENTRY);
        });
        heap.clear(FIRST);
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1_000_000);
        assert_eq!((heap.counters().callbacks_run, heap.counters().hook_failures), (999_999, 0));
        assert!(heap.is_tracked(LIST).unwrap());
    });
}
