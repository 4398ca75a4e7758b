//! Many comparisons at once: p-values adjusted after Benjamini and Hochberg, and bounds of an error rate.
//!
//! A comparison of two runs asks hundreds of questions; at 5 % each, some would be answered wrongly by chance alone. The
//! adjustment holds the false discovery rate: of what is called better or worse, at most a share of alpha is not, on
//! average. Where nothing differs at all (a build against itself) that is the same as: at most a share of alpha of such
//! comparisons raises any alarm, which is what an exit status needs. Holm's method holds the latter also where much differs,
//! at a price that grows with the number of questions: with three processes a side and 500 questions it would
//! find next to nothing. Metrics of a cell depend on each other positively (wall and CPU time), which the method allows.
//!
//! Sources: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289-300; Clopper and Pearson, Biometrika 26 (1934) 404-413.

use statrs::distribution::{Beta, ContinuousCDF};

/// The p-values, each so adjusted that comparing it with alpha holds the false discovery rate; in the given order.
pub fn adjusted(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*b].total_cmp(&p_values[*a]));
    let all = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (above, place) in order.into_iter().enumerate() {
        least = least.min(p_values[place] * (all / (all - above as f64)));
        adjusted[place] = least;
    }
    adjusted
}

/// The greatest share of all that `hits` of `trials` are compatible with, at the given confidence (one-sided); 1 where nothing
/// was tried.
pub fn upper_bound(hits: usize, trials: usize, confidence: f64) -> f64 {
    match Beta::new(hits as f64 + 1.0, trials.saturating_sub(hits) as f64) {
        Ok(beta) => beta.inverse_cdf(confidence),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_authors_is_reproduced() {
        // Their 15 p-values, of which four are found at 5 %.
        let given = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let found: Vec<bool> = adjusted(&given).iter().map(|p| *p < 0.05).collect();
        assert_eq!(found.iter().filter(|found| **found).count(), 4);
        assert!(found[..4].iter().all(|found| *found));
        assert!((adjusted(&given)[0] - 0.0015).abs() < 1e-12);
    }

    #[test]
    fn bounds_are_those_of_the_tables() {
        // None of n: 1 - 0.05^(1/n), the rule of three.
        assert!((upper_bound(0, 200, 0.95) - (1.0 - 0.05f64.powf(1.0 / 200.0))).abs() < 1e-9);
        assert!((upper_bound(10, 200, 0.95) - 0.083_4).abs() < 0.000_5, "{}", upper_bound(10, 200, 0.95));
        assert_eq!((upper_bound(3, 3, 0.95), upper_bound(0, 0, 0.95)), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn adjusting_keeps_the_order_and_never_lessens(p in prop::collection::vec(0.0f64..=1.0, 0..30)) {
            let adjusted = adjusted(&p);
            for (i, a) in adjusted.iter().enumerate() {
                prop_assert!(*a >= p[i] && *a <= 1.0);
                for (j, b) in adjusted.iter().enumerate() {
                    prop_assert!(p[i] > p[j] || a <= b);
                }
            }
        }
    }
}
