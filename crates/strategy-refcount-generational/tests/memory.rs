//! No memory at any point, with a collector: a collection for which there is no memory has no effect and runs later, and
//! one that an allocation asks for may change whatever the allocation is about.

use heapbench_heap::{
    Collected, Generation, Heap, HeapConfig, Hook, HookFailed, Introspect, Kind, Local, Recorder, Shape,
};
use heapbench_memory::injection::{self, Request};
use heapbench_memory::{Failing, Pools};
use heapbench_strategy_refcount::RefCount;
use heapbench_strategy_refcount_generational::{Generations, Widths};

/// Wants objects, so that the verifier is exact.
#[derive(Debug, Default)]
struct Objects;

impl Recorder for Objects {
    const OBJECTS: bool = true;
}

/// Scratch that keeps nothing and so asks often.
#[derive(Debug)]
struct Narrow;

impl Widths for Narrow {
    const KEPT: usize = 1;
}

type H = RefCount<Generations<Narrow>, Failing<Pools>, Objects>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const W: Local = Local::new(2);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

fn heap() -> H {
    let mut heap = H::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 3).unwrap();
    heap
}

/// Takes memory of every kind, leaves a ring, and collects, which inside a collection does nothing.
fn greedy(heap: &mut H, _: Local, _: u64) -> Result<(), HookFailed> {
    let frame = heap.enter(0, 3).map_err(|_| HookFailed)?;
    let quiet = Hook { run: |_: &mut H, _, _| Ok(()), data: 0 };
    let took = heap
        .allocate(A, NODE)
        .and_then(|()| heap.set_finalizer(A, quiet))
        .and_then(|()| heap.weak(W, A, Some(quiet)))
        .and_then(|()| heap.resize(A, 10, 0));
    if !heap.is_nil(A) {
        heap.store(A, 0, A);
    }
    heap.collect(Generation::FULL);
    heap.leave(frame);
    took.map_err(|_| HookFailed)
}

/// Rings with finalizers and weak references, as far as there is memory, and a collection after each.
fn program(heap: &mut H) {
    for round in 0..6u64 {
        for _ in 0..4 {
            if heap.allocate(A, NODE).is_err() || heap.allocate(B, NODE).is_err() {
                continue;
            }
            heap.store(A, 0, B);
            heap.store(B, 0, A);
            _ = heap.set_finalizer(A, Hook { run: greedy, data: round });
            _ = heap.weak(W, B, Some(Hook { run: greedy, data: round }));
            heap.store(B, 1, W);
            _ = heap.weak(W, A, Some(Hook { run: greedy, data: round }));
        }
        let before = (heap.counters(), heap.counts(), heap.stats());
        if heap.collect(Generation::new((round % 3) as u8)).is_none() {
            assert_eq!(before, (heap.counters(), heap.counts(), heap.stats()), "nothing ran");
        }
    }
}

fn run(request: Request, number: u64, forever: bool) -> bool {
    let mut heap = heap();
    injection::arm(request, number, forever);
    program(&mut heap);
    let refused = injection::disarm() > 0;
    heap.verify().unwrap();
    program(&mut heap);
    heap.verify().unwrap();
    [A, B, W].into_iter().for_each(|local| heap.clear(local));
    // What finalizers leave is the next one's.
    while heap.collect(Generation::FULL) != Some(Collected { objects: 0 }) {
        heap.verify().unwrap();
    }
    assert_eq!(
        (heap.counters().objects_allocated, 0),
        (heap.counters().objects_freed, heap.footprint().live_bytes)
    );
    refused
}

#[test]
fn every_request_may_be_refused() {
    for (request, expected) in [(Request::Object, 100), (Request::Metadata, 12)] {
        for forever in [false, true] {
            let refused = (1..).take_while(|number| run(request, *number, forever)).count();
            assert!(refused >= expected, "{request:?}: {refused} requests only");
        }
    }
}

#[test]
fn a_collection_without_memory_has_no_effect_and_runs_later() {
    let mut heap = heap();
    heap.set_thresholds([10, 5, 5]).unwrap();
    for generation in [Generation::YOUNG, Generation::MIDDLE, Generation::FULL] {
        for _ in 0..2_000 {
            heap.allocate(A, NODE).unwrap();
            heap.store(A, 0, A);
        }
        let before = (heap.counters(), heap.counts(), heap.stats());
        let mut refusals = 0;
        loop {
            injection::arm(Request::Metadata, refusals + 1, true);
            heap.safepoint();
            let collected = heap.collect(generation);
            if injection::disarm() == 0 {
                assert!(collected.is_some());
                break;
            }
            assert_eq!((collected, before), (None, (heap.counters(), heap.counts(), heap.stats())));
            heap.verify().unwrap();
            refusals += 1;
        }
        assert!(refusals > 3, "{refusals}");
        assert_eq!(heap.counters().objects_freed, heap.counters().objects_allocated - 1);
        heap.verify().unwrap();
    }
}

/// A hook that changes what the allocation under way is about: it grows the list in local `A`, or puts a text there.
fn meddle(heap: &mut H, _: Local, grows: u64) -> Result<(), HookFailed> {
    if grows > 0 {
        heap.resize(A, 100, 0).map_err(|_| HookFailed)
    } else {
        heap.allocate(A, Shape::new(Kind::Str, 0, 5)).map_err(|_| HookFailed)
    }
}

#[test]
fn a_resize_sees_what_the_hooks_of_its_collection_have_done() {
    for (grows, fails) in [(1, false), (0, true)] {
        let mut heap = heap();
        heap.allocate(A, Shape::new(Kind::List, 4, 0)).unwrap();
        heap.store(A, 3, A);
        heap.allocate(B, NODE).unwrap();
        heap.store(B, 0, B);
        heap.set_finalizer(B, Hook { run: meddle, data: grows }).unwrap();
        heap.clear(B);
        injection::arm(Request::Object, 1, false);
        let resized = heap.resize(A, 50, 0);
        assert_eq!(injection::disarm(), 1);
        assert_eq!(resized.is_err(), fails);
        heap.verify().unwrap();
        assert_eq!(
            heap.shape(A),
            if fails { Shape::new(Kind::Str, 0, 5) } else { Shape::new(Kind::List, 50, 0) }
        );
        heap.clear(A);
        heap.collect(Generation::FULL);
        assert_eq!(heap.footprint().live_bytes, 0);
    }
}

/// Uses up room in the table of weak references: each object keeps its own alive.
fn refer_weakly(heap: &mut H, _: Local, _: u64) -> Result<(), HookFailed> {
    let frame = heap.enter(0, 3).map_err(|_| HookFailed)?;
    for _ in 0..100 {
        heap.allocate(A, NODE).map_err(|_| HookFailed)?;
        heap.weak(W, A, None).map_err(|_| HookFailed)?;
        heap.store(A, 0, W);
        heap.store(A, 1, A);
    }
    heap.leave(frame);
    Ok(())
}

#[test]
fn a_weak_reference_finds_room_after_the_hooks_of_its_collection() {
    let mut heap = heap();
    heap.allocate(A, NODE).unwrap();
    heap.allocate(B, NODE).unwrap();
    heap.store(B, 0, B);
    heap.set_finalizer(B, Hook { run: refer_weakly, data: 0 }).unwrap();
    heap.clear(B);
    injection::arm(Request::Object, 1, false);
    heap.weak(W, A, None).unwrap();
    assert_eq!(
        (injection::disarm(), heap.counters().finalizers_run, heap.counters().hook_failures),
        (1, 1, 0)
    );
    assert!(heap.upgrade(B, W) && heap.is_same(A, B));
    heap.verify().unwrap();
}
