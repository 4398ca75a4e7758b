//! Python's `gc` vocabulary, and what `sys` says of objects, as far as a region has it.

use crate::Bump;
use heapbench_heap::{Introspect, Kind, Local, Recorder, Refused, Shape, Unsupported};

impl<R: Recorder> Introspect for Bump<R> {
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
        let values = || self.stack.object(object).slots().iter().filter_map(|slot| slot.get());
        // No more than the object has slots: the shape is a valid one.
        let shape = Shape::new(Kind::List, values().count() as u32, 0);
        let object = self.stack.object(object);
        let list = self.create(shape)?;
        let values = object.slots().iter().filter_map(|slot| slot.get());
        list.slots().iter().zip(values).for_each(|(slot, value)| slot.set(Some(value)));
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
