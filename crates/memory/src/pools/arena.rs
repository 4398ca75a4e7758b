//! Arenas: 1 MiB from the operating system each, given out pool by pool.
//!
//! Arenas with free pools are in one list, those with the fewest first, which is kept sorted in constant time by
//! `last_with`: an arena that gets one more free pool steps behind the last one that had as many as it had.

use super::pool::{POOL_SIZE, Pool};
use crate::injection::{self, Request};
use crate::sanitizer;
use rustix::mm::{MapFlags, ProtFlags};
use std::ptr::NonNull;

/// Bytes of an arena.
pub(super) const ARENA_SIZE: usize = 1 << 20;
/// Whole pools in an arena that is not aligned to them.
pub(super) const ARENA_POOLS: usize = ARENA_SIZE / POOL_SIZE - 1;
/// Arenas that the vector starts with; it doubles.
const FIRST_ARENAS: usize = 16;

/// One arena.
#[derive(Debug)]
pub(super) struct Arena {
    /// What was mapped; `None`: this entry is unused.
    pub(super) mapping: Option<NonNull<u8>>,
    /// Pools never given out are those from this one on.
    pub(super) carved: usize,
    /// Pools that serve nothing, carved or not.
    pub(super) free_count: usize,
    /// The carved ones of these, the last given back first.
    pub(super) free_pools: Option<Pool>,
    /// Neighbours in the list of arenas with free pools; `next` also links unused entries.
    pub(super) next: Option<u32>,
    pub(super) previous: Option<u32>,
}

impl Arena {
    /// The address of pool `index`.
    pub(super) fn pool_at(&self, index: usize) -> Option<NonNull<u8>> {
        let mapping = self.mapping?;
        let first = mapping.addr().get().next_multiple_of(POOL_SIZE) - mapping.addr().get();
        // SAFETY: an arena has room for `ARENA_POOLS` pools from the first aligned address on.
        Some(unsafe { mapping.add(first + index * POOL_SIZE) })
    }

    /// Carves the next pool, of which there is one.
    fn carve_pool(&mut self, index: u32) -> Option<Pool> {
        debug_assert!(self.carved < ARENA_POOLS);
        let at = self.pool_at(self.carved)?;
        self.carved += 1;
        // SAFETY: the pool lies in the arena, is aligned, and was not carved before.
        Some(unsafe { Pool::create(at, index) })
    }
}

/// All arenas.
#[derive(Debug)]
pub(super) struct Arenas {
    pub(super) all: Vec<Arena>,
    /// The first unused entry of the vector.
    unused: Option<u32>,
    /// The arena with the fewest free pools, of those that have any.
    pub(super) usable: Option<u32>,
    /// For each number of free pools the last arena of the list that has as many.
    pub(super) last_with: [Option<u32>; ARENA_POOLS + 1],
    /// Arenas mapped now.
    pub(super) mapped: usize,
}

impl Default for Arenas {
    fn default() -> Self {
        Arenas { all: Vec::new(), unused: None, usable: None, last_with: [None; ARENA_POOLS + 1], mapped: 0 }
    }
}

impl Arenas {
    fn arena(&mut self, index: u32) -> &mut Arena {
        &mut self.all[index as usize]
    }

    /// Bytes mapped, and those of the vector.
    pub(super) fn held_bytes(&self) -> usize {
        self.mapped * ARENA_SIZE + self.all.capacity() * size_of::<Arena>()
    }

    /// A pool that serves nothing, from the arena with the fewest; `None` when `limit` bytes or the system do not
    /// allow the arena that it needs.
    pub(super) fn take_pool(&mut self, limit: usize) -> Option<Pool> {
        let index = match self.usable {
            Some(index) => index,
            None => self.map_arena(limit)?,
        };
        let arena = self.arena(index);
        let pool = match arena.free_pools {
            Some(pool) => {
                arena.free_pools = pool.next.get();
                pool
            }
            None => arena.carve_pool(index)?,
        };
        arena.free_count -= 1;
        let left = arena.free_count;
        // The arena was the first of all: no other has as few as it has now.
        if self.last_with[left + 1] == Some(index) {
            self.last_with[left + 1] = None;
        }
        if left > 0 {
            self.last_with[left] = Some(index);
        } else {
            self.unlink(index);
        }
        Some(pool)
    }

    /// Takes a pool back that serves nothing.
    pub(super) fn give_pool(&mut self, pool: Pool) {
        let index = pool.arena;
        let arena = self.arena(index);
        pool.next.set(arena.free_pools.replace(pool));
        let had = arena.free_count;
        let (previous, next) = (arena.previous, arena.next);
        arena.free_count += 1;
        if had == 0 {
            return self.link_after(None, index);
        }
        let last = self.last_with[had];
        if last == Some(index) {
            // Its predecessor is now the last with as many as it had, if that has as many.
            self.last_with[had] = previous.filter(|p| self.all[*p as usize].free_count == had);
        }
        if had + 1 == ARENA_POOLS && next.is_some() {
            self.unlink(index);
            self.unmap_arena(index);
        } else if last == Some(index) {
            self.last_with[had + 1].get_or_insert(index);
        } else {
            self.unlink(index);
            self.link_after(last, index);
        }
    }

    /// Puts an arena behind another, or in front of all. Those behind have as many free pools at least.
    fn link_after(&mut self, previous: Option<u32>, index: u32) {
        let next = match previous {
            Some(previous) => self.arena(previous).next.replace(index),
            None => self.usable.replace(index),
        };
        if let Some(next) = next {
            self.arena(next).previous = Some(index);
        }
        let arena = self.arena(index);
        (arena.previous, arena.next) = (previous, next);
        let free_count = arena.free_count;
        self.last_with[free_count].get_or_insert(index);
    }

    fn unlink(&mut self, index: u32) {
        let arena = self.arena(index);
        let (previous, next) = (arena.previous.take(), arena.next.take());
        match previous {
            Some(previous) => self.arena(previous).next = next,
            None => self.usable = next,
        }
        if let Some(next) = next {
            self.arena(next).previous = previous;
        }
    }

    /// Maps an arena, which becomes the only one with free pools.
    #[cold]
    fn map_arena(&mut self, limit: usize) -> Option<u32> {
        let full = self.unused.is_none() && self.all.len() == self.all.capacity();
        let growth = if full { self.all.len().max(FIRST_ARENAS) } else { 0 };
        if self.held_bytes() + growth * size_of::<Arena>() + ARENA_SIZE > limit {
            return None;
        }
        injection::reserve(&mut self.all, growth).ok()?;
        let arena = Arena {
            mapping: Some(map()?),
            carved: 0,
            free_count: ARENA_POOLS,
            free_pools: None,
            next: None,
            previous: None,
        };
        self.mapped += 1;
        let index = match self.unused {
            Some(index) => {
                self.unused = self.arena(index).next;
                *self.arena(index) = arena;
                index
            }
            None => {
                self.all.push(arena);
                self.all.len() as u32 - 1
            }
        };
        self.link_after(None, index);
        Some(index)
    }

    /// Gives an arena, all of whose pools are free, back to the operating system.
    #[cold]
    fn unmap_arena(&mut self, index: u32) {
        let unused = self.unused.replace(index);
        let arena = self.arena(index);
        arena.next = unused;
        arena.free_pools = None;
        if let Some(mapping) = arena.mapping.take() {
            // SAFETY: no block of the arena is used, and its pools are on no list.
            unsafe { unmap(mapping) };
            self.mapped -= 1;
        }
    }
}

impl Drop for Arenas {
    fn drop(&mut self) {
        for mapping in self.all.iter().filter_map(|arena| arena.mapping) {
            // SAFETY: with the source gone, nobody uses a block of it.
            unsafe { unmap(mapping) };
        }
    }
}

fn map() -> Option<NonNull<u8>> {
    if injection::fails(Request::Block) {
        return None;
    }
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a fresh private mapping touches no existing memory.
    let mapping =
        unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), ARENA_SIZE, access, MapFlags::PRIVATE) };
    NonNull::new(mapping.ok()?.cast())
}

/// Unmaps an arena.
///
/// # Safety
/// It came from `map` and nobody uses it afterwards.
unsafe fn unmap(mapping: NonNull<u8>) {
    sanitizer::unpoison(mapping, ARENA_SIZE);
    // SAFETY: by the contract.
    let unmapped = unsafe { rustix::mm::munmap(mapping.as_ptr().cast(), ARENA_SIZE) };
    debug_assert!(unmapped.is_ok());
}
