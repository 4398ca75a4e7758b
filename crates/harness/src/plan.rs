//! The plan: which cells are run, in which order.
//!
//! Invocation by invocation, each a block that holds every (strategy, workload) once, in an order of its own:
//! what changes slowly on a machine (temperature, neighbours) then falls on every strategy alike. The order
//! is a function of the seed.

use crate::job::Job;
use heapbench_workload::{Definition, Parameters};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

/// A workload with the parameters it is to be run with.
#[derive(Clone, Debug)]
pub struct Work {
    /// The workload.
    pub definition: Definition,
    /// The value of every parameter.
    pub parameters: Parameters,
}

/// What all cells of a run have in common.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The run's name.
    pub run: String,
    /// The profile's name.
    pub profile: String,
    /// How often each cell is run.
    pub invocations: u32,
    /// Seed of the workloads' random choices, and of the order.
    pub seed: u64,
    /// Limit on the heaps in bytes.
    pub heap_limit: Option<u64>,
}

/// A part of a plan, for one of several machines: the `index`th of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1 to `count`.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts =
            text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index, count }),
            _ => Err(format!("'{text}', expected I/N with I from 1 to N")),
        }
    }
}

/// The cells in the order in which they are run.
pub fn cells(strategies: &[String], works: &[Work], frame: &Frame) -> Vec<Job> {
    let pairs: Vec<(&String, &Work)> =
        works.iter().flat_map(|work| strategies.iter().map(move |strategy| (strategy, work))).collect();
    let mut random = Pcg64Mcg::seed_from_u64(frame.seed);
    let block = |invocation| {
        let mut block = pairs.clone();
        block.shuffle(&mut random);
        block.into_iter().map(move |(strategy, work)| job(strategy, work, frame, invocation))
    };
    (0..frame.invocations).flat_map(block).collect()
}

/// The cells of one shard: every `count`th, so that each has its share of every block.
pub fn shard(cells: Vec<Job>, shard: Shard) -> Vec<Job> {
    cells.into_iter().skip(shard.index - 1).step_by(shard.count).collect()
}

fn job(strategy: &str, work: &Work, frame: &Frame, invocation: u32) -> Job {
    Job {
        run: frame.run.clone(),
        strategy: strategy.to_string(),
        workload: work.definition.name.clone(),
        profile: frame.profile.clone(),
        parameters: work.parameters.clone(),
        invocation,
        seed: frame.seed,
        heap_limit: frame.heap_limit,
        ..Job::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn plan(seed: u64) -> Vec<(String, String, u32)> {
        let strategies: Vec<String> = (0..5).map(|i| format!("strategy{i}")).collect();
        let works: Vec<Work> = heapbench_workload::definitions()
            .unwrap()
            .into_iter()
            .map(|definition| Work { definition, parameters: Parameters::new() })
            .collect();
        let frame =
            Frame { run: "r".into(), profile: "smoke".into(), invocations: 3, seed, heap_limit: None };
        cells(&strategies, &works, &frame)
            .into_iter()
            .map(|j| (j.strategy, j.workload, j.invocation))
            .collect()
    }

    #[test]
    fn each_block_holds_every_pair_once_in_an_order_of_its_own() {
        let plan = plan(1);
        let blocks: Vec<&[_]> = plan.chunks(plan.len() / 3).collect();
        for (invocation, block) in blocks.iter().enumerate() {
            assert!(block.iter().all(|cell| cell.2 == invocation as u32));
            let pairs: BTreeSet<_> = block.iter().map(|cell| (&cell.0, &cell.1)).collect();
            assert_eq!(pairs.len(), block.len());
        }
        let order = |block: &[(String, String, u32)]| {
            block.iter().map(|cell| (cell.0.clone(), cell.1.clone())).collect::<Vec<_>>()
        };
        assert_ne!(order(blocks[0]), order(blocks[1]));
    }

    #[test]
    fn the_order_is_a_function_of_the_seed() {
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn shards_are_a_partition() {
        let one = |seed| {
            let work = Work {
                definition: heapbench_workload::find("rings").unwrap(),
                parameters: Parameters::new(),
            };
            let frame =
                Frame { run: "r".into(), profile: "smoke".into(), invocations: 10, seed, heap_limit: None };
            cells(&["a".to_string()], &[work], &frame)
        };
        let all: BTreeSet<u32> = (1..=3)
            .flat_map(|index| shard(one(1), Shard { index, count: 3 }))
            .map(|job| job.invocation)
            .collect();
        assert_eq!(all.len(), 10);
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, count: 3 }));
        for text in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
