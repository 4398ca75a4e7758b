//! The system's own `malloc` and `free`, called directly.
//!
//! A general allocator does not say which of its memory is ours. On glibc `held_bytes` is what its statistics have
//! grown by since the source was made: exact when nothing else in the process allocates, and with everything that
//! glibc keeps for later. Elsewhere it is the sum of the blocks' usable sizes and headers, which leaves free memory
//! out. Where another malloc takes its place (a preloaded one, valgrind) `held_bytes` is the live bytes. Blocks that
//! are never freed outlive the source. malloc has nothing to verify itself by: AddressSanitizer's own is better at it.

use crate::leftover::Leftover;
use crate::source::MemorySource;
use heapbench_heap::{Corruption, HeapError};
use std::ptr::NonNull;

/// Bytes in front of a block where malloc keeps its size: one word in glibc and its relatives.
const HEADER: usize = size_of::<usize>();

/// The system's allocator.
#[derive(Debug)]
pub struct System {
    live: usize,
    limit: usize,
    held: Held,
    leftover: Leftover,
}

// SAFETY: C's malloc aligns every block to `max_align_t`, which is 16 on 64-bit systems, and never moves a block.
unsafe impl MemorySource for System {
    const NAME: &'static str = "system";

    fn new() -> Result<Self, HeapError> {
        Ok(System { live: 0, limit: usize::MAX, held: Held::new(), leftover: Leftover::default() })
    }

    #[inline(always)]
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let live = self.live.checked_add(size).filter(|live| *live <= self.limit)?;
        let block = malloc(size)?;
        self.live = live;
        self.held.allocated(block);
        self.leftover.allocated(block);
        Some(block)
    }

    #[inline(always)]
    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        self.live -= size;
        self.held.freed(block);
        self.leftover.freed(block);
        // SAFETY: by the contract, the block is malloc's and unused from now on.
        unsafe { free(block) }
    }

    fn live_bytes(&self) -> usize {
        self.live
    }

    fn held_bytes(&self) -> usize {
        self.held.bytes().max(self.live)
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes.unwrap_or(usize::MAX);
    }

    fn verify(&self) -> Result<(), Corruption> {
        // Below zero, the sum wraps.
        match isize::try_from(self.live) {
            Ok(_) => Ok(()),
            Err(_) => Err(Corruption::new(format!(
                "{} bytes are live: more was freed than allocated",
                self.live as isize
            ))),
        }
    }
}

/// A block of the system's allocator.
#[inline(always)]
pub(crate) fn malloc(size: usize) -> Option<NonNull<u8>> {
    // SAFETY: no precondition.
    NonNull::new(unsafe { libc::malloc(size) }.cast())
}

/// Gives a block back to the system's allocator.
///
/// # Safety
/// The block came from `malloc` and is not used afterwards.
#[inline(always)]
pub(crate) unsafe fn free(block: NonNull<u8>) {
    // SAFETY: by the contract.
    unsafe { libc::free(block.as_ptr().cast()) }
}

/// Bytes that a block takes in the system's allocator, rounding and header included.
///
/// # Safety
/// The block came from `malloc` and is not freed.
pub(crate) unsafe fn taken_bytes(block: NonNull<u8>) -> usize {
    #[cfg(target_vendor = "apple")]
    use libc::malloc_size as usable_size;
    #[cfg(not(target_vendor = "apple"))]
    use libc::malloc_usable_size as usable_size;
    // SAFETY: by the contract.
    unsafe { usable_size(block.as_ptr().cast()) + HEADER }
}

/// What the allocator has taken from the operating system since the source was made.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[derive(Debug)]
struct Held {
    before: usize,
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
impl Held {
    fn new() -> Held {
        Held { before: Held::total() }
    }

    /// All heaps of the process, and what is mapped block by block.
    fn total() -> usize {
        // SAFETY: no precondition.
        let statistics = unsafe { libc::mallinfo2() };
        statistics.arena + statistics.hblkhd
    }

    fn bytes(&self) -> usize {
        Held::total().saturating_sub(self.before)
    }

    fn allocated(&mut self, _block: NonNull<u8>) {}

    fn freed(&mut self, _block: NonNull<u8>) {}
}

/// The allocator gives back what is free, so that the next source of the process starts as the first did. It also keeps
/// `mallinfo2` cheap, which walks the free blocks.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: no precondition.
        unsafe { libc::malloc_trim(0) };
    }
}

/// The sum of the blocks in use.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[derive(Debug)]
struct Held {
    blocks: usize,
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
impl Held {
    fn new() -> Held {
        Held { blocks: 0 }
    }

    fn bytes(&self) -> usize {
        self.blocks
    }

    fn allocated(&mut self, block: NonNull<u8>) {
        // SAFETY: called with a block in use.
        self.blocks += unsafe { taken_bytes(block) };
    }

    fn freed(&mut self, block: NonNull<u8>) {
        // SAFETY: called before the block is freed.
        self.blocks -= unsafe { taken_bytes(block) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ALIGNMENT;

    #[test]
    fn live_and_held_follow_the_blocks() {
        let mut source = System::new().unwrap();
        // So large that what other tests do meanwhile does not matter, and that glibc maps it apart.
        let size = 64 << 20;
        let block = source.allocate(size).unwrap();
        assert_eq!(block.addr().get() % ALIGNMENT, 0);
        assert_eq!(source.live_bytes(), size);
        assert!(source.held_bytes() >= size);
        // AddressSanitizer's malloc takes the place of the one that has statistics.
        assert!(source.held.bytes() > size / 2 || crate::sanitizer::ON);
        // SAFETY: the block is writable and ours, and freed once.
        unsafe {
            block.write(7);
            block.add(size - 1).write(7);
            assert!(taken_bytes(block) >= size + HEADER);
            source.free(block, size);
        }
        assert_eq!(source.live_bytes(), 0);
        assert!(source.held_bytes() < size / 2);
    }

    #[test]
    fn verify_finds_planted_damage() {
        let mut source = System::new().unwrap();
        source.verify().unwrap();
        source.live = source.live.wrapping_sub(16);
        assert!(source.verify().unwrap_err().what.starts_with("-16 bytes are live"));
    }

    #[test]
    fn the_limit_is_on_live_bytes() {
        let mut source = System::new().unwrap();
        source.set_limit(Some(1000));
        assert_eq!(source.allocate(1001), None);
        let block = source.allocate(1000).unwrap();
        assert_eq!(source.allocate(1), None);
        assert_eq!(source.live_bytes(), 1000);
        // SAFETY: the block is ours, and freed once.
        unsafe { source.free(block, 1000) };
        assert_eq!(source.allocate(usize::MAX), None);
        source.set_limit(None);
        assert_eq!(source.allocate(isize::MAX as usize), None);
        assert_eq!(source.live_bytes(), 0);
    }
}
