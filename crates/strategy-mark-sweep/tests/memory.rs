//! Memory: limits, sizing, lazy sweep, large objects, resizing, depth, and repetition.

use heapbench_heap::{
    Counters, Generation, Heap, HeapConfig, HeapError, Hook, Introspect, Kind, Local, NoRecorder, Shape,
};
use heapbench_strategy_mark_sweep::MarkSweep;

type Marks = MarkSweep<NoRecorder>;

fn local(index: u32) -> Local {
    Local::new(index)
}

fn config(settings: &[(&str, &str)], limit: Option<usize>) -> HeapConfig {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    HeapConfig { settings, limit, ..HeapConfig::default() }
}

fn heap(settings: &[(&str, &str)], limit: Option<usize>) -> Marks {
    let mut heap = Marks::new(&config(settings, limit), NoRecorder).unwrap();
    let _forever = heap.enter(0, 8).unwrap();
    heap
}

const NODE: Shape = Shape::new(Kind::Instance, 3, 0);

#[test]
fn nonsense_is_refused_in_one_line() {
    let refused = |config: &HeapConfig| match Marks::new(config, NoRecorder) {
        Err(error) => assert!(!error.to_string().contains('\n')),
        Ok(_) => panic!("{config:?} was taken"),
    };
    for (key, value) in [("heap", "0x"), ("heap", "two"), ("heap", "1KiB"), ("min", "1"), ("threshold", "7")]
    {
        refused(&config(&[(key, value)], None));
    }
    refused(&config(&[], Some(1000)));
    refused(&HeapConfig { policy: Some("3.13".into()), ..HeapConfig::default() });
    let unknown = Marks::new(&config(&[("x", "1")], None), NoRecorder).err();
    assert!(matches!(unknown, Some(HeapError::Unknown { part: "key", .. })));
}

/// Fills a list of everything allocated until memory ends; gives how many nodes fitted.
fn fill(heap: &mut Marks) -> u32 {
    heap.allocate(local(0), Shape::new(Kind::Instance, 2, 0)).unwrap();
    let mut nodes = 0;
    while heap.allocate(local(1), NODE).is_ok() {
        heap.store(local(1), 0, local(0));
        heap.take(local(0), local(1));
        nodes += 1;
    }
    nodes
}

#[test]
fn a_limit_holds_and_the_heap_is_intact_after_it() {
    for (settings, limit) in [(&[("heap", "2x")], Some(8 << 20)), (&[("heap", "8MiB")], None)] {
        let mut heap = heap(settings, limit);
        let first = fill(&mut heap);
        assert!(
            (8 << 20) / 32 * 6 / 10 < first && first < (8 << 20) / 32,
            "{first} nodes of 32 bytes in 8 MiB"
        );
        heap.verify().unwrap();
        let held = heap.footprint().held_bytes;
        assert!(held <= 8 << 20, "{held}");
        heap.clear(local(0));
        heap.clear(local(1));
        let again = fill(&mut heap);
        assert!(again.abs_diff(first) < first / 50, "{again} nodes, {first} the first time");
        assert!(heap.allocate(local(2), Shape::new(Kind::Bytes, 0, 1 << 40)).is_err());
        assert!(heap.resize(local(0), 1 << 28, 0).is_err());
        heap.verify().unwrap();
        heap.set_limit(None);
        assert_eq!(heap.allocate(local(2), NODE).is_ok(), limit.is_some(), "a fixed heap stays fixed");
    }
}

#[test]
fn tables_count_against_the_limit() {
    let mut heap = heap(&[], Some(4 << 20));
    heap.allocate(local(0), NODE).unwrap();
    let callback = Hook { run: |_: &mut Marks, _, _| Ok(()), data: 0 };
    let mut weak_references = 0;
    while heap.weak(local(1), local(2 * (weak_references & 1)), Some(callback)).is_ok() {
        weak_references += 1;
        heap.immortalize(local(1)).unwrap();
        if heap.allocate(local(2), NODE).is_err() {
            break;
        }
    }
    assert!(weak_references > 10_000 && heap.footprint().held_bytes <= 4 << 20, "{:?}", heap.footprint());
    heap.verify().unwrap();
}

#[test]
fn shapes_beyond_the_limits_are_refused() {
    let mut heap = heap(&[], None);
    for shape in [
        Shape::new(Kind::Weak, 0, 48),
        Shape::new(Kind::Str, 1, 0),
        Shape::new(Kind::List, u32::MAX, 0),
        Shape::new(Kind::Bytes, 0, usize::MAX),
    ] {
        assert!(heap.allocate(local(0), shape).is_err());
    }
    heap.allocate(local(0), Shape::new(Kind::Str, 0, 0)).unwrap();
    assert!(heap.resize(local(0), 0, 100).is_err(), "leaf kinds are never resized");
    assert!(heap.resize(local(0), u32::MAX, 0).is_err());
    assert!(heap.resize(local(0), 0, 0).is_ok());
    heap.verify().unwrap();
}

#[test]
fn nothing_collects_while_disabled() {
    let mut heap = heap(&[("min", "64KiB")], None);
    heap.disable();
    for _ in 0..100_000 {
        heap.allocate(local(0), NODE).unwrap();
    }
    assert_eq!(heap.counters().collections, [0; 3]);
    heap.enable();
    for _ in 0..10_000 {
        heap.allocate(local(0), NODE).unwrap();
    }
    assert_ne!(heap.counters().collections, [0; 3]);
    heap.disable();
    let before = heap.counters().collections[2];
    heap.set_limit(Some(2 << 20));
    for _ in 0..200_000 {
        heap.allocate(local(0), NODE).unwrap();
    }
    assert!(heap.counters().collections[2] > before, "only an allocation about to fail collects");
}

/// Every second node of many stays.
fn half_live(heap: &mut Marks, nodes: usize) {
    heap.disable();
    heap.allocate(local(0), Shape::new(Kind::Array, nodes as u32, 0)).unwrap();
    for slot in 0..nodes {
        heap.allocate(local(1), NODE).unwrap();
        if slot % 2 == 0 {
            heap.store(local(0), slot, local(1));
        }
    }
    heap.clear(local(1));
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, nodes as u64 / 2);
}

#[test]
fn sweeping_finds_the_holes_and_the_heap_does_not_grow() {
    let mut heap = heap(&[], None);
    let nodes = 200_000;
    half_live(&mut heap, nodes);
    let held = heap.footprint().held_bytes;
    assert_eq!(heap.footprint().live_bytes, (8 + 16) + nodes * 8 + nodes / 2 * 32);
    for slot in (1..nodes).step_by(2) {
        heap.allocate(local(1), NODE).unwrap();
        heap.store_take(local(0), slot, local(1));
    }
    assert!(heap.footprint().held_bytes <= held + (64 << 10), "holes are used before new blocks");
    assert!(heap.counters().blocks_swept >= (nodes * 32 / (16 << 10)) as u64);
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
    heap.verify().unwrap();
    heap.clear(local(0));
    heap.collect(Generation::FULL);
    heap.collect(Generation::FULL);
    let end = heap.footprint();
    assert_eq!(end.live_bytes, 0);
    assert!(end.held_bytes < held, "what a heap of 4 MiB does not need goes back: {}", end.held_bytes);
    heap.verify().unwrap();
}

#[test]
fn resizing_across_the_large_boundary_keeps_the_content() {
    for kind in [Kind::List, Kind::Array, Kind::Dict, Kind::Tuple, Kind::Instance, Kind::Bytes] {
        let mut heap = heap(&[("min", "64KiB")], None);
        if kind == Kind::Bytes {
            heap.allocate(local(0), Shape::new(kind, 0, (1 << 26) + 5)).unwrap();
            heap.payload_mut(local(0))[1 << 26] = 9;
            heap.collect(Generation::FULL);
            assert_eq!((heap.payload(local(0))[1 << 26], heap.payload(local(0)).len()), (9, (1 << 26) + 5));
            heap.verify().unwrap();
            continue;
        }
        heap.allocate(local(0), Shape::new(kind, 1, 3)).unwrap();
        heap.allocate(local(1), Shape::new(Kind::Int, 0, 8)).unwrap();
        heap.payload_mut(local(1))[0] = 42;
        heap.store_take(local(0), 0, local(1));
        heap.payload_mut(local(0))[2] = 7;
        for slots in [2, 500, 1022, 1025, 5000, 100_000, 1000, 3, 100_000, 1] {
            heap.resize(local(0), slots, 3).unwrap();
            heap.verify().unwrap();
            heap.collect(Generation::FULL);
            heap.verify().unwrap();
            heap.load(local(1), local(0), 0);
            assert_eq!((heap.payload(local(1))[0], heap.payload(local(0))[2]), (42, 7));
            assert_eq!(heap.shape(local(0)), Shape::new(kind, slots, 3));
        }
        let counters = heap.counters();
        assert_eq!(counters.objects_allocated - counters.objects_freed, 2);
    }
}

#[test]
fn outgrown_buffers_are_reclaimed_without_a_collection_being_asked_for() {
    let mut heap = heap(&[], None);
    heap.allocate(local(0), Shape::new(Kind::Array, 1, 0)).unwrap();
    for round in 0..2_000_000u32 {
        heap.resize(local(0), 1 + round % 50, 0).unwrap();
    }
    assert!(heap.footprint().held_bytes < 8 << 20, "{:?}", heap.footprint());
    heap.verify().unwrap();
}

#[test]
fn large_buffers_go_back_at_once_and_make_no_collection_due() {
    let mut heap = heap(&[], None);
    heap.allocate(local(0), Shape::new(Kind::Array, 50_000, 0)).unwrap();
    for round in 0..1000 {
        heap.resize(local(0), 50_000 + round % 2, 0).unwrap();
    }
    assert_eq!(heap.counters().collections, [0; 3]);
    assert!(heap.footprint().held_bytes < 1 << 20, "{:?}", heap.footprint());
}

#[test]
fn chains_and_nests_of_a_million_need_no_native_stack() {
    let work = || {
        let mut heap = heap(&[], None);
        for shape in [NODE, Shape::new(Kind::List, 1, 0)] {
            for _ in 0..1_000_000 {
                heap.allocate(local(1), shape).unwrap();
                heap.store_take(local(1), 0, local(0));
                heap.take(local(0), local(1));
            }
            assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
            heap.verify().unwrap();
            heap.clear(local(0));
            assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1_000_000);
        }
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn long_arrays_are_marked_whole() {
    let mut heap = heap(&[], None);
    let slots = 100_000;
    heap.allocate(local(0), Shape::new(Kind::Tuple, slots, 0)).unwrap();
    for slot in 0..slots as usize {
        heap.allocate(local(1), Shape::new(Kind::List, 1, 0)).unwrap();
        heap.store(local(1), 0, local(0));
        heap.store_take(local(0), slot, local(1));
    }
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
    heap.verify().unwrap();
}

fn churn() -> Counters {
    let mut heap = heap(&[("heap", "1.5x"), ("min", "256KiB")], None);
    heap.allocate(local(0), Shape::new(Kind::List, 5000, 0)).unwrap();
    let mut state = 1u64;
    for _ in 0..500_000 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (slot, slots) = ((state >> 40) as usize % 5000, (state >> 20) as u32 % 40);
        let kind = Kind::ALLOCATABLE[state as usize >> 60];
        let shape = Shape::new(kind, if kind.is_leaf() { 0 } else { slots }, (state >> 50) as usize % 300);
        heap.allocate(local(1), shape).unwrap();
        heap.store_take(local(0), slot, local(1));
    }
    heap.verify().unwrap();
    heap.counters()
}

#[test]
fn the_same_work_gives_the_same_counts() {
    let counters = churn();
    assert!(counters.collections[2] > 100 && counters.blocks_swept > 1000);
    assert_eq!(counters, churn());
}

#[test]
fn blocks_are_runs_taken_and_given_back() {
    let mut heap = heap(&[], None);
    heap.allocate(local(0), NODE).unwrap();
    heap.allocate(local(1), Shape::new(Kind::Tuple, 100_000, 0)).unwrap();
    let counters = heap.counters();
    assert_eq!((counters.blocks_requested, counters.blocks_returned), (2, 0));
    heap.clear(local(1));
    heap.collect(Generation::FULL).unwrap();
    let counters = heap.counters();
    assert_eq!((counters.blocks_requested, counters.blocks_returned), (2, 1));
    heap.allocate(local(1), Shape::new(Kind::List, 10, 0)).unwrap();
    heap.resize(local(1), 1_000, 0).unwrap();
    assert_eq!(heap.counters().bytes_copied, 80);
}
