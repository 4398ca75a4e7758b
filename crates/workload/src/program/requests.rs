//! A server: requests with a dict of headers, answered through a stack of calls, some of which fail.
//!
//! ```python
//! def serve(requests):                       def view(request):
//!     for n in requests:                         session = sessions[request.headers['session']]
//!         request = parse(n)                     session.visits += 1
//!         response = middleware(request)         rows = [(i, i * 0.5) for i in range(ROWS)]
//!         total += response.status               if fails(request): raise Failure(request.path)
//!                                                return Response(200, rows)
//! def middleware(request):
//!     try: return layer(request, DEPTH)      def layer(request, depth):
//!     except Failure as e:                       if depth == 0: return view(request)
//!         request.error = e                      return layer(request, depth - 1)
//!         return Response(500, [])
//! ```
//! `request.error = e` closes a cycle: request, exception, traceback, frame, request. It is dropped at once.

mod calls;
mod failure;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Immortal, Introspect, OutOfMemory};
use heapbench_objects::{Statics, dict, instance, int, list, text};
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
    values: Vec<String>,
    session_keys: Vec<String>,
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
        Ok(Requests {
            requests,
            rows: parameters.count("rows", 0..=1_000_000)?,
            depth: parameters.count("depth", 0..=200)?,
            choices,
            names: (0..headers).map(|n| format!("x-header-{n}")).collect(),
            values: (0..VALUES).map(|n| format!("{:x}", (n + 1) * 0x9e37_79b9)).collect(),
            session_keys: (0..sessions).map(|n| format!("session-{n:08}")).collect(),
        })
    }
}

/// What the module's names stand for: immortal, as constants and functions of a running program are.
struct Module {
    statics: Statics,
    headers: Vec<Immortal>,
    session: Immortal,
    path: Immortal,
    view: Immortal,
    layer: Immortal,
    middleware: Immortal,
    serve: Immortal,
}

/// One request's numbers.
#[derive(Clone, Copy)]
struct Choice {
    number: u32,
    session: u32,
    fails: bool,
}

/// Locals of `serve`. The last two are the arguments of its calls.
mod serve {
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
        let main = heap.enter(0, serve::COUNT)?;
        let module = self.module(heap)?;
        self.make_sessions(heap, &module)?;
        let mut checksum = Checksum::default();
        for (number, (session, fails)) in (0..self.requests).zip(self.choices.iter().cycle()) {
            heap.safepoint();
            let choice = Choice { number, session: *session, fails: *fails };
            self.parse(heap, &module, choice)?;
            heap.copy(serve::REQUEST, serve::CALLED);
            heap.take(serve::ARGUMENT, serve::CALLED);
            heap.copy(serve::CALLED, serve::SESSIONS);
            if self.middleware(heap, &module, choice)? == calls::Caught::Failure {
                failure::link_caller(heap, &module)?;
            }
            read_response(heap, &mut checksum);
        }
        heap.clear(serve::REQUEST);
        read_sessions(heap, &mut checksum);
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.requests) })
    }
}

impl Requests {
    fn module<H: Heap>(&self, heap: &mut H) -> Result<Module, OutOfMemory> {
        let mut statics = Statics::new(heap, serve::VALUE)?;
        let mut intern = |name: &str| statics.intern(heap, name, serve::VALUE);
        let headers = self.names.iter().map(|name| intern(name)).collect::<Result<_, _>>()?;
        Ok(Module {
            headers,
            session: intern("session")?,
            path: intern("/reports/daily")?,
            view: intern("view")?,
            layer: intern("layer")?,
            middleware: intern("middleware")?,
            serve: intern("serve")?,
            statics,
        })
    }

    /// `SESSIONS =` a dict of sessions: instances with a user, a number of visits, and the last path.
    fn make_sessions<H: Heap>(&self, heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        use serve::{ARGUMENT as SCRATCH, CALLED as KEY, RESPONSE as SESSION, SESSIONS, VALUE};
        dict::new(heap, SESSIONS)?;
        for key in &self.session_keys {
            heap.safepoint();
            text::new(heap, KEY, key)?;
            instance::new(heap, SESSION, calls::SESSION_ATTRIBUTES)?;
            heap.store(SESSION, calls::USER, KEY);
            module.statics.int(heap, VALUE, 0)?;
            heap.store_take(SESSION, calls::VISITS, VALUE);
            module.statics.none(heap, VALUE);
            heap.store_take(SESSION, calls::LAST_PATH, VALUE);
            dict::insert(heap, SESSIONS, KEY, SESSION, SCRATCH)?;
        }
        Ok(())
    }
}

/// Folds in status and rows of the response in `CALLED`, and drops it.
fn read_response<H: Heap>(heap: &mut H, checksum: &mut Checksum) {
    use serve::{CALLED, RESPONSE, VALUE};
    heap.take(RESPONSE, CALLED);
    heap.load(VALUE, RESPONSE, calls::STATUS);
    checksum.add(int::value(heap, VALUE) as u64);
    heap.load(VALUE, RESPONSE, calls::BODY);
    checksum.add(list::len(heap, VALUE) as u64);
    heap.clear(VALUE);
    heap.clear(RESPONSE);
}

/// Folds in the visits of every session, in order of insertion.
fn read_sessions<H: Heap>(heap: &mut H, checksum: &mut Checksum) {
    use serve::{CALLED as KEY, RESPONSE as SESSION, SESSIONS, VALUE};
    let mut position = 0;
    while let Some(next) = dict::next(heap, SESSIONS, position, KEY, SESSION) {
        heap.safepoint();
        heap.load(VALUE, SESSION, calls::VISITS);
        checksum.add(int::value(heap, VALUE) as u64);
        position = next;
    }
}
