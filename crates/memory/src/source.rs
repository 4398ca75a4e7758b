//! What a memory source is.

use heapbench_heap::{Corruption, HeapError};
use std::ptr::NonNull;

/// Alignment of every block.
pub const ALIGNMENT: usize = 16;

/// Where a strategy's bytes come from, block by block.
///
/// # Safety
/// A block from `allocate(size)` is `size` bytes, aligned to [`ALIGNMENT`], that overlap no other block in use, and
/// stays where it is until `free` or until the source is dropped.
pub unsafe trait MemorySource: Sized {
    /// Its name in configuration text.
    const NAME: &'static str;

    /// A source without blocks.
    ///
    /// # Errors
    /// The system refuses what it starts with.
    fn new() -> Result<Self, HeapError>;

    /// A block of `size` > 0 bytes, not zeroed; `None` when the limit or the system refuses.
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Safety
    /// `block` came from this source's `allocate(size)` with the same size, and nobody uses it afterwards.
    unsafe fn free(&mut self, block: NonNull<u8>, size: usize);

    /// Bytes in blocks in use, as they were asked for.
    fn live_bytes(&self) -> usize;

    /// Bytes taken from the operating system, free blocks and the source's own metadata included.
    fn held_bytes(&self) -> usize;

    /// Limits what `allocate` gives. Sources that hold whole arenas count held bytes; those on a general
    /// allocator, which says too slowly what it holds, count live bytes.
    fn set_limit(&mut self, bytes: Option<usize>);

    /// Checks what the source knows of itself: lists, canaries, sums. Sources that know nothing find nothing.
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    fn verify(&self) -> Result<(), Corruption> {
        Ok(())
    }
}
