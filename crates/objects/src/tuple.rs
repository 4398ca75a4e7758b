//! `tuple`: 24 bytes and 8 an item, its length among them. Source: CPython 3.13, `Objects/tupleobject.c`.

use crate::bytes::write_word;
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// `dst =` a tuple of `length` items, all nil: to be filled before anyone else sees it.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, length: u32) -> Result<(), OutOfMemory> {
    heap.allocate(dst, Shape::new(Kind::Tuple, length, 8))?;
    write_word(heap.payload_mut(dst), 0, u64::from(length));
    Ok(())
}

/// `len(tuple)`.
#[inline]
pub fn len<H: Heap>(heap: &H, tuple: Local) -> usize {
    heap.shape(tuple).slots as usize
}
