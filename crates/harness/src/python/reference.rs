//! An outside reference: a workload's twin under a real Python as a cell of the same results.
//!
//! What is the same as in a strategy's cell: preparation is not measured; wall and CPU time are the run's; pauses are those of
//! collections, from `gc.callbacks` or `gc.hooks`; the resident set is what the run added. An interpreter does much
//! more than manage memory, so its cells are labelled and no strategy is compared with them. Counters, live and held
//! bytes are not known and stay 0.

use crate::checks;
use crate::job::Job;
use crate::python::answer::LoggedCollection;
use crate::python::twins::NoAnswer;
use crate::python::{Answer, Interpreter, Mode, Twins};
use heapbench_heap::{Generation, Pause};
use heapbench_measure::pauses::PauseRecorder;
use heapbench_results::{CellFootprint, Record, Status};
use heapbench_workload::find;
use std::time::Duration;

/// Runs a job whose strategy is this Python. `None` when the user interrupted it.
pub fn run(job: &Job, python: &Interpreter, twins: &Twins, timeout: Duration) -> Option<Record> {
    let definition = match find(&job.workload) {
        Ok(definition) => definition,
        Err(error) => return Some(job.ended(Status::Failed, error)),
    };
    let answer = twins.run(python, &definition.program, &job.parameters, job.seed, Mode::Callbacks, timeout);
    let record = match answer {
        Ok(answer) => record(job, &answer, definition.expected(&job.parameters, job.seed)),
        Err(NoAnswer::Interrupted) => return None,
        Err(NoAnswer::NoTwin) => job.ended(Status::Failed, format!("{} has no twin in Python", job.workload)),
        Err(NoAnswer::TimedOut(why)) => job.ended(Status::Timeout, why),
        Err(NoAnswer::Failed(why)) => job.ended(Status::Failed, why),
    };
    Some(Record { interpreted: true, ..record })
}

fn record(job: &Job, answer: &Answer, expected: Option<u64>) -> Record {
    let mut pauses = PauseRecorder::default();
    for LoggedCollection(generation, _, nanoseconds) in answer.log.iter().flatten() {
        pauses.add(Pause::Collection(Generation::new(*generation)), *nanoseconds);
    }
    let mut record = Record {
        checksum: answer.checksum.clone(),
        operations: answer.operations,
        wall_ns: answer.wall_ns,
        cpu_ns: answer.cpu_ns,
        collections: answer.collections.unwrap_or_default(),
        pauses: pauses.summary(),
        collect_ns: pauses.collecting_ns(),
        footprint: CellFootprint {
            peak_rss_bytes: answer.peak_rss_bytes.unwrap_or_default(),
            ..CellFootprint::default()
        },
        ..job.ended(Status::Ok, "")
    };
    let wrong = match answer.checksum() {
        Some(checksum) => checks::checksum(checksum, expected),
        None => Some(format!("checksum '{}', expected hexadecimal digits", answer.checksum)),
    };
    if let Some(error) = wrong.or_else(|| checks::record(&record)) {
        (record.status, record.error) = (Status::Invalid, error);
    }
    record
}
