//! Medians, quantiles, and bootstrap intervals over processes (percentile method, seeded).
//!
//! With fewer than six values the percentile interval of a median is the whole range, and covers the true
//! median with probability 1 - 2^(1-n) only (three values: 75 %). [`Spread::confidence`] says so. What is compared is compared
//! by another method: see [`Ratio`].

mod multiplicity;
mod ratio;

pub use multiplicity::{adjusted, upper_bound};
pub(crate) use ratio::{Centre, logarithms};
pub use ratio::{LEAST_CELLS, Ratio, Verdict, independent, paired, verdict};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// What intervals aim at.
pub const CONFIDENCE: f64 = 0.95;

/// Resamples of a bootstrap. The ends of an interval are themselves certain to about 1 % of its width.
pub(crate) const RESAMPLES: usize = 4000;

/// A median and how certain it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// Lower end of the interval of the median.
    pub low: f64,
    /// Upper end of the interval of the median.
    pub high: f64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// Coverage of the interval: [`CONFIDENCE`], or less where the values are too few for it; 0 for one.
    pub confidence: f64,
}

/// The quantile of sorted values, linear between neighbours; `None` of no values. `quantile` is cut to 0..=1.
pub fn sorted_quantile(sorted: &[f64], quantile: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = quantile.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    Some(sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64))
}

/// The median, `None` of no values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted_quantile(&sorted, 0.5)
}

/// The median with a bootstrap interval; `None` of no values. The same seed gives the same interval.
pub fn spread(values: &[f64], seed: u64) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let medians = resampled_medians(&sorted, &mut Pcg64Mcg::seed_from_u64(seed));
    let (low, high) = central(medians)?;
    Some(Spread {
        median: sorted_quantile(&sorted, 0.5)?,
        low,
        high,
        min: *sorted.first()?,
        max: *sorted.last()?,
        confidence: attainable(sorted.len()),
    })
}

/// The ratio of the medians of `numerator` and `denominator` with its bootstrap interval, each resampled by
/// itself. `None` when either is empty or a median of the denominator is not positive.
///
/// `min` and `max` are the extreme ratios of the resamples' values.
pub fn ratio_of_medians(numerator: &[f64], denominator: &[f64], seed: u64) -> Option<Spread> {
    let ratio = median(numerator)? / median(denominator).filter(|m| *m > 0.0)?;
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let above = resampled_medians(numerator, &mut random);
    let below = resampled_medians(denominator, &mut random);
    let mut ratios: Vec<f64> =
        above.iter().zip(&below).filter(|(_, d)| **d > 0.0).map(|(n, d)| n / d).collect();
    ratios.sort_by(f64::total_cmp);
    let (min, max) = (*ratios.first()?, *ratios.last()?);
    let (low, high) = central(ratios)?;
    let confidence = attainable(numerator.len().min(denominator.len()));
    Some(Spread { median: ratio, low, high, min, max, confidence })
}

/// What an interval over so few values can cover at most, up to [`CONFIDENCE`].
pub(crate) fn attainable(values: usize) -> f64 {
    (1.0 - 0.5f64.powi(values.saturating_sub(1).min(64) as i32)).min(CONFIDENCE)
}

/// Medians of resamples with replacement; none of no values.
fn resampled_medians(values: &[f64], random: &mut Pcg64Mcg) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut resample = vec![0.0; values.len()];
    let draw = |_| {
        resample.fill_with(|| values[random.random_range(0..values.len())]);
        resample.sort_by(f64::total_cmp);
        sorted_quantile(&resample, 0.5).expect("a resample is as long as its values, and those are not empty")
    };
    (0..RESAMPLES).map(draw).collect()
}

/// The central interval that holds [`CONFIDENCE`] of the values.
pub(crate) fn central(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Some((sorted_quantile(&values, tail)?, sorted_quantile(&values, 1.0 - tail)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(sorted_quantile(&values, 0.5), Some(3.0));
        assert_eq!(sorted_quantile(&values, 0.0), Some(1.0));
        assert_eq!(sorted_quantile(&values, 7.0), Some(8.0));
        assert_eq!(sorted_quantile(&[], 0.5), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    }

    #[test]
    fn few_values_give_their_range_and_own_up_to_it() {
        let three = spread(&[3.0, 1.0, 2.0], 1).unwrap();
        assert_eq!((three.low, three.median, three.high, three.confidence), (1.0, 2.0, 3.0, 0.75));
        let one = spread(&[5.0], 1).unwrap();
        assert_eq!((one.low, one.high, one.confidence), (5.0, 5.0, 0.0));
        assert_eq!(spread(&[], 1), None);
    }

    /// The claim behind every interval shown: over many experiments it holds the true median as often as said.
    #[test]
    fn intervals_cover_the_true_median() {
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let experiments = 400;
        let covered = (0..experiments)
            .filter(|seed| {
                let values: Vec<f64> = (0..15).map(|_| random.random_range(0.0..1.0)).collect();
                let s = spread(&values, *seed).unwrap();
                s.low <= 0.5 && 0.5 <= s.high
            })
            .count();
        let coverage = covered as f64 / experiments as f64;
        assert!((0.90..0.99).contains(&coverage), "{coverage}");
    }

    #[test]
    fn a_known_effect_is_found_and_none_is_not() {
        let base: Vec<f64> = (0..20).map(|i| 100.0 + (i * 7 % 20) as f64 / 10.0).collect();
        let slower: Vec<f64> = base.iter().map(|v| v * 1.1).collect();
        let r = ratio_of_medians(&slower, &base, 3).unwrap();
        assert!(r.low > 1.05 && r.high < 1.15 && (r.median - 1.1).abs() < 1e-9, "{r:?}");
        let same = ratio_of_medians(&base, &base, 3).unwrap();
        assert!(same.low < 1.0 && same.high > 1.0, "{same:?}");
        assert_eq!(ratio_of_medians(&base, &[0.0], 3), None);
    }

    proptest! {
        #[test]
        fn a_spread_is_ordered_and_repeatable(values in prop::collection::vec(0.0f64..1e12, 1..12), seed: u64) {
            let s = spread(&values, seed).unwrap();
            prop_assert!(s.min <= s.low && s.low <= s.median && s.median <= s.high && s.high <= s.max);
            prop_assert_eq!(spread(&values, seed).unwrap(), s);
        }
    }
}
