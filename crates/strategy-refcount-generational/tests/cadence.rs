//! When which generation is collected, by the settings; `versions.rs` has the same programs under CPython 3.11 to 3.13.

use heapbench_heap::{Generation, Heap, HeapConfig, Introspect, Kind, Local, NoRecorder, Shape};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount_generational::Generational;

type H = Generational<Mimalloc, NoRecorder>;

const HEAD: Local = Local::new(0);
const NEW: Local = Local::new(1);

fn heap(settings: &[(&str, &str)]) -> H {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    H::new(&HeapConfig { settings, ..HeapConfig::default() }, NoRecorder).unwrap()
}

/// `n = N(); n.next = head; head = n`, so many times.
fn grow(heap: &mut H, nodes: u32) {
    for _ in 0..nodes {
        heap.allocate(NEW, Shape::new(Kind::Instance, 2, 0)).unwrap();
        heap.store_take(NEW, 0, HEAD);
        heap.take(HEAD, NEW);
        heap.safepoint();
    }
}

/// The numbers are `gc.get_stats()` of CPython 3.13.0 after the same loop over a class with two slots.
#[test]
fn a_growing_list_is_collected_as_often_as_by_cpython() {
    for (nodes, collections) in [
        (2_000, [0, 0, 0]),
        (2_001, [1, 0, 0]),
        (300_000, [136, 12, 1]),
        (600_000, [273, 24, 2]),
        (1_000_000, [455, 41, 3]),
        (3_000_000, [1367, 124, 8]),
    ] {
        let mut heap = heap(&[]);
        let _main = heap.enter(0, 2).unwrap();
        grow(&mut heap, nodes);
        assert_eq!(heap.counters().collections, collections, "{nodes} nodes");
        assert_eq!(heap.stats().unwrap().map(|stats| stats.collections), collections);
    }
}

#[test]
fn freed_containers_do_not_count_towards_the_threshold() {
    let mut heap = heap(&[]);
    let _main = heap.enter(0, 2).unwrap();
    for _ in 0..10_000 {
        heap.allocate(NEW, Shape::new(Kind::List, 0, 0)).unwrap();
        heap.safepoint();
    }
    assert_eq!(heap.counters().collections, [0; 3]);
    assert_eq!(heap.counts().unwrap(), [1, 0, 0]);
    heap.clear(NEW);
    for _ in 0..10_000 {
        heap.allocate(NEW, Shape::new(Kind::Float, 0, 8)).unwrap();
    }
    assert_eq!(heap.counts().unwrap(), [0, 0, 0], "leaves never count");
}

#[test]
fn a_collection_waits_for_a_safe_point() {
    let mut heap = heap(&[]);
    let _main = heap.enter(0, 2).unwrap();
    for _ in 0..5_000 {
        heap.allocate(NEW, Shape::new(Kind::Instance, 2, 0)).unwrap();
        heap.store_take(NEW, 0, HEAD);
        heap.take(HEAD, NEW);
    }
    assert_eq!((heap.counters().collections, heap.counts().unwrap()), ([0; 3], [5_000, 0, 0]));
    heap.safepoint();
    assert_eq!((heap.counters().collections, heap.counts().unwrap()), ([1, 0, 0], [0, 1, 0]));
}

#[test]
fn thresholds_and_switches_do_what_gc_says() {
    let mut configured = heap(&[("threshold0", "100"), ("threshold1", "1")]);
    let _main = configured.enter(0, 2).unwrap();
    assert_eq!(configured.thresholds().unwrap(), [100, 1, 10]);
    grow(&mut configured, 101);
    assert_eq!(configured.counters().collections, [1, 0, 0]);
    configured.disable();
    grow(&mut configured, 5_000);
    assert_eq!(configured.counters().collections, [1, 0, 0]);
    configured.enable();
    configured.set_thresholds([0, 0, 0]).unwrap();
    grow(&mut configured, 5_000);
    assert_eq!(
        configured.counters().collections,
        [1, 0, 0],
        "a first threshold of zero turns collecting off"
    );
    assert!(configured.collect(Generation::FULL).is_some());
    assert!(!heap(&[("disabled", "true")]).is_enabled());
    for (key, value) in [("threshold0", "-1"), ("threshold1", "x"), ("disabled", "1"), ("threshold3", "1")] {
        let settings = vec![(key.to_string(), value.to_string())];
        assert!(
            H::new(&HeapConfig { settings, ..HeapConfig::default() }, NoRecorder).is_err(),
            "{key}={value}"
        );
    }
}

#[test]
fn freeze_takes_what_is_tracked_out_of_sight() {
    let mut heap = heap(&[]);
    let _main = heap.enter(0, 2).unwrap();
    heap.allocate(NEW, Shape::new(Kind::Instance, 1, 0)).unwrap();
    heap.store(NEW, 0, NEW);
    heap.freeze().unwrap();
    assert_eq!((heap.freeze_count().unwrap(), heap.counts().unwrap()), (1, [0; 3]));
    heap.clear(NEW);
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
    heap.unfreeze().unwrap();
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1);
    assert_eq!(heap.freeze_count().unwrap(), 0);
}

/// `gc.is_tracked`, as CPython 3.13 answers it.
#[test]
fn dicts_and_tuples_of_leaves_are_not_tracked() {
    let mut heap = heap(&[]);
    let _main = heap.enter(0, 2).unwrap();
    heap.allocate(HEAD, Shape::new(Kind::Float, 0, 8)).unwrap();
    assert!(!heap.is_tracked(HEAD).unwrap());
    heap.allocate(NEW, Shape::new(Kind::Dict, 2, 0)).unwrap();
    assert!(!heap.is_tracked(NEW).unwrap(), "a dict at birth");
    heap.store(NEW, 0, HEAD);
    assert!(!heap.is_tracked(NEW).unwrap(), "a dict of floats");
    heap.allocate(HEAD, Shape::new(Kind::List, 0, 0)).unwrap();
    heap.store(NEW, 1, HEAD);
    assert!(heap.is_tracked(NEW).unwrap(), "a dict with a list");
    heap.fill_slots(NEW, 1..2, HEAD);
    heap.clear(HEAD);
    heap.fill_slots(NEW, 1..2, HEAD);
    heap.collect(Generation::YOUNG);
    assert!(heap.is_tracked(NEW).unwrap(), "only a full collection looks at dicts");
    heap.collect(Generation::FULL);
    assert!(!heap.is_tracked(NEW).unwrap());
    heap.allocate(NEW, Shape::new(Kind::Tuple, 1, 0)).unwrap();
    assert!(heap.is_tracked(NEW).unwrap(), "a tuple at birth");
    heap.collect(Generation::YOUNG);
    assert!(!heap.is_tracked(NEW).unwrap(), "a tuple of nothing tracked");
}

/// What a server does that forks: all that it has loaded is frozen, once.
#[test]
fn what_is_allocated_first_is_frozen_when_configured() {
    for policy in ["3.11", "3.13"] {
        let settings = vec![("freeze".to_string(), "3000".to_string())];
        let config = HeapConfig { settings, policy: Some(policy.to_string()), ..HeapConfig::default() };
        let mut heap = H::new(&config, NoRecorder).unwrap();
        let _main = heap.enter(0, 2).unwrap();
        grow(&mut heap, 3000);
        assert_eq!((heap.freeze_count().unwrap(), heap.counts().unwrap()[0]), (0, 3000));
        grow(&mut heap, 1);
        let frozen = heap.freeze_count().unwrap();
        assert_eq!(frozen, if policy == "3.11" { 3000 } else { 3001 }, "3.11 freezes inside the allocation");
        assert_eq!((heap.counters().collections, heap.counts().unwrap()), ([0; 3], [0; 3]));
        grow(&mut heap, 1);
        assert_eq!((heap.freeze_count().unwrap(), heap.counts().unwrap()), (frozen, [1, 0, 0]), "once");
        grow(&mut heap, 2_000);
        assert_eq!(heap.counters().collections[0], if policy == "3.11" { 2 } else { 1 });
    }
    assert!(heap(&[("freeze", "10"), ("disabled", "true")]).freeze_count() == Ok(0));
}
