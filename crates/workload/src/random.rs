//! Seeded choices. Programs draw them while they are prepared, so that no generator runs inside a measurement.

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The generator of a seed.
pub fn generator(seed: u64) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(seed)
}

/// `count` numbers below `bound` > 0, each as likely.
pub fn indices(generator: &mut impl Rng, count: usize, bound: u32) -> Vec<u32> {
    (0..count).map(|_| generator.random_range(0..bound)).collect()
}

/// A random permutation of `0..count` that is one single cycle: the successor of each number (Sattolo 1986).
pub fn cycle(generator: &mut impl Rng, count: u32) -> Vec<u32> {
    let mut successors: Vec<u32> = (0..count).collect();
    for i in (1..count as usize).rev() {
        successors.swap(i, generator.random_range(0..i));
    }
    successors
}

/// `count` numbers below `bound` > 0 with a share that falls as the power `skew` of their rank: 0 is uniform, 1 is
/// Zipf's law. Shares are whole numbers, so that the last bit of a machine's `pow` changes nothing.
pub fn skewed_indices(generator: &mut impl Rng, count: usize, bound: u32, skew: f64) -> Vec<u32> {
    const FIRST_SHARE: f64 = (1u64 << 32) as f64;
    let mut total = 0;
    let cumulated: Vec<u64> = (1..=bound)
        .map(|rank| {
            total += (f64::from(rank).powf(-skew) * FIRST_SHARE).round().max(1.0) as u64;
            total
        })
        .collect();
    let draw = |_| {
        let at = generator.random_range(0..total);
        cumulated.partition_point(|upper| *upper <= at) as u32
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_visits_everything() {
        for count in [1, 2, 3, 100] {
            let successors = cycle(&mut generator(7), count);
            let mut at = 0;
            for step in 1..=count {
                at = successors[at as usize];
                assert_eq!(at == 0, step == count, "{count}");
            }
        }
    }

    #[test]
    fn skew_prefers_low_ranks() {
        let mut seen = [0u32; 10];
        for index in skewed_indices(&mut generator(7), 10_000, 10, 1.0) {
            seen[index as usize] += 1;
        }
        // Zipf's law over ten: the first has 34 %, the second 17 %, the last 3.4 %.
        assert!(
            (3100..3700).contains(&seen[0]) && (1500..1900).contains(&seen[1]) && seen[9] < 500,
            "{seen:?}"
        );
    }
}
