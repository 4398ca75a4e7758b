//! `heapbench run`: every cell in a process of its own, one after the other, each kept as soon as it ends.

use crate::child;
use crate::folders::{self, RESULTS};
use crate::interruption;
use crate::job::Job;
use crate::output::{print_json, say, shell_word};
use crate::plan::{self, Frame};
use crate::progress::Progress;
use crate::provenance;
use crate::python::{Interpreter, Twins, reference};
use crate::request::{Request, RunArguments};
use crate::trouble::Trouble;
use heapbench_results::store::{self, CELLS};
use heapbench_results::{CellKey, Status, Store};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Where its cells are.
    pub folder: PathBuf,
    /// Cells that failed, timed out or were invalid. Out of memory is an answer, not a failure.
    pub unwell: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Runs the cells.
///
/// # Errors
/// A request that cannot be understood, a folder that cannot be written, a process that cannot be started.
pub fn run(arguments: &RunArguments) -> Result<Ran, Trouble> {
    let request = Request::understand(arguments)?;
    provenance::expect_release_build(arguments.allow_debug)?;
    let started = SystemTime::now();
    let name = format!("{}-{}", request.profile, provenance::timestamp(started).replace(':', ""));
    let folder = folder(arguments, &name)?;
    let finished = finished_cells(&folder, arguments.resume)?;
    let mut store = Store::open(&folder).map_err(Trouble::request)?;
    let jobs: Vec<Job> =
        plan(&request, arguments, &name).into_iter().filter(|job| !finished.contains(&job.key())).collect();
    if !finished.is_empty() {
        say(format_args!("{} cells are there already, {} are missing", finished.len(), jobs.len()));
    }
    if !jobs.is_empty() {
        store.append_run(&provenance::describe(&name, started)).map_err(Trouble::failure)?;
    }
    let runner = Runner { references: &request.references, timeout: request.timeout, json: arguments.json };
    let ran = runner.run(&jobs, &mut store, folder)?;
    if ran.interrupted {
        let command = resume_command(&ran.folder);
        say(format_args!("interrupted; every finished cell is kept. To run what is missing:\n  {command}"));
    }
    Ok(ran)
}

fn plan(request: &Request, arguments: &RunArguments, name: &str) -> Vec<Job> {
    let frame = Frame {
        run: name.to_string(),
        profile: request.profile.name().to_string(),
        invocations: request.invocations,
        seed: arguments.seed,
        heap_limit: request.heap_limit,
    };
    let cells = plan::cells(&request.strategies, &request.works, &frame);
    match arguments.shard {
        Some(shard) => plan::shard(cells, shard),
        None => cells,
    }
}

/// How cells are run.
pub(super) struct Runner<'a> {
    /// The Pythons whose twins may be cells.
    pub(super) references: &'a [Interpreter],
    /// Time limit of a cell.
    pub(super) timeout: Duration,
    /// Whether each record is printed.
    pub(super) json: bool,
}

impl Runner<'_> {
    /// Runs cells one after the other; each is kept as soon as it ends.
    pub(super) fn run(&self, jobs: &[Job], store: &mut Store, folder: PathBuf) -> Result<Ran, Trouble> {
        interruption::listen()?;
        let mut progress = Progress::new(jobs.len());
        let twins = if self.references.is_empty() { None } else { Some(Twins::install()?) };
        let mut ran = Ran { folder, unwell: 0, interrupted: false };
        for job in jobs {
            progress.begins(&job.strategy, &job.workload);
            let python = self.references.iter().find(|python| python.name() == job.strategy);
            let record = match (python, &twins) {
                _ if interruption::requested() => None,
                (Some(python), Some(twins)) => reference::run(job, python, twins, self.timeout),
                _ => child::run(job, self.timeout)?,
            };
            let Some(record) = record else {
                ran.interrupted = true;
                break;
            };
            store.append(&record).map_err(Trouble::failure)?;
            ran.unwell += usize::from(!matches!(record.status, Status::Ok | Status::OutOfMemory));
            progress.ended(&record);
            if self.json {
                print_json(&record)?;
            }
        }
        progress.finish();
        Ok(ran)
    }
}

/// The named folder; or a new one; or, to resume, the newest.
fn folder(arguments: &RunArguments, name: &str) -> Result<PathBuf, Trouble> {
    match &arguments.out {
        Some(folder) => Ok(folder.clone()),
        None if arguments.resume => folders::named_or_newest(None),
        None => Ok(Path::new(RESULTS).join(name)),
    }
}

/// The cells in the folder that need not be run again: those that gave an answer.
pub(super) fn finished_cells(folder: &Path, resume: bool) -> Result<HashSet<CellKey>, Trouble> {
    let cells = folder.join(CELLS);
    if std::fs::metadata(&cells).is_ok_and(|file| file.len() > 0) {
        if !resume {
            let what =
                format!("{}: there are results here, expected --resume or another --out", folder.display());
            return Err(Trouble::request(what));
        }
        let results = store::read(folder).map_err(Trouble::request)?;
        results.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
        let answered =
            results.records.iter().filter(|r| matches!(r.status, Status::Ok | Status::OutOfMemory));
        return Ok(answered.map(CellKey::of).collect());
    }
    Ok(HashSet::new())
}

/// The command line of this run, made to go on in its folder.
fn resume_command(folder: &Path) -> String {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        words.push("run".to_string());
    }
    let given =
        |words: &[String], name: &str| words.iter().any(|w| w == name || w.starts_with(&format!("{name}=")));
    if !given(&words, "--out") {
        words.extend(["--out".to_string(), folder.display().to_string()]);
    }
    if !given(&words, "--resume") {
        words.push("--resume".to_string());
    }
    let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    format!("heapbench {}", words.join(" "))
}
