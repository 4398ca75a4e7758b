//! No behaviour depends on the widths: the random suite sees the same events with the smallest as with the usual ones.
//! Only counts that are stuck differ, and have a test of their own.

use heapbench_conformance::{Deaths, Plan, check_random};
use heapbench_heap::{Configuration, Generation, Heap, HeapConfig, Introspect, Kind, Local, Recorder, Shape};
use heapbench_memory::Pools;
use heapbench_strategy_refcount::{Controls, RefCount, count};
use heapbench_strategy_refcount_generational::{Generations, Usual, Widths};

/// Everything as small as it can be, but for the counts.
#[derive(Debug)]
struct Narrow;

impl Widths for Narrow {
    const AHEAD: usize = 1;
    const KEPT: usize = 1;
}

/// And odd.
#[derive(Debug)]
struct Odd;

impl Widths for Odd {
    const AHEAD: usize = 3;
    const KEPT: usize = 5;
}

/// Counts are stuck at 15 references.
#[derive(Debug)]
struct Stuck;

impl Widths for Stuck {
    const SATURATED: u32 = 15;
}

#[derive(Debug, Default)]
struct Objects;

impl Recorder for Objects {
    const OBJECTS: bool = true;
}

#[test]
fn the_same_happens_with_all_widths() {
    for (configuration, seeds) in
        [("x:threshold0=1,threshold1=1,threshold2=1", 0..8), ("x:threshold0=7,threshold1=2", 8..16)]
    {
        let Configuration { settings, .. } = configuration.parse().unwrap();
        let config = HeapConfig { settings, ..HeapConfig::default() };
        for seed in seeds {
            let plan = Plan::new(seed, 6_000);
            let usual = check_random::<RefCount<Generations<Usual>, Pools, Deaths>>(&config, &plan).unwrap();
            let narrow =
                check_random::<RefCount<Generations<Narrow>, Pools, Deaths>>(&config, &plan).unwrap();
            let odd = check_random::<RefCount<Generations<Odd>, Pools, Deaths>>(&config, &plan).unwrap();
            assert!(usual == narrow && usual == odd, "seed {seed}: {usual:?}, {narrow:?}, {odd:?}");
            assert!(usual.collections > 10, "{usual:?}");
        }
    }
}

const HUB: Local = Local::new(0);
const RIM: Local = Local::new(1);
const LEFT: Local = Local::new(2);

/// A ring through a hub with more references from inside than a count can tell: it and what it refers to stay, and
/// nothing else does.
#[test]
fn a_stuck_container_is_never_collected_and_the_others_are() {
    for (policy, frozen, tracked) in [("3.11", 0, true), ("3.12", 2, true), ("3.13", 0, false)] {
        let (found, hubs) = stick(policy);
        assert_eq!((found, hubs), (frozen, [tracked; 2]), "{policy}");
    }
}

/// Objects that are frozen in the end, and whether the two stuck hubs are tracked.
fn stick(policy: &str) -> (u64, [bool; 2]) {
    let config = HeapConfig { policy: Some(policy.to_string()), ..HeapConfig::default() };
    let mut heap = RefCount::<Generations<Stuck>, Pools, Objects>::new(&config, Objects).unwrap();
    let mut stuck = Vec::new();
    let _forever = heap.enter(0, 3).unwrap();
    for (size, leaked) in [(12, 0), (13, 14), (60, 61)] {
        heap.allocate(HUB, Shape::new(Kind::List, size, 0)).unwrap();
        let hub = heap.stack.object(HUB);
        for index in 0..size as usize {
            heap.allocate(RIM, Shape::new(Kind::Instance, 1, 0)).unwrap();
            heap.store(RIM, 0, HUB);
            heap.store_take(HUB, index, RIM);
        }
        heap.allocate(LEFT, Shape::new(Kind::Instance, 2, 0)).unwrap();
        heap.store(LEFT, 0, LEFT);
        heap.store(LEFT, 1, HUB);
        assert_eq!(count::is_stuck(hub, 15), leaked > 0);
        stuck.extend(count::is_stuck(hub, 15).then_some(hub));
        heap.clear(HUB);
        heap.clear(LEFT);
        heap.verify().unwrap();
        let all = u64::from(size) + 2;
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, all - leaked, "{size} references");
        heap.verify().unwrap();
        heap.allocate(HUB, Shape::new(Kind::Tuple, 0, 0)).unwrap();
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0, "again");
        heap.clear(HUB);
    }
    let counters = heap.counters();
    assert_eq!(counters.objects_allocated - counters.objects_freed, 14 + 61);
    assert_eq!(heap.stats().unwrap()[2].collections, 6);
    let hubs = [0, 1].map(|number| heap.collector.is_tracked(stuck[number]).unwrap());
    (heap.freeze_count().unwrap(), hubs)
}
