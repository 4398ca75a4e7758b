//! Heap scripts run: on a strategy's heap and on the model, side by side.
//!
//! ```text
//! script -> interpreter -> resolve: names and numbers of this round, checked
//!                          both:    the operation, on the heap, then on the model as its events guide
//!                          walk:    what was touched, and at times everything, compared
//!                          history: what became of objects  <-  expect
//! ```
//!
//! Names and the saved list are locals of one frame, so the objects in the heap are the script's alone. After every
//! statement that is not silent there is a safe point.
//!
//! | file | concept |
//! |---|---|
//! | `interpreter` | statements one after the other |
//! | `resolve` | a statement as an operation |
//! | `operation` | an operation, performed |
//! | `hooks` | finalizers and callbacks |
//! | `names` | names and the saved list as locals |
//! | `side` | what is remembered of heap and of model |
//! | `both` | heap and model, compared after an operation |
//! | `walk` | the graph compared |
//! | `budget` | how often everything is compared |
//! | `history` | what became of objects |
//! | `expect` | what a script states |
//! | `pattern` | what is written into payloads |
//! | `refusal` | what is refused before it runs |

mod both;
mod budget;
mod expect;
mod history;
mod hooks;
mod interpreter;
mod names;
mod operation;
mod pattern;
mod refusal;
mod resolve;
mod side;
mod walk;

use heapbench_heap::{Heap, HeapConfig, HeapError, Introspect};
use heapbench_script::{Position, Script};
use std::panic::{AssertUnwindSafe, catch_unwind};

use interpreter::Interpreter;
pub use refusal::refusal;
pub use side::Side;

/// Bytes that a script may use when nothing else is said: 4 GiB.
pub const DEFAULT_MEMORY: usize = 1 << 32;

/// Native stack for finalizers that run inside one another: 20 KiB each, of which an unoptimised build takes more than
/// half. Pages are taken when they are touched.
const STACK: usize = 1 << 30;

/// Failures that are kept.
const MOST_FAILURES: usize = 10_000;

/// An expectation that is false, or the contract broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The offending part.
    pub position: Position,
    /// What should be true.
    pub expected: String,
    /// What is.
    pub actual: String,
}

/// Why a script did not run on: a name, a slot or a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The offending part.
    pub position: Position,
    /// `what is wrong, what was expected`.
    pub message: String,
}

/// How a script ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was false, in order; the first ten thousand.
    pub failures: Vec<Failure>,
    /// How many more there were.
    pub more: u64,
    /// Where the script stopped, if it did.
    pub stop: Option<Stop>,
    /// The last failure is one of the heap, not of an expectation.
    pub is_broken: bool,
}

/// How far a script got.
#[derive(Debug, Default)]
struct Progress {
    outcome: Outcome,
    /// The statement that is running.
    at: Position,
}

impl From<Stop> for Outcome {
    /// A script that did not even begin.
    fn from(stop: Stop) -> Outcome {
        Outcome { stop: Some(stop), ..Outcome::default() }
    }
}

impl Outcome {
    /// Whether it ran to its end and everything was true.
    pub fn has_passed(&self) -> bool {
        self.failures.is_empty() && self.stop.is_none()
    }

    fn fail(&mut self, failure: Failure) {
        self.fail_before(self.failures.len(), failure);
    }

    /// Adds a failure that came before later ones.
    fn fail_before(&mut self, place: usize, failure: Failure) {
        if self.failures.len() < MOST_FAILURES {
            self.failures.insert(place.min(self.failures.len()), failure);
        } else {
            self.more += 1;
        }
    }
}

/// Runs a script on a heap of type `H`. The limit of `config` is the memory that the script may use; without one it is
/// [`DEFAULT_MEMORY`].
pub fn run<H: Heap<Recorder = Side> + Introspect>(script: &Script, config: &HeapConfig) -> Outcome {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let ended = thread.spawn_scoped(scope, || run_here::<H>(script, config)).map(|thread| thread.join());
        match ended {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => refused("the run panicked"),
            Err(error) => refused(&format!("no thread with {STACK} bytes of stack: {error}")),
        }
    })
}

fn run_here<H: Heap<Recorder = Side> + Introspect>(script: &Script, config: &HeapConfig) -> Outcome {
    let mut progress = Progress::default();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut interpreter = Interpreter::<H>::new(config, &mut progress)?;
        interpreter.run(script);
        if interpreter.is_broken() {
            // A heap that broke the contract may not even be able to end.
            std::mem::forget(interpreter);
        }
        Ok(())
    }));
    let Progress { mut outcome, at } = progress;
    match ran {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return refused(&HeapError::to_string(&error)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
            let actual = format!("panic '{}'", text.unwrap_or_default());
            outcome.is_broken = true;
            outcome.fail(Failure { position: at, expected: "no panic".into(), actual });
        }
    }
    outcome
}

/// A heap that cannot even be made.
fn refused(message: &str) -> Outcome {
    let message = format!("{message}, expected a heap");
    Outcome::from(Stop { position: Position { line: 1, column: 1 }, message })
}
