//! Space: an object is one block of the memory source (padding, header, body), and one more for the storage of outline
//! objects.

use crate::Manual;
use heapbench_heap::{Heap, OutOfMemory, Recorder, Shape};
use heapbench_memory::object::{Block, WORD, object_size, storage_size};
use heapbench_memory::{Flag, MemorySource, Ref};
use std::ptr::NonNull;

/// What no memory of the world has room for.
pub(crate) fn impossible(shape: Shape) -> OutOfMemory {
    OutOfMemory { requested: shape.bytes.saturating_add(shape.slots as usize * WORD) }
}

impl<M: MemorySource, R: Recorder> Manual<M, R> {
    /// A new object of a valid shape, or of that of a weak reference; what is dead by now is freed first.
    #[inline(always)]
    pub(crate) fn create(&mut self, shape: Shape) -> Result<Ref, OutOfMemory> {
        self.free_the_dead(shape.kind);
        self.schedule.reserve()?;
        let prefix = self.settings.prefix(shape.kind.is_leaf());
        let (size, storage) = (prefix + object_size(shape), storage_size(shape));
        let block = self.block(size)?;
        let storage_block = match storage {
            0 => NonNull::<u64>::dangling().cast(),
            _ => self.block_beside(block, size, storage)?,
        };
        // SAFETY: the blocks are fresh, aligned to 16, and of the sizes that the shape needs; the padding is a whole number of
        // words.
        let object = unsafe { Ref::create(block.add(prefix), shape, storage_block) };
        self.schedule.push(object);
        self.counters.objects_allocated += 1;
        if R::OBJECTS {
            self.recorder.allocated(object.address(), shape, size + storage);
        }
        self.advance(size + storage);
        Ok(object)
    }

    /// Gives the object another number of slots and payload bytes.
    pub(crate) fn resize_object(&mut self, object: Ref, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let (old, new) = (object.shape(), Shape::new(object.kind(), slots, bytes));
        if new == old {
            return Ok(());
        }
        if !new.is_valid() || object.is_leaf() {
            return Err(impossible(new));
        }
        let needs = object.resize_needs(slots as usize, bytes);
        let block = match needs {
            None => None,
            Some(0) => Some(NonNull::<u64>::dangling().cast()),
            Some(size) => Some(self.block(size)?),
        };
        object.slots()[slots.min(old.slots) as usize..].iter().for_each(|slot| slot.set(None));
        // SAFETY: the slots cut off are nil, the block is fresh and as large as asked for, and no slice is kept.
        let outgrown = unsafe { object.resize(slots as usize, bytes, block) };
        self.peak_live = self.peak_live.max(self.source.live_bytes());
        if let Some(outgrown) = outgrown {
            // SAFETY: the object has another storage now.
            unsafe { self.give_back(outgrown) }
        }
        if R::OBJECTS {
            let prefix = self.settings.prefix(false);
            let bytes = object.size() + object.storage_block().map_or(0, |storage| storage.size);
            self.recorder.resized(object.address(), new, prefix + bytes);
        }
        self.advance(needs.unwrap_or(0));
        Ok(())
    }

    /// A block of the source.
    #[inline(always)]
    fn block(&mut self, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        let block = self.source.allocate(size).ok_or(OutOfMemory { requested: size })?;
        if R::OBJECTS {
            self.blocks.insert(block.addr().get(), size);
        }
        Ok(block)
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
            // SAFETY: the first block is one of the source's of this size, and nobody else has seen it.
            unsafe { self.give_back(Block { start: first, size }) }
        })
    }

    /// Gives an object's memory back.
    ///
    /// # Safety
    /// Nobody refers to the object any more, or the referrer is dead itself and will not look.
    #[inline(always)]
    pub(crate) unsafe fn destroy(&mut self, object: Ref) {
        self.counters.objects_freed += 1;
        let prefix = self.settings.prefix(object.is_leaf());
        let block = Block { start: object.start(prefix), size: prefix + object.size() };
        // The storage goes first, because the object knows it; but it may know the object's size.
        if object.has(Flag::Outline)
            && let Some(storage) = object.storage_block()
        {
            // SAFETY: storage blocks come from the source with their size; by the contract nobody uses this one.
            unsafe { self.give_back(storage) }
        }
        // SAFETY: the block came from the source with this size; by the contract nobody uses it.
        unsafe { self.give_back(block) }
    }

    /// Gives a block back to the source.
    ///
    /// # Safety
    /// It came from there with its size, and nobody uses it.
    #[inline(always)]
    unsafe fn give_back(&mut self, block: Block) {
        if R::OBJECTS {
            self.blocks.remove(&block.start.addr().get());
        }
        // SAFETY: by the contract.
        unsafe { self.source.free(block.start, block.size) }
    }

    /// The allocation clock advances by blocks that are in use, and written, by now.
    #[inline(always)]
    fn advance(&mut self, bytes: usize) {
        self.counters.bytes_allocated += bytes as u64;
        if self.recorder.advance(bytes) {
            self.sample_footprint();
        }
    }

    #[cold]
    #[inline(never)]
    fn sample_footprint(&mut self) {
        let now = self.footprint();
        self.recorder.footprint(now);
    }
}
