//! Marking: everything reachable from what was enqueued, without recursion, in whatever memory there is.
//!
//! Marking is bound by memory latency. So an edge's target is filtered by its side bit when it is enqueued, which
//! does not touch the target; entries that leave the stack are prefetched and wait in a short first-in-first-out
//! ring until their line is there; and each object's line is touched once, when the entry leaves the ring.
//!
//! The queue may be unable to grow: bounded by a setting, by the heap's limit, by the system. An object whose slots
//! do not fit is then *put off* until the stack is empty, when its slots go in by as many as fit. Where even that
//! list is full, the object is *left*: marked, with slots that were not looked at. All that is kept is the range of
//! addresses of what was left; when the queue is empty, the marked objects of that range are scanned again, which may
//! leave others, and so on. At least one object more is marked in each round, because the queue holds one entry at
//! least; so this ends, without any memory.
//!
//! Source: Cher, Hosking, Vijaykumar: Software prefetching for mark-sweep garbage collection (ASPLOS 2004);
//! Garner, Blackburn, Frampton: Effective prefetch for mark-sweep garbage collection (ISMM 2007); mark stack overflow:
//! Jones, Hosking, Moss: The Garbage Collection Handbook, section 2.4; where to begin again: CMS, OpenJDK 8.
//!
//! # Invariants
//! 1. An object is enqueued once at most: when its bit is set. So the stack has at most one entry an object.
//! 2. The bit of an object's storage is set when the object is scanned.
//! 3. A marked object is in the stack or the ring, or is put off, or lies in the range of what was left, or the targets
//!    of its slots are marked.

use crate::bitmap::Bitmap;
use crate::runs::Contents;
use crate::size_class::{GRANULE, WINDOW};
use crate::space::Space;
use heapbench_heap::HeapError;
use heapbench_memory::{Flag, Ref, injection};

/// Entries that wait for their prefetch: a power of two.
const RING: usize = 32;
/// Slots for which the stack grows at a time, so that one huge array does not make it huge.
const CHUNK: usize = 1024;
/// Tag of a ring entry: the object's own line has been scanned, the slots in its storage have not.
const STORAGE: usize = 1;
/// Entries of the stack, and of the list of objects put off, that are there from the start.
const ALLOTMENT: usize = 512;
const PUT_OFF_ALLOTMENT: usize = 64;

/// What was examined.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traced {
    /// Objects, each once.
    pub(crate) objects: u64,
    /// Their slots, those that were looked at again counted again.
    pub(crate) slots: u64,
    /// Their bytes, storage included.
    pub(crate) bytes: u64,
}

/// Objects that are marked and not yet scanned. Its memory comes from the Rust heap, not from the collected one.
#[derive(Debug)]
pub(crate) struct MarkQueue {
    stack: Vec<usize>,
    /// Entries that fit: at least 1.
    room: usize,
    /// Long arrays, and objects whose slots did not fit, each with the number of slots that have been scanned.
    put_off: Vec<(Ref, usize)>,
    /// Most entries of each list.
    most: usize,
    /// Bytes by which the lists may still grow.
    allowance: usize,
    /// Addresses of the first and the last object that was left.
    left: Option<(usize, usize)>,
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

/// An empty list with room for so many entries.
fn allotted<T>(entries: usize) -> Option<Vec<T>> {
    let mut list = Vec::new();
    list.try_reserve_exact(entries).ok().map(|()| list)
}

impl MarkQueue {
    /// An empty queue that never has more than `most` > 0 entries.
    ///
    /// # Errors
    /// The system refuses the few entries to start with.
    pub(crate) fn new(most: usize) -> Result<MarkQueue, HeapError> {
        let room = most.min(ALLOTMENT);
        let lists = allotted(room).zip(allotted(most.min(PUT_OFF_ALLOTMENT)));
        let (stack, put_off) = lists.ok_or(HeapError::Refused { requested: room * size_of::<usize>() })?;
        Ok(MarkQueue { stack, room, put_off, most, allowance: 0, left: None })
    }

    /// The queue may grow by so many bytes, until told otherwise.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
    }

    /// Leaves a marked object with slots whose targets may not be marked, for `finish` to come back to.
    pub(crate) fn leave(&mut self, object: Ref) {
        let address = object.address();
        let (first, last) = self.left.unwrap_or((address, address));
        self.left = Some((first.min(address), last.max(address)));
    }

    /// Marks an object, and scans it now or in `finish`.
    pub(crate) fn enqueue(&mut self, object: Ref, marks: &mut Bitmap, traced: &mut Traced) {
        if self.stack.len() == self.room {
            self.drain(marks, traced);
        }
        if marks.set(object.address()) {
            self.stack.push(object.address());
        }
    }

    /// Marks what a range of slots refers to. There must be room for all.
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
        let mut length = self.stack.len();
        debug_assert!(length + slots.len() <= self.stack.capacity());
        let entries = self.stack.as_mut_ptr();
        for slot in slots {
            if let Some(target) = slot.get() {
                // SAFETY: there is room for all slots. Entries are written unasked and counted when the bit
                // was clear: whether it was is not to be foretold, and a branch would stall.
                unsafe { entries.add(length).write(target.address()) };
                length += usize::from(marks.set(target.address()));
            }
        }
        // SAFETY: as many entries were written.
        unsafe { self.stack.set_len(length) };
    }

    /// Enqueues the targets of all slots of an object, or puts it off.
    #[inline(always)]
    pub(crate) fn scan_slots(&mut self, object: Ref, marks: &mut Bitmap, traced: &mut Traced) {
        let slots = object.slot_count();
        if slots <= self.room - self.stack.len() {
            self.enqueue_slots(object, 0, slots, marks, traced);
        } else {
            self.scan_slots_slowly(object, marks, traced);
        }
    }

    #[cold]
    #[inline(never)]
    fn scan_slots_slowly(&mut self, object: Ref, marks: &mut Bitmap, traced: &mut Traced) {
        let slots = object.slot_count();
        if slots <= CHUNK && self.grow(slots) {
            self.enqueue_slots(object, 0, slots, marks, traced);
        } else if self.put_off.len() < self.most && grow_within(&mut self.put_off, 1, &mut self.allowance) {
            self.put_off.push((object, 0));
        } else {
            self.leave(object);
        }
    }

    /// Makes room for more entries, if it can.
    fn grow(&mut self, more: usize) -> bool {
        let (length, capacity) = (self.stack.len(), self.stack.capacity());
        if length + more > self.most || !grow_within(&mut self.stack, more, &mut self.allowance) {
            return false;
        }
        self.room = self.stack.capacity().max(capacity).min(self.most);
        true
    }

    /// Scans what was put off last, as far as there is room; the stack is empty.
    fn resume(&mut self, marks: &mut Bitmap, traced: &mut Traced) -> bool {
        let Some((object, scanned)) = self.put_off.pop() else { return false };
        let slots = object.slot_count();
        let wanted = (slots - scanned).min(CHUNK);
        if self.room < wanted {
            self.grow(wanted);
        }
        let upto = scanned + wanted.min(self.room);
        if upto < slots {
            self.put_off.push((object, upto));
        }
        self.enqueue_slots(object, scanned, upto, marks, traced);
        true
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
                if self.resume(marks, traced) {
                    continue;
                }
                return;
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

    /// Scans until nothing is left, in the queue and on the heap.
    pub(crate) fn finish(&mut self, space: &mut Space, traced: &mut Traced) {
        self.drain(&mut space.marks, traced);
        while let Some((first, last)) = self.left.take() {
            let mut unit = space.runs.containing(space.unit_of(first)).map_or(0, |(unit, _)| unit);
            while let Some((run_start, run)) = space.runs.next(unit) {
                unit = run_start + run.units;
                let start = space.blocks.start(run_start).addr().get();
                if start > last {
                    break;
                }
                if run.contents == Contents::Objects {
                    let (from, to) = (start.max(first), (start + run.mapped_bytes()).min(last + 1));
                    self.rescan(from, to, &mut space.marks, traced);
                }
            }
        }
    }

    /// Scans the marked objects of a part of the heap again. Those that are marked meanwhile are scanned at once.
    fn rescan(&mut self, from: usize, to: usize, marks: &mut Bitmap, traced: &mut Traced) {
        for window in (from / WINDOW * WINDOW..to).step_by(WINDOW) {
            let mut marked = marks.window(window);
            while marked != 0 {
                let address = window + marked.trailing_zeros() as usize * GRANULE;
                marked &= marked - 1;
                if !(from..to).contains(&address) {
                    continue;
                }
                // SAFETY: only objects are marked in runs of objects.
                let object = unsafe { Ref::from_address(address) };
                self.scan_slots(object, marks, traced);
                if !self.stack.is_empty() || !self.put_off.is_empty() {
                    self.drain(marks, traced);
                }
            }
        }
    }

    /// Bytes that the queue takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.stack.capacity() * size_of::<usize>() + self.put_off.capacity() * size_of::<(Ref, usize)>()
    }

    /// Gives back what the queue grew by; it must be empty.
    pub(crate) fn release(&mut self) {
        debug_assert!(self.stack.is_empty() && self.put_off.is_empty());
        if let Ok(small) = MarkQueue::new(self.most) {
            *self = small;
        }
    }
}

/// Makes room for more entries in a list beside the heap, when the growth is within the allowance, which it uses up.
pub(crate) fn grow_within<T>(list: &mut Vec<T>, more: usize, allowance: &mut usize) -> bool {
    let growth = growth(list, more);
    let grown = growth <= *allowance && injection::reserve(list, more).is_ok();
    if grown {
        *allowance -= growth;
    }
    grown
}

/// Bytes by which a list grows to take more entries: as `Vec` does it, to twice its capacity at least.
pub(crate) fn growth<T>(list: &Vec<T>, more: usize) -> usize {
    let (length, capacity) = (list.len(), list.capacity());
    if capacity - length >= more {
        0
    } else {
        ((length + more).max(2 * capacity).max(4) - capacity) * size_of::<T>()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_of_a_vec_in_bytes() {
        for (length, more) in [(0, 1), (0, 9), (4, 1), (4, 4), (4, 5), (100, 1), (100, 150)] {
            let mut list = vec![0u64; length];
            list.shrink_to_fit();
            let (expected, before) = (growth(&list, more), list.capacity());
            list.reserve(more);
            assert_eq!(expected, (list.capacity() - before) * 8, "{length} and {more}");
        }
        let roomy: Vec<u64> = Vec::with_capacity(10);
        assert_eq!(growth(&roomy, 10), 0);
    }

    #[test]
    fn growing_uses_up_the_allowance() {
        let (mut list, mut allowance) = (Vec::<u64>::new(), 100);
        assert!(grow_within(&mut list, 1, &mut allowance), "four entries of eight bytes");
        assert_eq!(allowance, 100 - 8 * list.capacity());
        assert!(!grow_within(&mut list, 100, &mut allowance));
        assert_eq!(allowance, 100 - 8 * list.capacity(), "what is refused costs nothing");
    }

    #[test]
    fn a_queue_holds_what_its_lists_have_room_for() {
        let mut queue = MarkQueue::new(1 << 20).unwrap();
        let (few, entry) = (queue.held_bytes(), size_of::<usize>());
        assert_eq!(few, entry * queue.stack.capacity() + 2 * entry * queue.put_off.capacity());
        assert!(few > 0);
        queue.allow(1 << 20);
        let capacity = queue.stack.capacity();
        assert!(queue.grow(2 * capacity) && queue.room > capacity);
        assert_eq!(queue.held_bytes() - few, entry * (queue.stack.capacity() - capacity));
        queue.release();
        assert_eq!(queue.held_bytes(), few);
    }
}
