//! Cells of several machines: times of one setting are compared only within one machine, and so nothing may mix them
//! unseen. Shards keep a setting on one machine; results put together by hand need not.

use crate::group::Setting;
use crate::store::Results;
use std::collections::{BTreeMap, BTreeSet};

/// A line for each setting whose results come from more than one machine. Runs that do not say where they were made
/// (those before the machine was recorded) are one machine.
pub fn mixed(results: &Results) -> Vec<String> {
    let machines: BTreeMap<&str, &str> =
        results.runs.iter().map(|run| (run.run.as_str(), run.machine.as_str())).collect();
    let mut seen: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for record in results.records.iter().filter(|record| record.is_result()) {
        let parameters = serde_json::Value::from_iter(record.parameters.clone()).to_string();
        let machine = machines.get(record.run.as_str()).copied().unwrap_or_default();
        seen.entry((Setting::of(record).workload, parameters)).or_default().insert(machine);
    }
    let several = seen.into_iter().filter(|(_, machines)| machines.len() > 1);
    let line = |((workload, parameters), machines): ((String, String), BTreeSet<&str>)| {
        let count = machines.len();
        format!("{workload} {parameters}: cells of {count} machines; their times cannot be compared")
    };
    several.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, RunInfo};

    fn results(cells: &[(&str, &str)], runs: &[(&str, &str)]) -> Results {
        let record = |(workload, run): &(&str, &str)| Record {
            workload: workload.to_string(),
            run: run.to_string(),
            ..Record::default()
        };
        let run = |(run, machine): &(&str, &str)| RunInfo {
            run: run.to_string(),
            machine: machine.to_string(),
            ..RunInfo::default()
        };
        Results {
            records: cells.iter().map(record).collect(),
            runs: runs.iter().map(run).collect(),
            ..Results::default()
        }
    }

    #[test]
    fn a_setting_on_two_machines_is_told_and_one_on_each_is_not() {
        let runs = [("r1", "aa"), ("r2", "bb"), ("r3", "aa")];
        let mixed_cells = [("rings", "r1"), ("rings", "r2"), ("churn", "r1"), ("churn", "r3")];
        let lines = mixed(&results(&mixed_cells, &runs));
        assert_eq!(lines, ["rings {}: cells of 2 machines; their times cannot be compared"]);
        assert_eq!(mixed(&results(&[("rings", "r1"), ("churn", "r2")], &runs)), Vec::<String>::new());
    }

    #[test]
    fn runs_without_a_machine_are_of_one() {
        assert_eq!(mixed(&results(&[("rings", "a"), ("rings", "b")], &[("a", "")])), Vec::<String>::new());
    }
}
