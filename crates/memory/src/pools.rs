//! Pools of equal blocks in arenas: CPython's own small-object allocator, pymalloc.
//!
//! *Idea.* A request of up to 512 bytes is rounded up to one of 32 sizes, 16 bytes apart. A *pool* is 16 KiB of blocks
//! of one size; an *arena* is 1 MiB of pools from the operating system. Allocation takes the first block of the first
//! pool of the size that has one; a free block goes to the front of its pool's list. Larger requests are malloc's.
//!
//! *Policy.* Pools with used and free blocks are in a list by size. A pool that fills up leaves it; when one of its
//! blocks is freed it returns to the front. A pool without used blocks goes back to its arena, and may serve another
//! size next. New pools come from the arena with the fewest free pools, so that the others may become wholly free:
//! then they are unmapped, except the last one that has free pools.
//!
//! *Invariants.* `verify` checks them all.
//! 1. A pool is used, full, free, or not carved yet, and is in its size's list, in none, in its arena's list, or above
//!    its arena's mark.
//! 2. A pool's list has each carved block that is not used, once, and is empty only when the pool is full.
//! 3. Arenas with free pools are in one list, fewest free pools first; `arenas` knows the last of each number.
//!
//! *Differences from CPython.* `free` is told the size, which says whether malloc or a pool has the block, so the radix
//! tree of arena addresses is not needed. An arena is not aligned to 16 KiB there, so that it has 63 whole pools, or
//! 64 where the system happens to align it; here it always has 63, lest counts depend on address randomisation. A large
//! block that is never freed outlives the source; arenas do not.
//!
//! *What it cannot do.* Move blocks: one that is alive keeps a pool for its size, and an arena mapped.
//!
//! *Source.* CPython 3.13, `Objects/obmalloc.c`, `Include/internal/pycore_obmalloc.h`.

mod arena;
mod pool;
#[cfg(test)]
mod tests;
mod verify;

use crate::leftover::Leftover;
use crate::source::{ALIGNMENT, MemorySource};
use crate::{sanitizer, system};
use arena::Arenas;
use heapbench_heap::{Corruption, HeapError};
use pool::Pool;
use std::ptr::NonNull;

/// The largest request that pools serve.
const LARGEST: usize = 512;
/// Sizes of blocks.
const CLASSES: usize = LARGEST / ALIGNMENT;

/// The block size of a class.
const fn class_size(class: usize) -> usize {
    (class + 1) * ALIGNMENT
}

/// The class of a request; `None` for one that is malloc's.
#[inline(always)]
const fn class_of(size: usize) -> Option<usize> {
    // As in CPython, a request of 0 bytes is malloc's too.
    let below = size.wrapping_sub(1);
    if below < LARGEST { Some(below / ALIGNMENT) } else { None }
}

/// CPython's allocator.
#[derive(Debug)]
pub struct Pools {
    /// The first pool of each class that has used and free blocks.
    used: [Option<Pool>; CLASSES],
    arenas: Arenas,
    /// Bytes of all blocks in use, as asked for.
    live: usize,
    /// Bytes that large blocks take in malloc, headers included.
    large: usize,
    limit: usize,
    leftover: Leftover,
}

// SAFETY: a block is on its pool's free list or in use, never both (invariant 2); pools lie apart in their arenas, and
// their blocks start at multiples of 16; an arena is unmapped when no block of it is used. Large blocks are malloc's.
unsafe impl MemorySource for Pools {
    const NAME: &'static str = "pymalloc";

    fn new() -> Result<Self, HeapError> {
        let (used, arenas, leftover) = ([None; CLASSES], Arenas::default(), Leftover::default());
        Ok(Pools { used, arenas, live: 0, large: 0, limit: usize::MAX, leftover })
    }

    #[inline(always)]
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let block = match class_of(size) {
            Some(class) => self.take(class),
            None => self.allocate_large(size),
        };
        // Not by `?`: a block that is certainly there needs no test.
        if let Some(block) = block {
            self.live += size;
            sanitizer::unpoison(block, size);
        }
        block
    }

    #[inline(always)]
    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        self.live -= size;
        // SAFETY: by the contract, the block is unused from now on, and its size says where it came from.
        unsafe {
            if let Some(class) = class_of(size) {
                sanitizer::poison(block, class_size(class));
                self.give(block);
            } else {
                self.free_large(block);
            }
        }
    }

    fn live_bytes(&self) -> usize {
        self.live
    }

    /// Arenas mapped, the vector of arenas, and large blocks.
    fn held_bytes(&self) -> usize {
        self.arenas.held_bytes() + self.large
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes.unwrap_or(usize::MAX);
    }

    /// Checks the invariants of this folder over everything.
    fn verify(&self) -> Result<(), Corruption> {
        self.check()
    }
}

impl Pools {
    /// A block from a pool of the class.
    #[inline(always)]
    fn take(&mut self, class: usize) -> Option<NonNull<u8>> {
        match self.used[class] {
            Some(pool) => Some(self.take_from(pool)),
            None => self.take_from_new_pool(class),
        }
    }

    /// A block from a pool in its class's list.
    #[inline(always)]
    fn take_from(&mut self, pool: Pool) -> NonNull<u8> {
        // SAFETY: pools in these lists are not full (invariants 1 and 2).
        let (block, more) = unsafe { pool.pop() };
        if !more {
            self.carve_or_unlink(pool);
        }
        block
    }

    /// A pool's list is empty: carve one more block, or the pool is full.
    #[inline(never)]
    fn carve_or_unlink(&mut self, pool: Pool) {
        if !pool.carve_block() {
            self.unlink_used(pool);
        }
    }

    #[cold]
    #[inline(never)]
    fn take_from_new_pool(&mut self, class: usize) -> Option<NonNull<u8>> {
        let pool = self.arenas.take_pool(self.limit.saturating_sub(self.large))?;
        pool.serve(class);
        self.link_used(pool);
        Some(self.take_from(pool))
    }

    /// Takes a block of a pool back.
    ///
    /// # Safety
    /// The block came from `take` and is not used afterwards.
    #[inline(always)]
    unsafe fn give(&mut self, block: NonNull<u8>) {
        // SAFETY: by the contract.
        let (pool, was_full) = unsafe { Pool::push(block) };
        if was_full {
            self.link_used(pool);
        } else if pool.used.get() == 0 {
            self.retire(pool);
        }
    }

    /// A pool without used blocks goes back to its arena.
    #[inline(never)]
    fn retire(&mut self, pool: Pool) {
        self.unlink_used(pool);
        self.arenas.give_pool(pool);
    }

    /// Puts a pool in front of its class's list.
    #[inline(never)]
    fn link_used(&mut self, pool: Pool) {
        let first = &mut self.used[pool.class.get() as usize];
        pool.next.set(*first);
        pool.previous.set(None);
        if let Some(second) = first.replace(pool) {
            second.previous.set(Some(pool));
        }
    }

    fn unlink_used(&mut self, pool: Pool) {
        let (previous, next) = (pool.previous.get(), pool.next.get());
        match previous {
            Some(previous) => previous.next.set(next),
            None => self.used[pool.class.get() as usize] = next,
        }
        if let Some(next) = next {
            next.previous.set(previous);
        }
    }

    #[inline(never)]
    fn allocate_large(&mut self, size: usize) -> Option<NonNull<u8>> {
        let room = self.limit.saturating_sub(self.held_bytes());
        if size > room {
            return None;
        }
        let block = system::malloc(size)?;
        // SAFETY: the block is malloc's; refused, it is unused from now on.
        unsafe {
            let taken = system::taken_bytes(block);
            if taken > room {
                system::free(block);
                return None;
            }
            self.large += taken;
            self.leftover.allocated(block);
        }
        Some(block)
    }

    /// Takes a large block back.
    ///
    /// # Safety
    /// The block came from `allocate_large` and is not used afterwards.
    #[inline(never)]
    unsafe fn free_large(&mut self, block: NonNull<u8>) {
        // SAFETY: by the contract.
        unsafe {
            self.large -= system::taken_bytes(block);
            self.leftover.freed(block);
            system::free(block);
        }
    }
}
