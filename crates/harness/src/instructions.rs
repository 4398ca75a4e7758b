//! Instructions of the timed stretch, counted by valgrind: a clock that no neighbour disturbs.
//!
//! One process more for each configuration, setting and seed runs the cell's program under callgrind, which counts in
//! [`counted_stretch`] only: the program and its heap, with the recorder's few clock readings around pauses; not the
//! preparation, not the heap's making and verification. Samples of memory are not taken, for how many there are
//! depends on clocks; layout is not varied. What the kernel does is not counted.

use crate::cell::heap_config;
use crate::child::{self, Conversation};
use crate::job::Job;
use crate::oracle::{self, Oracle, Silent};
use crate::output::say;
use crate::python::find;
use crate::registry::{self, WithHeap};
use crate::stretch::{self, counted_stretch};
use crate::trouble::Trouble;
use heapbench_heap::{Heap, HeapConfig, Introspect};
use heapbench_measure::Measuring;
use heapbench_measure::injection::work_rounds;
use heapbench_results::{Layout, Setting};
use heapbench_workload::{Prepared, find};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The hidden verb under which the command runs the stretch that is counted.
pub const VERB: &str = "count";

/// The tool, as it is found on PATH.
const VALGRIND: &str = "valgrind";

/// How much longer a process may take under valgrind.
const SLOWER: u32 = 100;

/// Counts, each cell's program once.
#[derive(Debug)]
pub struct Instructions {
    counted: HashMap<(String, Setting, u64), Option<u64>>,
    oracle: Oracle,
    timeout: Duration,
}

impl Instructions {
    /// Nothing counted yet. `timeout` is that of a cell.
    ///
    /// # Errors
    /// valgrind is not there.
    pub fn new(timeout: Duration) -> Result<Instructions, Trouble> {
        let mut version = Command::new(VALGRIND);
        let version = version.arg("--version").stdin(Stdio::null()).output();
        match version {
            Ok(output) if output.status.success() => {
                let oracle = Oracle::new(timeout)?;
                Ok(Instructions { counted: HashMap::new(), oracle, timeout: timeout * SLOWER })
            }
            _ => Err(Trouble::request("--instructions: no valgrind found on PATH, expected it there")),
        }
    }

    /// The count of a job. `None` when its program did not end well there, or the user interrupted it.
    ///
    /// # Errors
    /// valgrind cannot be started, or its answer cannot be read.
    pub fn of(&mut self, job: &Job) -> Result<Option<u64>, Trouble> {
        if find::is_reference(&job.strategy) {
            return Ok(None);
        }
        let key = (job.strategy.clone(), job.key().setting, job.seed);
        if let Some(count) = self.counted.get(&key) {
            return Ok(*count);
        }
        let count = match self.oracle.equip(job) {
            Ok(job) => self.count(&job, 0)?,
            Err(Silent::Interrupted) => None,
            Err(Silent::Failed(why)) => {
                let (strategy, workload) = (&job.strategy, &job.workload);
                say(format_args!("{strategy}  {workload}: instructions were not counted: {why}"));
                None
            }
        };
        self.counted.insert(key, count);
        Ok(count)
    }

    /// Counts a job's program, and so many rounds of work after it.
    ///
    /// # Errors
    /// As [`Instructions::of`].
    pub fn count(&self, job: &Job, rounds: u64) -> Result<Option<u64>, Trouble> {
        let cannot = |error: std::io::Error| Trouble::failure(format!("{VALGRIND}: {error}"));
        let folder = tempfile::tempdir().map_err(cannot)?;
        let out = folder.path().join("counts");
        let mut command = Command::new(VALGRIND);
        command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display()));
        command.arg(format!("--toggle-collect={}", stretch::NAME));
        command.args(["--cache-sim=no", "--branch-sim=no"]);
        command.arg(std::env::current_exe().map_err(cannot)?).args([VERB, &rounds.to_string()]);
        let job = Job { layout: Layout::default(), ..job.clone() };
        match child::converse(&mut command, &job.text(), self.timeout).map_err(cannot)? {
            Conversation::Ended { exit, .. } if exit.success() => read(&out).map(Some),
            Conversation::Ended { exit, last_words, .. } => {
                let (strategy, workload, ending) =
                    (&job.strategy, &job.workload, child::ending(exit, &last_words));
                say(format_args!("{strategy}  {workload}: instructions were not counted: {ending}"));
                Ok(None)
            }
            Conversation::TimedOut => {
                let (strategy, workload) = (&job.strategy, &job.workload);
                say(format_args!("{strategy}  {workload}: instructions were not counted in time"));
                Ok(None)
            }
            Conversation::Interrupted => Ok(None),
        }
    }
}

/// The total in callgrind's file.
fn read(out: &Path) -> Result<u64, Trouble> {
    let malformed = |why: &str| Trouble::failure(format!("{VALGRIND}: its counts {why}"));
    let text = std::fs::read_to_string(out).map_err(|error| malformed(&error.to_string()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    let total = total.ok_or_else(|| malformed("have no total, expected a line 'totals: N'"))?;
    match total.trim().parse() {
        Ok(0) => Err(malformed("are 0: the timed stretch was not found in this build")),
        Ok(count) => Ok(count),
        Err(_) => Err(malformed(&format!("end in '{}', expected a whole number", total.trim()))),
    }
}

/// Runs the job's program as valgrind is to see it, in this process.
///
/// # Errors
/// A job that cannot be run, or does not end well.
pub fn run_counted(job: &Job, rounds: u64) -> Result<(), Trouble> {
    let prepared = find(&job.workload)?.prepare(&job.parameters, job.seed)?;
    let configuration = registry::resolve_measured(&job.strategy)?;
    let deaths = job.deaths.as_deref().map(oracle::read).transpose().map_err(Trouble::failure)?;
    let config = HeapConfig { deaths, ..heap_config(job, &configuration) };
    registry::dispatch_measured(&configuration, Counted { config, prepared: &prepared, rounds })?
}

struct Counted<'a> {
    config: HeapConfig,
    prepared: &'a Prepared,
    rounds: u64,
}

impl WithHeap<Measuring> for Counted<'_> {
    type Output = Result<(), Trouble>;

    fn call<H: Heap<Recorder = Measuring> + Introspect>(self) -> Self::Output {
        let mut heap = H::new(&self.config, Measuring::without_samples())?;
        let mut outcome = None;
        counted_stretch(&mut || {
            outcome = Some(self.prepared.run(&mut heap));
            work_rounds(self.rounds);
        });
        match outcome {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Trouble::failure(error)),
            None => Err(Trouble::failure("the timed stretch was not run")),
        }
    }
}
