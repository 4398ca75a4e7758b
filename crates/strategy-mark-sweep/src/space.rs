//! The space: cells of segregated size classes, large runs, and lazy sweeping.
//!
//! ```text
//! reservation  | block of class 1 | block of class 7 | large run ……… | free | block of class 1 | …
//! live         | one bit a granule, set at the first granule of every cell in use
//! marks        | the same shape; all clear but during a collection
//! ```
//! Blocks need no header and free cells no links: a free cell is one whose live bit is clear. Sweeping a block is
//! looking for clear bits, a word of the bitmap at a time, when the allocator needs them (lazy sweep) and in address
//! order. The free cells of the current word, the *window*, wait in a mask; allocation takes its lowest bit, which
//! costs the same in a new block as in a full one with holes. A collection ends by making `live` what was marked,
//! which frees all dead cells at once and touches none of them.
//!
//! # Invariants
//! 1. A live bit is set for every object, every storage, and the cells in a cursor's `free`.
//! 2. Blocks hold objects or storage (item buffers), never both: so that a set bit says which it is.
//! 3. No block without a live cell outlives a collection.
//! 4. Reclaiming takes no memory.

use crate::bitmap::Bitmap;
use crate::guard::Guard;
use crate::poison::{FREED, FRESH, Poison, fill};
use crate::runs::{Contents, List, Run, Runs};
use crate::settings::Settings;
use crate::size_class::{
    BlockSize, CLASSES, GRANULE, LARGEST_CELL, UNIT, WINDOW, cell_size, class_of, starts_in_window,
};
use heapbench_heap::HeapError;
use heapbench_memory::{Block, Blocks, sanitizer};
use std::ptr::NonNull;

/// Address space for the heap; less where the system refuses.
const MOST: usize = 64 << 30;
const LEAST: usize = 64 << 20;

/// Where the next cells of one class and contents come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor {
    /// The free cells that wait to be handed out: a bit for each granule of the window.
    pub(crate) free: u64,
    /// Address of the window.
    pub(crate) window: usize,
    /// The current block's windows from here on have not been looked at,
    pub(crate) scan: usize,
    /// up to here: the end of its last cell.
    pub(crate) stop: usize,
    /// Address of the current block.
    pub(crate) block: usize,
    /// Blocks that have free cells and were not swept since the last collection, lowest address first.
    pub(crate) unswept: List,
}

impl Cursor {
    /// Whether the cell waits to be handed out.
    pub(crate) fn offers(&self, address: usize) -> bool {
        address & !(WINDOW - 1) == self.window && self.free >> (address % WINDOW / GRANULE) & 1 == 1
    }
}

/// The space.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) blocks: Blocks,
    pub(crate) live: Bitmap,
    pub(crate) marks: Bitmap,
    pub(crate) runs: Runs,
    pub(crate) cursors: Box<[Cursor; 2 * CLASSES]>,
    pub(crate) block_size: BlockSize,
    /// What is larger gets a run of its own: [`LARGEST_CELL`], or 0 where all does.
    pub(crate) largest_cell: usize,
    /// Most bytes that may be held, `outside` included.
    pub(crate) limit: usize,
    /// Bytes that the strategy holds outside the space.
    pub(crate) outside: usize,
    /// Hands out each cell by the slow path: the fast one finds nothing. While hooks run, and with poison.
    singly: bool,
    pub(crate) blocks_swept: u64,
    pub(crate) runs_taken: u64,
    pub(crate) runs_given_back: u64,
    pub(crate) poison: Option<Poison>,
    pub(crate) guard: Option<Guard>,
}

/// The cursor of a class and contents.
#[inline(always)]
pub(crate) const fn cursor_of(class: usize, contents: Contents) -> usize {
    class + if matches!(contents, Contents::Storage) { CLASSES } else { 0 }
}

impl Space {
    /// An empty space.
    ///
    /// # Errors
    /// The system refuses the address space.
    pub(crate) fn new(settings: &Settings) -> Result<Space, HeapError> {
        let blocks = Blocks::new(UNIT, MOST, LEAST)?;
        let (base, bytes) = (blocks.base(), blocks.reserved_bytes());
        Ok(Space {
            live: Bitmap::new(base, bytes)?,
            marks: Bitmap::new(base, bytes)?,
            runs: Runs::new(bytes / UNIT)?,
            guard: settings.guard.then(|| Guard::new(&blocks)).transpose()?,
            poison: settings.poison.then(Poison::default),
            blocks,
            cursors: Box::new(std::array::from_fn(|_| Cursor::default())),
            block_size: settings.block_size,
            largest_cell: if settings.guard { 0 } else { LARGEST_CELL },
            limit: usize::MAX,
            outside: 0,
            singly: settings.poison,
            blocks_swept: 0,
            runs_taken: 0,
            runs_given_back: 0,
        })
    }

    /// Whether the fast path finds nothing.
    pub(crate) fn set_singly(&mut self, on: bool) {
        self.singly = on || self.poison.is_some();
    }

    /// The fast path: a cell that is known to be free.
    #[inline(always)]
    pub(crate) fn pop(&mut self, class: usize, contents: Contents) -> Option<NonNull<u8>> {
        let cursor = &mut self.cursors[cursor_of(class, contents)];
        let granule = cursor.free.trailing_zeros() as usize;
        cursor.free &= cursor.free.checked_sub(1)?;
        let cell = NonNull::new(std::ptr::with_exposed_provenance_mut(cursor.window + granule * GRANULE))?;
        sanitizer::unpoison(cell, cell_size(class));
        Some(cell)
    }

    /// A cell of `size` > 0 bytes, its content undefined, its live bit set. `None` when the limit or the address
    /// space has no room, or when it would take a new block though a collection is `due`.
    #[inline]
    pub(crate) fn allocate(&mut self, size: usize, contents: Contents, due: bool) -> Option<NonNull<u8>> {
        if size > self.largest_cell {
            return if due { None } else { self.allocate_large(size, contents) };
        }
        let class = class_of(size);
        if let Some(at) = self.pop(class, contents) {
            return Some(at);
        }
        self.refill(class, contents, due)
    }

    #[cold]
    #[inline(never)]
    fn allocate_large(&mut self, size: usize, contents: Contents) -> Option<NonNull<u8>> {
        let first = self.new_run(self.large_units(size), None, contents)?;
        // SAFETY: the run has room for the size behind the offset.
        let at = unsafe { self.blocks.start(first).add(self.large_offset(size)) };
        self.live.set(at.addr().get());
        Some(at)
    }

    /// Units of the run of a large cell of this size.
    pub(crate) fn large_units(&self, size: usize) -> usize {
        size.div_ceil(UNIT) + usize::from(self.guard.is_some())
    }

    /// Bytes from the start of its run to a large cell of this size: less than a unit.
    pub(crate) fn large_offset(&self, size: usize) -> usize {
        match self.guard {
            None => 0,
            Some(_) => size.next_multiple_of(UNIT) - size.next_multiple_of(GRANULE),
        }
    }

    /// Finds the next free cells of a class, in the current block, the next unswept one or a new one.
    #[inline(never)]
    pub(crate) fn refill(&mut self, class: usize, contents: Contents, due: bool) -> Option<NonNull<u8>> {
        let index = cursor_of(class, contents);
        loop {
            let cursor = &mut self.cursors[index];
            while cursor.scan < cursor.stop {
                let taken = self.live.window(cursor.scan);
                let (offset, end) = (cursor.scan - cursor.block, cursor.stop - cursor.block);
                let mut free = starts_in_window(class, offset, end) & !taken;
                cursor.window = cursor.scan;
                if self.singly {
                    free &= free.wrapping_neg();
                }
                if free == 0 || !self.singly {
                    cursor.scan += WINDOW;
                }
                if free != 0 {
                    self.live.set_window(cursor.window, taken | free);
                    cursor.free = free;
                    let cell = self.pop(class, contents)?;
                    if let Some(poison) = &mut self.poison {
                        poison.expect_untouched(cell, cell_size(class), &[FREED, FRESH]);
                    }
                    return Some(cell);
                }
            }
            if due {
                return None;
            }
            self.next_block(class, contents)?;
        }
    }

    /// Goes on to the next unswept block of a class, or to a new one.
    fn next_block(&mut self, class: usize, contents: Contents) -> Option<()> {
        let index = cursor_of(class, contents);
        let first = match self.runs.pop(&mut self.cursors[index].unswept) {
            Some(swept) => {
                self.blocks_swept += 1;
                swept
            }
            None => self.new_run(self.block_size.units(class), Some(class), contents)?,
        };
        let block = self.blocks.start(first).addr().get();
        let cursor = &mut self.cursors[index];
        (cursor.block, cursor.scan) = (block, block);
        cursor.stop = block + self.block_size.cells(class) * cell_size(class);
        Some(())
    }

    fn new_run(&mut self, units: usize, class: Option<usize>, contents: Contents) -> Option<u32> {
        let run = Run::new(u32::try_from(units).ok()?, class, contents);
        let allowance = self.limit.saturating_sub(self.held_bytes() + self.outside + self.growth(units));
        let first = match &mut self.guard {
            None => self.blocks.allocate(units, allowance)?,
            Some(guard) => guard.open(&mut self.blocks, &mut self.runs, units, allowance)?,
        };
        self.runs.insert(first, run);
        self.runs_taken += 1;
        let (start, usable) = (self.blocks.start(first), units - usize::from(self.guard.is_some()));
        if let Some(poison) = &mut self.poison {
            poison.expect_untouched_units(start, usable);
            // SAFETY: the run was taken just now, and nobody knows it.
            unsafe { fill(start, usable * UNIT, FRESH) };
        }
        if class.is_some() {
            sanitizer::poison(start, units * UNIT);
        }
        Some(first)
    }

    /// Bytes that the side tables may grow by with a new run.
    fn growth(&self, units: usize) -> usize {
        if self.guard.is_some() {
            return 0;
        }
        let frontier = self.blocks.frontier();
        side_table_bytes(frontier + units) - side_table_bytes(frontier) + self.blocks.table_bytes() + UNIT
    }

    /// Takes a cell back at once. A small one is handed out again after the next collection; a large one's units
    /// are free now. True when it was large.
    ///
    /// # Safety
    /// `cell` is one of this space, as it was allocated, and nobody uses it afterwards.
    pub(crate) unsafe fn free(&mut self, cell: Block) -> bool {
        let address = cell.start.addr().get();
        self.live.clear(address);
        self.marks.clear(address);
        if cell.size <= self.largest_cell {
            if sanitizer::ON || self.poison.is_some() {
                self.poison_cell(cell.start, cell_size(class_of(cell.size)));
            }
            return false;
        }
        let first = self.unit_of(address);
        debug_assert!(self.runs.starting_at(first).is_some_and(|run| run.class().is_none()));
        self.give_back(first, self.large_units(cell.size));
        true
    }

    /// A cell is free, and nobody uses it any more.
    #[inline]
    fn poison_cell(&self, cell: NonNull<u8>, bytes: usize) {
        if self.poison.is_some() {
            // SAFETY: a cell of this space that nobody uses.
            unsafe { fill(cell, bytes, FREED) };
        }
        sanitizer::poison(cell, bytes);
    }

    /// Makes a run free of which no cell is in use.
    fn give_back(&mut self, first: u32, units: usize) {
        self.runs_given_back += 1;
        if let Some(guard) = &mut self.guard {
            guard.close(&self.blocks, &mut self.runs, first, units);
            return;
        }
        self.runs.remove(first);
        if self.poison.is_some() {
            // SAFETY: nobody uses the run any more.
            unsafe { fill(self.blocks.start(first), units * UNIT, FREED) };
        }
        // SAFETY: as above; all runs come from `new_run`.
        unsafe { self.blocks.free(first, units) };
    }

    /// Makes `live` exact: the cells that were free to hand out count as free again.
    pub(crate) fn retire(&mut self) {
        for cursor in self.cursors.iter_mut().filter(|cursor| cursor.free != 0) {
            self.live.set_window(cursor.window, self.live.window(cursor.window) & !cursor.free);
            (cursor.free, cursor.scan) = (0, cursor.window);
        }
    }

    /// Frees every cell that is not marked. The cursors must be retired.
    pub(crate) fn reclaim(&mut self) {
        self.cursors.iter_mut().for_each(|cursor| *cursor = Cursor::default());
        let mut unit = 0;
        while let Some((first, run)) = self.runs.next(unit) {
            unit = first + run.units;
            if run.contents == Contents::Nothing {
                continue;
            }
            let start = self.blocks.start(first).addr().get();
            if sanitizer::ON || self.poison.is_some() {
                self.poison_dead(start, run);
            }
            let marked = self.live.take_over(&mut self.marks, start, run.mapped_bytes());
            match run.class() {
                _ if marked == 0 => self.give_back(first, run.units as usize),
                Some(class) if marked < self.block_size.cells(class) => {
                    self.runs.push(&mut self.cursors[cursor_of(class, run.contents)].unswept, first);
                }
                _ => {}
            }
        }
    }

    fn poison_dead(&self, start: usize, run: Run) {
        let Some(class) = run.class() else { return };
        for address in self.live.addresses(Some(&self.marks), start, run.mapped_bytes()) {
            let cell = NonNull::new(std::ptr::with_exposed_provenance_mut(address));
            cell.into_iter().for_each(|cell| self.poison_cell(cell, cell_size(class)));
        }
    }

    /// The cells in use, in address order.
    pub(crate) fn cells(&self, contents: Contents) -> impl Iterator<Item = usize> + '_ {
        self.cells_except(contents, None)
    }

    /// The cells in use that are not marked, in address order. The cursors must be retired.
    pub(crate) fn unmarked(&self, contents: Contents) -> impl Iterator<Item = usize> + '_ {
        self.cells_except(contents, Some(&self.marks))
    }

    fn cells_except<'a>(
        &'a self,
        contents: Contents,
        except: Option<&'a Bitmap>,
    ) -> impl Iterator<Item = usize> + 'a {
        let runs = self.runs.iter().filter(move |(_, run)| run.contents == contents);
        runs.flat_map(move |(first, run)| {
            let cursor = run.class().map(|class| &self.cursors[cursor_of(class, contents)]);
            let start = self.blocks.start(first).addr().get();
            let cells = self.live.addresses(except, start, run.mapped_bytes());
            cells.filter(move |address| !cursor.is_some_and(|cursor| cursor.offers(*address)))
        })
    }

    /// The unit that an address of the reservation lies in.
    pub(crate) fn unit_of(&self, address: usize) -> u32 {
        ((address - self.blocks.base()) / UNIT) as u32
    }

    /// Bytes held: committed units, the parts of the side tables that describe them, and the other tables.
    pub(crate) fn held_bytes(&self) -> usize {
        let units = self.blocks.committed_bytes();
        match &self.guard {
            None => units + side_table_bytes(self.blocks.frontier()) + self.blocks.table_bytes() + CURSORS,
            Some(guard) => units - guard.closed_bytes(),
        }
    }
}

const CURSORS: usize = 2 * CLASSES * size_of::<Cursor>();

/// Bytes of the two bitmaps and of the table of runs, up to a unit.
fn side_table_bytes(frontier: usize) -> usize {
    2 * Bitmap::bytes_for(frontier) + Runs::bytes_for(frontier)
}

impl Run {
    /// Bytes of the run that have bits: a large cell has one, in the first unit.
    pub(crate) fn mapped_bytes(self) -> usize {
        if self.class().is_some() { self.units as usize * UNIT } else { UNIT }
    }
}
