//! The claims behind every verdict, by simulation: intervals cover the true ratio as often as they say, whatever the shape of the
//! noise and the number of processes; verdicts are wrong as seldom as they say.

use heapbench_results::statistics::{
    Ratio, Verdict, adjusted, independent, paired, ratio_of_medians, verdict,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The true ratio of the two sides.
const TRUTH: f64 = 1.07;

/// Processes a side.
const SIZES: [usize; 5] = [3, 5, 10, 20, 30];

/// One value a process, around 1.
type Shape = fn(&mut Pcg64Mcg) -> f64;

/// A draw from the standard normal distribution.
fn gauss(random: &mut Pcg64Mcg) -> f64 {
    let uniform: f64 = random.random_range(1e-12..1.0 - 1e-12);
    Normal::standard().inverse_cdf(uniform)
}

/// Times of a quiet machine.
fn normal(random: &mut Pcg64Mcg) -> f64 {
    1.0 + 0.05 * gauss(random)
}

/// Longest pauses, which differ by a factor between processes.
fn lognormal(random: &mut Pcg64Mcg) -> f64 {
    (0.5 * gauss(random)).exp()
}

/// Times of a shared machine: a tenth of the processes is slowed by a neighbour, up to several times.
fn outliers(random: &mut Pcg64Mcg) -> f64 {
    let slowed = random.random_range(0.0..1.0) < 0.1;
    let slowness = if slowed { 1.0 + 0.5 * -random.random_range(1e-9..1.0_f64).ln() } else { 1.0 };
    slowness * (0.02 * gauss(random)).exp()
}

const SHAPES: [(&str, Shape); 3] = [("normal", normal), ("lognormal", lognormal), ("outliers", outliers)];

fn sample(shape: Shape, count: usize, scale: f64, random: &mut Pcg64Mcg) -> Vec<f64> {
    (0..count).map(|_| scale * shape(random)).collect()
}

/// How many experiments stand behind a share; its standard error at 95 % is 0.0034.
const EXPERIMENTS: usize = 4000;

/// The share of experiments in which something holds.
fn share(experiments: usize, mut holds: impl FnMut(&mut Pcg64Mcg) -> bool) -> f64 {
    let mut random = Pcg64Mcg::seed_from_u64(42);
    (0..experiments).filter(|_| holds(&mut random)).count() as f64 / experiments as f64
}

/// What of a share that should be `expected` may be due to the simulation: three standard errors.
fn chance(expected: f64, experiments: usize) -> f64 {
    3.0 * (expected * (1.0 - expected) / experiments as f64).sqrt()
}

fn holds(ratio: &Ratio) -> bool {
    ratio.low <= TRUTH && TRUTH <= ratio.high
}

/// Fieller's interval of the ratio of means; `None` where it is unbounded.
fn fieller(a: &[f64], b: &[f64]) -> Option<(f64, f64)> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (x, y) = (mean(a), mean(b));
    let error = |values: &[f64], mean: f64| {
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        squares / ((values.len() - 1) * values.len()) as f64
    };
    let t = StudentsT::new(0.0, 1.0, (a.len() + b.len() - 2) as f64).unwrap().inverse_cdf(0.975);
    let (h, k) = (t * t * error(a, x), t * t * error(b, y));
    let root = ((x * y).powi(2) - (x * x - h) * (y * y - k)).sqrt();
    (y * y > k).then(|| ((x * y - root) / (y * y - k), (x * y + root) / (y * y - k)))
}

/// Claimed: 95 %, and never less than 94 % where both sides have as many processes.
#[test]
fn intervals_cover_the_true_ratio() {
    for (name, shape) in SHAPES {
        for size in SIZES {
            let sides = |r: &mut Pcg64Mcg| (sample(shape, size, TRUTH, r), sample(shape, size, 1.0, r));
            let apart = share(EXPERIMENTS, |r| {
                let (a, b) = sides(r);
                holds(&independent(&a, &b).unwrap())
            });
            let pairs = share(EXPERIMENTS, |r| {
                let (a, b) = sides(r);
                holds(&paired(&a, &b).unwrap())
            });
            println!("{name}, {size} processes a side: {apart:.3}, in pairs {pairs:.3}");
            let least = 0.94 - chance(0.94, EXPERIMENTS);
            assert!(apart > least && pairs > least, "{name} {size}: {apart} {pairs}");
        }
    }
}

/// Three processes against thirty, or one side with five times the spread of the other: Welch's degrees of freedom are an
/// approximation, and 92 % is what they hold.
#[test]
fn intervals_cover_it_with_unequal_sides_too() {
    for size in SIZES {
        let few = share(EXPERIMENTS, |r| {
            holds(&independent(&sample(lognormal, size, TRUTH, r), &sample(lognormal, 30, 1.0, r)).unwrap())
        });
        let least = 0.92 - chance(0.92, EXPERIMENTS);
        assert!(few > least, "{size} against 30: {few}");
        let narrow: Shape = |random| (0.05 * gauss(random)).exp();
        let broad: Shape = |random| (0.25 * gauss(random)).exp();
        let unlike = share(EXPERIMENTS, |r| {
            holds(&independent(&sample(broad, size, TRUTH, r), &sample(narrow, size, 1.0, r)).unwrap())
        });
        assert!(unlike > least, "{size}, unlike spread: {unlike}");
    }
}

/// Why neither of the two that are named most often is the method.
#[test]
fn fieller_follows_outliers_and_the_bootstrap_misses_with_few() {
    let unbounded = share(EXPERIMENTS, |r| {
        fieller(&sample(lognormal, 3, TRUTH, r), &sample(lognormal, 3, 1.0, r)).is_none()
    });
    assert!(unbounded > 0.05, "three processes with pauses that differ by a factor: {unbounded}");
    let mut widths = (0.0, 0.0);
    share(500, |r| {
        let (a, b) = (sample(outliers, 20, TRUTH, r), sample(outliers, 20, 1.0, r));
        let (low, high) = fieller(&a, &b).unwrap_or((1.0, 1.0));
        let ours = independent(&a, &b).unwrap();
        widths = (widths.0 + (high / low).ln(), widths.1 + (ours.high / ours.low).ln());
        true
    });
    assert!(widths.0 > 3.0 * widths.1, "{widths:?}");
    let bootstrap = share(600, |r| {
        let ratio =
            ratio_of_medians(&sample(normal, 3, TRUTH, r), &sample(normal, 3, 1.0, r), r.random()).unwrap();
        ratio.low <= TRUTH && TRUTH <= ratio.high
    });
    assert!(bootstrap < 0.93, "{bootstrap}");
}

/// Claimed: a build against itself raises any alarm in at most 5 % of comparisons, however many questions each asks.
#[test]
fn a_build_against_itself_raises_few_alarms() {
    for (name, shape) in SHAPES {
        for size in [3, 10] {
            let alarms = share(300, |r| {
                let ratios: Vec<Ratio> = (0..100)
                    .map(|_| independent(&sample(shape, size, 1.0, r), &sample(shape, size, 1.0, r)).unwrap())
                    .collect();
                let p = adjusted(&ratios.iter().map(|ratio| ratio.p).collect::<Vec<_>>());
                let judge = |(ratio, p): (&Ratio, f64)| verdict(&Ratio { p, ..*ratio }, 0.0, 0.05);
                ratios.iter().zip(p).map(judge).any(|v| matches!(v, Verdict::Better | Verdict::Worse))
            });
            println!("{name}, {size} processes a side: an alarm in {alarms:.3}");
            assert!(alarms < 0.05 + chance(0.05, 300), "{name} {size}: {alarms}");
        }
    }
}

/// Claimed: where the ratio is just beyond the threshold, `same` is said in at most 2.5 %; of one or two processes never.
#[test]
fn same_is_never_luck() {
    let quiet: Shape = |random| (0.004 * gauss(random)).exp();
    for (name, shape) in [("quiet", quiet), SHAPES[0], SHAPES[2]] {
        for size in [2, 3, 5, 10, 20, 30] {
            let lucky = share(EXPERIMENTS, |r| {
                let ratio =
                    independent(&sample(shape, size, 1.0201, r), &sample(shape, size, 1.0, r)).unwrap();
                verdict(&ratio, 0.02, 0.05) == Verdict::Same
            });
            let most = if size < 3 { 0.0 } else { 0.025 + chance(0.025, EXPERIMENTS) };
            assert!(lucky <= most, "{name} {size}: {lucky}");
        }
    }
    assert_eq!(independent(&[1.0], &[1.0]), None);
}

/// What can be found: an effect of 5 % with ten processes a side that spread by 2 %, and that nothing differs.
#[test]
fn known_effects_are_found_with_their_sign() {
    let steady: Shape = |random| (0.02 * gauss(random)).exp();
    let said = |scale: f64, size: usize, expected: Verdict| {
        share(1000, |r| {
            let ratio = independent(&sample(steady, size, scale, r), &sample(steady, size, 1.0, r)).unwrap();
            verdict(&ratio, 0.02, 0.05) == expected
        })
    };
    for (scale, expected) in [(1.05, Verdict::Worse), (1.0 / 1.05, Verdict::Better)] {
        assert!(said(scale, 10, expected) > 0.95, "{scale}");
        let opposite = if expected == Verdict::Worse { Verdict::Better } else { Verdict::Worse };
        assert_eq!(said(scale, 10, opposite), 0.0, "{scale}");
    }
    assert!(said(1.0, 30, Verdict::Same) > 0.8);
    assert!(said(1.0, 3, Verdict::CannotTell) > 0.7, "three processes do not show sameness");
}
