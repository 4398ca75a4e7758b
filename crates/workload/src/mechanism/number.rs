//! An object's number: the eight payload bytes that mechanism programs give their objects, to be read back.

use heapbench_heap::{Heap, Local};

/// Bytes of a number.
pub(super) const BYTES: usize = 8;

/// Writes the number of an object.
#[inline(always)]
pub(super) fn write<H: Heap>(heap: &mut H, object: Local, number: u64) {
    heap.payload_mut(object)[..BYTES].copy_from_slice(&number.to_le_bytes());
}

/// Reads the number of an object.
#[inline(always)]
pub(super) fn read<H: Heap>(heap: &H, object: Local) -> u64 {
    let mut number = [0; BYTES];
    number.copy_from_slice(&heap.payload(object)[..BYTES]);
    u64::from_le_bytes(number)
}
