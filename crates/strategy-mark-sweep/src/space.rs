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

use crate::bitmap::Bitmap;
use crate::size_class::{
    CLASSES, GRANULE, LARGEST_CELL, UNIT, WINDOW, block_units, cell_size, cells_in_block, class_of,
    starts_in_window,
};
use heapbench_heap::HeapError;
use heapbench_memory::{Block, Blocks};
use std::collections::BTreeMap;
use std::ptr::NonNull;

/// Address space for the heap; less where the system refuses.
const MOST: usize = 64 << 30;
const LEAST: usize = 64 << 20;

/// What the cells of a block hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Objects,
    Storage,
}

/// A run of units in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) units: usize,
    /// The class of its cells; `None` for one large cell.
    pub(crate) class: Option<usize>,
    pub(crate) contents: Contents,
}

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
    /// First units of blocks that have free cells and were not swept since the last collection, highest first.
    pub(crate) unswept: Vec<u32>,
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
    /// Runs in use by first unit.
    pub(crate) runs: BTreeMap<u32, Run>,
    pub(crate) cursors: Box<[Cursor; 2 * CLASSES]>,
    /// Most bytes that may be held, `outside` included.
    pub(crate) limit: usize,
    /// Bytes that the strategy holds outside the space.
    pub(crate) outside: usize,
    /// Hands out each cell by the slow path: the fast one finds nothing. While hooks run.
    pub(crate) singly: bool,
    pub(crate) blocks_swept: u64,
}

/// The cursor of a class and contents.
#[inline(always)]
pub(crate) const fn cursor_of(class: usize, contents: Contents) -> usize {
    class + if matches!(contents, Contents::Storage) { CLASSES } else { 0 }
}

impl Space {
    pub(crate) fn new() -> Result<Space, HeapError> {
        let blocks = Blocks::new(UNIT, MOST, LEAST)?;
        let (base, bytes) = (blocks.base(), blocks.reserved_bytes());
        Ok(Space {
            live: Bitmap::new(base, bytes)?,
            marks: Bitmap::new(base, bytes)?,
            blocks,
            runs: BTreeMap::new(),
            cursors: Box::new(std::array::from_fn(|_| Cursor::default())),
            limit: usize::MAX,
            outside: 0,
            singly: false,
            blocks_swept: 0,
        })
    }

    /// The fast path: a cell that is known to be free.
    #[inline(always)]
    pub(crate) fn pop(&mut self, class: usize, contents: Contents) -> Option<NonNull<u8>> {
        let cursor = &mut self.cursors[cursor_of(class, contents)];
        let granule = cursor.free.trailing_zeros() as usize;
        cursor.free &= cursor.free.checked_sub(1)?;
        NonNull::new(std::ptr::with_exposed_provenance_mut(cursor.window + granule * GRANULE))
    }

    /// A cell of `size` > 0 bytes, its content undefined, its live bit set. `None` when the limit or the address
    /// space has no room, or when it would take a new block though a collection is `due`.
    #[inline]
    pub(crate) fn allocate(&mut self, size: usize, contents: Contents, due: bool) -> Option<NonNull<u8>> {
        if size > LARGEST_CELL {
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
        let first = self.new_run(Run { units: size.div_ceil(UNIT), class: None, contents })?;
        let at = self.blocks.start(first);
        self.live.set(at.addr().get());
        Some(at)
    }

    /// Finds the next free cells of a class, in the current block, the next unswept one or a new one.
    #[inline(never)]
    pub(crate) fn refill(&mut self, class: usize, contents: Contents, due: bool) -> Option<NonNull<u8>> {
        let index = cursor_of(class, contents);
        loop {
            let cursor = &mut self.cursors[index];
            while cursor.scan < cursor.stop {
                let taken = self.live.window(cursor.scan);
                let mut free = starts_in_window(class, cursor.scan - cursor.block) & !taken;
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
                    return self.pop(class, contents);
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
        let first = match self.cursors[index].unswept.pop() {
            Some(swept) => {
                self.blocks_swept += 1;
                swept
            }
            None => self.new_run(Run { units: block_units(class), class: Some(class), contents })?,
        };
        let block = self.blocks.start(first).addr().get();
        let cursor = &mut self.cursors[index];
        (cursor.block, cursor.scan) = (block, block);
        cursor.stop = block + cells_in_block(class) * cell_size(class);
        Some(())
    }

    fn new_run(&mut self, run: Run) -> Option<u32> {
        let frontier = self.blocks.frontier();
        let tables = UNIT + 2 * (Bitmap::bytes_for(frontier + run.units) - Bitmap::bytes_for(frontier));
        let held = self.held_bytes() + self.outside + tables;
        let first = self.blocks.allocate(run.units, self.limit.saturating_sub(held))?;
        self.runs.insert(first, run);
        Some(first)
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
        if cell.size <= LARGEST_CELL {
            return false;
        }
        let first = self.unit_of(address);
        let run = self.runs.remove(&first);
        debug_assert!(run.is_some_and(|run| run.class.is_none()));
        // SAFETY: by the contract, the run is a large cell of this space that nobody uses.
        unsafe { self.blocks.free(first, cell.size.div_ceil(UNIT)) };
        true
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
        let Space { blocks, live, marks, runs, cursors, .. } = self;
        for cursor in cursors.iter_mut() {
            let mut unswept = std::mem::take(&mut cursor.unswept);
            unswept.clear();
            *cursor = Cursor { unswept, ..Cursor::default() };
        }
        // From the highest address, so that `pop` gives the lowest.
        let mut empty = Vec::new();
        for (&first, run) in runs.iter().rev() {
            let start = blocks.start(first).addr().get();
            let marked = live.take_over(marks, start, run.mapped_bytes());
            match run.class {
                _ if marked == 0 => empty.push(first),
                Some(class) if marked < cells_in_block(class) => {
                    cursors[cursor_of(class, run.contents)].unswept.push(first);
                }
                _ => {}
            }
        }
        for first in empty {
            if let Some(run) = runs.remove(&first) {
                // SAFETY: no cell of the run is marked, so nobody refers to one.
                unsafe { blocks.free(first, run.units) };
            }
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
        runs.flat_map(move |(&first, run)| {
            let cursor = run.class.map(|class| &self.cursors[cursor_of(class, contents)]);
            let start = self.blocks.start(first).addr().get();
            let cells = self.live.addresses(except, start, run.mapped_bytes());
            cells.filter(move |address| !cursor.is_some_and(|cursor| cursor.offers(*address)))
        })
    }

    /// The unit that an address of the reservation lies in.
    pub(crate) fn unit_of(&self, address: usize) -> u32 {
        ((address - self.blocks.base()) / UNIT) as u32
    }

    /// Bytes held: committed units, the parts of the bitmaps that describe them, and the tables.
    pub(crate) fn held_bytes(&self) -> usize {
        let unswept: usize = self.cursors.iter().map(|cursor| cursor.unswept.capacity()).sum();
        self.blocks.committed_bytes()
            + 2 * Bitmap::bytes_for(self.blocks.frontier())
            + self.blocks.table_bytes()
            + self.cursors.len() * size_of::<Cursor>()
            + unswept * size_of::<u32>()
            + self.runs.len() * size_of::<(u32, Run)>()
    }
}

impl Run {
    /// Bytes of the run that have bits: a large cell has one, at its start.
    pub(crate) fn mapped_bytes(&self) -> usize {
        if self.class.is_some() { self.units * UNIT } else { UNIT }
    }
}
