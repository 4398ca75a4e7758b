//! `cell`: what a closure and the function around it share: a variable. 40 bytes with the GC head.
//! Source: CPython 3.13, `Include/cpython/cellobject.h`.

use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// One slot: the value.
pub const SHAPE: Shape = Shape::new(Kind::Cell, 1, 0);

/// `dst =` a new cell; takes `value`, another local than `dst`, which may be nil.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, value: Local) -> Result<(), OutOfMemory> {
    heap.allocate(dst, SHAPE)?;
    heap.store_take(dst, 0, value);
    Ok(())
}

/// `dst = cell.cell_contents`; nil for an empty cell.
#[inline]
pub fn get<H: Heap>(heap: &mut H, dst: Local, cell: Local) {
    heap.load(dst, cell, 0);
}

/// `cell.cell_contents = value`; takes `value`.
#[inline]
pub fn set<H: Heap>(heap: &mut H, cell: Local, value: Local) {
    heap.store_take(cell, 0, value);
}
