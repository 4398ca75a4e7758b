//! Marking: everything reachable from what was enqueued, without recursion.
//!
//! Marking is bound by memory latency. So an edge's target is filtered by its side bit when it is enqueued, which
//! does not touch the target; entries that leave the stack are prefetched and wait in a short first-in-first-out
//! ring until their line is there; and each object's line is touched once, when the entry leaves the ring.
//! Source: Cher, Hosking, Vijaykumar: Software prefetching for mark-sweep garbage collection (ASPLOS 2004);
//! Garner, Blackburn, Frampton: Effective prefetch for mark-sweep garbage collection (ISMM 2007).
//!
//! # Invariants
//! 1. An object is enqueued once at most: when its bit is set. So the stack has at most one entry an object.
//! 2. The bit of an object's storage is set when the object is scanned.

use crate::bitmap::Bitmap;
use heapbench_memory::{Flag, Ref};

/// Entries that wait for their prefetch: a power of two.
const RING: usize = 32;
/// Slots that are scanned at a time, so that one huge array does not fill the stack.
const CHUNK: usize = 1024;
/// Tag of a ring entry: the object's own line has been scanned, the slots in its storage have not.
const STORAGE: usize = 1;

/// What was examined.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traced {
    /// Objects, each once.
    pub(crate) objects: u64,
    /// Their slots.
    pub(crate) slots: u64,
    /// Their bytes, storage included.
    pub(crate) bytes: u64,
}

/// Objects that are marked and not yet scanned. Its memory comes from the Rust heap, not from the collected one.
#[derive(Debug, Default)]
pub(crate) struct MarkQueue {
    stack: Vec<usize>,
    /// Long arrays, each with the number of slots that have been scanned.
    arrays: Vec<(Ref, usize)>,
}

/// The ring in front of the stack.
struct Ring {
    entries: [usize; RING],
    filled: usize,
    taken: usize,
}

impl Ring {
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.filled - self.taken == RING
    }

    #[inline(always)]
    fn put(&mut self, entry: usize) {
        self.entries[self.filled % RING] = entry;
        self.filled += 1;
    }

    #[inline(always)]
    fn take(&mut self) -> Option<usize> {
        let entry = (self.taken < self.filled).then(|| self.entries[self.taken % RING])?;
        self.taken += 1;
        Some(entry)
    }
}

impl MarkQueue {
    /// Marks an object, to be scanned by `drain`; true when it was not marked before.
    #[inline(always)]
    pub(crate) fn enqueue(&mut self, object: Ref, marks: &mut Bitmap) -> bool {
        let fresh = marks.set(object.address());
        if fresh {
            self.stack.push(object.address());
        }
        fresh
    }

    /// Marks what a range of slots refers to.
    #[inline(always)]
    fn enqueue_slots(
        &mut self,
        object: Ref,
        from: usize,
        to: usize,
        marks: &mut Bitmap,
        traced: &mut Traced,
    ) {
        let slots = &object.slots()[from..to];
        traced.slots += slots.len() as u64;
        self.stack.reserve(slots.len());
        let mut length = self.stack.len();
        let entries = self.stack.as_mut_ptr();
        for slot in slots {
            if let Some(target) = slot.get() {
                // SAFETY: room for all slots was reserved. Entries are written unasked and counted when the bit
                // was clear: whether it was is not to be foretold, and a branch would stall.
                unsafe { entries.add(length).write(target.address()) };
                length += usize::from(marks.set(target.address()));
            }
        }
        // SAFETY: as many entries were written.
        unsafe { self.stack.set_len(length) };
    }

    /// Enqueues the targets of all slots of an object, the first chunk now and the others when the stack is empty.
    #[inline(always)]
    pub(crate) fn scan_slots(&mut self, object: Ref, marks: &mut Bitmap, traced: &mut Traced) {
        let slots = object.slot_count();
        if slots > CHUNK {
            self.arrays.push((object, 0));
        } else {
            self.enqueue_slots(object, 0, slots, marks, traced);
        }
    }

    /// Scans until nothing is left.
    pub(crate) fn drain(&mut self, marks: &mut Bitmap, traced: &mut Traced) {
        let mut ring = Ring { entries: [0; RING], filled: 0, taken: 0 };
        loop {
            while !ring.is_full()
                && let Some(entry) = self.stack.pop()
            {
                prefetch(entry);
                ring.put(entry);
            }
            let Some(entry) = ring.take() else {
                let Some((array, done)) = self.arrays.pop() else { return };
                let upto = array.slot_count().min(done + CHUNK);
                if upto < array.slot_count() {
                    self.arrays.push((array, upto));
                }
                self.enqueue_slots(array, done, upto, marks, traced);
                continue;
            };
            // SAFETY: entries are addresses of objects, which nobody gives away while marking.
            let object = unsafe { Ref::from_address(entry & !STORAGE) };
            if entry & STORAGE != 0 {
                self.scan_slots(object, marks, traced);
                continue;
            }
            traced.objects += 1;
            traced.bytes += object.size() as u64;
            if !object.has(Flag::Outline) {
                self.scan_slots(object, marks, traced);
            } else if let Some(storage) = object.storage_block() {
                marks.set(storage.start.addr().get());
                traced.bytes += storage.size as u64;
                if object.slot_count() > 0 {
                    prefetch(storage.start.addr().get());
                    ring.put(entry | STORAGE);
                }
            }
        }
    }

    /// Bytes that the queue takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.stack.capacity() * size_of::<usize>() + self.arrays.capacity() * size_of::<(Ref, usize)>()
    }

    /// Gives the queue's memory back; it must be empty.
    pub(crate) fn release(&mut self) {
        debug_assert!(self.stack.is_empty() && self.arrays.is_empty());
        *self = MarkQueue::default();
    }
}

#[inline(always)]
fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads no memory that the program could see, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::with_exposed_provenance(address));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
