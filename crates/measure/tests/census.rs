//! The recorders on a real heap: a program small enough to be counted by hand.

use heapbench_heap::{Generation, Heap, HeapConfig, Kind, Local, Recorder, Shape};
use heapbench_measure::allocations::Statistic;
use heapbench_measure::{Allocations, Census};
use heapbench_memory::Pools;
use heapbench_results::card::{AGES, Counts, Deaths, Memory, Share};
use heapbench_strategy_refcount_generational::Generational;

type H<R> = Generational<Pools, R>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);

/// GC head, count and header, two slots.
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);
const NODE_BYTES: u64 = 48;
/// Count and header, a double.
const FLOAT: Shape = Shape::new(Kind::Float, 0, 8);
const FLOAT_BYTES: u64 = 24;

fn heap<R: Recorder>(recorder: R) -> H<R> {
    let config = HeapConfig { settings: vec![("disabled".into(), "true".into())], ..HeapConfig::default() };
    let mut heap = H::new(&config, recorder).unwrap();
    let _main = heap.enter(0, 3).unwrap();
    heap
}

/// A ring of two nodes, each with a float; dropped and collected. A node with a float that dies by counting. A float
/// that stays.
fn run(heap: &mut H<Census>) -> Counts {
    for node in [A, B] {
        heap.allocate(node, NODE).unwrap();
        heap.allocate(C, FLOAT).unwrap();
        heap.store_take(node, 0, C);
    }
    heap.store(A, 1, B);
    heap.store_take(B, 1, A);
    heap.clear(B);
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 4);
    heap.allocate(A, NODE).unwrap();
    heap.allocate(C, FLOAT).unwrap();
    heap.store_take(A, 0, C);
    heap.clear(A);
    heap.allocate(A, FLOAT).unwrap();
    heap.recorder().counts(Memory::default())
}

#[test]
fn a_small_program_is_counted_as_by_hand() {
    let counts = run(&mut heap(Census::default()));
    assert_eq!((counts.objects, counts.bytes), (7, 3 * NODE_BYTES + 4 * FLOAT_BYTES));
    assert_eq!((counts.sizes.p50, counts.sizes.p90, counts.sizes.p99), (FLOAT_BYTES, NODE_BYTES, NODE_BYTES));
    let classes: Vec<_> = counts.sizes.classes.iter().map(|class| (class.up_to, class.objects)).collect();
    assert_eq!(classes, [(32, 4), (48, 3)]);
    assert_eq!(counts.containers, Share { objects: 3, bytes: 3 * NODE_BYTES });
    assert_eq!(counts.deaths, Deaths { counted: 2, collected: 4, alive_at_end: 1 });
    // The nodes of the ring held two references each when the collector found them, the third node one.
    assert_eq!(counts.out_degree, [0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
    let kinds: Vec<_> = counts.kinds.iter().map(|kind| (kind.kind.as_str(), kind.share.objects)).collect();
    assert_eq!(kinds, [("float", 4), ("instance", 3)]);
}

#[test]
fn two_runs_have_the_same_card() {
    let text = || serde_json::to_string(&run(&mut heap(Census::default()))).unwrap();
    assert_eq!(text(), text());
}

/// `count` floats, each dropped when `window` more have been allocated.
fn sliding(census: &mut Census, count: usize, window: usize) {
    for number in 1..=count {
        census.allocated(number, FLOAT, FLOAT_BYTES as usize);
        if number > window {
            census.died(number - window);
        }
    }
}

#[test]
fn an_object_lives_to_an_age_when_it_dies_at_it_and_not_before() {
    // 128 blocks of 8 bytes are 1 KiB to the byte.
    for (window, alive) in [(127, 0), (128, 1000 - 128)] {
        let mut census = Census::default();
        for number in 1..=1000 {
            census.allocated(number, FLOAT, 8);
            if number > window {
                census.died(number - window);
            }
        }
        let survival = census.counts(Memory::default()).survival;
        assert_eq!((survival[0].age, survival[0].objects), (1 << 10, 1000 - 128));
        assert_eq!(survival[0].alive, alive, "{window}");
    }
}

#[test]
fn only_objects_with_enough_allocation_behind_them_count_for_an_age() {
    const COUNT: usize = 400_000;
    // Each dies at an age of 2400 bytes.
    let mut census = Census::default();
    sliding(&mut census, COUNT, 100);
    let counts = census.counts(Memory::default());
    for (row, age) in counts.survival.iter().zip(AGES) {
        let too_young = age.div_ceil(FLOAT_BYTES);
        assert_eq!((row.age, row.objects), (age, COUNT as u64 - too_young));
        assert_eq!(row.alive, if age <= 2400 { row.objects } else { 0 });
    }
    let mut short = Census::default();
    sliding(&mut short, 10, 100);
    assert!(short.counts(Memory::default()).survival.iter().all(|row| row.objects == 0));
}

/// A service that keeps each listener in a list: growth is told at the line that subscribes.
#[test]
fn the_site_that_leaks_is_told_first() {
    let mut heap = heap(Allocations::default());
    heap.recorder_mut().at("service.py:start");
    heap.allocate(A, Shape::new(Kind::List, 0, 0)).unwrap();
    let serve = |heap: &mut H<Allocations>, requests: std::ops::Range<u32>| {
        for request in requests {
            heap.recorder_mut().at("service.py:request");
            heap.allocate(B, NODE).unwrap();
            heap.recorder_mut().at("service.py:subscribe");
            heap.allocate(C, NODE).unwrap();
            heap.resize(A, request + 1, 0).unwrap();
            heap.store_take(A, request as usize, C);
            heap.clear(B);
        }
    };
    serve(&mut heap, 0..100);
    let earlier = heap.recorder().snapshot();
    serve(&mut heap, 100..300);
    let differences = heap.recorder().snapshot().compare_to(&earlier);
    let leak = differences[0];
    assert_eq!((leak.site, leak.count_diff, leak.count), ("service.py:subscribe", 200, 301));
    assert!(leak.size_diff >= 200 * (NODE_BYTES + 8).cast_signed(), "{leak:?}");
    assert!(differences[1..].iter().all(|other| other.size_diff == 0), "{differences:?}");
    heap.clear(A);
    assert_eq!(heap.recorder().traced().current, 0);
    assert!(heap.recorder().snapshot().statistics().iter().all(|(_, left)| *left == Statistic::default()));
}
