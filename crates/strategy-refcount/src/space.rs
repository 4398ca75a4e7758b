//! Space: an object is one block of the memory source (GC head for containers, count, header, body), and one more
//! for the storage of outline objects.

use crate::census::Entry;
use crate::collect::CycleCollector;
use crate::{RefCount, count};
use heapbench_heap::{Generation, OutOfMemory, Recorder, Shape};
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
    #[inline(always)]
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
        match C::collect(self, Generation::FULL) {
            Some(_) => attempt(self),
            None => Err(refused),
        }
    }

    /// A new object with a count of one, known to the collector.
    #[inline(always)]
    pub(crate) fn create(&mut self, shape: Shape) -> Result<Ref, OutOfMemory> {
        let prefix = prefix::<C>(shape.kind.is_leaf());
        let (size, storage) = (prefix + object_size(shape), storage_size(shape));
        let block = self.block(size)?;
        let storage_block = if storage == 0 {
            NonNull::<u64>::dangling().cast()
        } else {
            self.block_beside(block, size, storage)?
        };
        // SAFETY: the blocks are fresh and of the sizes that the shape needs.
        let object = unsafe { Ref::create(block.add(prefix), shape, storage_block) };
        count::set(object, 1);
        self.counters.objects_allocated += 1;
        if !shape.kind.is_leaf() {
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

    /// The storage block of an object whose first block is there already: given back when there is no second.
    #[inline(never)]
    fn block_beside(
        &mut self,
        first: NonNull<u8>,
        size: usize,
        storage: usize,
    ) -> Result<NonNull<u8>, OutOfMemory> {
        self.block(storage).inspect_err(|_| {
            // SAFETY: the first block came from `block(size)` just now and nobody else has seen it.
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
        let prefix = prefix::<C>(object.is_leaf());
        // SAFETY: the block came from the source with this size; by the contract nobody uses it.
        unsafe { self.source.free(object.start(prefix), prefix + object.inline_size()) }
    }

    /// # Safety
    /// As `destroy`.
    #[inline(never)]
    unsafe fn destroy_outline(&mut self, object: Ref) {
        let (prefix, size) = (prefix::<C>(object.is_leaf()), object.size());
        // SAFETY: as in `destroy`; the storage goes first, because the object knows it.
        unsafe {
            self.free_storage(object.storage_block());
            self.source.free(object.start(prefix), prefix + size);
        }
    }

    /// Gives a storage block back.
    ///
    /// # Safety
    /// Its object is dead or has another storage by now.
    #[inline(never)]
    pub(crate) unsafe fn free_storage(&mut self, storage: Option<Block>) {
        if let Some(storage) = storage {
            // SAFETY: storage blocks come from the source with their size.
            unsafe { self.source.free(storage.start, storage.size) };
        }
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
