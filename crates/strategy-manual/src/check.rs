//! The invariants, checked level by level.
//!
//! The heap knows all objects that are not freed, except under `schedule=ignore`: then only the source is checked. With a
//! recorder that wants objects every block is noted apart from the objects, and a word of memory is read only where a
//! block is; without, headers are trusted, and their sum must be what the source has given.

use crate::Manual;
use crate::trace::Found;
use heapbench_heap::{Corruption, Counters, Kind, Level, Recorder};
use heapbench_memory::{Flag, MemorySource, Ref};
use std::ops::Range;

type Checked = Result<(), Corruption>;

impl<M: MemorySource, R: Recorder> Manual<M, R> {
    /// Checks that the deaths were those of the program, and invariants 1 to 3 of the crate's header, up to a level.
    pub(crate) fn check(&self, level: Level) -> Checked {
        if let Some(fault) = self.schedule.fault() {
            return Err(Corruption::new(fault));
        }
        self.check_counters()?;
        if level < Level::Space {
            return Ok(());
        }
        self.source.verify()?;
        let Some(known) = self.schedule.known() else { return Ok(()) };
        let known: Found = known.collect();
        self.check_blocks(&known)?;
        if level >= Level::Roots {
            self.check_roots(&known)?;
        }
        if level >= Level::Closure {
            self.check_closure(&known)?;
        }
        if level >= Level::Exact { self.check_attachments(&known) } else { Ok(()) }
    }

    fn check_counters(&self) -> Checked {
        let Counters { objects_allocated, objects_freed, bytes_allocated, .. } = self.counters;
        let expected = Counters { objects_allocated, objects_freed, bytes_allocated, ..Counters::default() };
        ensure(self.counters == expected, || {
            format!("{:?}, expected no work but allocation and frees", self.counters)
        })?;
        let (live, held) = (self.source.live_bytes() as u64, self.source.held_bytes() as u64);
        ensure(objects_freed <= objects_allocated && live <= bytes_allocated && live <= held, || {
            format!(
                "{objects_freed} objects freed of {objects_allocated}, {live} bytes alive of {bytes_allocated} \
                 allocated and {held} held, expected no more than there were"
            )
        })?;
        let Some(known) = self.schedule.known() else { return Ok(()) };
        let (expected, found) = (objects_allocated - objects_freed, known.count() as u64);
        ensure(found == expected, || format!("{found} objects are known, expected {expected}"))
    }

    /// The objects are all that the source has given.
    fn check_blocks(&self, known: &Found) -> Checked {
        let mut bytes = 0;
        for object in known {
            bytes += if R::OBJECTS { self.check_extent(*object)? } else { self.bytes(*object) };
        }
        let given = self.source.live_bytes();
        ensure(bytes == given, || format!("{bytes} bytes in objects, expected {given} as the source gave"))?;
        let noted: usize = self.blocks.values().sum();
        ensure(!R::OBJECTS || noted == given, || format!("{noted} bytes are noted, expected {given}"))?;
        let mut ends = self.blocks.iter().map(|(start, size)| (*start, start + size));
        let mut before = ends.next();
        ends.try_for_each(|(start, end)| {
            let (first, last) = before.replace((start, end)).unwrap_or_default();
            ensure(last <= start, || format!("block {first:#x}..{last:#x} overlaps the next, at {start:#x}"))
        })
    }

    /// The bytes of an object's blocks, as its header tells them.
    fn bytes(&self, object: Ref) -> usize {
        let storage = object.storage_block().map_or(0, |storage| storage.size);
        self.settings.prefix(object.is_leaf()) + object.size() + storage
    }

    /// The same, where each must be a whole block, found without trusting the header.
    fn check_extent(&self, object: Ref) -> Result<usize, Corruption> {
        // SAFETY: the blocks are those in use of the source, mapped; in front of the object is padding, which no object
        // is read from, and the rest is initialised but for rounding, which is as good as any number here.
        let extent = unsafe { object.extent(|piece| self.is_given(piece)) }?;
        let prefix = self.settings.prefix(object.is_leaf());
        let whole = extent.object.start - prefix..extent.object.end;
        for piece in [whole, extent.storage] {
            let found = self.blocks.get(&piece.start).copied().unwrap_or(0);
            ensure(found == piece.len(), || {
                format!("{piece:#x?} of {object:?} is a block of {found} bytes, expected {}", piece.len())
            })?;
        }
        Ok(self.bytes(object))
    }

    /// Whether a piece of memory lies in one block.
    fn is_given(&self, piece: &Range<usize>) -> bool {
        let block = self.blocks.range(..=piece.start).next_back();
        block.is_some_and(|(start, size)| piece.end <= start + size)
    }

    fn check_roots(&self, known: &Found) -> Checked {
        for (number, root) in self.stack.roots().iter().enumerate() {
            expect_known(known, root.get(), || format!("root {number}"))?;
        }
        let mut immortals = self.immortals.iter().enumerate();
        immortals.try_for_each(|(number, object)| {
            expect_known(known, Some(*object), || format!("immortal {number}"))
        })
    }

    /// Everything reachable is not freed. Slots of the dead may refer to the freed.
    fn check_closure(&self, known: &Found) -> Checked {
        let locals = self.stack.roots().iter().filter_map(|word| word.get());
        let mut found: Found = locals.chain(self.immortals.iter().copied()).collect();
        let mut next = 0;
        while let Some(object) = found.get_index(next).copied() {
            for (slot, child) in object.slots().iter().enumerate() {
                expect_known(known, child.get(), || format!("slot {slot} of {object:?}"))?;
                found.extend(child.get());
            }
            next += 1;
        }
        Ok(())
    }

    /// Weak references and their targets, and the flags that tell of them.
    fn check_attachments(&self, known: &Found) -> Checked {
        ensure(self.attachments.finalizable().next().is_none(), || {
            "a finalizer is kept, expected none".into()
        })?;
        for target in self.attachments.targets() {
            expect_known(known, Some(target), || "a weak reference".into())?;
            for weak in self.attachments.weak_references(target) {
                expect_known(known, Some(weak), || format!("the list of {target:?}"))?;
            }
        }
        self.attachments.verify()?;
        for object in known {
            let is_weak = object.kind() == Kind::Weak;
            let is_target = self.attachments.weak_references(*object).next().is_some();
            ensure(object.has(Flag::Attached) == (is_weak || is_target), || {
                format!(
                    "{object:?} has the wrong flag: weak reference {is_weak}, weakly referenced {is_target}"
                )
            })?;
            if is_weak && let Some(target) = self.attachments.target(*object) {
                let is_listed = self.attachments.weak_references(target).any(|weak| weak == *object);
                ensure(is_listed, || format!("{object:?} is not listed with its target {target:?}"))?;
            }
        }
        Ok(())
    }
}

fn expect_known(known: &Found, object: Option<Ref>, from: impl Fn() -> String) -> Checked {
    let is_known = object.is_none_or(|object| known.contains(&object));
    ensure(is_known, || {
        format!("{} refers to {:#x}, expected an object not freed", from(), object.map_or(0, Ref::address))
    })
}

fn ensure(right: bool, what: impl FnOnce() -> String) -> Checked {
    if right { Ok(()) } else { Err(Corruption::new(what())) }
}
