//! A server: requests with a dict of headers, answered through a stack of calls, some of which fail.
//!
//! ```python
//! for number in range(requests):               def view(service, request):
//!     request = parse(service, number, …)          session = service.sessions[request.headers["session"]]
//!     response = middleware(service, request)      session.visits += 1
//!     …                                            session.last_path = request.path
//!                                                  rows = []
//! def middleware(service, request):                for number in range(service.rows):
//!     try:                                             rows.append((number, number * 0.5))
//!         return layer(service, request, depth)    if request.broken:
//!     except Failure as error:                         raise Failure(request.path)
//!         request.error = error                    return Response(200, rows)
//!         return Response(500, [])
//!                                              def layer(service, request, depth):
//!                                                  if depth == 0: return view(service, request)
//!                                                  return layer(service, request, depth - 1)
//! ```
//! `request.error = error` closes a cycle: request, exception, traceback, frame, request. It is garbage when the next
//! request comes. Of `service`, what a request reads is the program's own; the heap has the sessions.

mod calls;
mod failure;
mod records;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Immortal, Introspect, Kind, OutOfMemory, Recorder, Shape};
use heapbench_objects::text::{self, Characters};
use heapbench_objects::{Statics, dict, instance, int, iterator, list, tuple};
use rand::RngExt;

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 18;
/// Different header values.
const VALUES: usize = 1024;

/// Parameters, choices, and the texts of the requests.
#[derive(Debug)]
pub struct Requests {
    requests: u32,
    rows: u32,
    depth: u32,
    /// For each request: the number of its session, and whether it fails.
    choices: Vec<(u32, bool)>,
    names: Vec<String>,
    values: Vec<Characters>,
    session_keys: Vec<Characters>,
}

impl Requests {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Requests, WorkloadError> {
        let requests = parameters.count("requests", 1..=1_000_000_000)?;
        let headers = parameters.count("headers", 0..=1000)?;
        let sessions = parameters.count("sessions", 1..=10_000_000)?;
        let failure_rate = parameters.number("failure_rate", 0.0..=1.0)?;
        let mut generator = random::generator(seed);
        let count = CHOICES.min(requests as usize);
        let draw = |_| (generator.random_range(0..sessions), generator.random_bool(failure_rate));
        let choices = (0..count).map(draw).collect();
        let value = |n| Characters::new(&format!("{:x}", (n + 1) * 0x9e37_79b9));
        Ok(Requests {
            requests,
            rows: parameters.count("rows", 0..=1_000_000)?,
            depth: parameters.count("depth", 0..=200)?,
            choices,
            names: (0..headers).map(|n| format!("x-header-{n}")).collect(),
            values: (0..VALUES).map(value).collect(),
            session_keys: (0..sessions).map(|n| Characters::new(&format!("session-{n:08}"))).collect(),
        })
    }
}

/// What the module's names stand for: immortal, as constants and functions of a running program are; and its classes.
struct Module {
    statics: Statics,
    headers: Vec<Immortal>,
    session: Immortal,
    path: Immortal,
    view: Immortal,
    layer: Immortal,
    middleware: Immortal,
    run: Immortal,
    /// 200, a constant of the program's.
    ok: Immortal,
    /// 500, likewise.
    server_error: Immortal,
    sessions: instance::Class,
    requests: instance::Class,
    responses: instance::Class,
}

/// One request's numbers.
#[derive(Clone, Copy)]
struct Choice {
    number: u32,
    session: u32,
    broken: bool,
}

/// Locals of `run`. The last two are the arguments of its calls.
mod run {
    use heapbench_heap::Local;
    pub(super) const SESSIONS: Local = Local::new(0);
    pub(super) const REQUEST: Local = Local::new(1);
    pub(super) const RESPONSE: Local = Local::new(2);
    pub(super) const VALUE: Local = Local::new(3);
    pub(super) const FRAME: Local = Local::new(4);
    /// Gets a call's result: the first argument of every call.
    pub(super) const CALLED: Local = Local::new(5);
    pub(super) const ARGUMENT: Local = Local::new(6);
    pub(super) const COUNT: usize = 7;
}

impl Program for Requests {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, run::COUNT)?;
        let module = &mut self.module(heap)?;
        self.make_sessions(heap, module)?;
        let mut checksum = Checksum::default();
        let mut counted = false;
        heap.recorder_mut().mark();
        for (number, (session, broken)) in (0..self.requests).zip(self.choices.iter().cycle()) {
            let choice = Choice { number, session: *session, broken: *broken };
            self.parse(heap, module, choice)?;
            heap.take(run::REQUEST, run::CALLED);
            heap.copy(run::CALLED, run::SESSIONS);
            heap.copy(run::ARGUMENT, run::REQUEST);
            let caught = self.middleware(heap, module, choice)?;
            heap.take(run::RESPONSE, run::CALLED);
            if caught == calls::Caught::Failure {
                failure::link_caller(heap, module)?;
                if !counted {
                    H::Recorder::at_most(heap);
                    counted = true;
                }
            }
            read_response(heap, &mut checksum);
            heap.safepoint();
            heap.recorder_mut().mark();
        }
        read_sessions(heap, &mut checksum)?;
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.requests) })
    }
}

impl Requests {
    fn module<H: Heap>(&self, heap: &mut H) -> Result<Module, OutOfMemory> {
        let mut statics = Statics::new(heap, run::VALUE)?;
        // The first call of each class, not specialised yet, makes a tuple of the arguments, as all calls do up to 3.12.
        for arguments in
            [records::session::ARGUMENTS, records::request::ARGUMENTS, records::response::ARGUMENTS]
        {
            tuple::new(heap, run::VALUE, arguments)?;
            heap.clear(run::VALUE);
        }
        let mut intern = |name: &str| statics.intern(heap, name, run::VALUE);
        let headers = self.names.iter().map(|name| intern(name)).collect::<Result<_, _>>()?;
        Ok(Module {
            headers,
            session: intern("session")?,
            path: intern("/reports/daily")?,
            view: intern("view")?,
            layer: intern("layer")?,
            middleware: intern("middleware")?,
            run: intern("run")?,
            ok: statics.constant(heap, 200, run::VALUE)?,
            server_error: statics.constant(heap, 500, run::VALUE)?,
            statics,
            sessions: instance::Class::new(records::session::ATTRIBUTES),
            requests: instance::Class::new(records::request::ATTRIBUTES),
            responses: instance::Class::new(records::response::ATTRIBUTES),
        })
    }

    /// `make_sessions(service)`: `SESSIONS =` a dict of sessions.
    fn make_sessions<H: Heap>(&self, heap: &mut H, module: &mut Module) -> Result<(), OutOfMemory> {
        use run::{ARGUMENT as SESSION, CALLED as KEY, SESSIONS, VALUE as SCRATCH};
        heap.safepoint();
        dict::new(heap, SESSIONS)?;
        for key in &self.session_keys {
            text::of(heap, KEY, key)?;
            heap.copy(SESSION, KEY);
            records::session::new(heap, module)?;
            dict::insert(heap, SESSIONS, KEY, SESSION, SCRATCH)?;
            heap.safepoint();
        }
        Ok(())
    }
}

/// Folds in status and rows of the response.
fn read_response<H: Heap>(heap: &mut H, checksum: &mut Checksum) {
    use run::{RESPONSE, VALUE};
    heap.load(VALUE, RESPONSE, records::response::STATUS);
    checksum.add(int::value(heap, VALUE) as u64);
    heap.load(VALUE, RESPONSE, records::response::BODY);
    checksum.add(list::len(heap, VALUE) as u64);
    heap.clear(VALUE);
}

/// Folds in the visits of every session, in order of insertion: `for session in sessions.values()`.
fn read_sessions<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    use run::{ARGUMENT as SCRATCH, CALLED as KEY, FRAME as SESSION, RESPONSE as ITERATOR, SESSIONS, VALUE};
    /// What `dict.values()` is: 40 bytes with the GC head.
    const VIEW: Shape = Shape::new(Kind::Object, 1, 0);
    heap.allocate(VALUE, VIEW)?;
    heap.store(VALUE, 0, SESSIONS);
    iterator::new_dict(heap, ITERATOR, SESSIONS)?;
    heap.clear(VALUE);
    while iterator::next_dict(heap, KEY, SESSION, ITERATOR, SCRATCH) {
        heap.load(VALUE, SESSION, records::session::VISITS);
        checksum.add(int::value(heap, VALUE) as u64);
        heap.safepoint();
    }
    Ok(())
}
