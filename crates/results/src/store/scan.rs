//! Reads a file of the store, line by line. Reading never writes.
//!
//! What a crash can have left at the end is told and left out. In the middle nothing can be damaged but by accident:
//! that is an error, unless the others are to be salvaged. One exception: where files were put together and one of
//! them ended torn, the next one's first line stands behind the torn one on the same line. It is whole, and it counts.

use super::appender::Tail;
use super::file::lock_shared;
use super::line::{self, Decoded, Fault, Line, LineId};
use super::{Place, StoreError};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// What every line begins with: that of a cell, that of a run, that of an old run.
const BEGINNINGS: [&[u8]; 2] = [br#"{"schema":"#, br#"{"run":"#];

/// A line that was read.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) value: T,
    pub(super) id: Option<LineId>,
    pub(super) crc: u32,
    pub(super) place: Place,
}

/// Reads one file.
pub(super) struct Scan<'a, T> {
    path: Arc<Path>,
    /// Whether damaged lines are left out.
    salvage: bool,
    /// What was left out, a line each.
    warnings: &'a mut Vec<String>,
    /// Takes an entry with its text.
    take: &'a mut dyn FnMut(Entry<T>, &[u8]),
}

/// Reads a file. What is left out is told in a line each.
///
/// # Errors
/// A file that cannot be read, a damaged line (unless they are to be left out), a newer schema.
pub(super) fn scan<T: Line>(
    path: &Path,
    salvage: bool,
    warnings: &mut Vec<String>,
    take: &mut dyn FnMut(Entry<T>, &[u8]),
) -> Result<(), StoreError> {
    let failed = |source: io::Error| StoreError::System { path: path.into(), action: "read", source };
    let file = File::open(path).map_err(failed)?;
    lock_shared(&file);
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut scan = Scan { path: path.into(), salvage, warnings, take };
    let (mut bytes, mut number, mut offset) = (Vec::new(), 0, 0);
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes).map_err(failed)?;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        let is_last = reader.fill_buf().map_err(failed)?.is_empty();
        if !bytes.trim_ascii().is_empty() {
            scan.line(&bytes, number, offset, is_last)?;
        }
        offset += length as u64;
    }
}

impl<T: Line> Scan<'_, T> {
    fn line(&mut self, bytes: &[u8], number: usize, offset: u64, is_last: bool) -> Result<(), StoreError> {
        let text = bytes.trim_ascii_end();
        let place = Place { path: Arc::clone(&self.path), line: number, offset };
        match line::decode(text) {
            Ok(decoded) => self.entry(decoded, text, place),
            Err(_) if is_last && Tail::of(bytes) == Tail::Torn => self.torn(bytes.len(), &place),
            Err(fault) => self.apart(fault, text, place)?,
        }
        Ok(())
    }

    /// A line that is none: maybe two that stand on one line.
    fn apart(&mut self, fault: Fault, text: &[u8], place: Place) -> Result<(), StoreError> {
        let Some((start, behind)) = glued(text) else { return self.fault(fault, place) };
        let before = &text[..start];
        let second = Place { offset: place.offset + start as u64, ..place.clone() };
        match line::decode(before) {
            Ok(first) => self.entry(first, before, place),
            Err(_) if line::is_beginning(before) => self.torn(start, &place),
            Err(fault) => self.fault(fault, place)?,
        }
        self.entry(behind, &text[start..], second);
        Ok(())
    }

    fn entry(&mut self, Decoded { value, id, crc }: Decoded<T>, text: &[u8], place: Place) {
        (self.take)(Entry { value, id, crc, place }, text);
    }

    fn torn(&mut self, length: usize, place: &Place) {
        let at = place.offset;
        self.warnings.push(format!("{place}: a line was cut off at byte {at} ({length} bytes set aside)"));
    }

    fn fault(&mut self, fault: Fault, place: Place) -> Result<(), StoreError> {
        match fault {
            Fault::NewerSchema(found) => Err(StoreError::NewerSchema { place, found }),
            Fault::Malformed { what, .. } if self.salvage => {
                let at = place.offset;
                self.warnings.push(format!("{place}: byte {at}: {what}: left out"));
                Ok(())
            }
            Fault::Malformed { column, what } => Err(StoreError::Malformed { place, column, fault: what }),
        }
    }
}

/// The whole line that stands behind something else on the same line, and where it begins.
fn glued<T: Line>(text: &[u8]) -> Option<(usize, Decoded<T>)> {
    let begins = |start: &usize| BEGINNINGS.iter().any(|beginning| text[*start..].starts_with(beginning));
    (1..text.len()).filter(begins).find_map(|start| Some((start, line::decode(&text[start..]).ok()?)))
}
