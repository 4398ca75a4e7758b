//! A line of the store: an object in JSON that names itself and vouches for itself.
//!
//! ```text
//! {"schema":2, … ,"id":"9f3c04d1a5e87b26-17","crc":"5ac10e4b"}
//! ```
//!
//! `id` says who wrote it and which of its lines it is. `crc` comes last: the CRC-32 (that of zlib) of every byte of the
//! line before `,"crc":`. Lines of schema 1 have neither.

use crate::{Record, RunInfo, SCHEMA};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The first schema whose lines have a checksum.
const SEALED_SINCE: u32 = 2;

/// What stands before the digits of the checksum.
const SEAL: &[u8] = br#","crc":""#;

/// Bytes of a seal: its key, eight digits, and the end of the object.
const SEAL_LENGTH: usize = SEAL.len() + 8 + 2;

/// What a file of the store is made of.
pub(super) trait Line: Serialize + DeserializeOwned + PartialEq {
    /// The schema that it was written in.
    fn schema(&self) -> u32;
    /// The run that it belongs to.
    fn run(&self) -> &str;
}

impl Line for Record {
    fn schema(&self) -> u32 {
        self.schema
    }

    fn run(&self) -> &str {
        &self.run
    }
}

impl Line for RunInfo {
    fn schema(&self) -> u32 {
        self.schema
    }

    fn run(&self) -> &str {
        &self.run
    }
}

/// What tells a line from all others, wherever it is copied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LineId {
    /// Whoever opened the store to append: drawn at random.
    pub(super) writer: u64,
    /// Which of its lines, from 0.
    pub(super) number: u64,
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.writer, self.number)
    }
}

/// A line that was read.
#[derive(Debug)]
pub(super) struct Decoded<T> {
    pub(super) value: T,
    /// `None` in lines of schema 1.
    pub(super) id: Option<LineId>,
    /// The checksum.
    pub(super) crc: u32,
}

/// Why a line is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A later version wrote it.
    NewerSchema(u64),
    /// It is damaged, or something else.
    Malformed {
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// Writes a line, its end included.
///
/// # Errors
/// A value that would not be read as what it is, in one line. (JSON has no infinity, and nothing that is no number.)
pub(super) fn encode<T: Line>(value: &T, id: LineId) -> Result<Vec<u8>, String> {
    let mut line = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    let back: T = serde_json::from_slice(&line).map_err(|error| format!("it does not read back: {error}"))?;
    if back != *value {
        return Err("it does not read back as what it is, expected finite numbers".to_string());
    }
    // The object goes on.
    line.pop();
    line.extend(format!(r#","id":"{id}""#).bytes());
    let crc = crc32fast::hash(&line);
    line.extend(SEAL);
    line.extend(format!("{crc:08x}\"}}\n").bytes());
    Ok(line)
}

/// Reads a line, without its end.
///
/// # Errors
/// A line that is damaged, of a newer schema, or something else.
pub(super) fn decode<T: Line>(line: &[u8]) -> Result<Decoded<T>, Fault> {
    let malformed = |column: usize, what: String| Fault::Malformed { column, what };
    let seal = Seal::of(line);
    if let Some(Seal { body, stated }) = seal {
        let crc = crc32fast::hash(body);
        if crc != stated {
            let what = format!("damaged: its checksum is {crc:08x}, {stated:08x} was expected");
            return Err(malformed(1, what));
        }
    }
    let value: T = serde_json::from_slice(line).map_err(|error| match serde_json::from_slice(line) {
        Ok(Version { schema }) if schema > u64::from(SCHEMA) => Fault::NewerSchema(schema),
        _ => malformed(error.column(), fault(&error)),
    })?;
    if value.schema() > SCHEMA {
        return Err(Fault::NewerSchema(u64::from(value.schema())));
    }
    match seal {
        Some(Seal { body, stated }) => Ok(Decoded { value, id: id(body), crc: stated }),
        None if value.schema() < SEALED_SINCE => Ok(Decoded { value, id: None, crc: crc32fast::hash(line) }),
        None => Err(malformed(line.len(), "damaged: its checksum was expected at its end".to_string())),
    }
}

/// Whether these bytes are a whole line, though its end may be missing: no crash can have cut it short.
pub(super) fn is_whole(line: &[u8]) -> bool {
    match Seal::of(line) {
        Some(Seal { body, stated }) => crc32fast::hash(body) == stated,
        None => serde_json::from_slice::<IgnoredAny>(line).is_ok(),
    }
}

/// Whether these bytes are the beginning of an object, cut short.
pub(super) fn is_beginning(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

/// The end of a line, and what it vouches for.
#[derive(Clone, Copy)]
struct Seal<'a> {
    body: &'a [u8],
    stated: u32,
}

impl Seal<'_> {
    fn of(line: &[u8]) -> Option<Seal<'_>> {
        let (body, end) = line.split_at_checked(line.len().checked_sub(SEAL_LENGTH)?)?;
        let digits = end.strip_prefix(SEAL)?.strip_suffix(br#""}"#)?;
        let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        let digits =
            std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| is_digit(&b)))?;
        Some(Seal { body, stated: u32::from_str_radix(digits, 16).ok()? })
    }
}

/// The id at the end of what the checksum covers.
fn id(body: &[u8]) -> Option<LineId> {
    let text = body.strip_suffix(b"\"")?;
    let start = text.iter().rposition(|byte| *byte == b'"')? + 1;
    text[..start].strip_suffix(br#","id":""#)?;
    let (writer, number) = std::str::from_utf8(&text[start..]).ok()?.split_once('-')?;
    Some(LineId { writer: u64::from_str_radix(writer, 16).ok()?, number: number.parse().ok()? })
}

/// The one key that every schema has.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Floating;

    fn record() -> Record {
        Record { schema: SCHEMA, run: "r".into(), error: "caf\u{e9}\n\"".into(), ..Record::default() }
    }

    #[test]
    fn a_line_says_what_it_is_and_any_changed_byte_shows() {
        let id = LineId { writer: 0x9f3c, number: 17 };
        let mut line = encode(&record(), id).unwrap();
        assert_eq!(line.pop(), Some(b'\n'));
        let read: Decoded<Record> = decode(&line).unwrap();
        assert_eq!((read.value, read.id), (record(), Some(id)));
        for place in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[place] ^= 1 << bit;
                assert!(decode::<Record>(&changed).is_err(), "byte {place}, bit {bit}");
            }
        }
        for cut in 0..line.len() {
            assert!(!is_whole(&line[..cut]), "{cut}");
        }
        assert!(is_whole(&line));
    }

    #[test]
    fn the_checksum_is_that_of_zlib() {
        // As Python has it: "%08x" % zlib.crc32(b"heapbench").
        assert_eq!(format!("{:08x}", crc32fast::hash(b"heapbench")), "1fa0c765");
    }

    #[test]
    fn what_is_no_number_is_not_written() {
        let id = LineId { writer: 1, number: 0 };
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let floating = Some(Floating { mean_bytes: number, ..Floating::default() });
            assert!(encode(&Record { floating, ..record() }, id).is_err(), "{number}");
        }
        for number in [0.1 + 0.2, f64::MIN_POSITIVE, 1e300, -0.0] {
            let floating = Some(Floating { mean_bytes: number, ..Floating::default() });
            assert!(encode(&Record { floating, ..record() }, id).is_ok(), "{number}");
        }
    }
}
