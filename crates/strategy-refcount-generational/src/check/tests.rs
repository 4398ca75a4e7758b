//! Damage to lists and counts is planted, and must be found from a level on and not before.

use crate::{Generational, head};
use heapbench_heap::{
    Generation, Heap, HeapConfig, Hook, HookFailed, Introspect, Kind, Level, Local, Recorder, Shape,
};
use heapbench_memory::{Pools, Ref};

/// Wants objects, so that there is a census.
#[derive(Debug, Default)]
struct Objects;

impl Recorder for Objects {
    const OBJECTS: bool = true;
}

type H = Generational<Pools, Objects>;

const OLD: Local = Local::new(0);
const YOUNG: Local = Local::new(1);
const DICT: Local = Local::new(2);
const FROZEN: Local = Local::new(3);

/// Containers in all lists that last, a dict in none, after a collection of each generation.
fn heap() -> H {
    let mut heap = H::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    heap.allocate(FROZEN, Shape::new(Kind::List, 2, 0)).unwrap();
    heap.freeze().unwrap();
    heap.allocate(OLD, Shape::new(Kind::List, 2, 0)).unwrap();
    for generation in [Generation::YOUNG, Generation::MIDDLE, Generation::FULL] {
        heap.collect(generation).unwrap();
    }
    heap.allocate(DICT, Shape::new(Kind::Dict, 2, 0)).unwrap();
    heap.allocate(YOUNG, Shape::new(Kind::Instance, 2, 0)).unwrap();
    heap.store(OLD, 0, YOUNG);
    heap.store(YOUNG, 0, OLD);
    Level::ALL.into_iter().for_each(|level| heap.verify_to(level).unwrap());
    heap
}

/// Plants the damage and expects a report of one line that speaks of it, from the level on. The heap is not dropped:
/// what is damaged cannot be given back.
fn finds(from: Level, speaks_of: &str, damage: impl FnOnce(&mut H, Ref)) {
    let mut heap = std::mem::ManuallyDrop::new(heap());
    let young = heap.stack.object(YOUNG);
    damage(&mut heap, young);
    for level in Level::ALL {
        match heap.verify_to(level) {
            Ok(()) => assert!(level < from, "'{speaks_of}' is not found at level {level:?}"),
            Err(found) => {
                let found = found.to_string();
                assert!(level >= from, "found at level {level:?} already: '{found}'");
                let is_told =
                    found.contains(speaks_of) && found.contains("expected") && !found.contains('\n');
                assert!(is_told, "'{found}' does not speak of '{speaks_of}'");
            }
        }
    }
}

/// Writes a word of a container's head: 0 is `next`, 1 is `prev`.
fn poke(container: Ref, word: usize, value: usize) {
    // SAFETY: the head lies in front of the count word of every container of the heap under test.
    unsafe { container.start(24).cast::<usize>().add(word).write(value) }
}

#[test]
fn damage_to_counts_is_found() {
    use Level::Counters;
    finds(Counters, "count of generation 0", |heap, _| heap.collector.policy.counts[0] = 10_000);
    finds(Counters, "count of generation 1", |heap, _| heap.collector.policy.counts[1] += 10);
    finds(Counters, "count of generation 2", |heap, _| heap.collector.policy.counts[2] += 10);
    finds(Counters, "long-lived", |heap, _| heap.collector.policy.long_lived_total = 10_000);
    finds(Counters, "trigger", |heap, _| heap.collector.policy.thresholds[0] += 1);
    finds(Counters, "trigger", |heap, _| heap.collector.policy.enabled = false);
    finds(Counters, "collections", |heap, _| heap.counters.collections[1] += 1);
}

#[test]
fn damage_to_lists_is_found() {
    use Level::Exact;
    finds(Exact, "entry 0 of generation 0: expected links both ways", |_, young| poke(young, 1, 0));
    finds(Exact, "entry 1 of generation 0: expected a live container", |_, young| poke(young, 0, 64));
    finds(Exact, "expected links both ways", |_, young| poke(young, 0, young.address()));
    finds(Exact, "entry 1 of generation 0: expected links both ways", |heap, young| {
        poke(young, 0, heap.stack.object(OLD).address());
    });
    finds(Exact, "entry 0 of generation 0: expected links both ways", |heap, young| {
        heap.collector.generations[2].push(young, false);
    });
    finds(Exact, "as listed", |_, young| {
        head::unlink(young);
        poke(young, 0, young.address());
    });
    finds(Exact, "(instance): expected in a list", |_, young| head::unlink(young));
    finds(Exact, "(list): expected in a list", |heap, _| head::unlink(heap.stack.object(FROZEN)));
    finds(Exact, "(dict): expected in a list", |heap, _| {
        let (dict, list) = (heap.stack.object(DICT), heap.stack.object(OLD));
        dict.slots()[1].set(Some(list));
        heap.retain(Some(list));
    });
}

#[test]
fn leftovers_of_a_collection_are_found() {
    use Level::Exact;
    finds(Exact, "expected marked as collecting false", |heap, young| {
        head::unlink(young);
        heap.collector.generations[0].push(young, true);
    });
    finds(Exact, "of the unreachable between collections", |heap, young| {
        head::unlink(young);
        heap.collector.unreachable.push(young, true);
    });
    finds(Exact, "of the finalized between collections", |heap, young| {
        head::unlink(young);
        heap.collector.finalized.push(young, true);
    });
    finds(Exact, "noted containers", |heap, young| heap.collector.scratch.containers.push(young));
}

/// Hooks run in the middle of a collection, and find heap and lists sound.
#[test]
fn a_hook_of_a_collection_finds_a_sound_heap() {
    let mut heap = heap();
    let check = Hook { run: |heap: &mut H, _, _| heap.verify().map_err(|_| HookFailed), data: 0 };
    for _ in 0..10 {
        heap.allocate(YOUNG, Shape::new(Kind::Instance, 2, 0)).unwrap();
        heap.store(YOUNG, 0, YOUNG);
        heap.set_finalizer(YOUNG, check).unwrap();
        heap.weak(DICT, YOUNG, Some(check)).unwrap();
        heap.allocate(OLD, Shape::new(Kind::List, 1, 0)).unwrap();
        heap.store_take(OLD, 0, FROZEN);
        heap.allocate(FROZEN, Shape::new(Kind::Tuple, 2, 0)).unwrap();
        heap.store_take(FROZEN, 0, OLD);
        heap.store_take(FROZEN, 1, DICT);
    }
    heap.clear(YOUNG);
    assert!(heap.collect(Generation::FULL).unwrap().objects >= 10);
    let counters = heap.counters();
    assert_eq!((counters.finalizers_run, counters.callbacks_run, counters.hook_failures), (10, 10, 0));
    heap.verify().unwrap();
}
