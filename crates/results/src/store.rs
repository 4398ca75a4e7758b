//! The store: a folder with two append-only files of one JSON object a line.
//!
//! ```text
//! runs.jsonl     a line for each run that wrote into the folder: where and how it was made
//! cells.jsonl    a line for each cell, as soon as it ends; `run` says which run it belongs to
//! ```
//!
//! A line is one `write` under O_APPEND and is synced before the call returns, so several processes may
//! append to one folder, and a cell that was acknowledged survives a crash. A crash can tear the last line;
//! the next append starts a line of its own, and reading sets a torn line aside with a warning. Anything else
//! that is not a record is an error: it was not this program that wrote it.

use crate::group::CellKey;
use crate::{Record, RunInfo, SCHEMA, Status};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Name of the file of cells in a results folder.
pub const CELLS: &str = "cells.jsonl";

/// Name of the file of runs in a results folder.
pub const RUNS: &str = "runs.jsonl";

/// Why results could not be kept or read. One line: what, where, what was expected.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The path is neither of the two forms of results.
    #[error("{path}: no results here: a folder with {CELLS}, or a .jsonl file, was expected", path = path.display())]
    NotResults {
        /// The path.
        path: PathBuf,
    },
    /// A line that is not what the file is made of.
    #[error("{path}:{line}:{column}: {fault}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong with it.
        fault: String,
    },
    /// A record that a later version wrote.
    #[error(
        "{path}:{line}: the record has schema {found}, at most {SCHEMA} was expected: a newer heapbench wrote it",
        path = path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Its schema.
        found: u64,
    },
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
        let failed = |source| StoreError::System { path: folder.into(), action: "make the folder", source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let store = Store { cells: Lines::open(folder.join(CELLS))?, runs: Lines::open(folder.join(RUNS))? };
        // The files' names must survive a crash as their lines do.
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| StoreError::System {
            path: folder.into(),
            action: "sync the folder",
            source,
        })?;
        Ok(store)
    }

    /// Appends a run; call it before its first cell.
    ///
    /// # Errors
    /// The file could not be written or synced.
    pub fn append_run(&mut self, run: &RunInfo) -> Result<(), StoreError> {
        self.runs.append(run)
    }

    /// Appends a cell. When this returns `Ok` the record is on the disk.
    ///
    /// # Errors
    /// The file could not be written or synced; what was written of the line is set aside in reading.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        self.cells.append(record)
    }
}

/// A file of lines, open to append.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    fn open(path: PathBuf) -> Result<Lines, StoreError> {
        match OpenOptions::new().read(true).append(true).create(true).open(&path) {
            Ok(file) => Ok(Lines { path, file }),
            Err(source) => Err(StoreError::System { path, action: "open to append", source }),
        }
    }

    fn append(&mut self, value: &impl Serialize) -> Result<(), StoreError> {
        self.write(value).map_err(|source| StoreError::System {
            path: self.path.clone(),
            action: "append a line",
            source,
        })
    }

    fn write(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = Vec::new();
        if self.is_torn()? {
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, value)?;
        line.push(b'\n');
        // Not `write_all`: were the rest of a line written later, another process's line could come between.
        let written = loop {
            match self.file.write(&line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome?,
            }
        };
        if written < line.len() {
            let fault = format!("{written} of {} bytes written", line.len());
            return Err(io::Error::new(io::ErrorKind::WriteZero, fault));
        }
        self.file.sync_data()
    }

    /// Whether the file ends inside a line. Looked up each time: another process may have died in a write.
    fn is_torn(&mut self) -> io::Result<bool> {
        if self.file.seek(SeekFrom::End(0))? == 0 {
            return Ok(false);
        }
        self.file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        self.file.read_exact(&mut last)?;
        Ok(last != *b"\n")
    }
}

/// What a results folder or file holds.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// The runs, in the order in which they began; none when a file without its folder was read.
    pub runs: Vec<RunInfo>,
    /// One record a cell, in the order of first appearance. Of several records of the same cell the latest
    /// that ended well is kept, or the latest when none did.
    pub records: Vec<Record>,
    /// How many records gave way to another of the same cell.
    pub superseded: usize,
    /// Torn lines, one warning each.
    pub warnings: Vec<String>,
}

/// Reads results: a results folder, or a `.jsonl` file of cells (with the file of runs beside it, if any).
///
/// # Errors
/// A path without results, a file that cannot be read, a line that is not a record, a newer schema.
pub fn read(path: &Path) -> Result<Results, StoreError> {
    let cells = if path.is_dir() { path.join(CELLS) } else { path.to_path_buf() };
    if !cells.is_file() || cells.extension().is_none_or(|extension| extension != "jsonl") {
        return Err(StoreError::NotResults { path: path.into() });
    }
    let mut results = Results::default();
    let records = read_lines(&cells, &mut results.warnings)?;
    let runs = cells.with_file_name(RUNS);
    if runs.is_file() && runs != cells {
        results.runs = read_lines(&runs, &mut results.warnings)?;
    }
    let given = records.len();
    results.records = latest(records);
    results.superseded = given - results.records.len();
    Ok(results)
}

/// Keeps one record of each cell: the latest that ended well, or the latest when none did.
fn latest(records: Vec<Record>) -> Vec<Record> {
    let mut places: HashMap<CellKey, usize> = HashMap::new();
    let mut kept: Vec<Record> = Vec::new();
    for record in records {
        let place = *places.entry(CellKey::of(&record)).or_insert(kept.len());
        match kept.get_mut(place) {
            None => kept.push(record),
            Some(old) if old.status == Status::Ok && record.status != Status::Ok => {}
            Some(old) => *old = record,
        }
    }
    kept
}

/// Reads a file of JSON lines. Empty lines mean nothing; torn ones become warnings.
fn read_lines<T: DeserializeOwned>(path: &Path, warnings: &mut Vec<String>) -> Result<Vec<T>, StoreError> {
    let bytes = std::fs::read(path).map_err(|source| StoreError::System {
        path: path.into(),
        action: "read",
        source,
    })?;
    let mut values = Vec::new();
    let mut offset = 0;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            if let Ok(Version { schema: found }) = serde_json::from_slice(line)
                && found > u64::from(SCHEMA)
            {
                return Err(StoreError::NewerSchema { path: path.into(), line: index + 1, found });
            }
            match serde_json::from_slice(line) {
                Ok(value) => values.push(value),
                Err(error) if is_torn(line, &error) => warnings.push(format!(
                    "{}:{}: a line was cut off at byte {offset} ({} bytes set aside)",
                    path.display(),
                    index + 1,
                    line.len()
                )),
                Err(error) => {
                    let (line, column) = (index + 1, error.column());
                    return Err(StoreError::Malformed {
                        path: path.into(),
                        line,
                        column,
                        fault: fault(&error),
                    });
                }
            }
        }
        offset += line.len() + 1;
    }
    Ok(values)
}

/// Whether a crash can have left this: the beginning of a line, or blocks that were never filled.
fn is_torn(line: &[u8], error: &serde_json::Error) -> bool {
    error.is_eof() || line.contains(&0)
}

/// The one key that every schema has. A line without it (a run) is of any.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    schema: u64,
}

/// What is wrong with a line, without its place in it: the error has that of the file.
fn fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    format!("not a record: {}", text.strip_suffix(&place).unwrap_or(&text))
}
