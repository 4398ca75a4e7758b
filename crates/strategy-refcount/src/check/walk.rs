//! The walk over everything reachable, or over everything alive, that counts references.

use super::{Checked, expect};
use crate::RefCount;
use crate::census::{Entry, header};
use crate::collect::CycleCollector;
use heapbench_heap::{Corruption, Kind, Recorder};
use heapbench_memory::object::WORD;
use heapbench_memory::{Block, Flag, MemorySource, Ref};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

/// The references to each object from locals, immortal handles and other objects.
pub(super) type References = IndexMap<Ref, u64, FxBuildHasher>;

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Counts the references to and among the reachable; or, for `everything`, among all objects of the census. Each is
    /// checked to be alive and well-formed.
    pub(super) fn count_references(&self, everything: bool) -> Result<References, Corruption> {
        let mut references = References::with_capacity_and_hasher(self.census.len(), FxBuildHasher);
        if everything {
            references.extend(self.census.keys().map(|object| (*object, 0)));
        }
        for root in self.roots() {
            *references.entry(root).or_insert(0) += 1;
        }
        let mut next = 0;
        while let Some((&object, _)) = references.get_index(next) {
            self.check_object(object)?;
            for (index, slot) in object.slots().iter().enumerate() {
                let Some(child) = slot.get() else { continue };
                match references.get_mut(&child) {
                    Some(count) => *count += 1,
                    None => {
                        self.expect_alive(child, || format!("slot {index} of {object:?}"))?;
                        references.insert(child, 1);
                    }
                }
            }
            if object.kind() == Kind::Weak
                && let Some(target) = self.attachments.target(object)
            {
                self.expect_alive(target, || format!("target of {object:?}"))?;
            }
            next += 1;
        }
        Ok(references)
    }

    /// An object's header describes it as it was made, and it has its storage.
    fn check_object(&self, object: Ref) -> Checked {
        let Some(entry) = self.census.get(&object) else {
            let storage = storage_pointer(object);
            let is_well_formed = !object.has(Flag::Outline)
                || object.slot_count() == 0
                || storage != 0 && storage.is_multiple_of(WORD);
            return expect(is_well_formed, || {
                format!("storage of {object:?}: expected its address, found {storage:#x}")
            });
        };
        let found = header(object);
        expect(found == entry.header, || {
            format!("header of {object:?}: expected {:#x}, found {found:#x}", entry.header)
        })?;
        // What lies in the storage is looked at only when the pointer to it is known to be right.
        if let Some(Block { start, size }) = entry.storage {
            let (start, found) = (start.addr().get(), storage_pointer(object));
            expect((start..=start + size).contains(&found), || {
                format!("storage of {object:?}: expected {size} bytes at {start:#x}, found {found:#x}")
            })?;
        }
        let found = Entry::of(object);
        expect(found == *entry, || format!("{object:?}: expected {entry:x?}, found {found:x?}"))
    }
}

/// The first word of the body, which in an outline object is the address of its storage.
fn storage_pointer(object: Ref) -> usize {
    // SAFETY: every object has a body of at least one word behind its header.
    unsafe { object.start(0).cast::<usize>().add(1).read() }
}
