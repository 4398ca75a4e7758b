//! The lowest tasks.
//!
//! ```python
//! async def leaf(loop, context, number, outcome):
//!     await sleep(loop, context)
//!     if outcome == FAILS:
//!         raise Failure(number)
//!     if outcome == HANGS:
//!         await Future(loop, context)
//!     return number
//! ```

use super::super::{Plan, Run, failure, module};
use super::{NUMBER as OUTCOME, Sent, resume, suspend};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{exception, tuple};

const LOOP: Local = Local::new(0);
const CONTEXT: Local = Local::new(1);
const NUMBER: Local = Local::new(2);
const AWAITED: Local = Local::new(3);
const SAVED: u32 = 4;
/// What moves into a frame object: Python's locals that are objects here.
const PYTHON_LOCALS: u32 = 3;
const SELF: Local = Local::new(4);
const FRAME: Local = Local::new(5);
const SCRATCH: [Local; 2] = [Local::new(6), Local::new(7)];
const CALLED: Local = Local::new(8);
const COUNT: usize = 9;

/// At which `await`.
const SLEEPS: u8 = 1;
const WAITS_IN_VAIN: u8 = 2;

impl Run<'_> {
    /// `dst = leaf(loop, context, number, outcome)`. `scratch` is nil before and after.
    pub(super) fn new_leaf<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        locals: [Local; 3],
        outcome: Plan,
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        self.new_coroutine(heap, dst, &locals, [module::LEAF, outcome as usize], scratch)
    }

    /// A leaf runs on.
    pub(super) fn leaf<H: Heap>(&mut self, heap: &mut H) -> Result<Sent, OutOfMemory> {
        let frame = heap.enter(1, COUNT)?;
        let mut point = resume(heap, SELF, SAVED);
        let outcome = heap.payload(SELF)[OUTCOME];
        if point == 0 {
            heap.safepoint();
            self.new_coroutine(heap, AWAITED, &[LOOP, CONTEXT], [module::SLEEP, 0], CALLED)?;
            point = SLEEPS;
        }
        loop {
            heap.copy(CALLED, AWAITED);
            match self.send(heap, CALLED)? {
                Sent::Yielded => {
                    suspend(heap, SELF, SAVED, point);
                    heap.leave_with(frame, CALLED);
                    return Ok(Sent::Yielded);
                }
                Sent::Raised => break,
                Sent::Returned => heap.clear(CALLED),
            }
            heap.clear(AWAITED);
            if outcome == Plan::Fails as u8 {
                self.new_failure(heap)?;
                break;
            }
            if outcome == Plan::Answers as u8 {
                heap.leave_with(frame, NUMBER);
                return Ok(Sent::Returned);
            }
            let future = SCRATCH[0];
            self.new_future(heap, future, [LOOP, CONTEXT], CALLED)?;
            self.new_await(heap, AWAITED, future, CALLED)?;
            heap.clear(future);
            point = WAITS_IN_VAIN;
        }
        heap.clear(AWAITED);
        self.pass_through(heap, CALLED, FRAME, SCRATCH, module::LEAF)?;
        failure::leave_frame(heap, FRAME, PYTHON_LOCALS);
        heap.leave_with(frame, CALLED);
        Ok(Sent::Raised)
    }

    /// `CALLED = Failure(number)`.
    fn new_failure<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        let [arguments, number] = SCRATCH;
        tuple::new(heap, arguments, 1)?;
        heap.copy(number, NUMBER);
        heap.store_take(arguments, 0, number);
        exception::new(heap, CALLED, arguments)?;
        heap.safepoint();
        Ok(())
    }
}
