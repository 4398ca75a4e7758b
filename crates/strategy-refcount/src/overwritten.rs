//! Values that a bulk operation has overwritten and not yet released.
//!
//! A bulk operation stores all its values before it releases the first old one, and a release may run hooks, which may
//! do anything to the object: so the old values wait here, in slot order. Bulk operations cannot fail; therefore the
//! room is reserved with the heap, as that of the locals is: address space for the largest objects, memory only where
//! it is touched, given back after a large one. Hooks may begin further bulk operations: a stack.

use heapbench_heap::{HeapError, Shape};
use heapbench_memory::reservation::PAGE;
use heapbench_memory::{Ref, Reservation};
use std::cell::Cell;
use std::ops::Range;

type Word = Cell<Option<Ref>>;

/// The slots of one object as large as there can be.
const LEAST: usize = Shape::MAX_SLOTS as usize * size_of::<Word>();
/// And those of hooks.
const MOST: usize = 4 * LEAST;
/// Bytes whose memory stays when they are not needed: a multiple of a page.
const KEPT: usize = 64 << 10;

/// The stack of old values.
#[derive(Debug)]
pub(crate) struct Overwritten {
    words: Reservation,
    /// Values that wait, or waited and are nil by now.
    len: usize,
    /// Bytes that may take memory.
    touched: usize,
}

impl Overwritten {
    /// An empty stack.
    ///
    /// # Errors
    /// The system refuses the address space.
    pub(crate) fn new() -> Result<Overwritten, HeapError> {
        Ok(Overwritten { words: Reservation::largest(MOST, LEAST)?, len: 0, touched: 0 })
    }

    /// All words in use; those that were taken are nil.
    pub(crate) fn values(&self) -> &[Word] {
        // SAFETY: the words up to `len` are mapped and initialised, and only accessed as cells.
        unsafe { std::slice::from_raw_parts(self.words.start().as_ptr().cast::<Word>(), self.len) }
    }

    /// Notes the values of slots that are not nil; where they wait.
    ///
    /// # Panics
    /// Hooks of hooks overwrite more than several of the largest objects together.
    #[inline(never)]
    pub(crate) fn push(&mut self, slots: &[Word]) -> Range<usize> {
        let (start, most) = (self.len, self.words.bytes() / size_of::<Word>());
        assert!(
            slots.len() <= most - start,
            "nested bulk operations over {} slots, at most {most}",
            start + slots.len()
        );
        let words = self.words.start().as_ptr().cast::<Word>();
        for value in slots.iter().filter_map(Cell::get) {
            // SAFETY: there is room for all slots behind the words in use.
            unsafe { words.add(self.len).write(Cell::new(Some(value))) };
            self.len += 1;
        }
        self.touched = self.touched.max(self.len * size_of::<Word>());
        start..self.len
    }

    /// Takes a value that waits.
    #[inline(always)]
    pub(crate) fn take(&self, place: usize) -> Option<Ref> {
        self.values()[place].take()
    }

    /// Ends what `push` began.
    #[inline(never)]
    pub(crate) fn pop(&mut self, waiting: Range<usize>) {
        debug_assert_eq!(waiting.end, self.len, "hooks end what they begin");
        self.len = waiting.start;
        let used = (self.len * size_of::<Word>()).next_multiple_of(PAGE).max(KEPT);
        if self.touched > used {
            let unused = self.touched.next_multiple_of(PAGE) - used;
            // SAFETY: whole pages behind the words in use.
            unsafe { self.words.discard(used, unused) };
            self.touched = used;
        }
    }

    /// Bytes that may take memory.
    pub(crate) fn held_bytes(&self) -> usize {
        self.touched.next_multiple_of(PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_wait_in_order_and_large_memory_is_given_back() {
        let mut overwritten = Overwritten::new().unwrap();
        assert_eq!(overwritten.held_bytes(), 0);
        // SAFETY: never asked for more than their addresses.
        let value = |address: usize| Some(unsafe { Ref::from_address(address) });
        let slots: Vec<Word> = (1..=100_000).map(|number| Cell::new(value(number * 16))).collect();
        let nil = [const { Cell::new(None) }; 9000];
        assert_eq!((overwritten.push(&nil), overwritten.held_bytes()), (0..0, 0));
        let outer = overwritten.push(&slots[..5]);
        assert_eq!(overwritten.held_bytes(), PAGE);
        assert_eq!(overwritten.take(0), value(16));
        let inner = overwritten.push(&slots);
        assert_eq!(overwritten.take(inner.end - 1), value(1_600_000));
        assert!(overwritten.held_bytes() > KEPT);
        overwritten.pop(inner);
        assert_eq!(overwritten.held_bytes(), KEPT);
        assert_eq!(overwritten.take(4), value(80));
        let waiting: Vec<_> = overwritten.values().iter().map(Cell::get).collect();
        assert_eq!(waiting, [None, value(32), value(48), value(64), None]);
        overwritten.pop(outer);
        assert!(overwritten.values().is_empty());
    }
}
