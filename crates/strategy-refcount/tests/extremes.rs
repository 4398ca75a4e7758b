//! Depth, width and size, on a stack of 256 KiB.

use heapbench_heap::{Heap, HeapConfig, Hook, Kind, Local, NoRecorder, Shape};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount::{Plain, count};

type H = Plain<Mimalloc, NoRecorder>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

/// Runs a test on a heap with three locals and a small stack, and expects everything reclaimed.
fn on_small_stack(test: fn(&mut H)) {
    let run = move || {
        let mut heap = H::new(&HeapConfig::default(), NoRecorder).unwrap();
        let main = heap.enter(0, 3).unwrap();
        test(&mut heap);
        heap.leave(main);
        let counters = heap.counters();
        assert_eq!((counters.objects_freed, heap.footprint().live_bytes), (counters.objects_allocated, 0));
        heap.verify().unwrap();
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

/// `head = Node(next=head)`, so many times.
fn chain(heap: &mut H, nodes: u64, attach: impl Fn(&mut H, u64)) {
    for number in 0..nodes {
        heap.allocate(B, NODE).unwrap();
        attach(heap, number);
        heap.store_take(B, 1, A);
        heap.take(A, B);
    }
}

#[test]
fn a_chain_of_ten_million_dies_at_once() {
    on_small_stack(|heap| {
        chain(heap, 10_000_000, |_, _| ());
        heap.clear(A);
        assert_eq!(heap.counters().longest_cascade, 10_000_000);
    });
}

#[test]
fn a_long_chain_is_verified() {
    on_small_stack(|heap| {
        chain(heap, 1_000_000, |_, _| ());
        heap.verify().unwrap();
    });
}

/// Each level holds a text, a list of its own, the next level, and the text again.
#[test]
fn a_nesting_a_million_deep_with_several_children_dies() {
    on_small_stack(|heap| {
        for _ in 0..1_000_000 {
            heap.allocate(B, Shape::new(Kind::Tuple, 4, 0)).unwrap();
            heap.allocate(C, Shape::new(Kind::Str, 0, 10)).unwrap();
            heap.store(B, 0, C);
            heap.store_take(B, 3, C);
            heap.allocate(C, Shape::new(Kind::List, 1, 0)).unwrap();
            heap.store_take(B, 1, C);
            heap.store_take(B, 2, A);
            heap.take(A, B);
        }
        heap.verify().unwrap();
        heap.clear(A);
        assert_eq!(heap.counters().longest_cascade, 3_000_000);
    });
}

#[test]
fn one_object_with_ten_million_slots_for_one_child_and_for_many() {
    const SLOTS: usize = 10_000_000;
    on_small_stack(|heap| {
        heap.allocate(A, Shape::new(Kind::List, SLOTS as u32, 0)).unwrap();
        heap.allocate(B, NODE).unwrap();
        heap.fill_slots(A, 0..SLOTS, B);
        let child = heap.stack.object(B);
        assert_eq!(count::get(child), SLOTS as u32 + 1);
        heap.copy_slots(A, 0..SLOTS - 1, A, 1);
        assert_eq!(count::get(child), SLOTS as u32 + 1);
        heap.resize(A, SLOTS as u32 / 4, 0).unwrap();
        assert_eq!(count::get(child), SLOTS as u32 / 4 + 1);
        heap.resize(A, SLOTS as u32, 0).unwrap();
        heap.verify().unwrap();
        for slot in 0..SLOTS {
            heap.allocate(C, Shape::new(Kind::Float, 0, 8)).unwrap();
            heap.store_take(A, slot, C);
        }
        assert_eq!(count::get(child), 1);
        heap.fill_slots(A, 0..SLOTS, B);
        assert!(heap.counters().objects_freed >= SLOTS as u64);
    });
}

#[test]
fn a_finalizer_on_each_of_a_million_runs_once() {
    on_small_stack(|heap| {
        chain(heap, 1_000_000, |heap, number| {
            heap.set_finalizer(B, Hook { run: |_, _, _| Ok(()), data: number }).unwrap();
        });
        heap.verify().unwrap();
        heap.clear(A);
        assert_eq!((heap.counters().finalizers_run, heap.counters().hook_failures), (1_000_000, 0));
    });
}

/// The weak references are a chain of their own, which outlives the nodes.
#[test]
fn a_weak_reference_with_callback_to_each_of_a_million_is_called_once() {
    on_small_stack(|heap| {
        let keep = heap.enter(0, 3).unwrap();
        heap.allocate(C, Shape::new(Kind::List, 1_000_000, 0)).unwrap();
        for slot in 0..1_000_000 {
            heap.allocate(B, NODE).unwrap();
            heap.store_take(B, 1, A);
            heap.take(A, B);
            heap.weak(B, A, Some(Hook { run: |_, _, _| Ok(()), data: 0 })).unwrap();
            heap.store_take(C, slot, B);
        }
        heap.verify().unwrap();
        heap.clear(A);
        assert_eq!((heap.counters().callbacks_run, heap.counters().hook_failures), (1_000_000, 0));
        heap.load(B, C, 17);
        assert!(!heap.upgrade(A, B));
        heap.leave(keep);
    });
}

#[test]
#[ignore = "takes 3 GiB of memory"]
fn a_payload_of_a_gibibyte() {
    on_small_stack(|heap| {
        const SIZE: usize = 1 << 30;
        heap.allocate(A, Shape::new(Kind::Bytes, 0, SIZE)).unwrap();
        heap.allocate(B, Shape::new(Kind::Array, 3, SIZE)).unwrap();
        heap.payload_mut(A)[SIZE - 1] = 7;
        heap.payload_mut(B)[SIZE - 1] = 8;
        heap.resize(B, 5, SIZE + 1).unwrap();
        assert_eq!((heap.payload(A)[SIZE - 1], heap.payload(B)[SIZE - 1], heap.payload(B)[SIZE]), (7, 8, 0));
        heap.verify().unwrap();
    });
}

#[test]
#[ignore = "takes 17 GiB of memory"]
fn a_count_saturates_at_two_to_the_31_references() {
    let mut heap = H::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _forever = heap.enter(0, 3).unwrap();
    heap.allocate(A, Shape::new(Kind::Tuple, 8, 0)).unwrap();
    heap.allocate(B, NODE).unwrap();
    let child = heap.stack.object(B);
    for slot in 0..8 {
        heap.allocate(C, Shape::new(Kind::Array, Shape::MAX_SLOTS, 0)).unwrap();
        assert!(!count::is_stuck(child, count::SATURATED));
        heap.fill_slots(C, 0..Shape::MAX_SLOTS as usize, B);
        heap.store_take(A, slot, C);
    }
    assert_eq!(count::get(child), count::SATURATED);
    heap.clear(A);
    heap.clear(B);
    assert_eq!((count::get(child), heap.counters().objects_freed), (count::SATURATED, 9));
    heap.verify().unwrap();
}
