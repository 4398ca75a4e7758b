//! Counting's own evidence: counters, announced cascades, and counts that are stuck. What dies when is the conformance
//! suite's business.

use heapbench_heap::{
    Generation, Heap, HeapConfig, Hook, HookFailed, Kind, Local, NoRecorder, Pause, Recorder, Shape, Work,
};
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
    assert_eq!((counters.cascades(), counters.longest_cascade), (3, 5_000));
}

#[test]
fn what_died_before_makes_no_cascade_long() {
    let mut heap = heap(Pauses::default());
    let _main = heap.enter(0, 2).unwrap();
    for nodes in [5_000, 50] {
        list(&mut heap, nodes);
        heap.clear(A);
    }
    assert_eq!(heap.recorder().0.len(), 1);
}

/// Notes each start and stop of a pause.
#[derive(Default)]
struct Waits(Vec<(Pause, Option<Work>)>);

impl Recorder for Waits {
    const OBJECTS: bool = true;
    const CASCADE_FLOOR: u64 = 100;

    fn references(&mut self, _address: usize, count: usize) {
        assert!(count <= 2, "a node has two slots");
    }

    fn pause_started(&mut self, pause: Pause) {
        self.0.push((pause, None));
    }

    fn pause_stopped(&mut self, pause: Pause, work: Work) {
        self.0.push((pause, Some(work)));
    }
}

#[test]
fn of_pauses_inside_pauses_only_the_outermost_is_told() {
    let (full, young) = (Pause::Collection(Generation::FULL), Pause::Collection(Generation::new(0)));
    let work = Work { traced: 7, freed: 3 };
    let mut heap = heap(Waits::default());
    let _main = heap.enter(0, 2).unwrap();
    heap.begin_pause(full);
    heap.begin_pause(young);
    list(&mut heap, 500);
    heap.clear(A);
    heap.end_pause(young, Work::default());
    heap.end_pause(full, work);
    assert_eq!(heap.recorder().0, [(full, None), (full, Some(work))]);
    heap.begin_pause(young);
    heap.end_pause(young, Work::default());
    list(&mut heap, 500);
    heap.clear(A);
    let cascade = Work { traced: 0, freed: 500 };
    let next = [
        (young, None),
        (young, Some(Work::default())),
        (Pause::Cascade, None),
        (Pause::Cascade, Some(cascade)),
    ];
    assert_eq!(heap.recorder().0[2..], next);
}

#[test]
fn what_a_hook_waits_for_inside_a_cascade_is_part_of_it() {
    type Watched = Plain<Mimalloc, Waits>;
    /// Drops a list of its own and pretends to collect; then it fails.
    fn busy(heap: &mut Watched, object: Local, _data: u64) -> Result<(), HookFailed> {
        let frame = heap.enter(0, 2).map_err(|_| HookFailed)?;
        heap.begin_pause(Pause::Sweep);
        list(heap, 300);
        heap.clear(A);
        heap.end_pause(Pause::Sweep, Work::default());
        list(heap, 300);
        heap.clear(A);
        heap.leave(frame);
        heap.clear(object);
        Err(HookFailed)
    }
    let mut heap: Watched = heap(Waits::default());
    let _main = heap.enter(0, 2).unwrap();
    list(&mut heap, 1);
    heap.set_finalizer(A, Hook { run: busy, data: 0 }).unwrap();
    list(&mut heap, 1_000);
    heap.clear(A);
    let told: Vec<_> =
        heap.recorder().0.iter().map(|(pause, work)| (*pause, work.map(|work| work.freed))).collect();
    assert_eq!(told, [(Pause::Cascade, None), (Pause::Cascade, Some(1_601))]);
    assert_eq!((heap.counters().hook_failures, heap.counters().finalizers_run), (1, 1));
    list(&mut heap, 1);
    heap.set_finalizer(A, Hook { run: busy, data: 0 }).unwrap();
    heap.clear(A);
    assert_eq!(heap.counters().hook_failures, 2);
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
