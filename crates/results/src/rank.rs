//! The ranking of strategies over workloads, in time, memory and pauses at once, with the front of those that none beats in
//! all three (Pareto).
//!
//! In each workload a strategy stands at the centre of its processes, as a multiple of the best strategy's (or of a
//! baseline's); over workloads it is the geometric mean of these multiples. Only workloads that all ranked strategies
//! completed count: leaving one out for some only would favour those that failed. What is left out is listed.
//!
//! Certainty comes from resampling processes, block by block: a strategy's rank is a range, and strategies whose ranges meet
//! are tied. A resample of n values spreads less than n values do; its deviations are widened by sqrt(n/(n-1)) for that
//! (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 2.6). The best is looked for anew in each
//! resample. A strategy is beaten when another is at least as good in all three and better in one, in 95 % of resamples;
//! what chance may have put ahead does not push anything off the front.

use crate::group::group;
use crate::metric::{Metric, metric};
use crate::statistics::{Centre, LEAST_CELLS, logarithms, sorted_quantile};
use crate::{Group, Record, Setting, Status};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::collections::BTreeSet;

/// What strategies are ranked by: time, memory, pauses.
pub const OBJECTIVES: [&str; 3] = ["wall", "peak-held", "p99.9-pause"];

/// Resamples. The ends of a rank's range are whole numbers: these are enough.
const RESAMPLES: usize = 2000;

/// Seed of the resampling: fixed, so that a ranking is a function of its records.
const SEED: u64 = 0x7261_6e6b;

/// In so many resamples one strategy must beat another, or a rank be within its range.
const CONFIDENCE: f64 = 0.95;

/// Who leads, and in what.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ranking {
    /// By time, the fastest first.
    pub strategies: Vec<Ranked>,
    /// The settings that counted.
    pub settings: Vec<Setting>,
    /// The settings that did not, each with the reason.
    pub excluded: Vec<Excluded>,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// Full configuration text.
    pub strategy: String,
    /// Wall time.
    pub time: Standing,
    /// Most bytes taken from the system.
    pub memory: Standing,
    /// 99.9th percentile of pauses.
    pub pause: Standing,
    /// Whether none beats it in all three.
    pub on_front: bool,
    /// Who beats it in all three.
    pub beaten_by: Vec<String>,
}

/// Where a strategy stands in one objective.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Standing {
    /// Geometric mean over workloads of the multiples of the best, or of the baseline.
    pub ratio: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// The best rank that it may have, from 1.
    pub rank_low: usize,
    /// The worst rank that it may have.
    pub rank_high: usize,
}

/// A setting that could not count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Excluded {
    /// The setting.
    #[serde(flatten)]
    pub setting: Setting,
    /// Who is the cause, and why.
    pub reason: String,
}

/// Logarithms of one objective: a list of processes for each strategy, for each setting.
type Values = Vec<Vec<Vec<f64>>>;

/// Logarithms of where each strategy stands.
type Standings = Vec<f64>;

/// Ranks these strategies. With a baseline, which must be one of them, ratios are to it instead of to the best.
pub fn rank(records: &[Record], strategies: &[String], baseline: Option<&str>) -> Ranking {
    let mut ranking = Ranking::default();
    let groups: Vec<Group> = group(records)
        .into_iter()
        .filter(|group| strategies.iter().any(|name| group.strategies.contains_key(name.as_str())))
        .filter(|group| match obstacle(group, strategies) {
            None => true,
            Some(reason) => {
                ranking.excluded.push(Excluded { setting: group.setting.clone(), reason });
                false
            }
        })
        .collect();
    ranking.settings = groups.iter().map(|group| group.setting.clone()).collect();
    if groups.is_empty() || strategies.is_empty() {
        return ranking;
    }
    let base = baseline.and_then(|name| strategies.iter().position(|strategy| strategy == name));
    let values = OBJECTIVES.map(|name| {
        let metric = metric(name).expect("objectives are among the metrics: a test holds it");
        groups
            .iter()
            .map(|group| strategies.iter().map(|name| sorted(group, name, metric)).collect())
            .collect()
    });
    let estimate = values.each_ref().map(|values| standings(values, base, None));
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let resamples: Vec<[Standings; 3]> =
        (0..RESAMPLES).map(|_| resample(&values, base, &mut random)).collect();
    ranking.strategies =
        (0..strategies.len()).map(|place| ranked(place, strategies, &estimate, &resamples)).collect();
    ranking.strategies.sort_by(|a, b| a.time.ratio.total_cmp(&b.time.ratio));
    ranking
}

/// Why a setting cannot count; `None` when every strategy completed it often enough.
fn obstacle(group: &Group, strategies: &[String]) -> Option<String> {
    let mut obstacles = Vec::new();
    for name in strategies {
        let cells = group.strategies.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let unwell: BTreeSet<&str> =
            cells.iter().filter(|cell| cell.status != Status::Ok).map(|cell| cell.status.name()).collect();
        match cells.len() {
            0 => obstacles.push(format!("{name}: was not run")),
            _ if !unwell.is_empty() => {
                obstacles.push(format!("{name}: {}", Vec::from_iter(unwell).join(", ")));
            }
            few if few < LEAST_CELLS => {
                obstacles.push(format!("{name}: {few} processes, expected at least {LEAST_CELLS}"));
            }
            _ => {}
        }
    }
    let checksums: BTreeSet<_> = strategies
        .iter()
        .filter_map(|name| group.strategies.get(name.as_str()))
        .flatten()
        .map(|cell| (cell.seed, &cell.checksum))
        .collect();
    let seeds: BTreeSet<u64> = checksums.iter().map(|(seed, _)| *seed).collect();
    if seeds.len() < checksums.len() {
        obstacles.push("checksums differ".to_string());
    }
    (!obstacles.is_empty()).then(|| obstacles.join("; "))
}

/// The logarithms of a strategy's processes, in the order of their blocks.
fn sorted(group: &Group, strategy: &str, metric: &Metric) -> Vec<f64> {
    let mut cells: Vec<&Record> = group.strategies.get(strategy).cloned().unwrap_or_default();
    cells.sort_by_key(|cell| (cell.run.clone(), cell.invocation, cell.seed));
    let values: Vec<f64> = cells.iter().filter_map(|cell| metric.of(cell)).collect();
    logarithms(&values).unwrap_or_default()
}

/// One resample of every setting's processes: the same places of all strategies and objectives, so that what a block had in
/// common stays together.
fn resample(values: &[Values; 3], base: Option<usize>, random: &mut Pcg64Mcg) -> [Standings; 3] {
    let most = values[0].iter().flatten().map(Vec::len).max().unwrap_or(0);
    let draws: Vec<Vec<f64>> =
        values[0].iter().map(|_| (0..most).map(|_| random.random_range(0.0..1.0)).collect()).collect();
    values.each_ref().map(|values| standings(values, base, Some(&draws)))
}

/// The mean over settings of each strategy's logarithm less that of the base: of all processes, or of those that `draws`
/// (a share of the list, for each) selects.
fn standings(values: &Values, base: Option<usize>, draws: Option<&[Vec<f64>]>) -> Standings {
    let mut sums = vec![0.0; values.first().map_or(0, Vec::len)];
    for (place, setting) in values.iter().enumerate() {
        let centres: Vec<f64> = setting
            .iter()
            .map(|processes| match draws {
                None => centre(processes),
                Some(draws) => widened(processes, &draws[place]),
            })
            .collect();
        let least = || centres.iter().copied().fold(f64::INFINITY, f64::min);
        let base = base.map_or_else(least, |base| centres[base]);
        sums.iter_mut().zip(&centres).for_each(|(sum, centre)| *sum += centre - base);
    }
    sums.iter().map(|sum| sum / values.len().max(1) as f64).collect()
}

fn centre(processes: &[f64]) -> f64 {
    Centre::of(processes).map_or(f64::NAN, |centre| centre.mean)
}

/// The centre of a resample, its deviation widened to that of a sample.
fn widened(processes: &[f64], draws: &[f64]) -> f64 {
    let count = processes.len() as f64;
    let chosen: Vec<f64> =
        draws.iter().take(processes.len()).map(|u| processes[(u * count) as usize]).collect();
    let whole = centre(processes);
    whole + (centre(&chosen) - whole) * (count / (count - 1.0)).sqrt()
}

fn ranked(
    place: usize,
    strategies: &[String],
    estimate: &[Standings; 3],
    resamples: &[[Standings; 3]],
) -> Ranked {
    let beats = |other: usize| {
        let wins = |draw: &&[Standings; 3]| {
            draw.iter().all(|of| of[other] <= of[place]) && draw.iter().any(|of| of[other] < of[place])
        };
        resamples.iter().filter(wins).count() as f64 >= CONFIDENCE * resamples.len() as f64
    };
    let beaten_by: Vec<String> =
        (0..strategies.len()).filter(|other| beats(*other)).map(|other| strategies[other].clone()).collect();
    let [time, memory, pause] = [0, 1, 2].map(|objective| standing(place, objective, estimate, resamples));
    Ranked {
        strategy: strategies[place].clone(),
        time,
        memory,
        pause,
        on_front: beaten_by.is_empty(),
        beaten_by,
    }
}

fn standing(
    place: usize,
    objective: usize,
    estimate: &[Standings; 3],
    resamples: &[[Standings; 3]],
) -> Standing {
    let sorted = |value: &dyn Fn(&Standings) -> f64| {
        let mut values: Vec<f64> = resamples.iter().map(|draw| value(&draw[objective])).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let ratios = sorted(&|of| of[place].exp());
    let ranks = sorted(&|of| 1.0 + of.iter().filter(|other| **other < of[place]).count() as f64);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let ends = |values: &[f64]| [tail, 1.0 - tail].map(|q| sorted_quantile(values, q).unwrap_or(f64::NAN));
    let ([low, high], [rank_low, rank_high]) = (ends(&ratios), ends(&ranks));
    Standing {
        ratio: estimate[objective][place].exp(),
        low,
        high,
        rank_low: rank_low.floor() as usize,
        rank_high: rank_high.ceil() as usize,
    }
}
