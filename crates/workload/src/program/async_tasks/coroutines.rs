//! Coroutines: objects with saved locals, run from one `await` to the next.

mod leaf;
mod node;

use super::{Run, future, module};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::generator;

/// How a coroutine came back from `send`: what it came back with is where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It waits for a future.
    Yielded,
    /// It returned.
    Returned,
    /// An exception left it.
    Raised,
}

/// Bytes of a coroutine's frame: which code it runs, by number; at which `await` it is, 0 before the first; and a small
/// number among its arguments.
const CODE: usize = 8;
const POINT: usize = 9;
const NUMBER: usize = 10;

/// Room in a coroutine: locals and stack of `node`, `leaf`, `sleep` and `__await__`.
const ROOM: [u32; 4] = [23, 8, 8, 3];

impl Run<'_> {
    /// `dst =` a coroutine of this code, `scratch` being nil before and after; its locals begin with `locals`, copied.
    fn new_coroutine<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        locals: &[Local],
        [code, number]: [usize; 2],
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        heap.load_immortal(scratch, self.module.functions[code]);
        generator::new(heap, dst, scratch, ROOM[code])?;
        heap.clear(scratch);
        for (place, local) in locals.iter().enumerate() {
            heap.store(dst, generator::FIRST_LOCAL + place, *local);
        }
        let state = heap.payload_mut(dst);
        state[CODE] = code as u8;
        state[NUMBER] = number as u8;
        Ok(())
    }

    /// `coroutine.send(None)`: the coroutine is in the frame's last local, which gets what comes back.
    pub(super) fn send<H: Heap>(&mut self, heap: &mut H, coroutine: Local) -> Result<Sent, OutOfMemory> {
        match usize::from(heap.payload(coroutine)[CODE]) {
            module::NODE => self.node(heap),
            module::LEAF => self.leaf(heap),
            module::SLEEP => self.sleep(heap),
            _ => self.future_await(heap),
        }
    }

    /// `sleep(loop, context)`: a trip around the loop.
    fn sleep<H: Heap>(&mut self, heap: &mut H) -> Result<Sent, OutOfMemory> {
        const LOOP: Local = Local::new(0);
        const CONTEXT: Local = Local::new(1);
        const FUTURE: Local = Local::new(2);
        const AWAITED: Local = Local::new(3);
        const SAVED: u32 = 4;
        const SELF: Local = Local::new(4);
        const ARGUMENTS: [Local; 4] = [Local::new(5), Local::new(6), Local::new(7), Local::new(8)];
        let [event_loop, callback, argument, last] = ARGUMENTS;
        let frame = heap.enter(1, 9)?;
        let started = resume(heap, SELF, SAVED) > 0;
        if !started {
            heap.safepoint();
            self.new_future(heap, FUTURE, [LOOP, CONTEXT], last)?;
            heap.copy(event_loop, LOOP);
            heap.load_immortal(callback, self.module.functions[module::WAKE]);
            heap.copy(argument, FUTURE);
            heap.copy(last, CONTEXT);
            self.call_soon(heap)?;
            self.new_await(heap, AWAITED, FUTURE, last)?;
        }
        heap.copy(last, AWAITED);
        let sent = self.send(heap, last)?;
        debug_assert!(sent != Sent::Raised, "nothing cancels a sleep");
        if sent == Sent::Yielded {
            suspend(heap, SELF, SAVED, 1);
        }
        heap.leave_with(frame, last);
        Ok(sent)
    }

    /// `dst = future.__await__()`. `scratch` is nil before and after.
    fn new_await<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        future: Local,
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        self.new_coroutine(heap, dst, &[future], [module::AWAIT, 0], scratch)
    }

    /// `Future.__await__`: yields the future until it is done, then raises its error or returns its result.
    fn future_await<H: Heap>(&mut self, heap: &mut H) -> Result<Sent, OutOfMemory> {
        const FUTURE: Local = Local::new(0);
        const SELF: Local = Local::new(1);
        const FRAME: Local = Local::new(2);
        const SCRATCH: [Local; 2] = [Local::new(3), Local::new(4)];
        const VALUE: Local = Local::new(5);
        let frame = heap.enter(1, 6)?;
        let started = resume(heap, SELF, 1) > 0;
        heap.safepoint();
        if !started && !Self::is_done(heap, FUTURE, VALUE) {
            heap.copy(VALUE, FUTURE);
            suspend(heap, SELF, 1, 1);
            heap.leave_with(frame, VALUE);
            return Ok(Sent::Yielded);
        }
        heap.load(VALUE, FUTURE, future::ERROR);
        if !self.module.statics.is_none(heap, VALUE, SCRATCH[0]) {
            self.pass_through(heap, VALUE, FRAME, SCRATCH, module::AWAIT)?;
            super::failure::leave_frame(heap, FRAME, 1);
            heap.leave_with(frame, VALUE);
            return Ok(Sent::Raised);
        }
        heap.load(VALUE, FUTURE, future::RESULT);
        heap.leave_with(frame, VALUE);
        Ok(Sent::Returned)
    }
}

/// A coroutine, in the first local, runs on: it is in `own` now, and its saved locals are the first ones. The `await`
/// that it is at.
fn resume<H: Heap>(heap: &mut H, own: Local, saved: u32) -> u8 {
    heap.take(own, Local::new(0));
    generator::load_locals(heap, own, saved);
    heap.payload(own)[POINT]
}

/// It waits at an `await`.
fn suspend<H: Heap>(heap: &mut H, own: Local, saved: u32, point: u8) {
    heap.payload_mut(own)[POINT] = point;
    generator::save_locals(heap, own, saved);
}
