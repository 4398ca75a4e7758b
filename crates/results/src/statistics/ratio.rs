//! The ratio of two sides with its interval and p-value, and the verdict on it: the one method behind every comparison.
//!
//! Each process gives one value; values are compared on a logarithmic scale. The centre of a side is the mean of its
//! logarithms (from ten values on, the mean of the middle 60 %), the error is Yuen's (1974) with Welch's degrees of
//! freedom, the interval is Student's. Exponentials of the ends are the interval of the ratio. Blocks of one run may be
//! compared in pairs: then the same is done with the differences of logarithms.
//!
//! Why not the two that are named most often:
//! - *Fieller's interval* of a ratio of means is unbounded when a mean is not clearly apart from 0 (pauses of three processes),
//!   and it follows single slow processes, which a shared machine always has.
//! - *The bootstrap* cannot see beyond its sample: with three processes a side its 95 % interval of the ratio of medians
//!   covers 89 %. Nor has it p-values small enough to be corrected for hundreds of comparisons.
//!
//! On a logarithmic scale machine noise, which multiplies and is skewed, is nearly symmetric; the interval is always
//! bounded; and A against B says exactly the inverse of B against A. `tests/coverage.rs` proves the coverage by
//! simulation: 94 to 98 % with 3 to 30 processes a side, be their values normal, lognormal or with a tenth of them slowed by
//! a neighbour; it shows beside it what the other two do.
//!
//! Sources: Yuen, Biometrika 61 (1974) 165-170; Welch, Biometrika 34 (1947) 28-35; Kalibera and Jones, ISMM 2013 (ratios,
//! and processes as the unit of analysis); Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657-680 (equivalence by two
//! one-sided tests).

use super::CONFIDENCE;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Fewer processes on a side than this give no verdict: with two, equal values are mere luck.
pub const LEAST_CELLS: usize = 3;

/// From so many values on, the centre leaves out the outer ones. With fewer, the quantile of Student's distribution for what
/// would be left costs more than outliers do.
const LEAST_TRIMMED: usize = 10;

/// Share of the values that is left out at each end.
const TRIMMED: f64 = 0.2;

/// How many times the first side is the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The estimate.
    pub ratio: f64,
    /// Lower end of its interval of [`CONFIDENCE`], of this comparison by itself.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// Two-sided p-value of the ratio being 1. To correct for many comparisons, put the adjusted one here: see
    /// [`adjusted`](super::adjusted).
    pub p: f64,
    /// Processes of the first and the second side.
    #[serde(skip)]
    pub cells: (usize, usize),
}

/// What a comparison says about the first side. Less is better in every metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is less, certainly, and by more than the threshold.
    Better,
    /// It is more, certainly, and by more than the threshold.
    Worse,
    /// Whatever the ratio is, it lies within the threshold, certainly.
    Same,
    /// The processes are too few or too unlike for any of these.
    CannotTell,
}

impl Verdict {
    /// The word in a table.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Same => "same",
            Verdict::CannotTell => "cannot tell",
        }
    }
}

/// The ratio of `a` to `b`, whose processes have nothing to do with each other. `None` with fewer than two values on a
/// side, or one that is not positive and finite.
pub fn independent(a: &[f64], b: &[f64]) -> Option<Ratio> {
    let (one, other) = (Centre::of(&logarithms(a)?)?, Centre::of(&logarithms(b)?)?);
    let variances = [one.error.powi(2), other.error.powi(2)];
    let variance: f64 = variances.iter().sum();
    let difference = Centre {
        mean: one.mean - other.mean,
        error: variance.sqrt(),
        freedom: variance.powi(2)
            / (variances[0].powi(2) / one.freedom + variances[1].powi(2) / other.freedom),
    };
    Some(difference.ratio((a.len(), b.len())))
}

/// The ratio of `a` to `b`, where the values at one place are of one block, and so have in common what the machine did at
/// that time. `None` as for [`independent`], or where the sides differ in length.
pub fn paired(a: &[f64], b: &[f64]) -> Option<Ratio> {
    let (one, other) = (logarithms(a)?, logarithms(b)?);
    if one.len() != other.len() {
        return None;
    }
    let differences: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a - b).collect();
    Some(Centre::of(&differences)?.ratio((a.len(), b.len())))
}

/// What a ratio says, given by how much it must differ from 1 to matter (`threshold`, 0.02 for 2 %) and how often a
/// difference may be seen where there is none (`alpha`).
///
/// `better` and `worse` need both: a p-value below `alpha`, and an estimate outside of 1/(1+threshold) to 1+threshold. A
/// difference that is certain but too small to matter must not stop a release. `same` needs the whole interval within
/// these bounds: at 95 %, two one-sided tests at 2.5 % each. With a threshold of 0 significance decides alone, and `same`
/// are only values without any spread.
pub fn verdict(ratio: &Ratio, threshold: f64, alpha: f64) -> Verdict {
    let (least, most) = (1.0 / (1.0 + threshold), 1.0 + threshold);
    let few = ratio.cells.0.min(ratio.cells.1) < LEAST_CELLS;
    match ratio.ratio {
        _ if few => Verdict::CannotTell,
        r if ratio.p < alpha && r < least => Verdict::Better,
        r if ratio.p < alpha && r > most => Verdict::Worse,
        _ if ratio.low >= least && ratio.high <= most => Verdict::Same,
        _ => Verdict::CannotTell,
    }
}

/// The centre of values and how certain it is.
pub(crate) struct Centre {
    /// The mean, or the trimmed mean.
    pub(crate) mean: f64,
    /// Its standard error.
    error: f64,
    /// Degrees of freedom of the error.
    freedom: f64,
}

impl Centre {
    /// `None` of fewer than two values.
    pub(crate) fn of(values: &[f64]) -> Option<Centre> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let all = sorted.len();
        let trimmed = if all < LEAST_TRIMMED { 0 } else { (TRIMMED * all as f64) as usize };
        let left = all - 2 * trimmed;
        if left < 2 {
            return None;
        }
        let mean = sorted[trimmed..all - trimmed].iter().sum::<f64>() / left as f64;
        // Winsorized: those left out count as the nearest that stayed.
        let (least, most) = (sorted[trimmed], sorted[all - 1 - trimmed]);
        let kept: Vec<f64> = sorted.iter().map(|value| value.clamp(least, most)).collect();
        let middle = kept.iter().sum::<f64>() / all as f64;
        let squares: f64 = kept.iter().map(|value| (value - middle).powi(2)).sum();
        let error = (squares / (left as f64 * (left as f64 - 1.0))).sqrt();
        // Equal values: without this, rounding in their mean would pass for spread.
        let error = if least == most { 0.0 } else { error };
        Some(Centre { mean: if least == most { least } else { mean }, error, freedom: left as f64 - 1.0 })
    }

    /// The ratio whose logarithm this is the centre of.
    fn ratio(&self, cells: (usize, usize)) -> Ratio {
        let student = StudentsT::new(0.0, 1.0, self.freedom).ok().filter(|_| self.error > 0.0);
        let (reach, p) = match student {
            Some(student) => {
                let quantile = student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
                (quantile * self.error, 2.0 * student.cdf(-(self.mean / self.error).abs()))
            }
            // Values without spread: they are equal, or they are not.
            None => (0.0, if self.mean == 0.0 { 1.0 } else { 0.0 }),
        };
        let [ratio, low, high] = [self.mean, self.mean - reach, self.mean + reach].map(f64::exp);
        Ratio { ratio, low, high, p: p.min(1.0), cells }
    }
}

/// The logarithms of values; `None` when one has none.
pub(crate) fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    values.iter().map(|value| (*value > 0.0 && value.is_finite()).then(|| value.ln())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn welch_s_interval_is_that_of_the_textbook() {
        // Logarithms 0, 0.1, 0.2 and 0.3, 0.5, 0.7: means 0.1 and 0.5, variances 0.01 and 0.04, and so an error of
        // sqrt(0.05 / 3) = 0.12910 with 2.9412 degrees of freedom: t = -3.0984.
        let values = |logarithms: [f64; 3]| logarithms.map(f64::exp);
        let ratio = independent(&values([0.0, 0.1, 0.2]), &values([0.3, 0.5, 0.7])).unwrap();
        assert!((ratio.ratio.ln() + 0.4).abs() < 1e-12 && ratio.cells == (3, 3), "{ratio:?}");
        let student = StudentsT::new(0.0, 1.0, 2.941_176_470_588).unwrap();
        assert!((ratio.p - 2.0 * student.cdf(-3.098_386_676_966)).abs() < 1e-9, "{ratio:?}");
        let reach = student.inverse_cdf(0.975) * 0.129_099_444_873;
        assert!((ratio.low.ln() + 0.4 + reach).abs() < 1e-9, "{ratio:?}");
        assert!((ratio.high.ln() + 0.4 - reach).abs() < 1e-9, "{ratio:?}");
    }

    #[test]
    fn student_s_quantiles_are_those_of_the_tables() {
        for (freedom, quantile) in [(1.0, 12.7062), (2.0, 4.30265), (4.0, 2.77645), (18.0, 2.10092)] {
            let student = StudentsT::new(0.0, 1.0, freedom).unwrap();
            assert!((student.inverse_cdf(0.975) - quantile).abs() < 1e-4, "{freedom}");
        }
        // Many comparisons are corrected in the tail: it must be right there too.
        let tail = StudentsT::new(0.0, 1.0, 4.0).unwrap().cdf(-40.0);
        assert!((tail / 1.164_8e-6 - 1.0).abs() < 0.01, "{tail}");
    }

    #[test]
    fn yuen_leaves_out_the_outer_fifth() {
        let mut values: Vec<f64> = (1..=10).map(f64::from).collect();
        let centre = Centre::of(&values).unwrap();
        // Winsorized 3 3 3 4 5 6 7 8 8 8: squares 42.5 over 6 * 5.
        assert_eq!((centre.mean, centre.freedom), (5.5, 5.0));
        assert!((centre.error - (42.5f64 / 30.0).sqrt()).abs() < 1e-12, "{}", centre.error);
        values[9] = 1e9;
        assert_eq!(Centre::of(&values).unwrap().error, centre.error);
    }

    #[test]
    fn what_the_machine_does_to_a_whole_block_drops_out_of_pairs() {
        let drift = [1.0, 1.4, 0.8, 1.9, 1.1];
        let slower: Vec<f64> =
            [1.05, 1.051, 1.049, 1.05, 1.05].iter().zip(drift).map(|(v, d)| v * d).collect();
        let (pairs, apart) = (paired(&slower, &drift).unwrap(), independent(&slower, &drift).unwrap());
        assert!(pairs.low > 1.049 && pairs.high < 1.051 && pairs.p < 1e-6, "{pairs:?}");
        assert!(apart.p > 0.5 && apart.low < 1.0, "{apart:?}");
        assert_eq!(paired(&slower, &drift[1..]), None);
    }

    #[test]
    fn values_without_spread_are_equal_or_not() {
        let same = independent(&[0.1; 3], &[0.1; 3]).unwrap();
        assert_eq!((same.low, same.ratio, same.high, same.p), (1.0, 1.0, 1.0, 1.0));
        let other = independent(&[2.0; 3], &[1.0; 3]).unwrap();
        assert!((other.low - 2.0).abs() < 1e-12 && other.low == other.high && other.p == 0.0, "{other:?}");
        for bad in [&[][..], &[1.0], &[1.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY]] {
            assert_eq!(independent(bad, &[1.0, 1.0]), None, "{bad:?}");
        }
    }

    #[test]
    fn verdicts_need_certainty_and_size() {
        let of = |low: f64, ratio: f64, high: f64, p: f64, cells: usize| {
            verdict(&Ratio { ratio, low, high, p, cells: (cells, 30) }, 0.02, 0.05)
        };
        assert_eq!(of(1.03, 1.05, 1.07, 0.001, 3), Verdict::Worse);
        assert_eq!(of(0.93, 0.95, 0.97, 0.001, 3), Verdict::Better);
        assert_eq!(of(1.005, 1.01, 1.015, 0.001, 3), Verdict::Same, "certain, and too small to matter");
        assert_eq!(
            of(1.005, 1.03, 1.06, 0.04, 3),
            Verdict::Worse,
            "it is beyond, most likely by more than 2 %"
        );
        assert_eq!(of(1.001, 1.015, 1.03, 0.04, 3), Verdict::CannotTell, "it may matter or not");
        assert_eq!(of(1.03, 1.05, 1.07, 0.06, 3), Verdict::CannotTell, "one of many");
        assert_eq!(of(0.99, 1.0, 1.01, 1.0, 3), Verdict::Same);
        assert_eq!(of(1.0, 1.0, 1.0, 1.0, 2), Verdict::CannotTell, "two equal values are luck");
        assert_eq!(of(0.90, 1.0, 1.10, 1.0, 30), Verdict::CannotTell);
    }

    proptest! {
        #[test]
        fn exchanging_the_sides_inverts_the_ratio(
            a in prop::collection::vec(0.1f64..10.0, 2..15), b in prop::collection::vec(0.1f64..10.0, 2..15),
        ) {
            let (one, other) = (independent(&a, &b).unwrap(), independent(&b, &a).unwrap());
            let near = |x: f64, y: f64| (x * y - 1.0).abs() < 1e-9;
            prop_assert!(near(one.ratio, other.ratio) && near(one.low, other.high) && near(one.high, other.low));
            prop_assert!((one.p - other.p).abs() < 1e-9);
            prop_assert!(one.low <= one.ratio && one.ratio <= one.high && (0.0..=1.0).contains(&one.p));
            prop_assert_eq!(one.p < 0.05, one.low > 1.0 || one.high < 1.0);
        }
    }
}
