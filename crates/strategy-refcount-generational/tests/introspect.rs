//! What `gc` and `sys` answer: as CPython 3.11 to 3.13 answer the same questions, tried there first.

use heapbench_heap::{
    CollectionInfo, Generation, Heap, HeapConfig, Hook, Immortal, Introspect, Kind, Local, Phase, Recorder,
    Shape,
};
use heapbench_memory::injection::{self, Request};
use heapbench_memory::{Failing, Pools};
use heapbench_strategy_refcount_generational::Generational;

/// Wants objects, so that the verifier is exact; and remembers what callbacks are told.
#[derive(Debug, Default)]
struct Log {
    told: Vec<(Phase, CollectionInfo, u64)>,
    nested: u64,
}

impl Recorder for Log {
    const OBJECTS: bool = true;
}

type H = Generational<Failing<Pools>, Log>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const LIST: Local = Local::new(3);
const ITEM: Local = Local::new(4);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

fn heap_of(text: &str) -> H {
    let configuration: heapbench_heap::Configuration = text.parse().unwrap();
    let heapbench_heap::Configuration { policy, settings, .. } = configuration;
    let mut heap = H::new(&HeapConfig { policy, settings, ..HeapConfig::default() }, Log::default()).unwrap();
    let _forever = heap.enter(0, 5).unwrap();
    heap
}

fn heap() -> H {
    heap_of("refcount-generational")
}

/// The addresses in the list, which is let go.
fn items(heap: &mut H) -> Vec<usize> {
    heap.verify().unwrap();
    assert_eq!(heap.shape(LIST).kind, Kind::List);
    let list = heap.stack.object(LIST);
    let found = list.slots().iter().map(|slot| slot.get().unwrap().address()).collect();
    heap.clear(LIST);
    heap.verify().unwrap();
    found
}

fn address(heap: &H, local: Local) -> usize {
    heap.stack.object(local).address()
}

/// A ring of two that nobody holds; the locals A and B are nil before and after.
fn lost_ring(heap: &mut H) {
    heap.allocate(A, NODE).unwrap();
    heap.allocate(B, NODE).unwrap();
    heap.store(A, 0, B);
    heap.store_take(B, 0, A);
    heap.clear(B);
}

/// `[type(o) for o in gc.get_objects()]`: generation 0 first, each in the order of birth.
#[test]
fn objects_are_listed_by_generation_and_without_the_list_itself() {
    let mut heap = heap();
    heap.allocate(A, NODE).unwrap();
    heap.collect(Generation::FULL).unwrap();
    heap.allocate(B, NODE).unwrap();
    heap.allocate(C, Shape::new(Kind::Dict, 0, 0)).unwrap();
    let (old, young) = (address(&heap, A), address(&heap, B));
    for (generation, expected) in [
        (None, vec![young, old]),
        (Some(Generation::YOUNG), vec![young]),
        (Some(Generation::MIDDLE), vec![]),
        (Some(Generation::FULL), vec![old]),
    ] {
        heap.objects(LIST, generation).unwrap();
        assert_eq!(items(&mut heap), expected, "{generation:?}");
    }
    heap.freeze().unwrap();
    heap.objects(LIST, None).unwrap();
    assert_eq!(items(&mut heap), []);
}

/// `gc.get_referrers(t)`: the young before the old, each once, untracked dicts and tuples not at all.
#[test]
fn referrers_are_tracked_containers_the_youngest_generation_first() {
    let mut heap = heap();
    heap.allocate(A, NODE).unwrap();
    heap.allocate(B, NODE).unwrap();
    heap.store(B, 0, A);
    heap.collect(Generation::FULL).unwrap();
    let old = address(&heap, B);
    heap.allocate(C, NODE).unwrap();
    heap.store(C, 0, A);
    heap.store(C, 1, A);
    let young = address(&heap, C);
    heap.referrers(LIST, A).unwrap();
    assert_eq!(items(&mut heap), [young, old]);
    heap.referrers(A, A).unwrap();
    assert_eq!(heap.shape(A), Shape::new(Kind::List, 2, 0), "the list takes the object's place");
    heap.allocate(A, Shape::new(Kind::Float, 0, 8)).unwrap();
    heap.allocate(B, Shape::new(Kind::Dict, 1, 0)).unwrap();
    heap.store(B, 0, A);
    heap.referrers(LIST, A).unwrap();
    assert_eq!(items(&mut heap), []);
    heap.referents(LIST, B).unwrap();
    assert_eq!(items(&mut heap), [address(&heap, A)], "an untracked dict has referents all the same");
}

#[test]
fn referents_are_what_the_slots_hold() {
    let mut heap = heap();
    heap.allocate(A, Shape::new(Kind::Tuple, 4, 8)).unwrap();
    heap.allocate(B, NODE).unwrap();
    heap.store(A, 0, B);
    heap.store(A, 3, A);
    heap.store(A, 1, B);
    heap.referents(LIST, A).unwrap();
    assert_eq!(items(&mut heap), [address(&heap, B), address(&heap, B), address(&heap, A)]);
    heap.weak(C, B, None).unwrap();
    heap.referents(LIST, C).unwrap();
    assert_eq!(items(&mut heap), [], "a weak reference refers to nothing");
    heap.referents(LIST, B).unwrap();
    assert_eq!(items(&mut heap), []);
}

/// Each request for memory is refused in turn: no list then, and nothing else.
#[test]
fn a_list_that_finds_no_memory_has_no_effect() {
    for request in [Request::Object, Request::Metadata] {
        let mut refusals = 0;
        loop {
            let mut heap = heap();
            heap.allocate(A, NODE).unwrap();
            heap.store(A, 0, A);
            injection::arm(request, refusals + 1, true);
            let listed = [
                heap.objects(LIST, None).is_ok(),
                heap.referrers(LIST, A).is_ok(),
                heap.referents(LIST, A).is_ok(),
            ];
            let struck = injection::disarm();
            assert_eq!(listed.contains(&false), struck > 0, "{request:?}");
            heap.verify().unwrap();
            if struck == 0 {
                break;
            }
            refusals += 1;
        }
        assert!(refusals >= 3, "{request:?}: {refusals}");
    }
}

/// The collection that makes room for the list runs a finalizer; what that leaves behind is in the list.
#[test]
fn a_collection_for_the_list_does_not_disturb_it() {
    let mut heap = heap();
    heap.allocate(A, NODE).unwrap();
    heap.store(A, 0, A);
    let leave_one =
        |heap: &mut H, _: Local, _: u64| heap.allocate(B, NODE).map_err(|_| heapbench_heap::HookFailed);
    heap.set_finalizer(A, Hook { run: leave_one, data: 0 }).unwrap();
    heap.clear(A);
    injection::arm(Request::Object, 1, false);
    heap.objects(LIST, None).unwrap();
    assert_eq!((injection::disarm(), heap.counters().finalizers_run), (1, 1));
    assert_eq!(items(&mut heap), [address(&heap, B)]);
}

/// `gc.set_debug(gc.DEBUG_SAVEALL)`: 4 found, 4 in `gc.garbage`, tracked; none again; cleared and off: 4 more die.
#[test]
fn what_is_saved_is_garbage_until_it_is_cleared() {
    for free_lists in ["", ":free-lists=true"] {
        let mut heap = heap_of(&format!("refcount-generational@3.12{free_lists}"));
        heap.garbage(LIST).unwrap();
        assert!(heap.is_nil(LIST));
        lost_ring(&mut heap);
        lost_ring(&mut heap);
        heap.set_save_all(true).unwrap();
        let before = heap.counts().unwrap()[0];
        assert_eq!((heap.collect(Generation::FULL).unwrap().objects, before), (0, 4));
        assert_eq!(heap.counts().unwrap()[0], 0, "the list of garbage is as old as the interpreter");
        heap.garbage(LIST).unwrap();
        assert_eq!(heap.shape(LIST).slots, 4);
        for place in 0..4 {
            heap.load(ITEM, LIST, place);
            assert_eq!((heap.is_tracked(ITEM), heap.shape(ITEM)), (Ok(true), NODE));
        }
        heap.clear(ITEM);
        assert_eq!(heap.stats().unwrap()[2].collected, 4);
        heap.collect(Generation::FULL).unwrap();
        assert_eq!(
            (heap.shape(LIST).slots, heap.stats().unwrap()[2].collected),
            (4, 4),
            "it is reachable now"
        );
        heap.set_save_all(false).unwrap();
        heap.resize(LIST, 0, 0).unwrap();
        heap.clear(LIST);
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 4);
        heap.verify().unwrap();
        heap.garbage(LIST).unwrap();
        assert_eq!(heap.shape(LIST).slots, 0);
    }
}

/// CPython: the finalizer runs, the weak reference is cleared, `gc.is_finalized`; when let go it dies without a second.
#[test]
fn saved_objects_are_finalized_and_their_weak_references_cleared() {
    let mut heap = heap();
    heap.allocate(A, NODE).unwrap();
    heap.store(A, 0, A);
    heap.set_finalizer(A, Hook { run: |_, _, _| Ok(()), data: 0 }).unwrap();
    heap.weak(C, A, None).unwrap();
    assert_eq!(heap.is_finalized(A), Ok(false));
    heap.clear(A);
    heap.set_save_all(true).unwrap();
    heap.collect(Generation::FULL).unwrap();
    heap.garbage(LIST).unwrap();
    heap.load(A, LIST, 0);
    assert_eq!(
        (heap.is_finalized(A), heap.upgrade(B, C), heap.counters().finalizers_run),
        (Ok(true), false, 1)
    );
    heap.clear(A);
    heap.set_save_all(false).unwrap();
    heap.resize(LIST, 0, 0).unwrap();
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1);
    assert_eq!(heap.counters().finalizers_run, 1);
}

/// Where there is no memory for `gc.garbage` the object is not saved, and stays.
#[test]
fn what_cannot_be_saved_stays() {
    let mut heap = heap();
    lost_ring(&mut heap);
    heap.set_save_all(true).unwrap();
    injection::arm(Request::Object, 1, true);
    heap.collect(Generation::FULL).unwrap();
    assert!(injection::disarm() > 0);
    heap.verify().unwrap();
    heap.set_save_all(false).unwrap();
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 2);
}

fn tell(heap: &mut H, phase: Phase, info: CollectionInfo) {
    let count = heap.counts().unwrap()[0];
    heap.recorder_mut().told.push((phase, info, count));
    let nested = heap.collect(Generation::FULL).is_some();
    heap.recorder_mut().nested += u64::from(nested);
    let frame = heap.enter(0, 2).unwrap();
    heap.allocate(A, NODE).unwrap();
    heap.store(A, 0, A);
    heap.leave(frame);
    heap.verify().unwrap();
}

/// `gc.callbacks`: at the start nothing is collected and the count is what it was; at the stop all is told. A collection
/// in a callback does nothing.
#[test]
fn callbacks_are_told_of_the_start_and_the_stop() {
    let mut heap = heap();
    heap.add_callback(tell).unwrap();
    lost_ring(&mut heap);
    heap.collect(Generation::MIDDLE).unwrap();
    let told = std::mem::take(&mut heap.recorder_mut().told);
    let info = |collected| CollectionInfo { generation: Generation::MIDDLE, collected, uncollectable: 0 };
    // The callback's own ring was made after the count was told, and is garbage like the other.
    assert_eq!(told, [(Phase::Start, info(0), 2), (Phase::Stop, info(3), 0)]);
    assert_eq!(heap.recorder().nested, 0);
    heap.clear_callbacks().unwrap();
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1, "the ring of the second call");
    assert!(heap.recorder().told.is_empty());
}

/// `gc.get_count()[0]` in the callback of the first automatic collection: 701, and 2001 in 3.13.
#[test]
fn an_automatic_collection_starts_with_one_more_than_the_threshold() {
    for (policy, expected) in [("3.11", 701), ("3.12", 701), ("3.13", 2001)] {
        let mut heap = heap_of(&format!("refcount-generational@{policy}"));
        heap.add_callback(tell).unwrap();
        for _ in 0..2050 {
            heap.allocate(A, NODE).unwrap();
            heap.store(A, 0, B);
            heap.take(B, A);
            heap.safepoint();
        }
        let (phase, info, count) = heap.recorder().told[0];
        assert_eq!((phase, info.generation, count), (Phase::Start, Generation::YOUNG, expected), "{policy}");
    }
}

/// A hook changes what is about to be overwritten, while 3.11 allocates.
#[test]
fn a_collection_inside_an_allocation_may_change_its_local() {
    let mut heap = heap_of("refcount-generational@3.11:threshold0=1");
    heap.allocate(A, NODE).unwrap();
    heap.store(A, 0, A);
    let put = |heap: &mut H, _: Local, _: u64| {
        let made = heap.allocate(A, Shape::new(Kind::List, 3, 0));
        made.map_err(|_| heapbench_heap::HookFailed)
    };
    heap.set_finalizer(A, Hook { run: put, data: 0 }).unwrap();
    heap.clear(A);
    heap.safepoint();
    assert_eq!(heap.counters().collections, [0; 3], "a safe point is nothing to 3.11");
    heap.allocate(A, NODE).unwrap();
    assert_eq!((heap.counters().collections, heap.counters().finalizers_run), ([1, 0, 0], 1));
    assert_eq!((heap.shape(A), heap.counts().unwrap()[0]), (NODE, 0), "the new object does not count");
    heap.verify().unwrap();
    heap.weak(B, A, None).unwrap();
    heap.weak(C, A, None).unwrap();
    assert_eq!(heap.counters().collections, [2, 0, 0], "a weak reference is a container too");
}

/// `sys.getsizeof` of CPython 3.13.
#[test]
fn sizes_are_those_of_sys() {
    let mut heap = heap();
    for (shape, expected) in [
        (Shape::new(Kind::List, 0, 0), 56),
        (Shape::new(Kind::List, 3, 0), 80),
        (Shape::new(Kind::Tuple, 2, 8), 56),
        (Shape::new(Kind::Dict, 0, 0), 64),
        (Shape::new(Kind::Dict, 10, 40), 184),
        (Shape::new(Kind::Float, 0, 8), 24),
        (NODE, 48),
    ] {
        heap.allocate(A, shape).unwrap();
        assert_eq!(heap.size_of(A), Ok(expected), "{shape:?}");
    }
    heap.weak(B, A, None).unwrap();
    assert_eq!(heap.size_of(B), Ok(80));
}

#[test]
fn counts_and_blocks_are_told() {
    let mut heap = heap_of("refcount-generational:free-lists=true");
    heap.allocate(A, Shape::new(Kind::List, 2, 0)).unwrap();
    heap.copy(B, A);
    heap.store(A, 0, A);
    assert_eq!((heap.reference_count(A), heap.allocated_blocks()), (Ok(3), Ok(2)));
    let most = heap.footprint().live_bytes;
    assert_eq!(heap.traced_memory(), Ok((most, most)));
    heap.store(A, 0, C);
    heap.clear(B);
    heap.clear(A);
    assert_eq!((heap.allocated_blocks(), heap.footprint().live_bytes), (Ok(1), 0), "the list's own waits");
    let (waiting, peak) = heap.traced_memory().unwrap();
    assert!(0 < waiting && waiting < most && peak == most, "{waiting} {peak} {most}");
    heap.collect(Generation::FULL).unwrap();
    assert_eq!((heap.allocated_blocks(), heap.traced_memory()), (Ok(0), Ok((0, most))));
    heap.verify().unwrap();
}

/// Immortal objects are the interpreter's own: they never count, and what they refer to is held from outside.
#[test]
fn immortal_objects_are_none_of_the_collectors() {
    let mut heap = heap();
    for shape in
        [NODE, Shape::new(Kind::Dict, 1, 0), Shape::new(Kind::Tuple, 1, 8), Shape::new(Kind::Str, 0, 5)]
    {
        heap.allocate(A, shape).unwrap();
        let handle = heap.immortalize(A).unwrap();
        assert_eq!(heap.counts().unwrap(), [0; 3]);
        heap.load_immortal(A, handle);
        heap.immortalize(A).unwrap();
        heap.load_immortal(A, handle);
        assert_eq!((heap.is_tracked(A), heap.counts().unwrap()), (Ok(false), [0; 3]), "{shape:?}");
        heap.verify().unwrap();
    }
    heap.load_immortal(A, Immortal(2));
    heap.allocate(B, NODE).unwrap();
    heap.store(B, 0, B);
    heap.store_take(A, 0, B);
    assert_eq!(heap.is_tracked(A), Ok(false));
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
    heap.store(A, 0, B);
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 1);
    heap.verify().unwrap();
}

/// A ring of two, and a cycle of one that its finalizer holds on to; then the same again.
#[test]
fn counters_and_stats_add_up_over_collections() {
    fn keep(heap: &mut H, object: Local, _data: u64) -> Result<(), heapbench_heap::HookFailed> {
        heap.take(C, object);
        Ok(())
    }
    let mut heap = heap();
    // In the second round the one of the first, which is not finalized again, is garbage too.
    for (round, collected, traced) in [(1, 2, 3), (2, 5, 4)] {
        lost_ring(&mut heap);
        heap.allocate(A, NODE).unwrap();
        heap.store(A, 0, A);
        heap.set_finalizer(A, Hook { run: keep, data: 0 }).unwrap();
        heap.clear(A);
        let before = heap.counters();
        heap.collect(Generation::FULL).unwrap();
        let (counters, stats) = (heap.counters(), heap.stats().unwrap()[2]);
        assert_eq!(counters.objects_collected, collected, "not the one that was held on to");
        assert_eq!((stats.collections, stats.collected), (round, collected));
        assert_eq!(counters.objects_traced - before.objects_traced, traced);
        assert!(counters.slots_traced > before.slots_traced);
        heap.clear(C);
        heap.verify().unwrap();
    }
    heap.collect(Generation::FULL).unwrap();
    assert_eq!((heap.counters().objects_collected, heap.stats().unwrap()[2].collected), (6, 6));
}

#[test]
fn what_is_saved_goes_to_the_next_generation() {
    for (collected, next) in [
        (Generation::YOUNG, Generation::MIDDLE),
        (Generation::MIDDLE, Generation::FULL),
        (Generation::FULL, Generation::FULL),
    ] {
        let mut heap = heap();
        heap.set_save_all(true).unwrap();
        lost_ring(&mut heap);
        heap.collect(collected).unwrap();
        heap.objects(LIST, Some(next)).unwrap();
        assert!(items(&mut heap).len() >= 2, "{collected:?}");
    }
}
