//! When which generation is collected, and what it finds: as CPython 3.11.7, 3.12.1 and 3.13.0 do in the same programs.
//!
//! The numbers are the differences of `gc.get_stats()` around a call, after `gc.freeze()` and `gc.collect()`:
//!
//! ```python
//! class N:
//!     __slots__ = ("next", "other")
//!
//! def grow(nodes):
//!     head = None
//!     for _ in range(nodes):
//!         node = N()
//!         node.next = head
//!         head = node
//!
//! def rings(nodes):
//!     for _ in range(nodes):
//!         node = N()
//!         node.next = node
//!
//! def waves(rounds, hold):                 # hold = [None] * size
//!     for _ in range(rounds):
//!         for i in range(len(hold)):
//!             hold[i] = []                 # or {}, or (x, x) where x = None, or N()
//!         for i in range(len(hold)):
//!             hold[i] = None
//!         for _ in range(10):
//!             node = N()
//!             node.next = node
//! ```

use heapbench_heap::{Heap, HeapConfig, Introspect, Kind, Local, NoRecorder, Shape};
use heapbench_memory::Pools;
use heapbench_strategy_refcount_generational::Generational;

type H = Generational<Pools, NoRecorder>;

const HOLD: Local = Local::new(0);
const NODE: Local = Local::new(1);
const NEW: Local = Local::new(2);
const LOCALS: usize = 3;

const INSTANCE: Shape = Shape::new(Kind::Instance, 2, 0);
const LIST: Shape = Shape::new(Kind::List, 0, 0);
const DICT: Shape = Shape::new(Kind::Dict, 0, 0);
/// A tuple's length is its payload.
const PAIR: Shape = Shape::new(Kind::Tuple, 2, 8);

const VERSIONS: [&str; 3] = ["3.11", "3.12", "3.13"];

fn heap(policy: &str, free_lists: bool) -> H {
    let settings = vec![("free-lists".to_string(), free_lists.to_string())];
    let config = HeapConfig { policy: Some(policy.to_string()), settings, ..HeapConfig::default() };
    let mut heap = H::new(&config, NoRecorder).unwrap();
    let _forever = heap.enter(0, LOCALS).unwrap();
    heap
}

/// `local = N()`: after the call of a class, with the new object still on the evaluation stack, is a safe point.
fn instantiate(heap: &mut H, local: Local) {
    heap.allocate(NEW, INSTANCE).unwrap();
    heap.safepoint();
    heap.take(local, NEW);
}

fn grow(heap: &mut H, nodes: usize) {
    for _ in 0..nodes {
        heap.allocate(NEW, INSTANCE).unwrap();
        heap.safepoint();
        heap.store_take(NEW, 0, NODE);
        heap.take(NODE, NEW);
        heap.safepoint();
    }
}

fn rings(heap: &mut H, nodes: usize) {
    for _ in 0..nodes {
        instantiate(heap, NODE);
        heap.store(NODE, 0, NODE);
        heap.safepoint();
    }
}

fn waves(heap: &mut H, rounds: usize, size: usize, shape: Shape) {
    heap.allocate(HOLD, Shape::new(Kind::List, size as u32, 0)).unwrap();
    heap.freeze().unwrap();
    for _ in 0..rounds {
        for place in 0..size {
            heap.allocate(NEW, shape).unwrap();
            if shape == INSTANCE {
                heap.safepoint();
            }
            heap.store_take(HOLD, place, NEW);
            heap.safepoint();
        }
        for place in 0..size {
            heap.store(HOLD, place, NEW);
            heap.safepoint();
        }
        rings(heap, 10);
    }
}

/// Collections, and objects that they found unreachable.
fn stats(heap: &H) -> ([u64; 3], [u64; 3]) {
    let stats = heap.stats().unwrap();
    (stats.map(|stats| stats.collections), stats.map(|stats| stats.collected))
}

#[test]
fn a_growing_list_is_collected_as_often_as_by_cpython() {
    let old = |nodes, collections| (nodes, [collections; 2]);
    let rows = [
        (old(700, [0, 0, 0]), [0, 0, 0]),
        (old(701, [1, 0, 0]), [0, 0, 0]),
        (old(2_000, [2, 0, 0]), [0, 0, 0]),
        (old(2_001, [2, 0, 0]), [1, 0, 0]),
        (old(300_000, [389, 35, 3]), [136, 12, 1]),
        (old(600_000, [780, 70, 5]), [273, 24, 2]),
        (old(1_000_000, [1300, 118, 8]), [455, 41, 3]),
        (old(3_000_000, [3911, 355, 13]), [1367, 124, 8]),
    ];
    for ((nodes, [in_3_11, in_3_12]), in_3_13) in rows {
        for (version, expected) in VERSIONS.into_iter().zip([in_3_11, in_3_12, in_3_13]) {
            let mut heap = heap(version, true);
            grow(&mut heap, nodes);
            assert_eq!(stats(&heap), (expected, [0; 3]), "{nodes} nodes, {version}");
        }
    }
}

/// 3.11 collects before the new object is stored, the others after.
#[test]
fn rings_are_found_in_the_same_collections_as_by_cpython() {
    let rows = [
        (701, [([1, 0, 0], [699, 0, 0]), ([1, 0, 0], [699, 0, 0]), ([0, 0, 0], [0, 0, 0])]),
        (
            100_000,
            [
                ([130, 11, 1], [90_999, 7_821, 711]),
                ([130, 11, 1], [90_870, 7_931, 721]),
                ([45, 4, 0], [89_955, 8_084, 0]),
            ],
        ),
        (
            1_000_000,
            [
                ([1298, 118, 10], [908_599, 83_898, 7_119]),
                ([1298, 118, 10], [907_302, 85_078, 7_228]),
                ([455, 41, 3], [909_545, 82_861, 6_067]),
            ],
        ),
    ];
    for (nodes, expected) in rows {
        for (version, expected) in VERSIONS.into_iter().zip(expected) {
            let mut heap = heap(version, true);
            rings(&mut heap, nodes);
            assert_eq!(stats(&heap), expected, "{nodes} nodes, {version}");
        }
    }
}

/// What waves of one kind of object give, by version.
type Row = (Shape, usize, usize, [([u64; 3], [u64; 3]); 3]);

#[rustfmt::skip]
const WAVES: [Row; 11] = [
    (LIST, 3000, 50, [([39, 3, 0], [27249, 2133, 0]), ([39, 3, 0], [27211, 2163, 0]), ([14, 1, 0], [27936, 2021, 0])]),
    (LIST, 3000, 200, [([46, 4, 0], [27014, 2400, 0]), ([46, 4, 0], [27014, 2400, 0]), ([14, 1, 0], [26366, 1900, 0])]),
    (LIST, 1000, 1000, [([911, 82, 7], [8190, 1639, 146]), ([911, 82, 7], [8190, 1639, 146]), ([9, 0, 0], [9721, 0, 0])]),
    (LIST, 300, 5000, [([1912, 173, 15], [2412, 404, 164]), ([1912, 173, 15], [2412, 404, 164]), ([547, 49, 4], [2475, 442, 63])]),
    (DICT, 3000, 200, [([46, 4, 0], [27014, 2400, 0]), ([46, 4, 0], [27014, 2400, 0]), ([14, 1, 0], [26366, 1900, 0])]),
    (DICT, 300, 5000, [([1912, 173, 15], [2412, 404, 164]), ([1912, 173, 15], [2412, 404, 164]), ([547, 49, 4], [2475, 442, 63])]),
    (PAIR, 3000, 200, [([40, 3, 0], [27799, 2133, 0]), ([40, 3, 0], [27760, 2163, 0]), ([14, 1, 0], [27786, 2021, 0])]),
    (PAIR, 1000, 2500, [([46, 4, 0], [8987, 877, 0]), ([46, 4, 0], [8987, 877, 0]), ([7, 0, 0], [9054, 0, 0])]),
    (PAIR, 300, 5000, [([1095, 99, 9], [2376, 494, 118]), ([1095, 99, 9], [2376, 494, 118]), ([275, 24, 2], [2457, 478, 41])]),
    (INSTANCE, 3000, 200, [([54, 4, 0], [27486, 2080, 0]), ([54, 4, 0], [27486, 2080, 0]), ([15, 1, 0], [27135, 1820, 0])]),
    (INSTANCE, 300, 5000, [([1912, 173, 15], [2412, 404, 164]), ([1912, 173, 15], [2412, 404, 164]), ([547, 49, 4], [2475, 442, 63])]),
];

#[test]
fn what_free_lists_hold_does_not_count_as_in_cpython() {
    for (shape, rounds, size, expected) in WAVES {
        for (version, expected) in VERSIONS.into_iter().zip(expected) {
            let mut heap = heap(version, true);
            waves(&mut heap, rounds, size, shape);
            assert_eq!(stats(&heap), expected, "{rounds} waves of {size} {:?}, {version}", shape.kind);
            heap.verify().unwrap();
        }
    }
}

/// Without free lists every kind counts as instances do, which have none in CPython either.
#[test]
fn without_free_lists_all_kinds_count_alike() {
    for (version, (collections, _)) in VERSIONS.into_iter().zip(WAVES[9].3) {
        for shape in [LIST, DICT, PAIR, INSTANCE] {
            let mut heap = heap(version, false);
            waves(&mut heap, 3000, 200, shape);
            assert_eq!(stats(&heap).0, collections, "{:?}, {version}", shape.kind);
        }
    }
}
