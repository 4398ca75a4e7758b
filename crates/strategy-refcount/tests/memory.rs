//! No memory at any point: each request for an object's block, and for room in a table, is refused in turn, once and
//! for ever. What fails has no effect, the heap stays sound, and everything is reclaimed in the end.

use heapbench_heap::{Heap, HeapConfig, Hook, HookFailed, Kind, Local, OutOfMemory, Recorder, Shape};
use heapbench_memory::injection::{self, Request};
use heapbench_memory::{Failing, Pools};
use heapbench_strategy_refcount::Plain;

/// Wants objects, so that the verifier is exact.
#[derive(Debug, Default)]
struct Objects;

impl Recorder for Objects {
    const OBJECTS: bool = true;
}

type H = Plain<Failing<Pools>, Objects>;

const LIST: Local = Local::new(0);
const NEW: Local = Local::new(1);
const WEAK: Local = Local::new(2);
const TABLE: Local = Local::new(3);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

/// A hook that takes memory of every kind itself, and keeps nothing of it.
fn greedy(heap: &mut H, _: Local, _: u64) -> Result<(), HookFailed> {
    let frame = heap.enter(0, 2).map_err(|_| HookFailed)?;
    let took = take_some(heap);
    heap.leave(frame);
    took.map_err(|_| HookFailed)
}

fn take_some(heap: &mut H) -> Result<(), OutOfMemory> {
    heap.allocate(LIST, Shape::new(Kind::List, 30, 0))?;
    heap.set_finalizer(LIST, Hook { run: |_, _, _| Ok(()), data: 0 })?;
    heap.weak(NEW, LIST, Some(Hook { run: |_, _, _| Ok(()), data: 0 }))?;
    heap.fill_slots(LIST, 0..30, NEW);
    heap.resize(LIST, 3, 0)?;
    heap.resize(LIST, 90, 0)
}

/// What an operation that failed must leave alone.
fn visible(heap: &H) -> (u64, u64, usize, Vec<Option<Shape>>) {
    let counters = heap.counters();
    let shapes = [LIST, NEW, WEAK, TABLE].map(|local| (!heap.is_nil(local)).then(|| heap.shape(local)));
    (counters.objects_allocated, counters.objects_freed, heap.footprint().live_bytes, shapes.into())
}

/// Makes an attempt; if it fails, nothing is to be seen of it.
fn attempt(heap: &mut H, operation: impl FnOnce(&mut H) -> Result<(), OutOfMemory>) -> bool {
    let before = visible(heap);
    let done = operation(heap).is_ok();
    assert!(done || before == visible(heap), "a failed operation had an effect");
    done
}

/// A list of nodes with finalizers and weak references, resized and overwritten, with hooks that take memory too.
fn program(heap: &mut H) {
    attempt(heap, |heap| heap.allocate(TABLE, Shape::new(Kind::Dict, 20, 64)));
    for round in 0..6 {
        if !attempt(heap, |heap| heap.allocate(NEW, NODE)) {
            continue;
        }
        attempt(heap, |heap| heap.set_finalizer(NEW, Hook { run: greedy, data: round }));
        attempt(heap, |heap| heap.weak(WEAK, NEW, Some(Hook { run: greedy, data: round })));
        if heap.is_nil(LIST) && !attempt(heap, |heap| heap.allocate(LIST, Shape::new(Kind::List, 0, 0))) {
            continue;
        }
        let slots = heap.shape(LIST).slots;
        if attempt(heap, |heap| heap.resize(LIST, slots + 2, 0)) {
            heap.store(LIST, slots as usize, NEW);
            heap.store(LIST, slots as usize + 1, WEAK);
        }
        if !heap.is_nil(TABLE) {
            heap.fill_slots(TABLE, 0..20, NEW);
            let slots = heap.shape(LIST).slots as usize;
            heap.copy_slots(LIST, 0..slots, TABLE, 3);
            heap.copy_slots(TABLE, 0..15, TABLE, 5);
            attempt(heap, |heap| heap.resize(TABLE, 20, 64 + round as usize));
        }
        heap.clear(WEAK);
        heap.clear(NEW);
        if round == 3 {
            attempt(heap, |heap| heap.allocate(NEW, NODE));
            if !heap.is_nil(NEW) {
                attempt(heap, |heap| heap.immortalize(NEW).map(|_| ()));
            }
            heap.clear(NEW);
        }
    }
    if !heap.is_nil(LIST) {
        attempt(heap, |heap| heap.resize(LIST, 2, 0));
    }
}

/// Runs the program with the `number`th request refused; whether one was.
fn run(request: Request, number: u64, forever: bool) -> bool {
    let mut heap = H::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    injection::arm(request, number, forever);
    program(&mut heap);
    // Hooks run on the way, and take memory where there is some.
    [LIST, TABLE].into_iter().for_each(|local| heap.clear(local));
    let refused = injection::disarm() > 0;
    heap.verify().unwrap();
    program(&mut heap);
    heap.verify().unwrap();
    [LIST, NEW, WEAK, TABLE].into_iter().for_each(|local| heap.clear(local));
    heap.verify().unwrap();
    let counters = heap.counters();
    let left = counters.objects_allocated - counters.objects_freed;
    assert!((1..=2).contains(&left), "only immortal nodes are left, found {left}");
    refused
}

#[test]
fn every_request_may_be_refused() {
    for (request, expected) in [(Request::Object, 40), (Request::Metadata, 3)] {
        for forever in [false, true] {
            let refused = (1..).take_while(|number| run(request, *number, forever)).count();
            assert!(refused >= expected, "{request:?}: {refused} requests only");
        }
    }
}

#[test]
fn each_table_refuses_what_it_has_no_room_for() {
    let mut heap = H::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    heap.allocate(NEW, NODE).unwrap();
    injection::arm(Request::Metadata, 1, true);
    assert!(!attempt(&mut heap, |heap| heap.weak(WEAK, NEW, None)));
    assert!(!attempt(&mut heap, |heap| heap.set_finalizer(NEW, Hook { run: greedy, data: 0 })));
    assert!(!attempt(&mut heap, |heap| heap.immortalize(NEW).map(|_| ())));
    assert_eq!(injection::disarm(), 3);
    heap.verify().unwrap();
    heap.weak(WEAK, NEW, None).unwrap();
    heap.immortalize(NEW).unwrap();
    assert!(heap.upgrade(NEW, WEAK));
    heap.verify().unwrap();
}

#[test]
fn slots_that_were_cut_off_come_back_nil() {
    let mut heap = H::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    heap.allocate(LIST, Shape::new(Kind::List, 10, 0)).unwrap();
    heap.allocate(NEW, NODE).unwrap();
    heap.fill_slots(LIST, 0..10, NEW);
    injection::arm(Request::Object, 1, true);
    heap.resize(LIST, 6, 0).unwrap();
    heap.resize(LIST, 10, 0).unwrap();
    assert_eq!(injection::disarm(), 0, "the buffer has room");
    for slot in 0..10 {
        heap.load(WEAK, LIST, slot);
        assert_eq!(heap.is_nil(WEAK), slot >= 6);
    }
    heap.clear(WEAK);
    heap.verify().unwrap();
}
