//! `heapbench run`: every cell in a process of its own, one after the other, each kept as soon as it ends.

use crate::child;
use crate::floating::Watcher;
use crate::folders::{self, RESULTS};
use crate::instructions::Instructions;
use crate::interruption;
use crate::invocations::{self, Invocations};
use crate::job::Job;
use crate::layout;
use crate::oracle::{Oracle, Silent};
use crate::output::{print, print_json, say, shell_word};
use crate::plan::{self, Frame};
use crate::progress::Progress;
use crate::provenance;
use crate::python::{Interpreter, Twins, reference};
use crate::request::{Request, RunArguments};
use crate::trouble::Trouble;
use heapbench_results::pilot::{CAP, PILOT};
use heapbench_results::store::{self, CELLS};
use heapbench_results::{CellKey, Record, Status, Store};
use std::collections::HashSet;
use std::ops::Range;
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
    let name = name(arguments, &request, started)?;
    let folder = folder(arguments, &name)?;
    let finished = finished_cells(&folder, arguments.resume)?;
    let mut instructions = arguments.instructions.then(|| Instructions::new(request.timeout)).transpose()?;
    interruption::listen()?;
    let mut store = Store::open(&folder).map_err(Trouble::request)?;
    if layout::address_randomisation() == "off" {
        say("address randomisation is off: where heaps and stacks lie varies less than it should");
    }
    let frame = frame(&request, arguments, &name);
    let runner = Runner {
        references: &request.references,
        timeout: request.timeout,
        json: arguments.json,
        floating: arguments.floating,
    };
    let mut ran = Ran { folder, unwell: 0, interrupted: false };
    let mut begun = false;
    let mut carry_out = |planned: Vec<Job>, ran: Ran| -> Result<Ran, Trouble> {
        let all = planned.len();
        let mut jobs: Vec<Job> = planned.into_iter().filter(|job| !finished.contains(&job.key())).collect();
        if jobs.len() < all {
            say(format_args!("{} cells are there already, {} are missing", all - jobs.len(), jobs.len()));
        }
        if !jobs.is_empty() && !std::mem::replace(&mut begun, true) {
            store.append_run(&provenance::describe(&name, started)).map_err(Trouble::failure)?;
        }
        count_instructions(&mut jobs, instructions.as_mut())?;
        let more = runner.run(&jobs, &mut store, ran.folder)?;
        Ok(Ran { unwell: ran.unwell + more.unwell, ..more })
    };
    ran = carry_out(planned(&request, arguments, &frame, 0..request.invocations.first()), ran)?;
    if let (Invocations::Auto(half_width), false) = (request.invocations, ran.interrupted) {
        let jobs = after_pilot(&request, arguments, &frame, &ran.folder, half_width)?;
        ran = carry_out(jobs, ran)?;
    }
    if ran.interrupted {
        let command = resume_command(&ran.folder);
        say(format_args!("interrupted; every finished cell is kept. To run what is missing:\n  {command}"));
    }
    Ok(ran)
}

/// Prints the cells that a run would run, one a line; of a run with a pilot, those of the pilot.
///
/// # Errors
/// A request that cannot be understood; standard output cannot be written.
pub fn list(arguments: &RunArguments) -> Result<(), Trouble> {
    let request = Request::understand(arguments)?;
    let frame = frame(&request, arguments, "dry-run");
    let finished = match &arguments.out {
        Some(folder) => finished_cells(folder, arguments.resume)?,
        None => HashSet::new(),
    };
    let jobs = planned(&request, arguments, &frame, 0..request.invocations.first());
    if request.invocations != Invocations::Fixed(request.invocations.first()) {
        say("the cells of the pilot; how many more there are, it decides");
    }
    jobs.iter().filter(|job| !finished.contains(&job.key())).try_for_each(print_json)
}

/// The run's name: the profile, and the shard where it is one of several.
fn name(arguments: &RunArguments, request: &Request, started: SystemTime) -> Result<String, Trouble> {
    let shard = arguments.shard.map_or(String::new(), |shard| format!("-{}of{}", shard.index, shard.count));
    provenance::run_name(&format!("{}{shard}", request.profile.name()), started)
}

fn frame(request: &Request, arguments: &RunArguments, name: &str) -> Frame {
    Frame {
        run: name.to_string(),
        profile: request.profile.name().to_string(),
        invocations: request.invocations.first(),
        seed: arguments.seed,
        vary_seeds: arguments.vary_seeds,
        null_arms: request.null_arms,
        rate: request.rate,
        drain: arguments.drain,
    }
}

/// The cells of some invocations, of this shard.
fn planned(request: &Request, arguments: &RunArguments, frame: &Frame, invocations: Range<u32>) -> Vec<Job> {
    let contenders = plan::contenders(&request.strategies, &request.works, frame);
    let jobs = plan::schedule(&contenders, frame, invocations);
    match arguments.shard {
        Some(shard) => shard.of(jobs, &request.works),
        None => jobs,
    }
}

/// The cells that the pilot's records ask for beyond the pilot. What was decided is said and kept.
fn after_pilot(
    request: &Request,
    arguments: &RunArguments,
    frame: &Frame,
    folder: &Path,
    half_width: f64,
) -> Result<Vec<Job>, Trouble> {
    let records = store::read(folder).map_err(Trouble::failure)?.records;
    let mut plans = invocations::plan(&records, &request.works, frame, half_width);
    let jobs = planned(request, arguments, frame, PILOT..CAP);
    plans.retain(|plan| jobs.iter().any(|job| plan.setting == job.key().setting));
    for plan in &mut plans {
        plan.run.clone_from(&frame.run);
        say(plan.line());
    }
    invocations::keep(&plans, folder)?;
    let wanted = |job: &Job| plans.iter().any(|plan| plan.wants(job.invocation, &job.key().setting));
    Ok(jobs.into_iter().filter(wanted).collect())
}

/// Counts the instructions of jobs, where that was asked for.
fn count_instructions(jobs: &mut [Job], instructions: Option<&mut Instructions>) -> Result<(), Trouble> {
    let Some(instructions) = instructions else { return Ok(()) };
    for job in jobs {
        job.instructions = instructions.of(job)?;
    }
    Ok(())
}

/// How cells are run.
pub(super) struct Runner<'a> {
    /// The Pythons whose twins may be cells.
    pub(super) references: &'a [Interpreter],
    /// Time limit of a cell.
    pub(super) timeout: Duration,
    /// Whether each record is printed.
    pub(super) json: bool,
    /// Whether floating garbage is counted.
    pub(super) floating: bool,
}

impl Runner<'_> {
    /// Runs cells one after the other; each is kept as soon as it ends.
    pub(super) fn run(&self, jobs: &[Job], store: &mut Store, folder: PathBuf) -> Result<Ran, Trouble> {
        interruption::listen()?;
        let mut progress = Progress::new(jobs.len());
        let twins = if self.references.is_empty() { None } else { Some(Twins::install()?) };
        let (mut oracle, mut watcher) = (Oracle::new(self.timeout)?, Watcher::new(self.timeout));
        let mut ran = Ran { folder, unwell: 0, interrupted: false };
        for job in jobs {
            progress.begins(&job.strategy, &job.workload);
            let python = self.references.iter().find(|python| python.name() == job.strategy);
            let record = match (python, &twins) {
                _ if interruption::requested() => None,
                (Some(python), Some(twins)) => reference::run(job, python, twins, self.timeout),
                _ => self.cell(job, &mut oracle)?,
            };
            let watched = self.floating && python.is_none();
            let record = record.and_then(|mut record| {
                (!watched || watcher.add_to(&mut record, job, &mut oracle)).then_some(record)
            });
            let Some(record) = record else {
                ran.interrupted = true;
                break;
            };
            let line = store.append_line(&record).map_err(Trouble::failure)?;
            store.take_remarks().iter().for_each(|remark| say(format_args!("warning: {remark}")));
            ran.unwell += usize::from(!matches!(record.status, Status::Ok | Status::OutOfMemory));
            progress.ended(&record);
            if self.json {
                print(&line)?;
            }
        }
        progress.finish();
        Ok(ran)
    }

    /// Runs a cell of a strategy; `None` when the user interrupted.
    fn cell(&self, job: &Job, oracle: &mut Oracle) -> Result<Option<Record>, Trouble> {
        match oracle.equip(job) {
            Ok(job) => child::run(&job, self.timeout),
            Err(Silent::Interrupted) => Ok(None),
            Err(Silent::Failed(why)) => Ok(Some(job.ended(Status::Failed, why))),
        }
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
