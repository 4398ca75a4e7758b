//! All plans of one strategy, dealt to threads with a process each, their answers put in the order of seeds: so what is
//! reported does not depend on the number of threads.
//!
//! Plans are begun in order and each that was begun is finished. What is reported ends with the first plan, in order,
//! that breaks the contract, or with the last that was begun before an interruption.

use crate::interruption;
use crate::proof::process::{Death, Process};
use crate::proof::{Account, Answer, Breach, Task};
use crate::trouble::Trouble;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// Operations of a plan: short, for many seeds find more than long runs; long enough for heaps to fill and age.
pub const OPERATIONS_A_PLAN: u64 = 10_000;

/// Tasks that a process is given before a fresh one takes over: what a strategy never gives back goes with it.
const TASKS_A_PROCESS: u64 = 1_000;

/// What is to be proven of one strategy.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Full configuration text.
    pub strategy: String,
    /// The first plan's seed; the others' follow it.
    pub seed: u64,
    /// Operations of all plans together.
    pub operations: u64,
    /// Whether the plans are those of stress.
    pub stress: bool,
    /// Threads, at least one.
    pub threads: usize,
    /// Time limit of a plan.
    pub timeout: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was done, up to the plan that broke the contract.
    pub account: Account,
    /// Plans that kept the contract.
    pub plans: u64,
    /// The first that did not.
    pub breach: Option<Breach>,
    /// Whether the user stopped it before the last plan was begun.
    pub interrupted: bool,
}

type Answered = (u64, Result<Answer, Trouble>);

impl Campaign {
    /// Number of plans; the last one may be short.
    pub fn plans(&self) -> u64 {
        self.operations.div_ceil(OPERATIONS_A_PLAN)
    }

    fn task(&self, plan: u64) -> Task {
        let left = self.operations - plan * OPERATIONS_A_PLAN;
        Task {
            strategy: self.strategy.clone(),
            seed: self.seed.wrapping_add(plan),
            operations: left.min(OPERATIONS_A_PLAN) as usize,
            stress: self.stress,
        }
    }

    /// Carries it out. `advance` is told the operations of each plan that has ended, in any order.
    ///
    /// # Errors
    /// A process cannot be started.
    pub fn run(&self, advance: &mut dyn FnMut(u64)) -> Result<Outcome, Trouble> {
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let (sender, answers) = channel();
        let threads = self.threads.min(usize::try_from(self.plans()).unwrap_or(usize::MAX));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let sender = sender.clone();
                scope.spawn(|| self.work(&next, &stop, sender));
            }
            drop(sender);
            let advancing =
                answers.into_iter().inspect(|(plan, _)| advance(self.task(*plan).operations as u64));
            self.in_order(advancing)
        })
    }

    /// A thread: takes the next plan until there is none, or one has broken the contract.
    fn work(&self, next: &AtomicU64, stop: &AtomicBool, answers: Sender<Answered>) {
        let mut process = None;
        while !stop.load(Ordering::SeqCst) && !interruption::requested() {
            let plan = next.fetch_add(1, Ordering::SeqCst);
            if plan >= self.plans() {
                break;
            }
            let answer = self.answer(&mut process, &self.task(plan));
            if !matches!(answer, Ok(Answer::Kept(_))) {
                stop.store(true, Ordering::SeqCst);
            }
            // The receiver lives until all senders are gone.
            let _ = answers.send((plan, answer));
        }
    }

    fn in_order(&self, answers: impl Iterator<Item = Answered>) -> Result<Outcome, Trouble> {
        let (mut outcome, mut early) = (Outcome::default(), BTreeMap::new());
        for (plan, answer) in answers {
            early.insert(plan, answer);
            while outcome.breach.is_none()
                && let Some(answer) = early.remove(&outcome.plans)
            {
                match answer? {
                    Answer::Kept(account) => {
                        outcome.account.add(&account);
                        outcome.plans += 1;
                    }
                    Answer::Broken(breach) => outcome.breach = Some(breach),
                }
            }
        }
        outcome.interrupted = outcome.breach.is_none() && outcome.plans < self.plans();
        Ok(outcome)
    }

    fn answer(&self, process: &mut Option<Process>, task: &Task) -> Result<Answer, Trouble> {
        let used = match process.take() {
            Some(process) if process.asked() < TASKS_A_PROCESS => process,
            _ => Process::start()?,
        };
        let asked = process.insert(used);
        let seen = match asked.ask(task, self.timeout) {
            Ok(Answer::Broken(breach)) => breach,
            Ok(kept) => return Ok(kept),
            Err(death) => died(task, death),
        };
        let was_alone = asked.asked() == 1;
        *process = None;
        if seen.operation.is_some() && was_alone {
            Ok(Answer::Broken(seen))
        } else {
            self.alone(seen).map(Answer::Broken)
        }
    }

    /// Tries a plan that broke the contract in a fresh process: whether it does so alone, and, where the process dies
    /// and cannot shrink it, with how few operations. (Fewer operations are a beginning of the same ones.)
    fn alone(&self, seen: Breach) -> Result<Breach, Trouble> {
        let attempt = |operations| {
            let task = Task { operations, ..seen.task.clone() };
            Ok::<_, Trouble>((Process::start()?.ask(&task, self.timeout), task))
        };
        let (mut shortest, hung) = match attempt(seen.task.operations)? {
            (Ok(Answer::Broken(breach)), _) => return Ok(breach),
            (Ok(Answer::Kept(_)), _) => return Ok(Breach { alone: false, ..seen }),
            (Err(death), task) => (died(&task, death.clone()), death.hung),
        };
        let mut kept = 0;
        while !hung && shortest.task.operations - kept > 1 && !interruption::requested() {
            let middle = kept + (shortest.task.operations - kept) / 2;
            match attempt(middle)? {
                (Ok(Answer::Kept(_)), _) => kept = middle,
                (Ok(Answer::Broken(breach)), _) => return Ok(breach),
                (Err(death), task) => shortest = died(&task, death),
            }
        }
        Ok(shortest)
    }
}

fn died(task: &Task, death: Death) -> Breach {
    Breach {
        task: task.clone(),
        operation: None,
        expected: "a process that lives".to_string(),
        actual: death.how,
        shrunk: Vec::new(),
        script: None,
        alone: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(operations: u64) -> Campaign {
        let timeout = Duration::from_secs(60);
        Campaign { strategy: "bump".into(), seed: u64::MAX, operations, stress: false, threads: 2, timeout }
    }

    fn kept(plan: u64) -> Answered {
        (plan, Ok(Answer::Kept(Account { operations: 1 << plan, hash: plan, ..Account::default() })))
    }

    fn broken(campaign: &Campaign, plan: u64) -> Answered {
        let death = Death { how: format!("plan {plan}"), hung: false };
        (plan, Ok(Answer::Broken(died(&campaign.task(plan), death))))
    }

    #[test]
    fn plans_share_the_operations_and_have_seeds_of_their_own() {
        let campaign = campaign(25_000);
        let tasks: Vec<(u64, usize)> =
            (0..campaign.plans()).map(|plan| campaign.task(plan)).map(|t| (t.seed, t.operations)).collect();
        assert_eq!(tasks, [(u64::MAX, 10_000), (0, 10_000), (1, 5_000)]);
    }

    #[test]
    fn answers_in_any_order_give_one_outcome() {
        let campaign = campaign(40_000);
        let outcome = |order: [u64; 4]| campaign.in_order(order.into_iter().map(kept)).unwrap();
        let straight = outcome([0, 1, 2, 3]);
        assert_eq!((straight.plans, straight.account.operations, straight.interrupted), (4, 15, false));
        assert_eq!(outcome([3, 1, 0, 2]), straight);
    }

    #[test]
    fn an_outcome_ends_at_the_first_breach_in_order_or_where_it_was_interrupted() {
        let campaign = campaign(50_000);
        let ended = |answers: Vec<Answered>| campaign.in_order(answers.into_iter()).unwrap();
        let outcome = ended(vec![broken(&campaign, 3), kept(4), broken(&campaign, 1), kept(0), kept(2)]);
        assert_eq!((outcome.plans, outcome.account.operations, outcome.interrupted), (1, 1, false));
        assert_eq!(outcome.breach.unwrap().actual, "plan 1");
        let outcome = ended(vec![kept(1), kept(0)]);
        assert_eq!((outcome.plans, outcome.interrupted, outcome.breach), (2, true, None));
    }

    #[test]
    fn a_trouble_is_not_lost() {
        let answers = vec![kept(0), (1, Err(Trouble::failure("no process")))];
        assert!(campaign(20_000).in_order(answers.into_iter()).is_err());
    }
}
