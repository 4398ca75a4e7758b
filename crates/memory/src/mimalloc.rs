//! mimalloc, called directly: one mimalloc heap for each source, thrown away whole when the source is dropped.
//!
//! Leijen, Zorn, de Moura: Mimalloc: free list sharding in action (APLAS 2019). Version 2, as in CPython, built by the
//! `mimalloc` crate; it is not the process's global allocator.
//!
//! Each source gives mimalloc an address range of its own to live in. mimalloc gives freed memory back to the system
//! late and does not say how much it sits on; of a range of our own the system tells which pages are resident, and
//! that is what is held, segment headers and free pages included. So the system is asked once, when the source is made;
//! from then on mimalloc takes from its range.

use crate::reservation::Reservation;
use crate::sanitizer;
use crate::source::{ALIGNMENT, MemorySource};
use heapbench_heap::{Corruption, HeapError};
use libmimalloc_sys as mi;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

/// Half of the address space. Signed, because a limit that is set below what is in use leaves less than no room.
const UNLIMITED: isize = isize::MAX;

/// mimalloc's unit of an arena: a segment.
const SEGMENT: usize = 32 << 20;

/// Blocks from this size on have a segment of their own.
const HUGE: usize = SEGMENT / 2;

/// A range that mimalloc manages. It has no way to give one back, so ranges whose source is gone wait here.
static IDLE: Mutex<Vec<Range>> = Mutex::new(Vec::new());

#[derive(Clone, Copy, Debug)]
struct Range {
    arena: mi::mi_arena_id_t,
    start: usize,
    bytes: usize,
}

impl Range {
    /// An idle range, or a new one.
    fn obtain() -> Result<Range, HeapError> {
        if let Some(range) = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(range);
        }
        let reservation = Reservation::largest(64 << 30, 2 * SEGMENT)?;
        let (start, bytes) = (reservation.start().as_ptr(), reservation.bytes());
        let mut arena = Default::default();
        // SAFETY: the reservation is writable, zero and nobody else's, and stays mapped for the process's life.
        let managed = unsafe {
            mi::mi_manage_os_memory_ex(start.cast(), bytes, true, false, true, -1, true, &mut arena)
        };
        if !managed {
            return Err(HeapError::Refused { requested: bytes });
        }
        std::mem::forget(reservation);
        Ok(Range { arena, start: start.expose_provenance(), bytes })
    }

    /// Resident bytes of a stretch of whole pages.
    fn resident(&self, offset: usize, bytes: usize) -> usize {
        // SAFETY: no precondition.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let mut pages = vec![0u8; bytes.div_ceil(page)];
        let start = std::ptr::with_exposed_provenance_mut::<c_void>(self.start + offset);
        // SAFETY: the stretch is inside the mapping, and the vector has a byte for each of its pages.
        let known = unsafe { libc::mincore(start, bytes, pages.as_mut_ptr().cast()) } == 0;
        if known { pages.iter().filter(|page| **page & 1 != 0).count() * page } else { 0 }
    }
}

/// A mimalloc heap.
#[derive(Debug)]
pub struct Mimalloc {
    heap: NonNull<mi::mi_heap_t>,
    limit: isize,
    /// The limit less the live bytes: one number to compare with and to keep.
    room: isize,
    range: Range,
    /// Bytes from the range's start that have been used, as far as is known.
    used: Cell<usize>,
}

// SAFETY: mimalloc aligns blocks of 16 bytes and more to 16, and smaller ones are asked for as 16; it never moves
// blocks, and `mi_heap_destroy` happens in `drop` only.
unsafe impl MemorySource for Mimalloc {
    const NAME: &'static str = "mimalloc";

    fn new() -> Result<Self, HeapError> {
        let range = Range::obtain()?;
        // SAFETY: the arena exists.
        let heap = NonNull::new(unsafe { mi::mi_heap_new_in_arena(range.arena) });
        let heap = heap.ok_or(HeapError::Refused { requested: SEGMENT })?;
        Ok(Mimalloc { heap, limit: UNLIMITED, room: UNLIMITED, range, used: Cell::new(0) })
    }

    #[inline(always)]
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let bytes = size as isize;
        if bytes > self.room {
            return None;
        }
        if sanitizer::ON {
            self.prepare(size);
        }
        // SAFETY: the heap lives as long as `self`.
        let block = NonNull::new(unsafe { mi::mi_heap_malloc(self.heap.as_ptr(), size.max(ALIGNMENT)) })?;
        self.room -= bytes;
        if sanitizer::ON {
            self.lend(block.cast(), size);
        }
        Some(block.cast())
    }

    #[inline(always)]
    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        self.room += size as isize;
        if sanitizer::ON {
            self.take_back(block);
        }
        // SAFETY: by the contract, the block is mimalloc's and unused from now on.
        unsafe { mi::mi_free(block.as_ptr().cast()) }
    }

    #[inline(always)]
    fn live_bytes(&self) -> usize {
        (self.limit - self.room) as usize
    }

    /// Resident bytes of the range: up to the highest address that mimalloc has in use, and on while there are any,
    /// because it takes memory from the low end.
    fn held_bytes(&self) -> usize {
        let mut end = self.range.start + self.used.get();
        // SAFETY: the heap is alive; the visitor only raises the number that it is given.
        unsafe {
            let end = std::ptr::from_mut(&mut end).cast();
            mi::mi_heap_visit_blocks(self.heap.as_ptr(), false, Some(raise_to_end), end);
        }
        let (mut held, mut offset) = (0, 0);
        while offset < self.range.bytes {
            let bytes = SEGMENT.min(self.range.bytes - offset);
            let resident = self.range.resident(offset, bytes);
            if resident == 0 && self.range.start + offset >= end {
                break;
            }
            held += resident;
            offset += bytes;
        }
        self.used.set(offset);
        held
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        let live = self.limit - self.room;
        self.limit = bytes.map_or(UNLIMITED, |bytes| bytes.min(UNLIMITED as usize) as isize);
        self.room = self.limit - live;
    }

    /// mimalloc's own counts: no free list is followed, for one that is damaged leads anywhere.
    fn verify(&self) -> Result<(), Corruption> {
        let range = &self.range;
        let mut areas = Areas { range: range.start..range.start + range.bytes, used: 0, outside: None };
        // SAFETY: the heap is alive; the visitor only writes the struct that it is given.
        unsafe {
            let areas = std::ptr::from_mut(&mut areas).cast();
            mi::mi_heap_visit_blocks(self.heap.as_ptr(), false, Some(add_area), areas);
        }
        if let Some(at) = areas.outside {
            return Err(Corruption::new(format!(
                "mimalloc has blocks at {at:#x}, expected them in {:#x?}",
                areas.range
            )));
        }
        let live = self.limit - self.room;
        if live < 0 || live as usize > areas.used {
            let used = areas.used;
            return Err(Corruption::new(format!(
                "{live} bytes are live, mimalloc's blocks in use have {used}"
            )));
        }
        Ok(())
    }
}

/// What AddressSanitizer is told. mimalloc's C code is not watched, except where it calls `memset` for a new segment's
/// head. The heads of segments of one huge block are longer than those of others, and the place of such a block may
/// become that of other segments' heads; so around huge blocks nothing stays poisoned.
impl Mimalloc {
    /// A block is about to be asked for.
    fn prepare(&self, size: usize) {
        if size >= HUGE {
            self.unpoison_all();
        }
    }

    /// Lets a block be touched, as far as it was asked for.
    fn lend(&self, block: NonNull<u8>, size: usize) {
        // SAFETY: the block is mimalloc's and in use, and is as large as this says.
        let room = unsafe { mi::mi_usable_size(block.as_ptr().cast()) };
        self.used.set(self.used.get().max(block.addr().get() + room - self.range.start));
        sanitizer::poison(block, room);
        sanitizer::unpoison(block, size);
    }

    /// Lets nobody touch a block any more.
    fn take_back(&self, block: NonNull<u8>) {
        // SAFETY: the block is mimalloc's, and still in use.
        let room = unsafe { mi::mi_usable_size(block.as_ptr().cast()) };
        if room < HUGE {
            sanitizer::poison(block, room);
        } else {
            sanitizer::unpoison(block, room);
        }
    }

    fn unpoison_all(&self) {
        if let Some(start) = NonNull::new(std::ptr::with_exposed_provenance_mut(self.range.start)) {
            sanitizer::unpoison(start, self.used.get());
        }
    }
}

/// What `verify` adds up.
struct Areas {
    range: std::ops::Range<usize>,
    /// Bytes of the blocks in use.
    used: usize,
    /// The first area that is not in the range.
    outside: Option<usize>,
}

/// Adds an area to the sums.
///
/// # Safety
/// `area` is a valid area and `areas` an `Areas`, as in `verify`.
unsafe extern "C" fn add_area(
    _heap: *const mi::mi_heap_t,
    area: *const mi::mi_heap_area_t,
    _block: *mut c_void,
    _block_size: usize,
    areas: *mut c_void,
) -> bool {
    // SAFETY: by the contract.
    let (area, areas) = unsafe { (&*area, &mut *areas.cast::<Areas>()) };
    let start = area.blocks.addr();
    if start < areas.range.start || start + area.reserved > areas.range.end {
        areas.outside.get_or_insert(start);
    }
    areas.used += area.used * area.block_size;
    true
}

/// Raises an address to the end of an area.
///
/// # Safety
/// `area` is a valid area and `end` a `usize`, as in `held_bytes`.
unsafe extern "C" fn raise_to_end(
    _heap: *const mi::mi_heap_t,
    area: *const mi::mi_heap_area_t,
    _block: *mut c_void,
    _block_size: usize,
    end: *mut c_void,
) -> bool {
    // SAFETY: by the contract.
    unsafe {
        let (area, end) = (&*area, &mut *end.cast::<usize>());
        *end = (*end).max(area.blocks.addr() + area.reserved);
    }
    true
}

impl Drop for Mimalloc {
    fn drop(&mut self) {
        if sanitizer::ON {
            self.unpoison_all();
        }
        // SAFETY: the heap is ours, and with the source gone no block of it is used.
        unsafe { mi::mi_heap_destroy(self.heap.as_ptr()) }
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self.range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_covers_what_is_live_and_what_is_kept_after_a_free() {
        let mut source = Mimalloc::new().unwrap();
        let before = source.held_bytes();
        let blocks: Vec<_> = (0..1000).map(|_| source.allocate(4000).unwrap()).collect();
        // SAFETY: each block is 4000 bytes and in use.
        blocks.iter().for_each(|block| unsafe { block.write_bytes(1, 4000) });
        assert_eq!(source.live_bytes(), 4_000_000);
        let full = source.held_bytes();
        assert!(full >= before + 4_000_000 && full < before + 5_000_000, "{before} {full}");
        // SAFETY: each block is freed once and not used afterwards.
        blocks.into_iter().for_each(|block| unsafe { source.free(block, 4000) });
        assert_eq!(source.live_bytes(), 0);
        assert!(source.held_bytes() <= full);
    }

    #[test]
    fn a_limit_holds_for_live_bytes() {
        let mut source = Mimalloc::new().unwrap();
        source.set_limit(Some(100));
        let block = source.allocate(64).unwrap();
        assert!(source.allocate(64).is_none());
        source.set_limit(Some(10));
        assert!(source.allocate(1).is_none());
        source.set_limit(None);
        // SAFETY: allocated above with this size, and not used afterwards.
        unsafe { source.free(block, 64) };
        assert_eq!(source.live_bytes(), 0);
    }

    #[test]
    fn verify_finds_planted_damage() {
        let mut source = Mimalloc::new().unwrap();
        source.set_limit(Some(1 << 20));
        source.verify().unwrap();
        let block = source.allocate(1000).unwrap();
        source.verify().unwrap();
        source.room -= 1000;
        let what = source.verify().unwrap_err().what;
        assert!(what.starts_with("2000 bytes are live, mimalloc's blocks in use have 1024"), "{what}");
        source.room += 2500;
        assert!(source.verify().unwrap_err().what.starts_with("-500 bytes are live"));
        source.room -= 1500;
        let start = source.range.start;
        source.range.start += source.range.bytes;
        assert!(source.verify().unwrap_err().what.starts_with("mimalloc has blocks at"));
        source.range.start = start;
        source.verify().unwrap();
        // SAFETY: freed once, and not used afterwards.
        unsafe { source.free(block, 1000) };
        source.verify().unwrap();
    }

    #[test]
    fn a_refused_range_is_an_error_and_the_next_may_be_had() {
        use crate::injection::{self, Request};
        // What is idle is used first, so all of it is taken.
        let mut sources = Vec::new();
        injection::arm(Request::Block, 1, true);
        let refused = loop {
            match Mimalloc::new() {
                Ok(source) => sources.push(source),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, HeapError::Refused { .. }) && injection::disarm() > 0);
        Mimalloc::new().unwrap().verify().unwrap();
    }

    #[test]
    fn ranges_are_used_again() {
        let sources: Vec<_> = (0..200).map(|_| Mimalloc::new().map(|source| source.range.arena)).collect();
        assert!(sources.into_iter().all(|source| source.is_ok()));
    }
}
