//! What one side was seen to do, put together from its answers.

use crate::python::Answer;
use crate::python::answer::LoggedCollection;
use std::collections::BTreeMap;

/// What was seen. What a side cannot tell is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// What the program read back.
    pub checksum: String,
    /// Operations, in the workload's unit.
    pub operations: u64,
    /// Collections, by generation.
    pub collections: Option<[u64; 3]>,
    /// Containers reclaimed by collections, by generation.
    pub collected: Option<[u64; 3]>,
    /// Generation of each collection, and containers that it reclaimed.
    pub log: Option<Vec<(u8, u64)>>,
    /// Objects by kind where the program has the most.
    pub census: Option<BTreeMap<String, u64>>,
    /// The most bytes in objects at once.
    pub peak_live_bytes: Option<u64>,
}

impl Observation {
    /// Of an answer that tells everything.
    pub fn of(answer: &Answer) -> Observation {
        let pairs = |log: &Vec<LoggedCollection>| log.iter().map(|seen| (seen.0, seen.1)).collect();
        Observation {
            checksum: answer.checksum.clone(),
            operations: answer.operations,
            collections: answer.collections,
            collected: answer.collected,
            log: answer.log.as_ref().map(pairs),
            census: answer.census.clone(),
            peak_live_bytes: answer.peak_live_bytes,
        }
    }

    /// Of one answer for each mode: counts come from the run that nobody looked at, the others add what only they see.
    ///
    /// # Errors
    /// The runs did not do the same: then the twin is no deterministic program.
    pub fn of_modes(plain: &Answer, others: &[Answer]) -> Result<Observation, String> {
        let mut seen = Observation::of(plain);
        for other in others {
            if (&other.checksum, other.operations) != (&plain.checksum, plain.operations) {
                return Err(format!(
                    "two runs differ: checksum {} and {}, {} and {} operations",
                    plain.checksum, other.checksum, plain.operations, other.operations
                ));
            }
            let other = Observation::of(other);
            seen.log = seen.log.or(other.log);
            seen.census = seen.census.or(other.census.filter(|census| !census.is_empty()));
            seen.peak_live_bytes = seen.peak_live_bytes.or(other.peak_live_bytes);
        }
        Ok(seen)
    }
}
