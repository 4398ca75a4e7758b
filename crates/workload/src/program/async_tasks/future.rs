//! Futures, and tasks, which are futures that run a coroutine.
//!
//! ```python
//! def finish(self, result, error):                 def step(self, _future):
//!     self.is_done = True                              try:
//!     self.result = result                                 future = self.coroutine.send(None)
//!     self.error = error                               except StopIteration as stop:
//!     for callback in self.callbacks:                      self.finish(stop.value, None)
//!         self.loop.call_soon(callback, self, …)       except (Failure, Cancelled) as error:
//!     self.callbacks = None                                self.finish(None, error)
//! ```

use super::coroutines::Sent;
use super::{Run, failure, module};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{exception, int, iterator, list, method, tuple};

const LOOP: usize = 0;
const CONTEXT: usize = 1;
pub(super) const IS_DONE: usize = 2;
pub(super) const RESULT: usize = 3;
pub(super) const ERROR: usize = 4;
const CALLBACKS: usize = 5;
pub(super) const FUTURE_ATTRIBUTES: u32 = 6;
const COROUTINE: usize = 6;
const WAITS_FOR: usize = 7;
pub(super) const TASK_ATTRIBUTES: u32 = 8;

const SELF: Local = Local::new(0);

impl Run<'_> {
    /// `dst = Future(loop, context)`. `scratch` is nil before and after.
    pub(super) fn new_future<H: Heap>(
        &mut self,
        heap: &mut H,
        dst: Local,
        [event_loop, context]: [Local; 2],
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        self.module.future.instantiate(heap, dst)?;
        self.initialize(heap, dst, [event_loop, context], scratch)
    }

    /// `Future.__init__`.
    fn initialize<H: Heap>(
        &self,
        heap: &mut H,
        future: Local,
        [event_loop, context]: [Local; 2],
        value: Local,
    ) -> Result<(), OutOfMemory> {
        heap.safepoint();
        heap.store(future, LOOP, event_loop);
        heap.store(future, CONTEXT, context);
        self.module.statics.truth(heap, value, false);
        heap.store_take(future, IS_DONE, value);
        for attribute in [RESULT, ERROR] {
            self.module.statics.none(heap, value);
            heap.store_take(future, attribute, value);
        }
        list::new(heap, value, 0)?;
        heap.store_take(future, CALLBACKS, value);
        Ok(())
    }

    /// `dst = Task(loop, context, coroutine)`; takes `coroutine`. The arguments are the frame's last four locals, nil
    /// before and after.
    pub(super) fn new_task<H: Heap>(
        &mut self,
        heap: &mut H,
        dst: Local,
        [event_loop, context, coroutine]: [Local; 3],
        arguments: [Local; 4],
    ) -> Result<(), OutOfMemory> {
        let [receiver, callback, argument, last] = arguments;
        self.module.task.instantiate(heap, dst)?;
        heap.safepoint();
        self.initialize(heap, dst, [event_loop, context], last)?;
        heap.store_take(dst, COROUTINE, coroutine);
        self.module.statics.none(heap, last);
        heap.store_take(dst, WAITS_FOR, last);
        self.bind_step(heap, callback, dst, argument)?;
        heap.copy(receiver, event_loop);
        self.module.statics.none(heap, argument);
        heap.copy(last, context);
        self.call_soon(heap)
    }

    /// `dst = task.step`. `scratch` is nil before and after.
    fn bind_step<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        task: Local,
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        heap.load_immortal(scratch, self.module.functions[module::STEP]);
        method::new(heap, dst, scratch, task)?;
        heap.clear(scratch);
        Ok(())
    }

    /// `future.finish(result, error)`: the caller's last three locals, nil afterwards.
    pub(super) fn finish<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const RESULT_ARGUMENT: Local = Local::new(1);
        const ERROR_ARGUMENT: Local = Local::new(2);
        const CALLBACK: Local = Local::new(3);
        const ITERATOR: Local = Local::new(4);
        const ARGUMENTS: [Local; 4] = [Local::new(5), Local::new(6), Local::new(7), Local::new(8)];
        let [value, ..] = ARGUMENTS;
        let frame = heap.enter(3, 9)?;
        heap.safepoint();
        self.module.statics.truth(heap, value, true);
        heap.store_take(SELF, IS_DONE, value);
        heap.store(SELF, RESULT, RESULT_ARGUMENT);
        heap.store(SELF, ERROR, ERROR_ARGUMENT);
        heap.load(value, SELF, CALLBACKS);
        iterator::new_list(heap, ITERATOR, value)?;
        heap.clear(value);
        while iterator::next_list(heap, CALLBACK, ITERATOR, value) {
            let [event_loop, callback, argument, context] = ARGUMENTS;
            heap.load(event_loop, SELF, LOOP);
            heap.copy(callback, CALLBACK);
            heap.copy(argument, SELF);
            heap.load(context, SELF, CONTEXT);
            self.call_soon(heap)?;
            heap.safepoint();
        }
        heap.clear(ITERATOR);
        self.module.statics.none(heap, value);
        heap.store_take(SELF, CALLBACKS, value);
        heap.leave(frame);
        Ok(())
    }

    /// `future.add_done_callback(callback)`: the caller's last two locals, nil afterwards.
    pub(super) fn add_done_callback<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const CALLBACK: Local = Local::new(1);
        const LIST: Local = Local::new(2);
        let frame = heap.enter(2, 3)?;
        heap.safepoint();
        heap.load(LIST, SELF, CALLBACKS);
        list::append(heap, LIST, CALLBACK)?;
        heap.leave(frame);
        Ok(())
    }

    /// `wake(future)`: its caller calls it with the function and the future in the last two locals. The first of them
    /// is nil afterwards: no frame object outlives the call.
    pub(super) fn wake<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const FUTURE: Local = Local::new(1);
        const ARGUMENTS: [Local; 3] = [Local::new(2), Local::new(3), Local::new(4)];
        let [receiver, result, error] = ARGUMENTS;
        let frame = heap.enter(2, 5)?;
        heap.safepoint();
        heap.copy(receiver, FUTURE);
        self.module.statics.none(heap, result);
        self.module.statics.none(heap, error);
        self.finish(heap)?;
        heap.leave(frame);
        Ok(())
    }
}

/// Locals of `step`: Python's are the first five.
mod step {
    use heapbench_heap::Local;
    pub(super) const FUTURE: Local = Local::new(2);
    pub(super) const STOP: Local = Local::new(3);
    pub(super) const ERROR: Local = Local::new(4);
    pub(super) const PYTHON_LOCALS: u32 = 5;
    pub(super) const FRAME: Local = Local::new(5);
    pub(super) const SCRATCH: [Local; 2] = [Local::new(6), Local::new(7)];
    /// Arguments of calls.
    pub(super) const ARGUMENTS: [Local; 3] = [Local::new(8), Local::new(9), Local::new(10)];
    pub(super) const COUNT: usize = 11;
}

impl Run<'_> {
    /// `task.step(_future)`: the caller's last two locals. The first of them gets the frame object of the call, when it
    /// outlives it.
    pub(super) fn step<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        use step::{ARGUMENTS, FRAME, FUTURE, SCRATCH};
        let [_, callback, called] = ARGUMENTS;
        let frame = heap.enter(2, step::COUNT)?;
        heap.safepoint();
        heap.load(called, SELF, COROUTINE);
        match self.send(heap, called)? {
            Sent::Yielded => {
                heap.safepoint();
                heap.take(FUTURE, called);
                heap.store(SELF, WAITS_FOR, FUTURE);
                self.bind_step(heap, called, SELF, SCRATCH[0])?;
                heap.copy(callback, FUTURE);
                self.add_done_callback(heap)?;
            }
            Sent::Returned => self.finish_with_result(heap)?,
            Sent::Raised => self.finish_with_error(heap)?,
        }
        failure::leave_frame(heap, FRAME, step::PYTHON_LOCALS);
        heap.leave_with(frame, FRAME);
        Ok(())
    }

    /// `except StopIteration as stop: self.finish(stop.value, None)`. The exception dies at the handler's end, and so
    /// does the frame object.
    fn finish_with_result<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        use step::{ARGUMENTS, FRAME, SCRATCH, STOP};
        let [receiver, result, error] = ARGUMENTS;
        let [arguments, value] = SCRATCH;
        tuple::new(heap, arguments, 1)?;
        heap.copy(value, error);
        heap.store_take(arguments, 0, value);
        heap.take(result, error);
        exception::new(heap, STOP, arguments)?;
        self.pass_through(heap, STOP, FRAME, SCRATCH, module::STEP)?;
        heap.copy(receiver, SELF);
        self.module.statics.none(heap, error);
        self.finish(heap)?;
        heap.clear(STOP);
        heap.clear(FRAME);
        Ok(())
    }

    /// `except (Failure, Cancelled) as error: self.finish(None, error)`.
    fn finish_with_error<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        use step::{ARGUMENTS, ERROR, FRAME, SCRATCH};
        let [receiver, result, error] = ARGUMENTS;
        heap.take(ERROR, error);
        self.pass_through(heap, ERROR, FRAME, SCRATCH, module::STEP)?;
        heap.copy(receiver, SELF);
        self.module.statics.none(heap, result);
        heap.copy(error, ERROR);
        self.finish(heap)?;
        heap.clear(ERROR);
        Ok(())
    }

    /// In `node`: `child.cancel()`, that is `child.waits_for.finish(None, Cancelled())`; `arguments` are the frame's
    /// last three locals.
    pub(super) fn cancel<H: Heap>(
        &self,
        heap: &mut H,
        child: Local,
        arguments: [Local; 3],
    ) -> Result<(), OutOfMemory> {
        let [receiver, result, error] = arguments;
        heap.safepoint();
        self.module.statics.empty_tuple(heap, result);
        exception::new(heap, error, result)?;
        heap.safepoint();
        heap.load(receiver, child, WAITS_FOR);
        self.module.statics.none(heap, result);
        self.finish(heap)
    }

    /// `future.is_done`. `scratch` is nil before and after.
    pub(super) fn is_done<H: Heap>(heap: &mut H, future: Local, scratch: Local) -> bool {
        heap.load(scratch, future, IS_DONE);
        let done = int::value(heap, scratch) != 0;
        heap.clear(scratch);
        done
    }
}
