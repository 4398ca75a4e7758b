//! Mark-sweep: find the living, the rest is free.
//!
//! **Idea.** When the heap has grown to a multiple of what was alive, stop, mark everything reachable from the
//! roots, and take the marks for the new truth about which cells are in use. Dead objects are never touched;
//! their cells are found again by later allocations, block by block (lazy sweep).
//!
//! **Layout.** Objects have no prefix: a reference points at the first word of a cell. Cells have 64 sizes and lie
//! in blocks of one size, item buffers in blocks of their own, what is over 8 KiB in runs of pages; all in one
//! reserved range of addresses, with two bitmaps beside it (`space`).
//!
//! **Invariants.** Those of `space`, `mark` and `bitmap`, and: every slot of every object in use, reachable or
//! not, is nil or refers to an object in use, because a collection reclaims all unmarked objects at once.
//!
//! **What it cannot do.** Tell that an object died before a collection; move objects, so that a block with one
//! live cell stays; collect a part of the heap: each pause grows with all that lives.
//!
//! **Collects** inside an allocation: when the policy is due (`sizing`) or there is no room. `safepoint` does
//! nothing.
//!
//! **Source.** McCarthy 1960; Boehm & Weiser 1988 (segregated blocks, lazy sweep); the papers named in `mark`.
//!
//! | file | concept |
//! |---|---|
//! | `space` | cells, blocks, large runs, lazy sweep |
//! | `runs` | which units belong together |
//! | `size_class` | which cell an object gets |
//! | `bitmap` | one bit for each granule |
//! | `allocate` | allocation beyond the fast path |
//! | `mark` | the prefetching mark queue |
//! | `collect` | one collection, hooks included |
//! | `tables` | lists beside the heap, under its limit |
//! | `frozen` | objects that count as reachable |
//! | `settings`, `sizing` | the configuration; when to collect |
//! | `introspect` | Python's `gc` vocabulary |
//! | `check` | the verifier |
//! | `poison`, `guard` | free memory that no one can use unnoticed, for proof |

mod allocate;
mod bitmap;
mod check;
mod collect;
mod frozen;
mod guard;
mod introspect;
mod mark;
mod poison;
mod runs;
mod settings;
mod size_class;
mod sizing;
mod space;
mod tables;

use crate::allocate::Tried;
use crate::frozen::Frozen;
use crate::mark::{MarkQueue, Traced};
use crate::runs::Contents;
use crate::settings::Settings;
use crate::size_class::{LARGEST_CELL, class_of};
use crate::sizing::Sizing;
use crate::space::Space;
use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Family, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Kind, Level, Local, NoRecorder, OutOfMemory, Recorder, Shape,
};
use heapbench_memory::object::{is_outline, object_size};
use heapbench_memory::{Attachments, DataStack, Ref, WEAK_SHAPE};
use std::ops::Range;

/// A mark-sweep heap.
#[derive(Debug)]
pub struct MarkSweep<R: Recorder = NoRecorder> {
    stack: DataStack,
    space: Space,
    counters: Counters,
    sizing: Sizing,
    enabled: bool,
    collecting: bool,
    /// A collection runs finalizers or callbacks: see `collect`.
    hooks_running: bool,
    /// Marked in the running collection.
    survivors: Traced,
    /// Marked objects whose slots the second trace looks at again.
    remembered: Vec<Ref>,
    queue: MarkQueue,
    attachments: Attachments<Self>,
    /// Bytes that the attachment tables hold.
    attachments_bytes: usize,
    immortals: Vec<Ref>,
    frozen: Frozen,
    /// All weak references, in order of creation.
    weak_references: Vec<Ref>,
    /// What the running collection has to do something with: see `tables`.
    doomed: Vec<Ref>,
    peak_live_bytes: usize,
    recorder: R,
}

impl<R: Recorder> MarkSweep<R> {
    fn live_bytes(&self) -> usize {
        (self.counters.bytes_allocated - self.counters.bytes_freed) as usize
    }

    fn live_objects(&self) -> u64 {
        self.counters.objects_allocated - self.counters.objects_freed
    }

    /// Notes the live bytes where they are about to fall.
    fn note_peak(&mut self) {
        self.peak_live_bytes = self.peak_live_bytes.max(self.live_bytes());
    }

    fn record_footprint(&mut self) {
        let now = self.footprint();
        self.recorder.footprint(now);
    }

    /// Counts a new object and tells the recorder.
    #[inline(always)]
    fn announce(&mut self, object: Ref, bytes: usize) {
        self.counters.objects_allocated += 1;
        self.counters.bytes_allocated += bytes as u64;
        if R::OBJECTS {
            self.recorder.allocated(object.address(), object.shape(), bytes);
        }
        if self.recorder.advance(bytes) {
            self.record_footprint();
        }
    }

    /// To be called after a write to an object's slots.
    #[inline(always)]
    fn written(&mut self, object: Ref) {
        if self.hooks_running {
            self.remember(object);
        }
    }

    #[inline(never)]
    fn allocate_slowly(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        if !shape.is_valid() {
            return Err(OutOfMemory { requested: shape.bytes });
        }
        let object = self.create(shape)?;
        self.stack.replace(dst, Some(object));
        Ok(())
    }
}

impl<R: Recorder> Heap for MarkSweep<R> {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Tracing,
        prompt: false,
        collects_cycles: true,
        moves: false,
        generations: 1,
        thresholds: false,
        freezes: true,
    };
    type Recorder = R;

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        let settings = Settings::from_config(config)?;
        let space = Space::new(&settings)?;
        let mut heap = MarkSweep {
            stack: DataStack::new()?,
            frozen: Frozen::new(&space)?,
            space,
            counters: Counters::default(),
            queue: MarkQueue::new(settings.queue)?,
            sizing: settings.sizing,
            enabled: true,
            collecting: false,
            hooks_running: false,
            survivors: Traced::default(),
            remembered: Vec::new(),
            attachments: Attachments::default(),
            attachments_bytes: 0,
            immortals: Vec::new(),
            weak_references: Vec::new(),
            doomed: Vec::new(),
            peak_live_bytes: 0,
            recorder,
        };
        heap.set_limit(config.limit);
        Ok(heap)
    }

    fn reset(&mut self) -> bool {
        false
    }

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
        let (base, arguments, value) = (frame.base, frame.arguments, self.stack.get(result));
        self.stack.clear_entered(&frame);
        self.stack.leave(frame);
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
        let value = self.stack.get(src);
        self.stack.replace(dst, value);
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

    #[inline(always)]
    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        if shape.is_valid() && !is_outline(shape) {
            let size = object_size(shape);
            if size <= LARGEST_CELL
                && let Some(at) = self.space.pop(class_of(size), Contents::Objects)
            {
                // SAFETY: a free cell of this space, at least as large as the object; it needs no storage.
                let object = unsafe { Ref::create(at, shape, at) };
                self.announce(object, size);
                self.stack.replace(dst, Some(object));
                return Ok(());
            }
        }
        self.allocate_slowly(dst, shape)
    }

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
        let object = self.stack.object(object);
        object.slots()[slot].set(self.stack.get(value));
        self.written(object);
    }

    #[inline(always)]
    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        let object = self.stack.object(object);
        object.slots()[slot].set(self.stack.get(value));
        self.stack.replace(value, None);
        self.written(object);
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
        let (from, object) = (&self.stack.object(src).slots()[range], self.stack.object(dst));
        let to = &object.slots()[at..][..from.len()];
        // SAFETY: two ranges of initialised slots of the same length, which may overlap; they are cells, so that
        // writing through a shared reference is sound.
        unsafe { std::ptr::copy(from.as_ptr(), to.as_ptr().cast_mut(), from.len()) };
        self.written(object);
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let object = self.stack.object(object);
        let value = self.stack.get(value);
        object.slots()[range].iter().for_each(|slot| slot.set(value));
        self.written(object);
    }

    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        if slots > Shape::MAX_SLOTS || bytes > Shape::MAX_BYTES {
            return Err(OutOfMemory { requested: bytes });
        }
        self.resize_object(object, slots, bytes)
    }

    #[inline(always)]
    fn payload(&self, object: Local) -> &[u8] {
        // SAFETY: payload bytes are initialised; the heap is borrowed, so that nothing resizes or writes them.
        unsafe { &*self.stack.object(object).payload() }
    }

    #[inline(always)]
    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        // SAFETY: as in `payload`; the heap is borrowed mutably, so that this is the only use.
        unsafe { &mut *self.stack.object(object).payload() }
    }

    fn weak(&mut self, dst: Local, target: Local, callback: Option<Hook<Self>>) -> Result<(), OutOfMemory> {
        let kind = self.stack.object(target).kind();
        assert!(!kind.is_leaf() && kind != Kind::Weak, "objects of this kind take no weak reference");
        let mut tried = Tried::default();
        // Hooks of a collection may use up what was reserved, so that both are tried anew after each.
        let weak = loop {
            if self.reserve_weak()
                && let Some(weak) = self.try_create(WEAK_SHAPE)
            {
                break weak;
            }
            self.make_room(&mut tried, object_size(WEAK_SHAPE))?;
        };
        self.weak_references.push(weak);
        self.attachments.add_weak(weak, self.stack.object(target), callback);
        self.stack.replace(dst, Some(weak));
        Ok(())
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        let weak = self.stack.object(weak);
        assert!(weak.kind() == Kind::Weak, "only a weak reference can be upgraded");
        let target = self.attachments.target(weak);
        if target.is_some() {
            self.stack.replace(dst, target);
        }
        target.is_some()
    }

    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) -> Result<(), OutOfMemory> {
        let mut tried = Tried::default();
        while !self.attach_finalizer(self.stack.object(object), finalizer) {
            self.make_room(&mut tried, size_of::<Hook<Self>>())?;
        }
        Ok(())
    }

    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory> {
        let mut tried = Tried::default();
        while !self.reserve_immortal() {
            self.make_room(&mut tried, size_of::<Ref>())?;
        }
        let handle = Immortal(self.immortals.len() as u32);
        self.immortals.push(self.stack.object(object));
        self.stack.replace(object, None);
        Ok(handle)
    }

    #[inline(always)]
    fn load_immortal(&mut self, dst: Local, immortal: Immortal) {
        let object = self.immortals[immortal.0 as usize];
        self.stack.replace(dst, Some(object));
    }

    #[inline(always)]
    fn safepoint(&mut self) {}

    fn collect(&mut self, _generation: Generation) -> Option<Collected> {
        (!self.collecting).then(|| self.collect_now())
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        let own = self.sizing.limit.unwrap_or(usize::MAX);
        self.space.limit = bytes.map_or(own, |bytes| bytes.min(own));
        self.space.outside = self.outside_bytes();
    }

    fn counters(&self) -> Counters {
        Counters {
            blocks_swept: self.space.blocks_swept,
            blocks_requested: self.space.runs_taken,
            blocks_returned: self.space.runs_given_back,
            ..self.counters
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint {
            live_bytes: self.live_bytes(),
            held_bytes: self.space.held_bytes() + self.outside_bytes(),
        }
    }

    fn peak_live_bytes(&self) -> usize {
        self.peak_live_bytes.max(self.live_bytes())
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
