//! How many processes each cell gets: a number, or as many as a pilot says are needed.
//!
//! All strategies of a workload get the same number, that of the one which needs most: so every block of a workload is
//! whole, and the order stays balanced. It is even, so that each block has its mirror image.

use crate::plan::{Frame, Work};
use crate::trouble::Trouble;
use heapbench_results::pilot::{CAP, PILOT, processes};
use heapbench_results::summary::ns_per_operation;
use heapbench_results::{Record, Setting, Status};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

/// Name of the file in a results folder that says which numbers a pilot gave.
pub const PLAN: &str = "plan.jsonl";

/// Processes for each cell, at most, when they are given as a number.
const MOST: u32 = 100_000;

/// Half of an interval, in percent of the median, when none is given.
const DEFAULT_PERCENT: f64 = 1.0;

/// How often each cell is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Invocations {
    /// So often.
    Fixed(u32),
    /// As often as it takes until half of the interval of the median is this part of it.
    Auto(f64),
}

impl Invocations {
    /// Those that are run before anything is decided.
    pub fn first(self) -> u32 {
        match self {
            Invocations::Fixed(count) => count,
            Invocations::Auto(_) => PILOT,
        }
    }
}

impl FromStr for Invocations {
    type Err = String;

    fn from_str(text: &str) -> Result<Invocations, String> {
        let expected = || format!("'{text}', expected a number in 1..={MOST}, or auto or auto:PERCENT");
        let Some(rest) = text.strip_prefix("auto") else {
            let count = text.parse().ok().filter(|count| (1..=MOST).contains(count));
            return count.map(Invocations::Fixed).ok_or_else(expected);
        };
        let percent = match rest.strip_prefix(':') {
            Some(percent) => percent.strip_suffix('%').unwrap_or(percent).parse().map_err(|_| expected())?,
            None if rest.is_empty() => DEFAULT_PERCENT,
            None => return Err(expected()),
        };
        if percent > 0.0 && percent <= 100.0 {
            Ok(Invocations::Auto(percent / 100.0))
        } else {
            Err(expected())
        }
    }
}

/// What a pilot said about one workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// The run that it is for.
    pub run: String,
    /// The work and the limit.
    #[serde(flatten)]
    pub setting: Setting,
    /// Half of the interval of the median, as a part of it, that was asked for.
    pub half_width: f64,
    /// Processes of the pilot for each strategy.
    pub pilot: u32,
    /// Processes that each strategy would need, from its pilot; those that did not end well need none.
    pub wanted: BTreeMap<String, u32>,
    /// Processes that each strategy gets.
    pub invocations: u32,
}

/// Decides how often the cells of each work are run, from the records of their pilots.
pub fn plan(records: &[Record], works: &[Work], frame: &Frame, half_width: f64) -> Vec<Planned> {
    works
        .iter()
        .map(|work| {
            let setting = Setting {
                workload: work.definition.name.clone(),
                profile: frame.profile.clone(),
                parameters: work.parameters.clone(),
                heap_limit: work.limit.bytes,
                rate: frame.rate,
            };
            let wanted = wanted(records, &setting, half_width);
            let most = wanted.values().copied().max().unwrap_or(PILOT).max(PILOT);
            let invocations = most.next_multiple_of(2).min(CAP);
            Planned { run: String::new(), setting, half_width, pilot: PILOT, wanted, invocations }
        })
        .collect()
}

fn wanted(records: &[Record], setting: &Setting, half_width: f64) -> BTreeMap<String, u32> {
    let mut pilots: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let is_pilot = |record: &&Record| {
        record.invocation < PILOT
            && record.is_result()
            && record.status == Status::Ok
            && Setting::of(record) == *setting
    };
    for record in records.iter().filter(is_pilot) {
        pilots.entry(record.strategy.clone()).or_default().push(ns_per_operation(record));
    }
    pilots.into_iter().map(|(strategy, values)| (strategy, processes(&values, half_width, CAP))).collect()
}

impl Planned {
    /// In a line for people.
    pub fn line(&self) -> String {
        let neediest = self.wanted.iter().max_by_key(|(_, wanted)| **wanted);
        let who = neediest.map_or(String::new(), |(strategy, wanted)| format!("; {strategy} needs {wanted}"));
        let capped = if self.invocations == CAP { " (the most there are)" } else { "" };
        format!("{}: {} processes a strategy{capped}{who}", self.setting.workload, self.invocations)
    }

    /// Whether a cell of this invocation and setting is to be run.
    pub fn wants(&self, invocation: u32, setting: &Setting) -> bool {
        invocation < self.invocations && self.setting == *setting
    }
}

/// Keeps what was decided in the results folder, a line each.
///
/// # Errors
/// The file cannot be written.
pub fn keep(plans: &[Planned], folder: &Path) -> Result<(), Trouble> {
    let path = folder.join(PLAN);
    let mut lines = String::new();
    for plan in plans {
        lines += &serde_json::to_string(plan).map_err(Trouble::failure)?;
        lines.push('\n');
    }
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(lines.as_bytes()))
        .map_err(|error| Trouble::failure(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Limit;
    use heapbench_workload::{Profile, find};

    fn frame() -> Frame {
        Frame { profile: "smoke".into(), ..Frame::default() }
    }

    #[test]
    fn numbers_and_auto_are_understood_and_nothing_else() {
        for (text, expected) in [
            ("1", Invocations::Fixed(1)),
            ("100000", Invocations::Fixed(100_000)),
            ("auto", Invocations::Auto(0.01)),
            ("auto:2%", Invocations::Auto(0.02)),
            ("auto:0.5", Invocations::Auto(0.005)),
        ] {
            assert_eq!(text.parse(), Ok(expected));
        }
        for text in
            ["0", "100001", "-1", "many", "auto:", "auto:0", "auto:-1", "auto:nan", "auto:inf", "autos"]
        {
            let error = text.parse::<Invocations>().unwrap_err();
            assert!(error.contains("1..=100000") && error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_workload_gets_what_its_neediest_strategy_needs_rounded_up_to_pairs() {
        let definition = find("rings").unwrap();
        let parameters = definition.parameters(Profile::Smoke);
        let works = [Work { definition, parameters, limit: Limit::default() }];
        let record = |strategy: &str, invocation: u32, wall_ns: u64, status: Status| Record {
            strategy: strategy.into(),
            workload: "rings".into(),
            profile: "smoke".into(),
            parameters: works[0].parameters.clone(),
            invocation,
            status,
            operations: 1,
            wall_ns,
            ..Record::default()
        };
        let mut records = Vec::new();
        for invocation in 0..6 {
            records.push(record("calm", invocation, 1_000_000 + u64::from(invocation), Status::Ok));
            records.push(record("noisy", invocation, 1_000_000 + 5_000 * u64::from(invocation), Status::Ok));
            records.push(record("dead", invocation, 9_000_000 * u64::from(invocation), Status::Failed));
        }
        // After the pilot it does not matter.
        records.push(record("calm", 6, 99_000_000, Status::Ok));
        let plans = plan(&records, &works, &frame(), 0.01);
        let names: Vec<&str> = plans[0].wanted.keys().map(String::as_str).collect();
        assert_eq!((names, plans[0].wanted["calm"]), (vec!["calm", "noisy"], 6));
        assert!(plans[0].wanted["noisy"] > 6 && plans[0].invocations < CAP, "{plans:?}");
        assert_eq!(plans[0].invocations, plans[0].wanted["noisy"].next_multiple_of(2));
        assert!(plans[0].wants(plans[0].invocations - 1, &plans[0].setting));
        assert!(!plans[0].wants(plans[0].invocations, &plans[0].setting));
        assert!(plans[0].line().contains("noisy needs"), "{}", plans[0].line());
    }

    #[test]
    fn without_a_good_pilot_there_is_nothing_more_to_run() {
        let works = [Work {
            definition: find("rings").unwrap(),
            parameters: BTreeMap::new(),
            limit: Limit::default(),
        }];
        assert_eq!(plan(&[], &works, &frame(), 0.01)[0].invocations, PILOT);
    }

    #[test]
    fn what_was_decided_is_kept_a_line_each() {
        let folder = tempfile::tempdir().unwrap();
        let works = [Work {
            definition: find("rings").unwrap(),
            parameters: BTreeMap::new(),
            limit: Limit::default(),
        }];
        let plans = plan(&[], &works, &frame(), 0.01);
        keep(&plans, folder.path()).unwrap();
        keep(&plans, folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(PLAN)).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("\"workload\":\"rings\""), "{text}");
    }
}
