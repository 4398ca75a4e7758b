//! Generators and coroutines: a frame inside an object, whose locals wait there while it is suspended.
//!
//! 160 bytes with the GC head, and 8 for each local and each place of the evaluation stack; 168 in 3.11. While it runs
//! the locals are those of the current frame: [`load_locals`] moves them there, [`save_locals`] back. Source: CPython
//! 3.13, `Include/internal/pycore_genobject.h`, `pycore_frame.h`.

use crate::{Version, identity};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The slot of the function that was called.
pub const FUNCTION: usize = 0;
/// The slot of the first local.
pub const FIRST_LOCAL: usize = 1;

/// The shape of a generator in 3.13 whose frame has room for so many locals and stack places: `co_nlocals`, cells and
/// `co_stacksize` of its code together.
pub const fn shape(locals: u32) -> Shape {
    shape_of(Version::V3_13, locals)
}

/// [`shape`] in a version.
pub const fn shape_of(version: Version, locals: u32) -> Shape {
    let object = match version {
        Version::V3_11 => 152,
        Version::V3_12 | Version::V3_13 => 144,
    };
    Shape::new(Kind::Generator, locals.saturating_add(FIRST_LOCAL as u32), object - 16 - 8 * FIRST_LOCAL)
}

/// `dst =` a generator of a call of `function`, which is copied, with room for so many locals and stack places, all nil.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, function: Local, locals: u32) -> Result<(), OutOfMemory> {
    new_of(heap, Version::V3_13, dst, function, locals)
}

/// [`new`], as large as in a version.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new_of<H: Heap>(
    heap: &mut H,
    version: Version,
    dst: Local,
    function: Local,
    locals: u32,
) -> Result<(), OutOfMemory> {
    heap.allocate(dst, shape_of(version, locals))?;
    identity::give(heap, dst);
    heap.store(dst, FUNCTION, function);
    Ok(())
}

/// The generator runs on: its first `count` saved locals move into the first locals of the current frame, of which the
/// generator itself is a later one. Uncounted.
#[inline]
pub fn load_locals<H: Heap>(heap: &mut H, generator: Local, count: u32) {
    for index in 0..count {
        heap.take_slot(Local::new(index), generator, FIRST_LOCAL + index as usize);
    }
}

/// The generator waits: the first `count` locals of the current frame move back into it. They are nil afterwards.
/// Uncounted.
#[inline]
pub fn save_locals<H: Heap>(heap: &mut H, generator: Local, count: u32) {
    for index in 0..count {
        heap.store_take(generator, FIRST_LOCAL + index as usize, Local::new(index));
    }
}
