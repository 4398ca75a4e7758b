//! Python's `gc` vocabulary, as far as a heap without generations and thresholds has it.

use crate::MarkSweep;
use crate::allocate::Tried;
use heapbench_heap::{
    Generation, GenerationStats, Introspect, Kind, Local, Recorder, Refused, Shape, Unsupported,
};
use heapbench_memory::Flag;
use heapbench_memory::object::{object_size, storage_size};

impl<R: Recorder> Introspect for MarkSweep<R> {
    fn enable(&mut self) {
        self.enabled = true;
    }

    fn disable(&mut self) {
        self.enabled = false;
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn stats(&self) -> Result<[GenerationStats; 3], Unsupported> {
        let mut stats = [GenerationStats::default(); 3];
        let full = Generation::FULL.index();
        stats[full].collections = self.counters.collections[full];
        stats[full].collected = self.counters.objects_collected;
        Ok(stats)
    }

    /// All objects in use become roots. Those frozen before are among them.
    fn freeze(&mut self) -> Result<(), Unsupported> {
        self.frozen.freeze(&self.space);
        self.space.outside = self.outside_bytes();
        Ok(())
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        self.frozen.unfreeze();
        self.space.outside = self.outside_bytes();
        Ok(())
    }

    fn freeze_count(&self) -> Result<u64, Unsupported> {
        Ok(self.frozen.objects)
    }

    fn is_finalized(&self, object: Local) -> Result<bool, Unsupported> {
        Ok(self.stack.object(object).has(Flag::Finalized))
    }

    /// Hooks of a collection that makes room may change the object: what it holds is counted anew after each.
    fn referents(&mut self, dst: Local, object: Local) -> Result<(), Refused> {
        let mut tried = Tried::default();
        let list = loop {
            let values = self.stack.object(object).slots().iter().filter(|slot| slot.get().is_some());
            let shape = Shape::new(Kind::List, values.count() as u32, 0);
            if let Some(list) = self.try_create(shape) {
                break list;
            }
            self.make_room(&mut tried, object_size(shape) + storage_size(shape))?;
        };
        let values = self.stack.object(object).slots().iter().filter_map(|slot| slot.get());
        list.slots().iter().zip(values).for_each(|(slot, value)| slot.set(Some(value)));
        self.written(list);
        self.stack.replace(dst, Some(list));
        Ok(())
    }

    fn identity(&self, object: Local) -> Result<usize, Unsupported> {
        Ok(self.stack.object(object).address())
    }

    fn size_of(&self, object: Local) -> Result<usize, Unsupported> {
        let object = self.stack.object(object);
        Ok(object.size() + object.storage_block().map_or(0, |storage| storage.size))
    }
}
