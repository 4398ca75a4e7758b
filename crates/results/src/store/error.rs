//! Why results could not be kept or read. One line each: what, where, what was expected.

use super::{CELLS, Place};
use crate::SCHEMA;
use std::io;
use std::path::PathBuf;

/// Why results could not be kept or read.
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
    /// There are results where new ones were to go.
    #[error("{path}: there are results here already, another folder was expected", path = path.display())]
    Occupied {
        /// The path.
        path: PathBuf,
    },
    /// A line that is damaged, or that something else wrote.
    #[error("{place}:{column}: byte {offset}: {fault}; --salvage reads the others", offset = place.offset)]
    Malformed {
        /// Where.
        place: Place,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong with it.
        fault: String,
    },
    /// A record that a later version wrote.
    #[error(
        "{place}: the record has schema {found}, at most {SCHEMA} was expected: a newer heapbench wrote it"
    )]
    NewerSchema {
        /// Where.
        place: Place,
        /// Its schema.
        found: u64,
    },
    /// A record that would not be read as what it is: a number in it is none, or infinite.
    #[error("{path}: a record was not written: {fault}", path = path.display())]
    Unfaithful {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
}
