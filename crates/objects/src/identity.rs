//! The hash of an object that is equal to itself only.
//!
//! CPython takes the address. Addresses differ from run to run and change where a collector moves objects, so an object
//! gets a number instead, when it is made: how many objects the heap had allocated by then. It stands in the first
//! word of the payload, which is CPython's weak reference list and so not a byte more.

use crate::word::{read_word, write_word};
use heapbench_heap::{Heap, Local};

/// Gives a fresh object its number. Its payload has a word.
#[inline(always)]
pub(crate) fn give<H: Heap>(heap: &mut H, object: Local) {
    let number = heap.counters().objects_allocated;
    write_word(heap.payload_mut(object), 0, number);
}

/// The number, given a payload; 0 where the object has none.
#[inline]
pub(crate) fn hash_of(payload: &[u8]) -> u64 {
    // -1 means an error in C and so is no hash.
    if payload.len() < 8 { 0 } else { read_word(payload, 0).min(u64::MAX - 1) }
}
