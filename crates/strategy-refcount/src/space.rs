//! Space: an object is one block of the memory source (GC head for containers, count, header, body), and one more
//! for the storage of outline objects.

use crate::census::Entry;
use crate::collect::CycleCollector;
use crate::{RefCount, count};
use heapbench_heap::{Generation, Kind, OutOfMemory, Recorder, Shape};
use heapbench_memory::object::{Block, object_size, storage_size};
use heapbench_memory::{Flag, MemorySource, Ref};
use std::ptr::NonNull;

/// Bytes in front of an object's header: the count, and for containers the collector's head before it.
#[inline(always)]
pub const fn prefix<C: CycleCollector>(is_leaf: bool) -> usize {
    if is_leaf { count::PREFIX } else { count::PREFIX + C::HEAD }
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Makes an attempt at something that takes memory, which may fail and then has no effect; if need be once more
    /// after a full collection. Its hooks may change any local and any object: so the whole attempt is made anew.
    pub(crate) fn provide<T>(
        &mut self,
        attempt: impl Fn(&mut Self) -> Result<T, OutOfMemory>,
    ) -> Result<T, OutOfMemory> {
        match attempt(self) {
            Err(refused) => self.provide_after_collection(refused, attempt),
            provided => provided,
        }
    }

    /// The second attempt, after one that was refused.
    #[cold]
    #[inline(never)]
    pub(crate) fn provide_after_collection<T>(
        &mut self,
        refused: OutOfMemory,
        attempt: impl Fn(&mut Self) -> Result<T, OutOfMemory>,
    ) -> Result<T, OutOfMemory> {
        let collected = C::collect(self, Generation::FULL).is_some();
        if self.empty_free_lists() > 0 || collected { attempt(self) } else { Err(refused) }
    }

    /// A new object with a count of one; some policies collect inside its allocation, others where there is no memory.
    /// The first attempt is the fast path, and in place; the rarer ones are not.
    #[inline(always)]
    pub(crate) fn provide_object(&mut self, shape: Shape) -> Result<Ref, OutOfMemory> {
        if !shape.kind.is_leaf() && self.collector.is_due_inside() {
            return self.provide_after_due(shape, |heap| heap.create(shape));
        }
        match self.create(shape) {
            Err(refused) => self.provide_after_collection(refused, |heap| heap.create(shape)),
            created => created,
        }
    }

    /// Makes an attempt at an object of this shape, when its block makes a collection due.
    ///
    /// CPython 3.11 takes the block, counts it, collects, and then makes the object. Here the collection comes first,
    /// because its hooks may change whatever the allocation is about; the rest is the same: the new block counts before
    /// the collection and not after it, and none that the collection puts into a free list takes its place.
    #[cold]
    #[inline(never)]
    pub(crate) fn provide_after_due(
        &mut self,
        shape: Shape,
        attempt: impl Fn(&mut Self) -> Result<Ref, OutOfMemory>,
    ) -> Result<Ref, OutOfMemory> {
        if self.free_lists.has(shape.kind, shape.slots as usize, shape.bytes) {
            return self.provide(attempt);
        }
        self.collector.allocated();
        C::collect_due(self);
        let on = self.free_lists.switch(false);
        let object = self.provide(attempt);
        self.free_lists.switch(on);
        self.collector.freed();
        object
    }

    /// As `provide`, for an attempt that makes an object of this shape among other things.
    pub(crate) fn provide_with_object(
        &mut self,
        shape: Shape,
        attempt: impl Fn(&mut Self) -> Result<Ref, OutOfMemory>,
    ) -> Result<Ref, OutOfMemory> {
        if self.collector.is_due_inside() {
            self.provide_after_due(shape, attempt)
        } else {
            self.provide(attempt)
        }
    }

    /// Gives all blocks in free lists back to the source; how many there were.
    pub fn empty_free_lists(&mut self) -> u64 {
        let blocks = self.free_lists.len();
        while let Some((block, of_container)) = self.free_lists.drain_one() {
            // SAFETY: blocks in free lists are the source's, with their size, and nobody's.
            unsafe { self.source.free(block.start, block.size) };
            if of_container {
                self.collector.freed();
            }
        }
        blocks
    }

    /// A new object with a count of one, known to the collector.
    #[inline(always)]
    pub(crate) fn create(&mut self, shape: Shape) -> Result<Ref, OutOfMemory> {
        let prefix = prefix::<C>(shape.kind.is_leaf());
        let (size, storage) = (prefix + object_size(shape), storage_size(shape));
        let kept = self.free_lists.take(shape.kind, shape.slots as usize, shape.bytes);
        let block = match kept {
            Some(block) => {
                self.blocks_beside_objects -= 1;
                block
            }
            None => self.block(size)?,
        };
        let storage_block = if storage == 0 {
            NonNull::<u64>::dangling().cast()
        } else {
            self.block_beside(block, size, shape.kind, storage).inspect_err(|_| {
                if kept.is_some() {
                    self.blocks_beside_objects += 1;
                    self.collector.freed();
                }
            })?
        };
        // SAFETY: the blocks are fresh and of the sizes that the shape needs.
        let object = unsafe { Ref::create(block.add(prefix), shape, storage_block) };
        count::set(object, 1);
        self.counters.objects_allocated += 1;
        self.collector.created(object);
        if !shape.kind.is_leaf() {
            if kept.is_none() {
                self.collector.allocated();
            }
            self.collector.born(object);
        }
        if R::OBJECTS {
            self.census.insert(object, Entry::of(object));
            self.recorder.allocated(object.address(), shape, size + storage);
        }
        self.advance(size + storage);
        Ok(object)
    }

    /// A block of the source.
    #[inline(always)]
    pub(crate) fn block(&mut self, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        self.source.allocate(size).ok_or(OutOfMemory { requested: size })
    }

    /// A block for the storage of an object of this kind.
    #[inline(always)]
    pub(crate) fn storage_block(&mut self, kind: Kind, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        let block = match self.free_lists.take_storage(kind, size) {
            Some(block) => block,
            None => {
                let block = self.block(size)?;
                self.blocks_beside_objects += 1;
                block
            }
        };
        self.storages += 1;
        Ok(block)
    }

    /// The storage block of an object whose first block is there already: given back when there is no second.
    #[inline(never)]
    fn block_beside(
        &mut self,
        first: NonNull<u8>,
        size: usize,
        kind: Kind,
        storage: usize,
    ) -> Result<NonNull<u8>, OutOfMemory> {
        self.storage_block(kind, storage).inspect_err(|_| {
            // SAFETY: the first block is one of the source's of this size, and nobody else has seen it.
            unsafe { self.source.free(first, size) }
        })
    }

    /// Gives a dead object's memory back.
    ///
    /// # Safety
    /// No slot, local, table or list refers to the object any more, or the referrer is dead itself and will not
    /// look.
    #[inline(always)]
    pub(crate) unsafe fn destroy(&mut self, object: Ref) {
        self.counters.objects_freed += 1;
        if object.has(Flag::Outline) {
            // SAFETY: by the contract.
            return unsafe { self.destroy_outline(object) };
        }
        let is_leaf = object.is_leaf();
        let (prefix, size) = (prefix::<C>(is_leaf), object.inline_size());
        // SAFETY: the block came from the source with this size; by the contract nobody uses it.
        unsafe {
            if self.free_lists.is_on() && self.keep_block(object, object.byte_count(), prefix + size) {
                return;
            }
            if !is_leaf {
                self.collector.freed();
            }
            self.source.free(object.start(prefix), prefix + size);
        }
    }

    /// Gives the block of a dead object to a free list, if one takes it; `bytes` is its payload where that is inline.
    ///
    /// # Safety
    /// As `destroy`; `size` is that of the block.
    #[inline(never)]
    unsafe fn keep_block(&mut self, object: Ref, bytes: usize, size: usize) -> bool {
        let kind = object.kind();
        let block = Block { start: object.start(prefix::<C>(kind.is_leaf())), size };
        // SAFETY: by the contract.
        unsafe { self.free_lists.put(kind, object.slot_count(), bytes, block) }
    }

    /// # Safety
    /// As `destroy`.
    #[inline(never)]
    unsafe fn destroy_outline(&mut self, object: Ref) {
        let is_leaf = object.is_leaf();
        let (prefix, size) = (prefix::<C>(is_leaf), object.size());
        // SAFETY: as in `destroy`; the storage goes first, because the object knows it. No list takes an object whose
        // payload, where it is counted, is no inline one.
        unsafe {
            self.free_storage(object, object.storage_block());
            if self.free_lists.is_on() && self.keep_block(object, usize::MAX, prefix + size) {
                return;
            }
            if !is_leaf {
                self.collector.freed();
            }
            self.source.free(object.start(prefix), prefix + size);
        }
    }

    /// Gives an object's storage block back.
    ///
    /// # Safety
    /// The object is dead or has another storage by now.
    #[inline(never)]
    pub(crate) unsafe fn free_storage(&mut self, object: Ref, storage: Option<Block>) {
        let Some(storage) = storage else { return };
        self.storages -= 1;
        // SAFETY: storage blocks come from the source with their size; by the contract nobody uses this one.
        unsafe {
            if self.free_lists.is_on() && self.free_lists.put_storage(object.kind(), storage) {
                return;
            }
            self.source.free(storage.start, storage.size);
        }
    }

    /// Notes the bytes in use where they are about to fall.
    #[inline(always)]
    pub(crate) fn note_peak(&mut self) {
        if self.free_lists.is_on() {
            self.peak_traced = self.peak_traced.max(self.source.live_bytes());
        }
        self.peak_live = self.peak_live.max(self.live_bytes());
    }

    /// Bytes of the objects that are not reclaimed yet: blocks in free lists are in use of the source only.
    #[inline(always)]
    pub(crate) fn live_bytes(&self) -> usize {
        self.source.live_bytes() - self.free_lists.bytes()
    }

    /// The allocation clock advances by blocks that are in use, and written, by now.
    #[inline(always)]
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.counters.bytes_allocated += bytes as u64;
        if self.recorder.advance(bytes) {
            self.sample_footprint();
        }
    }

    #[cold]
    #[inline(never)]
    fn sample_footprint(&mut self) {
        let now = heapbench_heap::Heap::footprint(self);
        self.recorder.footprint(now);
    }
}
