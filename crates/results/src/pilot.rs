//! How many processes a comparison needs, from a pilot of a few.
//!
//! Source: T. Kalibera and R. Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013. They put repetitions where
//! the variance is: builds, processes, iterations. Here a process runs its program once and the build is one, so a
//! single level is left, the process; what varies inside one is part of the variance between them. The number is the
//! least `r` for which `t(r - 1) · s / √r`, half of the mean's 95 % interval, is the wanted part of the mean.
//!
//! Tables show medians, whose intervals are wider by √(π/2) where values are normal: the number is multiplied by π/2.

use crate::statistics::CONFIDENCE;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::f64::consts::FRAC_PI_2;

/// Processes of a pilot for each configuration and workload: three blocks and their mirror images.
pub const PILOT: u32 = 6;

/// Processes for each configuration and workload, at most.
pub const CAP: u32 = 30;

/// How many processes it takes until half of the interval of the median is `half_width` of it (0.01 is 1 %), as far as
/// the values of a pilot tell; from as many as the pilot has to `cap`. Fewer than two values tell nothing: none more
/// are wanted.
pub fn processes(pilot: &[f64], half_width: f64, cap: u32) -> u32 {
    let had = u32::try_from(pilot.len()).unwrap_or(u32::MAX);
    let Some(variation) = coefficient_of_variation(pilot) else { return had.min(cap) };
    let enough = |processes: &u32| {
        let effective = f64::from(*processes) / FRAC_PI_2;
        student(*processes as usize) * variation / effective.sqrt() <= half_width
    };
    (had.max(2)..cap).find(enough).unwrap_or(cap)
}

/// Standard deviation over mean; `None` of fewer than two values or a mean that is not positive.
fn coefficient_of_variation(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1 && mean > 0.0).then(|| (squares / (count - 1.0)).sqrt() / mean)
}

/// The quantile of Student's t that belongs to a two-sided 95 % interval of the mean of so many values, at least two.
pub(crate) fn student(values: usize) -> f64 {
    let freedom = values.max(2) as f64 - 1.0;
    let student = StudentsT::new(0.0, 1.0, freedom).expect("the scale and the freedom are positive");
    student.inverse_cdf(1.0 - (1.0 - CONFIDENCE) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::spread;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Roughly normal, about 1.
    fn noisy(count: u32, deviation: f64, random: &mut Pcg64Mcg) -> Vec<f64> {
        let normal = |random: &mut Pcg64Mcg| (0..12).map(|_| random.random_range(-0.5..0.5)).sum::<f64>();
        (0..count).map(|_| 1.0 + deviation * normal(random)).collect()
    }

    #[test]
    fn the_number_is_the_least_that_the_formula_allows() {
        // Mean 1, deviation 0.02: t(15) = 2.1314, and 2.1314 · 0.02 · √(π/2) / √r ≤ 0.0134 first holds for 16.
        let pilot = [0.98, 1.02, 1.0, 1.0 - 0.02 * 1.5f64.sqrt(), 1.0 + 0.02 * 1.5f64.sqrt(), 1.0];
        assert!((coefficient_of_variation(&pilot).unwrap() - 0.02).abs() < 1e-9);
        assert_eq!(processes(&pilot, 0.0134, 100), 16);
        assert!((student(16) - 2.1314).abs() < 1e-4, "{}", student(16));
    }

    #[test]
    fn quiet_cells_need_no_more_and_noisy_ones_stop_at_the_cap() {
        assert_eq!(processes(&[1.0; 6], 0.01, CAP), 6);
        assert_eq!(processes(&[1.0, 9.0, 1.0, 9.0, 1.0, 9.0], 0.01, CAP), CAP);
        for few in [&[][..], &[1.0][..], &[0.0, 0.0][..]] {
            assert_eq!(processes(few, 0.01, CAP) as usize, few.len());
        }
        assert_eq!(processes(&[1.0; 9], 0.01, 4), 4);
    }

    #[test]
    fn narrower_intervals_need_more_processes() {
        let pilot = noisy(PILOT, 0.03, &mut Pcg64Mcg::seed_from_u64(1));
        let wanted: Vec<u32> = [0.04, 0.02, 0.01].map(|width| processes(&pilot, width, 10_000)).to_vec();
        assert!(wanted.is_sorted() && wanted[0] < wanted[2], "{wanted:?}");
    }

    /// The claim itself: with the chosen number, the interval that tables show is as narrow as was asked for.
    #[test]
    fn the_interval_shown_is_as_narrow_as_wanted() {
        let mut random = Pcg64Mcg::seed_from_u64(5);
        let widths: Vec<f64> = (0..200)
            .map(|seed| {
                let pilot = noisy(PILOT, 0.03, &mut random);
                let values = noisy(processes(&pilot, 0.02, 1000), 0.03, &mut random);
                let shown = spread(&values, seed).unwrap();
                (shown.high - shown.low) / 2.0 / shown.median
            })
            .collect();
        let typical = crate::statistics::median(&widths).unwrap();
        assert!((0.010..0.024).contains(&typical), "{typical}");
    }
}
