//! The least heap of a workload under a strategy: between which two limits it lies, and every process that was run to
//! know it.
//!
//! A folder of such evidence is append-only, as that of cells is: a line for each search, one `write`, synced before it
//! counts. A later line about the same work and strategy replaces an earlier one. Multiples of the least heap of one
//! strategy, the reference, make "at equal memory" mean the same on every workload (Blackburn, Cheng and McKinley,
//! "Myths and realities", SIGMETRICS 2004).

use crate::Status;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Name of the file of evidence in its folder.
pub const MINHEAP: &str = "minheap.jsonl";

/// What one search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The run that it belongs to: see `RunInfo`.
    pub run: String,
    /// Full configuration text.
    pub strategy: String,
    /// The workload's name.
    pub workload: String,
    /// `smoke`, `quick` or `full`.
    pub profile: String,
    /// The workload's parameters, by name.
    pub parameters: BTreeMap<String, Value>,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// The highest limit known to be too small, in bytes; 0 when none was found.
    pub low_bytes: u64,
    /// The lowest limit known to be enough, in bytes; `None` when none was: the strategy does not finish under any.
    pub high_bytes: Option<u64>,
    /// Every process, in the order in which they were run.
    pub probes: Vec<Probe>,
}

/// One process of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Limit on the heap in bytes; `None` for the process without one, which tells where to begin.
    pub heap_limit: Option<u64>,
    /// Whether it counts as finished: it ended well, and the collector took no more than its share.
    pub passed: bool,
    /// How it ended.
    pub status: Status,
    /// Why it does not count; empty when it does.
    pub error: String,
    /// Wall time.
    pub wall_ns: u64,
    /// Time inside collections.
    pub collect_ns: u64,
    /// Collections of all generations.
    pub collections: u64,
    /// Highest bytes in objects not yet reclaimed.
    pub peak_live_bytes: u64,
    /// Highest bytes taken from the system.
    pub peak_held_bytes: u64,
}

impl Evidence {
    /// Whether it is about this work: a workload with these parameters, whatever the profile or seed.
    pub fn is_about(&self, workload: &str, parameters: &BTreeMap<String, Value>) -> bool {
        self.workload == workload && self.parameters == *parameters
    }
}

/// The newest evidence about a strategy on a workload: the last, where several files were read one after the other.
pub fn newest<'a>(
    evidence: &'a [Evidence],
    strategy: &str,
    workload: &str,
    parameters: &BTreeMap<String, Value>,
) -> Option<&'a Evidence> {
    evidence.iter().rev().find(|found| found.strategy == strategy && found.is_about(workload, parameters))
}

/// Appends one line of JSON, synced before this returns; makes the file and its folder if need be.
///
/// # Errors
/// The system refuses.
pub fn append(path: &Path, value: &impl Serialize) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut line = if is_torn(&mut file)? { vec![b'\n'] } else { Vec::new() };
    serde_json::to_writer(&mut line, value)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

/// Whether the file ends inside a line: another process may have died in a write.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Reads a file of evidence. A line that a crash cut off is left out: its search is made again.
///
/// # Errors
/// One line: the file cannot be read, or where in it is something else.
pub fn read(path: &Path) -> Result<Vec<Evidence>, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: cannot read: {error}", path.display()))?;
    let mut evidence = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(found) => evidence.push(found),
            Err(error) if error.is_eof() => {}
            Err(error) => {
                let (path, line, column) = (path.display(), number + 1, error.column());
                return Err(format!(
                    "{path}:{line}:{column}: {error}, expected the evidence of a least heap"
                ));
            }
        }
    }
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(strategy: &str, high: u64) -> Evidence {
        Evidence {
            strategy: strategy.into(),
            workload: "rings".into(),
            parameters: [("nodes".to_string(), 5.into())].into(),
            low_bytes: high - 1,
            high_bytes: Some(high),
            probes: vec![Probe { heap_limit: Some(high), passed: true, ..Probe::default() }],
            ..Evidence::default()
        }
    }

    #[test]
    fn what_is_appended_is_read_and_the_last_word_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join(MINHEAP);
        let lines = [evidence("a", 10), evidence("b", 20), evidence("a", 30)];
        lines.iter().for_each(|line| append(&path, line).unwrap());
        let read = read(&path).unwrap();
        assert_eq!(read, lines);
        let parameters = &lines[0].parameters;
        assert_eq!(newest(&read, "a", "rings", parameters), Some(&lines[2]));
        assert_eq!(newest(&read, "c", "rings", parameters), None);
        assert_eq!(newest(&read, "a", "churn", parameters), None);
        assert_eq!(newest(&read, "a", "rings", &BTreeMap::new()), None);
    }

    #[test]
    fn a_torn_line_costs_itself_only_and_anything_else_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(MINHEAP);
        append(&path, &evidence("a", 10)).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.repeat(2).trim_end_matches("}\n")).unwrap();
        append(&path, &evidence("b", 10)).unwrap();
        let read_back = read(&path).unwrap();
        assert_eq!(read_back.iter().map(|e| e.strategy.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        std::fs::write(&path, whole + "{\"strategy\": 5}\n").unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.contains("minheap.jsonl:2:14: ") && error.lines().count() == 1, "{error}");
        assert!(read(&folder.path().join("absent")).unwrap_err().contains("cannot read"));
    }
}
