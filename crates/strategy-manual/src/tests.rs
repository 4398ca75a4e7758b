//! The semantics of the trait as this strategy has them, with deaths and without.

mod damage;

use super::*;
use heapbench_heap::{Deaths, Introspect, NoRecorder};
use heapbench_memory::{Poisoned, Pools, System};
use std::sync::Arc;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const NIL: Local = Local::new(3);

const PAIR: Shape = Shape::new(Kind::Tuple, 2, 0);
const LIST: Shape = Shape::new(Kind::List, 3, 0);
const INT: Shape = Shape::new(Kind::Int, 0, 8);

/// Keeps every event.
#[derive(Debug, Default)]
struct Events {
    allocated: Vec<usize>,
    died: Vec<usize>,
    pauses: Vec<Work>,
}

use heapbench_heap::{Pause, Work};

impl Recorder for Events {
    const OBJECTS: bool = true;
    const CASCADE_FLOOR: u64 = 3;

    fn allocated(&mut self, address: usize, _: Shape, _: usize) {
        self.allocated.push(address);
    }

    fn died(&mut self, address: usize) {
        self.died.push(address);
    }

    fn pause_stopped(&mut self, pause: Pause, work: Work) {
        assert_eq!(pause, Pause::Cascade);
        self.pauses.push(work);
    }
}

/// A heap under these settings, of a program that allocates objects of these kinds, with these deaths.
fn heap<M: MemorySource, R: Recorder + Default>(
    settings: &[(&str, &str)],
    kinds: &[Kind],
    deaths: &[(u32, u32)],
) -> (Manual<M, R>, Frame) {
    let config = HeapConfig {
        settings: settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        deaths: Some(Arc::new(Deaths::new(kinds.to_vec(), deaths).unwrap())),
        ..HeapConfig::default()
    };
    let mut heap = Manual::new(&config, R::default()).unwrap();
    let frame = heap.enter(0, 4).unwrap();
    (heap, frame)
}

fn region<R: Recorder + Default>() -> (Manual<Pools, R>, Frame) {
    let mut heap = Manual::new(&HeapConfig::default(), R::default()).unwrap();
    let frame = heap.enter(0, 4).unwrap();
    (heap, frame)
}

#[test]
fn the_dead_are_freed_before_the_next_allocation_and_their_slots_are_not_followed() {
    let kinds = [Kind::Tuple, Kind::Int, Kind::Int, Kind::Tuple];
    let (mut heap, _frame) = heap::<Pools, Events>(&[], &kinds, &[(0, 2), (1, 3)]);
    heap.allocate(A, PAIR).unwrap();
    heap.allocate(B, INT).unwrap();
    heap.store(A, 0, B);
    heap.clear(A);
    assert!(heap.recorder().died.is_empty());
    heap.allocate(C, INT).unwrap();
    assert_eq!(heap.recorder().died, heap.recorder().allocated[..1]);
    assert_eq!((heap.counters().objects_freed, heap.payload(B).len()), (1, 8));
    heap.clear(B);
    heap.allocate(A, PAIR).unwrap();
    heap.verify().unwrap();
    let freed = heap.counters();
    assert_eq!((freed.objects_freed, freed.bytes_freed, heap.footprint().live_bytes), (2, 40, 40));
}

#[test]
fn many_frees_at_once_are_a_pause() {
    let (mut heap, _frame) = heap::<Pools, Events>(&[], &[Kind::Int; 5], &[(0, 2), (1, 2), (2, 4), (3, 4)]);
    for _ in 0..5 {
        heap.allocate(A, INT).unwrap();
    }
    assert_eq!(heap.recorder().pauses, []);
    let (mut heap, _frame) = self::heap::<Pools, Events>(&[], &[Kind::Int; 4], &[(0, 3), (1, 3), (2, 3)]);
    for _ in 0..4 {
        heap.allocate(A, INT).unwrap();
    }
    assert_eq!(heap.recorder().pauses, [Work { traced: 0, freed: 3 }]);
    assert_eq!(heap.peak_live_bytes(), 3 * 16);
}

#[test]
fn a_weak_reference_to_the_dead_gives_nothing_freed_or_not() {
    let kinds = [Kind::Tuple, Kind::Weak, Kind::Int, Kind::Int];
    let (mut heap, _frame) = heap::<Pools, Events>(&[], &kinds, &[(0, 3)]);
    heap.allocate(A, PAIR).unwrap();
    heap.weak(B, A, None).unwrap();
    heap.allocate(C, INT).unwrap();
    assert!(heap.upgrade(C, B) && heap.is_same(A, C), "it dies soon, and is alive");
    heap.clear(A);
    assert!(heap.upgrade(A, B));
    heap.clear(A);
    heap.clear(C);
    assert!(!heap.upgrade(A, B) && heap.is_nil(A), "it is dead, and not freed");
    assert_eq!(heap.counters().objects_freed, 0);
    heap.allocate(C, INT).unwrap();
    assert!(!heap.upgrade(A, B) && heap.is_nil(A));
    assert_eq!(heap.counters().objects_freed, 1);
    heap.verify().unwrap();
}

#[test]
fn walking_frees_nothing_and_ignoring_knows_nothing() {
    let deaths = [(0, 1), (1, 2)];
    for (schedule, blocks) in [("walk", Ok(3)), ("ignore", Err(heapbench_heap::Unsupported))] {
        let (mut heap, _frame) =
            heap::<System, NoRecorder>(&[("schedule", schedule)], &[Kind::Int; 3], &deaths);
        for _ in 0..3 {
            heap.allocate(A, INT).unwrap();
        }
        heap.clear(A);
        assert_eq!((heap.counters().objects_freed, heap.allocated_blocks()), (0, blocks));
        assert!(!heap.reset());
        heap.verify().unwrap();
    }
}

#[test]
fn a_region_ends_when_nothing_is_held() {
    let (mut heap, _frame) = region::<Events>();
    heap.allocate(A, LIST).unwrap();
    heap.weak(B, A, None).unwrap();
    heap.resize(A, 30, 7).unwrap();
    assert!(!heap.reset());
    heap.clear(A);
    assert!(heap.upgrade(A, B), "nothing is freed before the end");
    heap.clear(A);
    heap.clear(B);
    assert!(heap.reset());
    assert_eq!((heap.recorder().died.len(), heap.footprint().live_bytes), (2, 0));
    heap.verify().unwrap();
}

#[test]
fn padding_is_in_front_and_counts() {
    let settings = [("header", "8"), ("container-header", "16")];
    let (mut heap, _frame) = heap::<Pools, Events>(&settings, &[Kind::Tuple, Kind::Int], &[]);
    heap.allocate(A, PAIR).unwrap();
    heap.allocate(B, INT).unwrap();
    assert_eq!((heap.size_of(A), heap.size_of(B)), (Ok(24 + 24), Ok(8 + 16)));
    assert_eq!(heap.footprint().live_bytes, 48 + 24);
    heap.verify().unwrap();
}

#[test]
fn the_first_allocation_of_another_kind_ends_all_belief() {
    let (mut heap, _frame) =
        heap::<Pools, NoRecorder>(&[], &[Kind::Int, Kind::Tuple, Kind::Int], &[(0, 1), (1, 2)]);
    heap.allocate(A, INT).unwrap();
    heap.verify().unwrap();
    for _ in 0..3 {
        heap.allocate(A, LIST).unwrap();
    }
    assert_eq!(heap.counters().objects_freed, 0, "nothing is freed any more");
    let told = heap.verify_to(Level::Counters).unwrap_err().what;
    let expected =
        "allocation 1 is of kind list, expected kind tuple: the deaths are those of another program";
    assert_eq!(told, expected);
}

#[test]
fn a_free_that_comes_too_early_is_refused_where_each_is_proven() {
    let deaths = [(0, 1)];
    let settings = [("check", "yes")];
    let (mut heap, _frame) = heap::<Pools, NoRecorder>(&settings, &[Kind::Tuple, Kind::Int], &deaths);
    heap.allocate(A, PAIR).unwrap();
    heap.allocate(B, INT).unwrap();
    assert_eq!(heap.counters().objects_freed, 0);
    let told = heap.verify().unwrap_err().what;
    assert!(
        told.starts_with("object 0 of kind tuple is to be freed before allocation 1, expected"),
        "{told}"
    );
}

#[test]
fn a_free_that_comes_too_early_shows_in_poisoned_memory() {
    let (mut heap, _frame) = heap::<Poisoned<Pools>, NoRecorder>(&[], &[Kind::Tuple, Kind::Int], &[(0, 1)]);
    heap.allocate(A, PAIR).unwrap();
    heap.allocate(B, INT).unwrap();
    assert!(heap.verify_to(Level::Roots).unwrap_err().what.contains("expected an object not freed"));
    assert_ne!(heap.shape(A), PAIR, "the header is poison");
    heap.verify_to(Level::Space).unwrap();
    heap.store(A, 1, B);
    let told = heap.verify_to(Level::Space).unwrap_err().what;
    assert!(told.contains("expected 0xdd"), "the write is seen: {told}");
}
