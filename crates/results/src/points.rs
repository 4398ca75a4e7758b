//! Processes by work, limit and strategy: what lower-bound overheads and break-even multiples are computed from.

use crate::group::Setting;
use crate::{Injected, Record, Status};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::collections::BTreeMap;

/// Which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// CPU time of the process.
    Cpu,
    /// Wall time.
    Wall,
}

/// A limit as a key: multiples by their bits, which order as positive numbers do.
pub(crate) type Limit = (Option<u64>, Option<u64>);

/// One process: its total, and that less its collections.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) total: f64,
    pub(crate) distilled: f64,
}

impl Times {
    pub(crate) fn of(record: &Record, clock: Clock) -> Times {
        let collecting = (record.collect_ns as f64 / record.wall_ns.max(1) as f64).clamp(0.0, 1.0);
        let total = match clock {
            Clock::Cpu => record.cpu_ns,
            Clock::Wall => record.wall_ns,
        };
        let total = total.max(1) as f64;
        Times { total, distilled: total * (1.0 - collecting) }
    }

    fn order(&self, other: &Times) -> std::cmp::Ordering {
        self.total.total_cmp(&other.total).then(self.distilled.total_cmp(&other.distilled))
    }
}

pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// One strategy under one limit: its processes, when all ended well.
pub(crate) struct PointCells<'a> {
    pub(crate) strategy: &'a str,
    pub(crate) limit: Limit,
    pub(crate) times: Vec<Times>,
    pub(crate) failed: bool,
}

impl PointCells<'_> {
    pub(crate) fn is_complete(&self) -> bool {
        !self.failed && !self.times.is_empty()
    }

    pub(crate) fn multiple(&self) -> Option<f64> {
        self.limit.1.map(f64::from_bits)
    }

    /// Whether it is at this multiple; a limit that was given in bytes is at none.
    pub(crate) fn is_at(&self, multiple: Option<u64>) -> bool {
        self.limit.1 == multiple && (multiple.is_some() || self.limit.0.is_none())
    }

    pub(crate) fn means(&self) -> Times {
        let (total, distilled) = (self.times.iter().map(|t| t.total), self.times.iter().map(|t| t.distilled));
        Times { total: mean(total), distilled: mean(distilled) }
    }

    /// The means of a resample of the processes.
    pub(crate) fn draw(&self, random: &mut Pcg64Mcg) -> Times {
        let count = self.times.len();
        let sum = (0..count).fold(Times { total: 0.0, distilled: 0.0 }, |sum, _| {
            let drawn = self.times[random.random_range(0..count)];
            Times { total: sum.total + drawn.total, distilled: sum.distilled + drawn.distilled }
        });
        Times { total: sum.total / count as f64, distilled: sum.distilled / count as f64 }
    }
}

pub(crate) struct WorkCells<'a> {
    pub(crate) work: Setting,
    pub(crate) points: Vec<PointCells<'a>>,
}

impl WorkCells<'_> {
    /// The index of a strategy's complete point at a multiple.
    pub(crate) fn complete_at(&self, strategy: &str, multiple: Option<u64>) -> Option<usize> {
        let is_it =
            |point: &PointCells| point.strategy == strategy && point.is_at(multiple) && point.is_complete();
        self.points.iter().position(is_it)
    }
}

/// The processes of a work.
type Points<'a> = BTreeMap<(Limit, &'a str), PointCells<'a>>;

/// All processes by work, limit and strategy.
pub(crate) struct Cells<'a> {
    pub(crate) works: Vec<WorkCells<'a>>,
}

impl<'a> Cells<'a> {
    pub(crate) fn of(records: &'a [Record], clock: Clock) -> Cells<'a> {
        let ours = |r: &&Record| !r.interpreted && r.arm == 0 && r.injected == Injected::default();
        let mut works: BTreeMap<_, (Setting, Points)> = BTreeMap::new();
        for record in records.iter().filter(ours) {
            let work = Setting { heap_limit: None, ..Setting::of(record) };
            let limit = (record.heap_limit, record.heap_multiple.map(f64::to_bits));
            let (_, points) = works.entry(work.order()).or_insert_with(|| (work, BTreeMap::new()));
            let strategy = record.strategy.as_str();
            let point = points.entry((limit, strategy)).or_insert_with(|| PointCells {
                strategy,
                limit,
                times: Vec::new(),
                failed: false,
            });
            match record.status {
                Status::Ok => point.times.push(Times::of(record, clock)),
                _ => point.failed = true,
            }
        }
        let work = |(work, points): (Setting, Points<'a>)| {
            let mut points: Vec<PointCells> = points.into_values().collect();
            // Resamples draw by place: the order in which records were given must not matter.
            points.iter_mut().for_each(|point| point.times.sort_by(Times::order));
            WorkCells { work, points }
        };
        Cells { works: works.into_values().map(work).collect() }
    }
}
