//! The suite tested: a right heap in a wrapper that gets one thing wrong must be rejected, and without a fault accepted.
//!
//! A hook is code for one type of heap, so the wrapper cannot pass hooks on: the plans are without them.

use heapbench_conformance::runner::{self, Side};
use heapbench_conformance::{Deaths, Plan, check_random, replay};
use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Footprint, Frame, Generation, Heap, HeapConfig, HeapError,
    Hook, Immortal, Introspect, Kind, Level, Local, OutOfMemory, Recorder, Shape,
};
use heapbench_memory::System;
use heapbench_model::Event;
use heapbench_strategy_refcount::Plain;
use std::ops::Range;

type Right<R> = Plain<System, R>;

/// A recorder whose log can be told falsehoods.
trait Log: Recorder {
    fn take(&mut self) -> Vec<Event>;
    fn put(&mut self, event: Event);
}

impl Log for Deaths {
    fn take(&mut self) -> Vec<Event> {
        self.take_events()
    }

    fn put(&mut self, event: Event) {
        self.push(event);
    }
}

impl Log for Side {
    fn take(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn put(&mut self, _: Event) {}
}

/// What the wrapper gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Leaks,
    FreedMiscounted,
    BytesMiscounted,
    DeathsNotTold,
    DeathsSwapped,
    ReleasedInReverse,
    TakeKeeps,
    StoreTakeKeeps,
    FillMissesLast,
    CopyMissesOverlap,
    ShrinkKeepsPayload,
    WriteMissesLast,
    UpgradeFails,
    LoadsNeighbour,
    TakeSlotKeeps,
    SlotLooksOther,
    PeeksNeighbour,
    FailureHasEffect,
    LimitForgotten,
    VerifierAlarmed,
}

const FAULTS: [(&str, Fault); 20] = [
    ("leaks", Fault::Leaks),
    ("freed-miscounted", Fault::FreedMiscounted),
    ("bytes-miscounted", Fault::BytesMiscounted),
    ("deaths-not-told", Fault::DeathsNotTold),
    ("deaths-swapped", Fault::DeathsSwapped),
    ("released-in-reverse", Fault::ReleasedInReverse),
    ("take-keeps", Fault::TakeKeeps),
    ("store-take-keeps", Fault::StoreTakeKeeps),
    ("fill-misses-last", Fault::FillMissesLast),
    ("copy-misses-overlap", Fault::CopyMissesOverlap),
    ("shrink-keeps-payload", Fault::ShrinkKeepsPayload),
    ("write-misses-last", Fault::WriteMissesLast),
    ("upgrade-fails", Fault::UpgradeFails),
    ("loads-neighbour", Fault::LoadsNeighbour),
    ("take-slot-keeps", Fault::TakeSlotKeeps),
    ("slot-looks-other", Fault::SlotLooksOther),
    ("peeks-neighbour", Fault::PeeksNeighbour),
    ("failure-has-effect", Fault::FailureHasEffect),
    ("limit-forgotten", Fault::LimitForgotten),
    ("verifier-alarmed", Fault::VerifierAlarmed),
];

struct Faulty<R: Log> {
    right: Right<R>,
    fault: Option<Fault>,
    operations: u64,
    /// The program's immortals among those of the right heap, to which a leak adds its own.
    handles: Vec<Immortal>,
}

impl<R: Log> Faulty<R> {
    /// Whether this operation, one of a few, is to go wrong.
    fn strikes(&mut self, fault: Fault) -> bool {
        self.operations += 1;
        self.fault == Some(fault) && self.operations.is_multiple_of(13)
    }

    /// Runs an operation that may kill, and tells a falsehood about the deaths.
    fn with_deaths<T>(&mut self, operation: impl FnOnce(&mut Right<R>) -> T) -> T {
        let before = self.right.recorder_mut().take();
        let answer = operation(&mut self.right);
        let mut events = self.right.recorder_mut().take();
        match self.fault {
            Some(Fault::DeathsNotTold) => {
                events.retain(|event| !matches!(event, Event::Died(id) if id % 5 == 0))
            }
            Some(Fault::DeathsSwapped) if events.len() > 2 => events.swap(1, 2),
            _ => {}
        }
        before.into_iter().chain(events).for_each(|event| self.right.recorder_mut().put(event));
        answer
    }
}

impl<R: Log> Heap for Faulty<R> {
    const CAPABILITIES: Capabilities = Right::<R>::CAPABILITIES;
    type Recorder = R;

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        let fault = config.text("fault").and_then(|name| FAULTS.into_iter().find(|(n, _)| *n == name));
        let right = Right::new(&HeapConfig::default(), recorder)?;
        Ok(Faulty { right, fault: fault.map(|(_, fault)| fault), operations: 0, handles: Vec::new() })
    }

    fn reset(&mut self) -> bool {
        self.right.reset()
    }

    fn enter(&mut self, arguments: usize, locals: usize) -> Result<Frame, OutOfMemory> {
        self.right.enter(arguments, locals)
    }

    fn leave(&mut self, frame: Frame) {
        if self.fault == Some(Fault::ReleasedInReverse) {
            (0..frame.locals).rev().for_each(|local| self.right.clear(Local::new(local as u32)));
        }
        self.with_deaths(|heap| heap.leave(frame));
    }

    fn leave_with(&mut self, frame: Frame, result: Local) {
        self.with_deaths(|heap| heap.leave_with(frame, result));
    }

    fn is_nil(&self, local: Local) -> bool {
        self.right.is_nil(local)
    }

    fn is_same(&self, a: Local, b: Local) -> bool {
        self.right.is_same(a, b)
    }

    fn copy(&mut self, dst: Local, src: Local) {
        self.with_deaths(|heap| heap.copy(dst, src));
    }

    fn take(&mut self, dst: Local, src: Local) {
        if self.strikes(Fault::TakeKeeps) {
            return self.right.copy(dst, src);
        }
        self.with_deaths(|heap| heap.take(dst, src));
    }

    fn clear(&mut self, local: Local) {
        self.with_deaths(|heap| heap.clear(local));
    }

    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        let answer = self.with_deaths(|heap| heap.allocate(dst, shape));
        if answer.is_err() && self.fault == Some(Fault::FailureHasEffect) {
            self.right.clear(dst);
        }
        if answer.is_ok() && self.strikes(Fault::Leaks) && !self.right.is_nil(dst) && !shape.kind.is_leaf() {
            let handle = self.right.immortalize(dst)?;
            self.right.load_immortal(dst, handle);
        }
        answer
    }

    fn shape(&self, object: Local) -> Shape {
        self.right.shape(object)
    }

    fn load(&mut self, dst: Local, object: Local, slot: usize) {
        let more = slot + 1 < self.right.shape(object).slots as usize;
        let slot = slot + usize::from(self.strikes(Fault::LoadsNeighbour) && more);
        self.with_deaths(|heap| heap.load(dst, object, slot));
    }

    fn store(&mut self, object: Local, slot: usize, value: Local) {
        self.with_deaths(|heap| heap.store(object, slot, value));
    }

    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        if self.strikes(Fault::StoreTakeKeeps) {
            return self.right.store(object, slot, value);
        }
        self.with_deaths(|heap| heap.store_take(object, slot, value));
    }

    fn take_slot(&mut self, dst: Local, object: Local, slot: usize) {
        if self.strikes(Fault::TakeSlotKeeps) {
            return self.right.load(dst, object, slot);
        }
        self.with_deaths(|heap| heap.take_slot(dst, object, slot));
    }

    fn is_in_slot(&self, value: Local, object: Local, slot: usize) -> bool {
        self.right.is_in_slot(value, object, slot) != (self.fault == Some(Fault::SlotLooksOther))
    }

    fn peek(&self, object: Local, slot: usize) -> Option<(Kind, &[u8])> {
        let more = slot + 1 < self.right.shape(object).slots as usize;
        self.right.peek(object, slot + usize::from(more && self.fault == Some(Fault::PeeksNeighbour)))
    }

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        if self.fault == Some(Fault::CopyMissesOverlap) {
            for (from, to) in range.zip(at..) {
                self.right.copy_slots(src, from..from + 1, dst, to);
            }
            return;
        }
        self.with_deaths(|heap| heap.copy_slots(src, range, dst, at));
    }

    fn fill_slots(&mut self, object: Local, mut range: Range<usize>, value: Local) {
        if self.fault == Some(Fault::FillMissesLast) && range.len() > 2 {
            range.end -= 1;
        }
        self.with_deaths(|heap| heap.fill_slots(object, range, value));
    }

    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let kept = if self.fault == Some(Fault::ShrinkKeepsPayload) {
            bytes.max(self.right.shape(object).bytes)
        } else {
            bytes
        };
        self.with_deaths(|heap| heap.resize(object, slots, kept))
    }

    fn payload(&self, object: Local) -> &[u8] {
        self.right.payload(object)
    }

    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        let bytes = self.right.payload_mut(object);
        let last = bytes.len().saturating_sub(usize::from(self.fault == Some(Fault::WriteMissesLast)));
        &mut bytes[..last]
    }

    fn weak(&mut self, dst: Local, target: Local, _: Option<Hook<Self>>) -> Result<(), OutOfMemory> {
        self.with_deaths(|heap| heap.weak(dst, target, None))
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        !self.strikes(Fault::UpgradeFails) && self.with_deaths(|heap| heap.upgrade(dst, weak))
    }

    fn set_finalizer(&mut self, _: Local, _: Hook<Self>) -> Result<(), OutOfMemory> {
        Ok(())
    }

    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory> {
        self.handles.push(self.right.immortalize(object)?);
        Ok(Immortal(self.handles.len() as u32 - 1))
    }

    fn load_immortal(&mut self, dst: Local, immortal: Immortal) {
        let handle = self.handles[immortal.0 as usize];
        self.with_deaths(|heap| heap.load_immortal(dst, handle));
    }

    fn safepoint(&mut self) {
        self.right.safepoint();
    }

    fn collect(&mut self, generation: Generation) -> Option<Collected> {
        self.right.collect(generation)
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        if self.fault != Some(Fault::LimitForgotten) {
            self.right.set_limit(bytes);
        }
    }

    fn counters(&self) -> Counters {
        let mut counters = self.right.counters();
        let often = counters.objects_allocated > 50;
        counters.objects_freed += u64::from(often && self.fault == Some(Fault::FreedMiscounted));
        counters.bytes_freed += u64::from(often && self.fault == Some(Fault::BytesMiscounted));
        counters
    }

    fn footprint(&self) -> Footprint {
        self.right.footprint()
    }

    fn peak_live_bytes(&self) -> usize {
        self.right.peak_live_bytes()
    }

    fn recorder(&self) -> &R {
        self.right.recorder()
    }

    fn recorder_mut(&mut self) -> &mut R {
        self.right.recorder_mut()
    }

    fn verify_to(&self, level: Level) -> Result<(), Corruption> {
        if self.fault == Some(Fault::VerifierAlarmed) {
            return Err(Corruption::new("planted"));
        }
        self.right.verify_to(level)
    }
}

impl<R: Log> Introspect for Faulty<R> {
    fn enable(&mut self) {
        self.right.enable();
    }

    fn disable(&mut self) {
        self.right.disable();
    }

    fn is_enabled(&self) -> bool {
        self.right.is_enabled()
    }
}

fn config(fault: &str) -> HeapConfig {
    HeapConfig { settings: vec![("fault".into(), fault.into())], ..HeapConfig::default() }
}

fn run(fault: &str, seed: u64) -> Option<Box<heapbench_conformance::Violation>> {
    check_random::<Faulty<Deaths>>(&config(fault), &Plan { hooks: false, ..Plan::new(seed, 6_000) }).err()
}

#[test]
fn the_wrapper_alone_is_accepted() {
    for seed in 0..20 {
        if let Some(violation) = run("none", seed) {
            panic!("{violation}");
        }
    }
}

#[test]
fn every_fault_is_rejected() {
    for (name, fault) in FAULTS {
        let violation =
            (0..40).find_map(|seed| run(name, seed)).unwrap_or_else(|| panic!("{fault:?} was not found"));
        let (operations, shrunk) = (violation.number, violation.operations.len());
        println!("{fault:?}: seed {}, operation {operations}, shrunk to {shrunk}", violation.seed);
        assert!(
            replay::<Faulty<Deaths>>(&config(name), &violation.operations).is_err(),
            "{fault:?}: replayed"
        );
        assert!(
            replay::<Faulty<Deaths>>(&config("none"), &violation.operations).is_ok(),
            "{fault:?}: accused"
        );
    }
}

/// A violation's heap script is text that loads, is true of the right heap, and fails on the faulty one.
#[test]
fn violations_are_saved_as_scripts_that_fail_too() {
    // Moves, resized payloads and what comes of a limit have no place in a script.
    let sayable = [
        "leaks",
        "freed-miscounted",
        "bytes-miscounted",
        "fill-misses-last",
        "copy-misses-overlap",
        "upgrade-fails",
    ];
    for fault in sayable {
        let fails = |seed| {
            let text = run(fault, seed)?.regression("refcount")?;
            let script =
                heapbench_script::load(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
            let right = runner::run::<Faulty<Side>>(&script, &config("none"));
            assert!(right.has_passed(), "{right:?} of the right heap: {text}");
            let faulty = runner::run::<Faulty<Side>>(&script, &config(fault));
            (!faulty.failures.is_empty()).then_some(text)
        };
        let text = (0..40).find_map(fails).unwrap_or_else(|| panic!("{fault}: no script fails"));
        assert!(text.contains("# Replay: heapbench verify --strategies refcount --seed"), "{text}");
    }
}
