//! Lower-bound overhead: at least what memory management costs, over all of a program's time.
//!
//! Nobody can run a program without a memory manager. But the least time that any of them leaves after its explicit
//! collections are taken off is more than the program alone needs, so the total over it is less than the true overhead
//! (Cai, Blackburn, Bond and Maas, "Distilling the real cost of production garbage collectors", ISPASS 2022). Counting,
//! barriers and frees count in full, which pauses alone do not show.
//!
//! The base is the least of the *means*, over all strategies and limits: the least of single runs would be luck. The
//! intervals resample processes and find the base anew in each draw. A mean of few processes has an interval that is too
//! narrow: [`Point::cells`] says how few.
//!
//! Of CPU time, a collection's part is taken to be its part of the wall time: a collection that the system interrupted
//! would otherwise take more off than it used.

use crate::Record;
use crate::group::Setting;
use crate::points::{Cells, PointCells, Times, WorkCells, mean};
use crate::statistics::{CONFIDENCE, sorted_quantile};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::collections::BTreeSet;

pub use crate::points::Clock;

/// Draws of the bootstrap.
const DRAWS: usize = 2000;

/// Seed of the bootstrap: fixed, so that results alone decide.
const SEED: u64 = 0x6c6f_7765_7262_6f75;

/// A mean with its bootstrap interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// From the means of what was measured.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// One strategy under one limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Full configuration text.
    pub strategy: String,
    /// Limit on the heap in bytes, if there was one.
    pub heap_limit: Option<u64>,
    /// The limit as a multiple of the least heap, where it was given as one.
    pub heap_multiple: Option<f64>,
    /// Processes that ended well.
    pub cells: usize,
    /// The total over the base; `None` where a process did not end well.
    pub overhead: Option<Estimate>,
}

/// Overheads on one work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkBound {
    /// The work; its limit is left out.
    #[serde(flatten)]
    pub work: Setting,
    /// The least mean of a total less its collections, in nanoseconds.
    pub base_ns: f64,
    /// Whose it is.
    pub base_strategy: String,
    /// And under which limit in bytes.
    pub base_limit: Option<u64>,
    /// By limit (none comes first), then by strategy.
    pub points: Vec<Point>,
}

/// The geometric mean of one strategy's overheads at one multiple.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// Full configuration text.
    pub strategy: String,
    /// The multiple of the least heap; `None` without a limit.
    pub heap_multiple: Option<f64>,
    /// Over the works at which no strategy failed at this multiple.
    pub overhead: Estimate,
    /// How many these are.
    pub works: usize,
}

/// A work that a multiple's geometric means leave out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exclusion {
    /// The multiple; `None` without a limit.
    pub heap_multiple: Option<f64>,
    /// The workload's name.
    pub workload: String,
    /// The strategies that did not finish it, or were not run.
    pub strategies: Vec<String>,
}

/// Lower-bound overheads of a set of records.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LowerBound {
    /// By work.
    pub works: Vec<WorkBound>,
    /// By multiple, then by strategy.
    pub means: Vec<Mean>,
    /// What the means leave out.
    pub exclusions: Vec<Exclusion>,
    /// Strategies that finish nothing at all under any multiple: they are in no mean, and exclude no work.
    pub never: Vec<String>,
}

impl LowerBound {
    /// The overhead of a strategy in a setting; `None` where a process did not end well.
    pub fn overhead(&self, setting: &Setting, strategy: &str) -> Option<Estimate> {
        let work = Setting { heap_limit: None, ..setting.clone() };
        let bound = self.works.iter().find(|bound| bound.work == work)?;
        let is_it = |point: &&Point| point.strategy == strategy && point.heap_limit == setting.heap_limit;
        bound.points.iter().find(is_it)?.overhead
    }
}

/// Computes overheads. Only strategies' own cells count: no outside references, null arms or injected effects.
pub fn lower_bound(records: &[Record], clock: Clock) -> LowerBound {
    let cells = Cells::of(records, clock);
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let drawn: Vec<Drawn> = cells.works.iter().map(|work| Drawn::of(work, &mut random)).collect();
    let works = cells.works.iter().zip(&drawn).filter_map(|(work, drawn)| work.bound(drawn)).collect();
    let never = cells.never();
    let (means, exclusions) = cells.means(&drawn, &never);
    LowerBound { works, means, exclusions, never: never.into_iter().map(str::to_string).collect() }
}

/// The overheads of a work's complete points in each draw; empty vectors for the others.
struct Drawn {
    point: Vec<f64>,
    draws: Vec<Vec<f64>>,
}

/// Totals over the least of the distilled ones. Where no time is left beside the collections there is no base.
fn overheads(means: &[Option<Times>]) -> Vec<f64> {
    let base = means.iter().flatten().map(|times| times.distilled).fold(f64::INFINITY, f64::min).max(1.0);
    means.iter().map(|times| times.map_or(f64::NAN, |times| times.total / base)).collect()
}

impl Drawn {
    fn of(work: &WorkCells, random: &mut Pcg64Mcg) -> Drawn {
        let complete = |point: &&PointCells| point.is_complete();
        let of = |point: &PointCells| Some(point).filter(complete).map(PointCells::means);
        let point = overheads(&work.points.iter().map(of).collect::<Vec<_>>());
        let mut draws = vec![Vec::with_capacity(DRAWS); work.points.len()];
        for _ in 0..DRAWS {
            let means: Vec<Option<Times>> = work
                .points
                .iter()
                .map(|point| Some(point).filter(complete).map(|p| p.draw(random)))
                .collect();
            for (draws, overhead) in draws.iter_mut().zip(overheads(&means)) {
                draws.push(overhead);
            }
        }
        Drawn { point, draws }
    }

    fn estimate(&self, index: usize) -> Option<Estimate> {
        Some(self.point[index])
            .filter(|value| value.is_finite())
            .map(|value| interval(value, self.draws[index].clone()))
    }
}

fn interval(value: f64, mut draws: Vec<f64>) -> Estimate {
    draws.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let end = |quantile| sorted_quantile(&draws, quantile).unwrap_or(value);
    Estimate { value, low: end(tail), high: end(1.0 - tail) }
}

impl WorkCells<'_> {
    /// `None` when nothing ended well.
    fn bound(&self, drawn: &Drawn) -> Option<WorkBound> {
        let complete = self.points.iter().filter(|point| point.is_complete());
        let base = complete.min_by(|a, b| a.means().distilled.total_cmp(&b.means().distilled))?;
        let point = |(index, point): (usize, &PointCells)| Point {
            strategy: point.strategy.to_string(),
            heap_limit: point.limit.0,
            heap_multiple: point.multiple(),
            cells: point.times.len(),
            overhead: drawn.estimate(index),
        };
        Some(WorkBound {
            work: self.work.clone(),
            base_ns: base.means().distilled,
            base_strategy: base.strategy.to_string(),
            base_limit: base.limit.0,
            points: self.points.iter().enumerate().map(point).collect(),
        })
    }
}

impl<'a> Cells<'a> {
    fn points(&self) -> impl Iterator<Item = &PointCells<'a>> {
        self.works.iter().flat_map(|work| &work.points)
    }

    /// All multiples that were run, with none for no limit.
    fn multiples(&self) -> BTreeSet<Option<u64>> {
        let given = self.points().filter(|point| point.limit.1.is_some() || point.limit.0.is_none());
        given.map(|point| point.limit.1).collect()
    }

    fn never(&self) -> BTreeSet<&'a str> {
        let limited = || self.points().filter(|point| point.limit.1.is_some());
        let some: BTreeSet<&str> = limited().filter(|p| p.is_complete()).map(|p| p.strategy).collect();
        limited().map(|point| point.strategy).filter(|strategy| !some.contains(strategy)).collect()
    }

    fn means(&self, drawn: &[Drawn], never: &BTreeSet<&str>) -> (Vec<Mean>, Vec<Exclusion>) {
        let (mut means, mut exclusions) = (Vec::new(), Vec::new());
        for multiple in self.multiples() {
            let at = self.points().filter(|point| point.is_at(multiple)).map(|point| point.strategy);
            let strategies: BTreeSet<&str> =
                at.filter(|strategy| multiple.is_none() || !never.contains(strategy)).collect();
            let mut complete = Vec::new();
            for (index, work) in self.works.iter().enumerate() {
                let misses = |strategy: &&&str| work.complete_at(strategy, multiple).is_none();
                let missing: Vec<String> = strategies.iter().filter(misses).map(|s| s.to_string()).collect();
                match missing.is_empty() {
                    true => complete.push(index),
                    false => exclusions.push(Exclusion {
                        heap_multiple: multiple.map(f64::from_bits),
                        workload: work.work.workload.clone(),
                        strategies: missing,
                    }),
                }
            }
            for strategy in strategies.into_iter().filter(|_| !complete.is_empty()) {
                let places = complete.iter().filter_map(|index| {
                    Some((&drawn[*index], self.works[*index].complete_at(strategy, multiple)?))
                });
                means.push(Mean {
                    strategy: strategy.to_string(),
                    heap_multiple: multiple.map(f64::from_bits),
                    overhead: geometric(&places.collect::<Vec<_>>()),
                    works: complete.len(),
                });
            }
        }
        (means, exclusions)
    }
}

/// The geometric mean over works, and draw by draw.
fn geometric(places: &[(&Drawn, usize)]) -> Estimate {
    let over = |value: &dyn Fn(&Drawn, usize) -> f64| {
        mean(places.iter().map(|(drawn, index)| value(drawn, *index).ln())).exp()
    };
    let draws = (0..DRAWS).map(|draw| over(&|drawn, index| drawn.draws[index][draw])).collect();
    interval(over(&|drawn, index| drawn.point[index]), draws)
}
