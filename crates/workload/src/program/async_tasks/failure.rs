//! Exceptions on their way up: frame objects, tracebacks, and frames that outlive their call.
//!
//! A frame object's `back` is the caller's frame object: made and known only when the callee ends, in the caller.

use super::{Run, module};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::exception::{self, BACK, TRACEBACK};

/// Room in a frame object: locals and stack of the code, by its number in `module`.
const ROOM: [u32; 10] = [23, 8, 8, 3, 10, 3, 4, 6, 4, 24];

impl Run<'_> {
    /// The exception in `exception` is in this frame now: `frame =` its frame object, which the deeper one refers to,
    /// and a traceback. The scratch locals are nil before and after.
    pub(super) fn pass_through<H: Heap>(
        &self,
        heap: &mut H,
        exception: Local,
        frame: Local,
        scratch: [Local; 2],
        code: usize,
    ) -> Result<(), OutOfMemory> {
        let [traceback, deeper] = scratch;
        self.new_frame(heap, frame, scratch, code)?;
        heap.load(traceback, exception, TRACEBACK);
        if !heap.is_nil(traceback) {
            heap.load(deeper, traceback, exception::FRAME);
            heap.store(deeper, BACK, frame);
            heap.clear(deeper);
            heap.clear(traceback);
        }
        exception::add_traceback(heap, exception, frame, code as u32, scratch)
    }

    /// A call returned the frame object in `callee`, or nil: its `back` is this frame's object, `frame`, which is made
    /// now unless it is there. `callee` is nil afterwards.
    pub(super) fn link_frame<H: Heap>(
        &self,
        heap: &mut H,
        frame: Local,
        [callee, first, second]: [Local; 3],
        code: usize,
    ) -> Result<(), OutOfMemory> {
        if heap.is_nil(callee) {
            return Ok(());
        }
        if heap.is_nil(frame) {
            self.new_frame(heap, frame, [first, second], code)?;
        }
        heap.store(callee, BACK, frame);
        heap.clear(callee);
        Ok(())
    }

    fn new_frame<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        [code_local, nil]: [Local; 2],
        code: usize,
    ) -> Result<(), OutOfMemory> {
        debug_assert!(code < module::CHILD_DONE);
        heap.load_immortal(code_local, self.module.codes[code]);
        exception::new_frame(heap, dst, code_local, nil, ROOM[code])?;
        heap.clear(code_local);
        Ok(())
    }
}

/// The call ends: when it has a frame object, its first locals move into it.
pub(super) fn leave_frame<H: Heap>(heap: &mut H, frame: Local, locals: u32) {
    if !heap.is_nil(frame) {
        exception::own_locals(heap, frame, locals);
    }
}
