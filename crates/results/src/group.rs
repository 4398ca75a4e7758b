//! Which records may be compared: those of one setting, that is, of the same work under the same limit.

use crate::{Injected, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The work that a cell did and the limit it did it under. Strategies are compared within one setting only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Setting {
    /// The workload's name.
    pub workload: String,
    /// `smoke`, `quick` or `full`.
    pub profile: String,
    /// The workload's parameters, by name.
    pub parameters: BTreeMap<String, Value>,
    /// Limit on the heap in bytes, if there was one.
    pub heap_limit: Option<u64>,
    /// Requests that arrived in a second (open loop), if they did not come one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

impl Setting {
    /// The setting of a record.
    pub fn of(record: &Record) -> Setting {
        Setting {
            workload: record.workload.clone(),
            profile: record.profile.clone(),
            parameters: record.parameters.clone(),
            heap_limit: record.heap_limit,
            rate: record.latency.as_ref().and_then(|latency| latency.rate),
        }
    }

    /// Orders settings by workload, profile, parameters, limit and rate; no limit and no rate come first.
    pub(crate) fn order(&self) -> (String, String, String, Option<u64>, Option<u32>) {
        let parameters = Value::from_iter(self.parameters.clone()).to_string();
        (self.workload.clone(), self.profile.clone(), parameters, self.heap_limit, self.rate)
    }
}

/// What names one cell: a second record of the same key is a repetition of the same measurement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CellKey {
    /// Full configuration text.
    pub strategy: String,
    /// The work and the limit.
    pub setting: Setting,
    /// Which repetition, from 0.
    pub invocation: u32,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// Which of several equal arms.
    pub arm: u32,
    /// An effect put in on purpose.
    pub injected: Injected,
}

impl CellKey {
    /// The key of a record.
    pub fn of(record: &Record) -> CellKey {
        CellKey {
            strategy: record.strategy.clone(),
            setting: Setting::of(record),
            invocation: record.invocation,
            seed: record.seed,
            arm: record.arm,
            injected: record.injected,
        }
    }
}

/// All records of one setting, by strategy.
#[derive(Debug)]
pub struct Group<'a> {
    /// The setting.
    pub setting: Setting,
    /// The records of each strategy, as they were given; strategies in the order of their names.
    pub strategies: BTreeMap<&'a str, Vec<&'a Record>>,
}

/// Sorts records into settings (by workload, profile, parameters, limit) and, in these, strategies. Null arms and cells with an
/// injected effect are left out: they are no results.
pub fn group(records: &[Record]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<_, Group<'_>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.is_result()) {
        let setting = Setting::of(record);
        let group =
            groups.entry(setting.order()).or_insert_with(|| Group { setting, strategies: BTreeMap::new() });
        group.strategies.entry(&record.strategy).or_default().push(record);
    }
    groups.into_values().collect()
}
