//! All workloads under all Pythons, side by side: a row for each pair.

use crate::interruption;
use crate::plan::Work;
use crate::python::interpreter::Implementation;
use crate::python::twins::NoAnswer;
use crate::python::{Answer, Interpreter, Mode, Twins};
use crate::validation::comparison::{Finding, compare};
use crate::validation::counterpart::Counterpart;
use crate::validation::observation::Observation;
use crate::validation::observer::{self, Request};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// What is to be validated.
#[derive(Debug)]
pub struct Campaign {
    /// The workloads with their parameters.
    pub works: Vec<Work>,
    /// The Pythons.
    pub pythons: Vec<Interpreter>,
    /// Seed of the workloads' random choices.
    pub seed: u64,
    /// Time limit of a run.
    pub timeout: Duration,
    /// Rows at a time.
    pub threads: usize,
}

/// One workload under one Python.
#[derive(Clone, Debug)]
pub struct Row {
    /// The workload's name.
    pub workload: String,
    /// The Python's name; empty where the workload has no twin.
    pub python: String,
    /// The strategy that it is compared with.
    pub strategy: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a row.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A finding for each column.
    Compared(Box<[Finding; 7]>),
    /// A side gave no answer: which, and why, in one line.
    Failed(String),
    /// The workload has no twin.
    NoTwin,
}

/// A workload, and a Python if it has a twin to be run.
type Pair<'a> = (&'a Work, Option<&'a Interpreter>);

impl Campaign {
    /// Runs everything; `done` is told each row as soon as it is there. The rows, in order: those that the user did not
    /// interrupt.
    pub fn run(&self, twins: &Twins, done: &mut dyn FnMut(&Row)) -> Vec<Row> {
        let pairs = self.pairs(twins);
        let next = AtomicUsize::new(0);
        let (sender, receiver) = channel();
        let mut rows: Vec<(usize, Row)> = std::thread::scope(|scope| {
            for _ in 0..self.threads.clamp(1, pairs.len().max(1)) {
                let (sender, next, pairs) = (sender.clone(), &next, &pairs);
                scope.spawn(move || {
                    while let Some((place, row)) = self.next_row(twins, pairs, next) {
                        if sender.send((place, row)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            receiver.iter().inspect(|(_, row)| done(row)).collect()
        });
        rows.sort_by_key(|(place, _)| *place);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// How many rows there will be.
    pub fn size(&self, twins: &Twins) -> usize {
        self.pairs(twins).len()
    }

    fn pairs(&self, twins: &Twins) -> Vec<Pair<'_>> {
        let of = |work| match twins.script(&self.program(work)) {
            Some(_) => self.pythons.iter().map(|python| (work, Some(python))).collect(),
            None => vec![(work, None)],
        };
        self.works.iter().flat_map(of).collect()
    }

    fn program(&self, work: &Work) -> String {
        work.definition.program.clone()
    }

    /// The next row that nobody works on. None when there is no more, or the user interrupted.
    fn next_row(&self, twins: &Twins, pairs: &[Pair], next: &AtomicUsize) -> Option<(usize, Row)> {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let (work, python) = *pairs.get(place)?;
        if interruption::requested() {
            return None;
        }
        let workload = work.definition.name.clone();
        let Some(python) = python else {
            let (python, strategy) = Default::default();
            return Some((place, Row { workload, python, strategy, outcome: Outcome::NoTwin }));
        };
        let counterpart = Counterpart::of(python);
        let outcome = match self.outcome(twins, work, python, &counterpart) {
            Ok(findings) => Outcome::Compared(Box::new(findings)),
            Err(NoAnswer::Interrupted) => return None,
            Err(NoAnswer::NoTwin) => Outcome::NoTwin,
            Err(NoAnswer::Failed(why) | NoAnswer::TimedOut(why)) => Outcome::Failed(why),
        };
        Some((place, Row { workload, python: python.name(), strategy: counterpart.strategy, outcome }))
    }

    fn outcome(
        &self,
        twins: &Twins,
        work: &Work,
        python: &Interpreter,
        counterpart: &Counterpart,
    ) -> Result<[Finding; 7], NoAnswer> {
        let theirs = self.theirs(twins, work, python)?;
        let ours = self.ours(work, counterpart)?;
        Ok(compare(&ours, &theirs, counterpart))
    }

    fn theirs(&self, twins: &Twins, work: &Work, python: &Interpreter) -> Result<Observation, NoAnswer> {
        // Elsewhere there is no `tracemalloc`, and what collections and objects are is another matter.
        let modes = match python.implementation {
            Implementation::CPython => &Mode::ALL[..],
            Implementation::PyPy => &[Mode::Plain],
        };
        let mut answers: Vec<Answer> = Vec::new();
        for mode in modes {
            let program = self.program(work);
            let answer = twins.run(python, &program, &work.parameters, self.seed, *mode, self.timeout)?;
            answers.push(answer);
        }
        Observation::of_modes(&answers[0], &answers[1..]).map_err(NoAnswer::Failed)
    }

    fn ours(&self, work: &Work, counterpart: &Counterpart) -> Result<Observation, NoAnswer> {
        let request = Request {
            strategy: counterpart.strategy.clone(),
            workload: work.definition.name.clone(),
            parameters: work.parameters.clone(),
            seed: self.seed,
        };
        let told = |why| NoAnswer::Failed(format!("{}: {why}", counterpart.strategy));
        let answer = observer::ask(&request, self.timeout).map_err(told)?;
        answer.map(|answer| Observation::of(&answer)).ok_or(NoAnswer::Interrupted)
    }
}
