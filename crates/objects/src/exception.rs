//! Exceptions, and what they keep alive: tracebacks, and frames that outlive their call.
//!
//! A frame lives on the data stack while its function runs. When an exception passes through, a frame *object* is
//! made and a traceback refers to it; when the function is left, its locals move into the frame object. A handler
//! that keeps the exception in a local, or in something a local refers to, so closes a cycle: exception, traceback,
//! frame, local, exception. Source: CPython 3.13, `Python/traceback.c`, `Python/frame.c`,
//! `Include/cpython/pyerrors.h`. Sizes with the GC head: exception 88, traceback 56, frame 152 and 8 a
//! local or place of the evaluation stack.

use crate::Version;
use crate::word::{read_word, write_word};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// Slots of an exception: its arguments, its traceback, the exception that was being handled, the one it comes
/// from. Its dict and its notes are never set here.
pub const ARGUMENTS: usize = 1;
/// The traceback; see [`ARGUMENTS`].
pub const TRACEBACK: usize = 3;
/// The exception that was being handled; see [`ARGUMENTS`].
pub const CONTEXT: usize = 4;
/// The exception that it was raised from; see [`ARGUMENTS`].
pub const CAUSE: usize = 5;
/// The shape of an exception, in all versions.
pub const SHAPE: Shape = Shape::new(Kind::Exception, 6, 8);

/// Slots of a traceback: the one of the next deeper call.
pub const NEXT: usize = 0;
/// The traceback's frame object; see [`NEXT`].
pub const FRAME: usize = 1;
/// The shape of a traceback, in all versions.
pub const TRACEBACK_SHAPE: Shape = Shape::new(Kind::Object, 2, 8);

/// Slots of a frame object: the frame object of the caller.
pub const BACK: usize = 0;
/// What runs in the frame; see [`BACK`].
pub const CODE: usize = 1;
/// Where the locals begin; see [`BACK`].
pub const FIRST_LOCAL: usize = 2;

/// The shape of a frame object with room for so many locals and places of the evaluation stack. Its bytes: line number, state, stack pointer and the
/// references that are not modelled (function, globals, builtins); in 3.13 also what `f_locals` needs.
pub const fn frame_shape(version: Version, locals: u32) -> Shape {
    let object = match version {
        Version::V3_11 | Version::V3_12 => 120,
        Version::V3_13 => 136,
    };
    Shape::new(Kind::Frame, locals.saturating_add(FIRST_LOCAL as u32), object - 16 - 8 * FIRST_LOCAL)
}

/// `dst =` an exception with these arguments; takes `arguments`, a tuple or nil.
///
/// # Errors
/// Out of memory: no effect.
pub fn new<H: Heap>(heap: &mut H, dst: Local, arguments: Local) -> Result<(), OutOfMemory> {
    heap.allocate(dst, SHAPE)?;
    heap.store_take(dst, ARGUMENTS, arguments);
    Ok(())
}

/// The exception passes through a frame: a traceback of `frame` at `line` goes in front of the exception's
/// traceback. `scratch` is nil before and after.
///
/// # Errors
/// Out of memory: no effect.
pub fn add_traceback<H: Heap>(
    heap: &mut H,
    exception: Local,
    frame: Local,
    line: u32,
    scratch: [Local; 2],
) -> Result<(), OutOfMemory> {
    let [traceback, next] = scratch;
    heap.allocate(traceback, TRACEBACK_SHAPE)?;
    write_word(heap.payload_mut(traceback), 0, u64::from(line));
    heap.store(traceback, FRAME, frame);
    heap.load(next, exception, TRACEBACK);
    heap.store_take(traceback, NEXT, next);
    heap.store_take(exception, TRACEBACK, traceback);
    Ok(())
}

/// The line of a traceback.
pub fn line<H: Heap>(heap: &H, traceback: Local) -> u64 {
    read_word(heap.payload(traceback), 0)
}

/// `exception.__traceback__ = None`: what it kept alive may go. `scratch` is nil before and after.
pub fn clear_traceback<H: Heap>(heap: &mut H, exception: Local, scratch: Local) {
    heap.take_slot(scratch, exception, TRACEBACK);
    heap.clear(scratch);
}

/// `dst =` the frame object of a call of `code` with room for `locals` locals and stack places. Takes `back`, the caller's frame object
/// or nil.
///
/// # Errors
/// Out of memory: no effect.
pub fn new_frame<H: Heap>(
    heap: &mut H,
    dst: Local,
    code: Local,
    back: Local,
    locals: u32,
) -> Result<(), OutOfMemory> {
    new_frame_of(heap, Version::V3_13, dst, code, back, locals)
}

/// [`new_frame`], as large as in a version.
///
/// # Errors
/// Out of memory: no effect.
pub fn new_frame_of<H: Heap>(
    heap: &mut H,
    version: Version,
    dst: Local,
    code: Local,
    back: Local,
    locals: u32,
) -> Result<(), OutOfMemory> {
    heap.allocate(dst, frame_shape(version, locals))?;
    heap.store(dst, CODE, code);
    heap.store_take(dst, BACK, back);
    Ok(())
}

/// The call of a frame object ends: the first locals of the current frame, as many as the object has room for, move
/// into it. They are nil afterwards.
pub fn own_locals<H: Heap>(heap: &mut H, frame: Local, locals: u32) {
    for index in 0..locals {
        heap.store_take(frame, FIRST_LOCAL + index as usize, Local::new(index));
    }
}
