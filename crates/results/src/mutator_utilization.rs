//! The share of the time that is left to the mutator, in the worst window of each width.
//!
//! *Minimum mutator utilization*, `MMU(w)`: the least over all windows of width `w` (Cheng & Blelloch, PLDI 2001). It is
//! found at a window that begins with a pause, ends with one, or lies at either end of the run: utilization is linear in
//! between. `MMU` may fall as windows widen; *bounded* mutator utilization, `BMU(w)`, does not: the least over all windows
//! of width `w` *or more* (Sachindran, Moss & Berger, OOPSLA 2004). A window of more than `w` that has the least utilization
//! begins with a pause and ends with one: all such windows are looked at.
//!
//! Pauses that a record keeps only in its histogram are left out, so both are *at most* what is said here. How much
//! of the time that is, is told beside.

use crate::{RawPause, Record};
use serde::Serialize;

/// The narrowest window, in nanoseconds.
const NARROWEST_NS: f64 = 10_000.0;

/// Windows in a factor of ten.
const WINDOWS_A_DECADE: f64 = 16.0;

/// Utilization in windows of one width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Utilization {
    /// The width, in nanoseconds.
    pub window_ns: u64,
    /// The least in a window of this width, 0 to 1.
    pub mmu: f64,
    /// The least in a window of this width or more, 0 to 1.
    pub bmu: f64,
}

/// Utilization of some cells, in the worst window of the worst cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utilizations {
    /// By width, up to the shortest run's.
    pub windows: Vec<Utilization>,
    /// The most that pauses which are left out take of a cell's time, 0 to 1.
    pub left_out: f64,
}

/// `MMU` of some cells at a few widths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct UtilizationSummary {
    /// In a millisecond; `None` when a run is shorter. So are the others.
    pub mmu_1ms: Option<f64>,
    /// In 10 milliseconds.
    pub mmu_10ms: Option<f64>,
    /// In 100 milliseconds.
    pub mmu_100ms: Option<f64>,
    /// The most that pauses which are left out take of a cell's time, 0 to 1.
    pub left_out: f64,
}

/// `MMU` of the worst of some cells at a few widths; `None` where a cell's pauses are not known one by one, or of no cells.
pub fn summarize(cells: &[&Record]) -> Option<UtilizationSummary> {
    let runs = Run::of_all(cells)?;
    let mmu = |window_ns: u64| {
        let each = runs.iter().map(|run| (window_ns <= run.wall_ns).then(|| run.mmu(window_ns)));
        each.collect::<Option<Vec<f64>>>()?.into_iter().min_by(f64::total_cmp)
    };
    Some(UtilizationSummary {
        mmu_1ms: mmu(1_000_000),
        mmu_10ms: mmu(10_000_000),
        mmu_100ms: mmu(100_000_000),
        left_out: left_out(&runs),
    })
}

/// Utilization of the worst of some cells; `None` where a cell's pauses are not known one by one, or of no cells.
pub fn worst(cells: &[&Record]) -> Option<Utilizations> {
    let runs = Run::of_all(cells)?;
    let shortest_ns = runs.iter().map(|run| run.wall_ns).min()?;
    let widths = widths(shortest_ns);
    let curves: Vec<Vec<Utilization>> = runs.iter().map(|run| run.curve(&widths)).collect();
    let least = |place: usize, value: fn(&Utilization) -> f64| {
        curves.iter().map(|curve| value(&curve[place])).fold(1.0, f64::min)
    };
    let window = |(place, window_ns): (usize, &u64)| Utilization {
        window_ns: *window_ns,
        mmu: least(place, |u| u.mmu),
        bmu: least(place, |u| u.bmu),
    };
    let windows = widths.iter().enumerate().map(window).collect();
    Some(Utilizations { windows, left_out: left_out(&runs) })
}

/// Widths evenly spaced on a logarithmic scale, and the whole run. Longer ones have no meaning.
fn widths(run_ns: u64) -> Vec<u64> {
    let width = |step: i32| (NARROWEST_NS * 10f64.powf(f64::from(step) / WINDOWS_A_DECADE)).round() as u64;
    let mut widths: Vec<u64> = (0..).map(width).take_while(|width| *width < run_ns).collect();
    widths.push(run_ns);
    widths
}

fn left_out(runs: &[Run]) -> f64 {
    runs.iter().map(|run| run.left_out).fold(0.0, f64::max)
}

/// A pause, from its start to its end.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: u64,
    end: u64,
    /// Time in the pauses before it.
    before: u64,
}

impl Stretch {
    fn length(self) -> u64 {
        self.end - self.start
    }
}

/// One process: its pauses in order and apart from each other, within its time.
#[derive(Debug)]
struct Run {
    wall_ns: u64,
    pauses: Vec<Stretch>,
    left_out: f64,
}

impl Run {
    fn of_all(cells: &[&Record]) -> Option<Vec<Run>> {
        let runs: Option<Vec<Run>> = cells.iter().map(|cell| Run::of(cell)).collect();
        runs.filter(|runs| !runs.is_empty())
    }

    /// `None` where there is no time, or its pauses are not known one by one.
    fn of(cell: &Record) -> Option<Run> {
        if cell.wall_ns == 0 || (cell.pauses.count > 0 && cell.pauses.raw_floor_ns == 0) {
            return None;
        }
        let run = Run::new(&cell.pauses.raw, cell.wall_ns);
        let kept: u64 = run.pauses.iter().map(|pause| pause.length()).sum();
        let left_out = cell.pauses.total_ns.saturating_sub(kept) as f64 / cell.wall_ns as f64;
        Some(Run { left_out, ..run })
    }

    /// Cuts pauses to the run, and merges those that touch.
    fn new(raw: &[RawPause], wall_ns: u64) -> Run {
        let mut spans: Vec<(u64, u64)> =
            raw.iter().map(|p| (p.start_ns, p.start_ns.saturating_add(p.ns).min(wall_ns))).collect();
        spans.retain(|(start, end)| start < end);
        spans.sort_unstable();
        let mut pauses: Vec<Stretch> = Vec::with_capacity(spans.len());
        for (start, end) in spans {
            match pauses.last_mut().filter(|last| start <= last.end) {
                Some(last) => last.end = last.end.max(end),
                None => {
                    let before = pauses.last().map_or(0, |last| last.before + last.length());
                    pauses.push(Stretch { start, end, before });
                }
            }
        }
        Run { wall_ns, pauses, left_out: 0.0 }
    }

    /// The least utilization of a window of this width, which must not be wider than the run.
    fn mmu(&self, width: u64) -> f64 {
        let last = self.wall_ns - width;
        // Moments are cut to the run, so the windows at its two ends are among these where they hold a pause's end or start.
        let beginning = self.pauses.iter().map(|pause| pause.start.min(last));
        let ending = self.pauses.iter().map(|pause| pause.end.saturating_sub(width));
        let paused =
            most_within(&self.pauses, beginning, width).max(most_within(&self.pauses, ending, width));
        1.0 - paused as f64 / width as f64
    }

    /// Utilization at ascending widths, none of them wider than the run.
    fn curve(&self, widths: &[u64]) -> Vec<Utilization> {
        let mut curve = self.least_between_pauses(widths);
        for utilization in &mut curve {
            utilization.mmu = self.mmu(utilization.window_ns);
            utilization.bmu = utilization.bmu.min(utilization.mmu);
        }
        for place in (1..curve.len()).rev() {
            curve[place - 1].bmu = curve[place - 1].bmu.min(curve[place].bmu);
        }
        curve
    }

    /// Each width with the least utilization of a window from a pause's start to a pause's end that is at least so wide,
    /// but less than the next. In place of `MMU` there is 1.
    fn least_between_pauses(&self, widths: &[u64]) -> Vec<Utilization> {
        let blank = |window_ns: &u64| Utilization { window_ns: *window_ns, mmu: 1.0, bmu: 1.0 };
        let mut least: Vec<Utilization> = widths.iter().map(blank).collect();
        for (index, first) in self.pauses.iter().enumerate() {
            let mut place = 0;
            for last in &self.pauses[index..] {
                let width = last.end - first.start;
                while widths.get(place).is_some_and(|next| *next <= width) {
                    place += 1;
                }
                if let Some(narrower) = place.checked_sub(1) {
                    let paused = last.before + last.length() - first.before;
                    let utilization = 1.0 - paused as f64 / width as f64;
                    least[narrower].bmu = least[narrower].bmu.min(utilization);
                }
            }
        }
        least
    }
}

/// The most time in pauses within a window, of those that begin at these moments. The moments are in order.
fn most_within(pauses: &[Stretch], moments: impl Iterator<Item = u64>, width: u64) -> u64 {
    let (mut until_start, mut until_end) = (Sweep::new(pauses), Sweep::new(pauses));
    moments.map(|moment| until_end.paused(moment + width) - until_start.paused(moment)).max().unwrap_or(0)
}

/// Goes through the run once, moment by moment.
struct Sweep<'a> {
    pauses: &'a [Stretch],
    next: usize,
}

impl<'a> Sweep<'a> {
    fn new(pauses: &'a [Stretch]) -> Sweep<'a> {
        Sweep { pauses, next: 0 }
    }

    /// Time in pauses up to a moment that is not before the last one asked for.
    fn paused(&mut self, moment: u64) -> u64 {
        while self.pauses.get(self.next + 1).is_some_and(|pause| pause.start <= moment) {
            self.next += 1;
        }
        let pause = self.pauses[self.next];
        pause.before + moment.min(pause.end).saturating_sub(pause.start)
    }
}

#[cfg(test)]
mod tests;
