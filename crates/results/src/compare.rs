//! Comparison: cells of two sets of records, laid side by side, metric by metric, each with its verdict.
//!
//! A is what was, or the base; B is what is judged: every ratio is B to A, and less is better. Two uses: the same
//! configurations over time ([`over_time`]), and two configurations of one set ([`between`]).
//!
//! Whatever cannot be compared is a row with its reason: cells that one side lacks, that did not end well, whose parameters
//! or checksums differ. Exact counts are compared exactly, beside the verdicts.
//!
//! Blocks of one run are compared in pairs where there are at least [`LEAST_PAIRED`] of them and both sides have the same.
//! Among the reference results, times of one block have a correlation of 0.4: the pairs' intervals are narrower by a
//! quarter, which makes up for their fewer degrees of freedom from five blocks on.

mod exact;
mod matching;
mod null;

pub use crate::statistics::{Ratio, Verdict, verdict};
pub use exact::Difference;
pub use null::{NullComparison, null};

use crate::metric::Metric;
use crate::statistics::{adjusted, independent, median, paired};
use crate::{Record, Setting, Status};
use matching::Sides;
use serde::Serialize;
use std::collections::BTreeMap;

/// From so many blocks on they are compared in pairs.
pub const LEAST_PAIRED: usize = 5;

/// How to compare.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What is compared.
    pub metrics: Vec<&'static Metric>,
    /// By how much a ratio must differ from 1 to matter: 0.02 is 2 %.
    pub threshold: f64,
    /// How often a difference may be seen where there is none: the false discovery rate of the whole comparison.
    pub alpha: f64,
}

/// What two sets of records say when they are laid side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// By setting, then by strategy.
    pub rows: Vec<Row>,
}

/// A cell of A and a cell of B.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The work and the limit; A's, where the parameters differ.
    #[serde(flatten)]
    pub setting: Setting,
    /// A's configuration.
    pub strategy_a: String,
    /// B's configuration.
    pub strategy_b: String,
    /// How many of A's cells ended in each way; empty when it has none.
    pub statuses_a: BTreeMap<&'static str, u64>,
    /// How many of B's cells ended in each way; empty when it has none.
    pub statuses_b: BTreeMap<&'static str, u64>,
    /// Why nothing, or not everything, could be compared; empty when everything was.
    pub reason: String,
    /// Whether something failed on one side only: a cell, or the agreement of the checksums.
    pub failed: bool,
    /// Whether blocks were compared in pairs.
    pub paired: bool,
    /// Each metric that both sides have.
    pub metrics: Vec<Compared>,
    /// Exact counts that differ, between the sides or within one.
    pub exact: Vec<Difference>,
}

/// A metric of two cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its name: see [`metric`](crate::metric::metric).
    pub metric: &'static str,
    /// Median over A's processes.
    pub a: f64,
    /// Median over B's processes.
    pub b: f64,
    /// Processes of A and B.
    pub cells: (usize, usize),
    /// B to A; `None` with fewer than two processes on a side.
    pub ratio: Option<Ratio>,
    /// The p-value, adjusted for all comparisons made at once.
    pub p_adjusted: Option<f64>,
    /// What that says of B.
    pub verdict: Verdict,
}

impl Comparison {
    /// How many metrics of how many cells got a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().flat_map(|row| &row.metrics).filter(|compared| compared.verdict == verdict).count()
    }

    /// Whether B is not worse in anything, and nothing failed on one side only.
    pub fn is_well(&self) -> bool {
        self.count(Verdict::Worse) == 0 && !self.rows.iter().any(|row| row.failed)
    }

    /// Whether any two cells could be laid side by side.
    pub fn found_pairs(&self) -> bool {
        self.rows.iter().any(|row| !row.statuses_a.is_empty() && !row.statuses_b.is_empty())
    }
}

/// Compares the same configurations of two sets of records: B's with A's.
pub fn over_time(a: &[Record], b: &[Record], rule: &Rule) -> Comparison {
    compare(matching::over_time(a, b), rule)
}

/// Compares two configurations of one set of records: `b` with `a`.
pub fn between(records: &[Record], a: &str, b: &str, rule: &Rule) -> Comparison {
    compare(matching::between(records, a, b), rule)
}

/// The ratio of the values of `a` to those of `b`, one value a process, with its interval and p-value. `None` with fewer than
/// two values on a side, or one that is not positive. Nothing is drawn, so the seed does not matter.
pub fn ratio(a: &[f64], b: &[f64], _seed: u64) -> Option<Ratio> {
    independent(a, b)
}

fn compare(sides: Vec<Sides>, rule: &Rule) -> Comparison {
    let mut rows: Vec<Row> = sides.iter().map(|sides| row(sides, rule)).collect();
    let compared = || rows.iter().flat_map(|row| &row.metrics);
    let p: Vec<f64> = compared().filter_map(|compared| Some(compared.ratio?.p)).collect();
    let mut adjusted = adjusted(&p).into_iter();
    for compared in rows.iter_mut().flat_map(|row| &mut row.metrics) {
        let Some(ratio) = compared.ratio else { continue };
        compared.p_adjusted = adjusted.next();
        let p = compared.p_adjusted.unwrap_or(1.0);
        compared.verdict = verdict(&Ratio { p, ..ratio }, rule.threshold, rule.alpha);
    }
    Comparison { rows }
}

fn row(sides: &Sides, rule: &Rule) -> Row {
    let (a, b) = (well(&sides.a), well(&sides.b));
    let (reason, failed) = sides.fault();
    let comparable = sides.same_parameters() && !sides.checksums_differ();
    let blocks = blocks(&a, &b);
    let compared = |metric: &&'static Metric| match &blocks {
        Some((a, b)) => compared(metric, a, b, true),
        None => compared(metric, &a, &b, false),
    };
    Row {
        setting: sides.setting.clone(),
        strategy_a: sides.strategy_a.to_string(),
        strategy_b: sides.strategy_b.to_string(),
        statuses_a: statuses(&sides.a),
        statuses_b: statuses(&sides.b),
        reason,
        failed,
        paired: comparable && blocks.is_some(),
        metrics: if comparable { rule.metrics.iter().filter_map(compared).collect() } else { Vec::new() },
        exact: if comparable { exact::differences(&a, &b) } else { Vec::new() },
    }
}

/// `None` where a side does not have the metric. The verdict comes when all p-values are known.
fn compared(metric: &Metric, a: &[&Record], b: &[&Record], in_pairs: bool) -> Option<Compared> {
    let values = |cells: &[&Record]| cells.iter().map(|cell| metric.of(cell)).collect::<Option<Vec<f64>>>();
    let (a, b) = (values(a)?, values(b)?);
    Some(Compared {
        metric: metric.name,
        a: median(&a)?,
        b: median(&b)?,
        cells: (a.len(), b.len()),
        ratio: if in_pairs { paired(&b, &a) } else { independent(&b, &a) },
        p_adjusted: None,
        verdict: Verdict::CannotTell,
    })
}

/// The cells in the order of their blocks, where both sides have the same blocks of the same runs, a cell in each.
fn blocks<'a>(a: &[&'a Record], b: &[&'a Record]) -> Option<(Vec<&'a Record>, Vec<&'a Record>)> {
    let by_block = |cells: &[&'a Record]| -> BTreeMap<(String, u32, u64), &'a Record> {
        cells.iter().map(|cell| ((cell.run.clone(), cell.invocation, cell.seed), *cell)).collect()
    };
    let (in_a, in_b) = (by_block(a), by_block(b));
    let alone = in_a.len() == a.len() && in_b.len() == b.len();
    (alone && in_a.len() >= LEAST_PAIRED && in_a.keys().eq(in_b.keys()))
        .then(|| (in_a.into_values().collect(), in_b.into_values().collect()))
}

fn well<'a>(cells: &[&'a Record]) -> Vec<&'a Record> {
    cells.iter().copied().filter(|cell| cell.status == Status::Ok).collect()
}

fn statuses(cells: &[&Record]) -> BTreeMap<&'static str, u64> {
    let mut statuses = BTreeMap::new();
    for cell in cells {
        *statuses.entry(cell.status.name()).or_insert(0) += 1;
    }
    statuses
}
