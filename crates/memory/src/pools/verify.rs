//! The invariants, checked by a walk over every arena, pool and free list. No pointer is followed before it is known
//! to lead to a pool, or to a block of the pool at hand.

use super::arena::{ARENA_POOLS, Arena};
use super::pool::{HEADER_SIZE, POOL_SIZE, Pool, read_link};
use super::{CLASSES, Pools, class_size};
use heapbench_heap::Corruption;
use std::collections::BTreeMap;

/// Where a carved pool was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In no list, so it must be full.
    Nowhere,
    /// In the list of its class.
    Used,
    /// In the list of its arena.
    Free,
}

/// All carved pools by address.
type Places = BTreeMap<usize, (Pool, Place)>;

impl Pools {
    /// Checks the invariants of this file's folder over everything.
    ///
    /// # Errors
    /// The first that does not hold.
    pub(super) fn check(&self) -> Result<(), Corruption> {
        self.check_arena_list()?;
        let mut places = self.carved_pools()?;
        for (index, arena) in self.arenas.all.iter().enumerate() {
            check_arena(index, arena, &mut places)?;
        }
        for class in 0..CLASSES {
            self.check_used_list(class, &mut places)?;
        }
        let mut room = self.large;
        for (pool, place) in places.values() {
            check_pool(*pool, *place)?;
            room += pool.used.get() as usize * class_size(pool.class.get() as usize);
        }
        ensure(self.live <= room, || format!("{} bytes are live, blocks in use have only {room}", self.live))
    }

    /// Invariant 3, and that each arena is in the list or full.
    fn check_arena_list(&self) -> Result<(), Corruption> {
        let arenas = &self.arenas;
        let mapped = arenas.all.iter().filter(|arena| arena.mapping.is_some());
        let (count, usable) = (mapped.clone().count(), mapped.filter(|arena| arena.free_count > 0).count());
        ensure(count == arenas.mapped, || format!("{count} arenas are mapped, counted {}", arenas.mapped))?;
        let mut last_with = [None; ARENA_POOLS + 1];
        let (mut previous, mut next, mut free_count, mut length) = (None, arenas.usable, 1, 0);
        while let Some(index) = next {
            let arena = arenas.all.get(index as usize).filter(|arena| arena.mapping.is_some());
            let Some(arena) = arena else {
                return Err(Corruption::new(format!(
                    "the list of arenas leads to {index}, which is not mapped"
                )));
            };
            ensure(arena.previous == previous && length < usable, || {
                format!("arena {index} is linked wrongly")
            })?;
            ensure((free_count..=ARENA_POOLS).contains(&arena.free_count), || {
                format!("arena {index} has {} free pools behind one with {free_count}", arena.free_count)
            })?;
            free_count = arena.free_count;
            last_with[free_count] = next;
            (previous, next, length) = (next, arena.next, length + 1);
        }
        ensure(length == usable, || format!("{length} arenas are in the list, {usable} have free pools"))?;
        ensure(last_with == arenas.last_with, || "the last arena of a number of free pools is wrong".into())
    }

    fn carved_pools(&self) -> Result<Places, Corruption> {
        let mut places = Places::new();
        for (index, arena) in self.arenas.all.iter().enumerate().filter(|(_, arena)| arena.mapping.is_some())
        {
            ensure(arena.carved <= ARENA_POOLS, || format!("arena {index} has {} pools", arena.carved))?;
            for pool in (0..arena.carved).filter_map(|number| arena.pool_at(number)) {
                // SAFETY: pools below the arena's mark are carved.
                let pool = unsafe { Pool::at(pool) };
                ensure(pool.arena as usize == index, || format!("pool {pool:?} says arena {}", pool.arena))?;
                let class = pool.class.get() as usize;
                ensure(class < CLASSES, || format!("pool {pool:?} has class {class}"))?;
                places.insert(pool.address(), (pool, Place::Nowhere));
            }
        }
        Ok(places)
    }

    fn check_used_list(&self, class: usize, places: &mut Places) -> Result<(), Corruption> {
        let (mut previous, mut next) = (None, self.used[class]);
        while let Some(pool) = next {
            find(pool, Place::Used, places)?;
            ensure(pool.class.get() as usize == class && pool.previous.get() == previous, || {
                format!("pool {pool:?} of class {} is linked wrongly in class {class}", pool.class.get())
            })?;
            (previous, next) = (next, pool.next.get());
        }
        Ok(())
    }
}

/// An arena's free pools are carved pools of its own, and counted.
fn check_arena(index: usize, arena: &Arena, places: &mut Places) -> Result<(), Corruption> {
    if arena.mapping.is_none() {
        return Ok(());
    }
    let (mut next, mut free_count) = (arena.free_pools, ARENA_POOLS - arena.carved);
    while let Some(pool) = next {
        find(pool, Place::Free, places)?;
        ensure(pool.arena as usize == index, || format!("pool {pool:?} is free in arena {index}"))?;
        free_count += 1;
        next = pool.next.get();
    }
    ensure(free_count == arena.free_count, || {
        format!("arena {index} has {free_count} free pools, counted {}", arena.free_count)
    })
}

/// Notes where a pool was found: it is one, and was found nowhere else.
fn find(pool: Pool, place: Place, places: &mut Places) -> Result<(), Corruption> {
    match places.get_mut(&pool.address()) {
        Some((_, found @ Place::Nowhere)) => *found = place,
        Some((_, found)) => {
            return Err(Corruption::new(format!("pool {pool:?} is listed as {place:?}, and as {found:?}")));
        }
        None => {
            return Err(Corruption::new(format!("{pool:?} is listed as {place:?}, expected a carved pool")));
        }
    }
    Ok(())
}

/// Invariants 1 and 2 of one pool.
fn check_pool(pool: Pool, place: Place) -> Result<(), Corruption> {
    let size = class_size(pool.class.get() as usize);
    let (used, carved) = (pool.used.get() as usize, pool.carved.get() as usize);
    let blocks = carved.saturating_sub(HEADER_SIZE) / size;
    ensure(carved <= POOL_SIZE && carved == HEADER_SIZE + blocks * size, || {
        format!("pool {pool:?} is carved up to {carved}, in blocks of {size}")
    })?;
    let mut listed = vec![false; blocks];
    let mut next = pool.free.get();
    while let Some(block) = next {
        let offset = block.addr().get().wrapping_sub(pool.address() + HEADER_SIZE);
        let number = offset / size;
        ensure(offset % size == 0 && number < blocks && !listed[number], || {
            format!("pool {pool:?} lists {block:?}, expected one of its {blocks} blocks of {size}, once")
        })?;
        listed[number] = true;
        // SAFETY: the block lies in the pool, and whether free or not, its first word can be read.
        next = unsafe { read_link(block) };
    }
    let free = listed.iter().filter(|listed| **listed).count();
    ensure(used + free == blocks, || {
        format!("pool {pool:?} has {used} used and {free} free of {blocks} blocks")
    })?;
    let full = used == (POOL_SIZE - HEADER_SIZE) / size;
    let right = match place {
        Place::Nowhere => full,
        Place::Used => used > 0 && free > 0,
        Place::Free => used == 0,
    };
    ensure(right, || format!("pool {pool:?} with {used} used and {free} free blocks is found {place:?}"))
}

fn ensure(right: bool, what: impl FnOnce() -> String) -> Result<(), Corruption> {
    if right { Ok(()) } else { Err(Corruption::new(what())) }
}
