//! Whether a machine was fit to measure on, as a run keeps it: findings, each with what it does to which number.

use crate::{Record, Results, Row, RunInfo, Setting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a finding means for numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It harms nothing.
    Fit,
    /// The machine does not say.
    #[default]
    Unknown,
    /// It may harm, or harms a little.
    Doubtful,
    /// Numbers that it harms are not to be relied upon.
    Unfit,
}

impl Verdict {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Fit => "fit",
            Verdict::Unknown => "unknown",
            Verdict::Doubtful => "doubtful",
            Verdict::Unfit => "unfit",
        }
    }
}

/// A number that a machine can spoil. The counters are not among them: they are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Harmed {
    /// Wall time.
    Wall,
    /// CPU time.
    Cpu,
    /// Pauses, and latency.
    Pauses,
    /// The resident set.
    Rss,
}

impl Harmed {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Harmed::Wall => "wall time",
            Harmed::Cpu => "CPU time",
            Harmed::Pauses => "pauses",
            Harmed::Rss => "RSS",
        }
    }
}

/// One thing about a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at: `load`, `governor`.
    pub name: String,
    /// What was found, with its unit.
    pub value: String,
    /// What that means.
    pub verdict: Verdict,
    /// The numbers that it harms, or would.
    pub harms: Vec<Harmed>,
    /// What it does to them, and how to mend it, in a line; empty where nothing is to be done.
    pub advice: String,
}

/// The verdict on a machine: the worst of its findings. What it does not say is not held against it.
pub fn verdict(findings: &[Finding]) -> Verdict {
    let told = findings.iter().map(|finding| finding.verdict).filter(|verdict| *verdict != Verdict::Unknown);
    told.max().unwrap_or_default()
}

/// The remark that stands beside numbers of these runs, where one was made on an unfit machine: `measured on an unfit
/// machine: load 7.2 (1 of 2 runs)`. A finding is named once,
/// with its value in the first such run.
pub fn remark(runs: &[RunInfo]) -> Option<String> {
    let unfit: Vec<&RunInfo> = runs.iter().filter(|run| verdict(&run.doctor) == Verdict::Unfit).collect();
    let mut named: Vec<&Finding> = Vec::new();
    for finding in unfit.iter().flat_map(|run| &run.doctor).filter(|found| found.verdict == Verdict::Unfit) {
        if !named.iter().any(|known| known.name == finding.name) {
            named.push(finding);
        }
    }
    let findings: Vec<String> = named.iter().map(|found| format!("{} {}", found.name, found.value)).collect();
    let share = if unfit.len() == runs.len() {
        String::new()
    } else {
        format!(" ({} of {} runs)", unfit.len(), runs.len())
    };
    (!unfit.is_empty()).then(|| format!("measured on an unfit machine: {}{share}", findings.join(", ")))
}

/// The remark that stands beside one row of a summary: that of the runs that its cells belong to.
pub fn remark_of(row: &Row, results: &Results) -> Option<String> {
    let of_row = |record: &&Record| record.strategy == row.strategy && Setting::of(record) == row.setting;
    let names: BTreeSet<&str> =
        results.records.iter().filter(of_row).map(|record| record.run.as_str()).collect();
    let runs = results.runs.iter().filter(|run| names.contains(run.run.as_str()));
    remark(&runs.cloned().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(name: &str, value: &str, verdict: Verdict) -> Finding {
        Finding { name: name.into(), value: value.into(), verdict, ..Finding::default() }
    }

    fn run(findings: Vec<Finding>) -> RunInfo {
        RunInfo { doctor: findings, ..RunInfo::default() }
    }

    #[test]
    fn the_worst_finding_decides_and_the_unknown_does_not() {
        let found = |verdicts: &[Verdict]| {
            verdict(&verdicts.iter().map(|verdict| finding("a", "", *verdict)).collect::<Vec<_>>())
        };
        assert_eq!(found(&[]), Verdict::Unknown);
        assert_eq!(found(&[Verdict::Unknown]), Verdict::Unknown);
        assert_eq!(found(&[Verdict::Unknown, Verdict::Fit]), Verdict::Fit);
        assert_eq!(found(&[Verdict::Doubtful, Verdict::Unknown, Verdict::Fit]), Verdict::Doubtful);
        assert_eq!(found(&[Verdict::Unfit, Verdict::Doubtful]), Verdict::Unfit);
    }

    #[test]
    fn a_row_has_the_remark_of_its_own_runs() {
        let record = |run: &str, strategy: &str| Record {
            run: run.into(),
            strategy: strategy.into(),
            ..Record::default()
        };
        let named =
            |name: &str, verdict| RunInfo { run: name.into(), ..run(vec![finding("load", "7.2", verdict)]) };
        let results = Results {
            runs: vec![named("a", Verdict::Fit), named("b", Verdict::Unfit)],
            records: vec![record("a", "bump"), record("b", "refcount"), record("a", "refcount")],
            ..Results::default()
        };
        let rows = crate::summary::summarize(&results.records).rows;
        let remarks: Vec<_> =
            rows.iter().map(|row| (row.strategy.as_str(), remark_of(row, &results))).collect();
        let told = "measured on an unfit machine: load 7.2 (1 of 2 runs)".to_string();
        assert_eq!(remarks, [("bump", None), ("refcount", Some(told))]);
    }

    #[test]
    fn an_unfit_machine_is_told_once_with_what_was_found() {
        let fit = || run(vec![finding("load", "0.1", Verdict::Fit)]);
        let bad = |load: &str| {
            run(vec![finding("load", load, Verdict::Unfit), finding("swap", "1 MiB", Verdict::Doubtful)])
        };
        assert_eq!(remark(&[]), None);
        assert_eq!(remark(&[fit(), run(Vec::new())]), None);
        assert_eq!(remark(&[bad("7.2")]).unwrap(), "measured on an unfit machine: load 7.2");
        let told = remark(&[fit(), bad("7.2"), bad("9.9")]).unwrap();
        assert_eq!(told, "measured on an unfit machine: load 7.2 (2 of 3 runs)");
    }
}
