//! Where counting and tracing cost the same: the break-even multiple of the least heap.
//!
//! Counting costs the same at any limit; tracing costs less the more memory it may use, as its collections come further
//! apart. So there is a multiple from which on a tracing strategy is as fast as a counting one, or there is none. Between
//! two measured multiples both times are taken to be straight lines in logarithms of time and memory. The interval
//! resamples processes. All times are CPU time.
//!
//! Which strategy is of which kind is read from what it did: one that counted references counts, one that did not but
//! traced objects traces, and one that did neither is in no pair.

use crate::Record;
use crate::group::Setting;
use crate::points::{Cells, Clock, PointCells, WorkCells};
use crate::statistics::CONFIDENCE;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Draws of the bootstrap.
const DRAWS: usize = 2000;

/// Seed of the bootstrap: fixed, so that results alone decide.
const SEED: u64 = 0x6372_6f73_7369_6e67;

/// From which multiple on tracing is as fast.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakEven {
    /// At every multiple that was measured.
    Always,
    /// From this one on.
    From(f64),
    /// At none that was measured, or not at the greatest.
    Never,
}

/// A counting and a tracing strategy on one work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crossing {
    /// The work; its limit is left out.
    #[serde(flatten)]
    pub work: Setting,
    /// The counting strategy.
    pub counting: String,
    /// The tracing strategy.
    pub tracing: String,
    /// From the means of what was measured.
    pub at: BreakEven,
    /// Lower end of the interval.
    pub low: BreakEven,
    /// Upper end of the interval.
    pub high: BreakEven,
}

/// All pairs of a counting and a tracing strategy that were run on the same work at two or more of the same multiples.
pub fn crossings(records: &[Record]) -> Vec<Crossing> {
    let cells = Cells::of(records, Clock::Cpu);
    let (counting, tracing) = kinds(records);
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut found = Vec::new();
    for work in &cells.works {
        for counting in &counting {
            for tracing in &tracing {
                found.extend(cross(work, counting, tracing, &mut random));
            }
        }
    }
    found
}

/// The counting and the tracing strategies.
fn kinds(records: &[Record]) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let ours = || records.iter().filter(|record| !record.interpreted);
    let with = |name: &str| -> BTreeSet<&str> {
        let did = |record: &&Record| record.counters.get(name).is_some_and(|count| *count > 0);
        ours().filter(did).map(|record| record.strategy.as_str()).collect()
    };
    let counting = with("increments");
    let tracing = with("objects_traced").difference(&counting).copied().collect();
    (counting, tracing)
}

/// The two strategies' points at each multiple that both were run at.
fn pairs<'w, 'a>(
    work: &'w WorkCells<'a>,
    counting: &str,
    tracing: &str,
) -> Vec<(f64, &'w PointCells<'a>, &'w PointCells<'a>)> {
    let of = |strategy: &str| -> BTreeMap<u64, &'w PointCells<'a>> {
        let points = work.points.iter().filter(|point| point.strategy == strategy);
        points.filter_map(|point| Some((point.limit.1?, point))).collect()
    };
    let (counting, tracing) = (of(counting), of(tracing));
    let both = counting.iter().filter_map(|(bits, point)| Some((*bits, *point, *tracing.get(bits)?)));
    both.map(|(bits, counting, tracing)| (f64::from_bits(bits), counting, tracing)).collect()
}

fn cross(work: &WorkCells, counting: &str, tracing: &str, random: &mut Pcg64Mcg) -> Option<Crossing> {
    let pairs = pairs(work, counting, tracing);
    if pairs.len() < 2 {
        return None;
    }
    let break_even_of = |total: &mut dyn FnMut(&PointCells) -> f64| {
        let lag = |(multiple, counting, tracing): &(f64, &PointCells, &PointCells)| {
            let lag = match (counting.is_complete(), tracing.is_complete()) {
                (true, true) => (total(tracing) / total(counting)).ln(),
                (true, false) => f64::INFINITY,
                (false, true) => f64::NEG_INFINITY,
                (false, false) => return None,
            };
            Some((*multiple, lag))
        };
        break_even(&pairs.iter().filter_map(lag).collect::<Vec<_>>())
    };
    let at = break_even_of(&mut |point| point.means().total);
    let mut draws: Vec<BreakEven> =
        (0..DRAWS).map(|_| break_even_of(&mut |point| point.draw(random).total)).collect();
    draws.sort_by(|a, b| a.partial_cmp(b).expect("a multiple between two finite ones is finite"));
    let tail = (DRAWS as f64 * (1.0 - CONFIDENCE) / 2.0) as usize;
    Some(Crossing {
        work: work.work.clone(),
        counting: counting.to_string(),
        tracing: tracing.to_string(),
        at,
        low: draws[tail],
        high: draws[DRAWS - 1 - tail],
    })
}

/// From multiples, ascending, with how far tracing lags behind there (the logarithm of the ratio of times, infinite
/// where it does not finish): the first from which on it lags no more.
fn break_even(lags: &[(f64, f64)]) -> BreakEven {
    let Some(last) = lags.iter().rposition(|(_, lag)| *lag > 0.0) else {
        return if lags.is_empty() { BreakEven::Never } else { BreakEven::Always };
    };
    let Some((next, no_lag)) = lags.get(last + 1) else { return BreakEven::Never };
    let (multiple, lag) = lags[last];
    if lag.is_infinite() || no_lag.is_infinite() {
        return BreakEven::From(*next);
    }
    let share = lag / (lag - no_lag);
    BreakEven::From((multiple.ln() + share * (next.ln() - multiple.ln())).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    #[test]
    fn break_even_lies_where_the_lines_cross_for_good() {
        let middle = (2f64 * 4.0).sqrt();
        let BreakEven::From(found) = break_even(&[(1.0, 2.0), (2.0, 0.5), (4.0, -0.5)]) else { panic!() };
        assert!((found - middle).abs() < 1e-12, "{found}");
        assert_eq!(break_even(&[(1.0, -1.0), (2.0, -2.0)]), BreakEven::Always);
        assert_eq!(break_even(&[(1.0, 2.0), (2.0, 1.0)]), BreakEven::Never);
        assert_eq!(break_even(&[(1.0, -1.0), (2.0, 1.0)]), BreakEven::Never);
        assert_eq!(break_even(&[(1.0, f64::INFINITY), (2.0, -1.0)]), BreakEven::From(2.0));
        assert_eq!(break_even(&[]), BreakEven::Never);
        assert!(BreakEven::Always < BreakEven::From(0.1) && BreakEven::From(9.0) < BreakEven::Never);
    }

    fn cell(strategy: &str, counter: &str, multiple: f64, cpu_ns: u64, invocation: u32) -> Record {
        Record {
            strategy: strategy.into(),
            workload: "w".into(),
            status: Status::Ok,
            heap_limit: Some((multiple * 1000.0) as u64),
            heap_multiple: Some(multiple),
            cpu_ns,
            wall_ns: cpu_ns,
            counters: [(counter.to_string(), 1)].into(),
            invocation,
            ..Record::default()
        }
    }

    #[test]
    fn kinds_are_told_by_what_they_did_and_intervals_hold_the_crossing() {
        let mut records = Vec::new();
        for invocation in 0..10 {
            let noise = u64::from(invocation % 5);
            for (multiple, traced) in [(1.0, 300_000), (2.0, 150_000), (4.0, 75_000)] {
                records.push(cell("c", "increments", multiple, 100_000 + 500 * noise, invocation));
                records.push(cell("t", "objects_traced", multiple, traced + 700 * noise, invocation));
                records.push(cell("neither", "objects_allocated", multiple, 1, invocation));
            }
        }
        let found = crossings(&records);
        assert_eq!(found.len(), 1);
        let BreakEven::From(at) = found[0].at else { panic!("{found:?}") };
        // Halving with each doubling, 300 us falls to 101 us at the multiple 3.
        assert!((at - 3.0).abs() < 0.05, "{at}");
        assert!(found[0].low < found[0].at && found[0].at < found[0].high, "{found:?}");
        records.iter_mut().filter(|r| r.strategy == "t").for_each(|r| r.status = Status::OutOfMemory);
        let never = crossings(&records);
        assert_eq!(
            (never[0].at, never[0].low, never[0].high),
            (BreakEven::Never, BreakEven::Never, BreakEven::Never)
        );
    }
}
