//! A file in memory whose every call can fail, at every call in turn: what was acknowledged must be there afterwards,
//! and nothing may be damaged.

use super::appender::Appender;
use super::file::AppendFile;
use super::line::{self, LineId};
use super::scan::scan;
use crate::{Record, SCHEMA};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A signal comes in between.
    Interrupted,
    /// Half of the bytes are taken.
    Short,
    /// Half of the bytes are taken, and from then on none.
    Full,
    /// The device answers nonsense, once. A sync that fails so drops what was to be synced; the next one succeeds.
    Broken,
    /// The process is killed: this call is half done, and there is no other.
    Killed,
}

const FAULTS: [Fault; 5] = [Fault::Interrupted, Fault::Short, Fault::Full, Fault::Broken, Fault::Killed];

/// What outlives a process.
#[derive(Clone, Debug, Default)]
struct Disk {
    /// What reading gives.
    content: Vec<u8>,
    /// What a crash of the machine leaves for certain.
    synced: Vec<u8>,
    /// Whether a sync dropped pages: they stay unwritten whatever later syncs say.
    dropped: bool,
    /// Whether a sync failed, or was interrupted.
    doubtful: bool,
    aside: Vec<u8>,
    locked: bool,
    calls: usize,
    /// Which call goes wrong, from 0, and how.
    plan: Option<(usize, Fault)>,
    full: bool,
    killed: bool,
}

#[derive(Clone, Debug, Default)]
struct FaultyFile(Rc<RefCell<Disk>>);

impl FaultyFile {
    /// Counts a call, and says what is to go wrong with it.
    fn fault(&self) -> io::Result<Option<Fault>> {
        let mut disk = self.0.borrow_mut();
        let planned = disk.plan.filter(|(call, _)| *call == disk.calls).map(|(_, fault)| fault);
        disk.calls += 1;
        disk.full |= planned == Some(Fault::Full);
        match planned {
            _ if disk.killed => Err(io::Error::other("there is no process any more")),
            Some(Fault::Interrupted) => Err(io::ErrorKind::Interrupted.into()),
            other => Ok(other),
        }
    }

    /// A call that does its work or does not.
    fn whole<T>(&self, work: impl FnOnce(&mut Disk) -> T) -> io::Result<T> {
        match self.fault()? {
            Some(Fault::Killed) => {
                self.0.borrow_mut().killed = true;
                Err(io::Error::other("killed"))
            }
            Some(Fault::Broken) => Err(io::ErrorKind::Other.into()),
            _ => Ok(work(&mut self.0.borrow_mut())),
        }
    }
}

impl AppendFile for FaultyFile {
    fn lock(&mut self) -> io::Result<()> {
        self.whole(|disk| {
            assert!(!disk.locked, "locked twice");
            disk.locked = true;
        })
    }

    fn unlock(&mut self) -> io::Result<()> {
        self.whole(|disk| disk.locked = false)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.whole(|_| true)
    }

    fn length(&self) -> io::Result<u64> {
        self.whole(|disk| disk.content.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let short = self.fault()?;
        let disk = self.0.borrow();
        match short {
            Some(Fault::Broken | Fault::Killed) => Err(io::ErrorKind::Other.into()),
            _ => {
                let rest = &disk.content[offset as usize..];
                let wanted = if short.is_some() { bytes.len().div_ceil(2) } else { bytes.len() };
                let count = wanted.min(rest.len());
                bytes[..count].copy_from_slice(&rest[..count]);
                Ok(count)
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fault = self.fault()?;
        let mut disk = self.0.borrow_mut();
        assert!(disk.locked, "written without the lock");
        match fault {
            None if disk.full => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Broken) => Err(io::ErrorKind::Other.into()),
            Some(_) => {
                disk.killed |= fault == Some(Fault::Killed);
                let half = bytes.len().div_ceil(2);
                disk.content.extend(&bytes[..half]);
                if disk.killed { Err(io::Error::other("killed")) } else { Ok(half) }
            }
            None => {
                disk.content.extend(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.whole(|disk| {
            assert!(disk.locked, "cut off without the lock");
            disk.content.truncate(length as usize);
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        let before = self.0.borrow().calls;
        let synced = self.whole(|disk| {
            if !disk.dropped {
                disk.synced.clone_from(&disk.content);
            }
        });
        let mut disk = self.0.borrow_mut();
        disk.dropped |= disk.plan == Some((before, Fault::Broken));
        disk.doubtful |= synced.is_err();
        synced
    }

    fn set_aside(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.whole(|disk| {
            assert!(disk.locked, "moved aside without the lock");
            disk.aside.extend(bytes);
        })
    }
}

const TORN: &[u8] = b"{\"schema\":2,\"run\":\"to";

fn encoded(number: u64) -> Vec<u8> {
    let record = Record { schema: SCHEMA, seed: number, ..Record::default() };
    line::encode(&record, LineId { writer: 7, number }).unwrap()
}

/// A disk with one line, and a torn one.
fn torn_disk() -> Disk {
    let content = [&encoded(0), TORN].concat();
    Disk { synced: content.clone(), content, ..Disk::default() }
}

/// Appends five lines and gives those that were acknowledged. What a failed call wrote must be gone.
fn append_five(file: &FaultyFile) -> Vec<u64> {
    let mut appender = Appender::new(file.clone());
    let mut acknowledged = Vec::new();
    for number in 1..=5 {
        let before = file.0.borrow().content.clone();
        match appender.append(&encoded(number)) {
            Ok(()) => acknowledged.push(number),
            Err(_) => {
                let disk = file.0.borrow();
                let is_mended = before.starts_with(&disk.content);
                assert!(disk.killed || is_mended, "a line that failed was left: {:?}", disk.plan);
            }
        }
        let mut disk = file.0.borrow_mut();
        // An unlocking that failed is made good for by the end of the process.
        disk.locked = false;
    }
    acknowledged
}

/// The lines that another process finds and leaves, after it appended one.
fn lines_after(content: &[u8], aside: &[u8]) -> Vec<u64> {
    let file = FaultyFile::default();
    file.0.borrow_mut().content = content.to_vec();
    Appender::new(file.clone()).append(&encoded(9)).expect("nothing fails any more");
    let disk = file.0.borrow();
    let kept = [&disk.content[..], &disk.aside, aside].concat();
    assert!(kept.windows(TORN.len()).any(|bytes| bytes == TORN), "what was torn is gone");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.jsonl");
    std::fs::write(&path, &disk.content).unwrap();
    let (mut warnings, mut numbers) = (Vec::new(), Vec::new());
    scan::<Record>(&path, false, &mut warnings, &mut |entry, _| numbers.push(entry.value.seed)).unwrap();
    assert_eq!(warnings, [""; 0]);
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    numbers
}

/// The calls that five appends make when nothing fails.
fn calls() -> usize {
    let file = FaultyFile(Rc::new(RefCell::new(torn_disk())));
    assert_eq!(append_five(&file), [1, 2, 3, 4, 5]);
    let disk = file.0.borrow();
    assert_eq!((disk.aside.as_slice(), disk.content == disk.synced), (TORN, true));
    disk.calls
}

#[test]
fn whatever_call_fails_what_was_acknowledged_is_there_and_nothing_is_damaged() {
    for fault in FAULTS {
        for call in 0..calls() {
            let disk = Disk { plan: Some((call, fault)), ..torn_disk() };
            let file = FaultyFile(Rc::new(RefCell::new(disk)));
            let acknowledged = append_five(&file);
            let disk = file.0.borrow();
            // A sync that was interrupted is not trusted again; everything else that was, is done again.
            if matches!(fault, Fault::Interrupted | Fault::Short) && !disk.doubtful {
                assert_eq!(acknowledged, [1, 2, 3, 4, 5], "{fault:?} at call {call}");
            }
            let found = lines_after(&disk.content, &disk.aside);
            for number in [0, 9].into_iter().chain(acknowledged) {
                assert!(found.contains(&number), "{fault:?} at call {call}: {number} is gone: {found:?}");
            }
        }
    }
}

#[test]
fn whenever_the_machine_stops_what_was_acknowledged_is_there_and_nothing_is_damaged() {
    for fault in [Fault::Killed, Fault::Broken] {
        for call in 0..calls() {
            let file = FaultyFile(Rc::new(RefCell::new(Disk { plan: Some((call, fault)), ..torn_disk() })));
            let acknowledged = append_five(&file);
            let disk = file.0.borrow();
            for left in leavings(&disk) {
                let found = lines_after(&left, &disk.aside);
                for number in acknowledged.iter().chain(&[0, 9]) {
                    assert!(found.contains(number), "{fault:?} at call {call}: {number} is gone: {found:?}");
                }
            }
        }
    }
}

/// What a crash of the machine may leave: what was synced, with some beginning of what was written since; or with
/// blocks that were never filled.
fn leavings(disk: &Disk) -> Vec<Vec<u8>> {
    let mut left = vec![disk.synced.clone()];
    if let Some(since) = disk.content.strip_prefix(&disk.synced[..]).filter(|since| !since.is_empty()) {
        let cuts = (1..since.len()).step_by(13).chain([since.len() - 1, since.len()]);
        left.extend(cuts.map(|cut| [&disk.synced, &since[..cut]].concat()));
        left.push([&disk.synced[..], &vec![0; since.len()]].concat());
        if let Some((end, rest)) = since.split_last() {
            left.push([&disk.synced[..], &vec![0; rest.len()], &[*end]].concat());
        }
    }
    left
}

#[test]
fn after_a_sync_that_failed_nothing_is_acknowledged() {
    let file = FaultyFile::default();
    let mut appender = Appender::new(file.clone());
    appender.append(&encoded(0)).unwrap();
    let first = file.0.borrow().calls;
    appender.append(&encoded(1)).unwrap();
    let second = file.0.borrow().calls;
    appender.append(&encoded(2)).unwrap();
    // All but the first two are alike; the sync is the last call but one.
    let third = file.0.borrow().calls;
    assert!(first < second && second < third);
    file.0.borrow_mut().plan = Some((third + (third - second) - 2, Fault::Broken));
    let outcomes: Vec<bool> = (3..6).map(|number| appender.append(&encoded(number)).is_ok()).collect();
    assert!(file.0.borrow().dropped, "the plan did not meet the sync");
    assert_eq!(outcomes, [false; 3]);
    assert_eq!(file.0.borrow().content, [encoded(0), encoded(1), encoded(2)].concat());
}
