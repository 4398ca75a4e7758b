//! What a tracing heap answers of `gc` and `sys`.

use heapbench_heap::{
    Generation, Heap, HeapConfig, Hook, HookFailed, Introspect, Kind, Local, NoRecorder, Shape,
};
use heapbench_memory::injection::{self, Request};
use heapbench_strategy_mark_sweep::MarkSweep;

type Marks = MarkSweep<NoRecorder>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const LIST: Local = Local::new(2);
const ITEM: Local = Local::new(3);

fn heap() -> Marks {
    let mut heap = Marks::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    heap
}

#[test]
fn referents_are_what_the_slots_hold() {
    let mut heap = heap();
    heap.allocate(A, Shape::new(Kind::Tuple, 4, 0)).unwrap();
    heap.allocate(B, Shape::new(Kind::Float, 0, 8)).unwrap();
    heap.store(A, 1, B);
    heap.store(A, 3, A);
    heap.referents(LIST, A).unwrap();
    assert_eq!(heap.shape(LIST), Shape::new(Kind::List, 2, 0));
    for (slot, expected) in [(0, B), (1, A)] {
        heap.load(ITEM, LIST, slot);
        assert!(heap.is_same(ITEM, expected));
    }
    heap.referents(A, A).unwrap();
    assert_eq!(heap.shape(A).kind, Kind::List, "the list takes the object's place");
    heap.referents(LIST, B).unwrap();
    assert_eq!(heap.shape(LIST).slots, 0);
    heap.verify().unwrap();
}

/// The list has no room, the collection that makes some runs a finalizer, and that takes the object's referents away.
#[test]
fn referents_are_those_after_the_hooks_of_a_collection() {
    let mut heap = heap();
    heap.allocate(A, Shape::new(Kind::Tuple, 40, 0)).unwrap();
    heap.fill_slots(A, 0..40, A);
    heap.allocate(B, Shape::new(Kind::Instance, 1, 0)).unwrap();
    let empty = |heap: &mut Marks, _: Local, _: u64| {
        heap.fill_slots(A, 1..40, ITEM);
        Ok::<(), HookFailed>(())
    };
    heap.set_finalizer(B, Hook { run: empty, data: 0 }).unwrap();
    heap.clear(B);
    injection::arm(Request::Block, 1, false);
    heap.referents(LIST, A).unwrap();
    let struck = injection::disarm();
    assert_eq!((struck, heap.counters().finalizers_run), (1, 1));
    assert_eq!(heap.shape(LIST).slots, 1);
    heap.verify().unwrap();
}

#[test]
fn finalized_and_sizes_are_told() {
    let mut heap = heap();
    heap.allocate(A, Shape::new(Kind::Instance, 2, 0)).unwrap();
    assert_eq!((heap.is_finalized(A), heap.size_of(A)), (Ok(false), Ok(24)));
    let save = |heap: &mut Marks, object: Local, _: u64| {
        heap.copy(B, object);
        Ok::<(), HookFailed>(())
    };
    heap.set_finalizer(A, Hook { run: save, data: 0 }).unwrap();
    heap.clear(A);
    heap.collect(Generation::FULL).unwrap();
    assert_eq!(heap.is_finalized(B), Ok(true));
    heap.allocate(A, Shape::new(Kind::List, 3, 0)).unwrap();
    assert_eq!(heap.size_of(A), Ok(8 + 24 + 24), "its items too");
}
