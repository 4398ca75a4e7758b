//! What the figures are drawn from: records by work and strategy, with their summary and their looks.

use crate::look::{Look, Looks, assign};
use heapbench_results::{Group, Measured, Record, Row, Setting, Status, group, summary};
use std::collections::{BTreeMap, BTreeSet};

/// Ways to end that are plotted as a cross, in the order in which they are told.
const FAILURES: [Status; 3] = [Status::OutOfMemory, Status::Failed, Status::Timeout];

/// All records, laid out for drawing.
pub(crate) struct Evidence<'a> {
    /// A panel each, in the order of their names.
    pub(crate) works: Vec<Work<'a>>,
    /// How each strategy is drawn; its keys are all strategies, in order.
    pub(crate) looks: Looks,
    /// How many cells ended in each way.
    statuses: BTreeMap<&'static str, u64>,
    /// What is to be said of the machine; empty for nothing.
    remark: String,
}

/// One setting: the work that strategies are compared on.
pub(crate) struct Work<'a> {
    /// The workload's name.
    pub(crate) title: String,
    /// What tells it from other settings of the same workload; empty when there is no other.
    pub(crate) qualifier: String,
    /// The strategies that were given this work, by name.
    pub(crate) entries: Vec<Entry<'a>>,
}

/// One strategy's cells on one work.
pub(crate) struct Entry<'a> {
    /// Full configuration text.
    pub(crate) strategy: &'a str,
    /// How it is drawn.
    pub(crate) look: Look,
    cells: Vec<&'a Record>,
    row: Row,
}

impl<'a> Evidence<'a> {
    /// Lays out records of a machine of which there is something to say.
    pub(crate) fn remarked(records: &'a [Record], remark: &str) -> Evidence<'a> {
        Evidence { remark: remark.to_string(), ..Evidence::of(records) }
    }

    /// Lays out records.
    pub(crate) fn of(records: &'a [Record]) -> Evidence<'a> {
        let results = || records.iter().filter(|record| record.is_result());
        let names = |interpreted: bool| {
            let records = results().filter(move |record| record.interpreted == interpreted);
            records.map(|record| record.strategy.as_str())
        };
        let looks = assign(names(false), names(true));
        let mut statuses = BTreeMap::new();
        for record in results() {
            *statuses.entry(record.status.name()).or_insert(0) += 1;
        }
        let groups = group::group(records);
        let qualifiers: Vec<String> = groups.iter().map(|group| qualifier(group, &groups)).collect();
        // The summary has its rows in the order of the groups; in each, outside references come last.
        let mut rows = summary::summarize(records).rows.into_iter();
        let work = |(mut group, qualifier): (Group<'a>, String)| {
            let rows = rows.by_ref().take(group.strategies.len());
            let entry = |row: Row| {
                let (strategy, cells) = group.strategies.remove_entry(row.strategy.as_str())?;
                Some(Entry { strategy, look: looks[strategy], cells, row })
            };
            let entries = rows.filter_map(entry).collect();
            Work { title: group.setting.workload, qualifier, entries }
        };
        Evidence {
            works: groups.into_iter().zip(qualifiers).map(work).collect(),
            looks,
            statuses,
            remark: String::new(),
        }
    }

    /// Whether there are outside references beside the strategies.
    pub(crate) fn has_references(&self) -> bool {
        self.looks.values().any(|look| look.hollow)
    }

    /// How the cells ended, as a sentence.
    pub(crate) fn account(&self) -> String {
        let total: u64 = self.statuses.values().sum();
        let count = |status: Status| self.statuses.get(status.name()).copied().unwrap_or(0);
        let mut parts = vec![format!("{} ok", count(Status::Ok))];
        let bad = FAILURES.iter().filter(|status| count(**status) > 0);
        parts.extend(bad.map(|status| format!("{} {} (×)", count(*status), words(*status))));
        if count(Status::Invalid) > 0 {
            parts.push(format!("{} invalid (not drawn)", count(Status::Invalid)));
        }
        let outside = " Hollow and grey: outside references, the workloads' twins under an interpreter; in no comparison.";
        let outside = if self.has_references() { outside } else { "" };
        let remark = match self.remark.as_str() {
            "" => String::new(),
            remark => format!(" They were {remark}."),
        };
        let cells = if total == 1 { "cell" } else { "cells" };
        format!("{total} {cells}: {}.{remark}{outside}", parts.join(", "))
    }
}

impl<'a> Work<'a> {
    /// Whether it is this setting.
    pub(crate) fn is(&self, setting: &Setting) -> bool {
        self.entries.iter().flat_map(Entry::cells).any(|cell| Setting::of(cell) == *setting)
    }

    /// The entry of a strategy, if it was given this work.
    pub(crate) fn entry(&self, strategy: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.strategy == strategy)
    }

    /// The numbers of all strategies that have some.
    pub(crate) fn measured(&self) -> impl Iterator<Item = (&Entry<'a>, &Measured)> {
        self.entries.iter().filter_map(|entry| Some((entry, entry.measured()?)))
    }

    /// The strategies without any number, by the way they ended.
    pub(crate) fn failures(&self) -> Vec<(Status, Vec<Look>)> {
        let looks = |status| {
            let ended = self.entries.iter().filter(|entry| entry.failure() == Some(status));
            (status, ended.map(|entry| entry.look).collect::<Vec<_>>())
        };
        FAILURES.into_iter().map(looks).filter(|(_, looks)| !looks.is_empty()).collect()
    }
}

impl<'a> Entry<'a> {
    /// Its numbers, if a cell ended well.
    pub(crate) fn measured(&self) -> Option<&Measured> {
        self.row.measured.as_ref()
    }

    /// All of its cells.
    pub(crate) fn cells(&self) -> &[&'a Record] {
        &self.cells
    }

    /// The cells that ended well.
    pub(crate) fn good(&self) -> Vec<&'a Record> {
        self.cells.iter().copied().filter(|cell| cell.status == Status::Ok).collect()
    }

    /// How it ended, when no cell ended well: the first failure, or invalid when there was no other.
    pub(crate) fn failure(&self) -> Option<Status> {
        if self.measured().is_some() {
            return None;
        }
        let ended = |status: &Status| self.cells.iter().any(|cell| cell.status == *status);
        FAILURES.into_iter().find(ended).or(Some(Status::Invalid))
    }

    /// How many of its cells are plotted as failures.
    pub(crate) fn failed_cells(&self) -> usize {
        self.cells.iter().filter(|cell| FAILURES.contains(&cell.status)).count()
    }

    /// The cell whose footprint stands for all: of those with samples that ended well, or failed when none
    /// did, the one whose peak is their median (the lower of two).
    pub(crate) fn representative(&self) -> Option<&'a Record> {
        let sampled = |cell: &&Record| !cell.samples.is_empty() && cell.status != Status::Invalid;
        let mut cells: Vec<&Record> = self.cells.iter().copied().filter(sampled).collect();
        if cells.iter().any(|cell| cell.status == Status::Ok) {
            cells.retain(|cell| cell.status == Status::Ok);
        }
        cells.sort_by_key(|cell| (cell.footprint.peak_held_bytes, cell.invocation));
        cells.get(cells.len().checked_sub(1)? / 2).copied()
    }
}

/// A status as words in a picture.
pub(crate) fn words(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::OutOfMemory => "out of memory",
        Status::Failed => "failed",
        Status::Timeout => "timed out",
        Status::Invalid => "invalid",
    }
}

/// What tells a setting from the others of the same workload.
fn qualifier(group: &Group, groups: &[Group]) -> String {
    let setting = &group.setting;
    let others: Vec<&Setting> =
        groups.iter().map(|g| &g.setting).filter(|s| s.workload == setting.workload).collect();
    let mut parts = Vec::new();
    if others.iter().any(|other| other.profile != setting.profile) {
        parts.push(setting.profile.clone());
    }
    let keys: BTreeSet<&String> = others.iter().flat_map(|other| other.parameters.keys()).collect();
    for key in keys {
        let value = setting.parameters.get(key);
        if let Some(value) = value.filter(|_| others.iter().any(|other| other.parameters.get(key) != value)) {
            parts.push(format!("{key} {}", value.to_string().trim_matches('"')));
        }
    }
    if others.iter().any(|other| other.heap_limit != setting.heap_limit) {
        let multiple = group.strategies.values().flatten().find_map(|cell| cell.heap_multiple);
        let bytes = |limit: u64| match multiple {
            Some(multiple) => format!("heap {multiple}×"),
            None => format!("heap {}", crate::axis::Unit::Bytes.label(limit as f64)),
        };
        parts.push(setting.heap_limit.map_or("heap unlimited".to_string(), bytes));
    }
    if others.iter().any(|other| other.rate != setting.rate) {
        let open = |rate: u32| format!("{rate} requests a second");
        parts.push(setting.rate.map_or("one request after the other".to_string(), open));
    }
    parts.join(", ")
}
