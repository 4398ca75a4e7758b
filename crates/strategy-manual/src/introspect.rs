//! Python's `gc` vocabulary, and what `sys` says of objects, as far as there is any.

use crate::Manual;
use heapbench_heap::{Introspect, Kind, Local, Recorder, Refused, Shape, Unsupported};
use heapbench_memory::MemorySource;

impl<M: MemorySource, R: Recorder> Introspect for Manual<M, R> {
    fn enable(&mut self) {
        self.enabled = true;
    }

    fn disable(&mut self) {
        self.enabled = false;
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Never: no finalizer runs.
    fn is_finalized(&self, object: Local) -> Result<bool, Unsupported> {
        self.stack.object(object);
        Ok(false)
    }

    fn referents(&mut self, dst: Local, object: Local) -> Result<(), Refused> {
        let object = self.stack.object(object);
        let values = || object.slots().iter().filter_map(|slot| slot.get());
        // No more than the object has slots: the shape is a valid one.
        let list = self.create(Shape::new(Kind::List, values().count() as u32, 0))?;
        list.slots().iter().zip(values()).for_each(|(slot, value)| slot.set(Some(value)));
        self.stack.replace(dst, Some(list));
        Ok(())
    }

    fn size_of(&self, object: Local) -> Result<usize, Unsupported> {
        let object = self.stack.object(object);
        let storage = object.storage_block().map_or(0, |storage| storage.size);
        Ok(self.settings.prefix(object.is_leaf()) + object.size() + storage)
    }

    /// `schedule=ignore` keeps no list of its objects, and does not know.
    fn allocated_blocks(&self) -> Result<u64, Unsupported> {
        let objects = self.schedule.known().ok_or(Unsupported)?;
        Ok(objects.map(|object| 1 + u64::from(object.storage_block().is_some())).sum())
    }
}
