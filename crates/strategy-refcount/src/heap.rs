//! The trait's methods: each is counting and one move of a word.

use crate::collect::CycleCollector;
use crate::{RefCount, count};
use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Footprint, Frame, Generation, GenerationStats, Heap,
    HeapConfig, HeapError, Hook, Immortal, Introspect, Local, OutOfMemory, Recorder, Shape, Unsupported,
};
use heapbench_memory::{Attachments, DataStack, MemorySource, Ref, WEAK_SHAPE};
use indexmap::IndexSet;
use std::ops::Range;
use std::ptr::NonNull;

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Moves a counted value into a local; the old one is released.
    #[inline(always)]
    fn put(&mut self, dst: Local, value: Option<Ref>) {
        let old = self.stack.replace(dst, value);
        self.release(old);
    }

    /// Tells the collector that an object is about to refer to a value.
    #[inline(always)]
    fn notice(&mut self, object: Ref, value: Option<Ref>) {
        if let Some(value) = value {
            self.collector.stored(object, value);
        }
    }

    fn release_all(&mut self, values: Vec<Option<Ref>>) {
        values.into_iter().for_each(|value| self.release(value));
    }
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> Heap for RefCount<C, M, R> {
    const CAPABILITIES: Capabilities = C::CAPABILITIES;
    type Recorder = R;

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        config.expect_limit()?;
        let mut source = M::new()?;
        source.set_limit(config.limit);
        Ok(RefCount {
            stack: DataStack::new()?,
            collector: C::new(config)?,
            attachments: Attachments::default(),
            counters: Counters::default(),
            source,
            recorder,
            immortals: Vec::new(),
            census: IndexSet::new(),
            peak_live: 0,
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
            return Err(OutOfMemory { requested: shape.bytes.saturating_add(shape.slots as usize * 8) });
        }
        let object = self.create(shape)?;
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

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        let values: Vec<_> = self.stack.object(src).slots()[range].iter().map(|slot| slot.get()).collect();
        let object = self.stack.object(dst);
        let end = at.checked_add(values.len()).filter(|end| *end <= object.slot_count());
        assert!(
            end.is_some(),
            "slots from {at} of an object with {}, {} copied",
            object.slot_count(),
            values.len()
        );
        values.iter().for_each(|value| self.retain(*value));
        values.iter().for_each(|value| self.notice(object, *value));
        let old = object.slots()[at..].iter().zip(values).map(|(slot, value)| slot.replace(value)).collect();
        self.release_all(old);
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let (object, value) = (self.stack.object(object), self.stack.get(value));
        assert!(
            range.end <= object.slot_count(),
            "slot {} of an object with {}",
            range.end,
            object.slot_count()
        );
        range.clone().for_each(|_| self.retain(value));
        self.notice(object, value);
        let old = object.slots()[range].iter().map(|slot| slot.replace(value)).collect();
        self.release_all(old);
    }

    #[inline]
    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let object = self.stack.object(object);
        let fits = Shape::new(object.kind(), slots, bytes);
        if fits == object.shape() {
            return Ok(());
        }
        if !fits.is_valid() || object.is_leaf() {
            return Err(OutOfMemory { requested: bytes.saturating_add(slots as usize * 8) });
        }
        let needs = object.resize_needs(slots as usize, bytes);
        let block = match needs {
            None => None,
            Some(0) => Some(NonNull::<u64>::dangling().cast()),
            Some(size) => Some(self.block(size)?),
        };
        let kept = (slots as usize).min(object.slot_count());
        let cut: Vec<_> = object.slots()[kept..].iter().map(|slot| slot.take()).collect();
        // SAFETY: the cut slots are nil, the block is what `resize_needs` asked for, and no slice is kept.
        let outgrown = unsafe { object.resize(slots as usize, bytes, block) };
        self.peak_live = self.peak_live.max(self.source.live_bytes());
        // SAFETY: the object has another storage now.
        unsafe { self.free_storage(outgrown) };
        if let Some(size) = needs {
            self.advance(size);
        }
        self.release_all(cut);
        Ok(())
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
        let weak = self.create(WEAK_SHAPE)?;
        let target = self.stack.object(target);
        self.attachments.add_weak(weak, target, callback);
        self.collector.attached(target);
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

    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) {
        let object = self.stack.object(object);
        self.attachments.set_finalizer(object, finalizer);
        if !object.is_leaf() {
            self.collector.attached(object);
        }
    }

    fn immortalize(&mut self, object: Local) -> Immortal {
        let immortal = self.stack.object(object);
        self.stack.replace(object, None);
        count::set(immortal, count::IMMORTAL);
        self.immortals.push(immortal);
        Immortal(self.immortals.len() as u32 - 1)
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
        let bytes_freed = self.counters.bytes_allocated.saturating_sub(self.source.live_bytes() as u64);
        Counters { bytes_freed, ..self.counters }
    }

    fn footprint(&self) -> Footprint {
        let tables = self.attachments.held_bytes() + self.immortals.capacity() * size_of::<Ref>();
        let held_bytes = self.source.held_bytes() + tables + self.collector.held_bytes();
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

    fn verify(&self) -> Result<(), Corruption> {
        self.check()
    }
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> Introspect for RefCount<C, M, R> {
    fn enable(&mut self) {
        self.collector.enable();
    }

    fn disable(&mut self) {
        self.collector.disable();
    }

    fn is_enabled(&self) -> bool {
        self.collector.is_enabled()
    }

    fn thresholds(&self) -> Result<[u32; 3], Unsupported> {
        self.collector.thresholds()
    }

    fn set_thresholds(&mut self, thresholds: [u32; 3]) -> Result<(), Unsupported> {
        self.collector.set_thresholds(thresholds)
    }

    fn counts(&self) -> Result<[u64; 3], Unsupported> {
        self.collector.counts()
    }

    fn stats(&self) -> Result<[GenerationStats; 3], Unsupported> {
        self.collector.stats()
    }

    fn freeze(&mut self) -> Result<(), Unsupported> {
        self.collector.freeze()
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        self.collector.unfreeze()
    }

    fn freeze_count(&self) -> Result<u64, Unsupported> {
        self.collector.freeze_count()
    }

    fn is_tracked(&self, object: Local) -> Result<bool, Unsupported> {
        let object = self.stack.object(object);
        if object.is_leaf() { Ok(false) } else { CycleCollector::is_tracked(&self.collector, object) }
    }
}
