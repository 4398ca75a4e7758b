//! The invariants of counting, checked over the heap by walks of its own.
//!
//! With a recorder that wants objects the verifier knows them all, from the census, and follows no reference before it
//! has found it there: so damage is reported, not stumbled over, and counts are exact. Without one it sees what is
//! reachable, and takes headers at their word; counts may then be higher by what unreachable cycles hold.
//!
//! While a hook runs, objects are on their way to death whose references still count: counts may be higher then too,
//! and totals are not compared.

#[cfg(test)]
mod tests;
mod walk;

use crate::RefCount;
use crate::collect::CycleCollector;
use crate::count;
use crate::space::prefix;
use heapbench_heap::{Corruption, Heap, Introspect, Kind, Level, Recorder};
use heapbench_memory::object::WORD;
use heapbench_memory::{Flag, MemorySource, Ref};
use walk::References;

pub(crate) type Checked = Result<(), Corruption>;

/// The least that an object takes: count word, header, and a body of one word.
const LEAST_OBJECT: u64 = (count::PREFIX + 2 * WORD) as u64;

#[inline(always)]
fn expect(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Corruption::new(what())) }
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Checks invariants 1 to 4 of the crate's header, and those of source, tables and collector, up to a level.
    pub(crate) fn check(&self, level: Level) -> Checked {
        self.check_counters()?;
        if level >= Level::Space {
            self.source.verify()?;
            self.check_blocks()?;
        }
        if level >= Level::Roots {
            self.check_roots()?;
        }
        if level >= Level::Closure {
            let references = self.count_references(R::OBJECTS && level == Level::Exact)?;
            if level == Level::Exact {
                self.check_counts(&references)?;
                self.check_attachments(&references)?;
            }
        }
        C::verify(self, level)
    }

    fn check_counters(&self) -> Checked {
        let (counters, footprint, peak) = (self.counters(), self.footprint(), self.peak_live_bytes());
        let at_most = |what: &str, found: u64, bound: u64| {
            expect(found <= bound, || format!("{what}: expected at most {bound}, found {found}"))
        };
        let (allocated, freed) = (counters.objects_allocated, counters.objects_freed);
        at_most("objects freed, of those allocated", freed, allocated)?;
        at_most("objects freed by collections, of those freed", counters.objects_collected, freed)?;
        at_most("objects of the longest cascade, of those freed", counters.longest_cascade, freed)?;
        at_most("bytes in use, of those allocated", footprint.live_bytes as u64, counters.bytes_allocated)?;
        at_most("bytes in use, of those held", footprint.live_bytes as u64, footprint.held_bytes as u64)?;
        at_most("bytes in use, against their peak", footprint.live_bytes as u64, peak as u64)?;
        if !self.is_between_operations() {
            return Ok(());
        }
        let (live, bytes) = (allocated - freed, footprint.live_bytes as u64);
        at_most("bytes of the objects alive", live.saturating_mul(LEAST_OBJECT), bytes)?;
        let in_lists = self.free_lists.bytes() as u64;
        at_most(
            "bytes in free lists, of those that the source gave",
            in_lists,
            self.source.live_bytes() as u64,
        )?;
        expect(live > 0 || bytes == 0, || {
            format!("bytes in use without an object: expected 0, found {bytes}")
        })?;
        expect(!R::OBJECTS || live == self.census.len() as u64, || {
            format!("objects alive: expected {live} as counted, found {}", self.census.len())
        })
    }

    /// The blocks of the objects and of the free lists do not overlap, and are all that the source has given.
    fn check_blocks(&self) -> Checked {
        let waiting = self.free_lists.blocks()?;
        if !R::OBJECTS {
            return Ok(());
        }
        let mut blocks = Vec::with_capacity(2 * self.census.len() + waiting.len());
        blocks.extend(waiting.iter().map(|block| (block.start.addr().get(), block.size)));
        for (object, entry) in &self.census {
            let prefix = prefix::<C>(entry.shape.kind.is_leaf());
            blocks.push((object.start(prefix).addr().get(), prefix + entry.size));
            blocks.extend(entry.storage.map(|storage| (storage.start.addr().get(), storage.size)));
        }
        blocks.sort_unstable();
        for pair in blocks.windows(2) {
            let [(start, size), (next, _)] = [pair[0], pair[1]];
            expect(start + size <= next, || {
                format!(
                    "block {start:#x} of {size} bytes: expected its end before the next block, at {next:#x}"
                )
            })?;
        }
        let (expected, found) =
            (self.source.live_bytes(), blocks.iter().map(|(_, size)| size).sum::<usize>());
        expect(expected == found || !self.is_between_operations(), || {
            format!("bytes of objects: expected {expected} as the source gave, found {found}")
        })?;
        let (expected, found) = (Introspect::allocated_blocks(self).unwrap_or(0), blocks.len() as u64);
        expect(expected == found || !self.is_between_operations(), || {
            format!("blocks: expected {expected} as counted, found {found}")
        })
    }

    fn check_roots(&self) -> Checked {
        for (index, root) in self.stack.roots().iter().enumerate() {
            root.get().map_or(Ok(()), |root| {
                self.expect_alive(root, || format!("local {index} from the bottom"))
            })?;
        }
        for (place, value) in self.overwritten.values().iter().enumerate() {
            let place = || format!("overwritten value {place}");
            value.get().map_or(Ok(()), |value| self.expect_alive(value, place))?;
        }
        for (handle, immortal) in self.immortals.iter().enumerate() {
            self.expect_alive(*immortal, || format!("immortal {handle}"))?;
            let (expected, found) = (count::immortal(C::SATURATED), count::get(*immortal));
            expect(found == expected, || {
                format!("count of immortal {handle}, {immortal:?}: expected {expected}, found {found}")
            })?;
        }
        if let Some(garbage) = self.garbage {
            self.expect_alive(garbage, || "the list of garbage".to_string())?;
        }
        for object in self.attachments.finalizable() {
            self.expect_alive(object, || "the table of finalizers".to_string())?;
        }
        for target in self.attachments.targets() {
            self.expect_alive(target, || "the table of weak references".to_string())?;
            for weak in self.attachments.weak_references(target) {
                self.expect_alive(weak, || format!("the weak references to {target:?}"))?;
                expect(weak.kind() == Kind::Weak, || {
                    format!("the weak references to {target:?}: expected kind weak, found {weak:?}")
                })?;
            }
        }
        Ok(())
    }

    /// A reference found in some place is one to a live object.
    #[inline(always)]
    fn expect_alive(&self, object: Ref, place: impl Fn() -> String) -> Checked {
        let plausible = if R::OBJECTS {
            self.census.contains_key(&object)
        } else {
            object.address().is_multiple_of(WORD) && count::get(object) > 0
        };
        expect(plausible, || format!("{}: expected a live object, found {object:?}", place()))
    }

    /// Invariants 1 and 2, and the flags of attachments.
    fn check_counts(&self, references: &References) -> Checked {
        let is_exact = R::OBJECTS && self.is_between_operations();
        let mut immortal = 0;
        for (object, expected) in references {
            let found = count::get(*object);
            let right = match found {
                _ if found > C::SATURATED => {
                    immortal += 1;
                    found == count::immortal(C::SATURATED)
                }
                // Stuck for good: what it counted is not known any more.
                _ if found == C::SATURATED => true,
                _ if is_exact => u64::from(found) == *expected && found > 0,
                _ => u64::from(found) >= *expected && found > 0,
            };
            expect(right, || {
                format!("count of {object:?} ({}): expected {expected}, found {found}", object.kind().name())
            })?;
        }
        // An object may have several handles, and each object with that count needs one.
        expect(immortal <= self.immortals.len(), || {
            format!(
                "immortal objects: expected at most {} as handles, found {immortal}",
                self.immortals.len()
            )
        })
    }

    /// Flags and tables agree for every object, and each weak reference with a target is in its target's list.
    fn check_attachments(&self, references: &References) -> Checked {
        self.attachments.verify()?;
        let (mut weak_references, mut finalizers) = (0, 0);
        for object in references.keys().filter(|object| object.has(Flag::Attached)) {
            let is_weak = object.kind() == Kind::Weak;
            let has_finalizer = self.attachments.has_finalizer(*object);
            let is_target = self.attachments.weak_references(*object).next().is_some();
            expect(is_weak || has_finalizer || is_target, || {
                format!("{object:?} is flagged as attached: expected it in a table, found it in none")
            })?;
            expect(!has_finalizer || !object.has(Flag::Finalized), || {
                format!("{object:?} was finalized: expected no finalizer, found another one")
            })?;
            weak_references += (is_weak && self.attachments.target(*object).is_some()) as usize;
            finalizers += has_finalizer as usize;
        }
        if !R::OBJECTS {
            return Ok(());
        }
        let targets = self.attachments.targets();
        let listed: usize = targets.map(|target| self.attachments.weak_references(target).count()).sum();
        expect(weak_references == listed, || {
            format!("weak references with a target: expected {listed} as listed, found {weak_references}")
        })?;
        let listed = self.attachments.finalizable().count();
        expect(finalizers == listed, || {
            format!("objects with a finalizer: expected {listed} as listed, found {finalizers}")
        })
    }
}
