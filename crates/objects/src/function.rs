//! `function`: what `def` and `lambda` make. 160 bytes with the GC head; 152 in 3.11.
//!
//! Name, defaults, annotations, globals and builtins, which no program here changes, are bytes and not slots.
//! Source: CPython 3.13, `Include/cpython/funcobject.h`.

use crate::{Version, identity};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The slot of the cells that the code uses, a tuple; nil when it uses none.
pub const CLOSURE: usize = 0;
/// The slot of the code.
pub const CODE: usize = 1;

/// The shape of a function in 3.13.
pub const SHAPE: Shape = shape(Version::V3_13);

/// The shape of a function.
pub const fn shape(version: Version) -> Shape {
    let object = match version {
        Version::V3_11 => 136,
        // With the version of its code and annotations, which the specialising interpreter compares.
        Version::V3_12 | Version::V3_13 => 144,
    };
    Shape::new(Kind::Function, 2, object - 16 - 2 * 8)
}

/// `dst =` a function of this code, copied, that closes over these cells: takes `closure`, a tuple or nil.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, code: Local, closure: Local) -> Result<(), OutOfMemory> {
    new_of(heap, Version::V3_13, dst, code, closure)
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
    code: Local,
    closure: Local,
) -> Result<(), OutOfMemory> {
    heap.allocate(dst, shape(version))?;
    identity::give(heap, dst);
    heap.store_take(dst, CLOSURE, closure);
    heap.store(dst, CODE, code);
    Ok(())
}
