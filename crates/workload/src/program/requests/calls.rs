//! The functions that a request goes through. Each leaves its result, or the exception, where its first argument was.

use super::failure::{self, Place};
use super::records::{request, response, session};
use super::{Choice, Module, Requests, run};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{dict, float, int, list, text, tuple};

/// How a function came back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// With its result.
    Returned,
    /// With an exception.
    Raised,
}

/// What a function that handles exceptions came across.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caught {
    /// None.
    Nothing,
    /// One, which it handled: the request keeps it.
    Failure,
}

/// Locals of `view`, `layer` and `middleware`. Python's own come first and move into a frame object. `SESSIONS` stands
/// for `service`.
pub(super) const SESSIONS: Local = Local::new(0);
pub(super) const REQUEST: Local = Local::new(1);
/// In `layer`.
const DEPTH: Local = Local::new(2);
/// In `view`.
const SESSION: Local = Local::new(2);
const ROWS: Local = Local::new(3);
const NUMBER: Local = Local::new(4);
pub(super) const FRAME: Local = Local::new(5);
pub(super) const SCRATCH: [Local; 2] = [Local::new(6), Local::new(7)];
/// First argument of a call, and then its result or its exception.
pub(super) const CALLED: Local = Local::new(8);
/// The other arguments of a call.
const ARGUMENTS: [Local; 2] = [Local::new(9), Local::new(10)];

/// Locals of a function that calls another with so many arguments: those are the last.
const fn locals(arguments: usize) -> usize {
    CALLED.index() + arguments
}

impl Requests {
    /// `parse(service, number, session, broken)`: leaves a request in `run`'s `CALLED`, nil before.
    pub(super) fn parse<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        choice: Choice,
    ) -> Result<(), OutOfMemory> {
        const RESULT: Local = Local::new(0);
        const HEADERS: Local = Local::new(2);
        const KEY: Local = Local::new(3);
        const VALUE: Local = Local::new(4);
        const SCRATCH: Local = Local::new(5);
        const PASSED: [Local; 4] = [Local::new(6), Local::new(7), Local::new(8), Local::new(9)];
        debug_assert!(run::CALLED.index() + 2 == run::COUNT);
        let frame = heap.enter(2, 10)?;
        heap.safepoint();
        dict::new(heap, HEADERS)?;
        for (place, name) in module.headers.iter().enumerate() {
            let pick = (choice.number as usize * module.headers.len() + place) % self.values.len();
            text::of(heap, VALUE, &self.values[pick])?;
            heap.load_immortal(KEY, *name);
            dict::insert(heap, HEADERS, KEY, VALUE, SCRATCH)?;
            heap.safepoint();
        }
        text::of(heap, VALUE, &self.session_keys[choice.session as usize])?;
        heap.load_immortal(KEY, module.session);
        dict::insert(heap, HEADERS, KEY, VALUE, SCRATCH)?;
        module.statics.int(heap, PASSED[0], i128::from(choice.number))?;
        heap.load_immortal(PASSED[1], module.path);
        heap.copy(PASSED[2], HEADERS);
        module.statics.truth(heap, PASSED[3], choice.broken);
        request::new(heap, module)?;
        heap.take(RESULT, PASSED[0]);
        heap.leave_with(frame, RESULT);
        Ok(())
    }

    /// `middleware(service, request)`.
    pub(super) fn middleware<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        choice: Choice,
    ) -> Result<Caught, OutOfMemory> {
        let frame = heap.enter(2, locals(3))?;
        heap.safepoint();
        let flow = self.call_layer(heap, module, choice, self.depth)?;
        if flow == Flow::Returned {
            heap.leave_with(frame, CALLED);
            return Ok(Caught::Nothing);
        }
        let [body, _] = SCRATCH;
        failure::pass_through(heap, Place { code: module.middleware, line: 2, locals: 3 })?;
        heap.store_take(REQUEST, request::ERROR, CALLED);
        list::new(heap, body, 0)?;
        heap.take(ARGUMENTS[1], body);
        response::new(heap, module, module.server_error)?;
        heap.take(CALLED, ARGUMENTS[1]);
        failure::leave_frame(heap, 3);
        heap.leave_with(frame, CALLED);
        Ok(Caught::Failure)
    }

    /// Passes sessions, request and `depth` on to `layer`, whose result is in `CALLED` then.
    fn call_layer<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        choice: Choice,
        depth: u32,
    ) -> Result<Flow, OutOfMemory> {
        heap.copy(CALLED, SESSIONS);
        heap.copy(ARGUMENTS[0], REQUEST);
        module.statics.int(heap, ARGUMENTS[1], depth.into())?;
        self.layer(heap, module, choice, depth)
    }

    /// `layer(service, request, depth)`.
    fn layer<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        choice: Choice,
        depth: u32,
    ) -> Result<Flow, OutOfMemory> {
        debug_assert!(DEPTH.index() == 2);
        let arguments = if depth == 0 { 2 } else { 3 };
        let frame = heap.enter(3, locals(arguments))?;
        heap.safepoint();
        let flow = if depth == 0 {
            heap.copy(CALLED, SESSIONS);
            heap.copy(ARGUMENTS[0], REQUEST);
            self.view(heap, module, choice)?
        } else {
            self.call_layer(heap, module, choice, depth - 1)?
        };
        if flow == Flow::Raised {
            failure::pass_through(heap, Place { code: module.layer, line: 3, locals: 3 })?;
            failure::leave_frame(heap, 3);
        }
        heap.leave_with(frame, CALLED);
        Ok(flow)
    }

    /// `view(service, request)`.
    fn view<H: Heap>(&self, heap: &mut H, module: &mut Module, choice: Choice) -> Result<Flow, OutOfMemory> {
        let frame = heap.enter(2, locals(1))?;
        heap.safepoint();
        count_visit(heap, module)?;
        self.make_rows(heap, module)?;
        if choice.broken {
            failure::raise(heap)?;
            heap.safepoint();
            failure::pass_through(heap, Place { code: module.view, line: 8, locals: 5 })?;
            failure::leave_frame(heap, 5);
            heap.leave_with(frame, CALLED);
            return Ok(Flow::Raised);
        }
        heap.copy(CALLED, ROWS);
        response::new(heap, module, module.ok)?;
        heap.leave_with(frame, CALLED);
        Ok(Flow::Returned)
    }

    /// `for number in range(service.rows): rows.append((number, number * 0.5))`.
    fn make_rows<H: Heap>(&self, heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        let ([half, _], row) = (SCRATCH, CALLED);
        list::new(heap, ROWS, 0)?;
        for number in 0..self.rows {
            module.statics.int(heap, NUMBER, i128::from(number))?;
            float::new(heap, half, f64::from(number) * 0.5)?;
            tuple::new(heap, row, 2)?;
            heap.store(row, 0, NUMBER);
            heap.store_take(row, 1, half);
            list::append(heap, ROWS, row)?;
            heap.safepoint();
        }
        Ok(())
    }
}

/// `session = service.sessions[request.headers["session"]]`, and its visit: `SESSION` holds it.
fn count_visit<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    let ([headers, scratch], key, value) = (SCRATCH, CALLED, NUMBER);
    heap.load(headers, REQUEST, request::HEADERS);
    heap.load_immortal(value, module.session);
    let has_key = dict::get(heap, key, headers, value, scratch);
    heap.clear(headers);
    let has_session = has_key && dict::get(heap, SESSION, SESSIONS, key, scratch);
    debug_assert!(has_session, "every request names a session that exists");
    heap.clear(key);
    heap.load(value, SESSION, session::VISITS);
    let visits = int::value(heap, value) + 1;
    module.statics.int(heap, value, visits)?;
    heap.store_take(SESSION, session::VISITS, value);
    heap.load(value, REQUEST, request::PATH);
    heap.store_take(SESSION, session::LAST_PATH, value);
    Ok(())
}
