//! The same of a workload's twin under CPython: real `os.fork`, `gc.collect` and `gc.freeze`.

use super::{Forks, NoForks, understand};
use crate::child;
use crate::job::Job;
use crate::python::{Interpreter, Twins};
use heapbench_results::Status;
use heapbench_workload::find;
use serde_json::json;
use std::time::Duration;

/// The script that runs a twin up to its census, and forks there.
const SCRIPT: &str = "prefork.py";

/// Forks under a Python.
///
/// # Errors
/// There is no answer.
pub fn ask(job: &Job, python: &Interpreter, twins: &Twins, timeout: Duration) -> Result<Forks, NoForks> {
    let failed = |why: String| NoForks::Ended(Status::Failed, why);
    let definition = find(&job.workload).map_err(|error| failed(error.to_string()))?;
    let script = twins.script(&definition.program);
    let script = script.ok_or_else(|| failed(format!("{} has no twin in Python", job.workload)))?;
    let request = json!({"twin": script, "parameters": job.parameters, "seed": job.seed}).to_string();
    let mut command = python.command(&script.with_file_name(SCRIPT));
    understand(child::converse(&mut command, &request, timeout), timeout)
}
