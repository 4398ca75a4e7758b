//! Shards: parts of a plan for several machines.
//!
//! Times are compared within one setting, and only within one machine. So a shard has whole workloads: every strategy of
//! a workload, in every block, null arms included. The plan is the same in every shard, only less of it is run; shards put
//! together are the cells of the whole.

use crate::job::Job;
use crate::plan::Work;

/// A part of a plan: the `index`th of `count`, from 1.
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

impl Shard {
    /// The cells whose workload is in this shard: every `count`th of the workloads.
    pub fn of(self, jobs: Vec<Job>, works: &[Work]) -> Vec<Job> {
        let ours: Vec<&Work> = works.iter().skip(self.index - 1).step_by(self.count).collect();
        let does = |job: &Job, work: &Work| {
            job.workload == work.definition.name && job.parameters == work.parameters
        };
        jobs.into_iter().filter(|job| ours.iter().any(|work| does(job, work))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Frame, cells};
    use heapbench_workload::{Profile, definitions};
    use std::collections::BTreeMap;

    #[test]
    fn shards_are_a_partition_into_whole_workloads() {
        let work = |definition: heapbench_workload::Definition| Work {
            parameters: definition.parameters(Profile::Smoke),
            limit: Default::default(),
            definition,
        };
        let works: Vec<Work> = definitions().unwrap().into_iter().map(work).collect();
        let strategies = ["a".to_string(), "b".to_string()];
        let frame = Frame { invocations: 3, seed: 1, null_arms: 4, ..Frame::default() };
        let whole = cells(&strategies, &works, &frame);
        let mut shards: BTreeMap<String, usize> = BTreeMap::new();
        let mut parts = Vec::new();
        for index in 1..=3 {
            let part = Shard { index, count: 3 }.of(whole.clone(), &works);
            assert!(part.iter().map(|job| job.layout.position).is_sorted(), "the order is the plan's");
            for job in &part {
                assert_eq!(*shards.entry(job.workload.clone()).or_insert(index), index, "{}", job.workload);
            }
            parts.extend(part);
        }
        parts.sort_by_key(|job| job.layout.position);
        assert_eq!(parts, whole);
        assert_eq!(Shard { index: 99, count: 99 }.of(whole, &works), []);
    }

    #[test]
    fn shards_are_written_i_of_n() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, count: 3 }));
        for text in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
