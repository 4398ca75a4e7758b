//! The functions that a request goes through. Each leaves its result, or the exception, where its first argument was.

use super::failure::{self, Place};
use super::{Choice, Module, Requests, serve};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{dict, float, instance, list, text, tuple};

/// Attributes of a session.
pub(super) const SESSION_ATTRIBUTES: u32 = 3;
pub(super) const USER: usize = 0;
pub(super) const VISITS: usize = 1;
pub(super) const LAST_PATH: usize = 2;

/// Attributes of a request.
const REQUEST_ATTRIBUTES: u32 = 4;
const NUMBER: usize = 0;
pub(super) const PATH: usize = 1;
const HEADERS: usize = 2;
pub(super) const ERROR: usize = 3;

/// Attributes of a response.
const RESPONSE_ATTRIBUTES: u32 = 3;
pub(super) const STATUS: usize = 0;
pub(super) const BODY: usize = 1;
const RESPONSE_HEADERS: usize = 2;

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

/// Locals of `layer`, `view` and `middleware`. The first three are Python's and move into a frame object; the
/// sessions are a global name, kept at hand.
pub(super) const SESSIONS: Local = Local::new(0);
pub(super) const REQUEST: Local = Local::new(1);
pub(super) const RESULT: Local = Local::new(2);
pub(super) const PYTHON_LOCALS: u32 = 3;
pub(super) const FRAME: Local = Local::new(3);
pub(super) const SCRATCH: [Local; 2] = [Local::new(4), Local::new(5)];
/// First argument of a call, and then its result or its exception.
pub(super) const CALLED: Local = Local::new(6);
/// Second argument of a call.
const ARGUMENT: Local = Local::new(7);
const LOCALS: usize = 8;

impl Requests {
    /// `parse(n)`: leaves a request in `serve`'s `CALLED`, nil before.
    pub(super) fn parse<H: Heap>(
        &self,
        heap: &mut H,
        module: &Module,
        choice: Choice,
    ) -> Result<(), OutOfMemory> {
        const REQUEST: Local = Local::new(0);
        const HEADERS_DICT: Local = Local::new(1);
        const KEY: Local = Local::new(2);
        const VALUE: Local = Local::new(3);
        const SCRATCH: Local = Local::new(4);
        debug_assert!(serve::CALLED.index() + 2 == serve::COUNT);
        let frame = heap.enter(2, 5)?;
        heap.safepoint();
        dict::new(heap, HEADERS_DICT)?;
        for (number, name) in module.headers.iter().enumerate() {
            heap.safepoint();
            let pick = (choice.number as usize * module.headers.len() + number) % self.values.len();
            text::new(heap, VALUE, &self.values[pick])?;
            heap.load_immortal(KEY, *name);
            dict::insert(heap, HEADERS_DICT, KEY, VALUE, SCRATCH)?;
        }
        heap.load_immortal(KEY, module.session);
        text::new(heap, VALUE, &self.session_keys[choice.session as usize])?;
        dict::insert(heap, HEADERS_DICT, KEY, VALUE, SCRATCH)?;
        instance::new(heap, REQUEST, REQUEST_ATTRIBUTES)?;
        module.statics.int(heap, VALUE, i128::from(choice.number))?;
        heap.store_take(REQUEST, NUMBER, VALUE);
        heap.load_immortal(VALUE, module.path);
        heap.store_take(REQUEST, PATH, VALUE);
        heap.store_take(REQUEST, HEADERS, HEADERS_DICT);
        module.statics.none(heap, VALUE);
        heap.store_take(REQUEST, ERROR, VALUE);
        heap.leave_with(frame, REQUEST);
        Ok(())
    }

    /// `middleware(request)`: sessions and request are the caller's last two locals.
    pub(super) fn middleware<H: Heap>(
        &self,
        heap: &mut H,
        module: &Module,
        choice: Choice,
    ) -> Result<Caught, OutOfMemory> {
        let frame = heap.enter(2, LOCALS)?;
        heap.safepoint();
        heap.copy(CALLED, SESSIONS);
        heap.copy(ARGUMENT, REQUEST);
        let caught = match self.layer(heap, module, choice, self.depth)? {
            Flow::Returned => {
                heap.take(RESULT, CALLED);
                Caught::Nothing
            }
            Flow::Raised => {
                failure::pass_through(heap, Place { code: module.middleware, line: 2 })?;
                heap.store_take(REQUEST, ERROR, CALLED);
                list::new(heap, SCRATCH[0], 0)?;
                make_response(heap, module, 500)?;
                Caught::Failure
            }
        };
        heap.take(CALLED, RESULT);
        if caught == Caught::Failure {
            failure::leave_frame(heap);
        }
        heap.leave_with(frame, CALLED);
        Ok(caught)
    }

    fn layer<H: Heap>(
        &self,
        heap: &mut H,
        module: &Module,
        choice: Choice,
        depth: u32,
    ) -> Result<Flow, OutOfMemory> {
        let frame = heap.enter(2, LOCALS)?;
        heap.safepoint();
        heap.copy(CALLED, SESSIONS);
        heap.copy(ARGUMENT, REQUEST);
        let flow = if depth == 0 {
            self.view(heap, module, choice)?
        } else {
            self.layer(heap, module, choice, depth - 1)?
        };
        if flow == Flow::Raised {
            failure::pass_through(heap, Place { code: module.layer, line: 3 })?;
            failure::leave_frame(heap);
        }
        heap.leave_with(frame, CALLED);
        Ok(flow)
    }

    fn view<H: Heap>(&self, heap: &mut H, module: &Module, choice: Choice) -> Result<Flow, OutOfMemory> {
        let frame = heap.enter(2, LOCALS)?;
        heap.safepoint();
        count_visit(heap, module)?;
        self.make_rows(heap, module)?;
        if choice.fails {
            heap.take(RESULT, SCRATCH[0]);
            failure::raise(heap)?;
            failure::pass_through(heap, Place { code: module.view, line: 4 })?;
            failure::leave_frame(heap);
            heap.leave_with(frame, CALLED);
            return Ok(Flow::Raised);
        }
        make_response(heap, module, 200)?;
        heap.leave_with(frame, RESULT);
        Ok(Flow::Returned)
    }

    /// `SCRATCH[0] = [(i, i * 0.5) for i in range(ROWS)]`.
    fn make_rows<H: Heap>(&self, heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        let ([rows, value], row) = (SCRATCH, CALLED);
        list::new(heap, rows, 0)?;
        for number in 0..self.rows {
            heap.safepoint();
            tuple::new(heap, row, 2)?;
            module.statics.int(heap, value, i128::from(number))?;
            heap.store_take(row, 0, value);
            float::new(heap, value, f64::from(number) * 0.5)?;
            heap.store_take(row, 1, value);
            list::append(heap, rows, row)?;
        }
        Ok(())
    }
}

/// `session = sessions[request.headers['session']]; session.visits += 1; session.last_path = request.path`.
fn count_visit<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    let ([headers, scratch], key, session, value) = (SCRATCH, CALLED, RESULT, ARGUMENT);
    heap.load(headers, REQUEST, HEADERS);
    heap.load_immortal(session, module.session);
    let has_key = dict::get(heap, key, headers, session, scratch);
    let has_session = has_key && dict::get(heap, session, SESSIONS, key, scratch);
    debug_assert!(has_session, "every request names a session that exists");
    heap.load(value, session, VISITS);
    let visits = heapbench_objects::int::value(heap, value) + 1;
    module.statics.int(heap, value, visits)?;
    heap.store_take(session, VISITS, value);
    heap.load(value, REQUEST, PATH);
    heap.store_take(session, LAST_PATH, value);
    [headers, key, session].into_iter().for_each(|local| heap.clear(local));
    Ok(())
}

/// `RESULT =` a response with this status; its body is the list in `SCRATCH[0]`, taken.
fn make_response<H: Heap>(heap: &mut H, module: &Module, status: i128) -> Result<(), OutOfMemory> {
    let [body, value] = SCRATCH;
    instance::new(heap, RESULT, RESPONSE_ATTRIBUTES)?;
    heap.store_take(RESULT, BODY, body);
    module.statics.int(heap, value, status)?;
    heap.store_take(RESULT, STATUS, value);
    dict::new(heap, value)?;
    heap.store_take(RESULT, RESPONSE_HEADERS, value);
    Ok(())
}
