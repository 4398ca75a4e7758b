//! Death by a collection: weak references, finalizers, resurrection, frozen and immortal objects.

use heapbench_heap::{
    Generation, Heap, HeapConfig, Hook, HookFailed, Introspect, Kind, Local, NoRecorder, Recorder, Shape,
};
use heapbench_strategy_mark_sweep::MarkSweep;

type Marks = MarkSweep<NoRecorder>;

const NODE: Shape = Shape::new(Kind::Instance, 2, 8);

fn local(index: u32) -> Local {
    Local::new(index)
}

/// A heap with a frame of sixteen locals, entered for ever.
fn heap() -> Marks {
    let mut heap = Marks::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _forever = heap.enter(0, 16).unwrap();
    heap
}

fn node(heap: &mut Marks, at: u32) {
    heap.allocate(local(at), NODE).unwrap();
}

/// Collects, checks, and gives the number of objects reclaimed.
fn collect(heap: &mut Marks) -> u64 {
    heap.verify().unwrap();
    let collected = heap.collect(Generation::FULL).unwrap();
    heap.verify().unwrap();
    collected.objects
}

/// A ring of two nodes; local 1 holds the first.
fn ring(heap: &mut Marks) {
    node(heap, 1);
    node(heap, 2);
    heap.store(local(1), 0, local(2));
    heap.store(local(2), 0, local(1));
    heap.clear(local(2));
}

#[test]
fn cycles_die_and_the_reachable_stay() {
    let mut heap = heap();
    ring(&mut heap);
    assert_eq!(collect(&mut heap), 0);
    heap.clear(local(1));
    assert_eq!(collect(&mut heap), 2);
    assert_eq!(heap.footprint().live_bytes, 0);
    assert_eq!(heap.counters().objects_collected, 2);
}

fn count(_: &mut Marks, _: Local, _: u64) -> Result<(), HookFailed> {
    Ok(())
}

#[test]
fn weak_references_are_cleared_and_living_ones_called() {
    let mut heap = heap();
    ring(&mut heap);
    let callback = Some(Hook { run: count, data: 0 });
    heap.weak(local(3), local(1), callback).unwrap();
    // A second weak reference, unreachable itself: cleared without a call.
    heap.weak(local(4), local(1), callback).unwrap();
    heap.clear(local(4));
    assert!(heap.upgrade(local(5), local(3)) && heap.is_same(local(5), local(1)));
    heap.clear(local(5));
    assert_eq!(collect(&mut heap), 1, "the unreachable weak reference");
    assert_eq!(heap.counters().callbacks_run, 0);
    heap.clear(local(1));
    assert_eq!(collect(&mut heap), 2);
    assert!(!heap.upgrade(local(5), local(3)) && heap.is_nil(local(5)));
    assert_eq!(heap.counters().callbacks_run, 1);
}

/// Keeps the object in local 9.
fn keep(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    heap.copy(local(9), object);
    Ok(())
}

#[test]
fn a_finalizer_resurrects_once_and_the_cycle_with_it() {
    let mut heap = heap();
    ring(&mut heap);
    heap.set_finalizer(local(1), Hook { run: keep, data: 0 }).unwrap();
    heap.weak(local(3), local(1), None).unwrap();
    heap.clear(local(1));
    assert_eq!(collect(&mut heap), 0);
    assert!(!heap.is_nil(local(9)), "resurrected");
    assert!(!heap.upgrade(local(5), local(3)), "its weak references are gone");
    heap.load(local(2), local(9), 0);
    heap.load(local(2), local(2), 0);
    assert!(heap.is_same(local(2), local(9)), "the ring is whole");
    heap.set_finalizer(local(9), Hook { run: keep, data: 0 }).unwrap();
    heap.clear(local(2));
    heap.clear(local(9));
    assert_eq!(collect(&mut heap), 2);
    assert_eq!(heap.counters().finalizers_run, 1);
}

/// Stores the object's neighbour into the node in local 8, which was marked before the hook ran.
fn hide_in_old(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    assert!(heap.collect(Generation::FULL).is_none(), "no collection inside a collection");
    heap.load(local(10), object, 0);
    heap.store_take(local(8), 0, local(10));
    heap.verify().unwrap();
    Err(HookFailed)
}

/// As `hide_in_old`, in a range.
fn copy_into_old(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    heap.copy_slots(object, 0..1, local(8), 0);
    heap.verify().unwrap();
    Err(HookFailed)
}

/// As `hide_in_old`, by a fill.
fn fill_old(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    heap.load(local(10), object, 0);
    heap.fill_slots(local(8), 0..1, local(10));
    heap.clear(local(10));
    heap.verify().unwrap();
    Err(HookFailed)
}

/// Hangs the object's neighbour on a new list, and the list on the node in local 8.
fn hide_in_new(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    heap.allocate(local(11), Shape::new(Kind::List, 1, 0)).map_err(|_| HookFailed)?;
    heap.load(local(10), object, 0);
    heap.store_take(local(11), 0, local(10));
    heap.store_take(local(8), 0, local(11));
    heap.verify().unwrap();
    Err(HookFailed)
}

#[test]
fn what_hooks_store_into_marked_and_new_objects_survives() {
    for (run, through_list) in [
        (hide_in_old as fn(&mut _, _, _) -> _, false),
        (copy_into_old, false),
        (fill_old, false),
        (hide_in_new, true),
    ] {
        let mut heap = heap();
        node(&mut heap, 8);
        ring(&mut heap);
        heap.set_finalizer(local(1), Hook { run, data: 0 }).unwrap();
        heap.clear(local(1));
        node(&mut heap, 7);
        heap.clear(local(7));
        assert_eq!(collect(&mut heap), 1, "only the node that no hook saved");
        assert_eq!(heap.counters().hook_failures, 1);
        heap.load(local(1), local(8), 0);
        if through_list {
            heap.load(local(1), local(1), 0);
        }
        heap.load(local(2), local(1), 0);
        heap.load(local(2), local(2), 0);
        assert!(heap.is_same(local(1), local(2)), "the ring is whole");
        for at in [1, 2, 8] {
            heap.clear(local(at));
        }
        assert_eq!(collect(&mut heap), 3 + u64::from(through_list));
    }
}

/// Grows the list in local 8, which is marked, and the dying object; makes garbage.
fn grow(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    for slots in [100, 3000, 7] {
        heap.resize(local(8), slots, 0).map_err(|_| HookFailed)?;
        heap.resize(object, slots, 8).map_err(|_| HookFailed)?;
        heap.allocate(local(10), Shape::new(Kind::Array, slots, 1)).map_err(|_| HookFailed)?;
        heap.verify().unwrap();
    }
    heap.clear(local(10));
    Ok(())
}

#[test]
fn hooks_may_resize_and_allocate() {
    for saved in [false, true] {
        let mut heap = heap();
        heap.allocate(local(8), Shape::new(Kind::List, 2, 0)).unwrap();
        ring(&mut heap);
        heap.set_finalizer(local(1), Hook { run: grow, data: 0 }).unwrap();
        if saved {
            heap.load(local(2), local(1), 0);
            heap.set_finalizer(local(2), Hook { run: keep, data: 0 }).unwrap();
            heap.clear(local(2));
        }
        heap.clear(local(1));
        assert_eq!(collect(&mut heap), if saved { 0 } else { 2 });
        let garbage_of_the_hook = 3;
        heap.clear(local(9));
        assert_eq!(collect(&mut heap), garbage_of_the_hook + if saved { 2 } else { 0 });
    }
}

/// Attaches a finalizer and a weak reference with a callback to the object's dying neighbour.
fn attach(heap: &mut Marks, object: Local, _: u64) -> Result<(), HookFailed> {
    heap.load(local(10), object, 0);
    heap.set_finalizer(local(10), Hook { run: keep, data: 0 }).unwrap();
    heap.weak(local(11), local(10), Some(Hook { run: count, data: 0 })).map_err(|_| HookFailed)?;
    heap.clear(local(10));
    Ok(())
}

#[test]
fn attachments_that_a_hook_makes_on_the_dying_do_no_harm() {
    let mut heap = heap();
    ring(&mut heap);
    heap.set_finalizer(local(1), Hook { run: attach, data: 0 }).unwrap();
    heap.clear(local(1));
    assert_eq!(collect(&mut heap), 2);
    assert!(!heap.upgrade(local(1), local(11)));
    assert_eq!(heap.counters().callbacks_run, 1);
    assert!(heap.is_nil(local(9)));
}

#[test]
fn frozen_and_immortal_objects_stay() {
    let mut heap = heap();
    ring(&mut heap);
    node(&mut heap, 2);
    let handle = heap.immortalize(local(2)).unwrap();
    assert!(heap.is_nil(local(2)));
    heap.clear(local(1));
    heap.freeze().unwrap();
    assert_eq!(heap.freeze_count(), Ok(3));
    assert_eq!(collect(&mut heap), 0);
    heap.unfreeze().unwrap();
    assert_eq!(collect(&mut heap), 2);
    heap.load_immortal(local(2), handle);
    assert_eq!(heap.shape(local(2)), NODE);
    assert_eq!(heap.stats().unwrap()[2].collections, 2);
}

/// Counts the births and deaths it is told of.
#[derive(Default)]
struct Births {
    alive: std::collections::HashSet<usize>,
    died: u64,
}

impl Recorder for Births {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, _: Shape, _: usize) {
        assert!(self.alive.insert(address), "an address is reused after its object's death only");
    }

    fn died(&mut self, address: usize) {
        assert!(self.alive.remove(&address), "only the living die");
        self.died += 1;
    }
}

#[test]
fn every_death_is_recorded_before_its_address_is_reused() {
    let mut heap = MarkSweep::new(&HeapConfig::default(), Births::default()).unwrap();
    let _forever = heap.enter(0, 16).unwrap();
    for round in 0..300_000u32 {
        heap.allocate(local(round % 16), Shape::new(Kind::List, round % 40, 0)).unwrap();
    }
    heap.collect(Generation::FULL).unwrap();
    let (counters, births) = (heap.counters(), heap.recorder());
    assert!(counters.collections[2] > 5);
    assert_eq!((births.alive.len(), births.died), (16, counters.objects_freed));
}
