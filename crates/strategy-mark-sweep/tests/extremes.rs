//! Depth, width, size and fragmentation, on a small stack.

use heapbench_heap::{Generation, Heap, HeapConfig, Kind, Local, NoRecorder, Shape};
use heapbench_strategy_mark_sweep::MarkSweep;

type Marks = MarkSweep<NoRecorder>;

const NODE: Shape = Shape::new(Kind::Instance, 1, 0);

fn local(index: u32) -> Local {
    Local::new(index)
}

fn heap(settings: &[(&str, &str)], limit: Option<usize>) -> Marks {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let mut heap = Marks::new(&HeapConfig { settings, limit, ..HeapConfig::default() }, NoRecorder).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    heap
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

/// A chain of objects, local 0 holds the last made; local 1 keeps the first.
fn chain(heap: &mut Marks, length: usize, shape: Shape) {
    for index in 0..length {
        heap.allocate(local(2), shape).unwrap();
        if index == 0 {
            heap.copy(local(1), local(2));
        }
        heap.store_take(local(2), 0, local(0));
        heap.take(local(0), local(2));
    }
}

/// A chain, closed to a ring, survives whole and dies whole.
fn chain_and_ring(length: usize, shape: Shape, settings: &[(&str, &str)]) {
    let mut heap = heap(settings, None);
    for ring in [false, true] {
        chain(&mut heap, length, shape);
        if ring {
            heap.store(local(1), 0, local(0));
        }
        heap.clear(local(1));
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
        heap.verify().unwrap();
        heap.clear(local(0));
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, length as u64);
        heap.verify().unwrap();
    }
}

#[test]
fn chains_rings_and_nests_need_no_native_stack() {
    on_a_small_stack(|| {
        chain_and_ring(1_000_000, NODE, &[]);
        chain_and_ring(1_000_000, Shape::new(Kind::List, 1, 0), &[]);
        // With a queue of one entry, which is no help at all, in rounds over what was left.
        chain_and_ring(100_000, Shape::new(Kind::Instance, 3, 0), &[("queue", "1")]);
    });
}

#[test]
#[ignore = "10 million objects: seconds, and a gigabyte"]
fn ten_million_in_a_chain_or_ring() {
    on_a_small_stack(|| chain_and_ring(10_000_000, NODE, &[]));
}

/// An object with so many slots, which refer to one child, or to an object each.
fn wide(slots: u32) {
    let mut heap = heap(&[], None);
    for distinct in [false, true] {
        heap.allocate(local(0), Shape::new(Kind::Tuple, slots, 0)).unwrap();
        heap.allocate(local(1), NODE).unwrap();
        heap.fill_slots(local(0), 0..slots as usize, local(1));
        if distinct {
            for slot in 0..slots as usize {
                heap.allocate(local(1), NODE).unwrap();
                heap.store(local(0), slot, local(1));
            }
        }
        heap.clear(local(1));
        heap.collect(Generation::FULL).unwrap();
        heap.verify().unwrap();
        let objects = if distinct { 1 + u64::from(slots) } else { 2 };
        let traced = heap.counters().objects_traced;
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
        assert_eq!(heap.counters().objects_traced - traced, objects);
        heap.clear(local(0));
        assert_eq!(heap.collect(Generation::FULL).unwrap().objects, objects);
    }
}

#[test]
fn a_million_slots() {
    on_a_small_stack(|| wide(1_000_000));
}

#[test]
#[ignore = "10 million objects: seconds, and half a gigabyte"]
fn ten_million_slots() {
    on_a_small_stack(|| wide(10_000_000));
}

#[test]
fn a_payload_of_a_gibibyte() {
    let mut heap = heap(&[], None);
    let bytes = 1 << 30;
    heap.allocate(local(0), Shape::new(Kind::Bytes, 0, bytes)).unwrap();
    heap.payload_mut(local(0))[bytes - 1] = 9;
    assert_eq!(heap.collect(Generation::FULL).unwrap().objects, 0);
    heap.verify().unwrap();
    assert_eq!((heap.payload(local(0)).len(), heap.payload(local(0))[bytes - 1]), (bytes, 9));
    heap.clear(local(0));
    heap.collect(Generation::FULL).unwrap();
    heap.collect(Generation::FULL).unwrap();
    assert!(heap.footprint().held_bytes < 32 << 20, "{:?}", heap.footprint());
}

/// Robson's pattern: fills the heap with small objects, drops all but one in `every`, and asks for twice the size.
fn fragment(bytes: usize, every: usize) {
    let limit = 8 << 20;
    let mut heap = heap(&[], Some(limit));
    let small = Shape::new(Kind::Instance, 1, bytes);
    let mut objects = 0;
    while heap.allocate(local(1), small).is_ok() {
        // Two chains: the survivors, and what is dropped.
        let slot = if objects % every == 0 { local(0) } else { local(2) };
        heap.store(local(1), 0, slot);
        heap.copy(slot, local(1));
        objects += 1;
    }
    heap.clear(local(1));
    heap.clear(local(2));
    heap.collect(Generation::FULL).unwrap();
    let now = heap.footprint();
    let survivors = objects.div_ceil(every);
    assert_eq!(now.live_bytes, survivors * (16 + bytes).next_multiple_of(8));
    assert!(now.held_bytes <= limit && now.held_bytes > 4 * now.live_bytes, "fragmentation shows: {now:?}");
    // Blocks with a survivor each are of no use to another size.
    let large = Shape::new(Kind::Instance, 1, 2 * bytes);
    let mut refused = 0;
    while refused < 5 {
        let before = heap.counters().collections[2];
        match heap.allocate(local(1), large) {
            Ok(()) => {
                heap.store(local(1), 0, local(3));
                heap.take(local(3), local(1));
            }
            Err(_) => refused += 1,
        }
        let collections = heap.counters().collections[2] - before;
        assert!(collections <= 2, "{collections} collections for one allocation");
    }
    heap.verify().unwrap();
    // The holes are of use to the size that made them.
    heap.allocate(local(1), small).unwrap();
    heap.verify().unwrap();
}

#[test]
fn fragmentation_is_survived_and_shows() {
    for (bytes, every) in [(16, 100), (48, 8), (112, 64), (1000, 16), (3000, 16)] {
        fragment(bytes, every);
    }
}
