//! The verifier: derives everything anew, level by level, without the mark queue.
//!
//! | level | what holds |
//! |---|---|
//! | counters | counters, footprint and the cached sizes agree |
//! | space | `space`: runs, cursors, bitmaps, free memory untouched |
//! | roots | every local, immortal, frozen or remembered object is an object in use |
//! | closure | everything reachable from them is well-formed, and every slot of it nil or an object in use |
//! | exact | the same of the unreachable; each storage has one owner; the tables list what there is; no marks |
//!
//! An object is *in use* when its live bit is set, at a cell's start, in a block of objects. It is *well-formed* when
//! its header describes an object that belongs in that cell.

mod bits;
mod space;
#[cfg(test)]
mod tests;

use self::bits::Bits;
use crate::MarkSweep;
use crate::runs::Contents;
use heapbench_heap::{Corruption, Kind, Level, Recorder};
use heapbench_memory::{Block, Flag, Ref};

type Checked = Result<(), Corruption>;

/// Bytes of the smallest object: a header and a word.
const SMALLEST: u64 = 16;

/// What the walk over all objects found.
#[derive(Default)]
struct Found {
    objects: u64,
    bytes: u64,
    storages: u64,
    weak_references: u64,
    /// Weak references with a target.
    referring: u64,
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Corruption::new(what())) }
}

impl<R: Recorder> MarkSweep<R> {
    pub(crate) fn check(&self, level: Level) -> Checked {
        self.check_counters()?;
        if level >= Level::Space {
            self.space.check()?;
        }
        if level >= Level::Roots {
            self.check_roots()?;
        }
        if level >= Level::Closure {
            let (reached, _) = self.check_closure()?;
            if level >= Level::Exact {
                self.check_all(&reached)?;
                self.check_tables()?;
            }
        }
        Ok(())
    }

    fn check_counters(&self) -> Checked {
        let counters = &self.counters;
        let pairs = [
            ("objects freed", counters.objects_freed, counters.objects_allocated),
            ("bytes freed", counters.bytes_freed, counters.bytes_allocated),
        ];
        for (what, freed, allocated) in pairs {
            expect(freed <= allocated, || format!("{what}: expected at most {allocated}, found {freed}"))?;
        }
        let (freed, collected) = (counters.objects_freed, counters.objects_collected);
        expect(freed == collected, || {
            format!("objects freed: expected {collected} collected, found {freed}")
        })?;
        let (objects, bytes, held) = (self.live_objects(), self.live_bytes(), self.space.held_bytes());
        expect(objects * SMALLEST <= bytes as u64, || {
            format!("{objects} live objects: expected at least {SMALLEST} bytes each, found {bytes}")
        })?;
        expect(bytes <= held, || format!("live bytes: expected at most the {held} held, found {bytes}"))?;
        let (cached, outside) = (self.space.outside, self.outside_bytes());
        expect(self.collecting || cached == outside, || {
            format!("bytes outside the space: expected {outside}, found {cached} noted")
        })
    }

    /// The objects that the collector starts from.
    fn roots(&self) -> impl Iterator<Item = (&'static str, Ref)> + '_ {
        let locals = self.stack.roots().iter().filter_map(|root| root.get());
        let immortals = self.immortals.iter().copied();
        let locals = locals.map(|root| ("a local", root)).chain(immortals.map(|root| ("an immortal", root)));
        let remembered = self.remembered.iter().map(|root| ("a remembered object", *root));
        locals.chain(self.frozen.iter().map(|root| ("a frozen object", root))).chain(remembered)
    }

    fn check_roots(&self) -> Checked {
        self.roots().try_for_each(|(what, root)| self.expect_object(root, || what.to_string()))
    }

    /// Walks all that is reachable. Gives a bit and the number of what it reached.
    fn check_closure(&self) -> Result<(Bits, u64), Corruption> {
        let (mut reached, mut pending) = (self.space.no_bits()?, Vec::new());
        let mut objects = 0;
        for (_, root) in self.roots() {
            if reached.set(root.address()) {
                pending.push(root);
            }
        }
        while let Some(object) = pending.pop() {
            objects += 1;
            self.check_object(object, |target| {
                if reached.set(target.address()) {
                    pending.push(target);
                }
            })?;
        }
        let live = self.live_objects();
        expect(objects <= live, || format!("objects reachable: expected at most {live}, found {objects}"))?;
        Ok((reached, objects))
    }

    /// Checks an object in use, and gives what its slots refer to.
    fn check_object(&self, object: Ref, mut visit: impl FnMut(Ref)) -> Checked {
        self.space.check_header(object.address())?;
        // The header and storage pointer are those of an object: it is safe to ask.
        self.space.check_cell(Block { start: object.start(0), size: object.size() }, Contents::Objects)?;
        if let Some(storage) = object.storage_block() {
            self.space.check_cell(storage, Contents::Storage)?;
        }
        for (index, slot) in object.slots().iter().enumerate() {
            if let Some(target) = slot.get() {
                self.expect_object(target, || format!("slot {index} of {object:?}"))?;
                visit(target);
            }
        }
        if object.kind() == Kind::Weak
            && let Some(target) = self.attachments.target(object)
        {
            self.expect_object(target, || format!("target of {object:?}"))?;
        }
        Ok(())
    }

    /// The reference is one to an object in use.
    fn expect_object(&self, object: Ref, place: impl Fn() -> String) -> Checked {
        let found = self.space.cell_at(object.address());
        let in_use = found.is_some_and(|run| run.contents == Contents::Objects);
        expect(in_use, || format!("{}: expected an object in use, found {object:?}", place()))
    }

    /// Checks what was not reached, and counts everything.
    fn check_all(&self, reached: &Bits) -> Checked {
        let (mut found, mut owned) = (Found::default(), self.space.no_bits()?);
        for at in self.space.cells(Contents::Objects) {
            // SAFETY: the cell is in use, and `check_object` begins with the header.
            let object = unsafe { Ref::from_address(at) };
            if !reached.has(at) {
                self.check_object(object, |_| {})?;
            }
            found.objects += 1;
            found.bytes += object.size() as u64;
            if let Some(storage) = object.storage_block() {
                let start = storage.start.addr().get();
                expect(owned.set(start), || format!("{object:?}: storage {start:#x} has a second owner"))?;
                found.storages += 1;
                found.bytes += storage.size as u64;
            }
            if object.has(Flag::Attached) {
                self.check_attached(object, &mut found)?;
            } else {
                expect(object.kind() != Kind::Weak, || {
                    format!("{object:?}: a weak reference, expected its flag set")
                })?;
            }
        }
        self.check_totals(&found)
    }

    fn check_attached(&self, object: Ref, found: &mut Found) -> Checked {
        if object.kind() == Kind::Weak {
            found.weak_references += 1;
            found.referring += u64::from(self.attachments.target(object).is_some());
            return Ok(());
        }
        let known = self.attachments.has_finalizer(object)
            || self.attachments.weak_references(object).next().is_some();
        expect(known, || format!("{object:?}: flagged as having attachments, expected a table to know it"))
    }

    fn check_totals(&self, found: &Found) -> Checked {
        let storages = self.space.cells(Contents::Storage).count() as u64;
        let listed: usize =
            self.attachments.targets().map(|target| self.attachments.weak_references(target).count()).sum();
        let pairs = [
            ("objects in use", self.live_objects(), found.objects),
            ("bytes in use", self.live_bytes() as u64, found.bytes),
            ("item buffers in use", storages, found.storages),
            ("weak references", self.weak_references.len() as u64, found.weak_references),
            ("weak references with a target", listed as u64, found.referring),
        ];
        for (what, expected, actual) in pairs {
            expect(expected == actual, || format!("{what}: expected {expected} as counted, found {actual}"))?;
        }
        Ok(())
    }

    fn check_tables(&self) -> Checked {
        let mut listed = self.space.no_bits()?;
        for weak in self.weak_references.iter() {
            self.expect_object(*weak, || "the list of weak references".to_string())?;
            expect(weak.kind() == Kind::Weak && listed.set(weak.address()), || {
                format!("{weak:?} in the list of weak references: expected a weak reference, listed once")
            })?;
        }
        for object in self.attachments.finalizable().chain(self.attachments.targets()) {
            self.expect_object(object, || "the attachment tables".to_string())?;
        }
        if let Some(object) = self.attachments.finalizable().find(|object| object.has(Flag::Finalized)) {
            return Err(Corruption::new(format!("{object:?}: finalized, expected no finalizer")));
        }
        self.attachments.verify()?;
        if self.collecting {
            return Ok(());
        }
        let most = self.attachments.finalizable().count().max(self.attachments.targets().count());
        let (room, waiting) = (self.doomed.capacity(), self.doomed.len() + self.remembered.len());
        expect(room >= most && waiting == 0, || {
            format!(
                "lists of the next collection: expected empty with room for {most}, found {waiting} in {room}"
            )
        })?;
        self.space.check_no_marks()
    }

    /// Objects in use that are not reachable: none right after a collection without hooks.
    #[cfg(test)]
    fn unreached(&self) -> Result<u64, Corruption> {
        self.check_closure().map(|(_, reached)| self.live_objects() - reached)
    }
}
