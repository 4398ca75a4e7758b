//! The invariants of counting, checked over the heap by a walk of its own.

use crate::collect::CycleCollector;
use crate::space::prefix;
use crate::{RefCount, count};
use heapbench_heap::{Corruption, Heap, Recorder};
use heapbench_memory::{Flag, MemorySource, Ref};
use indexmap::IndexMap;

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Checks invariants 1 to 4 of the crate's header. With a recorder that wants objects the heap knows them
    /// all, and counts are exact; without, the walk sees the reachable, whose counts may be higher by what
    /// unreachable cycles hold.
    pub(crate) fn check(&self) -> Result<(), Corruption> {
        let references = self.count_references()?;
        for (object, expected) in &references {
            check_count(*object, *expected, R::OBJECTS)?;
        }
        self.check_totals(&references)?;
        self.attachments.verify()?;
        C::verify(self)
    }

    /// The references to each object from locals, immortal handles and other objects.
    fn count_references(&self) -> Result<IndexMap<Ref, u64>, Corruption> {
        let mut references: IndexMap<Ref, u64> = self.census.iter().map(|object| (*object, 0)).collect();
        let mut refer = |object: Ref, from: &dyn std::fmt::Debug| {
            if R::OBJECTS && !self.census.contains(&object) {
                return Err(Corruption::new(format!("{from:?} refers to {object:?}, which is not alive")));
            }
            *references.entry(object).or_insert(0) += 1;
            Ok(())
        };
        for object in self.stack.roots().iter().filter_map(|word| word.get()) {
            refer(object, &"a local")?;
        }
        for object in &self.immortals {
            refer(*object, &"an immortal handle")?;
        }
        let mut next = 0;
        while let Some((&object, _)) = references.get_index(next) {
            for (slot, child) in object.slots().iter().enumerate().filter_map(|(i, s)| Some((i, s.get()?))) {
                if R::OBJECTS && !self.census.contains(&child) {
                    return Err(Corruption::new(format!(
                        "slot {slot} of {object:?} refers to {child:?}, which is not alive"
                    )));
                }
                *references.entry(child).or_insert(0) += 1;
            }
            next += 1;
        }
        Ok(references)
    }

    fn check_totals(&self, references: &IndexMap<Ref, u64>) -> Result<(), Corruption> {
        let counters = self.counters();
        let live = counters.objects_allocated.wrapping_sub(counters.objects_freed);
        let bytes = counters.bytes_allocated.wrapping_sub(counters.bytes_freed) as usize;
        if bytes != self.source.live_bytes() {
            let found = self.source.live_bytes();
            return Err(Corruption::new(format!("the source has {found} bytes in use, expected {bytes}")));
        }
        if !R::OBJECTS {
            return Ok(());
        }
        if live != references.len() as u64 {
            return Err(Corruption::new(format!(
                "{} objects are alive, the counters say {live}",
                references.len()
            )));
        }
        let sizes: usize = references.keys().map(|object| footprint::<C>(*object)).sum();
        if sizes != bytes {
            return Err(Corruption::new(format!("objects take {sizes} bytes, the counters say {bytes}")));
        }
        Ok(())
    }
}

fn footprint<C: CycleCollector>(object: Ref) -> usize {
    prefix::<C>(object.is_leaf()) + object.size() + object.storage_block().map_or(0, |storage| storage.size)
}

fn check_count(object: Ref, expected: u64, exact: bool) -> Result<(), Corruption> {
    let found = count::get(object);
    let right = match found {
        count::IMMORTAL.. => true,
        _ if exact => u64::from(found) == expected,
        _ => u64::from(found) >= expected,
    };
    if !right || expected == 0 && exact && found < count::IMMORTAL {
        let what = format!("{object:?} ({}) has count {found}, expected {expected}", object.kind().name());
        return Err(Corruption::new(what));
    }
    if object.has(Flag::Outline) && object.slot_count() > 0 && object.storage_block().is_none() {
        return Err(Corruption::new(format!("{object:?} has slots but no storage")));
    }
    Ok(())
}
