//! The table of a validation, the list of its deviations with their causes, and the JSON of a row.

use crate::table;
use crate::validation::campaign::{Outcome, Row};
use crate::validation::comparison::{Column, Deviation, Finding};
use crate::validation::known::{Judgement, KNOWN, judge};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const EQUAL: &str = "✓";
const FAILS: &str = "✗";
const APART: &str = "–";

/// How a row ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Equal, within the tolerance, or different for a named cause.
    Holds,
    /// The workload has no twin.
    NoTwin,
    /// A deviation without a cause, or a greater one than its cause explains.
    Deviates,
    /// A side gave no answer.
    Failed,
}

impl Standing {
    /// The word in JSON.
    fn name(self) -> &'static str {
        match self {
            Standing::Holds => "holds",
            Standing::NoTwin => "no-twin",
            Standing::Deviates => "deviates",
            Standing::Failed => "failed",
        }
    }
}

/// How a row ended.
pub fn standing(row: &Row) -> Standing {
    match &row.outcome {
        Outcome::NoTwin => Standing::NoTwin,
        Outcome::Failed(_) => Standing::Failed,
        Outcome::Compared(_) if deviations(row).any(|(_, _, judgement)| judgement.fails()) => {
            Standing::Deviates
        }
        Outcome::Compared(_) => Standing::Holds,
    }
}

/// The table, with everything that it abbreviates said below it.
pub fn text(rows: &[Row]) -> String {
    let mut titles = vec!["workload", "python"];
    titles.extend(Column::ALL.map(Column::title));
    let parts = [
        table::plain(&titles, rows.iter().map(cells).collect()),
        format!(
            "{EQUAL} equal; else ours less Python's. {FAILS} beyond the tolerance or without a cause. {APART} not compared."
        ),
        section("Compared with:", counterparts(rows)),
        section("No answer:", rows.iter().filter_map(failure).collect()),
        section("No twin:", rows.iter().filter_map(without_twin).collect()),
        section(
            "Deviations:",
            rows.iter()
                .flat_map(|row| deviations(row).map(|found| told(row, &found)).collect::<Vec<_>>())
                .collect(),
        ),
        section("Not compared:", apart(rows)),
        verdict(rows),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// A row as an object.
pub fn object(row: &Row) -> Value {
    let mut object = json!({
        "workload": row.workload, "python": row.python, "strategy": row.strategy, "status": standing(row).name(),
    });
    match &row.outcome {
        Outcome::NoTwin => {}
        Outcome::Failed(why) => object["error"] = json!(why),
        Outcome::Compared(findings) => {
            let columns = Column::ALL.iter().zip(findings.iter()).map(|(column, finding)| {
                (column.title().replace(' ', "-"), column_object(row, *column, finding))
            });
            object["columns"] = Value::Object(columns.collect());
        }
    }
    object
}

fn column_object(row: &Row, column: Column, finding: &Finding) -> Value {
    match finding {
        Finding::Equal => json!({"finding": "equal"}),
        Finding::Apart(why) => json!({"finding": "not-compared", "why": why}),
        Finding::Differs(deviation) => {
            let judgement = judge(KNOWN, &row.workload, &row.python, column, deviation);
            let (finding, cause) = match judgement {
                Judgement::Tolerated => ("within-tolerance", None),
                Judgement::Explained(cause) => ("explained", Some(cause)),
                Judgement::TooGreat(cause, _) => ("beyond-tolerance", Some(cause)),
                Judgement::Unexplained => ("unexplained", None),
            };
            json!({
                "finding": finding, "cause": cause, "ours": deviation.ours, "python": deviation.python,
                "difference": deviation.shown, "relative": deviation.relative,
            })
        }
    }
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![row.workload.clone(), row.python.clone()];
    match &row.outcome {
        Outcome::NoTwin => cells.push("no twin".to_string()),
        Outcome::Failed(_) => cells.push(format!("failed {FAILS}")),
        Outcome::Compared(findings) => {
            cells.extend(Column::ALL.iter().zip(findings.iter()).map(|(column, finding)| match finding {
                Finding::Equal => EQUAL.to_string(),
                Finding::Apart(_) => APART.to_string(),
                Finding::Differs(deviation) => {
                    let fails = judge(KNOWN, &row.workload, &row.python, *column, deviation).fails();
                    format!("{}{}", deviation.shown, if fails { format!(" {FAILS}") } else { String::new() })
                }
            }));
        }
    }
    cells.resize(2 + Column::ALL.len(), String::new());
    cells
}

type Judged<'a> = (Column, &'a Deviation, Judgement);

fn deviations(row: &Row) -> impl Iterator<Item = Judged<'_>> {
    let findings = match &row.outcome {
        Outcome::Compared(findings) => &findings[..],
        _ => &[],
    };
    Column::ALL.into_iter().zip(findings.iter()).filter_map(move |(column, finding)| match finding {
        Finding::Differs(deviation) => {
            Some((column, deviation, judge(KNOWN, &row.workload, &row.python, column, deviation)))
        }
        _ => None,
    })
}

fn told(row: &Row, (column, deviation, judgement): &Judged) -> String {
    let Deviation { ours, python, .. } = deviation;
    let cause = match judgement {
        Judgement::Tolerated => "within the tolerance".to_string(),
        Judgement::Explained(cause) => cause.to_string(),
        Judgement::TooGreat(cause, tolerance) => {
            format!(
                "{cause}: that explains {:.1} %, this is {:.1} %",
                100.0 * tolerance,
                100.0 * deviation.relative
            )
        }
        Judgement::Unexplained => "unexplained".to_string(),
    };
    format!("{}  {}  {}: ours {ours}; Python's {python}: {cause}", row.workload, row.python, column.title())
}

fn failure(row: &Row) -> Option<String> {
    match &row.outcome {
        Outcome::Failed(why) => Some(format!("{}  {}: {why}", row.workload, row.python)),
        _ => None,
    }
}

fn without_twin(row: &Row) -> Option<String> {
    matches!(row.outcome, Outcome::NoTwin).then(|| row.workload.clone())
}

/// Each Python with its strategy, once.
fn counterparts(rows: &[Row]) -> Vec<String> {
    let pairs: BTreeMap<&str, &str> =
        rows.iter().filter(|row| !row.python.is_empty()).map(|row| (&*row.python, &*row.strategy)).collect();
    pairs.into_iter().map(|(python, strategy)| format!("{python}  {strategy}")).collect()
}

/// What is not compared, and why: the workloads that have the same reason under the same Python together.
fn apart(rows: &[Row]) -> Vec<String> {
    let mut reasons: BTreeMap<(&str, String, &str), Vec<&str>> = BTreeMap::new();
    for row in rows {
        let Outcome::Compared(findings) = &row.outcome else { continue };
        let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (column, finding) in Column::ALL.iter().zip(findings.iter()) {
            if let Finding::Apart(why) = finding {
                columns.entry(why).or_default().push(column.title());
            }
        }
        for (why, titles) in columns {
            reasons.entry((&row.python, titles.join(", "), why)).or_default().push(&row.workload);
        }
    }
    let line = |((python, titles, why), workloads): ((&str, String, &str), Vec<&str>)| {
        format!("{python}  {titles}: {why} ({})", workloads.join(", "))
    };
    reasons.into_iter().map(line).collect()
}

/// Lines below a title, indented; nothing without lines.
fn section(title: &str, lines: Vec<String>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| format!("\n  {line}")).collect();
    if lines.is_empty() { String::new() } else { format!("{title}{}", lines.concat()) }
}

fn verdict(rows: &[Row]) -> String {
    let mut counts: BTreeMap<Standing, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(standing(row)).or_default() += 1);
    let count = |standing| counts.get(&standing).copied().unwrap_or_default();
    format!(
        "{} rows: {} hold, {} deviate, {} failed, {} without a twin",
        rows.len(),
        count(Standing::Holds),
        count(Standing::Deviates),
        count(Standing::Failed),
        count(Standing::NoTwin)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outcome: Outcome) -> Row {
        Row { workload: "w".into(), python: "cpython:3.13.0".into(), strategy: "s".into(), outcome }
    }

    fn compared(finding: Finding) -> Row {
        let mut findings = [(); 7].map(|()| Finding::Equal);
        findings[2] = finding;
        row(Outcome::Compared(Box::new(findings)))
    }

    fn differs() -> Finding {
        let (ours, python) = ("45/4/1".to_string(), "46/4/1".to_string());
        Finding::Differs(Deviation { shown: "-1/0/0".into(), ours, python, relative: 0.02, absolute: 1 })
    }

    #[test]
    fn equal_rows_hold_and_unexplained_ones_do_not() {
        let (equal, deviating) = (compared(Finding::Equal), compared(differs()));
        assert_eq!((standing(&equal), standing(&deviating)), (Standing::Holds, Standing::Deviates));
        let text = text(&[
            equal,
            deviating,
            compared(Finding::Apart("no reason")),
            row(Outcome::Failed("it broke".into())),
        ]);
        for expected in [
            "-1/0/0 ✗",
            "  w  cpython:3.13.0  collections: ours 45/4/1; Python's 46/4/1: unexplained",
            "  w  cpython:3.13.0: it broke",
            "  cpython:3.13.0  collections: no reason (w)",
            "4 rows: 2 hold, 1 deviate, 1 failed, 0 without a twin",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn a_row_is_an_object_that_says_why() {
        let deviating = object(&compared(differs()));
        assert_eq!(deviating["status"], "deviates");
        assert_eq!(deviating["columns"]["collections"]["finding"], "unexplained");
        assert_eq!(deviating["columns"]["each-collection"]["finding"], "equal");
        let failed = object(&row(Outcome::Failed("it broke".into())));
        assert_eq!((failed["status"].as_str(), failed["error"].as_str()), (Some("failed"), Some("it broke")));
        let absent = row(Outcome::NoTwin);
        assert_eq!(object(&absent)["status"], "no-twin");
        assert!(text(&[absent]).contains("No twin:\n  w"));
    }
}
