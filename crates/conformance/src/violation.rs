//! The contract broken: what was expected, what was found, and how to see it again.

use heapbench_script::Script;
use std::fmt;

use crate::compare::Difference;
use crate::{Operation, Plan};

/// The contract broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The plan that found it.
    pub plan: Plan,
    /// The seed.
    pub seed: u64,
    /// The operation's place in its list, from 0.
    pub number: usize,
    /// The operation.
    pub operation: Operation,
    /// What the model says.
    pub expected: String,
    /// What the strategy did.
    pub actual: String,
    /// A short list of operations that breaks the contract too: replay it with [`replay`](crate::replay).
    pub operations: Vec<Operation>,
    pub(crate) script: Option<Script>,
}

impl Violation {
    /// A violation before the first operation.
    pub(crate) fn of_heap(plan: &Plan, operation: Operation, (expected, actual): Difference) -> Violation {
        let (plan, seed) = (plan.clone(), plan.seed);
        Violation { plan, seed, number: 0, operation, expected, actual, operations: Vec::new(), script: None }
    }

    /// The shrunk operations as a heap script, for `heapbench check`; `None` where the language has no counterpart for
    /// one of them. What a script does is close, not the same: whether it fails too is to be tried.
    pub fn script(&self) -> Option<&Script> {
        self.script.as_ref()
    }

    /// The script as a file to be kept: a header that says where it comes from, and the script.
    /// `strategy` is configuration text.
    pub fn regression(&self, strategy: &str) -> Option<String> {
        let script = self.script()?;
        let Violation { plan, number, operation, expected, actual, .. } = self;
        let (seed, operations) = (plan.seed, plan.operations);
        let stress = if plan.stress { " --stress" } else { "" };
        Some(format!(
            "# {strategy}, seed {seed}, operation {number}, {operation}: expected {}, actual {}\n\
             # Replay: heapbench verify --strategies {strategy} --seed {seed} --ops {operations}{stress}\n\
             {script}",
            one_line(expected),
            one_line(actual)
        ))
    }
}

/// Text as a comment can hold it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, number, operation, expected, actual, operations, .. } = self;
        write!(
            f,
            "seed {seed}, operation {number}, {operation}: expected {expected}, actual {actual}; shrunk: "
        )?;
        operations.iter().enumerate().try_for_each(|(i, operation)| {
            f.write_str(if i == 0 { "" } else { "; " })?;
            write!(f, "{operation}")
        })
    }
}

impl std::error::Error for Violation {}
