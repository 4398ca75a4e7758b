//! `bytes`: 33 bytes and one a byte. Source: CPython 3.13, `Include/cpython/bytesobject.h`.
//!
//! Payload: length 8, hash 8 (0: not computed yet), the bytes, and one of value 0.

use crate::text;
use crate::word::{read_word, write_word};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

const LENGTH: usize = 0;
const HASH: usize = 8;
const DATA: usize = 16;

/// The shape of a `bytes` of this length.
pub const fn shape(length: usize) -> Shape {
    Shape::new(Kind::Bytes, 0, DATA + length + 1)
}

/// `dst = data`, a new object.
///
/// # Errors
/// Out of memory: no effect.
pub fn new<H: Heap>(heap: &mut H, dst: Local, data: &[u8]) -> Result<(), OutOfMemory> {
    heap.allocate(dst, shape(data.len()))?;
    let payload = heap.payload_mut(dst);
    write_word(payload, LENGTH, data.len() as u64);
    payload[DATA..DATA + data.len()].copy_from_slice(data);
    Ok(())
}

/// A look at the bytes.
#[inline]
pub fn view<H: Heap>(heap: &H, bytes: Local) -> &[u8] {
    read(heap.payload(bytes))
}

/// The bytes, given a payload.
#[inline]
pub(crate) fn read(payload: &[u8]) -> &[u8] {
    &payload[DATA..DATA + read_word(payload, LENGTH) as usize]
}

/// `hash(bytes)`: as of a str of the same bytes. Computed once.
pub(crate) fn hash<H: Heap>(heap: &mut H, bytes: Local) -> u64 {
    let payload = heap.payload_mut(bytes);
    match hash_of(payload) {
        0 => 0,
        hash => {
            write_word(payload, HASH, hash);
            hash
        }
    }
}

/// The hash, given a payload.
pub(crate) fn hash_of(payload: &[u8]) -> u64 {
    match read_word(payload, HASH) {
        0 => text::hash_bytes(read(payload)),
        known => known,
    }
}
