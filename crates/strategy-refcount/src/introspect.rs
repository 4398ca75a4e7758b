//! Python's `gc` vocabulary, and what `sys` says of objects: the heap's own answers, and those of its collector.

use crate::collect::CycleCollector;
use crate::heap::impossible;
use crate::space::prefix;
use crate::{RefCount, count};
use heapbench_heap::{
    Callback, CollectionInfo, Generation, GenerationStats, Introspect, Kind, Local, OutOfMemory, Phase,
    Recorder, Refused, Shape, Unsupported,
};
use heapbench_memory::{Flag, MemorySource, Ref, injection};

const EMPTY_LIST: Shape = Shape::new(Kind::List, 0, 0);

impl<C: CycleCollector, M: MemorySource, R: Recorder> Introspect for RefCount<C, M, R> {
    fn enable(&mut self) {
        self.collector.set_enabled(true);
    }

    fn disable(&mut self) {
        self.collector.set_enabled(false);
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
        if object.is_leaf() { Ok(false) } else { self.collector.is_tracked(object) }
    }

    fn is_finalized(&self, object: Local) -> Result<bool, Unsupported> {
        Ok(self.stack.object(object).has(Flag::Finalized))
    }

    fn objects(&mut self, dst: Local, generation: Option<Generation>) -> Result<(), Refused> {
        self.collector.tracked(generation).map(drop)?;
        Ok(self.list_of(dst, |heap| gather(heap.collector.tracked(generation).into_iter().flatten()))?)
    }

    fn referrers(&mut self, dst: Local, object: Local) -> Result<(), Refused> {
        self.collector.tracked(None).map(drop)?;
        Ok(self.list_of(dst, |heap| {
            let object = heap.stack.object(object);
            let refers = |from: &Ref| from.slots().iter().any(|slot| slot.get() == Some(object));
            gather(heap.collector.tracked(None).into_iter().flatten().filter(refers))
        })?)
    }

    fn referents(&mut self, dst: Local, object: Local) -> Result<(), Refused> {
        Ok(self.list_of(dst, |heap| {
            gather(heap.stack.object(object).slots().iter().filter_map(|slot| slot.get()))
        })?)
    }

    fn garbage(&mut self, dst: Local) -> Result<(), Unsupported> {
        self.collector.collects()?;
        self.retain(self.garbage);
        self.put(dst, self.garbage);
        Ok(())
    }

    fn set_save_all(&mut self, on: bool) -> Result<(), Unsupported> {
        self.collector.set_save_all(on)
    }

    fn add_callback(&mut self, callback: Callback<Self>) -> Result<(), Unsupported> {
        self.collector.collects()?;
        self.callbacks.push(callback);
        Ok(())
    }

    fn clear_callbacks(&mut self) -> Result<(), Unsupported> {
        self.collector.collects()?;
        self.callbacks.clear();
        Ok(())
    }

    fn identity(&self, object: Local) -> Result<usize, Unsupported> {
        Ok(self.stack.object(object).address())
    }

    fn size_of(&self, object: Local) -> Result<usize, Unsupported> {
        let object = self.stack.object(object);
        let storage = object.storage_block().map_or(0, |storage| storage.size);
        Ok(prefix::<C>(object.is_leaf()) + object.size() + storage)
    }

    /// Of what is immortal or saturated, the number at which its count is stuck.
    fn reference_count(&self, object: Local) -> Result<u64, Unsupported> {
        Ok(u64::from(count::get(self.stack.object(object))))
    }

    fn traced_memory(&self) -> Result<(usize, usize), Unsupported> {
        let now = self.source.live_bytes();
        Ok((now, self.peak_traced.max(self.peak_live).max(now)))
    }

    /// Objects, their storages, and what waits in free lists.
    fn allocated_blocks(&self) -> Result<u64, Unsupported> {
        let objects = self.counters.objects_allocated - self.counters.objects_freed;
        Ok(objects + self.storages + self.free_lists.len())
    }
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// `dst =` a new list of what is found. Nothing happens between the finding and the end of the list: where a
    /// collection has to make room, its hooks may change anything, and all is found anew.
    fn list_of(
        &mut self,
        dst: Local,
        find: impl Fn(&Self) -> Result<Vec<Ref>, OutOfMemory>,
    ) -> Result<(), OutOfMemory> {
        let list = self.provide_with_object(EMPTY_LIST, |heap| {
            let found = find(heap)?;
            heap.create_list(&found)
        })?;
        self.put(dst, Some(list));
        Ok(())
    }

    fn create_list(&mut self, values: &[Ref]) -> Result<Ref, OutOfMemory> {
        let slots = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let shape = Shape { slots, ..EMPTY_LIST };
        if !shape.is_valid() {
            return Err(impossible(shape));
        }
        let list = self.create(shape)?;
        for (slot, value) in list.slots().iter().zip(values) {
            self.retain(Some(*value));
            slot.set(Some(*value));
        }
        Ok(list)
    }

    /// Appends an object to `gc.garbage`. Where there is no memory for that it does not, as CPython: the object stays all
    /// the same.
    pub fn save(&mut self, object: Ref) {
        let garbage = match self.garbage {
            Some(garbage) => garbage,
            None => {
                let Ok(garbage) = self.create_list(&[]) else { return };
                // CPython has the list from the start, before anything counts.
                self.collector.freed();
                *self.garbage.insert(garbage)
            }
        };
        let place = garbage.slot_count();
        let Ok(slots) = u32::try_from(place + 1) else { return };
        if self.try_resize(garbage, slots, garbage.byte_count()).is_ok() {
            self.retain(Some(object));
            garbage.slots()[place].set(Some(object));
        }
    }

    /// Calls the functions of `gc.callbacks`, in order. They may change the list of them.
    pub fn call_callbacks(&mut self, phase: Phase, info: CollectionInfo) {
        let mut next = 0;
        while let Some(callback) = self.callbacks.get(next).copied() {
            self.hooks += 1;
            callback(self, phase, info);
            self.hooks -= 1;
            next += 1;
        }
    }
}

/// Notes objects, as far as there is memory for that.
fn gather(objects: impl Iterator<Item = Ref>) -> Result<Vec<Ref>, OutOfMemory> {
    let mut found = Vec::new();
    for object in objects {
        injection::reserve(&mut found, 1)?;
        found.push(object);
    }
    Ok(found)
}
