//! The tasks that wait for others.
//!
//! ```python
//! async def node(loop, context, number, depth, plan, branches):
//!     children = []
//!     for branch in range(branches):
//!         …
//!         children.append(Task(loop, request, coroutine))
//!     everyone = gather(loop, context, children)
//!     if depth == 1:
//!         await sleep(loop, context)
//!         await sleep(loop, context)
//!         for child in children:
//!             if not child.is_done:
//!                 child.cancel()
//!     await everyone
//!     …
//!     return total
//! ```

use super::super::{Run, future, module};
use super::{NUMBER as DEPTH, Sent, resume, suspend};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{int, iterator, list};

const LOOP: Local = Local::new(0);
const CONTEXT: Local = Local::new(1);
const NUMBER: Local = Local::new(2);
const CHILDREN: Local = Local::new(3);
const EVERYONE: Local = Local::new(4);
/// The last values of the loops' variables: Python's frame keeps them.
const CHILD: Local = Local::new(5);
const REQUEST: Local = Local::new(6);
const COROUTINE: Local = Local::new(7);
const AWAITED: Local = Local::new(8);
const SAVED: u32 = 9;
const SELF: Local = Local::new(9);
const ITERATOR: Local = Local::new(10);
/// Arguments of calls.
const ARGUMENTS: [Local; 4] = [Local::new(11), Local::new(12), Local::new(13), Local::new(14)];
const CALLED: Local = ARGUMENTS[3];
const COUNT: usize = 15;

/// At which `await`.
const FIRST_SLEEP: u8 = 1;
const SECOND_SLEEP: u8 = 2;
const GATHERS: u8 = 3;

impl Run<'_> {
    /// `dst = node(loop, context, number, depth, …)`. `scratch` is nil before and after.
    pub(in super::super) fn new_node<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        locals: [Local; 3],
        depth: u8,
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        self.new_coroutine(heap, dst, &locals, [module::NODE, usize::from(depth)], scratch)
    }

    /// A node runs on.
    pub(super) fn node<H: Heap>(&mut self, heap: &mut H) -> Result<Sent, OutOfMemory> {
        let frame = heap.enter(1, COUNT)?;
        let mut point = resume(heap, SELF, SAVED);
        let depth = heap.payload(SELF)[DEPTH];
        if point == 0 {
            heap.safepoint();
            self.make_children(heap, depth)?;
            point = if depth == 1 { FIRST_SLEEP } else { GATHERS };
            self.start_await(heap, point)?;
        }
        loop {
            heap.copy(CALLED, AWAITED);
            let sent = self.send(heap, CALLED)?;
            debug_assert!(sent != Sent::Raised, "sleeping and gathering do not fail");
            if sent == Sent::Yielded {
                suspend(heap, SELF, SAVED, point);
                heap.leave_with(frame, CALLED);
                return Ok(Sent::Yielded);
            }
            heap.clear(CALLED);
            heap.clear(AWAITED);
            match point {
                GATHERS => break,
                SECOND_SLEEP => self.cancel_children(heap)?,
                _ => {}
            }
            point += 1;
            self.start_await(heap, point)?;
        }
        let total = add_results(heap, &self.module.statics)?;
        self.module.statics.int(heap, CALLED, total)?;
        heap.leave_with(frame, CALLED);
        Ok(Sent::Returned)
    }

    /// `AWAITED =` what the node waits for at this point.
    fn start_await<H: Heap>(&mut self, heap: &mut H, point: u8) -> Result<(), OutOfMemory> {
        if point == GATHERS {
            return self.new_await(heap, AWAITED, EVERYONE, CALLED);
        }
        self.new_coroutine(heap, AWAITED, &[LOOP, CONTEXT], [module::SLEEP, 0], CALLED)
    }

    /// `children = […]; everyone = gather(loop, context, children)`.
    fn make_children<H: Heap>(&mut self, heap: &mut H, depth: u8) -> Result<(), OutOfMemory> {
        list::new(heap, CHILDREN, 0)?;
        let branches = i128::from(self.program.branches);
        let first = int::value(heap, NUMBER) * branches;
        for child in first..first + branches {
            self.module.statics.int(heap, CHILD, child)?;
            self.new_context(heap, REQUEST, CHILD, depth, ARGUMENTS)?;
            let locals = [LOOP, REQUEST, CHILD];
            if depth == 1 {
                let plan = self.program.plan[child as usize % self.program.plan.len()];
                self.new_leaf(heap, COROUTINE, locals, plan, CALLED)?;
            } else {
                self.new_node(heap, COROUTINE, locals, depth - 1, CALLED)?;
            }
            let (task, coroutine) = (ITERATOR, AWAITED);
            heap.copy(coroutine, COROUTINE);
            self.new_task(heap, task, [LOOP, REQUEST, coroutine], ARGUMENTS)?;
            list::append(heap, CHILDREN, task)?;
            heap.safepoint();
        }
        let [_, gathered, context, children] = ARGUMENTS;
        heap.copy(gathered, LOOP);
        heap.copy(context, CONTEXT);
        heap.copy(children, CHILDREN);
        self.gather(heap)?;
        heap.take(EVERYONE, gathered);
        Ok(())
    }

    /// `for child in children: if not child.is_done: child.cancel()`.
    fn cancel_children<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        iterator::new_list(heap, ITERATOR, CHILDREN)?;
        while iterator::next_list(heap, CHILD, ITERATOR, CALLED) {
            if !Self::is_done(heap, CHILD, CALLED) {
                let [_, receiver, result, error] = ARGUMENTS;
                self.cancel(heap, CHILD, [receiver, result, error])?;
            }
            heap.safepoint();
        }
        heap.clear(ITERATOR);
        Ok(())
    }
}

/// The sum of the children's results, less one for each that failed.
fn add_results<H: Heap>(heap: &mut H, statics: &heapbench_objects::Statics) -> Result<i128, OutOfMemory> {
    let [value, scratch, ..] = ARGUMENTS;
    let mut total = 0;
    iterator::new_list(heap, ITERATOR, CHILDREN)?;
    while iterator::next_list(heap, CHILD, ITERATOR, scratch) {
        heap.load(value, CHILD, future::ERROR);
        if statics.is_none(heap, value, scratch) {
            heap.load(value, CHILD, future::RESULT);
            total += int::value(heap, value);
        } else {
            total -= 1;
        }
        heap.safepoint();
    }
    heap.clear(value);
    heap.clear(ITERATOR);
    Ok(total)
}
