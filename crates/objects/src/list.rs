//! `list`: 40 bytes, and a block of items that grows by about an eighth; the heap over-allocates it as CPython's
//! `list_resize` does. Items are the slots: `load` and `store` are `list[i]`. Source: CPython 3.13,
//! `Objects/listobject.c`.

use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// `dst =` a list of `length` items, all nil: without spare room, as a literal's is.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, length: u32) -> Result<(), OutOfMemory> {
    heap.allocate(dst, Shape::new(Kind::List, length, 0))
}

/// `len(list)`.
#[inline]
pub fn len<H: Heap>(heap: &H, list: Local) -> usize {
    heap.shape(list).slots as usize
}

/// `list.append(value)`; takes `value`.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn append<H: Heap>(heap: &mut H, list: Local, value: Local) -> Result<(), OutOfMemory> {
    let length = heap.shape(list).slots;
    heap.resize(list, length + 1, 0)?;
    heap.store_take(list, length as usize, value);
    Ok(())
}

/// `dst = list.pop()`, `dst` being another local than `list`; false, and nothing done, when the list is empty.
///
/// # Errors
/// Out of memory, for a smaller block of items: the item is in the list again, and `dst` nil.
pub fn pop<H: Heap>(heap: &mut H, dst: Local, list: Local) -> Result<bool, OutOfMemory> {
    let Some(last) = heap.shape(list).slots.checked_sub(1) else { return Ok(false) };
    heap.take_slot(dst, list, last as usize);
    if let Err(refused) = heap.resize(list, last, 0) {
        heap.store_take(list, last as usize, dst);
        return Err(refused);
    }
    Ok(true)
}
