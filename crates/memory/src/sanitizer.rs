//! What AddressSanitizer is told of memory that we manage ourselves, which it cannot know on its own.
//!
//! A source gives out pieces of what it got from the system as a whole. So it says which bytes nobody may touch:
//! [`poison`] what is free, [`unpoison`] what is given out. A touch of a poisoned byte ends the process with a report
//! (`use-after-poison`). Without `--cfg heapbench_asan` both functions are empty; `scripts/sanitize` sets it, together
//! with the sanitizer itself.
//!
//! The sanitizer's own memory of this is kept by address, eight bytes at a time, and outlives the mapping: what is
//! unmapped must be unpoisoned first, and what is poisoned must end at a multiple of eight or at poisoned memory.
//!
//! Source: Serebryany, Bruening, Potapenko, Vyukov, AddressSanitizer: a fast address sanity checker (USENIX ATC 2012);
//! LLVM, `sanitizer/asan_interface.h`.

use std::ptr::NonNull;

/// Whether this is a build for the sanitizer.
pub const ON: bool = cfg!(heapbench_asan);

/// From now on a touch of these bytes is a mistake, and is reported.
#[inline(always)]
pub fn poison(_start: NonNull<u8>, _size: usize) {
    #[cfg(heapbench_asan)]
    // SAFETY: only the sanitizer's own memory is written, whatever the address.
    unsafe {
        __asan_poison_memory_region(_start.as_ptr().cast(), _size)
    }
}

/// From now on these bytes may be touched.
#[inline(always)]
pub fn unpoison(_start: NonNull<u8>, _size: usize) {
    #[cfg(heapbench_asan)]
    // SAFETY: as in `poison`.
    unsafe {
        __asan_unpoison_memory_region(_start.as_ptr().cast(), _size)
    }
}

// SAFETY: the signatures are those of the runtime library that the sanitizer links.
#[cfg(heapbench_asan)]
unsafe extern "C" {
    fn __asan_poison_memory_region(start: *const std::ffi::c_void, size: usize);
    fn __asan_unpoison_memory_region(start: *const std::ffi::c_void, size: usize);
}
