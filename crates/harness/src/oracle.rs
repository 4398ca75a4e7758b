//! The oracle: when each object of a job's program dies, found by a process of its own and handed to others in a file.
//!
//! The file: `MAGIC`, objects and deaths (8 bytes each), the kind of each object (a byte), then for each death, in order,
//! the object's number and the clock (4 bytes each), and a checksum (8 bytes); all little-endian.

use crate::child::{self, Conversation};
use crate::job::Job;
use crate::registry;
use crate::trouble::Trouble;
use heapbench_heap::{Deaths, Heap, HeapConfig, Kind, NoRecorder};
use heapbench_oracle::OracleHeap;
use heapbench_workload::find;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The hidden verb under which the command runs a program on the oracle's heap.
pub const VERB: &str = "oracle";

/// What such a file begins with.
const MAGIC: &[u8; 8] = b"hbdeaths";

const KINDS: [Kind; 17] = {
    let mut kinds = [Kind::Weak; 17];
    let mut next = 0;
    while next < Kind::ALLOCATABLE.len() {
        kinds[next] = Kind::ALLOCATABLE[next];
        next += 1;
    }
    kinds
};

/// Whether a configuration, as text, cannot run without an oracle.
pub fn is_needed_by(configuration: &str) -> bool {
    registry::resolve(configuration).is_ok_and(|configuration| registry::needs_deaths(&configuration))
}

/// Why there are no deaths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silent {
    /// The user interrupted the oracle.
    Interrupted,
    /// It failed: one line.
    Failed(String),
}

/// Asks once for each program (workload, parameters, seed), and keeps the answers as long as it lives.
#[derive(Debug)]
pub struct Oracle {
    folder: TempDir,
    timeout: Duration,
    answers: BTreeMap<String, Result<PathBuf, Silent>>,
}

impl Oracle {
    /// An oracle that may take so long for one program.
    ///
    /// # Errors
    /// There is no place for temporary files.
    pub fn new(timeout: Duration) -> Result<Oracle, Trouble> {
        let folder = tempfile::Builder::new().prefix("heapbench-oracle-").tempdir();
        let folder = folder.map_err(|error| Trouble::failure(format!("the oracle's folder: {error}")))?;
        Ok(Oracle { folder, timeout, answers: BTreeMap::new() })
    }

    /// The job with what its strategy needs to run.
    ///
    /// # Errors
    /// It needs deaths, and there are none.
    pub fn equip(&mut self, job: &Job) -> Result<Job, Silent> {
        let deaths = if is_needed_by(&job.strategy) { Some(self.deaths(job)?) } else { None };
        Ok(Job { deaths, ..job.clone() })
    }

    /// The file with the deaths of the job's program.
    ///
    /// # Errors
    /// There are none.
    pub fn deaths(&mut self, job: &Job) -> Result<PathBuf, Silent> {
        let program = serde_json::to_string(&(&job.workload, &job.parameters, job.seed));
        let program = program.expect("a program is strings and numbers");
        if let Some(answer) = self.answers.get(&program) {
            return answer.clone();
        }
        let path = self.folder.path().join(self.answers.len().to_string());
        let answer = ask(&Job { deaths: Some(path.clone()), ..job.clone() }, self.timeout).map(|()| path);
        if answer != Err(Silent::Interrupted) {
            self.answers.insert(program, answer.clone());
        }
        answer
    }
}

fn ask(job: &Job, timeout: Duration) -> Result<(), Silent> {
    let failed = |why: String| Silent::Failed(format!("the oracle: {why}"));
    let conversed =
        child::command(&[VERB]).and_then(|mut command| child::converse(&mut command, &job.text(), timeout));
    match conversed.map_err(|error| failed(error.to_string()))? {
        Conversation::Interrupted => Err(Silent::Interrupted),
        Conversation::TimedOut => Err(failed(child::stopped_after(timeout))),
        Conversation::Ended { exit, last_words, .. } if !exit.success() => {
            Err(failed(child::ending(exit, &last_words)))
        }
        Conversation::Ended { .. } => Ok(()),
    }
}

/// Runs a job's program on the oracle's heap in this process, and writes the deaths to the job's file.
///
/// # Errors
/// The program cannot be run, or gives another checksum than it should; the file cannot be written.
pub fn consult(job: &Job) -> Result<(), Trouble> {
    let Some(path) = &job.deaths else {
        return Err(Trouble::request("the job has no file for the deaths, expected one"));
    };
    let definition = find(&job.workload)?;
    let prepared = definition.prepare(&job.parameters, job.seed)?;
    let mut heap: OracleHeap = Heap::new(&HeapConfig::default(), NoRecorder)?;
    let outcome = prepared.run(&mut heap).map_err(Trouble::failure)?;
    let expected = definition.expected(&job.parameters, job.seed);
    if let Some(wrong) = crate::checks::checksum(outcome.checksum, expected) {
        return Err(Trouble::failure(wrong));
    }
    let deaths = heapbench_oracle::deaths(heap)
        .ok_or_else(|| Trouble::failure(format!("{}: more than 2^32 - 1 objects", job.workload)))?;
    write(&deaths, path).map_err(|error| Trouble::failure(format!("{}: {error}", path.display())))
}

/// Writes deaths to a new file.
///
/// # Errors
/// The system refuses.
pub fn write(deaths: &Deaths, path: &Path) -> std::io::Result<()> {
    let mut file = Summed { file: BufWriter::new(File::create_new(path)?), hasher: SipHasher13::new() };
    let dead = |clock| deaths.before(clock);
    let all: usize = (0..=deaths.objects()).map(|clock| dead(clock).len()).sum();
    file.write_all(MAGIC)?;
    file.write_all(&(deaths.objects() as u64).to_le_bytes())?;
    file.write_all(&(all as u64).to_le_bytes())?;
    for kind in (0..deaths.objects()).filter_map(|number| deaths.kind(number)) {
        file.write_all(&[kind as u8])?;
    }
    for clock in 0..=deaths.objects() {
        for number in dead(clock) {
            file.write_all(&number.to_le_bytes())?;
            file.write_all(&(clock as u32).to_le_bytes())?;
        }
    }
    let sum = file.hasher.finish();
    file.write_all(&sum.to_le_bytes())?;
    file.file.flush()
}

/// Reads deaths as [`write()`] wrote them.
///
/// # Errors
/// A file that cannot be read, or is none of deaths, or is damaged: one line.
pub fn read(path: &Path) -> Result<Arc<Deaths>, String> {
    let told = |what: String| format!("{}: {what}", path.display());
    let bytes = std::fs::read(path).map_err(|error| told(error.to_string()))?;
    parse(&bytes).map(Arc::new).map_err(told)
}

fn parse(bytes: &[u8]) -> Result<Deaths, String> {
    let cut = || format!("{} bytes, expected the deaths of a program's objects", bytes.len());
    let (body, sum) = bytes.split_last_chunk::<8>().ok_or_else(cut)?;
    let mut hasher = SipHasher13::new();
    hasher.write(body);
    if hasher.finish() != u64::from_le_bytes(*sum) {
        return Err(format!("byte {}: another checksum than that of the bytes before it", body.len()));
    }
    let rest = body.strip_prefix(MAGIC).ok_or("byte 0: no deaths, expected hbdeaths")?;
    let (objects, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    let (all, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    let [objects, all] = [objects, all].map(|number| u64::from_le_bytes(*number));
    if u128::from(objects) + u128::from(all) * 8 != rest.len() as u128 {
        return Err(format!("{} bytes, expected {objects} objects and {all} deaths", bytes.len()));
    }
    let (kinds, deaths) = rest.split_at(objects as usize);
    let kind = |byte: &u8| KINDS.into_iter().find(|kind| *kind as u8 == *byte);
    let kinds: Option<Vec<Kind>> = kinds.iter().map(kind).collect();
    let kinds = kinds.ok_or("an object of no kind")?;
    let word = |word: &[u8; 4]| u32::from_le_bytes(*word);
    let pairs = deaths.as_chunks::<4>().0.as_chunks::<2>().0;
    let deaths: Vec<(u32, u32)> = pairs.iter().map(|[number, clock]| (word(number), word(clock))).collect();
    Deaths::new(kinds, &deaths)
        .ok_or_else(|| "deaths that cannot be, expected each after a birth, in order".into())
}

/// A file with a checksum of what was written.
struct Summed {
    file: BufWriter<File>,
    hasher: SipHasher13,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.write(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deaths() -> Deaths {
        let kinds = KINDS.iter().chain(&KINDS).copied().collect();
        Deaths::new(kinds, &[(1, 2), (0, 2), (5, 9), (33, 34), (20, 34)]).unwrap()
    }

    fn written() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deaths");
        write(&deaths(), &path).unwrap();
        assert_eq!(*read(&path).unwrap(), deaths());
        std::fs::read(&path).unwrap()
    }

    #[test]
    fn deaths_survive_the_file() {
        assert_eq!(parse(&written()), Ok(deaths()));
        assert!(read(Path::new("/nowhere/at/all")).unwrap_err().starts_with("/nowhere/at/all: "));
    }

    #[test]
    fn a_cut_or_changed_file_is_refused() {
        let good = written();
        for end in 0..good.len() {
            assert!(parse(&good[..end]).is_err(), "cut at {end}");
        }
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert!(parse(&bad).is_err(), "changed at {place}");
        }
    }

    #[test]
    fn deaths_that_cannot_be_are_refused_even_with_a_good_checksum() {
        let mut bad = written();
        let length = bad.len();
        bad[length - 12..length - 8].copy_from_slice(&3u32.to_le_bytes());
        let mut hasher = SipHasher13::new();
        hasher.write(&bad[..length - 8]);
        let sum = hasher.finish().to_le_bytes();
        bad[length - 8..].copy_from_slice(&sum);
        assert!(parse(&bad).unwrap_err().starts_with("deaths that cannot be"));
    }

    #[test]
    fn who_needs_an_oracle_is_told_by_the_strategy_alone() {
        assert!(["manual", "manual+system", "manual:header=16"].into_iter().all(is_needed_by));
        assert!(!["manually", "refcount+manual", "bump"].into_iter().any(is_needed_by));
    }
}
