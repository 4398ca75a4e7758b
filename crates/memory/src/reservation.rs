//! A reservation: a range of address space of this process's own, which costs memory only where it is touched.

use crate::injection::{self, Request};
use heapbench_heap::HeapError;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};
use std::ptr::NonNull;

/// Bytes of the operating system's smallest page.
pub const PAGE: usize = 4096;

#[cfg(target_os = "linux")]
const DISCARD: Advice = Advice::LinuxDontNeed;
#[cfg(not(target_os = "linux"))]
const DISCARD: Advice = Advice::DontNeed;

const PRIVATE: MapFlags = MapFlags::PRIVATE.union(MapFlags::NORESERVE);

/// A private, zeroed, writable mapping, unmapped when dropped.
#[derive(Debug)]
pub struct Reservation {
    start: NonNull<u8>,
    bytes: usize,
}

impl Reservation {
    /// Reserves `bytes` > 0.
    ///
    /// # Errors
    /// The system refuses the address space.
    pub fn new(bytes: usize) -> Result<Reservation, HeapError> {
        let refused = HeapError::Refused { requested: bytes };
        if injection::fails(Request::Block) {
            return Err(refused);
        }
        // SAFETY: a fresh private mapping touches no existing memory.
        let start = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                PRIVATE,
            )
        };
        let start = start.ok().and_then(|start| NonNull::new(start.cast::<u8>())).ok_or(refused)?;
        start.as_ptr().expose_provenance();
        Ok(Reservation { start, bytes })
    }

    /// Reserves `most` bytes, or where the system refuses half of it, and so on down to `least` > 0.
    ///
    /// # Errors
    /// The system refuses `least` bytes as well.
    pub fn largest(most: usize, least: usize) -> Result<Reservation, HeapError> {
        let mut bytes = most;
        loop {
            match Reservation::new(bytes) {
                Err(_) if bytes / 2 >= least => bytes /= 2,
                answer => return answer,
            }
        }
    }

    /// The first byte, at the start of a page.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Bytes reserved.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives the memory of a range of whole pages back to the system; its content is lost.
    ///
    /// # Safety
    /// The range lies inside the reservation, and nobody relies on its content.
    pub unsafe fn discard(&self, offset: usize, bytes: usize) {
        debug_assert!(offset + bytes <= self.bytes && offset.is_multiple_of(PAGE));
        // SAFETY: by the contract, the range is ours and unused.
        let discarded =
            unsafe { rustix::mm::madvise(self.start.as_ptr().add(offset).cast(), bytes, DISCARD) };
        debug_assert!(discarded.is_ok());
    }

    /// Gives the memory of a range of whole pages back to the system, and makes every access to it a fault. False: the
    /// system refuses, and all is as it was.
    ///
    /// # Safety
    /// The range lies inside the reservation, and nobody uses it before it is opened again.
    pub unsafe fn close(&self, offset: usize, bytes: usize) -> bool {
        debug_assert!(offset + bytes <= self.bytes && offset.is_multiple_of(PAGE));
        // A new mapping, not another protection of the old one, so that the system can join it with its neighbours:
        // it counts mappings, and allows about 65,000.
        // SAFETY: by the contract, the range that is replaced is ours and unused.
        let closed = unsafe {
            let start = self.start.as_ptr().add(offset).cast();
            rustix::mm::mmap_anonymous(start, bytes, ProtFlags::empty(), PRIVATE | MapFlags::FIXED)
        };
        closed.is_ok()
    }

    /// Makes a closed range of whole pages, zero now, accessible. False: the system refuses, for it has too many
    /// mappings, and all is as it was.
    pub fn open(&self, offset: usize, bytes: usize) -> bool {
        assert!(
            offset + bytes <= self.bytes && offset.is_multiple_of(PAGE),
            "only what is reserved is opened"
        );
        // SAFETY: the range is ours; to allow accesses takes nothing from anyone.
        let opened = unsafe {
            let start = self.start.as_ptr().add(offset).cast();
            rustix::mm::mprotect(start, bytes, MprotectFlags::READ | MprotectFlags::WRITE)
        };
        opened.is_ok()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` with this size, and nothing borrows from it any more.
        let unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok());
    }
}
