//! The verifier's walk over the space: runs, cursors, bitmaps, free memory.

use super::bits::Bits;
use super::{Checked, expect};
use crate::poison::{FREED, FRESH, touched};
use crate::runs::{Contents, Run};
use crate::size_class::{CLASSES, GRANULE, LARGEST_CELL, UNIT, cell_size, class_of, starts_in_window};
use crate::space::{Space, cursor_of};
use heapbench_heap::{Corruption, Kind};
use heapbench_memory::object::WORD;
use heapbench_memory::{Block, Flag, Ref, sanitizer};
use std::ptr::NonNull;

impl Space {
    /// Everything that can be said of the space without its objects.
    pub(super) fn check(&self) -> Checked {
        self.blocks.verify(self.runs.iter().map(|(first, run)| (first, run.units as usize)))?;
        self.check_runs()?;
        self.check_cursors()?;
        match &self.poison {
            Some(poison) => match &poison.damage {
                Some(damage) => Err(Corruption::new(damage.clone())),
                None => self.check_free_memory(),
            },
            None => Ok(()),
        }
    }

    /// A bit for each granule, all clear.
    pub(super) fn no_bits(&self) -> Result<Bits, Corruption> {
        Bits::new(self.blocks.base(), self.blocks.frontier() * UNIT)
    }

    /// The address of a unit.
    fn address(&self, unit: u32) -> usize {
        self.blocks.base() + unit as usize * UNIT
    }

    /// The run that an address lies in, and its first address; of a large run, the first unit only is known.
    #[inline]
    fn run_at(&self, address: usize) -> Option<(usize, Run)> {
        let unit = address.checked_sub(self.blocks.base())? / UNIT;
        let (first, run) = self.runs.containing(u32::try_from(unit).ok()?)?;
        Some((self.address(first), run))
    }

    /// The run of a cell in use that starts at this address.
    #[inline]
    pub(super) fn cell_at(&self, address: usize) -> Option<Run> {
        let (start, run) = self.run_at(address)?;
        let at_start = match run.class() {
            None => address.is_multiple_of(GRANULE),
            Some(class) => {
                let (offset, cell) = (address - start, cell_size(class));
                offset.is_multiple_of(cell)
                    && offset / cell < self.block_size.cells(class)
                    && !self.cursors[cursor_of(class, run.contents)].offers(address)
            }
        };
        (at_start && run.contents != Contents::Nothing && self.live.has(address)).then_some(run)
    }

    /// Bits are set at starts of cells in use only.
    fn check_runs(&self) -> Checked {
        let mut behind = self.blocks.base();
        for (first, run) in self.runs.iter().filter(|(_, run)| run.contents != Contents::Nothing) {
            let (start, bytes) = (self.address(first), run.mapped_bytes());
            self.check_no_bits(behind, start)?;
            behind = start + bytes;
            let Some(class) = run.class() else {
                let cells = self.live.addresses(None, start, bytes).count();
                let at_start = self.guard.is_some() || self.live.has(start);
                expect(cells == 1 && at_start, || {
                    format!("large run {start:#x}: expected the bit of one cell, found {cells}")
                })?;
                continue;
            };
            let units = self.block_size.units(class);
            expect(units == run.units as usize, || {
                format!("block {start:#x}: expected {units} units, found {run:?}")
            })?;
            let (cell, cells) = (cell_size(class), self.block_size.cells(class));
            for at in self.live.addresses(None, start, bytes) {
                let fits = (at - start).is_multiple_of(cell) && (at - start) / cell < cells;
                expect(fits, || format!("{at:#x}: expected a cell of {cell} bytes, found a bit inside one"))?;
            }
        }
        self.check_no_bits(behind, self.blocks.base() + self.blocks.frontier() * UNIT)
    }

    /// A part of the range that no cell in use starts in.
    fn check_no_bits(&self, from: usize, to: usize) -> Checked {
        for bits in [&self.live, &self.marks] {
            if let Some(stray) = bits.addresses(None, from, to.saturating_sub(from)).next() {
                return Err(Corruption::new(format!("{stray:#x}: expected no bit where nothing is in use")));
            }
        }
        Ok(())
    }

    /// Between collections no bit is set among the marks.
    pub(super) fn check_no_marks(&self) -> Checked {
        let bytes = self.blocks.frontier() * UNIT;
        match self.marks.addresses(None, self.blocks.base(), bytes).next() {
            None => Ok(()),
            Some(stale) => Err(Corruption::new(format!("{stale:#x}: expected no marks between collections"))),
        }
    }

    /// Cursors lie in blocks of their class, what they offer is marked as taken, and unswept blocks are listed once.
    fn check_cursors(&self) -> Checked {
        for (index, cursor) in self.cursors.iter().enumerate() {
            let class = index % CLASSES;
            let is_own = |run: Run| run.class() == Some(class) && cursor_of(class, run.contents) == index;
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
                let (offset, end) = (cursor.window - cursor.block, cursor.stop - cursor.block);
                let offered = cursor.free & taken & starts_in_window(class, offset, end) == cursor.free;
                expect(offered, || format!("cells to hand out at {:#x}: expected bits set", cursor.window))?;
            }
            let mut behind = 0;
            for first in self.runs.list(&cursor.unswept) {
                let listed = first >= behind && self.runs.starting_at(first).is_some_and(is_own);
                expect(listed, || {
                    format!("unswept block {first} of cursor {index}: expected once, of its class")
                })?;
                behind = first + 1;
            }
        }
        Ok(())
    }

    /// Free cells and free units are as they were filled.
    fn check_free_memory(&self) -> Checked {
        for (first, run) in self.runs.iter() {
            let Some(class) = run.class() else { continue };
            let (start, cell) = (self.address(first), cell_size(class));
            for at in (0..self.block_size.cells(class)).map(|index| start + index * cell) {
                if !self.live.has(at) {
                    check_untouched(at, cell, &[FREED, FRESH])?;
                }
            }
        }
        let mut free = 0;
        let end = if self.guard.is_some() { 0 } else { self.blocks.frontier() as u32 };
        while free < end {
            match self.runs.starting_at(free) {
                Some(run) => free += run.units,
                None => {
                    check_untouched(self.address(free), UNIT, &[FREED, 0])?;
                    free += 1;
                }
            }
        }
        Ok(())
    }

    /// A block of memory is a cell in use of the right contents and of the class that its size asks for.
    pub(super) fn check_cell(&self, block: Block, contents: Contents) -> Checked {
        let at = block.start.addr().get();
        let run = self.cell_at(at).filter(|run| run.contents == contents);
        let fits = run.is_some_and(|run| match run.class() {
            Some(class) => block.size <= LARGEST_CELL && class_of(block.size) == class,
            None => {
                block.size > self.largest_cell
                    && self.large_units(block.size) == run.units as usize
                    && at % UNIT == self.large_offset(block.size)
            }
        });
        expect(fits, || {
            format!("{at:#x}: expected a cell in use for {} bytes of {contents:?}, found {run:?}", block.size)
        })
    }

    /// Header and storage pointer of a cell in use can be those of an object, so that asking the object is safe.
    pub(super) fn check_header(&self, at: usize) -> Checked {
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
        let is_storage = |at: usize| self.cell_at(at).is_some_and(|run| run.contents == Contents::Storage);
        let empty = object.slot_count() == 0 && object.kind().is_growable();
        let inside =
            body.is_multiple_of(WORD) && (is_storage(body) || is_storage(body.wrapping_sub(2 * WORD)));
        expect(empty || inside, || {
            format!("object {at:#x}: expected a pointer to storage in use, found {body:#x}")
        })
    }
}

fn check_untouched(at: usize, bytes: usize, contents: &[u8]) -> Checked {
    let Some(start) = NonNull::new(std::ptr::with_exposed_provenance_mut(at)) else { return Ok(()) };
    let damage = touched(start, bytes, contents);
    sanitizer::poison(start, bytes);
    damage.map_or(Ok(()), |damage| Err(Corruption::new(damage)))
}
