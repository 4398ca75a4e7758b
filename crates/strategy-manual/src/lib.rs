//! # Manual: an explicit free at each object's exact death
//!
//! *Idea.* A programmer who never errs calls `free` for each object as soon as it can no longer be reached. An oracle
//! run of the same program has found out when that is, in allocations made (`heapbench_heap::Deaths`); before each
//! allocation the heap frees what has died since the one before it. Nothing is counted, traced or swept: what is left is
//! the memory source and its locality, the baseline for floating garbage and for the price of automation.
//!
//! *Layout.* `[padding][header 8][slots][payload]`, one block of the memory source an object, and one more for the storage
//! of lists, dicts and resized objects (`heapbench_memory::object`). There is no padding unless the settings `header` and
//! `container-header` ask for it: so many bytes in front of every object, and so many more in front of those that can hold
//! references. It is never touched: what a count or a GC head costs by the room it takes, and by nothing else.
//!
//! *Invariants.*
//! 1. Every local, every slot of a reachable object, and every immortal handle is nil or refers to an object that is
//!    not freed. This rests on the deaths being those of the program that runs.
//! 2. The bytes in use of the source are the blocks of the objects that are not freed.
//! 3. A weak reference gives its target or nil, never a freed object.
//!
//! *How far 1 is checked.* Each allocation must be of the kind that the oracle saw. At the first that is not, the heap
//! frees nothing any more, and says so when it is verified: the cell is invalid. The setting `check` proves each free by a
//! trace before it is done. Else a program that does the same allocations and keeps other objects is beyond help, as one
//! with a wrong `free` is.
//!
//! *What it costs to know.* The oracle's table (kinds and deaths, 9 bytes an object) and the table of where each object
//! is (8 bytes) are no part of the heap, and not counted as held. Hertz and Berger charge nothing for knowing; here the
//! table is walked in the program's own time. So that this can be measured, `schedule=walk` looks up the dead and frees
//! nothing, and `schedule=ignore` does not even keep the table: the difference is what knowing costs.
//!
//! *What it cannot do.* Finalizers and callbacks of weak references are never run: nobody frees at their moment. Between
//! two allocations the dead lie unfreed; a weak reference to one of them gives nil all the same, which takes a trace where
//! its target is about to be freed. Garbage of a cycle that counting would still hand out through a weak reference is gone.
//! Without deaths the heap is a region: it keeps everything until a reset.
//!
//! *Source.* Hertz, Berger, Quantifying the performance of garbage collection vs. explicit memory management (OOPSLA
//! 2005): the reachability-based oracle.
//!
//! | file | concept |
//! |---|---|
//! | `lib` | the trait's methods: most are one move of a word |
//! | `settings` | the keys |
//! | `schedule` | who dies before which allocation, and where it is |
//! | `free` | the frees, and the proof of each |
//! | `space` | blocks of objects |
//! | `trace` | everything reachable |
//! | `introspect` | Python's `gc` vocabulary, as far as there is any |
//! | `check` | the invariants, executable |

mod check;
mod free;
mod introspect;
mod schedule;
mod settings;
mod space;
#[cfg(test)]
mod tests;
mod trace;

use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Family, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Kind, Level, Local, OutOfMemory, Recorder, Shape,
};
use heapbench_memory::object::WORD;
use heapbench_memory::{Attachments, DataStack, MemorySource, Ref, WEAK_SHAPE, injection};
use schedule::Schedule;
use settings::Settings;
use std::collections::BTreeMap;
use std::ops::Range;

/// A heap that frees each object at its death: memory source `M`, recorder `R`.
#[derive(Debug)]
pub struct Manual<M, R> {
    stack: DataStack,
    source: M,
    settings: Settings,
    schedule: Schedule,
    /// Weak references; finalizers, which never run, are not kept.
    attachments: Attachments<Self>,
    immortals: Vec<Ref>,
    /// Work done; the bytes freed follow from the source's.
    counters: Counters,
    /// The highest live bytes before they last sank.
    peak_live: usize,
    /// The blocks in use and their sizes, by address; kept only for recorders that want objects.
    blocks: BTreeMap<usize, usize>,
    recorder: R,
    /// What `gc.isenabled()` answers; nothing depends on it.
    enabled: bool,
}

impl<M: MemorySource, R: Recorder> Heap for Manual<M, R> {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Region,
        prompt: false,
        collects_cycles: false,
        moves: false,
        generations: 1,
        thresholds: false,
        freezes: false,
    };
    type Recorder = R;

    // ---------------------------------------------------------------- life

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        config.expect_policy(&[])?;
        config.expect_limit()?;
        let settings = Settings::new(config)?;
        let schedule = Schedule::new(&settings, config.deaths.as_ref())?;
        let mut source = M::new()?;
        source.set_limit(config.limit);
        Ok(Manual {
            stack: DataStack::new()?,
            source,
            settings,
            schedule,
            attachments: Attachments::default(),
            immortals: Vec::new(),
            counters: Counters::default(),
            peak_live: 0,
            blocks: BTreeMap::new(),
            recorder,
            enabled: true,
        })
    }

    fn reset(&mut self) -> bool {
        self.try_reset()
    }

    // ---------------------------------------------------------------- roots

    #[inline(always)]
    fn enter(&mut self, arguments: usize, locals: usize) -> Result<Frame, OutOfMemory> {
        self.stack.enter(arguments, locals)
    }

    #[inline(always)]
    fn leave(&mut self, frame: Frame) {
        self.stack.clear_entered(&frame);
        self.stack.leave(frame);
    }

    #[inline(always)]
    fn leave_with(&mut self, frame: Frame, result: Local) {
        let value = self.stack.get(result);
        let (base, arguments) = (frame.base, frame.arguments);
        self.leave(frame);
        self.stack.put_returned(base, arguments, value);
    }

    #[inline(always)]
    fn is_nil(&self, local: Local) -> bool {
        self.stack.get(local).is_none()
    }

    #[inline(always)]
    fn is_same(&self, a: Local, b: Local) -> bool {
        self.stack.get(a) == self.stack.get(b)
    }

    #[inline(always)]
    fn copy(&mut self, dst: Local, src: Local) {
        self.stack.replace(dst, self.stack.get(src));
    }

    #[inline(always)]
    fn take(&mut self, dst: Local, src: Local) {
        let value = self.stack.replace(src, None);
        self.stack.replace(dst, value);
    }

    #[inline(always)]
    fn clear(&mut self, local: Local) {
        self.stack.replace(local, None);
    }

    // ---------------------------------------------------------------- objects

    #[inline(always)]
    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        if !shape.is_valid() {
            return Err(space::impossible(shape));
        }
        let object = self.create(shape)?;
        self.stack.replace(dst, Some(object));
        Ok(())
    }

    #[inline(always)]
    fn shape(&self, object: Local) -> Shape {
        self.stack.object(object).shape()
    }

    #[inline(always)]
    fn load(&mut self, dst: Local, object: Local, slot: usize) {
        let value = self.stack.object(object).slots()[slot].get();
        self.stack.replace(dst, value);
    }

    #[inline(always)]
    fn store(&mut self, object: Local, slot: usize, value: Local) {
        self.stack.object(object).slots()[slot].set(self.stack.get(value));
    }

    #[inline(always)]
    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        // The slot is looked up first: a slot that does not exist panics with nothing done.
        let slot = &self.stack.object(object).slots()[slot];
        slot.set(self.stack.replace(value, None));
    }

    #[inline(always)]
    fn take_slot(&mut self, dst: Local, object: Local, slot: usize) {
        let value = self.stack.object(object).slots()[slot].replace(None);
        self.stack.replace(dst, value);
    }

    #[inline(always)]
    fn is_in_slot(&self, value: Local, object: Local, slot: usize) -> bool {
        self.stack.object(object).slots()[slot].get() == self.stack.get(value)
    }

    #[inline(always)]
    fn peek(&self, object: Local, slot: usize) -> Option<(Kind, &[u8])> {
        let value = self.stack.object(object).slots()[slot].get()?;
        // SAFETY: as in `payload`; the object is reachable, and so not freed (invariant 1).
        Some((value.kind(), unsafe { &*value.payload() }))
    }

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        let from = &self.stack.object(src).slots()[range];
        let to = &self.stack.object(dst).slots()[at..][..from.len()];
        // SAFETY: both slices are `from.len()` cells, which may be written through shared references; `copy` allows
        // them to overlap.
        unsafe { std::ptr::copy(from.as_ptr(), to.as_ptr().cast_mut(), from.len()) }
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let value = self.stack.get(value);
        self.stack.object(object).slots()[range].iter().for_each(|slot| slot.set(value));
    }

    #[inline]
    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        self.resize_object(self.stack.object(object), slots, bytes)
    }

    #[inline(always)]
    fn payload(&self, object: Local) -> &[u8] {
        // SAFETY: a payload is initialised; only `payload_mut`, which borrows the heap mutably, writes it, and only
        // allocations, which borrow it so too, free.
        unsafe { &*self.stack.object(object).payload() }
    }

    #[inline(always)]
    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        // SAFETY: as in `payload`, and the heap is borrowed mutably for as long.
        unsafe { &mut *self.stack.object(object).payload() }
    }

    // ---------------------------------------------------------------- weak references, finalizers, immortals

    fn weak(&mut self, dst: Local, target: Local, _: Option<Hook<Self>>) -> Result<(), OutOfMemory> {
        let target = self.stack.object(target);
        self.attachments.reserve_weak()?;
        let weak = self.create(WEAK_SHAPE)?;
        self.attachments.add_weak(weak, target, None);
        self.stack.replace(dst, Some(weak));
        Ok(())
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        let weak = self.stack.object(weak);
        assert!(weak.kind() == Kind::Weak, "a {} is upgraded, expected a weak reference", weak.kind().name());
        let target = self.attachments.target(weak).filter(|target| !self.is_dead(*target));
        if target.is_some() {
            self.stack.replace(dst, target);
        }
        target.is_some()
    }

    fn set_finalizer(&mut self, object: Local, _: Hook<Self>) -> Result<(), OutOfMemory> {
        self.stack.object(object);
        Ok(())
    }

    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory> {
        injection::reserve(&mut self.immortals, 1)?;
        self.immortals.push(self.stack.object(object));
        self.stack.replace(object, None);
        Ok(Immortal(self.immortals.len() as u32 - 1))
    }

    #[inline(always)]
    fn load_immortal(&mut self, dst: Local, immortal: Immortal) {
        self.stack.replace(dst, Some(self.immortals[immortal.0 as usize]));
    }

    // ---------------------------------------------------------------- control

    #[inline(always)]
    fn safepoint(&mut self) {}

    fn collect(&mut self, _: Generation) -> Option<Collected> {
        None
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.source.set_limit(bytes);
    }

    // ---------------------------------------------------------------- evidence

    fn counters(&self) -> Counters {
        let bytes_freed = self.counters.bytes_allocated.saturating_sub(self.source.live_bytes() as u64);
        Counters { bytes_freed, ..self.counters }
    }

    fn footprint(&self) -> Footprint {
        let tables = self.attachments.held_bytes() + self.immortals.capacity() * WORD;
        let held_bytes = self.source.held_bytes() + tables + self.schedule.held_bytes();
        Footprint { live_bytes: self.source.live_bytes(), held_bytes }
    }

    fn peak_live_bytes(&self) -> usize {
        self.peak_live.max(self.source.live_bytes())
    }

    fn recorder(&self) -> &R {
        &self.recorder
    }

    fn recorder_mut(&mut self) -> &mut R {
        &mut self.recorder
    }

    fn verify_to(&self, level: Level) -> Result<(), Corruption> {
        self.check(level)
    }
}
