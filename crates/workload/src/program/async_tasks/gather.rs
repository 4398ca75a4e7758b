//! A future that is done when all children are: a closure counts them.
//!
//! ```python
//! def gather(loop, context, children):
//!     outer = Future(loop, context)            def child_done(_child):
//!     waiting = len(children)                      nonlocal waiting
//!     …                                            waiting -= 1
//!     for child in children:                       if waiting == 0:
//!         child.add_done_callback(child_done)          outer.finish(None, None)
//!     return outer
//! ```

use super::{Run, module};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{cell, function, int, iterator, list, tuple};

/// Cells of the closure.
const OUTER: usize = 0;
const WAITING: usize = 1;

impl Run<'_> {
    /// `gather(loop, context, children)`: the caller's last three locals; the first of them gets the future.
    pub(super) fn gather<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const LOOP: Local = Local::new(0);
        const CONTEXT: Local = Local::new(1);
        const CHILDREN: Local = Local::new(2);
        const FUNCTION: Local = Local::new(3);
        const CELLS: [Local; 2] = [Local::new(4), Local::new(5)];
        const FUTURE: Local = Local::new(6);
        const ITERATOR: Local = Local::new(7);
        const CALLED: Local = Local::new(8);
        const ARGUMENT: Local = Local::new(9);
        let frame = heap.enter(3, 10)?;
        for cell in CELLS {
            cell::new(heap, cell, ARGUMENT)?;
        }
        heap.safepoint();
        self.new_future(heap, FUTURE, [LOOP, CONTEXT], ARGUMENT)?;
        heap.copy(ARGUMENT, FUTURE);
        cell::set(heap, CELLS[OUTER], ARGUMENT);
        let waiting = list::len(heap, CHILDREN) as i128;
        self.module.statics.int(heap, ARGUMENT, waiting)?;
        cell::set(heap, CELLS[WAITING], ARGUMENT);
        tuple::new(heap, CALLED, 2)?;
        for place in [OUTER, WAITING] {
            heap.store(CALLED, place, CELLS[place]);
        }
        heap.load_immortal(ARGUMENT, self.module.codes[module::CHILD_DONE]);
        function::new(heap, FUNCTION, ARGUMENT, CALLED)?;
        heap.clear(ARGUMENT);
        iterator::new_list(heap, ITERATOR, CHILDREN)?;
        while iterator::next_list(heap, CALLED, ITERATOR, ARGUMENT) {
            heap.copy(ARGUMENT, FUNCTION);
            self.add_done_callback(heap)?;
            heap.safepoint();
        }
        heap.clear(ITERATOR);
        heap.leave_with(frame, FUTURE);
        Ok(())
    }

    /// `child_done(_child)`: function and future are the caller's last two locals. The first of them is nil afterwards:
    /// no frame object outlives the call.
    pub(super) fn child_done<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const FUNCTION: Local = Local::new(0);
        const CELL: Local = Local::new(2);
        const ARGUMENTS: [Local; 3] = [Local::new(3), Local::new(4), Local::new(5)];
        let [receiver, result, error] = ARGUMENTS;
        let frame = heap.enter(2, 6)?;
        heap.safepoint();
        heap.load(receiver, FUNCTION, function::CLOSURE);
        heap.load(CELL, receiver, WAITING);
        cell::get(heap, result, CELL);
        let waiting = int::value(heap, result) - 1;
        self.module.statics.int(heap, result, waiting)?;
        cell::set(heap, CELL, result);
        if waiting == 0 {
            heap.load(CELL, receiver, OUTER);
            cell::get(heap, receiver, CELL);
            self.module.statics.none(heap, result);
            self.module.statics.none(heap, error);
            self.finish(heap)?;
        }
        heap.leave(frame);
        Ok(())
    }
}
