//! Bump allocation: one pointer moves through a chunk, and nothing is freed until everything is.
//!
//! The chunks are bumpalo's: each is about twice as large as the one before, and a reset keeps the last. As a memory
//! source a block is aligned to 16, as the trait promises; a strategy that needs only words takes `BumpChunks<8>`
//! and calls [`BumpChunks::bump`].
//!
//! Source: Hanson, Fast allocation and deallocation of memory based on object lifetimes (1990); bumpalo 3.20.

use crate::injection::{self, Request};
use crate::sanitizer;
use crate::source::{ALIGNMENT, MemorySource};
use bumpalo::Bump;
use heapbench_heap::{Corruption, HeapError};
use std::alloc::Layout;
use std::ops::Range;
use std::ptr::NonNull;

/// Bytes at the end of each chunk that bumpalo needs for itself.
const CHUNK_FOOTER: usize = 48;

/// Bump-allocated chunks with blocks aligned to `ALIGN`.
#[derive(Debug)]
pub struct BumpChunks<const ALIGN: usize = ALIGNMENT> {
    chunks: Bump<ALIGN>,
    /// Bytes of blocks not freed; blocks from `bump` are their caller's to count.
    live: usize,
    limit: Option<usize>,
    /// Chunks taken from the system so far.
    taken: u64,
    /// Chunks given back.
    given_back: u64,
}

impl<const ALIGN: usize> Default for BumpChunks<ALIGN> {
    fn default() -> Self {
        BumpChunks { chunks: Bump::with_min_align(), live: 0, limit: None, taken: 0, given_back: 0 }
    }
}

impl<const ALIGN: usize> BumpChunks<ALIGN> {
    /// A block of `size` bytes aligned to `ALIGN`, not zeroed; `None` when the limit or the system refuses.
    #[inline(always)]
    pub fn bump(&mut self, size: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, ALIGN).ok()?;
        let is_full = layout.pad_to_align().size() > self.chunks.chunk_capacity();
        if is_full && !self.may_ask_for_chunk() {
            return None;
        }
        let Ok(block) = self.chunks.try_alloc_layout(layout) else {
            self.taken -= u64::from(is_full);
            return None;
        };
        if sanitizer::ON && is_full {
            self.poison_newest_chunk();
        }
        sanitizer::unpoison(block, size);
        Some(block)
    }

    /// Tells bumpalo how much the next chunk may have, if it may be asked for at all.
    ///
    /// bumpalo's limit leaves the chunks' footers out (here the next one's is included), and is none at all once
    /// it is lower than what is allocated.
    #[cold]
    #[inline(never)]
    fn may_ask_for_chunk(&mut self) -> bool {
        if injection::fails(Request::Block) {
            return false;
        }
        let allocated = self.chunks.allocated_bytes();
        let footers = self.held() - allocated + CHUNK_FOOTER;
        let limit = self.limit.map(|limit| limit.saturating_sub(footers).max(allocated));
        self.chunks.set_allocation_limit(limit);
        self.taken += 1;
        true
    }

    /// Makes all of the newest chunk what nobody may touch: its blocks, and below them the room that is left.
    fn poison_newest_chunk(&self) {
        let room = self.chunks.chunk_capacity();
        // SAFETY: the iterator ends before anything else is allocated, and only an address is taken.
        let newest = unsafe { self.chunks.iter_allocated_chunks_raw() }.next();
        let lowest =
            newest.and_then(|(start, size)| Some((NonNull::new(start.wrapping_sub(room))?, room + size)));
        if let Some((lowest, bytes)) = lowest {
            sanitizer::poison(lowest, bytes);
        }
    }

    /// Chunks taken from the system so far, and how many of them were given back.
    pub fn chunks(&self) -> (u64, u64) {
        (self.taken, self.given_back)
    }

    /// Bytes taken from the operating system: all chunks, footers included.
    pub fn held(&self) -> usize {
        self.chunks.allocated_bytes_including_metadata()
    }

    /// Limits what is held, in bytes.
    pub fn limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes;
    }

    /// Frees every block at once. The last chunk is kept for what follows.
    ///
    /// # Safety
    /// No block is used afterwards.
    pub unsafe fn reset(&mut self) {
        self.given_back += (self.chunks.iter_allocated_chunks().count() as u64).saturating_sub(1);
        self.chunks.reset();
        self.live = 0;
        if sanitizer::ON {
            self.poison_newest_chunk();
        }
    }

    /// Fills every block given out since the last reset, so that who uses one afterwards sees it.
    ///
    /// # Safety
    /// No block's content is used afterwards.
    pub unsafe fn fill(&mut self, byte: u8) {
        // SAFETY: the iterator ends before anything else is allocated.
        for (start, size) in unsafe { self.chunks.iter_allocated_chunks_raw() } {
            if let Some(start) = NonNull::new(start) {
                sanitizer::unpoison(start, size);
                // SAFETY: all of the range was given out, and by the contract nobody has an eye on its content.
                unsafe { start.write_bytes(byte, size) };
            }
        }
    }

    /// Checks that the chunks lie apart and that what is held has room for them.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn verify_chunks(&self) -> Result<(), Corruption> {
        let mut ranges = self.ranges();
        ranges.sort_unstable_by_key(|range| range.start);
        if let Some(pair) = ranges.windows(2).find(|pair| pair[0].end > pair[1].start) {
            return Err(Corruption::new(format!("chunks {:#x?} and {:#x?} overlap", pair[0], pair[1])));
        }
        let (given, held) = (ranges.iter().map(ExactSizeIterator::len).sum::<usize>(), self.held());
        if self.live > given || given > held {
            let live = self.live;
            return Err(Corruption::new(format!(
                "{live} bytes are live of {given} given out of {held} held, expected no more of each"
            )));
        }
        Ok(())
    }

    /// The addresses of the blocks given out, one range a chunk, the newest first.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        // SAFETY: the iterator ends before anything else is allocated, and only addresses are taken.
        let chunks = unsafe { self.chunks.iter_allocated_chunks_raw() };
        chunks.map(|(start, size)| start.addr()..start.addr() + size).collect()
    }
}

// SAFETY: bumpalo never gives out a byte twice before a reset, never moves blocks, and aligns each to `ALIGNMENT`.
unsafe impl MemorySource for BumpChunks {
    const NAME: &'static str = "bump";

    fn new() -> Result<Self, HeapError> {
        Ok(BumpChunks::default())
    }

    #[inline(always)]
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let block = self.bump(size)?;
        self.live += size;
        Some(block)
    }

    #[inline(always)]
    unsafe fn free(&mut self, _block: NonNull<u8>, size: usize) {
        self.live -= size;
    }

    fn live_bytes(&self) -> usize {
        self.live
    }

    fn held_bytes(&self) -> usize {
        self.held()
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.limit(bytes);
    }

    fn verify(&self) -> Result<(), Corruption> {
        self.verify_chunks()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_footer_is_bumpalos() {
        let mut chunks = BumpChunks::<8>::default();
        assert_eq!(chunks.held(), 0);
        for count in 1..=12 {
            while chunks.ranges().len() < count {
                chunks.bump(400).unwrap();
            }
            assert_eq!(chunks.held() - chunks.chunks.allocated_bytes(), count * CHUNK_FOOTER);
        }
    }

    #[test]
    fn blocks_are_aligned_and_apart() {
        let mut chunks = BumpChunks::new().unwrap();
        let mut blocks: Vec<_> =
            (1..2000).map(|size| (chunks.allocate(size).unwrap().addr().get(), size)).collect();
        assert_eq!(chunks.live_bytes(), (1..2000).sum());
        blocks.sort_unstable();
        assert!(blocks.iter().all(|(start, _)| start % ALIGNMENT == 0));
        assert!(blocks.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
        let ranges = chunks.ranges();
        assert!(
            blocks
                .iter()
                .all(|(start, size)| ranges.iter().any(|r| r.start <= *start && start + size <= r.end))
        );
    }

    #[test]
    fn the_limit_is_on_held_bytes() {
        for limit in [0, 100, 447, 448, 1000, 4096, 100_000] {
            let mut chunks = BumpChunks::<8>::default();
            chunks.limit(Some(limit));
            let blocks = (0..10_000).take_while(|_| chunks.bump(16).is_some()).count();
            assert!(chunks.held() <= limit, "{} of {limit}", chunks.held());
            assert!(blocks < 10_000);
            assert!(limit < 4096 || blocks * 16 > limit / 2, "{blocks} blocks under {limit}");
            chunks.limit(None);
            assert!(chunks.bump(16).is_some());
            // Lowered below what is held: the last chunk may be used up, and that is all.
            chunks.limit(Some(1));
            let held = chunks.held();
            while chunks.bump(16).is_some() {}
            assert_eq!(chunks.held(), held);
        }
    }

    #[test]
    fn sizes_that_no_machine_has_are_refused() {
        let mut chunks = BumpChunks::new().unwrap();
        for size in [usize::MAX, isize::MAX as usize, isize::MAX as usize - 64] {
            assert_eq!(chunks.allocate(size), None);
        }
        assert_eq!((chunks.live_bytes(), chunks.held_bytes()), (0, 0));
    }

    #[test]
    fn a_refused_chunk_changes_nothing() {
        let mut chunks = BumpChunks::new().unwrap();
        let first = chunks.allocate(100).unwrap();
        injection::arm(Request::Block, 1, false);
        let mut blocks = 0;
        while chunks.allocate(100).is_some() {
            blocks += 1;
        }
        assert!(blocks < 10 && injection::disarm() == 1);
        let before = (chunks.live_bytes(), chunks.held_bytes());
        assert_eq!((before.0, chunks.ranges().len()), (100 * (blocks + 1), 1));
        chunks.verify().unwrap();
        assert!(chunks.allocate(100).is_some_and(|block| block != first));
        assert_eq!(chunks.ranges().len(), 2);
        chunks.verify().unwrap();
    }

    #[test]
    fn all_that_was_given_out_is_filled() {
        let mut chunks = BumpChunks::<8>::default();
        let blocks: Vec<_> = (1..500).map(|size| (chunks.bump(size).unwrap(), size)).collect();
        // SAFETY: only read afterwards, to see what is there.
        unsafe { chunks.fill(0xdd) };
        let filled = |(start, size): &(NonNull<u8>, usize)| {
            // SAFETY: the blocks are filled, so initialised, and were not freed.
            let bytes = unsafe { std::slice::from_raw_parts(start.as_ptr(), *size) };
            bytes.iter().all(|byte| *byte == 0xdd)
        };
        assert!(blocks.iter().all(filled));
    }

    #[test]
    fn verify_finds_planted_damage() {
        let mut chunks = BumpChunks::new().unwrap();
        chunks.allocate(100).unwrap();
        chunks.verify().unwrap();
        chunks.live += 1000;
        let what = chunks.verify().unwrap_err().what;
        assert!(what.starts_with("1100 bytes are live"), "{what}");
    }

    #[test]
    fn a_reset_recycles_the_last_chunk() {
        let mut chunks = BumpChunks::new().unwrap();
        let block = chunks.allocate(64).unwrap();
        let held = chunks.held_bytes();
        // SAFETY: no block is used afterwards.
        unsafe { chunks.reset() };
        assert_eq!((chunks.live_bytes(), chunks.held_bytes()), (0, held));
        assert_eq!(chunks.allocate(64), Some(block));
    }
}
