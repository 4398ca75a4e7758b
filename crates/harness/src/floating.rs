//! Floating garbage of a cell: a second run of the same job in a process of its own, watched and not timed.
//!
//! It is the same in every invocation, so it is counted once for a strategy in a setting, with a seed.

use crate::cell;
use crate::child::{self, Conversation};
use crate::job::Job;
use crate::oracle::{self, Oracle, Silent};
use crate::output::say;
use crate::registry::{self, WithHeap};
use crate::trouble::Trouble;
use heapbench_heap::{Heap, HeapConfig, Introspect};
use heapbench_measure::FloatingGarbage;
use heapbench_results::{Floating, Record, Status};
use heapbench_workload::{Prepared, find};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The hidden verb under which the command watches one job.
pub const VERB: &str = "floating";

/// What a watched run shows: the floating garbage, and what tells that it was the run that the record is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    floating: Floating,
    checksum: String,
    collections: [u64; 3],
    objects_allocated: u64,
    bytes_allocated: u64,
}

impl Watched {
    /// The difference to a record of the same job.
    fn difference(&self, record: &Record) -> Option<String> {
        let numbers = [
            ("collections", self.collections.iter().sum(), record.collections.iter().sum()),
            ("objects allocated", self.objects_allocated, record.objects_allocated),
            ("bytes allocated", self.bytes_allocated, record.bytes_allocated),
        ];
        let differs = numbers.into_iter().find(|(_, watched, measured): &(_, u64, u64)| watched != measured);
        if self.checksum != record.checksum {
            return Some(format!(
                "the watched run read back {}, expected {}",
                self.checksum, record.checksum
            ));
        }
        differs.map(|(what, watched, measured)| format!("{watched} {what} when watched, expected {measured}"))
    }
}

/// Watches each strategy in each setting once, and keeps what it saw.
#[derive(Debug)]
pub struct Watcher {
    timeout: Duration,
    seen: BTreeMap<String, Result<Watched, String>>,
}

impl Watcher {
    /// A watcher that may take so long for one run.
    pub fn new(timeout: Duration) -> Watcher {
        Watcher { timeout, seen: BTreeMap::new() }
    }

    /// Adds its floating garbage to the record of a cell that ended well. What stands in the way is told, and the record
    /// goes without. False when the user interrupted.
    pub fn add_to(&mut self, record: &mut Record, job: &Job, oracle: &mut Oracle) -> bool {
        if record.status != Status::Ok {
            return true;
        }
        let Some(watched) = self.watched(job, oracle) else { return false };
        let same = watched.and_then(|watched| match watched.difference(record) {
            Some(difference) => Err(difference),
            None => Ok(watched.floating),
        });
        let told = same.inspect_err(|why| {
            say(format_args!("warning: {} under {}: no floating garbage: {why}", job.workload, job.strategy));
        });
        record.floating = told.ok();
        true
    }

    /// What was seen of this job, or of an equal one.
    fn watched(&mut self, job: &Job, oracle: &mut Oracle) -> Option<Result<Watched, String>> {
        let job = Job {
            run: String::new(),
            invocation: 0,
            arm: 0,
            injected: <_>::default(),
            layout: <_>::default(),
            deaths: None,
            ..job.clone()
        };
        let key = job.text();
        if let Some(watched) = self.seen.get(&key) {
            return Some(watched.clone());
        }
        let watched = match oracle.deaths(&job) {
            Ok(path) => ask(&Job { deaths: Some(path), ..job }, self.timeout)?,
            Err(Silent::Interrupted) => return None,
            Err(Silent::Failed(why)) => Err(why),
        };
        Some(self.seen.entry(key).or_insert(watched).clone())
    }
}

/// Watches a job in a process of its own. `None` when the user interrupted it.
fn ask(job: &Job, timeout: Duration) -> Option<Result<Watched, String>> {
    let conversed =
        child::command(&[VERB]).and_then(|mut command| child::converse(&mut command, &job.text(), timeout));
    Some(match conversed {
        Err(error) => Err(error.to_string()),
        Ok(Conversation::Interrupted) => return None,
        Ok(Conversation::TimedOut) => Err(child::stopped_after(timeout)),
        Ok(Conversation::Ended { exit, last_words, .. }) if !exit.success() => {
            Err(child::ending(exit, &last_words))
        }
        Ok(Conversation::Ended { text, .. }) => {
            serde_json::from_str(&text).map_err(|error| format!("no answer was written: {error}"))
        }
    })
}

/// Watches a job in this process.
///
/// # Errors
/// It cannot be run to its end, or is not the program that the oracle ran.
pub fn watch(job: &Job) -> Result<Watched, Trouble> {
    let prepared = find(&job.workload)?.prepare(&job.parameters, job.seed)?;
    let configuration = registry::resolve_measured(&job.strategy)?;
    let Some(path) = &job.deaths else {
        return Err(Trouble::request("the job has no deaths, expected a file of them"));
    };
    let deaths = oracle::read(path).map_err(Trouble::request)?;
    // A strategy that needs no deaths ignores them.
    let config = HeapConfig { deaths: Some(deaths.clone()), ..cell::heap_config(job, &configuration) };
    let watcher = FloatingGarbage::new(deaths);
    registry::dispatch_measured(&configuration, Watch { prepared: &prepared, config, watcher })?
}

struct Watch<'a> {
    prepared: &'a Prepared,
    config: HeapConfig,
    watcher: FloatingGarbage,
}

impl WithHeap<FloatingGarbage> for Watch<'_> {
    type Output = Result<Watched, Trouble>;

    fn call<H: Heap<Recorder = FloatingGarbage> + Introspect>(self) -> Self::Output {
        let mut heap = H::new(&self.config, self.watcher)?;
        let outcome = self.prepared.run(&mut heap).map_err(Trouble::failure)?;
        let floating = heap.recorder_mut().finish().map_err(Trouble::failure)?;
        let counters = heap.counters();
        Ok(Watched {
            floating,
            checksum: format!("{:016x}", outcome.checksum),
            collections: counters.collections,
            objects_allocated: counters.objects_allocated,
            bytes_allocated: counters.bytes_allocated,
        })
    }
}
