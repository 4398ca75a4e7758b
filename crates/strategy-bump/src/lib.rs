//! # Bump: allocate, never free, reset
//!
//! *Idea.* A pointer moves through a chunk; where it was is the new object. Nothing is reclaimed until the mutator
//! holds no reference at all, and then everything is at once: a region for each request, or a program too short to
//! need a memory manager.
//!
//! *Layout.* `[header 8][slots][payload]`, nothing in front; lists, dicts and resized objects have their storage
//! elsewhere in the chunks (`heapbench_memory::object`).
//!
//! *Invariants.*
//! 1. Every local, slot and immortal handle is nil or refers to an object in the chunks.
//! 2. No two objects or storages overlap.
//! 3. The live bytes are those of all objects since the last reset, outgrown storages left out.
//!
//! *What it cannot do.* Reclaim an object that is dead while another one is held; so a weak reference keeps its target,
//! and no finalizer or callback is ever run. A floor for what allocation costs, but not always for time: memory that
//! is never reused is never in the cache either.
//!
//! *Source.* Hanson, Fast allocation and deallocation of memory based on object lifetimes (1990); Berger, Zorn,
//! McKinley, Reconsidering custom memory allocation (OOPSLA 2002).
//!
//! | file | concept |
//! |---|---|
//! | `lib` | the trait's methods: most are one move of a word |
//! | `space` | allocation, resizing, reset |
//! | `introspect` | Python's `gc` vocabulary, as far as a region has it |
//! | `check` | the invariants, executable |
//! | `map` | which words of the chunks belong to an object |

mod check;
mod introspect;
mod map;
mod space;
#[cfg(test)]
mod tests;

use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Family, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Kind, Level, Local, OutOfMemory, Recorder, Shape,
};
use heapbench_memory::object::WORD;
use heapbench_memory::{Attachments, BumpChunks, DataStack, Ref, WEAK_SHAPE, injection};
use std::ops::Range;

/// A heap that only allocates, with recorder `R`.
#[derive(Debug)]
pub struct Bump<R> {
    stack: DataStack,
    chunks: BumpChunks<WORD>,
    /// Weak references; finalizers, which never run, are not kept.
    attachments: Attachments<Self>,
    immortals: Vec<Ref>,
    counters: Counters,
    /// The highest live bytes before they last sank.
    peak_live: usize,
    /// All objects since the last reset, kept only for recorders that want objects.
    objects: Vec<Ref>,
    recorder: R,
    /// Whether a reset fills what it frees: the setting `poison`.
    poison: bool,
    /// What `gc.isenabled()` answers; nothing depends on it.
    enabled: bool,
}

impl<R: Recorder> Heap for Bump<R> {
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
        config.expect_keys(&["poison"])?;
        config.expect_limit()?;
        let mut chunks = BumpChunks::default();
        chunks.limit(config.limit);
        Ok(Bump {
            stack: DataStack::new()?,
            chunks,
            attachments: Attachments::default(),
            immortals: Vec::new(),
            counters: Counters::default(),
            peak_live: 0,
            objects: Vec::new(),
            recorder,
            poison: poison(config)?,
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
            return Err(OutOfMemory { requested: space::content_size(shape) });
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
        // SAFETY: as in `payload`.
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
        // SAFETY: a payload is initialised; only `payload_mut`, which borrows the heap mutably, writes it.
        unsafe { &*self.stack.object(object).payload() }
    }

    #[inline(always)]
    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        let object = self.stack.object(object);
        if object.kind() == Kind::Weak {
            return &mut []; // Its payload is the heap's own.
        }
        // SAFETY: as in `payload`, and the heap is borrowed mutably for as long.
        unsafe { &mut *object.payload() }
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
        let target = self.attachments.target(weak);
        self.stack.replace(dst, target);
        true
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
        self.chunks.limit(bytes);
    }

    // ---------------------------------------------------------------- evidence

    fn counters(&self) -> Counters {
        let (blocks_requested, blocks_returned) = self.chunks.chunks();
        Counters { blocks_requested, blocks_returned, ..self.counters }
    }

    fn footprint(&self) -> Footprint {
        let tables = self.attachments.held_bytes() + self.immortals.capacity() * WORD;
        Footprint { live_bytes: self.live_bytes(), held_bytes: self.chunks.held() + tables }
    }

    fn peak_live_bytes(&self) -> usize {
        self.peak_live.max(self.live_bytes())
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

/// The setting `poison`: `yes` or `no`, which it is when left out.
fn poison(config: &HeapConfig) -> Result<bool, HeapError> {
    match config.text("poison") {
        Some("yes") => Ok(true),
        None | Some("no") => Ok(false),
        Some(other) => Err(HeapError::Invalid {
            key: "poison".to_string(),
            given: other.to_string(),
            expected: "yes or no".to_string(),
        }),
    }
}
