//! Planted damage: each kind is found at its own level and at none below it.

use super::*;
use crate::size_class::UNIT;
use heapbench_heap::{Generation, Heap, HeapConfig, Hook, Introspect, Local, NoRecorder, Shape};
use heapbench_memory::sanitizer;
use std::cell::Cell;
use std::ptr::NonNull;

type Marks = MarkSweep<NoRecorder>;

fn local(index: u32) -> Local {
    Local::new(index)
}

/// A list with a buffer, a node, a large array and a weak reference, in locals 0 to 3; local 4 is free.
fn heap(settings: &[(&str, &str)]) -> Marks {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let mut heap = Marks::new(&HeapConfig { settings, ..HeapConfig::default() }, NoRecorder).unwrap();
    let _forever = heap.enter(0, 5).unwrap();
    heap.allocate(local(0), Shape::new(Kind::List, 9, 0)).unwrap();
    heap.allocate(local(1), Shape::new(Kind::Instance, 3, 0)).unwrap();
    heap.allocate(local(2), Shape::new(Kind::Array, 5000, 0)).unwrap();
    heap.weak(local(3), local(1), None).unwrap();
    heap.store(local(0), 4, local(1));
    heap.collect(Generation::FULL).unwrap();
    heap.verify().unwrap();
    heap
}

fn node(heap: &mut Marks, at: u32) {
    heap.allocate(local(at), Shape::new(Kind::Instance, 3, 0)).unwrap();
}

fn at(heap: &Marks, index: u32) -> usize {
    heap.stack.object(local(index)).address()
}

fn word(address: usize) -> &'static Cell<u64> {
    let start = NonNull::new(std::ptr::with_exposed_provenance_mut(address)).unwrap();
    // To touch the dead is the point here.
    sanitizer::unpoison(start, 8);
    // SAFETY: an address inside a cell of the heap under test, which outlives the use.
    unsafe { &*std::ptr::with_exposed_provenance::<Cell<u64>>(address) }
}

fn poke(address: usize, value: u64) {
    word(address).set(value);
}

fn peek(address: usize) -> u64 {
    word(address).get()
}

fn not_an_object() -> Ref {
    // SAFETY: never asked for more than its address.
    unsafe { Ref::from_address(64) }
}

/// Plants the damage and expects a report that speaks of it, from this level on.
fn finds_in(heap: &mut Marks, from: Level, speaks_of: &str, damage: impl FnOnce(&mut Marks)) {
    damage(heap);
    for level in Level::ALL {
        match heap.verify_to(level) {
            Ok(()) => assert!(level < from, "'{speaks_of}' is not found at {level:?}"),
            Err(found) => {
                let found = found.to_string();
                assert!(level >= from, "'{found}' is found at {level:?} already");
                assert!(found.contains(speaks_of), "'{found}' does not speak of '{speaks_of}'");
                assert!(!found.contains('\n'), "{found}");
            }
        }
    }
}

fn finds(from: Level, speaks_of: &str, damage: impl FnOnce(&mut Marks)) {
    finds_in(&mut heap(&[]), from, speaks_of, damage);
}

#[test]
fn damage_to_the_counters_is_found() {
    finds(Level::Counters, "objects freed: expected at most", |heap| heap.counters.objects_freed += 10);
    finds(Level::Counters, "bytes freed: expected at most", |heap| heap.counters.bytes_freed += 1 << 30);
    finds(Level::Counters, "expected 0 collected", |heap| heap.counters.objects_freed += 1);
    finds(Level::Counters, "at least 16 bytes each", |heap| heap.counters.objects_allocated += 1 << 20);
    finds(Level::Counters, "live bytes: expected at most", |heap| heap.counters.bytes_allocated += 1 << 30);
    finds(Level::Counters, "bytes outside the space", |heap| heap.immortals.reserve(7));
    finds(Level::Exact, "objects in use: expected 5", |heap| heap.counters.objects_allocated += 1);
    finds(Level::Exact, "bytes in use", |heap| heap.counters.bytes_freed += 1);
}

#[test]
fn damage_to_the_space_is_found() {
    use Level::Space;
    finds(Space, "found a bit inside", |heap| {
        heap.space.live.set(at(heap, 1) + 16);
    });
    finds(Space, "the bit of one cell", |heap| {
        let storage = heap.stack.object(local(2)).storage_block().unwrap();
        heap.space.live.set(storage.start.addr().get() + 16);
    });
    finds(Space, "no bit where nothing is", |heap| {
        let storage = heap.stack.object(local(2)).storage_block().unwrap();
        heap.space.marks.set(storage.start.addr().get() + 2 * UNIT);
    });
    finds(Space, "expected 1 owner", |heap| {
        let (first, _) = heap.space.runs.next(0).unwrap();
        heap.space.runs.remove(first);
    });
    finds(Space, "to hand out", |heap| {
        node(heap, 4);
        heap.space.live.clear(at(heap, 4) + 32);
    });
    finds(Space, "unswept block", |heap| {
        let (first, _) = heap.space.runs.next(0).unwrap();
        let mut list = heap.space.cursors[63].unswept;
        heap.space.runs.push(&mut list, first);
        heap.space.cursors[63].unswept = list;
    });
    finds(Space, "expected block <= window", |heap| {
        node(heap, 4);
        heap.space.cursors[1].window = 8;
    });
    finds(Space, "expected a block of its class", |heap| {
        node(heap, 4);
        heap.space.cursors[2].stop = heap.space.cursors[1].stop;
    });
}

#[test]
fn damage_to_the_roots_is_found() {
    finds(Level::Roots, "an immortal", |heap| {
        heap.immortals.push(not_an_object());
        heap.space.outside = heap.outside_bytes();
    });
    finds(Level::Roots, "a local", |heap| heap.space.live.clear(at(heap, 0)));
    finds(Level::Roots, "a frozen object", |heap| {
        node(heap, 4);
        heap.freeze().unwrap();
        heap.space.live.clear(at(heap, 4));
        heap.clear(local(4));
    });
    finds(Level::Roots, "a remembered object", |heap| {
        heap.remembered.push(not_an_object());
        heap.space.outside = heap.outside_bytes();
    });
}

#[test]
fn damage_to_reachable_objects_is_found() {
    use Level::Closure;
    finds(Closure, "expected a kind", |heap| poke(at(heap, 1), peek(at(heap, 1)) | 0x1f));
    finds(Closure, "expected a cell in use for", |heap| poke(at(heap, 1), peek(at(heap, 1)) + (9 << 38)));
    finds(Closure, "pointer to storage", |heap| poke(at(heap, 0) + 8, 0xdead_bee8));
    finds(Closure, "pointer to storage", |heap| poke(at(heap, 0) + 8, at(heap, 1) as u64));
    finds(Closure, "slot 2 of", |heap| poke(at(heap, 1) + 24, at(heap, 1) as u64 + 16));
    finds(Closure, "slot 2 of", |heap| poke(at(heap, 1) + 24, 0x1000));
    finds(Closure, "target of", |heap| poke(at(heap, 3) + 8, at(heap, 1) as u64 + 16));
    finds(Closure, "slot 4 of", |heap| {
        heap.space.live.clear(at(heap, 1));
        heap.clear(local(1));
        heap.clear(local(3));
    });
}

#[test]
fn damage_to_unreachable_objects_and_tables_is_found() {
    use Level::Exact;
    finds(Exact, "slot 2 of", |heap| {
        node(heap, 4);
        poke(at(heap, 4) + 24, 0x1000);
        heap.clear(local(4));
    });
    finds(Exact, "second owner", |heap| {
        heap.allocate(local(4), Shape::new(Kind::List, 9, 0)).unwrap();
        poke(at(heap, 4) + 8, peek(at(heap, 0) + 8));
    });
    finds(Exact, "item buffers in use", |heap| {
        assert!(heap.space.allocate(100, Contents::Storage, false).is_some());
    });
    finds(Exact, "expected no marks", |heap| {
        heap.space.marks.set(at(heap, 1));
    });
    finds(Exact, "weak references: expected 0", |heap| heap.weak_references.clear());
    finds(Exact, "listed once", |heap| {
        node(heap, 4);
        heap.weak(local(4), local(4), None).unwrap();
        heap.weak_references[1] = heap.weak_references[0];
    });
    finds(Exact, "with a target", |heap| {
        let weak = heap.stack.object(local(3));
        poke(weak.address() + 8, 0);
    });
    finds(Exact, "a weak reference, expected its flag", |heap| {
        heap.stack.object(local(3)).set_flag(Flag::Attached, false);
    });
    finds(Exact, "a table to know it", |heap| heap.stack.object(local(0)).set_flag(Flag::Attached, true));
    finds(Exact, "expected no finalizer", |heap| {
        heap.set_finalizer(local(0), Hook { run: |_, _, _| Ok(()), data: 0 }).unwrap();
        heap.stack.object(local(0)).set_flag(Flag::Finalized, true);
    });
    finds(Exact, "with room for 1", |heap| {
        heap.doomed = Vec::new();
        heap.space.outside = heap.outside_bytes();
    });
    finds(Exact, "the attachment tables", |heap| {
        node(heap, 4);
        let weak = at(heap, 3);
        heap.weak(local(4), local(4), None).unwrap();
        heap.clear(local(4));
        // The second target dies behind the tables' back, and its weak reference gets the first one's target.
        let second = heap.weak_references[1].address();
        let target = peek(second + 8) as usize;
        poke(second + 8, peek(weak + 8));
        heap.space.live.clear(target);
        heap.counters.objects_allocated -= 1;
        heap.counters.bytes_allocated -= 32;
    });
}

#[test]
fn a_write_to_free_memory_is_found() {
    let poisoned = || {
        let mut heap = heap(&[("poison", "yes")]);
        node(&mut heap, 4);
        let dead = at(&heap, 4);
        heap.clear(local(4));
        heap.collect(Generation::FULL).unwrap();
        heap.verify().unwrap();
        assert_eq!(peek(dead), 0xDDDD_DDDD_DDDD_DDDD, "filled when it was reclaimed");
        (heap, dead)
    };
    let (mut heap, dead) = poisoned();
    finds_in(&mut heap, Level::Space, "found 0x0: it was written to", |_| {
        poke(dead + 16, 0xDD00_DDDD_DDDD_DDDD)
    });
    let (mut heap, dead) = poisoned();
    finds_in(&mut heap, Level::Space, "byte 0 of free memory: expected 0xdd, found 0x1", |heap| {
        poke(dead, 0xDDDD_DDDD_DDDD_DD01);
        node(heap, 4);
        assert_eq!(at(heap, 4), dead, "handed out again");
    });
    let (mut heap, dead) = poisoned();
    finds_in(&mut heap, Level::Space, "expected 0xcd, found 0x2", |_| poke(dead + 32, 0xCDCD_CDCD_CDCD_02CD));
    let (mut heap, _) = poisoned();
    finds_in(&mut heap, Level::Space, "byte 4080 of free memory: expected 0xdd", |heap| {
        let storage = heap.stack.object(local(2)).storage_block().unwrap();
        heap.clear(local(2));
        heap.collect(Generation::FULL).unwrap();
        poke(storage.start.addr().get() + UNIT - 16, 7);
    });
}

#[test]
fn right_after_a_collection_all_that_is_in_use_is_reached() {
    let mut heap = heap(&[]);
    node(&mut heap, 4);
    heap.clear(local(4));
    assert_eq!(heap.unreached().unwrap(), 1);
    heap.collect(Generation::FULL).unwrap();
    assert_eq!(heap.unreached().unwrap(), 0);
}
