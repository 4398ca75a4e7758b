//! The verifier: walks the whole space and derives everything anew, without the mark queue.
//!
//! It needs no trace: when every root is an object in use and every slot of every object in use is nil or refers to
//! an object in use, then so is everything reachable. An object is *in use* when its live bit is set, at a cell's
//! start, in a block of objects, and its header describes an object that belongs in that cell.

use crate::MarkSweep;
use crate::bitmap::Bitmap;
use crate::size_class::{
    CLASSES, LARGEST_CELL, UNIT, block_units, cell_size, cells_in_block, class_of, starts_in_window,
};
use crate::space::{Contents, Run, Space, cursor_of};
use heapbench_heap::{Corruption, Kind, Recorder};
use heapbench_memory::object::WORD;
use heapbench_memory::{Block, Flag, Ref};

type Checked = Result<(), Corruption>;

/// What the walk found.
#[derive(Default)]
struct Found {
    objects: u64,
    bytes: usize,
    storages: usize,
    weak_references: usize,
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Corruption::new(what())) }
}

impl<R: Recorder> MarkSweep<R> {
    pub(crate) fn check(&self) -> Checked {
        self.space.check_runs()?;
        self.space.check_cursors()?;
        let mut found = Found::default();
        let mut owned = self.space.no_marks()?;
        for at in self.space.cells(Contents::Objects) {
            self.check_object(at, &mut owned, &mut found)?;
        }
        self.check_totals(&found)?;
        self.check_roots()?;
        self.attachments.verify()?;
        if !self.collecting {
            for run in self.space.runs.iter() {
                let (start, bytes) = self.space.extent(run);
                let stale = self.space.marks.addresses(None, start, bytes).next();
                expect(stale.is_none(), || {
                    format!("{start:#x}: expected no marks between collections, found {stale:x?}")
                })?;
            }
        }
        Ok(())
    }

    fn check_object(&self, at: usize, owned: &mut Bitmap, found: &mut Found) -> Checked {
        self.space.check_header(at)?;
        // SAFETY: the cell is in use, and its header and storage pointer are those of an object.
        let object = unsafe { Ref::from_address(at) };
        self.space.check_cell(Block { start: object.start(0), size: object.size() }, Contents::Objects)?;
        found.objects += 1;
        found.bytes += object.size();
        if let Some(storage) = object.storage_block() {
            self.space.check_cell(storage, Contents::Storage)?;
            let start = storage.start.addr().get();
            expect(owned.set(start), || format!("{object:?}: storage {start:#x} has a second owner"))?;
            found.storages += 1;
            found.bytes += storage.size;
        }
        for (index, slot) in object.slots().iter().enumerate() {
            if let Some(target) = slot.get() {
                self.expect_object(target, || format!("slot {index} of {object:?}"))?;
            }
        }
        if object.kind() == Kind::Weak {
            found.weak_references += 1;
            if let Some(target) = self.attachments.target(object) {
                self.expect_object(target, || format!("target of {object:?}"))?;
            }
        }
        Ok(())
    }

    /// The reference is one to an object in use.
    fn expect_object(&self, object: Ref, place: impl Fn() -> String) -> Checked {
        let in_use =
            self.space.run_at(object.address()).is_some_and(|(_, run)| run.contents == Contents::Objects)
                && self.space.is_in_use(object.address());
        expect(in_use, || format!("{}: expected an object in use, found {object:?}", place()))
    }

    fn check_roots(&self) -> Checked {
        let locals = self.stack.roots().iter().filter_map(|root| root.get());
        let lists = [&self.immortals, &self.frozen, &self.weak_references, &self.remembered];
        for root in locals.chain(lists.into_iter().flatten().copied()) {
            self.expect_object(root, || "a root".to_string())?;
        }
        for object in self.attachments.finalizable().chain(self.attachments.targets()) {
            self.expect_object(object, || "the attachment tables".to_string())?;
        }
        Ok(())
    }

    fn check_totals(&self, found: &Found) -> Checked {
        let storages = self.space.cells(Contents::Storage).count();
        let pairs = [
            ("objects in use", self.live_objects(), found.objects),
            ("bytes in use", self.live_bytes() as u64, found.bytes as u64),
            ("item buffers in use", storages as u64, found.storages as u64),
            ("weak references", self.weak_references.len() as u64, found.weak_references as u64),
        ];
        for (what, expected, actual) in pairs {
            expect(expected == actual, || format!("{what}: expected {expected} as counted, found {actual}"))?;
        }
        Ok(())
    }
}

impl Space {
    /// First address and bytes of a run, as far as it has bits.
    fn extent(&self, (first, run): (&u32, &Run)) -> (usize, usize) {
        (self.blocks.start(*first).addr().get(), run.mapped_bytes())
    }

    /// An empty bitmap of the space's shape.
    fn no_marks(&self) -> Result<Bitmap, Corruption> {
        Bitmap::new(self.blocks.base(), self.blocks.frontier() * UNIT)
            .map_err(|error| Corruption::new(format!("cannot be checked: {error}")))
    }

    /// The run that an address lies in.
    fn run_at(&self, address: usize) -> Option<(usize, &Run)> {
        let unit = address.checked_sub(self.blocks.base())? / UNIT;
        let (first, run) = self.runs.range(..=u32::try_from(unit).ok()?).next_back()?;
        (unit < *first as usize + run.units).then(|| (self.blocks.start(*first).addr().get(), run))
    }

    /// The address is that of a cell in use.
    fn is_in_use(&self, address: usize) -> bool {
        let Some((start, run)) = self.run_at(address) else { return false };
        let at_start = match run.class {
            None => address == start,
            Some(class) => {
                let cursor = &self.cursors[cursor_of(class, run.contents)];
                let (index, cell) = ((address - start) / cell_size(class), cell_size(class));
                start + index * cell == address && index < cells_in_block(class) && !cursor.offers(address)
            }
        };
        at_start && self.live.has(address)
    }

    /// Runs and free units are disjoint and complete; bits are set at starts of cells only.
    fn check_runs(&self) -> Checked {
        self.blocks.verify(self.runs.iter().map(|(first, run)| (*first, run.units)))?;
        for entry in &self.runs {
            let (start, bytes) = self.extent(entry);
            let (cell, cells) = match entry.1.class {
                Some(class) => (cell_size(class), cells_in_block(class)),
                None => (bytes, 1),
            };
            let units = entry.1.class.map_or(entry.1.units, block_units);
            expect(units == entry.1.units, || {
                format!("block {start:#x}: expected {units} units, found {entry:?}")
            })?;
            for at in self.live.addresses(None, start, bytes) {
                let fits = (at - start).is_multiple_of(cell) && (at - start) / cell < cells;
                expect(fits, || format!("{at:#x}: expected a cell of {cell} bytes, found a bit inside one"))?;
            }
        }
        Ok(())
    }

    /// Cursors lie in blocks of their class, what they offer is marked as taken, and unswept blocks are listed once.
    fn check_cursors(&self) -> Checked {
        for (index, cursor) in self.cursors.iter().enumerate() {
            let class = index % CLASSES;
            let is_own = |run: &Run| run.class == Some(class) && cursor_of(class, run.contents) == index;
            if cursor.stop > 0 {
                let own = self.run_at(cursor.stop - 1).is_some_and(|(_, run)| is_own(run));
                expect(own, || format!("cursor {index}: expected a block of its class, found {cursor:x?}"))?;
            }
            let ordered = cursor.block <= cursor.window && cursor.window <= cursor.scan || cursor.free == 0;
            expect(ordered, || {
                format!("cursor {index}: expected block <= window <= scan, found {cursor:x?}")
            })?;
            if cursor.free != 0 {
                let taken = self.live.window(cursor.window);
                let starts = starts_in_window(class, cursor.window - cursor.block);
                let offered = cursor.free & taken & starts == cursor.free;
                expect(offered, || format!("cells to hand out at {:#x}: expected bits set", cursor.window))?;
            }
            let mut previous = u32::MAX;
            for first in &cursor.unswept {
                let listed = *first < previous && self.runs.get(first).is_some_and(is_own);
                expect(listed, || {
                    format!("unswept block {first} of cursor {index}: expected once, of its class")
                })?;
                previous = *first;
            }
        }
        Ok(())
    }

    /// A block of memory is a cell in use of the right contents and of the class that its size asks for.
    fn check_cell(&self, block: Block, contents: Contents) -> Checked {
        let at = block.start.addr().get();
        let run = self.run_at(at).map(|(_, run)| run).filter(|run| run.contents == contents);
        let fits = run.is_some_and(|run| match run.class {
            Some(class) => block.size <= LARGEST_CELL && class_of(block.size) == class,
            None => block.size > LARGEST_CELL && block.size.div_ceil(UNIT) == run.units,
        });
        expect(fits && self.is_in_use(at), || {
            format!("{at:#x}: expected a cell in use for {} bytes of {contents:?}, found {run:?}", block.size)
        })
    }

    /// Header and storage pointer can be those of an object, so that asking the object is safe.
    fn check_header(&self, at: usize) -> Checked {
        // SAFETY: the cell is in use, so mapped, and has at least two words.
        let [header, body] = unsafe { std::ptr::with_exposed_provenance::<[usize; 2]>(at).read() };
        let kind = header & 0x1f;
        expect(kind <= Kind::Weak as usize, || {
            format!("object {at:#x}: expected a kind up to 16, found {kind}")
        })?;
        // SAFETY: an initialised header word; only it is asked.
        let object = unsafe { Ref::from_address(at) };
        if !object.has(Flag::Outline) {
            return expect(object.slot_count() == 0 || !object.is_leaf(), || {
                format!("leaf {at:#x} has slots")
            });
        }
        let empty = object.slot_count() == 0 && object.kind().is_growable();
        let inside = body.is_multiple_of(WORD)
            && self.run_at(body).is_some_and(|(_, run)| run.contents == Contents::Storage)
            && (self.is_in_use(body) || self.is_in_use(body.wrapping_sub(2 * WORD)));
        expect(empty || inside, || {
            format!("object {at:#x}: expected a pointer to storage in use, found {body:#x}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_heap::{Generation, Heap, HeapConfig, Local, NoRecorder, Shape};

    type Marks = MarkSweep<NoRecorder>;

    /// A list with a buffer, a node, a large array and a weak reference, in locals 0 to 3.
    fn heap() -> Marks {
        let mut heap = Marks::new(&HeapConfig::default(), NoRecorder).unwrap();
        let _forever = heap.enter(0, 4).unwrap();
        heap.allocate(Local::new(0), Shape::new(Kind::List, 9, 0)).unwrap();
        heap.allocate(Local::new(1), Shape::new(Kind::Instance, 3, 0)).unwrap();
        heap.allocate(Local::new(2), Shape::new(Kind::Array, 5000, 0)).unwrap();
        heap.weak(Local::new(3), Local::new(1), None).unwrap();
        heap.store(Local::new(0), 4, Local::new(1));
        heap.collect(Generation::FULL).unwrap();
        heap.check().unwrap();
        heap
    }

    fn at(heap: &Marks, local: u32) -> usize {
        heap.stack.object(Local::new(local)).address()
    }

    fn poke(address: usize, word: u64) {
        // SAFETY: an address inside a cell of the heap under test.
        unsafe { std::ptr::with_exposed_provenance_mut::<u64>(address).write(word) }
    }

    fn peek(address: usize) -> u64 {
        // SAFETY: as in `poke`.
        unsafe { std::ptr::with_exposed_provenance::<u64>(address).read() }
    }

    /// Plants the damage and expects a report that speaks of it.
    fn finds(speaks_of: &str, damage: impl FnOnce(&mut Marks)) {
        let mut heap = heap();
        damage(&mut heap);
        let found = heap.check().expect_err(speaks_of).to_string();
        assert!(
            found.contains(speaks_of) && !found.contains('\n'),
            "'{found}' does not speak of '{speaks_of}'"
        );
    }

    #[test]
    fn damage_to_objects_is_found() {
        finds("expected a kind", |heap| poke(at(heap, 1), peek(at(heap, 1)) | 0x1f));
        finds("expected a cell in use for", |heap| poke(at(heap, 1), peek(at(heap, 1)) + (9 << 38)));
        finds("pointer to storage", |heap| poke(at(heap, 0) + 8, 0xdead_bee8));
        finds("pointer to storage", |heap| poke(at(heap, 0) + 8, at(heap, 1) as u64));
        finds("second owner", |heap| {
            heap.allocate(Local::new(3), Shape::new(Kind::List, 9, 0)).unwrap();
            poke(at(heap, 3) + 8, peek(at(heap, 0) + 8));
        });
        finds("slot 2 of", |heap| poke(at(heap, 1) + 24, at(heap, 1) as u64 + 16));
        finds("slot 2 of", |heap| poke(at(heap, 1) + 24, 0x1000));
        finds("target of", |heap| poke(at(heap, 3) + 8, at(heap, 1) as u64 + 16));
    }

    #[test]
    fn damage_to_the_space_is_found() {
        finds("found a bit inside", |heap| {
            heap.space.live.set(at(heap, 1) + 16);
        });
        finds("slot 4 of", |heap| heap.space.live.clear(at(heap, 1)));
        finds("item buffers in use", |heap| {
            let unknown = heap.space.allocate(100, Contents::Storage, false);
            assert!(unknown.is_some());
        });
        finds("expected no marks", |heap| {
            heap.space.marks.set(at(heap, 1));
        });
        finds("expected 1 owner", |heap| {
            heap.space.runs.pop_first();
        });
        finds("to hand out", |heap| {
            heap.allocate(Local::new(3), Shape::new(Kind::Instance, 3, 0)).unwrap();
            let next = at(heap, 3) + 32;
            heap.space.live.clear(next);
        });
        finds("unswept block", |heap| heap.space.cursors[1].unswept.push(0));
        finds("expected block <= window", |heap| {
            heap.allocate(Local::new(3), Shape::new(Kind::Instance, 3, 0)).unwrap();
            heap.space.cursors[1].window = 8;
        });
    }

    #[test]
    fn damage_to_the_counts_is_found() {
        finds("objects in use: expected 5", |heap| heap.counters.objects_allocated += 1);
        finds("bytes in use", |heap| heap.counters.bytes_freed += 1);
        finds("weak references: expected 0", |heap| heap.weak_references.clear());
        finds("a root", |heap| {
            // SAFETY: never asked for more than its address.
            heap.immortals.push(unsafe { Ref::from_address(64) });
        });
    }
}
