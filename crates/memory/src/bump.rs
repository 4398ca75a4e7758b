//! Bump allocation: one pointer moves through a chunk, and nothing is freed until everything is.
//!
//! The chunks are bumpalo's: each is about twice as large as the one before, and a reset keeps the last. As a memory
//! source a block is aligned to 16, as the trait promises; a strategy that needs only words takes `BumpChunks<8>`
//! and calls [`BumpChunks::bump`].
//!
//! Source: Hanson, Fast allocation and deallocation of memory based on object lifetimes (1990); bumpalo 3.20.

use crate::source::{ALIGNMENT, MemorySource};
use bumpalo::Bump;
use heapbench_heap::HeapError;
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
}

impl<const ALIGN: usize> Default for BumpChunks<ALIGN> {
    fn default() -> Self {
        BumpChunks { chunks: Bump::with_min_align(), live: 0, limit: None }
    }
}

impl<const ALIGN: usize> BumpChunks<ALIGN> {
    /// A block of `size` bytes aligned to `ALIGN`, not zeroed; `None` when the limit or the system refuses.
    #[inline(always)]
    pub fn bump(&mut self, size: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, ALIGN).ok()?;
        if layout.pad_to_align().size() > self.chunks.chunk_capacity() {
            self.limit_next_chunk();
        }
        self.chunks.try_alloc_layout(layout).ok()
    }

    /// bumpalo's limit leaves the chunks' footers out (here the next one's is included), and is none at all once
    /// it is lower than what is allocated.
    #[cold]
    #[inline(never)]
    fn limit_next_chunk(&self) {
        let allocated = self.chunks.allocated_bytes();
        let footers = self.held() - allocated + CHUNK_FOOTER;
        let limit = self.limit.map(|limit| limit.saturating_sub(footers).max(allocated));
        self.chunks.set_allocation_limit(limit);
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
        self.chunks.reset();
        self.live = 0;
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
