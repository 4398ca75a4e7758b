//! The semantics of the trait as this strategy has them.

mod damage;

use super::*;
use heapbench_heap::{HookFailed, Introspect, NoRecorder};
use heapbench_memory::injection::Request;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const NIL: Local = Local::new(3);

const PAIR: Shape = Shape::new(Kind::Tuple, 2, 0);

/// Keeps every event.
#[derive(Debug, Default)]
struct Events {
    allocated: Vec<usize>,
    died: Vec<usize>,
    bytes: usize,
    footprints: Vec<Footprint>,
}

impl Recorder for Events {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, _: Shape, _: usize) {
        self.allocated.push(address);
    }

    fn died(&mut self, address: usize) {
        self.died.push(address);
    }

    fn advance(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        true
    }

    fn footprint(&mut self, now: Footprint) {
        self.footprints.push(now);
    }
}

fn heap<R: Recorder + Default>() -> (Bump<R>, Frame) {
    let mut heap = Bump::new(&HeapConfig::default(), R::default()).unwrap();
    let frame = heap.enter(0, 4).unwrap();
    (heap, frame)
}

/// The numbers in the payloads of a tuple's slots; 0 for nil.
fn numbers<R: Recorder>(heap: &mut Bump<R>, object: Local) -> Vec<u8> {
    let slots = heap.shape(object).slots as usize;
    let mut numbers = Vec::new();
    for slot in 0..slots {
        heap.load(C, object, slot);
        numbers.push(if heap.is_nil(C) { 0 } else { heap.payload(C)[0] });
    }
    heap.clear(C);
    numbers
}

/// `dst` = a list of boxed numbers.
fn list<R: Recorder>(heap: &mut Bump<R>, dst: Local, numbers: &[u8]) {
    heap.allocate(dst, Shape::new(Kind::List, numbers.len() as u32, 0)).unwrap();
    for (slot, number) in numbers.iter().enumerate() {
        heap.allocate(C, Shape::new(Kind::Int, 0, 1)).unwrap();
        heap.payload_mut(C)[0] = *number;
        heap.store_take(dst, slot, C);
    }
}

#[test]
fn locals_and_slots_move_references() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    heap.allocate(A, PAIR).unwrap();
    heap.allocate(B, PAIR).unwrap();
    assert!(!heap.is_same(A, B));
    heap.store(A, 1, B);
    heap.load(C, A, 1);
    assert!(heap.is_same(B, C));
    heap.load(C, A, 0);
    assert!(heap.is_nil(C));
    heap.store_take(B, 0, A);
    assert!(heap.is_nil(A));
    heap.load(A, B, 0);
    heap.copy(C, A);
    assert!(heap.is_same(A, C));
    heap.take(A, B);
    assert!(heap.is_nil(B) && !heap.is_nil(A));
    heap.store(A, 0, NIL);
    heap.load(C, A, 0);
    assert!(heap.is_nil(C));
    heap.verify().unwrap();
    let counters = heap.counters();
    assert_eq!((counters.objects_allocated, counters.bytes_allocated), (2, 48));
    assert_eq!((counters.increments, counters.decrements, counters.objects_freed), (0, 0, 0));
}

#[test]
fn objects_start_nil_and_zero_after_a_reset_too() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    for _ in 0..3 {
        for kind in Kind::ALLOCATABLE {
            let slots = if kind.is_leaf() { 0 } else { 3 };
            let shape = Shape::new(kind, slots, 13);
            heap.allocate(A, shape).unwrap();
            assert_eq!(heap.shape(A), shape);
            assert_eq!(heap.payload(A), [0; 13]);
            heap.payload_mut(A).fill(0xff);
            for slot in 0..slots as usize {
                heap.load(B, A, slot);
                assert!(heap.is_nil(B));
                heap.store(A, slot, A);
            }
        }
        heap.verify().unwrap();
        heap.clear(A);
        heap.clear(B);
        assert!(heap.reset());
    }
}

#[test]
fn copies_overlap_as_memmove_does() {
    let (mut heap, _frame) = heap::<Events>();
    list(&mut heap, A, &[1, 2, 3, 4, 5]);
    heap.copy_slots(A, 0..3, A, 1);
    assert_eq!(numbers(&mut heap, A), [1, 1, 2, 3, 5]);
    heap.copy_slots(A, 2..5, A, 0);
    assert_eq!(numbers(&mut heap, A), [2, 3, 5, 3, 5]);
    list(&mut heap, B, &[7, 8]);
    heap.copy_slots(B, 0..2, A, 3);
    assert_eq!(numbers(&mut heap, A), [2, 3, 5, 7, 8]);
    heap.copy_slots(B, 1..1, A, 5);
    heap.load(C, B, 0);
    heap.fill_slots(A, 1..3, C);
    assert_eq!(numbers(&mut heap, A), [2, 7, 7, 7, 8]);
    heap.fill_slots(A, 0..5, NIL);
    assert_eq!(numbers(&mut heap, A), [0; 5]);
    heap.verify().unwrap();
}

#[test]
fn a_resize_keeps_what_fits() {
    let (mut heap, _frame) = heap::<Events>();
    list(&mut heap, A, &[1, 2, 3]);
    for slots in [4, 100, 5, 200] {
        heap.resize(A, slots, 0).unwrap();
        assert_eq!(numbers(&mut heap, A)[..4], [1, 2, 3, 0]);
        heap.verify().unwrap();
    }
    heap.resize(A, 2, 0).unwrap();
    heap.resize(A, 3, 4).unwrap();
    assert_eq!(numbers(&mut heap, A), [1, 2, 0]);
    assert_eq!(heap.payload(A), [0; 4]);
    heap.verify().unwrap();
    let counters = heap.counters();
    assert!(counters.bytes_freed > 0 && counters.objects_freed == 0);
    assert!(heap.peak_live_bytes() > heap.footprint().live_bytes);
}

#[test]
fn a_resize_that_cannot_be_has_no_effect() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    list(&mut heap, A, &[1, 2]);
    let before = heap.counters();
    for (slots, bytes) in [(Shape::MAX_SLOTS + 1, 0), (2, Shape::MAX_BYTES + 1), (u32::MAX, usize::MAX)] {
        assert!(heap.resize(A, slots, bytes).is_err());
    }
    heap.set_limit(Some(0));
    assert!(heap.resize(A, 1 << 20, 0).is_err());
    assert_eq!(heap.counters(), before);
    assert_eq!(numbers(&mut heap, A), [1, 2]);
    heap.verify().unwrap();
}

#[test]
fn an_allocation_beyond_the_limit_has_no_effect() {
    let config = HeapConfig { limit: Some(64 << 10), ..HeapConfig::default() };
    let mut heap = Bump::new(&config, NoRecorder).unwrap();
    let _frame = heap.enter(0, 4).unwrap();
    heap.allocate(A, PAIR).unwrap();
    while heap.allocate(B, PAIR).is_ok() {
        heap.store(B, 0, A);
        heap.take(A, B);
    }
    assert!(heap.footprint().held_bytes <= 64 << 10);
    assert!(heap.footprint().live_bytes > 32 << 10);
    let before = heap.counters();
    heap.copy(B, A);
    for shape in [PAIR, Shape::new(Kind::Tuple, u32::MAX, 0), Shape::new(Kind::Int, 1, 0), WEAK_SHAPE] {
        assert!(heap.allocate(A, shape).is_err());
    }
    assert!(heap.weak(A, B, None).is_err());
    assert!(heap.is_same(A, B));
    assert_eq!(heap.counters(), before);
    heap.verify().unwrap();
    heap.set_limit(None);
    heap.allocate(A, PAIR).unwrap();
}

fn never(_: &mut Bump<NoRecorder>, _: Local, _: u64) -> Result<(), HookFailed> {
    panic!("a region runs no hooks")
}

#[test]
fn weak_references_keep_their_target_and_hooks_never_run() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    let hook = Hook { run: never, data: 0 };
    heap.allocate(A, PAIR).unwrap();
    heap.copy(C, A);
    heap.set_finalizer(A, hook).unwrap();
    heap.weak(B, A, Some(hook)).unwrap();
    assert_eq!(heap.shape(B).kind, Kind::Weak);
    assert!(heap.payload_mut(B).is_empty());
    heap.clear(A);
    assert_eq!(heap.collect(Generation::FULL), None);
    heap.safepoint();
    assert!(heap.upgrade(A, B));
    assert!(heap.is_same(A, C));
    heap.verify().unwrap();
    [A, B, C].into_iter().for_each(|local| heap.clear(local));
    assert!(heap.reset());
    assert_eq!(heap.counters().finalizers_run + heap.counters().callbacks_run, 0);
    assert_eq!(heap.counters().collections, [0; 3]);
    heap.verify().unwrap();
}

#[test]
fn a_reset_needs_that_nothing_is_held() {
    let (mut heap, _frame) = heap::<Events>();
    heap.allocate(A, PAIR).unwrap();
    let frame = heap.enter(0, 1).unwrap();
    heap.allocate(A, Shape::new(Kind::List, 2, 0)).unwrap();
    assert!(!heap.reset());
    heap.clear(A);
    assert!(!heap.reset(), "the caller holds an object");
    heap.leave(frame);
    heap.clear(A);
    let before = heap.counters();
    assert!(heap.recorder().died.is_empty());
    assert!(heap.reset());
    assert_eq!(heap.recorder().died, heap.recorder().allocated);
    assert_eq!(heap.footprint().live_bytes, 0);
    assert_eq!(heap.peak_live_bytes() as u64, before.bytes_allocated);
    let after = heap.counters();
    assert_eq!((after.objects_freed, after.bytes_freed), (2, before.bytes_allocated));
    assert_eq!(heap.recorder().bytes as u64, before.bytes_allocated);
    assert_eq!(heap.recorder().footprints.len(), 2);
    assert!(heap.reset(), "an empty region can be reset again");
    heap.allocate(A, PAIR).unwrap();
    heap.immortalize(A).unwrap();
    assert!(!heap.reset(), "an immortal object stays");
    heap.verify().unwrap();
}

#[test]
fn immortals_are_reached_from_any_frame() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    list(&mut heap, A, &[9]);
    let immortal = heap.immortalize(A).unwrap();
    assert!(heap.is_nil(A));
    let frame = heap.enter(0, 4).unwrap();
    heap.load_immortal(A, immortal);
    assert_eq!(numbers(&mut heap, A), [9]);
    heap.leave(frame);
    assert!(heap.is_nil(A));
}

#[test]
fn frames_overlap_and_return() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    list(&mut heap, NIL, &[4]); // The last local is the callee's first.
    let frame = heap.enter(1, 3).unwrap();
    assert_eq!(numbers(&mut heap, A), [4]);
    assert!(heap.is_nil(B));
    list(&mut heap, B, &[5]);
    heap.leave_with(frame, B);
    assert_eq!(numbers(&mut heap, NIL), [5]);
    let frame = heap.enter(1, 1).unwrap();
    heap.leave(frame);
    assert!(heap.is_nil(NIL), "arguments are released");
    assert!(heap.enter(0, 1 << 26).is_err());
    assert!(heap.reset());
}

#[test]
fn a_long_list_needs_no_native_stack() {
    let run = || {
        let (mut heap, _frame) = heap::<Events>();
        for _ in 0..200_000 {
            heap.allocate(B, PAIR).unwrap();
            heap.store_take(B, 0, A);
            heap.take(A, B);
        }
        heap.verify().unwrap();
        heap.clear(A);
        assert!(heap.reset());
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn what_python_has_and_this_heap_has_not_is_unsupported() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    assert!(heap.is_enabled());
    heap.disable();
    assert!(!heap.is_enabled());
    heap.enable();
    assert!(heap.freeze().is_err() && heap.thresholds().is_err() && heap.stats().is_err());
    let unknown = HeapConfig { settings: vec![("x".into(), "1".into())], ..HeapConfig::default() };
    assert!(Bump::new(&unknown, NoRecorder).is_err());
    let unknown = HeapConfig { policy: Some("fast".into()), ..HeapConfig::default() };
    assert!(Bump::new(&unknown, NoRecorder).is_err());
}

#[test]
fn a_reset_fills_what_it_frees_when_told_so() {
    let first_byte = |setting: &str| {
        let config =
            HeapConfig { settings: vec![("poison".into(), setting.into())], ..HeapConfig::default() };
        let mut heap = Bump::new(&config, NoRecorder).unwrap();
        let _frame = heap.enter(0, 4).unwrap();
        heap.allocate(A, Shape::new(Kind::Bytes, 0, 1)).unwrap();
        let (object, kind) = (heap.stack.object(A).start(0), Kind::Bytes as u8);
        heap.clear(A);
        assert!(heap.reset());
        heapbench_memory::sanitizer::unpoison(object, 1);
        // SAFETY: the chunk is kept by the reset, and its content initialised.
        let byte = unsafe { object.read() };
        heap.allocate(A, PAIR).unwrap();
        heap.load(B, A, 1);
        assert!(heap.is_nil(B), "a new object is nil whatever was there");
        heap.verify().unwrap();
        (byte, kind)
    };
    assert_eq!(first_byte("yes").0, 0xdd);
    let (byte, kind) = first_byte("no");
    assert_eq!(byte & 0x1f, kind, "the dead object's header");
    let config = HeapConfig { settings: vec![("poison".into(), "1".into())], ..HeapConfig::default() };
    let error = Bump::new(&config, NoRecorder).err().unwrap().to_string();
    assert_eq!(error, "invalid value '1' of poison, expected yes or no");
}

#[test]
fn refused_requests_have_no_effect() {
    for request in [Request::Block, Request::Metadata] {
        for forever in [false, true] {
            let (mut heap, _frame) = heap::<Events>();
            let (mut refused, mut immortals) = (0, 0);
            for round in 0..300 {
                injection::arm(request, 1 + round % 3, forever);
                let before = (heap.counters(), heap.immortals.len());
                let all = heap.allocate(A, Shape::new(Kind::List, 9, 9)).is_ok()
                    && heap.weak(B, A, None).is_ok()
                    && heap.immortalize(B).is_ok();
                refused += u64::from(!all);
                immortals += usize::from(all);
                assert_eq!(all, injection::disarm() == 0, "round {round} of {request:?}");
                assert!(heap.counters().objects_allocated <= before.0.objects_allocated + 2);
                assert_eq!(heap.immortals.len(), before.1 + usize::from(all));
                heap.verify().unwrap();
            }
            assert!(refused > 2 && immortals > 200, "{refused} refused, {immortals} made");
        }
    }
}

#[test]
#[should_panic(expected = "expected a weak reference")]
fn only_weak_references_are_upgraded() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    heap.allocate(A, PAIR).unwrap();
    heap.upgrade(B, A);
}

#[test]
fn referents_and_sizes_are_told() {
    let (mut heap, _frame) = heap::<NoRecorder>();
    heap.allocate(A, PAIR).unwrap();
    heap.allocate(B, Shape::new(Kind::List, 3, 0)).unwrap();
    heap.store(A, 1, B);
    assert_eq!((heap.size_of(A), heap.size_of(B)), (Ok(8 + 16), Ok(8 + 24 + 24)));
    heap.referents(C, A).unwrap();
    assert_eq!(heap.shape(C), Shape::new(Kind::List, 1, 0));
    heap.load(A, C, 0);
    assert!(heap.is_same(A, B));
    heap.referents(B, B).unwrap();
    assert_eq!((heap.shape(B).slots, heap.is_finalized(B)), (0, Ok(false)));
    heap.verify().unwrap();
}

#[test]
fn blocks_are_chunks_of_which_a_reset_keeps_the_last() {
    let mut heap = Bump::new(&HeapConfig::default(), NoRecorder).unwrap();
    let frame = heap.enter(0, 1).unwrap();
    for _ in 0..100_000 {
        heap.allocate(A, PAIR).unwrap();
    }
    heap.leave(frame);
    let taken = heap.counters().blocks_requested;
    assert!(taken > 1, "{taken}");
    assert!(heap.reset());
    let counters = heap.counters();
    assert_eq!((counters.blocks_requested, counters.blocks_returned), (taken, taken - 1));
}
