//! Out of memory at every point: the k-th request for a block, or for room in a table, fails, once or for ever. The
//! heap stays intact, can always collect, and goes on when memory is given back.

use heapbench_heap::{
    Generation, Heap, HeapConfig, Hook, HookFailed, Introspect, Kind, Local, NoRecorder, OutOfMemory, Shape,
};
use heapbench_memory::injection::{self, Request};
use heapbench_strategy_mark_sweep::MarkSweep;

type Marks = MarkSweep<NoRecorder>;

const NODE: Shape = Shape::new(Kind::Instance, 2, 8);
/// Objects that are kept, in the array in local 0.
const KEPT: usize = 600;

fn local(index: u32) -> Local {
    Local::new(index)
}

fn heap(settings: &[(&str, &str)], limit: Option<usize>) -> Marks {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let mut heap = Marks::new(&HeapConfig { settings, limit, ..HeapConfig::default() }, NoRecorder).unwrap();
    let _forever = heap.enter(0, 12).unwrap();
    heap
}

/// A finalizer that does all that takes memory: allocates, saves itself in the kept, attaches, and writes.
fn busy(heap: &mut Marks, object: Local, data: u64) -> Result<(), HookFailed> {
    let failed = |_: OutOfMemory| HookFailed;
    heap.store(local(0), KEPT + data as usize % 50, object);
    heap.allocate(local(10), Shape::new(Kind::List, 30, 0)).map_err(failed)?;
    heap.store(local(10), 3, object);
    heap.weak(local(11), local(10), Some(Hook { run: |_, _, _| Ok(()), data })).map_err(failed)?;
    heap.set_finalizer(local(10), Hook { run: |_, _, _| Err(HookFailed), data }).map_err(failed)?;
    heap.clear(local(10));
    heap.clear(local(11));
    heap.store(local(0), KEPT + 50 + data as usize % 50, object);
    Ok(())
}

/// One step of the work: the kept object with this number, with whatever it needs. It can be repeated.
fn step(heap: &mut Marks, number: usize) -> Result<(), OutOfMemory> {
    heap.allocate(local(1), NODE)?;
    heap.payload_mut(local(1)).copy_from_slice(&number.to_le_bytes());
    heap.load(local(2), local(0), number * 7 % (number + 1));
    heap.store(local(1), 0, local(2));
    heap.store(local(0), number, local(1));
    match number % 8 {
        0 => heap.weak(local(3), local(1), Some(Hook { run: |_, _, _| Ok(()), data: 0 }))?,
        1 => {
            heap.allocate(local(4), NODE)?;
            heap.store(local(4), 0, local(4));
            heap.set_finalizer(local(4), Hook { run: busy, data: number as u64 })?;
            heap.clear(local(4));
        }
        2 => heap.allocate(local(5), Shape::new(Kind::Array, 20 * number as u32, 3))?,
        3 => heap.resize(local(5), 21 * number as u32, 3)?,
        4 if number % 64 == 4 => {
            heap.copy(local(6), local(1));
            heap.immortalize(local(6)).map(drop)?;
        }
        _ => {}
    }
    Ok(())
}

/// Does the work. At an error memory is given back, after a look at the heap, and the step is done again.
fn work(settings: &[(&str, &str)], request: Request, number: u64, forever: bool) -> u64 {
    let mut heap = heap(settings, None);
    heap.allocate(local(0), Shape::new(Kind::Array, KEPT as u32 + 100, 0)).unwrap();
    let mut struck = 0;
    injection::arm(request, number, forever);
    for number in 0..KEPT {
        if step(&mut heap, number).is_err() {
            heap.verify().unwrap();
            assert!(heap.collect(Generation::FULL).is_some(), "a collection needs no memory");
            heap.verify().unwrap();
            struck += injection::disarm();
            step(&mut heap, number).unwrap();
        }
        match number % 256 {
            5 => heap.freeze().unwrap(),
            60 => heap.unfreeze().unwrap(),
            _ => {}
        }
    }
    assert!(heap.collect(Generation::FULL).is_some(), "a collection needs no memory");
    struck += injection::disarm();
    heap.verify().unwrap();
    for number in 0..KEPT {
        heap.load(local(1), local(0), number);
        assert_eq!(heap.payload(local(1)), number.to_le_bytes());
    }
    heap.unfreeze().unwrap();
    (0..12).for_each(|index| heap.clear(local(index)));
    for _ in 0..4 {
        heap.collect(Generation::FULL).unwrap();
    }
    heap.verify().unwrap();
    let (counters, immortal) = (heap.counters(), KEPT.div_ceil(64) as u64);
    assert!(counters.finalizers_run >= KEPT as u64 / 8);
    let live = counters.objects_allocated - counters.objects_freed;
    assert!((immortal..2 * KEPT as u64).contains(&live), "what the immortals refer to, found {live}");
    struck
}

/// For k = 1, 2, … until nothing is struck any more; gives how many k struck.
fn every_point(settings: &[(&str, &str)], request: Request, forever: bool) -> u64 {
    (1..).take_while(|number| work(settings, request, *number, forever) > 0).count() as u64
}

#[test]
fn a_block_may_be_refused_at_any_point() {
    for forever in [false, true] {
        let points = every_point(&[("min", "64KiB")], Request::Block, forever);
        assert!(points > 10, "{points} points");
    }
}

#[test]
fn a_table_may_be_refused_at_any_point() {
    for settings in [&[("min", "64KiB")] as &[_], &[("min", "64KiB"), ("queue", "40"), ("poison", "yes")]] {
        for forever in [false, true] {
            let points = every_point(settings, Request::Metadata, forever);
            assert!(points > 20, "{points} points");
        }
    }
}

/// Wide and deep: each object refers to up to 100 earlier ones, which pile up in the queue; it may not grow.
fn marks_without_memory(limited: bool) {
    let mut heap = heap(&[], None);
    heap.disable();
    let nodes = 30_000;
    heap.allocate(local(0), Shape::new(Kind::Array, nodes, 0)).unwrap();
    for number in 0..nodes as usize {
        heap.allocate(local(1), Shape::new(Kind::Tuple, 100, 0)).unwrap();
        for slot in 0..100.min(number) {
            heap.load(local(2), local(0), (number * 31 + slot * 7919) % number);
            heap.store(local(1), slot, local(2));
        }
        heap.store(local(0), number, local(1));
    }
    heap.take(local(0), local(1));
    heap.clear(local(2));
    heap.verify().unwrap();
    let before = heap.counters();
    if limited {
        heap.set_limit(Some(0));
    } else {
        injection::arm(Request::Metadata, 1, true);
    }
    heap.collect(Generation::FULL).unwrap();
    let after = heap.counters();
    assert!(limited || injection::disarm() > 0);
    heap.verify().unwrap();
    let live = after.objects_allocated - after.objects_freed;
    assert_eq!(after.objects_traced - before.objects_traced, live);
    assert!(after.slots_traced - before.slots_traced > 100 * live, "some were looked at again");
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0, "exact all the same");
}

#[test]
fn a_collection_marks_all_without_memory_for_its_queue() {
    marks_without_memory(false);
    marks_without_memory(true);
}

#[test]
fn no_table_passes_the_limit() {
    for limit in [256 << 10, 512 << 10, 1 << 20] {
        let mut heap = heap(&[], Some(limit));
        heap.allocate(local(0), Shape::new(Kind::Array, KEPT as u32 + 100, 0)).unwrap();
        let (mut done, mut refused) = (0, 0);
        while refused < 100 && done < 50_000 {
            if step(&mut heap, done % KEPT).is_ok() {
                done += 1
            } else {
                refused += 1
            }
            if done % 16 == 2 && !heap.is_nil(local(3)) && heap.immortalize(local(3)).is_err() {
                refused += 1;
            }
            let held = heap.footprint().held_bytes;
            assert!(held <= limit, "{held} bytes held under {limit} after {done} steps");
        }
        assert!(done > 100 && refused == 100, "{done} steps under {limit}");
        heap.verify().unwrap();
        heap.set_limit(None);
        step(&mut heap, 1).unwrap();
    }
}
