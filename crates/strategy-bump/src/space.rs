//! Space: an object and its first storage are one piece of a chunk; later storages are pieces of their own.

use crate::Bump;
use heapbench_heap::{Heap, OutOfMemory, Recorder, Shape};
use heapbench_memory::Ref;
use heapbench_memory::object::{WORD, object_size, storage_size};

/// What a reset fills freed memory with, under the setting `poison`.
const POISON: u8 = 0xdd;

/// Bytes of slots and payload, for messages about shapes beyond every limit.
pub(crate) fn content_size(shape: Shape) -> usize {
    shape.bytes.saturating_add(shape.slots as usize * WORD)
}

impl<R: Recorder> Bump<R> {
    /// A new object of a valid shape, or of that of a weak reference.
    #[inline(always)]
    pub(crate) fn create(&mut self, shape: Shape) -> Result<Ref, OutOfMemory> {
        let size = object_size(shape) + storage_size(shape);
        let block = self.chunks.bump(size).ok_or(OutOfMemory { requested: size })?;
        // SAFETY: the block is fresh, aligned to 8, and as large as object and storage together; an object with a
        // storage is a whole number of words.
        let object = unsafe { Ref::create(block, shape, block.add(object_size(shape))) };
        self.counters.objects_allocated += 1;
        if R::OBJECTS {
            self.objects.push(object);
            self.recorder.allocated(object.address(), shape, size);
        }
        self.count_allocated(size);
        Ok(object)
    }

    /// Gives the object another number of slots and payload bytes. An outgrown storage is lost until the reset.
    pub(crate) fn resize_object(&mut self, object: Ref, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let (old, new) = (object.shape(), Shape::new(object.kind(), slots, bytes));
        if new == old {
            return Ok(());
        }
        if !new.is_valid() || object.is_leaf() {
            return Err(OutOfMemory { requested: content_size(new) });
        }
        let needed = object.resize_needs(slots as usize, bytes);
        let block = match needed {
            None => None,
            Some(size) => Some(self.chunks.bump(size).ok_or(OutOfMemory { requested: size })?),
        };
        self.counters.bytes_copied +=
            if block.is_some() { object.resize_copies(slots as usize, bytes) } else { 0 };
        object.slots()[slots.min(old.slots) as usize..].iter().for_each(|slot| slot.set(None));
        // SAFETY: the slots cut off are nil, the block is fresh and as large as asked for, and no slice is kept.
        let outgrown = unsafe { object.resize(slots as usize, bytes, block) };
        if R::OBJECTS {
            let bytes = object.size() + object.storage_block().map_or(0, |storage| storage.size);
            self.recorder.resized(object.address(), new, bytes);
        }
        self.count_allocated(needed.unwrap_or(0));
        if let Some(outgrown) = outgrown {
            self.count_freed(outgrown.size);
        }
        Ok(())
    }

    /// Frees everything if no local and no immortal handle refers to an object.
    pub(crate) fn try_reset(&mut self) -> bool {
        if !self.immortals.is_empty() || self.stack.roots().iter().any(|word| word.get().is_some()) {
            return false;
        }
        for object in self.objects.drain(..) {
            self.recorder.died(object.address());
        }
        self.attachments.clear();
        // SAFETY: no root refers to an object, and the tables that did are empty.
        unsafe {
            if self.poison {
                self.chunks.fill(POISON);
            }
            self.chunks.reset();
        }
        self.count_freed(self.live_bytes());
        self.counters.objects_freed = self.counters.objects_allocated;
        true
    }

    /// Bytes of all objects and storages since the last reset, outgrown storages left out.
    pub(crate) fn live_bytes(&self) -> usize {
        (self.counters.bytes_allocated - self.counters.bytes_freed) as usize
    }

    #[inline(always)]
    fn count_allocated(&mut self, bytes: usize) {
        self.counters.bytes_allocated += bytes as u64;
        if self.recorder.advance(bytes) {
            self.sample_footprint();
        }
    }

    fn count_freed(&mut self, bytes: usize) {
        self.peak_live = self.peak_live_bytes();
        self.counters.bytes_freed += bytes as u64;
    }

    #[cold]
    #[inline(never)]
    fn sample_footprint(&mut self) {
        let now = self.footprint();
        self.recorder.footprint(now);
    }
}
