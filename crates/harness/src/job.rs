//! A job: everything that a process needs to know to run one cell, and the record of a cell that never got to
//! measure anything.

use crate::trouble::Trouble;
use heapbench_measure::drain::AFTER_MS;
use heapbench_results::{CellKey, Injected, Latency, Layout, Record, SCHEMA, Setting, Status};
use heapbench_workload::Parameters;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// One cell to be run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The run that it belongs to.
    pub run: String,
    /// Full configuration text.
    pub strategy: String,
    /// The workload's name.
    pub workload: String,
    /// The profile that its parameters come from.
    pub profile: String,
    /// The value of every parameter.
    pub parameters: Parameters,
    /// Which repetition, from 0.
    pub invocation: u32,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// Limit on the heap in bytes.
    pub heap_limit: Option<u64>,
    /// The limit as a multiple of the workload's least heap.
    pub heap_multiple: Option<f64>,
    /// Which of several equal arms.
    pub arm: u32,
    /// An effect to put in.
    pub injected: Injected,
    /// Where an injected pause is: after so many allocated bytes.
    pub pause_after_bytes: u64,
    /// What varies by itself.
    pub layout: Layout,
    /// Instructions of its timed stretch, where they were counted.
    pub instructions: Option<u64>,
    /// Requests that arrive in a second, whatever becomes of those before; `None`: one after the other.
    pub rate: Option<u32>,
    /// Where the oracle's deaths are, or are to be written; only for those who need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deaths: Option<PathBuf>,
    /// Whether to wait for what becomes of memory after the program's end.
    #[serde(default)]
    pub drain: bool,
}

impl Job {
    /// Reads a job as [`Job::text`] wrote it.
    ///
    /// # Errors
    /// Text that is no job.
    pub fn parse(text: &str) -> Result<Job, Trouble> {
        serde_json::from_str(text)
            .map_err(|error| Trouble::request(format!("standard input: no job: {error}")))
    }

    /// The job as one line.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a job is strings and numbers")
    }

    /// How long the cell waits after its program's end.
    pub fn idle_time(&self) -> Duration {
        let last = AFTER_MS.last().copied().unwrap_or_default();
        Duration::from_millis(if self.drain { u64::from(last) } else { 0 })
    }

    /// What names the cell in a results folder.
    pub fn key(&self) -> CellKey {
        CellKey {
            strategy: self.strategy.clone(),
            setting: Setting {
                workload: self.workload.clone(),
                profile: self.profile.clone(),
                parameters: self.parameters.clone(),
                heap_limit: self.heap_limit,
                rate: self.rate,
            },
            invocation: self.invocation,
            seed: self.seed,
            arm: self.arm,
            injected: self.injected,
        }
    }

    /// The record of the cell when it ended without measuring anything: all numbers 0.
    pub fn ended(&self, status: Status, error: impl ToString) -> Record {
        Record {
            schema: SCHEMA,
            run: self.run.clone(),
            strategy: self.strategy.clone(),
            workload: self.workload.clone(),
            profile: self.profile.clone(),
            parameters: self.parameters.clone(),
            invocation: self.invocation,
            seed: self.seed,
            heap_limit: self.heap_limit,
            heap_multiple: self.heap_multiple,
            status,
            error: error.to_string(),
            arm: self.arm,
            injected: self.injected,
            layout: self.layout,
            instructions: self.instructions,
            latency: self.rate.map(|rate| Latency { rate: Some(rate), ..Latency::default() }),
            ..Record::default()
        }
    }
}
