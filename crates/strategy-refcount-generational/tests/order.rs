//! In which order finalizers, callbacks and deaths come: the sentences of `Heap`'s section on death, one test each, with
//! what CPython 3.13.0 does in the same program (a class with slots, `__del__` and `weakref.ref`).

use heapbench_heap::{
    Generation, Heap, HeapConfig, Hook, HookFailed, Immortal, Kind, Local, Recorder, Shape,
};
use heapbench_memory::Pools;
use heapbench_strategy_refcount_generational::Generational;
use std::collections::HashMap;

/// What happens, in words, by the names of objects.
#[derive(Default)]
struct Log {
    names: HashMap<usize, char>,
    words: Vec<String>,
}

impl Recorder for Log {
    const OBJECTS: bool = true;

    fn died(&mut self, address: usize) {
        if let Some(name) = self.names.remove(&address) {
            self.words.push(format!("died {name}"));
        }
    }
}

type H = Generational<Pools, Log>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const W: Local = Local::new(3);
const V: Local = Local::new(4);

/// Where hooks save their object.
const SAVED: Immortal = Immortal(0);

/// What a hook does after it has told of itself.
#[derive(Clone, Copy)]
enum Action {
    Nothing,
    /// `self.slots[0] = None`
    Cut,
    /// `saved = self`
    Save,
    /// `saved = self.slots[1]`
    SaveSecond,
    /// `gc.collect()`
    Collect,
    /// A new ring of one.
    Allocate,
}

const ACTIONS: [Action; 6] =
    [Action::Nothing, Action::Cut, Action::Save, Action::SaveSecond, Action::Collect, Action::Allocate];

fn hook(name: char, action: Action) -> Hook<H> {
    Hook { run, data: (name as u64) << 8 | action as u64 }
}

/// The hook's code, with its object, nil, and the tuple of the saved as locals.
fn run(heap: &mut H, object: Local, data: u64) -> Result<(), HookFailed> {
    let (name, action) = (char::from((data >> 8) as u8), ACTIONS[(data & 0xff) as usize]);
    let word = if heap.shape(object).kind == Kind::Weak { "called" } else { "finalized" };
    heap.recorder_mut().words.push(format!("{word} {name}"));
    let frame = heap.enter(1, 3).map_err(|_| HookFailed)?;
    match action {
        Action::Nothing => {}
        Action::Cut => heap.store(A, 0, B),
        Action::Save | Action::SaveSecond => {
            if matches!(action, Action::SaveSecond) {
                heap.load(B, A, 1);
            } else {
                heap.copy(B, A);
            }
            heap.load_immortal(C, SAVED);
            heap.store(C, 0, B);
        }
        Action::Collect => {
            let collected = heap.collect(Generation::FULL).map_or(0, |collected| collected.objects);
            heap.recorder_mut().words.push(format!("collected {collected}"));
        }
        Action::Allocate => {
            heap.allocate(B, Shape::new(Kind::Instance, 2, 0)).map_err(|_| HookFailed)?;
            heap.store(B, 0, B);
        }
    }
    heap.leave_with(frame, A);
    heap.recorder_mut().words.push(format!("end {name}"));
    Ok(())
}

fn heap() -> H {
    let mut heap = H::new(&HeapConfig::default(), Log::default()).unwrap();
    let _forever = heap.enter(0, 5).unwrap();
    heap.allocate(A, Shape::new(Kind::Tuple, 1, 0)).unwrap();
    assert_eq!(heap.immortalize(A), Ok(SAVED));
    heap
}

/// A new object with two slots and a finalizer.
fn new(heap: &mut H, local: Local, name: char, action: Action) {
    heap.allocate(local, Shape::new(Kind::Instance, 2, 0)).unwrap();
    let address = heap.stack.object(local).address();
    heap.recorder_mut().names.insert(address, name);
    heap.set_finalizer(local, hook(name, action)).unwrap();
}

fn drop_all(heap: &mut H) {
    [A, B, C].into_iter().for_each(|local| heap.clear(local));
    heap.verify().unwrap();
}

/// A full collection, and what it told. What CPython prints as the end of a finalizer that did something is left out
/// where it says nothing.
fn collect(heap: &mut H) -> (u64, Vec<String>) {
    let objects = heap.collect(Generation::FULL).unwrap().objects;
    heap.verify().unwrap();
    (objects, words(heap))
}

fn words(heap: &mut H) -> Vec<String> {
    std::mem::take(&mut heap.recorder_mut().words)
}

/// a.0 = b, b.0 = c, c.0 = a.
fn ring(heap: &mut H, actions: [Action; 3]) {
    for ((local, name), action) in [(A, 'a'), (B, 'b'), (C, 'c')].into_iter().zip(actions) {
        new(heap, local, name, action);
    }
    heap.store(A, 0, B);
    heap.store(B, 0, C);
    heap.store(C, 0, A);
}

#[test]
fn finalizers_of_a_ring_run_before_any_of_it_dies() {
    let mut heap = heap();
    ring(&mut heap, [Action::Nothing; 3]);
    drop_all(&mut heap);
    let (objects, told) = collect(&mut heap);
    assert_eq!(objects, 3);
    assert_eq!(told[..6], ["finalized a", "end a", "finalized b", "end b", "finalized c", "end c"]);
    assert_eq!(told.len(), 9, "{told:?}");
}

/// CPython: fin A, fin B, end A, fin C.
#[test]
fn what_a_finalizer_cuts_off_dies_by_counting_within_it() {
    let mut heap = heap();
    for (local, name, action) in [(A, 'a', Action::Cut), (B, 'b', Action::Nothing), (C, 'c', Action::Nothing)]
    {
        new(&mut heap, local, name, action);
    }
    heap.store(A, 0, B);
    heap.store(B, 0, A);
    heap.store(A, 1, C);
    heap.store(C, 0, A);
    drop_all(&mut heap);
    let (objects, told) = collect(&mut heap);
    assert_eq!(objects, 3);
    assert_eq!(told[..6], ["finalized a", "finalized b", "end b", "died b", "end a", "finalized c"]);
}

/// CPython: fin A, fin B, fin C, end C, end B, end A.
#[test]
fn a_ring_in_which_all_cut_dies_within_the_first_finalizer() {
    let mut heap = heap();
    ring(&mut heap, [Action::Cut; 3]);
    drop_all(&mut heap);
    let (objects, told) = collect(&mut heap);
    let expected = [
        ["finalized a", "finalized b", "finalized c"],
        ["end c", "died c", "end b"],
        ["died b", "end a", "died a"],
    ];
    assert_eq!((objects, told), (3, expected.concat().into_iter().map(String::from).collect()));
}

/// CPython: call w1, call w2 (which finds w1 cleared), fin A, fin B, fin C.
#[test]
fn all_weak_references_are_cleared_then_callbacks_called_then_finalizers_run() {
    let mut heap = heap();
    ring(&mut heap, [Action::Nothing; 3]);
    heap.weak(W, A, Some(hook('w', Action::Nothing))).unwrap();
    heap.weak(V, B, Some(hook('v', Action::Nothing))).unwrap();
    drop_all(&mut heap);
    let (objects, told) = collect(&mut heap);
    assert_eq!(objects, 3);
    assert_eq!(told[..5], ["called w", "end w", "called v", "end v", "finalized a"]);
    assert!(!heap.upgrade(A, W) && !heap.upgrade(A, V));
}

/// CPython: the saved object lives with what it refers to, its weak references are gone, and it is finalized no more.
#[test]
fn the_resurrected_stay_without_their_weak_references() {
    let mut heap = heap();
    ring(&mut heap, [Action::Nothing, Action::Save, Action::Nothing]);
    heap.weak(W, A, Some(hook('w', Action::Nothing))).unwrap();
    drop_all(&mut heap);
    let (objects, told) = collect(&mut heap);
    assert_eq!((objects, told.len()), (0, 8), "{told:?}");
    assert!(!heap.upgrade(A, W));
    heap.load_immortal(A, SAVED);
    heap.fill_slots(A, 0..1, B);
    heap.clear(A);
    let (objects, told) = collect(&mut heap);
    assert_eq!((objects, told.len()), (3, 3), "no finalizer again: {told:?}");
}

/// CPython: no call, neither for a target in the trash nor for a live one that dies later; what is resurrected of a weak
/// reference is cleared.
#[test]
fn weak_references_in_the_trash_are_cleared_and_never_called() {
    for (saves, live) in [(false, false), (false, true), (true, true)] {
        let mut heap = heap();
        new(&mut heap, A, 'a', if saves { Action::SaveSecond } else { Action::Nothing });
        new(&mut heap, B, 'b', Action::Nothing);
        heap.store(A, 0, A);
        heap.weak(W, if live { B } else { A }, Some(hook('w', Action::Nothing))).unwrap();
        heap.store_take(A, 1, W);
        heap.clear(A);
        let (objects, told) = collect(&mut heap);
        assert_eq!(
            (objects, told),
            (2 - u64::from(saves), ["finalized a", "end a", "died a"].map(String::from).into())
        );
        if saves {
            heap.load_immortal(A, SAVED);
            heap.load(W, A, 0);
            assert!(!heap.upgrade(C, W));
        }
        heap.clear(B);
        assert_eq!(words(&mut heap), ["finalized b", "end b", "died b"]);
        heap.verify().unwrap();
    }
}

/// CPython: fin A, call w, fin B, died B, fin C, died C.
#[test]
fn counting_finalizes_clears_and_releases_slots_in_order() {
    let mut heap = heap();
    [(A, 'a'), (B, 'b'), (C, 'c')].into_iter().for_each(|(l, name)| new(&mut heap, l, name, Action::Nothing));
    heap.weak(W, A, Some(hook('w', Action::Nothing))).unwrap();
    heap.store_take(A, 0, B);
    heap.store_take(A, 1, C);
    heap.clear(A);
    let expected =
        "finalized a, end a, died a, called w, end w, finalized b, end b, died b, finalized c, end c, died c";
    assert_eq!(words(&mut heap).join(", "), expected);
}

/// CPython: `gc.collect()` in a finalizer gives 0 inside a collection, and what it would find outside of one.
#[test]
fn a_collection_inside_a_collection_does_nothing() {
    let mut heap = heap();
    new(&mut heap, A, 'a', Action::Collect);
    heap.store(A, 0, A);
    new(&mut heap, B, 'b', Action::Collect);
    heap.clear(A);
    heap.clear(B);
    assert_eq!(
        words(&mut heap),
        ["finalized b", "finalized a", "collected 0", "end a", "died a", "collected 1", "end b", "died b"]
    );
    assert_eq!(heap.counters().collections, [0, 0, 1]);
}

/// CPython: the ring that a finalizer leaves is garbage of the next collection.
#[test]
fn what_finalizers_allocate_is_not_part_of_the_collection() {
    let mut heap = heap();
    new(&mut heap, A, 'a', Action::Allocate);
    heap.store(A, 0, A);
    heap.clear(A);
    assert_eq!(collect(&mut heap).0, 1);
    assert_eq!(collect(&mut heap).0, 1);
    assert_eq!(collect(&mut heap).0, 0);
}
