//! Puts results together into a new folder: every line once, untouched, in an order that does not depend on the order
//! in which the sources are named.
//!
//! (`cat A/cells.jsonl B/cells.jsonl` gives a store as well; this one also drops duplicates and tells conflicts.)

use super::distinct::{Begun, Distinct, begun, by_age};
use super::file::{make_folder, sync_folder};
use super::line::Line;
use super::reading::{conflicts, sources};
use super::scan::scan;
use super::{CELLS, RUNS, StoreError};
use crate::{Record, RunInfo};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What was put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Lines of cells.
    pub cells: usize,
    /// Lines of runs.
    pub runs: usize,
    /// Lines that were there already.
    pub duplicates: usize,
    /// Pairs of lines that have the same id and are not the same; both are kept, and each pair has its warning.
    pub conflicts: usize,
    /// What was left out and what contradicts itself, a line each.
    pub warnings: Vec<String>,
}

/// Puts the results at `paths` together into the folder `out`, which must not have results yet. Damaged lines are an
/// error, or, to `salvage` the others, left out.
///
/// # Errors
/// As [`read`](super::read); a folder that has results, or cannot be written.
pub fn merge(paths: &[PathBuf], out: &Path, salvage: bool) -> Result<Merged, StoreError> {
    if out.join(CELLS).exists() || out.join(RUNS).exists() {
        return Err(StoreError::Occupied { path: out.into() });
    }
    let mut merged = Merged::default();
    let (mut cells, mut runs) = (Lines::<Record>::new(), Lines::<RunInfo>::new());
    for source in sources(paths)? {
        cells.read(&source.cells, salvage, &mut merged.warnings)?;
        if let Some(beside) = source.runs {
            runs.read(&beside, salvage, &mut merged.warnings)?;
        }
    }
    for found in [conflicts(&cells.distinct, |_| true), conflicts(&runs.distinct, |_| true)] {
        merged.conflicts += found.len();
        merged.warnings.extend(found);
    }
    merged.duplicates = cells.distinct.duplicates + runs.distinct.duplicates;
    (merged.cells, merged.runs) = (cells.texts.len(), runs.texts.len());
    let begun = begun(&runs.distinct.entries);
    let failed = |source| StoreError::System { path: out.into(), action: "write the results", source };
    make_folder(out).map_err(failed)?;
    // Cells come last: without them the folder is no results folder yet.
    write(&out.join(RUNS), &runs.in_order(&begun)).map_err(failed)?;
    write(&out.join(CELLS), &cells.in_order(&begun)).map_err(failed)?;
    sync_folder(out).map_err(failed)?;
    Ok(merged)
}

/// Lines of one kind, each once.
struct Lines<T> {
    distinct: Distinct<T>,
    /// The text of each.
    texts: Vec<Vec<u8>>,
}

impl<T: Line> Lines<T> {
    fn new() -> Lines<T> {
        Lines { distinct: Distinct::new(), texts: Vec::new() }
    }

    fn read(&mut self, path: &Path, salvage: bool, warnings: &mut Vec<String>) -> Result<(), StoreError> {
        scan(path, salvage, warnings, &mut |entry, text| {
            if self.distinct.push(entry) {
                self.texts.push(text.to_vec());
            }
        })
    }

    fn in_order(&self, begun: &Begun) -> Vec<&[u8]> {
        let mut order: Vec<usize> = (0..self.texts.len()).collect();
        let entries = &self.distinct.entries;
        order.sort_by(|one, other| by_age(&entries[*one], &entries[*other], begun));
        order.into_iter().map(|index| self.texts[index].as_slice()).collect()
    }
}

/// Writes a file under another name, and gives it its own when all of it is on the disk.
fn write(path: &Path, lines: &[&[u8]]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = BufWriter::new(File::create(&unfinished)?);
    for line in lines {
        file.write_all(line)?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.sync_all()?;
    std::fs::rename(&unfinished, path)
}
