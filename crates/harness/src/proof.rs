//! Proof: random operations performed on a strategy and on the reference model, plan by plan.
//!
//! ```text
//! verb verify -> campaign -> threads, a process each -> verb prove -> suite: heapbench-conformance
//!                   ^                                                   |
//!                   +------------ answers, put in the order of seeds ---+
//! ```
//!
//! A strategy that is wrong may take its process with it. So plans run in processes of their own, and whatever becomes
//! of one is an answer.

pub mod campaign;
pub mod process;
pub mod regression;
pub mod suite;

use serde::{Deserialize, Serialize};

/// One plan of random operations on one strategy: everything follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Full configuration text.
    pub strategy: String,
    /// The seed.
    pub seed: u64,
    /// Operations.
    pub operations: usize,
    /// Whether collections, limits and failing requests are frequent.
    pub stress: bool,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The contract was kept.
    Kept(Account),
    /// It was not.
    Broken(Breach),
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Operations performed and compared.
    pub operations: u64,
    /// Objects allocated.
    pub allocated: u64,
    /// Objects that died.
    pub died: u64,
    /// Collections.
    pub collections: u64,
    /// Finalizers and callbacks called.
    pub hooks: u64,
    /// Operations that failed for want of memory.
    pub out_of_memory: u64,
    /// CPU time of it all, the model's and the comparisons' included.
    pub cpu_ns: u64,
    /// A hash of all operations and events, in order.
    pub hash: u64,
}

/// The contract broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The plan that breaks it.
    pub task: Task,
    /// The operation, where one is known: not when the process died.
    pub operation: Option<String>,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
    /// A short list of operations that breaks the contract too; empty where none is known.
    pub shrunk: Vec<String>,
    /// The same as a heap script, where the language can say it.
    pub script: Option<String>,
    /// Whether the plan breaks it as the first and only one of a process. (Corruption may come from a plan before.)
    pub alone: bool,
}

impl Account {
    /// Adds what was done next.
    pub fn add(&mut self, next: &Account) {
        self.operations += next.operations;
        self.allocated += next.allocated;
        self.died += next.died;
        self.collections += next.collections;
        self.hooks += next.hooks;
        self.out_of_memory += next.out_of_memory;
        self.cpu_ns += next.cpu_ns;
        self.hash = following(self.hash, next.hash);
    }

    /// Operations a second of CPU time.
    pub fn rate(&self) -> f64 {
        self.operations as f64 * 1e9 / self.cpu_ns.max(1) as f64
    }
}

/// The hash of all so far, from the one before and what comes next: order matters.
fn following(before: u64, next: u64) -> u64 {
    use std::hash::Hasher;
    let mut hasher = siphasher::sip::SipHasher13::new();
    hasher.write(&before.to_le_bytes());
    hasher.write(&next.to_le_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(hash: u64) -> Account {
        Account { operations: 10, cpu_ns: 5, hash, ..Account::default() }
    }

    #[test]
    fn accounts_add_up_and_their_hash_knows_the_order() {
        let sum = |hashes: &[u64]| {
            let mut all = Account::default();
            hashes.iter().for_each(|hash| all.add(&account(*hash)));
            all
        };
        assert_eq!((sum(&[1, 2]).operations, sum(&[1, 2]).cpu_ns), (20, 10));
        assert_eq!(sum(&[1, 2]).rate(), 2e9);
        assert_eq!(sum(&[1, 2]), sum(&[1, 2]));
        assert_ne!(sum(&[1, 2]).hash, sum(&[2, 1]).hash);
        assert_ne!(sum(&[1]).hash, sum(&[1, 0]).hash);
        // The same on every machine and with every compiler: hashes are compared by people.
        assert_eq!(sum(&[1]).hash, 8_311_861_578_736_502_650);
    }
}
