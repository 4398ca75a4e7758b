//! A source of blocks on pages of their own: a touch beyond a block, or of a freed one, is a fault at once.
//!
//! ```text
//! [pages of the block:  unused][block][padding] [page that nobody may touch]
//! ```
//!
//! A block lies at the end of its pages, so that the next byte but the padding (up to 15 bytes, for the alignment; they
//! are written when the block is allocated and looked at by `free` and `verify`) is inaccessible. So are its pages once
//! it is freed. They are used again only when the whole range has been given out once, and then those first that were
//! given out the longest ago.
//!
//! For tests only: each block is a call of the system's, and takes two of the mappings that Linux allows a process
//! (`vm.max_map_count`, 65,530 where nobody changed it). So there are at most [`MOST_BLOCKS`] blocks in use, and fewer
//! where other sources like this one are about; beyond that `allocate` answers `None`.
//!
//! Source: Perens, Electric Fence (1987).

use crate::reservation::{PAGE, Reservation};
use crate::source::{ALIGNMENT, MemorySource};
use heapbench_heap::{Corruption, HeapError};
use std::collections::BTreeMap;
use std::ptr::NonNull;

/// Blocks in use at a time, at most: half of the mappings that a process may have.
pub const MOST_BLOCKS: usize = 16_000;

/// Bytes of address space before addresses are used again.
const RANGE: usize = 16 << 30;
const PADDING: u8 = 0xfd;

/// Pages for each block.
#[derive(Debug)]
pub struct Guarded {
    range: Reservation,
    /// Where the pages of each block in use start, from the range's start, and the block's size.
    blocks: BTreeMap<usize, usize>,
    /// Where the pages given out last end.
    cursor: usize,
    live: usize,
    held: usize,
    limit: usize,
    /// What was found first.
    found: Option<Corruption>,
}

/// Bytes of the pages that a block lies on; the guard behind them takes one more.
fn pages(size: usize) -> usize {
    size.next_multiple_of(PAGE)
}

/// Bytes between a block's end and the guard.
fn padding(size: usize) -> usize {
    size.next_multiple_of(ALIGNMENT) - size
}

// SAFETY: no two blocks share a page, because pages are taken from gaps between the blocks in use; a block ends less
// than 16 bytes before a page does, at a distance that makes its start a multiple of 16.
unsafe impl MemorySource for Guarded {
    const NAME: &'static str = "guarded";

    fn new() -> Result<Self, HeapError> {
        Guarded::with_range(RANGE)
    }

    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        if size > self.range.bytes() - PAGE || self.blocks.len() >= MOST_BLOCKS {
            return None;
        }
        let pages = pages(size);
        if self.held_bytes() + pages > self.limit {
            return None;
        }
        let start = self.find_gap(self.cursor, pages + PAGE).or_else(|| self.find_gap(0, pages + PAGE))?;
        if !self.range.open(start, pages) {
            return None;
        }
        self.cursor = start + pages + PAGE;
        self.blocks.insert(start, size);
        self.live += size;
        self.held += pages;
        let block = self.block(start, size);
        // SAFETY: the padding lies behind the block, on its own pages.
        unsafe { block.add(size).write_bytes(PADDING, padding(size)) };
        Some(block)
    }

    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        let start = block.addr().get().wrapping_sub(self.range.start().addr().get()) / PAGE * PAGE;
        if self.blocks.get(&start) != Some(&size) || self.block(start, size) != block {
            return self.note(format!("a block of {size} bytes at {block:?} is freed, which is not in use"));
        }
        if let Some(what) = self.damaged_padding(start, size) {
            self.note(what);
        }
        self.blocks.remove(&start);
        self.live -= size;
        self.held -= pages(size);
        // SAFETY: the pages are the block's alone, and by the contract nobody uses it.
        if !unsafe { self.range.close(start, pages(size)) } {
            self.note(format!("the system does not take the pages of {block:?} back"));
        }
    }

    fn live_bytes(&self) -> usize {
        self.live
    }

    fn held_bytes(&self) -> usize {
        self.held + self.blocks.len() * 2 * size_of::<(usize, usize)>()
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes.unwrap_or(usize::MAX);
    }

    fn verify(&self) -> Result<(), Corruption> {
        let damaged = || self.blocks.iter().find_map(|(start, size)| self.damaged_padding(*start, *size));
        self.found.clone().or_else(|| damaged().map(Corruption::new)).map_or(Ok(()), Err)
    }
}

impl Guarded {
    /// A source that uses addresses again after so many bytes, or fewer where the system refuses.
    ///
    /// # Errors
    /// The system refuses even a small range.
    pub fn with_range(bytes: usize) -> Result<Guarded, HeapError> {
        let range = Reservation::largest(bytes, bytes.min(64 << 20))?;
        // SAFETY: nobody uses any of the range yet.
        if !unsafe { range.close(0, range.bytes()) } {
            return Err(HeapError::Refused { requested: range.bytes() });
        }
        let blocks = BTreeMap::new();
        Ok(Guarded { range, blocks, cursor: 0, live: 0, held: 0, limit: usize::MAX, found: None })
    }

    /// The first gap of so many bytes between blocks, from an address on that is in no block.
    fn find_gap(&self, from: usize, bytes: usize) -> Option<usize> {
        let mut gap = from;
        for (start, size) in self.blocks.range(from..) {
            if start - gap >= bytes {
                return Some(gap);
            }
            gap = start + pages(*size) + PAGE;
        }
        (self.range.bytes().saturating_sub(gap) >= bytes).then_some(gap)
    }

    /// The block of so many bytes on the pages that start there.
    fn block(&self, start: usize, size: usize) -> NonNull<u8> {
        // SAFETY: the pages lie inside the range, and the block on them.
        unsafe { self.range.start().add(start + pages(size) - size.next_multiple_of(ALIGNMENT)) }
    }

    fn note(&mut self, what: String) {
        self.found.get_or_insert_with(|| Corruption::new(what));
    }

    /// What is wrong with the padding of a block in use.
    fn damaged_padding(&self, start: usize, size: usize) -> Option<String> {
        let block = self.block(start, size);
        // SAFETY: the block is in use, so its pages are accessible, and `allocate` wrote the padding.
        let bytes = unsafe { std::slice::from_raw_parts(block.add(size).as_ptr(), padding(size)) };
        let at = bytes.iter().position(|byte| *byte != PADDING)?;
        let (found, at) = (bytes[at], size + at);
        Some(format!(
            "the block of {size} bytes at {block:?}: expected {PADDING:#x} behind it, found {found:#x} at byte {at}"
        ))
    }
}

#[cfg(test)]
mod tests;
