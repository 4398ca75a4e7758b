//! Damage of every sort is planted, and must be found from a level on and not before.

use crate::{NoCollector, RefCount, count};
use heapbench_heap::{Heap, HeapConfig, Hook, HookFailed, Immortal, Kind, Level, Local, Recorder, Shape};
use heapbench_memory::{Block, Flag, MemorySource, Pools, Ref};

/// Wants objects, so that there is a census.
#[derive(Debug, Default)]
struct Objects;

impl Recorder for Objects {
    const OBJECTS: bool = true;
}

type Counts<const SATURATED: u32> = RefCount<NoCollector<SATURATED>, Pools, Objects>;
type Usual = Counts<{ count::SATURATED }>;

const LIST: Local = Local::new(0);
const NODE: Local = Local::new(1);
const TEXT: Local = Local::new(2);
const WEAK: Local = Local::new(3);
const SPARE: Local = Local::new(4);

/// A list that holds a node, which holds a text and itself; a weak reference to the node, which has a finalizer; an
/// immortal tuple.
fn heap() -> Usual {
    let mut heap = Usual::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 5).unwrap();
    heap.allocate(LIST, Shape::new(Kind::List, 9, 0)).unwrap();
    heap.allocate(NODE, Shape::new(Kind::Instance, 3, 8)).unwrap();
    heap.allocate(TEXT, Shape::new(Kind::Str, 0, 20)).unwrap();
    heap.weak(WEAK, NODE, None).unwrap();
    heap.set_finalizer(NODE, Hook { run: |_, _, _| Ok(()), data: 0 }).unwrap();
    heap.store(LIST, 4, NODE);
    heap.store(NODE, 0, TEXT);
    heap.store(NODE, 1, NODE);
    heap.allocate(SPARE, Shape::new(Kind::Tuple, 1, 0)).unwrap();
    heap.immortalize(SPARE).unwrap();
    Level::ALL.into_iter().for_each(|level| heap.verify_to(level).unwrap());
    heap
}

fn poke(object: Ref, word: isize, value: u64) {
    // SAFETY: a word of an object of the heap under test.
    unsafe { object.start(0).cast::<u64>().offset(word).write(value) }
}

fn peek(object: Ref, word: isize) -> u64 {
    // SAFETY: as in `poke`.
    unsafe { object.start(0).cast::<u64>().offset(word).read() }
}

fn address(object: Ref) -> u64 {
    object.address() as u64
}

/// Plants the damage and expects a report of one line that speaks of it, from the level on. The heap is not dropped:
/// what is damaged cannot be given back.
fn finds(from: Level, speaks_of: &str, damage: impl FnOnce(&mut Usual, Ref)) {
    let mut heap = std::mem::ManuallyDrop::new(heap());
    let node = heap.stack.object(NODE);
    damage(&mut heap, node);
    for level in Level::ALL {
        match heap.verify_to(level) {
            Ok(()) => assert!(level < from, "'{speaks_of}' is not found at level {level:?}"),
            Err(found) => {
                let found = found.to_string();
                assert!(level >= from, "found at level {level:?} already: '{found}'");
                let is_told = found.contains(speaks_of) && !found.contains('\n');
                assert!(is_told, "'{found}' does not speak of '{speaks_of}'");
            }
        }
    }
}

#[test]
fn damage_to_counters_is_found() {
    use Level::Counters;
    finds(Counters, "objects freed, of those allocated", |heap, _| heap.counters.objects_freed += 100);
    finds(Counters, "freed by collections", |heap, _| heap.counters.objects_collected += 1);
    finds(Counters, "longest cascade", |heap, _| heap.counters.longest_cascade += 1);
    finds(Counters, "bytes in use, of those allocated", |heap, _| heap.counters.bytes_allocated = 100);
    finds(Counters, "bytes of the objects alive", |heap, _| heap.counters.objects_allocated += 1000);
    finds(Counters, "objects alive: expected 6", |heap, _| heap.counters.objects_allocated += 1);
    finds(Counters, "objects alive: expected 5", |heap, node| _ = heap.census.swap_remove(&node));
}

#[test]
fn damage_to_the_space_is_found() {
    use Level::Space;
    finds(Space, "before the next block", |heap, node| {
        heap.census.get_mut(&node).unwrap().size += 1 << 20;
    });
    finds(Space, "as the source gave", |heap, _| {
        heap.counters.bytes_allocated += 100;
        _ = heap.source.allocate(100).unwrap();
    });
    finds(Space, "as the source gave", |heap, node| heap.census.get_mut(&node).unwrap().size -= 8);
}

/// A heap with a dead tuple, list and float in free lists.
fn with_free_lists() -> Usual {
    let settings = vec![("free-lists".to_string(), "true".to_string())];
    let mut heap = Usual::new(&HeapConfig { settings, ..HeapConfig::default() }, Objects).unwrap();
    let _forever = heap.enter(0, 5).unwrap();
    for (kind, slots) in [(Kind::Tuple, 3), (Kind::Float, 0), (Kind::List, 2), (Kind::Tuple, 4)] {
        for local in [NODE, TEXT] {
            heap.allocate(local, Shape::new(kind, slots, 8)).unwrap();
        }
    }
    assert_eq!((heap.free_lists.len(), heap.free_lists.bytes()), (6, 2 * (48 + 24 + 40)));
    Level::ALL.into_iter().for_each(|level| heap.verify_to(level).unwrap());
    heap
}

#[test]
fn damage_to_free_lists_is_found() {
    let finds = |from: Level, speaks_of: &str, damage: &dyn Fn(&mut Usual)| {
        let mut heap = std::mem::ManuallyDrop::new(with_free_lists());
        damage(&mut heap);
        for level in Level::ALL {
            let found = heap.verify_to(level).err().map(|found| found.to_string());
            assert_eq!(found.is_some(), level >= from, "{speaks_of}: {found:?}");
            assert!(found.is_none_or(|found| found.contains(speaks_of)), "{speaks_of}");
        }
    };
    finds(Level::Counters, "in use, of those allocated", &|heap| heap.counters.bytes_allocated = 100);
    finds(Level::Space, "expected 2 blocks, found less", &|heap| {
        // A block that waits is written to after its death: it is linked to nothing any more.
        let list = heap.free_lists.take(Kind::Tuple, 3, 8).unwrap();
        let last = heap.free_lists.take(Kind::Tuple, 3, 8).unwrap();
        for start in [last, list] {
            // SAFETY: the blocks came off their list just now.
            unsafe { heap.free_lists.put(Kind::Tuple, 3, 8, Block { start, size: 48 }) };
        }
        // SAFETY: a word of a block that the heap holds.
        unsafe { list.cast::<usize>().write(0) };
    });
    finds(Level::Space, "before the next block", &|heap| {
        let tuple = heap.stack.object(NODE);
        let block = Block { start: tuple.start(count::PREFIX), size: 48 };
        // SAFETY: the heap is not used any more but to be checked.
        unsafe { heap.free_lists.put(Kind::Tuple, 3, 8, block) };
        heap.source.allocate(48).unwrap();
        heap.counters.bytes_allocated += 48;
    });
    finds(Level::Space, "as the source gave", &|heap| _ = heap.free_lists.take(Kind::Float, 0, 8));
}

#[test]
fn damage_to_roots_is_found() {
    use Level::Roots;
    // SAFETY: never asked for more than its address.
    let nobody = |node: Ref| unsafe { Ref::from_address(node.address() + 8) };
    finds(Roots, "local 4 from the bottom", |heap, node| {
        heap.stack.replace(SPARE, Some(nobody(node)));
    });
    finds(Roots, "immortal 1", |heap, node| heap.immortals.push(nobody(node)));
    finds(Roots, "count of immortal 0", |heap, _| count::set(heap.immortals[0], 7));
    finds(Roots, "overwritten value 0", |heap, node| {
        heap.overwritten.push(&[std::cell::Cell::new(Some(nobody(node)))]);
    });
    finds(Roots, "a live object", |heap, node| {
        // Freed behind everybody's back; the counters know.
        heap.census.swap_remove(&node);
        heap.counters.objects_freed += 1;
        let block = (node.start(count::PREFIX), count::PREFIX + node.size());
        // SAFETY: the heap is not used any more but to be checked.
        unsafe { heap.source.free(block.0, block.1) };
    });
}

#[test]
fn damage_to_objects_is_found() {
    use Level::Closure;
    finds(Closure, "header of", |_, node| poke(node, 0, peek(node, 0) | 0x1f));
    finds(Closure, "header of", |_, node| poke(node, 0, peek(node, 0) + (1 << 9)));
    finds(Closure, "header of", |_, node| poke(node, 0, peek(node, 0) + (1 << 38)));
    finds(Closure, "header of", |_, node| poke(node, 0, peek(node, 0) ^ Flag::Outline as u64));
    finds(Closure, "storage of", |heap, _| poke(heap.stack.object(LIST), 1, 0xdead_bee8));
    finds(Closure, "found Entry", |heap, _| poke(heap.stack.object(LIST), 2, 8));
    finds(Closure, "slot 2 of", |_, node| poke(node, 3, address(node) + 16));
    finds(Closure, "slot 2 of", |_, node| poke(node, 3, 0x1000));
    finds(Closure, "target of", |heap, node| poke(heap.stack.object(WEAK), 1, address(node) + 16));
}

#[test]
fn damage_to_counts_is_found() {
    use Level::Exact;
    finds(Exact, "(instance): expected 3, found 4", |_, node| count::set(node, 4));
    finds(Exact, "(instance): expected 3, found 2", |_, node| count::set(node, 2));
    finds(Exact, "(instance): expected 3, found 0", |_, node| count::set(node, 0));
    finds(Exact, "(str): expected 1, found 2", |heap, _| heap.stack.replace(TEXT, None).map_or((), |_| ()));
    finds(Exact, "(instance): expected 2, found 3", |_, node| node.slots()[1].set(None));
    finds(Exact, "(instance): expected 4, found 3", |_, node| node.slots()[2].set(Some(node)));
    finds(Exact, "(instance): expected 3, found 2147483655", |_, node| {
        count::set(node, count::SATURATED + 7)
    });
    finds(Exact, "immortal objects", |_, node| count::set(node, count::immortal(count::SATURATED)));
}

#[test]
fn damage_to_attachments_is_found() {
    use Level::Exact;
    finds(Exact, "its flag set", |_, node| node.set_flag(Flag::Attached, false));
    finds(Exact, "in a table", |heap, _| heap.stack.object(LIST).set_flag(Flag::Attached, true));
    finds(Exact, "expected no finalizer", |_, node| node.set_flag(Flag::Finalized, true));
    finds(Exact, "does not", |heap, _| poke(heap.stack.object(WEAK), 1, 0));
    finds(Exact, "as listed", |heap, node| {
        let fresh = heap.create(heapbench_memory::WEAK_SHAPE).unwrap();
        fresh.set_flag(Flag::Attached, true);
        poke(fresh, 1, address(node));
        heap.stack.replace(SPARE, Some(fresh));
    });
}

/// Garbage that only a cycle keeps is part of what is exact.
#[test]
fn damage_to_what_nobody_reaches_is_found_at_the_highest_level() {
    let leak = |heap: &mut Usual| {
        heap.allocate(SPARE, Shape::new(Kind::Instance, 2, 0)).unwrap();
        heap.store(SPARE, 0, SPARE);
        let leaked = heap.stack.object(SPARE);
        heap.clear(SPARE);
        heap.verify().unwrap();
        leaked
    };
    finds(Level::Exact, "expected 1, found 2", |heap, _| count::set(leak(heap), 2));
    finds(Level::Exact, "header of", |heap, _| {
        let leaked = leak(heap);
        poke(leaked, 0, peek(leaked, 0) ^ 1);
    });
    finds(Level::Exact, "slot 1 of", |heap, _| poke(leak(heap), 2, 64));
}

/// The whole life of a count that saturates at 15 references.
#[test]
fn a_saturated_count_is_sound_and_a_wrong_one_is_not() {
    let mut heap = Counts::<15>::new(&HeapConfig::default(), Objects).unwrap();
    let _forever = heap.enter(0, 2).unwrap();
    heap.allocate(LIST, Shape::new(Kind::Tuple, 40, 0)).unwrap();
    heap.allocate(NODE, Shape::new(Kind::Instance, 1, 0)).unwrap();
    let node = heap.stack.object(NODE);
    heap.fill_slots(LIST, 0..13, NODE);
    assert_eq!(count::get(node), 14);
    heap.verify().unwrap();
    heap.fill_slots(LIST, 13..40, NODE);
    assert_eq!(count::get(node), 15, "stuck");
    heap.verify().unwrap();
    heap.clear(NODE);
    heap.clear(LIST);
    assert_eq!((count::get(node), heap.counters().objects_freed), (15, 1), "alive for good");
    heap.verify().unwrap();
    for wrong in [0, 14, 16, 17, u32::MAX] {
        count::set(node, wrong);
        assert!(heap.verify_to(Level::Exact).is_err(), "{wrong}");
    }
}

/// Hooks run in the middle of a cascade, of a bulk operation and of a return, and find the heap sound.
#[test]
fn a_hook_finds_a_sound_heap() {
    let mut heap = heap();
    let check = Hook { run: |heap: &mut Usual, _, _| heap.verify().map_err(|_| HookFailed), data: 0 };
    let frame = heap.enter(0, 3).unwrap();
    let [tuple, node, weak] = [0, 1, 2].map(Local::new);
    heap.allocate(tuple, Shape::new(Kind::Tuple, 20, 0)).unwrap();
    for slot in 0..20 {
        heap.allocate(node, Shape::new(Kind::Instance, 2, 0)).unwrap();
        heap.set_finalizer(node, check).unwrap();
        heap.weak(weak, node, Some(check)).unwrap();
        heap.load_immortal(weak, Immortal(0));
        heap.store(node, 0, weak);
        heap.weak(weak, node, Some(check)).unwrap();
        heap.store(node, 1, weak);
        heap.store_take(tuple, slot, node);
    }
    heap.fill_slots(tuple, 0..5, node);
    heap.copy_slots(tuple, 0..5, tuple, 7);
    heap.resize(tuple, 15, 0).unwrap();
    heap.leave_with(frame, weak);
    let counters = heap.counters();
    assert_eq!((counters.finalizers_run, counters.callbacks_run, counters.hook_failures), (20, 20, 0));
    heap.verify().unwrap();
}
