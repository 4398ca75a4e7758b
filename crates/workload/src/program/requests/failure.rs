//! An exception, and its way up through the calls.
//!
//! Each frame that it passes gets a frame object and a traceback. A frame object's `back` is the caller's: known only
//! to the caller, which so completes it when it meets the exception itself.

use super::calls::{CALLED, FRAME, REQUEST, SCRATCH};
use super::records::request::{ERROR, PATH};
use super::{Module, run};
use heapbench_heap::{Heap, Immortal, Local, OutOfMemory};
use heapbench_objects::exception::{self, BACK, TRACEBACK};
use heapbench_objects::tuple;

/// Where in the program: a function, a line of it, and how many locals it has.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) code: Immortal,
    pub(super) line: u32,
    pub(super) locals: u32,
}

/// `CALLED = Failure(request.path)`.
pub(super) fn raise<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    let [arguments, path] = SCRATCH;
    heap.load(path, REQUEST, PATH);
    tuple::new(heap, arguments, 1)?;
    heap.store_take(arguments, 0, path);
    exception::new(heap, CALLED, arguments)
}

/// The exception in `CALLED` is in this frame now: `FRAME =` its frame object, which the deeper one refers to.
pub(super) fn pass_through<H: Heap>(heap: &mut H, place: Place) -> Result<(), OutOfMemory> {
    let [code, none] = SCRATCH;
    heap.load_immortal(code, place.code);
    exception::new_frame(heap, FRAME, code, none, place.locals)?;
    heap.clear(code);
    set_back(heap, CALLED, FRAME, SCRATCH);
    exception::add_traceback(heap, CALLED, FRAME, place.line, SCRATCH)
}

/// The innermost frame object that the exception's traceback begins with gets `back`.
fn set_back<H: Heap>(heap: &mut H, exception: Local, back: Local, scratch: [Local; 2]) {
    let [traceback, deeper] = scratch;
    heap.load(traceback, exception, TRACEBACK);
    if !heap.is_nil(traceback) {
        heap.load(deeper, traceback, exception::FRAME);
        heap.store(deeper, BACK, back);
        heap.clear(deeper);
        heap.clear(traceback);
    }
}

/// The call ends while its frame object lives: Python's locals move into it, `CALLED` is not one of them.
pub(super) fn leave_frame<H: Heap>(heap: &mut H, locals: u32) {
    exception::own_locals(heap, FRAME, locals);
}

/// In `run`, which goes on: its frame object is made once, and is the `back` of the handler's.
pub(super) fn link_caller<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    use run::{ARGUMENT, CALLED, FRAME, REQUEST, VALUE};
    if heap.is_nil(FRAME) {
        heap.load_immortal(VALUE, module.run);
        exception::new_frame(heap, FRAME, VALUE, ARGUMENT, 0)?;
        heap.clear(VALUE);
    }
    heap.load(VALUE, REQUEST, ERROR);
    set_back(heap, VALUE, FRAME, [CALLED, ARGUMENT]);
    heap.clear(VALUE);
    Ok(())
}
