//! Iterators over lists and dicts: what a `for` loop makes. 48 and 72 bytes with the GC head.
//!
//! The loop itself frees the iterator: a program clears the local behind the loop, or when `next_list` says that there
//! is nothing more. Source: CPython 3.13, `Objects/listobject.c`, `Objects/dictobject.c`.

use crate::word::{read_word, write_word};
use crate::{dict, list};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The slot of what is iterated over; nil once the iterator has come to its end.
pub const ITERABLE: usize = 0;
/// An iterator over a list: the index of the next item.
pub const LIST_SHAPE: Shape = Shape::new(Kind::Object, 1, 8);
/// An iterator over a dict: the position of the next entry, and its length, its result and how many are left.
pub const DICT_SHAPE: Shape = Shape::new(Kind::Object, 1, 32);

/// `dst = iter(list)`; `list` is copied.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new_list<H: Heap>(heap: &mut H, dst: Local, list: Local) -> Result<(), OutOfMemory> {
    heap.allocate(dst, LIST_SHAPE)?;
    heap.store(dst, ITERABLE, list);
    Ok(())
}

/// `dst = next(iterator)`, over a list; false at the end, when the iterator lets go of the list and `dst` is unchanged.
/// `scratch` is nil before and after.
#[inline]
pub fn next_list<H: Heap>(heap: &mut H, dst: Local, iterator: Local, scratch: Local) -> bool {
    // Taken and put back: C has a borrowed reference, which costs no count either.
    heap.take_slot(scratch, iterator, ITERABLE);
    if heap.is_nil(scratch) {
        return false;
    }
    let position = read_word(heap.payload(iterator), 0);
    if position as usize >= list::len(heap, scratch) {
        heap.clear(scratch);
        return false;
    }
    write_word(heap.payload_mut(iterator), 0, position + 1);
    heap.load(dst, scratch, position as usize);
    heap.store_take(iterator, ITERABLE, scratch);
    true
}

/// `dst = iter(dict)`; `dict` is copied.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new_dict<H: Heap>(heap: &mut H, dst: Local, dict: Local) -> Result<(), OutOfMemory> {
    heap.allocate(dst, DICT_SHAPE)?;
    heap.store(dst, ITERABLE, dict);
    Ok(())
}

/// `key, value = next(iterator)`, over a dict: false at the end, when the iterator lets go of the dict and `key` is
/// nil. `scratch` is nil before and after. (A loop over `dict.items()` makes a tuple of them besides; one over the keys
/// alone ignores the value.)
#[inline]
pub fn next_dict<H: Heap>(heap: &mut H, key: Local, value: Local, iterator: Local, scratch: Local) -> bool {
    heap.take_slot(scratch, iterator, ITERABLE);
    if heap.is_nil(scratch) {
        heap.clear(key);
        return false;
    }
    let position = read_word(heap.payload(iterator), 0);
    let Some(next) = dict::next(heap, scratch, position as usize, key, value) else {
        heap.clear(scratch);
        return false;
    };
    write_word(heap.payload_mut(iterator), 0, next as u64);
    heap.store_take(iterator, ITERABLE, scratch);
    true
}
