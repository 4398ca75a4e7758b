//! The trait's methods: each is counting and one move of a word.

use crate::census::{Census, Entry};
use crate::collect::CycleCollector;
use crate::free_lists::{self, FreeLists};
use crate::overwritten::Overwritten;
use crate::space::prefix;
use crate::{RefCount, count};
use heapbench_heap::{
    Callback, Capabilities, Collected, Corruption, Counters, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Kind, Level, Local, OutOfMemory, Recorder, Shape,
};
use heapbench_memory::{Attachments, DataStack, MemorySource, Ref, WEAK_SHAPE, injection};
use std::ops::Range;
use std::ptr::NonNull;

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Moves a counted value into a local; the old one is released.
    #[inline(always)]
    pub(crate) fn put(&mut self, dst: Local, value: Option<Ref>) {
        let old = self.stack.replace(dst, value);
        self.release(old);
    }

    /// Tells the collector that an object is about to refer to a value.
    #[inline(always)]
    pub(crate) fn notice(&mut self, object: Ref, value: Option<Ref>) {
        if let Some(value) = value {
            self.collector.stored(object, value);
        }
    }

    /// Releases values that wait, in order: the end of every bulk operation.
    fn release_overwritten(&mut self, waiting: Range<usize>) {
        for place in waiting.clone() {
            let value = self.overwritten.take(place);
            self.release(value);
        }
        self.overwritten.pop(waiting);
    }

    /// A resize, where there is memory for it without a collection.
    #[inline(always)]
    pub(crate) fn try_resize(&mut self, object: Ref, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let fits = Shape::new(object.kind(), slots, bytes);
        if fits == object.shape() {
            return Ok(());
        }
        if !takes_resize(fits) {
            return Err(impossible(fits));
        }
        let needs = object.resize_needs(slots as usize, bytes);
        let block = match needs {
            None => None,
            Some(0) => Some(NonNull::<u64>::dangling().cast()),
            Some(size) => Some(self.storage_block(object.kind(), size)?),
        };
        let cut = object.slots().get(slots as usize..).unwrap_or_default();
        let waiting = (!cut.is_empty()).then(|| self.overwritten.push(cut));
        cut.iter().for_each(|slot| slot.set(None));
        if block.is_some() {
            self.counters.bytes_copied += object.resize_copies(slots as usize, bytes);
        }
        // SAFETY: the cut slots are nil, the block is what `resize_needs` asked for, and no slice is kept.
        let outgrown = unsafe { object.resize(slots as usize, bytes, block) };
        self.note_peak();
        // SAFETY: the object has another storage now.
        unsafe { self.free_storage(object, outgrown) };
        if R::OBJECTS {
            self.census.insert(object, Entry::of(object));
            let bytes = object.size() + object.storage_block().map_or(0, |storage| storage.size);
            self.recorder.resized(object.address(), fits, prefix::<C>(false) + bytes);
        }
        if let Some(size) = needs {
            self.advance(size);
        }
        if let Some(waiting) = waiting {
            self.release_overwritten(waiting);
        }
        Ok(())
    }

    fn try_weak(&mut self, target: Local, callback: Option<Hook<Self>>) -> Result<Ref, OutOfMemory> {
        let target = self.stack.object(target);
        let kind = target.kind();
        assert!(!kind.is_leaf() && kind != Kind::Weak, "a weak reference to kind {}", kind.name());
        self.attachments.reserve_weak()?;
        let weak = self.create(WEAK_SHAPE)?;
        self.attachments.add_weak(weak, target, callback);
        self.collector.attached(target);
        Ok(weak)
    }
}

/// Whether an object of the shape's kind can be resized to it.
#[inline(always)]
fn takes_resize(shape: Shape) -> bool {
    shape.is_valid() && !shape.kind.is_leaf()
}

/// What no collection makes room for.
pub(crate) fn impossible(shape: Shape) -> OutOfMemory {
    OutOfMemory { requested: shape.bytes.saturating_add(shape.slots as usize * size_of::<Ref>()) }
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> Heap for RefCount<C, M, R> {
    const CAPABILITIES: Capabilities = C::CAPABILITIES;
    type Recorder = R;

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        config.expect_policy(C::POLICIES)?;
        config.expect_keys(&[C::KEYS, &[free_lists::KEY]].concat())?;
        config.expect_limit()?;
        let free_lists = config.setting(free_lists::KEY, "true or false")?.unwrap_or(false);
        let collector = C::new(config)?;
        let mut source = M::new()?;
        source.set_limit(config.limit);
        Ok(RefCount {
            stack: DataStack::new()?,
            attachments: Attachments::default(),
            counters: Counters::default(),
            source,
            recorder,
            immortals: Vec::new(),
            overwritten: Overwritten::new()?,
            free_lists: FreeLists::new(free_lists, collector.longest_tuple_taken()),
            collector,
            storages: 0,
            blocks_beside_objects: 0,
            garbage: None,
            callbacks: Vec::new(),
            census: Census::default(),
            peak_live: 0,
            peak_traced: 0,
            hooks: 0,
            pauses: 0,
            in_cascade: false,
        })
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
        let mut index = 0;
        while let Some(value) = self.stack.take_entered(&frame, index) {
            self.release(value);
            index += 1;
        }
        self.stack.leave(frame);
    }

    #[inline(always)]
    fn leave_with(&mut self, frame: Frame, result: Local) {
        let value = self.stack.replace(result, None);
        let (base, arguments) = (frame.base, frame.arguments);
        self.leave(frame);
        let lost = self.stack.put_returned(base, arguments, value);
        self.release(lost);
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
        self.retain(value);
        self.put(dst, value);
    }

    #[inline(always)]
    fn take(&mut self, dst: Local, src: Local) {
        let value = self.stack.replace(src, None);
        self.put(dst, value);
    }

    #[inline(always)]
    fn clear(&mut self, local: Local) {
        self.put(local, None);
    }

    #[inline(always)]
    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        if !shape.is_valid() {
            return Err(impossible(shape));
        }
        let object = self.provide_object(shape)?;
        self.put(dst, Some(object));
        Ok(())
    }

    #[inline(always)]
    fn shape(&self, object: Local) -> Shape {
        self.stack.object(object).shape()
    }

    #[inline(always)]
    fn load(&mut self, dst: Local, object: Local, slot: usize) {
        let value = self.stack.object(object).slots()[slot].get();
        self.retain(value);
        self.put(dst, value);
    }

    #[inline(always)]
    fn store(&mut self, object: Local, slot: usize, value: Local) {
        let object = self.stack.object(object);
        let slot = &object.slots()[slot];
        let value = self.stack.get(value);
        self.retain(value);
        self.notice(object, value);
        self.release(slot.replace(value));
    }

    #[inline(always)]
    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        let object = self.stack.object(object);
        let slot = &object.slots()[slot];
        let value = self.stack.replace(value, None);
        self.notice(object, value);
        self.release(slot.replace(value));
    }

    #[inline(always)]
    fn take_slot(&mut self, dst: Local, object: Local, slot: usize) {
        let value = self.stack.object(object).slots()[slot].replace(None);
        self.put(dst, value);
    }

    #[inline(always)]
    fn is_in_slot(&self, value: Local, object: Local, slot: usize) -> bool {
        self.stack.object(object).slots()[slot].get() == self.stack.get(value)
    }

    #[inline(always)]
    fn peek(&self, object: Local, slot: usize) -> Option<(Kind, &[u8])> {
        let value = self.stack.object(object).slots()[slot].get()?;
        // SAFETY: as in `payload`: the slot keeps the object alive while the heap is borrowed.
        Some((value.kind(), unsafe { &*value.payload() }))
    }

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        let (values, object) = (&self.stack.object(src).slots()[range], self.stack.object(dst));
        let replaced = object.slots().get(at..).and_then(|slots| slots.get(..values.len()));
        let replaced = replaced.unwrap_or_else(|| no_such_slots(at, values.len(), object.slot_count()));
        let waiting = self.overwritten.push(replaced);
        for value in values {
            self.retain(value.get());
            self.notice(object, value.get());
        }
        // SAFETY: both are slots of live objects, as many; `copy` is made for ranges that overlap, and cells may be
        // written while shared.
        unsafe { std::ptr::copy(values.as_ptr(), replaced.as_ptr().cast_mut(), values.len()) };
        self.release_overwritten(waiting);
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let (object, value) = (self.stack.object(object), self.stack.get(value));
        let replaced = &object.slots()[range];
        let waiting = self.overwritten.push(replaced);
        self.notice(object, value);
        for slot in replaced {
            self.retain(value);
            slot.set(value);
        }
        self.release_overwritten(waiting);
    }

    #[inline]
    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        match self.try_resize(self.stack.object(object), slots, bytes) {
            Err(refused) if takes_resize(Shape::new(self.shape(object).kind, slots, bytes)) => self
                .provide_after_collection(refused, |heap| {
                    heap.try_resize(heap.stack.object(object), slots, bytes)
                }),
            done => done,
        }
    }

    #[inline(always)]
    fn payload(&self, object: Local) -> &[u8] {
        // SAFETY: the payload is initialised, and only `payload_mut`, which borrows the heap mutably, writes it.
        unsafe { &*self.stack.object(object).payload() }
    }

    #[inline(always)]
    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        // SAFETY: as in `payload`, and the heap is borrowed mutably for as long.
        unsafe { &mut *self.stack.object(object).payload() }
    }

    fn weak(&mut self, dst: Local, target: Local, callback: Option<Hook<Self>>) -> Result<(), OutOfMemory> {
        let weak = self.provide_with_object(WEAK_SHAPE, |heap| heap.try_weak(target, callback))?;
        self.put(dst, Some(weak));
        Ok(())
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        let target = self.attachments.target(self.stack.object(weak));
        if target.is_some() {
            self.retain(target);
            self.put(dst, target);
        }
        target.is_some()
    }

    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) -> Result<(), OutOfMemory> {
        let object = self.stack.object(object);
        self.attachments.set_finalizer(object, finalizer)?;
        if !object.is_leaf() {
            self.collector.attached(object);
        }
        Ok(())
    }

    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory> {
        injection::reserve(&mut self.immortals, 1)?;
        let immortal = self.stack.object(object);
        self.stack.replace(object, None);
        if !immortal.is_leaf() && count::get(immortal) != count::immortal(C::SATURATED) {
            self.collector.forget(immortal);
        }
        count::set(immortal, count::immortal(C::SATURATED));
        self.immortals.push(immortal);
        Ok(Immortal(self.immortals.len() as u32 - 1))
    }

    #[inline(always)]
    fn load_immortal(&mut self, dst: Local, immortal: Immortal) {
        let object = self.immortals[immortal.0 as usize];
        self.put(dst, Some(object));
    }

    #[inline(always)]
    fn safepoint(&mut self) {
        if self.collector.is_due() {
            C::collect_due(self);
        }
    }

    fn collect(&mut self, generation: Generation) -> Option<Collected> {
        C::collect(self, generation)
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.source.set_limit(bytes);
    }

    fn counters(&self) -> Counters {
        let bytes_freed = self.counters.bytes_allocated.saturating_sub(self.live_bytes() as u64);
        let objects = self.counters.objects_allocated;
        let blocks_requested = objects.saturating_add_signed(self.blocks_beside_objects);
        let alive = objects.saturating_sub(self.counters.objects_freed);
        let blocks_returned = blocks_requested.saturating_sub(alive + self.storages + self.free_lists.len());
        Counters { bytes_freed, blocks_requested, blocks_returned, ..self.counters }
    }

    fn footprint(&self) -> Footprint {
        let tables = self.attachments.held_bytes() + self.immortals.capacity() * size_of::<Ref>();
        let tables = tables + self.callbacks.capacity() * size_of::<Callback<Self>>();
        let tables = tables + self.overwritten.held_bytes() + self.collector.held_bytes();
        let held_bytes = self.source.held_bytes() + tables;
        Footprint { live_bytes: self.live_bytes(), held_bytes }
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

#[cold]
#[inline(never)]
fn no_such_slots(at: usize, copied: usize, slots: usize) -> ! {
    panic!("{copied} slots copied to slot {at}, of an object with {slots}")
}
