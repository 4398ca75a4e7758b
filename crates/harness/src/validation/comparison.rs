//! The columns: what is compared, and by how much two sides differ.

use crate::units;
use crate::validation::counterpart::Counterpart;
use crate::validation::observation::Observation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// What the program read back.
    Checksum,
    /// Operations.
    Operations,
    /// Collections by generation.
    Collections,
    /// Containers reclaimed by collections, by generation.
    Collected,
    /// Each collection: its generation, and containers that it reclaimed.
    Each,
    /// Objects by kind at the census.
    Objects,
    /// The most bytes in objects at once.
    Peak,
}

impl Column {
    /// All columns, in the order of the table.
    pub const ALL: [Column; 7] = [
        Column::Checksum,
        Column::Operations,
        Column::Collections,
        Column::Collected,
        Column::Each,
        Column::Objects,
        Column::Peak,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Column::Checksum => "checksum",
            Column::Operations => "operations",
            Column::Collections => "collections",
            Column::Collected => "collected",
            Column::Each => "each collection",
            Column::Objects => "objects",
            Column::Peak => "peak",
        }
    }
}

/// How two sides compare in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// They are not compared: why.
    Apart(&'static str),
    /// They are equal.
    Equal,
    /// They are not.
    Differs(Deviation),
}

/// A difference: ours against Python's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// What the table shows: ours less Python's.
    pub shown: String,
    /// What we have.
    pub ours: String,
    /// What Python has.
    pub python: String,
    /// The greatest difference in the column relative to Python's number; at least 1 where numbers make no sense.
    pub relative: f64,
    /// Bytes or objects that the difference amounts to; the greatest of the column.
    pub absolute: u64,
}

/// Compares ours with Python's in every column.
pub fn compare(ours: &Observation, python: &Observation, counterpart: &Counterpart) -> [Finding; 7] {
    Column::ALL.map(|column| {
        let apart = match column {
            Column::Collections | Column::Collected | Column::Each => counterpart.other_collector,
            Column::Objects => counterpart.other_objects,
            // How much garbage floats is a matter of the collector.
            Column::Peak => counterpart.other_objects.or(counterpart.other_collector),
            Column::Checksum | Column::Operations => None,
        };
        apart.map_or_else(|| compare_column(column, ours, python), Finding::Apart)
    })
}

fn compare_column(column: Column, ours: &Observation, python: &Observation) -> Finding {
    match column {
        Column::Checksum => words(&ours.checksum, &python.checksum),
        Column::Operations => numbers(&[ours.operations], &[python.operations]),
        Column::Collections => both(&ours.collections, &python.collections, |a, b| numbers(a, b)),
        Column::Collected => both(&ours.collected, &python.collected, |a, b| numbers(a, b)),
        Column::Each => both(&ours.log, &python.log, |a, b| logs(a, b)),
        Column::Objects => both(&ours.census, &python.census, kinds),
        Column::Peak => both(&ours.peak_live_bytes, &python.peak_live_bytes, |a, b| bytes(*a, *b)),
    }
}

fn both<T>(ours: &Option<T>, python: &Option<T>, compare: impl Fn(&T, &T) -> Finding) -> Finding {
    match (ours, python) {
        (Some(ours), Some(python)) => compare(ours, python),
        (None, Some(_)) => Finding::Apart("our side does not tell"),
        (Some(_), None) => Finding::Apart("the twin does not tell"),
        (None, None) => Finding::Apart("neither side tells"),
    }
}

fn words(ours: &str, python: &str) -> Finding {
    if ours == python {
        return Finding::Equal;
    }
    let (ours, python) = (ours.to_string(), python.to_string());
    Finding::Differs(Deviation {
        shown: "differs".to_string(),
        ours,
        python,
        relative: 1.0,
        absolute: u64::MAX,
    })
}

fn numbers(ours: &[u64], python: &[u64]) -> Finding {
    if ours == python {
        return Finding::Equal;
    }
    let pairs = || ours.iter().copied().zip(python.iter().copied());
    let joined = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join("/");
    Finding::Differs(Deviation {
        shown: pairs().map(|(ours, python)| signed(ours, python)).collect::<Vec<_>>().join("/"),
        ours: joined(ours),
        python: joined(python),
        relative: pairs().map(relative).fold(0.0, f64::max),
        absolute: pairs().map(|(ours, python)| ours.abs_diff(python)).max().unwrap_or(0),
    })
}

/// Ours less Python's, with its sign; 0 has none.
fn signed(ours: u64, python: u64) -> String {
    let sign = match ours.cmp(&python) {
        std::cmp::Ordering::Less => "-",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => "+",
    };
    format!("{sign}{}", ours.abs_diff(python))
}

fn relative((ours, python): (u64, u64)) -> f64 {
    ours.abs_diff(python) as f64 / python.max(1) as f64
}

fn logs(ours: &[(u8, u64)], python: &[(u8, u64)]) -> Finding {
    if ours == python {
        return Finding::Equal;
    }
    let length = ours.len().max(python.len());
    let differing = (0..length).filter(|&at| ours.get(at) != python.get(at)).collect::<Vec<_>>();
    let told = |log: &[(u8, u64)]| match differing.first().and_then(|at| log.get(*at)) {
        Some((generation, collected)) => {
            format!("number {}: generation {generation}, {collected}", differing[0] + 1)
        }
        None => format!("{} collections", log.len()),
    };
    Finding::Differs(Deviation {
        shown: format!("{} of {length}", differing.len()),
        ours: told(ours),
        python: told(python),
        relative: differing.len() as f64 / length as f64,
        absolute: differing.len() as u64,
    })
}

fn kinds(ours: &BTreeMap<String, u64>, python: &BTreeMap<String, u64>) -> Finding {
    let kinds: BTreeSet<&String> = ours.keys().chain(python.keys()).collect();
    let count = |side: &BTreeMap<String, u64>, kind| side.get(kind).copied().unwrap_or(0);
    let pairs = kinds.into_iter().map(|kind| (kind, count(ours, kind), count(python, kind)));
    let different: Vec<_> = pairs.filter(|(_, ours, python)| ours != python).collect();
    if different.is_empty() {
        return Finding::Equal;
    }
    let list = |text: &dyn Fn(u64, u64) -> String| {
        different
            .iter()
            .map(|(kind, ours, python)| format!("{kind} {}", text(*ours, *python)))
            .collect::<Vec<_>>()
    };
    let shown = list(&signed);
    Finding::Differs(Deviation {
        shown: if shown.len() > 2 { format!("{} kinds", shown.len()) } else { shown.join(", ") },
        ours: list(&|ours, _| ours.to_string()).join(", "),
        python: list(&|_, python| python.to_string()).join(", "),
        relative: different.iter().map(|(_, ours, python)| relative((*ours, *python))).fold(0.0, f64::max),
        absolute: different.iter().map(|(_, ours, python)| ours.abs_diff(*python)).max().unwrap_or(0),
    })
}

fn bytes(ours: u64, python: u64) -> Finding {
    if ours == python {
        return Finding::Equal;
    }
    let percent = 100.0 * (ours as f64 - python as f64) / python.max(1) as f64;
    Finding::Differs(Deviation {
        shown: format!("{percent:+.1} %"),
        ours: units::bytes(ours),
        python: units::bytes(python),
        relative: relative((ours, python)),
        absolute: ours.abs_diff(python),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(finding: Finding) -> Deviation {
        match finding {
            Finding::Differs(deviation) => deviation,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn equal_is_equal_in_every_column() {
        let seen = Observation {
            checksum: "0".into(),
            operations: 1,
            collections: Some([3, 2, 1]),
            collected: Some([30, 0, 5]),
            log: Some(vec![(0, 10), (2, 25)]),
            census: Some([("list".to_string(), 3)].into()),
            peak_live_bytes: Some(1000),
        };
        let all = Counterpart { strategy: "s".into(), other_collector: None, other_objects: None };
        assert!(compare(&seen, &seen, &all).iter().all(|finding| *finding == Finding::Equal));
        let other = Counterpart { other_collector: Some("c"), other_objects: Some("o"), ..all.clone() };
        let apart = compare(&seen, &Observation::default(), &other);
        assert_eq!(apart.iter().filter(|finding| matches!(finding, Finding::Apart("c" | "o"))).count(), 5);
        let untold = compare(
            &seen,
            &Observation { checksum: "0".into(), operations: 1, ..Observation::default() },
            &all,
        );
        assert_eq!(
            untold.iter().filter(|finding| **finding == Finding::Apart("the twin does not tell")).count(),
            5
        );
    }

    #[test]
    fn differences_are_ours_less_pythons() {
        let counts = deviation(numbers(&[45, 4, 1], &[46, 4, 0]));
        assert_eq!(counts.shown, "-1/0/+1");
        assert_eq!((counts.ours.as_str(), counts.python.as_str()), ("45/4/1", "46/4/0"));
        assert_eq!((counts.relative, counts.absolute), (1.0, 1));
        let log = deviation(logs(&[(0, 1), (0, 2)], &[(0, 1), (1, 2), (2, 0)]));
        assert_eq!((log.shown.as_str(), log.ours.as_str()), ("2 of 3", "number 2: generation 0, 2"));
        let census =
            |counts: &[(&str, u64)]| counts.iter().map(|(kind, count)| (kind.to_string(), *count)).collect();
        let found =
            deviation(kinds(&census(&[("int", 5), ("list", 1)]), &census(&[("list", 1), ("str", 2)])));
        assert_eq!((found.shown.as_str(), found.ours.as_str()), ("int +5, str -2", "int 5, str 0"));
        let peak = deviation(bytes(990, 1000));
        assert_eq!((peak.shown.as_str(), peak.relative, peak.absolute), ("-1.0 %", 0.01, 10));
        assert_eq!(deviation(words("a", "b")).relative, 1.0);
    }
}
