//! Trees of tasks under an event loop: futures, callbacks, coroutines; some tasks fail, some wait in vain and are cancelled.
//!
//! ```python
//! class Task(Future):                                  async def node(loop, context, number, depth):
//!     def step(self, _future):                             for branch in range(branches):
//!         try:                                                 … children.append(Task(loop, request, coroutine))
//!             future = self.coroutine.send(None)           everyone = gather(loop, context, children)
//!         except StopIteration as stop:                    if depth == 1:
//!             self.finish(stop.value, None)                    await sleep(loop, context)
//!         except (Failure, Cancelled) as error:                await sleep(loop, context)
//!             self.finish(None, error)                         … child.cancel()
//!         else:                                            await everyone
//!             self.waits_for = future                      …
//!             future.add_done_callback(self.step)          return total
//! ```
//! A task that fails keeps its exception, whose traceback refers to the frame of `step`, which refers to the task. The
//! twin, `workloads/python/async_tasks.py`, has a loop of its own too: that of asyncio is written in C.

mod coroutines;
mod event_loop;
mod failure;
mod future;
mod gather;
mod module;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, OutOfMemory, Recorder};
use heapbench_objects::int;
use module::Module;
use rand::RngExt;

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: u64 = 1 << 18;

/// What becomes of one of the lowest tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Plan {
    Answers,
    Fails,
    Hangs,
}

/// Parameters and choices.
#[derive(Debug)]
pub struct AsyncTasks {
    trees: u32,
    depth: u8,
    branches: u32,
    /// Tasks of a tree.
    tasks: u64,
    plan: Vec<Plan>,
}

impl AsyncTasks {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<AsyncTasks, WorkloadError> {
        let trees = parameters.count("trees", 1..=1_000_000_000)?;
        let depth = parameters.count("depth", 1..=16)?;
        let branches = parameters.count("branches", 1..=1_000_000)?;
        let failure_rate = parameters.number("failure_rate", 0.0..=1.0)?;
        let hang_rate = parameters.number("hang_rate", 0.0..=1.0)?;
        let leaves = u64::from(branches).checked_pow(depth).filter(|leaves| *leaves <= 100_000_000);
        let Some(leaves) = leaves else {
            return Err(parameters.invalid("branches", "at most 100000000 lowest tasks in a tree"));
        };
        let mut generator = random::generator(seed);
        let draw = |_| {
            let (fails, hangs) = (generator.random_bool(failure_rate), generator.random_bool(hang_rate));
            match (fails, hangs) {
                (true, _) => Plan::Fails,
                (false, true) => Plan::Hangs,
                (false, false) => Plan::Answers,
            }
        };
        Ok(AsyncTasks {
            trees,
            depth: depth as u8,
            branches,
            tasks: (0..=depth).map(|level| u64::from(branches).pow(level)).sum(),
            plan: (0..CHOICES.min(u64::from(trees) * leaves)).map(draw).collect(),
        })
    }
}

/// One run: the program and what its names stand for.
struct Run<'a> {
    program: &'a AsyncTasks,
    module: Module,
}

/// Locals of `run`.
mod main {
    use heapbench_heap::Local;
    pub(super) const LOOP: Local = Local::new(0);
    pub(super) const CONTEXT: Local = Local::new(1);
    pub(super) const ROOT: Local = Local::new(2);
    pub(super) const FRAME: Local = Local::new(3);
    pub(super) const NUMBER: Local = Local::new(4);
    pub(super) const SCRATCH: [Local; 2] = [Local::new(5), Local::new(6)];
    /// Arguments of calls.
    pub(super) const ARGUMENTS: [Local; 4] = [Local::new(7), Local::new(8), Local::new(9), Local::new(10)];
    pub(super) const COUNT: usize = 11;
}

impl Program for AsyncTasks {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        use main::{ARGUMENTS, CONTEXT, LOOP, ROOT, SCRATCH};
        let frame = heap.enter(0, main::COUNT)?;
        let module = Module::new(heap, [ARGUMENTS[0], ARGUMENTS[1], ARGUMENTS[2]])?;
        let mut run = Run { program: self, module };
        let mut checksum = Checksum::default();
        for tree in 0..self.trees {
            run.start_tree(heap, tree)?;
            if tree == 0 {
                heap.copy(ARGUMENTS[3], LOOP);
                run.run_ticks(heap, u32::from(self.depth))?;
                H::Recorder::at_most(heap);
            }
            heap.copy(ARGUMENTS[2], LOOP);
            heap.copy(ARGUMENTS[3], ROOT);
            run.run_until_complete(heap)?;
            run.link_frame(heap, main::FRAME, [ARGUMENTS[2], SCRATCH[0], SCRATCH[1]], module::RUN)?;
            heap.safepoint();
            heap.load(SCRATCH[0], ROOT, future::RESULT);
            checksum.add(int::value(heap, SCRATCH[0]) as u64);
            heap.clear(SCRATCH[0]);
            heap.safepoint();
        }
        debug_assert!(!heap.is_nil(CONTEXT));
        heap.leave(frame);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.trees) * self.tasks })
    }
}

impl Run<'_> {
    /// `loop = Loop(); context = {…}; root = Task(loop, context, node(loop, context, tree, depth, …))`.
    fn start_tree<H: Heap>(&mut self, heap: &mut H, tree: u32) -> Result<(), OutOfMemory> {
        use main::{ARGUMENTS, CONTEXT, LOOP, NUMBER, ROOT, SCRATCH};
        self.new_loop(heap, LOOP, SCRATCH[0])?;
        self.module.statics.int(heap, NUMBER, i128::from(tree))?;
        self.new_context(heap, CONTEXT, NUMBER, self.program.depth, ARGUMENTS)?;
        let [coroutine, scratch] = SCRATCH;
        self.new_node(heap, coroutine, [LOOP, CONTEXT, NUMBER], self.program.depth, scratch)?;
        heap.clear(NUMBER);
        self.new_task(heap, ROOT, [LOOP, CONTEXT, coroutine], ARGUMENTS)
    }
}
