//! The summary of a set of records: a row for each strategy in each setting, whatever became of its cells.
//!
//! Only cells with status `ok` enter a number; the others are counted in their row. The unit of analysis is
//! the process: a cell gives one value, and medians and intervals are over invocations.

use crate::distribution::Distribution;
use crate::floating::FloatingSummary;
use crate::group::{Group, Setting, group};
use crate::latency_summary::{self, LatencySummary};
use crate::lower_bound::{Clock, Estimate, lower_bound};
use crate::memory::MemorySummary;
use crate::mutator_utilization::{self, UtilizationSummary};
use crate::statistics::{Spread, median};
use crate::{Record, Status};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Seed of the bootstrap: fixed, so that a summary is a function of its records.
const BOOTSTRAP_SEED: u64 = 0x6865_6170_6265_6e63;

/// What a set of records says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// By setting (workload, profile, parameters, limit), then by strategy's name, outside references last.
    pub rows: Vec<Row>,
    /// Where strategies that did the same work read back different values.
    pub disagreements: Vec<Disagreement>,
    /// What could not be used, a line each.
    pub warnings: Vec<String>,
}

/// One strategy in one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The work and the limit.
    #[serde(flatten)]
    pub setting: Setting,
    /// Full configuration text.
    pub strategy: String,
    /// Whether it is an interpreter that ran the workload's twin: no strategy is compared with it.
    pub interpreted: bool,
    /// How many cells ended in each way, by [`Status::name`]; ways that none ended in are absent.
    pub statuses: BTreeMap<&'static str, u64>,
    /// The first error text of a cell that did not end well; empty without one.
    pub error: String,
    /// Whether its checksums are those of every other strategy: `None` when there is nothing to compare with.
    pub checksum_agrees: Option<bool>,
    /// Numbers of the cells that ended well; `None` when none did.
    pub measured: Option<Measured>,
    /// The limit as a multiple of the workload's least heap, where it was given as one.
    pub heap_multiple: Option<f64>,
    /// At least what it costs, over CPU time: a multiple of the least that any strategy, under any limit, needs outside
    /// of its collections; `None` where a process did not end well.
    pub lower_bound_cpu: Option<Estimate>,
    /// The same over wall time.
    pub lower_bound_wall: Option<Estimate>,
}

/// Numbers over the cells of a row that ended well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// How many cells these numbers come from.
    pub cells: usize,
    /// Units of work in one cell (median).
    pub operations: u64,
    /// Wall time of one cell.
    pub wall_ns: Spread,
    /// CPU time of one cell.
    pub cpu_ns: Spread,
    /// Instructions of one cell's timed stretch (median); `None` where they were not counted.
    pub instructions: Option<u64>,
    /// Wall time for a unit of work.
    pub ns_per_operation: Spread,
    /// Units of work a second: the inverse of the median of `ns_per_operation`.
    pub operations_per_second: f64,
    /// `ns_per_operation` as a multiple of the fastest strategy's in the same setting: 1 for that one. Outside
    /// references are not strategies: theirs may be less than 1, and is 1 where no strategy ended well.
    pub relative_time: f64,
    /// At most what the mutator itself needs for a unit of work in the same setting; `None` for outside references.
    pub mutator_ns_per_operation: Option<f64>,
    /// `ns_per_operation` less the mutator's.
    pub manager_ns_per_operation: Option<f64>,
    /// The manager's part of the time: `manager_ns_per_operation` over `ns_per_operation`.
    pub manager_share: Option<f64>,
    /// Pauses of all cells.
    pub pauses: PauseSummary,
    /// The part of the time that is the mutator's, in the worst windows; `None` where pauses are not known one by one.
    pub utilization: Option<UtilizationSummary>,
    /// Of the time in pauses that are kept one by one, the part in pauses that the machine had a part in; `None` where
    /// there are none. Of all cells.
    pub tainted_share: Option<f64>,
    /// Latency of the requests of all cells; `None` where the workload has none.
    pub latency: Option<LatencySummary>,
    /// Time inside collections over wall time, of all cells.
    pub collect_share: f64,
    /// Collections in one cell, by generation (median).
    pub collections: [u64; 3],
    /// Highest bytes in objects not yet reclaimed (median).
    pub peak_live_bytes: u64,
    /// Highest bytes taken from the system (median).
    pub peak_held_bytes: u64,
    /// Highest resident set (median).
    pub peak_rss_bytes: u64,
    /// Bytes in objects at the end (median).
    pub end_live_bytes: u64,
    /// Bytes taken from the system at the end (median).
    pub end_held_bytes: u64,
    /// Unreachable bytes not yet reclaimed; `None` when nobody counted them.
    pub floating: Option<FloatingSummary>,
    /// Means over the allocation clock, fragmentation, and what is left after the end.
    #[serde(flatten)]
    pub memory: MemorySummary,
}

/// The pauses of a row's cells, pooled. Percentiles come from the merged histograms, never from percentiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PauseSummary {
    /// How many, in all cells.
    pub count: u64,
    /// Their sum in one cell (median).
    pub total_ns: u64,
    /// The longest of all.
    pub max_ns: u64,
    /// The median; `None` when there were none or a histogram is missing. So are the others.
    pub p50_ns: Option<u64>,
    /// The 99th percentile.
    pub p99_ns: Option<u64>,
    /// The 99.9th percentile.
    pub p999_ns: Option<u64>,
}

/// One piece of work that gave several checksums.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// The work. Its heap limit is left out: a limit must not change what is read back.
    #[serde(flatten)]
    pub setting: Setting,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// Who read back what.
    pub checksums: BTreeMap<String, BTreeSet<String>>,
}

/// Sums up records. Each cell should be given once: see [`crate::store::read`].
pub fn summarize(records: &[Record]) -> Summary {
    let groups = group(records);
    let disagreements = disagreements(records);
    let mut summary = Summary::default();
    for group in &groups {
        let mutator = mutator_ns_per_operation(&groups, &group.setting);
        let from = summary.rows.len();
        for (strategy, cells) in &group.strategies {
            let row = row(group, strategy, cells, mutator, &mut summary.warnings);
            summary.rows.push(row);
        }
        let rows = &mut summary.rows[from..];
        rows.sort_by_key(|row| row.interpreted);
        relate(rows);
    }
    for row in &mut summary.rows {
        row.checksum_agrees = agreement(row, &groups, &disagreements);
    }
    summary.disagreements = disagreements;
    bound(&mut summary.rows, records);
    summary
}

/// Fills in lower-bound overheads.
fn bound(rows: &mut [Row], records: &[Record]) {
    let [cpu, wall] = [Clock::Cpu, Clock::Wall].map(|clock| lower_bound(records, clock));
    for row in rows {
        row.lower_bound_cpu = cpu.overhead(&row.setting, &row.strategy);
        row.lower_bound_wall = wall.overhead(&row.setting, &row.strategy);
    }
}

/// One row; what concerns other strategies is filled in later.
fn row(
    group: &Group,
    strategy: &str,
    cells: &[&Record],
    mutator: Option<f64>,
    warnings: &mut Vec<String>,
) -> Row {
    let mut statuses = BTreeMap::new();
    for cell in cells {
        *statuses.entry(cell.status.name()).or_insert(0) += 1;
    }
    let good: Vec<&Record> = cells.iter().copied().filter(|cell| cell.status == Status::Ok).collect();
    let interpreted = cells.iter().any(|cell| cell.interpreted);
    Row {
        setting: group.setting.clone(),
        strategy: strategy.to_string(),
        interpreted,
        statuses,
        error: cells
            .iter()
            .map(|cell| &cell.error)
            .find(|error| !error.is_empty())
            .cloned()
            .unwrap_or_default(),
        checksum_agrees: None,
        measured: measured(&good, mutator.filter(|_| !interpreted), warnings),
        heap_multiple: cells.iter().find_map(|cell| cell.heap_multiple),
        lower_bound_cpu: None,
        lower_bound_wall: None,
    }
}

/// Numbers of the cells that ended well; `None` of no cells.
fn measured(cells: &[&Record], mutator: Option<f64>, warnings: &mut Vec<String>) -> Option<Measured> {
    let spread = |value: &dyn Fn(&Record) -> f64| {
        let values: Vec<f64> = cells.iter().map(|cell| value(cell)).collect();
        crate::statistics::spread(&values, BOOTSTRAP_SEED)
    };
    let ns_per_operation = spread(&ns_per_operation)?;
    let manager = mutator.map(|mutator| ns_per_operation.median - mutator);
    let total = |value: fn(&Record) -> u64| cells.iter().map(|cell| value(cell) as f64).sum::<f64>();
    Some(Measured {
        cells: cells.len(),
        operations: middle(cells, |c| c.operations),
        wall_ns: spread(&|c| c.wall_ns as f64)?,
        cpu_ns: spread(&|c| c.cpu_ns as f64)?,
        instructions: instructions(cells),
        ns_per_operation,
        operations_per_second: 1e9 / ns_per_operation.median,
        relative_time: 1.0,
        mutator_ns_per_operation: mutator,
        manager_ns_per_operation: manager,
        manager_share: manager.map(|manager| manager / ns_per_operation.median),
        pauses: pauses(cells, warnings),
        utilization: mutator_utilization::summarize(cells),
        tainted_share: tainted_share(cells),
        latency: latency_summary::summarize(cells, warnings),
        collect_share: total(|c| c.collect_ns) / total(|c| c.wall_ns).max(1.0),
        collections: [0, 1, 2].map(|generation| middle(cells, |c| c.collections[generation])),
        peak_live_bytes: middle(cells, |c| c.footprint.peak_live_bytes),
        peak_held_bytes: middle(cells, |c| c.footprint.peak_held_bytes),
        peak_rss_bytes: middle(cells, |c| c.footprint.peak_rss_bytes),
        end_live_bytes: middle(cells, |c| c.footprint.end_live_bytes),
        end_held_bytes: middle(cells, |c| c.footprint.end_held_bytes),
        floating: FloatingSummary::of(cells.iter().copied()),
        memory: crate::memory::summarize(cells),
    })
}

/// The median of those cells whose instructions were counted.
fn instructions(cells: &[&Record]) -> Option<u64> {
    let counted: Vec<f64> = cells.iter().filter_map(|c| c.instructions).map(|count| count as f64).collect();
    median(&counted).map(|count| count.round() as u64)
}

/// Wall time for a unit of work. A cell without work or without time counts as one of it, so that every
/// number that follows is finite and positive.
pub fn ns_per_operation(cell: &Record) -> f64 {
    cell.wall_ns.max(1) as f64 / cell.operations.max(1) as f64
}

/// The median of whole numbers, rounded; 0 of no cells.
fn middle(cells: &[&Record], value: impl Fn(&Record) -> u64) -> u64 {
    let values: Vec<f64> = cells.iter().map(|cell| value(cell) as f64).collect();
    median(&values).map_or(0, |median| median.round() as u64)
}

/// Pools the pauses of cells.
fn pauses(cells: &[&Record], warnings: &mut Vec<String>) -> PauseSummary {
    let count = cells.iter().map(|cell| cell.pauses.count).sum();
    let distribution = pooled_pauses(cells).unwrap_or_else(|warning| {
        warnings.push(warning);
        None
    });
    // Without all of the pauses the percentiles would be of some of them.
    let whole = distribution.filter(|distribution| distribution.count() == count);
    // A histogram rounds up, to three digits; the longest pause is exact.
    let max_ns = cells.iter().map(|cell| cell.pauses.max_ns).max().unwrap_or(0);
    let quantile = |q| whole.as_ref().map(|distribution| distribution.quantile_ns(q).min(max_ns));
    PauseSummary {
        count,
        total_ns: middle(cells, |cell| cell.pauses.total_ns),
        max_ns,
        p50_ns: quantile(0.5),
        p99_ns: quantile(0.99),
        p999_ns: quantile(0.999),
    }
}

/// The part of the time in pauses kept one by one that tainted ones take; `None` without such pauses.
fn tainted_share(cells: &[&Record]) -> Option<f64> {
    let raw = || cells.iter().flat_map(|cell| &cell.pauses.raw);
    let all: u64 = raw().map(|pause| pause.ns).sum();
    let tainted: u64 = raw().filter(|pause| pause.tainted).map(|pause| pause.ns).sum();
    (all > 0).then(|| tainted as f64 / all as f64)
}

/// The merged pause histograms of cells; `None` without pauses.
///
/// # Errors
/// One line that names the cell and its fault.
pub fn pooled_pauses(cells: &[&Record]) -> Result<Option<Distribution>, String> {
    Distribution::merged(cells.iter().map(|cell| cell.pauses.histogram.as_str())).map_err(|error| {
        let cell = cells.first().map(|cell| format!("{} under {}: ", cell.workload, cell.strategy));
        format!("{}pauses: {error}", cell.unwrap_or_default())
    })
}

/// At most what the mutator itself needs for a unit of work: the least of what was measured for it (under `bump`, whose
/// memory is never reused and so is seldom in the cache) and of what each strategy needs outside of its
/// collections. The heap's limit does not matter: a heap that never reclaims seldom fits under one.
fn mutator_ns_per_operation(groups: &[Group], setting: &Setting) -> Option<f64> {
    let same_work = || groups.iter().filter(|group| work(&group.setting) == work(setting));
    let middle = |cells: &[&Record], value: &dyn Fn(&Record) -> Option<u64>| {
        let good = cells.iter().filter(|cell| cell.status == Status::Ok && cell.operations > 0);
        median(
            &good.filter_map(|cell| Some(value(cell)? as f64 / cell.operations as f64)).collect::<Vec<_>>(),
        )
    };
    let is_ours = |cells: &&Vec<&Record>| !cells.iter().any(|cell| cell.interpreted);
    let strategies = || same_work().flat_map(|group| group.strategies.values()).filter(is_ours);
    let measured = strategies().filter_map(|cells| middle(cells, &|cell| cell.mutator_ns));
    let outside =
        strategies().filter_map(|cells| middle(cells, &|cell| cell.wall_ns.checked_sub(cell.collect_ns)));
    let least = measured.min_by(f64::total_cmp)?;
    outside.chain([least]).min_by(f64::total_cmp)
}

/// Fills in `relative_time` in the rows of one setting.
fn relate(rows: &mut [Row]) {
    let strategies = rows.iter().filter(|row| !row.interpreted).filter_map(|row| row.measured.as_ref());
    let times = strategies.map(|measured| measured.ns_per_operation.median);
    let Some(fastest) = times.min_by(f64::total_cmp) else { return };
    for measured in rows.iter_mut().filter_map(|row| row.measured.as_mut()) {
        measured.relative_time = measured.ns_per_operation.median / fastest;
    }
}

/// The work of a cell without the heap's limit.
fn work(setting: &Setting) -> Setting {
    Setting { heap_limit: None, ..setting.clone() }
}

/// Finds work that gave several checksums.
fn disagreements(records: &[Record]) -> Vec<Disagreement> {
    let unlimited: Vec<Record> = records
        .iter()
        .filter(|record| record.status == Status::Ok)
        .map(|record| Record { heap_limit: None, samples: Vec::new(), ..record.clone() })
        .collect();
    let mut found = Vec::new();
    for group in group(&unlimited) {
        let mut seeds: BTreeMap<u64, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for cell in group.strategies.values().flatten() {
            let checksums = seeds.entry(cell.seed).or_default();
            checksums.entry(cell.checksum.clone()).or_default().insert(cell.strategy.clone());
        }
        let several = seeds.into_iter().filter(|(_, checksums)| checksums.len() > 1);
        found.extend(several.map(|(seed, checksums)| Disagreement {
            setting: group.setting.clone(),
            seed,
            checksums,
        }));
    }
    found
}

/// Whether a row's checksums are everyone's; `None` when no other strategy ended well on the same work.
fn agreement(row: &Row, groups: &[Group], disagreements: &[Disagreement]) -> Option<bool> {
    let work = work(&row.setting);
    let disagrees = |d: &Disagreement| {
        d.setting == work && d.checksums.values().any(|strategies| strategies.contains(&row.strategy))
    };
    if disagreements.iter().any(disagrees) {
        return Some(false);
    }
    let others = groups
        .iter()
        .filter(|group| self::work(&group.setting) == work)
        .flat_map(|group| group.strategies.values().flatten())
        .any(|cell| cell.strategy != row.strategy && cell.status == Status::Ok);
    (others && row.measured.is_some()).then_some(true)
}
