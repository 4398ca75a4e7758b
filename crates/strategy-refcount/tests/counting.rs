//! Counting's own evidence: counters, announced cascades, and counts that are stuck. What dies when is the conformance
//! suite's business.

use heapbench_heap::{Heap, HeapConfig, Kind, Local, NoRecorder, Pause, Recorder, Shape, Work};
use heapbench_memory::{Mimalloc, Pools, System};
use heapbench_strategy_refcount::{Plain, count};

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

/// Notes pauses of cascades of more than 100 objects.
#[derive(Default)]
struct Pauses(Vec<Option<Work>>);

impl Recorder for Pauses {
    const CASCADE_FLOOR: u64 = 100;

    fn pause_started(&mut self, pause: Pause) {
        assert_eq!(pause, Pause::Cascade);
        self.0.push(None);
    }

    fn pause_stopped(&mut self, _pause: Pause, work: Work) {
        *self.0.last_mut().expect("a pause started") = Some(work);
    }
}

fn heap<R: Recorder>(recorder: R) -> Plain<Mimalloc, R> {
    Plain::new(&HeapConfig::default(), recorder).unwrap()
}

fn list<R: Recorder>(heap: &mut Plain<Mimalloc, R>, nodes: u32) {
    for _ in 0..nodes {
        heap.allocate(B, NODE).unwrap();
        heap.store_take(B, 1, A);
        heap.take(A, B);
    }
}

#[test]
fn long_cascades_are_announced_and_short_ones_are_not() {
    let mut heap = heap(Pauses::default());
    let _main = heap.enter(0, 2).unwrap();
    for nodes in [1, 99, 100, 5_000] {
        list(&mut heap, nodes);
        heap.clear(A);
    }
    let freed: Vec<u64> = heap.recorder().0.iter().map(|work| work.expect("it stopped").freed).collect();
    assert!(freed.contains(&5_000) && freed.iter().all(|freed| *freed >= 100), "{freed:?}");
    let counters = heap.counters();
    assert_eq!((counters.cascades, counters.longest_cascade), (3, 5_000));
}

#[test]
fn counters_tell_each_reference_and_each_byte() {
    let mut heap = heap(NoRecorder);
    let _main = heap.enter(0, 2).unwrap();
    heap.allocate(A, NODE).unwrap();
    heap.copy(B, A);
    heap.store(A, 0, A);
    heap.load(B, A, 0);
    heap.clear(B);
    let counters = heap.counters();
    assert_eq!((counters.increments, counters.decrements), (3, 2));
    assert_eq!((counters.objects_allocated, counters.bytes_allocated, counters.bytes_freed), (1, 32, 0));
    heap.fill_slots(A, 0..1, B);
    heap.clear(A);
    let counters = heap.counters();
    assert_eq!((counters.increments, counters.decrements), (3, 4));
    assert_eq!((counters.objects_freed, counters.bytes_freed, heap.footprint().live_bytes), (1, 32, 0));
    assert_eq!(heap.peak_live_bytes(), 32);
}

/// At the usual width; small ones, and the verifier's view, are tested beside the verifier.
#[test]
fn a_count_that_saturates_is_stuck_and_never_frees() {
    let mut heap = heap(NoRecorder);
    let _main = heap.enter(0, 2).unwrap();
    heap.allocate(A, NODE).unwrap();
    let object = heap.stack.object(A);
    count::set(object, count::SATURATED - 2);
    heap.copy(B, A);
    assert!(!count::is_stuck(object, count::SATURATED));
    heap.store(A, 0, A);
    assert!(count::is_stuck(object, count::SATURATED), "two references later");
    heap.clear(A);
    heap.clear(B);
    assert_eq!((count::get(object), heap.counters().objects_freed), (count::SATURATED, 0));
}

#[test]
fn out_of_memory_has_no_effect_on_any_source() {
    fn run<H: Heap<Recorder = NoRecorder>>() {
        let config = HeapConfig { limit: Some(64 << 10), ..HeapConfig::default() };
        let mut heap = H::new(&config, NoRecorder).unwrap();
        let _main = heap.enter(0, 2).unwrap();
        heap.allocate(A, NODE).unwrap();
        let before = heap.counters();
        assert!(heap.allocate(A, Shape::new(Kind::Bytes, 0, 8 << 20)).is_err());
        assert!(
            heap.allocate(A, Shape::new(Kind::List, 1 << 20, 0)).is_err(),
            "the item buffer does not fit"
        );
        assert!(heap.resize(A, 1 << 20, 0).is_err());
        assert!(heap.allocate(A, Shape::new(Kind::Float, 1, 8)).is_err(), "leaves have no slots");
        assert_eq!((heap.shape(A), heap.counters()), (NODE, before));
        heap.verify().unwrap();
    }
    run::<Plain<Mimalloc, NoRecorder>>();
    run::<Plain<System, NoRecorder>>();
}

#[test]
fn a_limit_under_one_arena_gives_pools_nothing() {
    let config = HeapConfig { limit: Some(64 << 10), ..HeapConfig::default() };
    let mut heap = Plain::<Pools, NoRecorder>::new(&config, NoRecorder).unwrap();
    let _main = heap.enter(0, 2).unwrap();
    assert!(heap.allocate(A, NODE).is_err(), "pymalloc takes memory by the MiB");
    heap.set_limit(Some(2 << 20));
    heap.allocate(A, NODE).unwrap();
    heap.verify().unwrap();
}
