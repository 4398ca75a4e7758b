//! A bound method: what `instance.method` makes. 64 bytes with the GC head. Two of them are equal, as keys, when they
//! bind the same function to the same instance. Source: CPython 3.13, `Include/cpython/classobject.h`,
//! `Objects/classobject.c`.

use crate::key;
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The slot of the function.
pub const FUNCTION: usize = 0;
/// The slot of the instance.
pub const RECEIVER: usize = 1;
/// Beside the slots: weak reference list and call pointer.
pub const SHAPE: Shape = Shape::new(Kind::Object, 2, 16);

/// `dst = receiver.function`; both are copied.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, function: Local, receiver: Local) -> Result<(), OutOfMemory> {
    heap.allocate(dst, SHAPE)?;
    heap.store(dst, FUNCTION, function);
    heap.store(dst, RECEIVER, receiver);
    Ok(())
}

/// `hash(method)`: of the receiver and of the function.
pub(crate) fn hash<H: Heap>(heap: &H, method: Local) -> u64 {
    let hash_of = |slot| heap.peek(method, slot).map_or(0, |(kind, payload)| key::hash_of(kind, payload));
    match hash_of(RECEIVER) ^ hash_of(FUNCTION) {
        // -1 means an error in C and so is no hash.
        u64::MAX => u64::MAX - 1,
        hash => hash,
    }
}
