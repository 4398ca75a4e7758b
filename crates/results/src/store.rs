//! The store: a folder with two append-only files of one JSON object a line.
//!
//! ```text
//! runs.jsonl     a line for each run that wrote into the folder: where and how it was made
//! cells.jsonl    a line for each cell, as soon as it ends; `run` says which run it belongs to
//! ```
//!
//! What is acknowledged stays: a line is written with one call, under a lock, and synced before the call returns; so
//! several processes may append to one folder, and a cell that was acknowledged survives a crash. What was not
//! acknowledged is there as a whole or not at all: a crash can tear the last line only, which is recognised, told,
//! and moved to `cells.jsonl.torn` by the next one who appends. Nothing else is mended: a line whose checksum is
//! wrong is an error that says where.
//!
//! | file | concept |
//! |---|---|
//! | `line` | a line, its id and its checksum |
//! | `file`, `appender` | what is asked of the system, and how lines come onto the disk |
//! | `scan` | a file, line by line |
//! | `distinct` | which of many lines count |
//! | `reading`, `merge` | several files as one, in memory or in a new folder |

mod appender;
mod distinct;
mod error;
#[cfg(test)]
mod faults;
mod file;
mod line;
mod merge;
mod reading;
mod scan;

pub use error::StoreError;
pub use merge::{Merged, merge};
pub use reading::{Results, read, read_all};

use crate::{Record, RunInfo};
use appender::Appender;
use file::{SystemFile, make_folder, sync_folder};
use line::{Line, LineId};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the file of cells in a results folder.
pub const CELLS: &str = "cells.jsonl";

/// Name of the file of runs in a results folder.
pub const RUNS: &str = "runs.jsonl";

/// What a torn line is moved to is named after the file that it stood in.
pub const TORN_SUFFIX: &str = ".torn";

/// A line of a file. Displayed as `path:line`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: Arc<Path>,
    /// Line, from 1.
    pub line: usize,
    /// The byte at which it begins, from 0.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// A results folder, open to append.
#[derive(Debug)]
pub struct Store {
    cells: Lines,
    runs: Lines,
}

impl Store {
    /// Opens a results folder, and makes it if need be. What is there is kept.
    ///
    /// # Errors
    /// A folder that cannot be made, or whose files cannot be written.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        let failed = |action| move |source| StoreError::System { path: folder.into(), action, source };
        make_folder(folder).map_err(failed("make the folder"))?;
        let writer = random().map_err(failed("draw a name for this writer"))?;
        let open = |name| Lines::open(folder.join(name), writer);
        let store = Store { cells: open(CELLS)?, runs: open(RUNS)? };
        // The files' names must survive a crash as their lines do.
        sync_folder(folder).map_err(failed("sync the folder"))?;
        Ok(store)
    }

    /// Appends a run; call it before its first cell.
    ///
    /// # Errors
    /// The file could not be written or synced.
    pub fn append_run(&mut self, run: &RunInfo) -> Result<(), StoreError> {
        self.runs.append(run).map(drop)
    }

    /// Appends a cell. When this returns `Ok` the record is on the disk.
    ///
    /// # Errors
    /// A number that JSON does not have; a file that could not be written or synced, or is no longer there. Then the
    /// record is not in the store, and where a sync failed nothing more is taken.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        self.append_line(record).map(drop)
    }

    /// Appends a cell as [`append`](Store::append) does, and gives the line as it stands in the file, without its end.
    ///
    /// # Errors
    /// As [`append`](Store::append).
    pub fn append_line(&mut self, record: &Record) -> Result<String, StoreError> {
        self.cells.append(record)
    }

    /// What crashes had left at the end of files and was moved aside since this was last asked: a line each.
    pub fn take_remarks(&mut self) -> Vec<String> {
        [&mut self.cells, &mut self.runs].into_iter().flat_map(Lines::take_remarks).collect()
    }
}

/// A file of lines, open to append.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    appender: Appender<SystemFile>,
    next: LineId,
}

impl Lines {
    fn open(path: PathBuf, writer: u64) -> Result<Lines, StoreError> {
        match SystemFile::open(path.clone()) {
            Ok(file) => Ok(Lines { path, appender: Appender::new(file), next: LineId { writer, number: 0 } }),
            Err(source) => Err(StoreError::System { path, action: "open to append", source }),
        }
    }

    fn append(&mut self, value: &impl Line) -> Result<String, StoreError> {
        let path = || self.path.clone();
        let mut line =
            line::encode(value, self.next).map_err(|fault| StoreError::Unfaithful { path: path(), fault })?;
        // A number is used once: what failed may yet be on the disk.
        self.next.number += 1;
        self.appender.append(&line).map_err(|source| StoreError::System {
            path: path(),
            action: "append a line",
            source,
        })?;
        line.pop();
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn take_remarks(&mut self) -> Vec<String> {
        let path = self.path.display();
        let told = |tail: appender::TornTail| {
            let (at, length) = (tail.offset, tail.length);
            format!(
                "{path}: a line was cut off at byte {at}: its {length} bytes were moved to {path}{TORN_SUFFIX}"
            )
        };
        self.appender.take_moved_aside().into_iter().map(told).collect()
    }
}

/// A number that nobody else draws.
fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    // So few bytes are never given in parts.
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_le_bytes(bytes))
}
