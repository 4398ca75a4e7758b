//! Instances of Python classes. Attributes are the slots.
//!
//! A class with `__slots__` has 16 bytes and 8 an attribute. Other instances keep their values inline (3.13):
//! in front of the object the weak reference list and the dict (16), then a header of the values, one byte for each
//! attribute there is room for, rounded up to 8, then 8 an attribute, with room for one more than the class has, as
//! from about the thirtieth instance of a class on. A class of 2 attributes: 72 bytes, 88 with the GC head.
//! Source: CPython 3.13, `Objects/dictobject.c`, `Include/internal/pycore_dict.h`.

use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The shape of an instance whose class has `__slots__` of this many attributes, and `bytes` more.
pub const fn slotted(attributes: u32, bytes: usize) -> Shape {
    Shape::new(Kind::Instance, attributes, bytes)
}

/// The shape of an instance of a plain class, with inline values for this many attributes.
pub const fn plain(attributes: u32) -> Shape {
    let room = attributes as usize + 1;
    let values_header = room.next_multiple_of(8);
    let spare_value = 8;
    let managed_words = 16;
    // The values' header is followed by one value for each attribute there is room for, and one word more.
    Shape::new(Kind::Instance, attributes, managed_words + values_header + spare_value + 8)
}

/// `dst =` an instance of a plain class with this many attributes, all nil.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, attributes: u32) -> Result<(), OutOfMemory> {
    heap.allocate(dst, plain(attributes))
}
