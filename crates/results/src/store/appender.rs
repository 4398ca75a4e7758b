//! Appends lines to a file: a line is there as a whole and on the disk, or it was not acknowledged.
//!
//! Under the lock: what a crash left at the end is moved aside, the line is written, the file is synced. A line that
//! cannot be written as a whole is cut off again. After a sync that failed nobody knows what is on the disk: the
//! line is not acknowledged, and nothing more is, since a second sync may succeed without having written anything.

use super::file::AppendFile;
use super::line;
use std::io;

/// Bytes read at a time in search of the last line's beginning.
const CHUNK: u64 = 64 << 10;

/// Appends lines to a file.
#[derive(Debug)]
pub(super) struct Appender<F> {
    file: F,
    /// Whether the end of the file was looked at as a crash of the machine may have left it. A crash of a process
    /// shows by a missing end of line.
    examined: bool,
    /// Whether a sync failed.
    lost: bool,
    moved_aside: Vec<TornTail>,
}

/// What a crash left at the end of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TornTail {
    /// Where it began.
    pub(super) offset: u64,
    /// Its bytes.
    pub(super) length: usize,
}

impl<F: AppendFile> Appender<F> {
    pub(super) fn new(file: F) -> Appender<F> {
        Appender { file, examined: false, lost: false, moved_aside: Vec::new() }
    }

    /// Appends a line, its end included. It is on the disk when this returns `Ok`.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.lost {
            return Err(io::Error::other("an earlier line could not be synced, so none is acknowledged"));
        }
        retried(|| self.file.lock())?;
        let appended = self.append_locked(line);
        // The line is on the disk, or it is not: an unlocking that fails changes nothing in that.
        let _ = retried(|| self.file.unlock());
        appended
    }

    /// What was moved aside since this was last asked.
    pub(super) fn take_moved_aside(&mut self) -> Vec<TornTail> {
        std::mem::take(&mut self.moved_aside)
    }

    fn append_locked(&mut self, line: &[u8]) -> io::Result<()> {
        if !retried(|| self.file.is_in_place())? {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it was moved or deleted while it was open"));
        }
        self.mend()?;
        let good = retried(|| self.file.length())?;
        if let Err(error) = self.write(line) {
            // Where even this fails the next one who appends moves the rest aside.
            let _ = retried(|| self.file.truncate(good));
            return Err(error);
        }
        // Not retried, not even when interrupted: what a second one says is not known to be true.
        if let Err(error) = self.file.sync() {
            self.lost = true;
            let _ = retried(|| self.file.truncate(good));
            return Err(error);
        }
        Ok(())
    }

    /// Writes all bytes; with one call, unless the system takes them in parts.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match retried(|| self.file.append(bytes))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    /// Sees to it that the file ends with a whole line.
    fn mend(&mut self) -> io::Result<()> {
        let length = retried(|| self.file.length())?;
        if length == 0 || (self.examined && self.bytes(length - 1, 1)? == b"\n") {
            return Ok(());
        }
        let (offset, tail) = self.last_line(length)?;
        match Tail::of(&tail) {
            Tail::Whole => {}
            Tail::WithoutEnd => self.write(b"\n")?,
            Tail::Torn => {
                retried(|| self.file.set_aside(&tail))?;
                retried(|| self.file.truncate(offset))?;
                self.moved_aside.push(TornTail { offset, length: tail.len() });
            }
        }
        self.examined = true;
        Ok(())
    }

    /// The last line, its end included if it has one, and where it begins.
    fn last_line(&self, length: u64) -> io::Result<(u64, Vec<u8>)> {
        let (mut start, mut tail) = (length, Vec::new());
        while start > 0 {
            let chunk = CHUNK.min(start);
            start -= chunk;
            tail.splice(0..0, self.bytes(start, chunk as usize)?);
            let before_end = &tail[..tail.len() - 1];
            if let Some(end) = before_end.iter().rposition(|byte| *byte == b'\n') {
                return Ok((start + end as u64 + 1, tail.split_off(end + 1)));
            }
        }
        Ok((0, tail))
    }

    fn bytes(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut read = 0;
        while read < length {
            match retried(|| self.file.read_at(&mut bytes[read..], offset + read as u64))? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => read += count,
            }
        }
        Ok(bytes)
    }
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// With a line, or something else that no crash can have left.
    Whole,
    /// With a whole line that lacks its end only.
    WithoutEnd,
    /// With the beginning of a line, or with blocks that were never filled.
    Torn,
}

impl Tail {
    /// Of a file that ends with this line.
    pub(super) fn of(line: &[u8]) -> Tail {
        match line.strip_suffix(b"\n") {
            _ if line.contains(&0) => Tail::Torn,
            Some(_) => Tail::Whole,
            None if line::is_whole(line) || line.trim_ascii().is_empty() => Tail::WithoutEnd,
            None => Tail::Torn,
        }
    }
}

/// Does it again when a signal came in between.
fn retried<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
