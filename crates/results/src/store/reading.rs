//! What results folders and files hold, put together.

use super::distinct::{Distinct, begun, standing};
use super::line::Line;
use super::scan::{Entry, scan};
use super::{CELLS, RUNS, StoreError};
use crate::{Record, RunInfo};
use std::path::{Path, PathBuf};

/// What results folders and files hold.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// The runs, in the order in which they were found; none when a file without its folder was read.
    pub runs: Vec<RunInfo>,
    /// One record a cell, in the order of first appearance. Of several records of the same cell the latest
    /// that ended well is kept, or the latest when none did.
    pub records: Vec<Record>,
    /// How many records gave way to another of the same cell.
    pub superseded: usize,
    /// How many lines were there already, in another file or the same.
    pub duplicates: usize,
    /// How many pairs of lines have the same id and are not the same; each has its warning.
    pub conflicts: usize,
    /// What was left out, what contradicts itself, what was measured more than once: a line each.
    pub warnings: Vec<String>,
}

/// Reads results: a results folder, or a `.jsonl` file of cells (with the file of runs beside it, if any).
///
/// # Errors
/// A path without results, a file that cannot be read, a line that is not a record, a newer schema.
pub fn read(path: &Path) -> Result<Results, StoreError> {
    read_all(&[path.to_path_buf()], false)
}

/// Reads several results as if they were one. Damaged lines are an error, or, to `salvage` the others, a warning.
///
/// # Errors
/// As [`read`].
pub fn read_all(paths: &[PathBuf], salvage: bool) -> Result<Results, StoreError> {
    let mut results = Results::default();
    let (mut cells, mut runs) = (Distinct::<Record>::new(), Distinct::<RunInfo>::new());
    for Source { cells: file, runs: beside } in sources(paths)? {
        scan(&file, salvage, &mut results.warnings, &mut |entry, _| _ = cells.push(entry))?;
        if let Some(beside) = beside {
            scan(&beside, salvage, &mut results.warnings, &mut |entry, _| _ = runs.push(entry))?;
        }
    }
    let standing = standing(&cells.entries, &begun(&runs.entries));
    let is_kept: Vec<bool> = marks(cells.entries.len(), &standing.kept);
    results.duplicates = cells.duplicates + runs.duplicates;
    results.conflicts = cells.conflicts.len() + runs.conflicts.len();
    results.warnings.extend(conflicts(&cells, |index| is_kept[index]));
    results.warnings.extend(conflicts(&runs, |_| true));
    if standing.repeated > 0 {
        let count = standing.repeated;
        results
            .warnings
            .push(format!("{count} cells were measured more than once: the latest stands for each"));
    }
    results.superseded = cells.entries.len() - standing.kept.len();
    let mut values: Vec<Option<Record>> = cells.entries.into_iter().map(|entry| Some(entry.value)).collect();
    results.records = standing.kept.into_iter().filter_map(|index| values[index].take()).collect();
    results.runs = runs.entries.into_iter().map(|entry| entry.value).collect();
    Ok(results)
}

/// Where results lie.
pub(super) struct Source {
    /// The file of cells.
    pub(super) cells: PathBuf,
    /// The file of runs, if there is one.
    pub(super) runs: Option<PathBuf>,
}

/// Where the results at these paths lie.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, StoreError> {
    paths.iter().map(|path| source(path)).collect()
}

fn source(path: &Path) -> Result<Source, StoreError> {
    let cells = if path.is_dir() { path.join(CELLS) } else { path.to_path_buf() };
    if !cells.is_file() || cells.extension().is_none_or(|extension| extension != "jsonl") {
        return Err(StoreError::NotResults { path: path.into() });
    }
    let runs = cells.with_file_name(RUNS);
    let is_beside = runs.is_file() && runs != cells;
    Ok(Source { cells, runs: is_beside.then_some(runs) })
}

/// A line for each pair that contradicts itself.
pub(super) fn conflicts<T: Line>(found: &Distinct<T>, is_used: impl Fn(usize) -> bool) -> Vec<String> {
    let told = |&(one, other): &(usize, usize)| {
        let places = [one, other].map(|index| &found.entries[index].place);
        let used: Vec<String> = [one, other]
            .into_iter()
            .filter(|index| is_used(*index))
            .map(|index| found.entries[index].place.to_string())
            .collect();
        let used = if used.is_empty() { "neither".to_string() } else { used.join(" and ") };
        let id = id(&found.entries[one]);
        format!("{} and {} have the same id {id} and are not the same: used: {used}", places[0], places[1])
    };
    found.conflicts.iter().map(told).collect()
}

fn id<T>(entry: &Entry<T>) -> String {
    entry.id.map(|id| id.to_string()).unwrap_or_default()
}

fn marks(length: usize, indices: &[usize]) -> Vec<bool> {
    let mut marks = vec![false; length];
    indices.iter().for_each(|index| marks[*index] = true);
    marks
}
