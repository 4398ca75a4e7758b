//! A task carried out in this process: the suite of `heapbench-conformance` on the strategy's type.

use crate::proof::{Account, Answer, Breach, Task};
use crate::registry::{self, WithHeap};
use crate::trouble::Trouble;
use heapbench_conformance::{Deaths, Exhaustion, Plan, Report, Violation, check_exhaustion, check_random};
use heapbench_heap::{Heap, HeapConfig, Introspect};
use heapbench_measure::Stopwatch;

/// Carries out a task.
///
/// # Errors
/// A configuration that nobody knows.
pub fn run(task: &Task) -> Result<Answer, Trouble> {
    let configuration = registry::resolve(&task.strategy)?;
    let config = registry::heap_config(&configuration, None);
    let watch = Stopwatch::start();
    let checked = registry::dispatch(&configuration, Suite { task, config })?;
    Ok(match checked {
        Ok(account) => Answer::Kept(Account { cpu_ns: watch.elapsed().cpu_ns, ..account }),
        Err(violation) => Answer::Broken(breach(task, &violation)),
    })
}

struct Suite<'a> {
    task: &'a Task,
    config: HeapConfig,
}

impl WithHeap<Deaths> for Suite<'_> {
    type Output = Result<Account, Box<Violation>>;

    fn call<H: Heap<Recorder = Deaths> + Introspect>(self) -> Self::Output {
        let Suite { task, config } = self;
        match task.kind() {
            Kind::Plain => check_random::<H>(&config, &Plan::new(task.seed, task.operations)).map(account),
            Kind::Stress => {
                check_random::<H>(&config, &Plan::stress(task.seed, task.operations)).map(account)
            }
            Kind::Exhaustion => {
                let operations = task.operations.div_ceil(OPERATIONS_EXHAUSTED);
                let plan = Plan::stress(task.seed, operations);
                check_exhaustion::<H>(&config, &plan).map(|done| account_of_exhaustion(&plan, &done))
            }
        }
    }
}

/// What a task does with its operations.
enum Kind {
    Plain,
    Stress,
    /// They are few, and performed again and again while another request for memory fails.
    Exhaustion,
}

/// Exhaustion performs each of its operations some hundred times.
const OPERATIONS_EXHAUSTED: usize = 40;

impl Task {
    /// Under stress every eighth seed is for exhaustion.
    fn kind(&self) -> Kind {
        match (self.stress, self.seed % 8) {
            (false, _) => Kind::Plain,
            (true, 7) => Kind::Exhaustion,
            (true, _) => Kind::Stress,
        }
    }
}

fn account(report: Report) -> Account {
    Account {
        operations: report.operations as u64,
        allocated: report.allocated,
        died: report.died,
        collections: report.collections,
        hooks: report.hooks,
        out_of_memory: report.out_of_memory,
        cpu_ns: 0,
        hash: report.hash,
    }
}

/// Each run performs the plan's operations and some more to let go of everything; those are not counted.
fn account_of_exhaustion(plan: &Plan, done: &Exhaustion) -> Account {
    let mut account = Account::default();
    let runs: u64 = done.runs.iter().sum();
    for number in done.runs.into_iter().chain([done.struck, done.out_of_memory_in_hooks, done.not_made]) {
        account.add(&Account { hash: number, ..Account::default() });
    }
    Account { operations: runs * plan.operations as u64, out_of_memory: done.out_of_memory, ..account }
}

fn breach(task: &Task, violation: &Violation) -> Breach {
    Breach {
        task: task.clone(),
        operation: Some(format!("operation {}, {}", violation.number, violation.operation)),
        expected: violation.expected.clone(),
        actual: violation.actual.clone(),
        shrunk: violation.operations.iter().map(ToString::to_string).collect(),
        script: violation.script().map(ToString::to_string),
        alone: true,
    }
}
