//! mimalloc, called directly: one mimalloc heap for each source, thrown away whole when the source is dropped.
//!
//! Leijen, Zorn, de Moura: Mimalloc: free list sharding in action (APLAS 2019). Version 2, as in CPython, built by the
//! `mimalloc` crate; it is not the process's global allocator.

use crate::source::{ALIGNMENT, MemorySource};
use heapbench_heap::HeapError;
use libmimalloc_sys as mi;
use std::ffi::c_void;
use std::ptr::NonNull;

/// Half of the address space. Signed, because a limit that is set below what is in use leaves less than no room.
const UNLIMITED: isize = isize::MAX;

/// A mimalloc heap.
#[derive(Debug)]
pub struct Mimalloc {
    heap: NonNull<mi::mi_heap_t>,
    limit: isize,
    /// The limit less the live bytes: one number to compare with and to keep.
    room: isize,
}

// SAFETY: mimalloc aligns blocks of 16 bytes and more to 16, and smaller ones are asked for as 16; it never moves
// blocks, and `mi_heap_destroy` happens in `drop` only.
unsafe impl MemorySource for Mimalloc {
    const NAME: &'static str = "mimalloc";

    fn new() -> Result<Self, HeapError> {
        // SAFETY: no precondition.
        let heap = NonNull::new(unsafe { mi::mi_heap_new() }).ok_or(HeapError::Refused { requested: 0 })?;
        Ok(Mimalloc { heap, limit: UNLIMITED, room: UNLIMITED })
    }

    #[inline(always)]
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let size = size as isize;
        if size > self.room {
            return None;
        }
        // SAFETY: the heap lives as long as `self`.
        let block =
            NonNull::new(unsafe { mi::mi_heap_malloc(self.heap.as_ptr(), (size as usize).max(ALIGNMENT)) })?;
        self.room -= size;
        Some(block.cast())
    }

    #[inline(always)]
    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        self.room += size as isize;
        // SAFETY: by the contract, the block is mimalloc's and unused from now on.
        unsafe { mi::mi_free(block.as_ptr().cast()) }
    }

    #[inline(always)]
    fn live_bytes(&self) -> usize {
        (self.limit - self.room) as usize
    }

    /// Committed bytes of the heap's pages, as mimalloc's own walk over its areas reports them.
    fn held_bytes(&self) -> usize {
        let mut committed = 0usize;
        // SAFETY: the heap is alive; the visitor only adds to the counter that it is given.
        unsafe {
            mi::mi_heap_visit_blocks(
                self.heap.as_ptr(),
                false,
                Some(add_committed),
                std::ptr::from_mut(&mut committed).cast(),
            );
        }
        committed
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        let live = self.limit - self.room;
        self.limit = bytes.map_or(UNLIMITED, |bytes| bytes.min(UNLIMITED as usize) as isize);
        self.room = self.limit - live;
    }
}

/// Adds an area's committed bytes to a counter.
///
/// # Safety
/// `area` is a valid area and `total` a `usize`, as in `held_bytes`.
unsafe extern "C" fn add_committed(
    _heap: *const mi::mi_heap_t,
    area: *const mi::mi_heap_area_t,
    _block: *mut c_void,
    _block_size: usize,
    total: *mut c_void,
) -> bool {
    // SAFETY: mimalloc passes a valid area, and `total` is the counter of `held_bytes`.
    unsafe { *total.cast::<usize>() += (*area).committed };
    true
}

impl Drop for Mimalloc {
    fn drop(&mut self) {
        // SAFETY: the heap is ours, and with the source gone no block of it is used.
        unsafe { mi::mi_heap_destroy(self.heap.as_ptr()) }
    }
}
