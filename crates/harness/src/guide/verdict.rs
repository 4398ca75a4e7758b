//! Whether an expectation holds: a ratio over processes, with its interval, against a bound.

use super::claim::{Expectation, Figure};
use heapbench_results::Record;
use heapbench_results::statistics::{Spread, ratio_of_medians};
use std::fmt;

/// Seed of the bootstrap: fixed, so that the page is a function of its results.
const SEED: u64 = 0x6775_6964_6500;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// The whole interval keeps the bound.
    Holds,
    /// The interval has the bound inside.
    CannotTell,
    /// The whole interval is beyond the bound.
    Fails,
    /// A run is missing or did not end well.
    NotMeasured,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::CannotTell => "cannot tell",
            Verdict::Fails => "does not hold",
            Verdict::NotMeasured => "not measured",
        })
    }
}

/// The number of one cell.
pub(super) fn number(figure: Figure, record: &Record) -> f64 {
    match figure {
        Figure::Time => record.wall_ns as f64 / record.operations.max(1) as f64,
        Figure::PeakLive => record.footprint.peak_live_bytes as f64,
        Figure::PeakHeld => record.footprint.peak_held_bytes as f64,
        Figure::EndLive => record.footprint.end_live_bytes as f64,
        Figure::EndHeld => record.footprint.end_held_bytes as f64,
        Figure::LongestPause => record.pauses.max_ns as f64,
        Figure::Collections => record.collections.iter().sum::<u64>() as f64,
    }
}

/// The numbers of all cells of a row.
pub(super) fn numbers(figure: Figure, cells: &[&Record]) -> Vec<f64> {
    cells.iter().map(|record| number(figure, record)).collect()
}

/// The ratio of two rows, and what follows. Nothing over nothing is 1; something over nothing is without bounds.
pub(super) fn judge(
    expectation: &Expectation,
    of: &[&Record],
    over: &[&Record],
) -> (Option<Spread>, Verdict) {
    let [of, over] = [of, over].map(|cells| numbers(expectation.figure, cells));
    let ratio = match over.iter().all(|number| *number == 0.0) {
        true if over.is_empty() || of.is_empty() => None,
        true => {
            let ratio = if of.iter().all(|number| *number == 0.0) { 1.0 } else { f64::INFINITY };
            Some(exactly(ratio))
        }
        false => ratio_of_medians(&of, &over, SEED),
    };
    let verdict = ratio.as_ref().map_or(Verdict::NotMeasured, |ratio| against(expectation, ratio));
    (ratio, verdict)
}

fn exactly(ratio: f64) -> Spread {
    Spread { median: ratio, low: ratio, high: ratio, min: ratio, max: ratio, confidence: 1.0 }
}

fn against(expectation: &Expectation, ratio: &Spread) -> Verdict {
    let (most, least) = (expectation.at_most.unwrap_or(f64::INFINITY), expectation.at_least.unwrap_or(0.0));
    if ratio.high <= most && ratio.low >= least {
        Verdict::Holds
    } else if ratio.low > most || ratio.high < least {
        Verdict::Fails
    } else {
        Verdict::CannotTell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(at_most: f64) -> Expectation {
        Expectation {
            figure: Figure::Time,
            of: String::new(),
            over: String::new(),
            at_most: Some(at_most),
            at_least: None,
        }
    }

    #[test]
    fn an_interval_around_the_bound_tells_nothing() {
        let ratio = |low, high| Spread { low, high, ..exactly((low + high) / 2.0) };
        assert_eq!(against(&expectation(1.0), &ratio(0.8, 0.9)), Verdict::Holds);
        assert_eq!(against(&expectation(1.0), &ratio(0.9, 1.1)), Verdict::CannotTell);
        assert_eq!(against(&expectation(1.0), &ratio(1.1, 1.2)), Verdict::Fails);
    }

    #[test]
    fn no_cells_are_not_measured() {
        assert_eq!(judge(&expectation(1.0), &[], &[]).1, Verdict::NotMeasured);
    }
}
