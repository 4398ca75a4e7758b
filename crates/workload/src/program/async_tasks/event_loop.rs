//! The loop and its handles.
//!
//! ```python
//! class Handle:                                        class Loop:
//!     __slots__ = ("callback", "argument", "context")      def run_tick(self):
//!     def run(self):                                           ready = self.ready
//!         self.callback(self.argument)                         self.ready = []
//!                                                              for handle in ready:
//!                                                                  handle.run()
//! ```

use super::{Run, module};
use heapbench_heap::{Heap, Local, OutOfMemory, Shape};
use heapbench_objects::{dict, function, instance, int, iterator, list, method};

const HANDLE: Shape = instance::slotted(3, 0);
const CALLBACK: usize = 0;
const ARGUMENT: usize = 1;
const CONTEXT: usize = 2;

/// The loop's attribute.
const READY: usize = 0;

const SELF: Local = Local::new(0);

impl Run<'_> {
    /// `dst = Loop()`. `scratch` is nil before and after.
    pub(super) fn new_loop<H: Heap>(
        &mut self,
        heap: &mut H,
        dst: Local,
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        self.module.event_loop.instantiate(heap, dst)?;
        heap.safepoint();
        list::new(heap, scratch, 0)?;
        heap.store_take(dst, READY, scratch);
        Ok(())
    }

    /// `dst = {"number": number, "depth": depth}`. The scratch locals are nil before and after.
    pub(super) fn new_context<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        number: Local,
        depth: u8,
        [key, value, scratch, _]: [Local; 4],
    ) -> Result<(), OutOfMemory> {
        dict::new(heap, dst)?;
        heap.load_immortal(key, self.module.number);
        heap.copy(value, number);
        dict::insert(heap, dst, key, value, scratch)?;
        heap.load_immortal(key, self.module.depth);
        self.module.statics.int(heap, value, i128::from(depth))?;
        dict::insert(heap, dst, key, value, scratch)
    }

    /// `loop.call_soon(callback, argument, context)`: the caller's last four locals, nil afterwards.
    pub(super) fn call_soon<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const ARGUMENTS: [(usize, Local); 3] =
            [(CALLBACK, Local::new(1)), (ARGUMENT, Local::new(2)), (CONTEXT, Local::new(3))];
        const NEW: Local = Local::new(4);
        const LIST: Local = Local::new(5);
        let frame = heap.enter(4, 6)?;
        heap.safepoint();
        heap.allocate(NEW, HANDLE)?;
        heap.safepoint();
        ARGUMENTS.into_iter().for_each(|(slot, value)| heap.store(NEW, slot, value));
        heap.load(LIST, SELF, READY);
        list::append(heap, LIST, NEW)?;
        heap.leave(frame);
        Ok(())
    }

    /// `loop.run_ticks(count)`: the loop is the caller's last local, nil afterwards. No task fails in them.
    pub(super) fn run_ticks<H: Heap>(&mut self, heap: &mut H, count: u32) -> Result<(), OutOfMemory> {
        const CALLED: Local = Local::new(1);
        let frame = heap.enter(1, 2)?;
        heap.safepoint();
        for _ in 0..count {
            heap.copy(CALLED, SELF);
            self.run_tick(heap)?;
            heap.clear(CALLED);
            heap.safepoint();
        }
        heap.leave(frame);
        Ok(())
    }

    /// `loop.run_until_complete(task)`: the caller's last two locals. The first of them gets the frame object of the
    /// call, when one was made.
    pub(super) fn run_until_complete<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const TASK: Local = Local::new(1);
        const FRAME: Local = Local::new(2);
        const SCRATCH: [Local; 2] = [Local::new(3), Local::new(4)];
        const CALLED: Local = Local::new(5);
        let frame = heap.enter(2, 6)?;
        heap.safepoint();
        loop {
            heap.load(CALLED, TASK, super::future::IS_DONE);
            let is_done = int::value(heap, CALLED) != 0;
            if is_done {
                break;
            }
            heap.copy(CALLED, SELF);
            self.run_tick(heap)?;
            self.link_frame(heap, FRAME, [CALLED, SCRATCH[0], SCRATCH[1]], module::RUN_UNTIL_COMPLETE)?;
            heap.safepoint();
        }
        super::failure::leave_frame(heap, FRAME, 2);
        heap.leave_with(frame, FRAME);
        Ok(())
    }

    /// `loop.run_tick()`: the caller's last local, which gets the frame object of the call, when one was made.
    fn run_tick<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const TICK_READY: Local = Local::new(1);
        const TICK_HANDLE: Local = Local::new(2);
        const FRAME: Local = Local::new(3);
        const ITERATOR: Local = Local::new(4);
        const SCRATCH: [Local; 2] = [Local::new(5), Local::new(6)];
        const CALLED: Local = Local::new(7);
        let frame = heap.enter(1, 8)?;
        heap.safepoint();
        heap.load(TICK_READY, SELF, READY);
        list::new(heap, CALLED, 0)?;
        heap.store_take(SELF, READY, CALLED);
        iterator::new_list(heap, ITERATOR, TICK_READY)?;
        while iterator::next_list(heap, TICK_HANDLE, ITERATOR, CALLED) {
            heap.copy(CALLED, TICK_HANDLE);
            self.run_handle(heap)?;
            self.link_frame(heap, FRAME, [CALLED, SCRATCH[0], SCRATCH[1]], module::RUN_TICK)?;
            heap.safepoint();
        }
        heap.clear(ITERATOR);
        super::failure::leave_frame(heap, FRAME, 3);
        heap.leave_with(frame, FRAME);
        Ok(())
    }

    /// `handle.run()`: the caller's last local, which gets the frame object of the call, when one was made.
    fn run_handle<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const FRAME: Local = Local::new(1);
        const SCRATCH: [Local; 2] = [Local::new(2), Local::new(3)];
        const CALLED: Local = Local::new(4);
        const VALUE: Local = Local::new(5);
        let frame = heap.enter(1, 6)?;
        heap.safepoint();
        heap.load(CALLED, SELF, CALLBACK);
        heap.load(VALUE, SELF, ARGUMENT);
        if heap.shape(CALLED) == method::SHAPE {
            heap.load(CALLED, CALLED, method::RECEIVER);
            self.step(heap)?;
        } else if heap.peek(CALLED, function::CLOSURE).is_some() {
            self.child_done(heap)?;
        } else {
            self.wake(heap)?;
        }
        self.link_frame(heap, FRAME, [CALLED, SCRATCH[0], SCRATCH[1]], module::HANDLE_RUN)?;
        super::failure::leave_frame(heap, FRAME, 1);
        heap.leave_with(frame, FRAME);
        Ok(())
    }
}
