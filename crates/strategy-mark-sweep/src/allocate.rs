//! Allocation beyond the fast path: storage, large objects, resizing, and what to do when there is no room.

use crate::MarkSweep;
use crate::runs::Contents;
use heapbench_heap::{Kind, Local, OutOfMemory, Recorder, Shape};
use heapbench_memory::object::{object_size, storage_size};
use heapbench_memory::{Block, Ref};
use std::ptr::NonNull;

/// What has been tried to make room for one allocation.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
pub(crate) enum Tried {
    #[default]
    Nothing,
    Collecting,
    Trimming,
}

impl<R: Recorder> MarkSweep<R> {
    /// Whether the policy wants a collection now.
    fn is_due(&self) -> bool {
        self.enabled && !self.collecting && self.sizing.is_due(self.counters.bytes_allocated)
    }

    /// Object and storage, or neither.
    pub(crate) fn try_create(&mut self, shape: Shape) -> Option<Ref> {
        let (size, storage_size, due) = (object_size(shape), storage_size(shape), self.is_due());
        let at = self.space.allocate(size, Contents::Objects, due)?;
        let storage = match storage_size {
            0 => NonNull::<u64>::dangling().cast(),
            _ => match self.space.allocate(storage_size, Contents::Storage, due) {
                Some(storage) => storage,
                None => {
                    // SAFETY: the cell was allocated above and nobody knows it.
                    unsafe { self.space.free(Block { start: at, size }) };
                    return None;
                }
            },
        };
        // SAFETY: two cells of this space, as large as the shape needs, aligned to 16, and nobody else's.
        let object = unsafe { Ref::create(at, shape, storage) };
        if self.hooks_running {
            self.bear_marked(object, size + storage_size);
        }
        self.announce(object, size + storage_size);
        Some(object)
    }

    /// A new object, referred to by nobody yet; collects when that is due or necessary.
    #[inline(never)]
    pub(crate) fn create(&mut self, shape: Shape) -> Result<Ref, OutOfMemory> {
        let bytes = object_size(shape) + storage_size(shape);
        let mut tried = Tried::Nothing;
        loop {
            if let Some(object) = self.try_create(shape) {
                return Ok(object);
            }
            self.make_room(&mut tried, bytes)?;
        }
    }

    /// One step more to make room for `bytes`, then it is worth trying again.
    #[cold]
    pub(crate) fn make_room(&mut self, tried: &mut Tried, bytes: usize) -> Result<(), OutOfMemory> {
        let hopeless = bytes > self.space.blocks.reserved_bytes();
        if self.collecting || hopeless || *tried == Tried::Trimming {
            return Err(OutOfMemory { requested: bytes });
        }
        if self.is_due() {
            self.collect_now();
        } else if *tried == Tried::Nothing {
            *tried = Tried::Collecting;
            self.collect_now();
        } else {
            *tried = Tried::Trimming;
            self.queue.release();
            self.space.blocks.trim(0);
            self.space.outside = self.outside_bytes();
        }
        Ok(())
    }

    /// `Heap::resize`, for shapes beyond the object's room too. Finalizers that a collection runs meanwhile may
    /// change the local and the object, so that both are looked at anew after it.
    pub(crate) fn resize_object(
        &mut self,
        local: Local,
        slots: u32,
        bytes: usize,
    ) -> Result<(), OutOfMemory> {
        let mut tried = Tried::Nothing;
        loop {
            let object = self.stack.object(local);
            let shape = Shape { slots, bytes, ..object.shape() };
            let Some(size) = object.resize_needs(slots as usize, bytes) else {
                self.exchange_storage(object, shape, None);
                return Ok(());
            };
            if !shape.is_valid() || shape.kind.is_leaf() {
                return Err(OutOfMemory { requested: size });
            }
            let due = self.is_due();
            let storage = match size {
                0 => Some(NonNull::<u64>::dangling().cast()),
                _ => self.space.allocate(size, Contents::Storage, due),
            };
            if let Some(start) = storage {
                self.exchange_storage(object, shape, Some(Block { start, size }));
                return Ok(());
            }
            self.make_room(&mut tried, size)?;
        }
    }

    /// Gives an object its new shape, and the storage block that it needs for that.
    fn exchange_storage(&mut self, object: Ref, shape: Shape, storage: Option<Block>) {
        debug_assert!(shape.kind != Kind::Weak || storage.is_none());
        object.slots().iter().skip(shape.slots as usize).for_each(|slot| slot.set(None));
        if storage.is_some() {
            self.counters.bytes_copied += object.resize_copies(shape.slots as usize, shape.bytes);
        }
        // SAFETY: the slots to be cut off are nil, and the block is what `resize_needs` asked for just now.
        let old =
            unsafe { object.resize(shape.slots as usize, shape.bytes, storage.map(|block| block.start)) };
        if R::OBJECTS {
            let bytes = object.size() + object.storage_block().map_or(0, |storage| storage.size);
            self.recorder.resized(object.address(), shape, bytes);
        }
        let Some(new) = storage else { return };
        self.counters.bytes_allocated += new.size as u64;
        if self.hooks_running && self.space.marks.has(object.address()) {
            self.survivors.bytes += new.size as u64;
            self.survivors.bytes -= old.map_or(0, |block| block.size as u64);
            if new.size > 0 {
                self.space.marks.set(new.start.addr().get());
            }
        }
        self.note_peak();
        if let Some(old) = old {
            self.counters.bytes_freed += old.size as u64;
            // SAFETY: the object's old storage, which it does not refer to any more.
            if unsafe { self.space.free(old) } {
                self.sizing.credit(old.size);
            }
        }
        if self.recorder.advance(new.size) {
            self.record_footprint();
        }
    }
}
