//! `heapbench prefork`: how many pages a forked worker dirties by reading and by collecting, frozen or not.

use crate::folders::RESULTS;
use crate::interruption;
use crate::job::Job;
use crate::names;
use crate::output::{print, print_json, say};
use crate::prefork::{self, NoForks, twin};
use crate::provenance;
use crate::python::interpreter::Implementation;
use crate::python::{Interpreter, Twins, find};
use crate::registry;
use crate::request;
use crate::table;
use crate::trouble::Trouble;
use heapbench_results::prefork::{Prefork, append};
use heapbench_results::{Status, Store};
use heapbench_workload::{DEFAULT_SEED, Profile};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Workloads that have much in their heap where they have the most.
const DEFAULT_WORKLOADS: [&str; 6] = ["json", "live-graph", "lru-cache", "orm", "records", "text-index"];

/// Where to fork, and what becomes of the answers.
#[derive(clap::Args, Clone, Debug)]
pub struct PreforkArguments {
    /// Configurations or globs, separated by commas; all default ones, and the newest CPython of this machine, when
    /// left out. cpython, cpython:3.13 or cpython:* forks the workloads' twins: outside references
    #[arg(long, value_name = "A,B,…")]
    pub strategies: Option<String>,
    /// Workloads or globs, separated by commas; those with a large heap when left out
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "quick")]
    pub profile: String,
    /// A parameter of those workloads that have it; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of the workloads' random choices
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    pub seed: u64,
    /// The results folder that the answers are added to; results/prefork-TIME when left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Stop a process after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,
    /// Print each answer as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
    /// Record with a build that checks what the measuring one does not: for tests of the command
    #[arg(long, hide = true)]
    pub allow_debug: bool,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Preforked {
    /// Where the answers are.
    pub folder: PathBuf,
    /// Strategies and workloads that gave none, or a wrong one.
    pub unwell: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Forks, keeps and shows.
///
/// # Errors
/// A request that cannot be understood, a folder that cannot be written.
pub fn run(arguments: &PreforkArguments) -> Result<Preforked, Trouble> {
    let (strategies, pythons) = select(arguments.strategies.as_deref())?;
    let started = SystemTime::now();
    let name = format!("prefork-{}", provenance::timestamp(started).replace(':', ""));
    let jobs = jobs(arguments, &name, &strategies)?;
    provenance::expect_release_build(arguments.allow_debug)?;
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new(RESULTS).join(&name));
    let mut store = Store::open(&folder).map_err(Trouble::request)?;
    store.append_run(&provenance::describe(&name, started)).map_err(Trouble::failure)?;
    interruption::listen()?;
    let twins = if pythons.is_empty() { None } else { Some(Twins::install()?) };
    let mut lines = Vec::new();
    let mut ran = Preforked { folder, unwell: 0, interrupted: false };
    for job in &jobs {
        let python = pythons.iter().find(|python| python.name() == job.strategy).zip(twins.as_ref());
        let Some(line) = fork(job, python, Duration::from_secs(arguments.timeout))? else {
            ran.interrupted = true;
            break;
        };
        let written = append(&ran.folder, &line);
        written.map_err(|error| Trouble::failure(format!("{}: {error}", ran.folder.display())))?;
        say(format_args!("{}  {}: {}", line.strategy, line.workload, line.status.name()));
        ran.unwell += usize::from(line.status != Status::Ok);
        if arguments.json {
            print_json(&line)?;
        }
        lines.push(line);
    }
    if !arguments.json {
        print(&table::prefork::preforks(&lines))?;
    }
    Ok(ran)
}

/// Configurations and Pythons.
fn select(given: Option<&str>) -> Result<(Vec<String>, Vec<Interpreter>), Trouble> {
    let defaults: Vec<String> =
        registry::DEFAULT_CONFIGURATIONS.iter().map(|text| text.to_string()).collect();
    let Some(given) = given else {
        // A Python is an addition: where there is none, nothing is missing.
        let newest = find::select("cpython", &find::everywhere()).unwrap_or_default();
        let all = defaults.into_iter().chain(newest.iter().map(Interpreter::name)).collect();
        return Ok((all, newest));
    };
    let (outside, ours): (Vec<String>, Vec<String>) =
        names::split_configurations(given).into_iter().partition(|name| find::is_reference(name));
    let pythons = request::references(&outside, false)?;
    if let Some(other) = pythons.iter().find(|python| python.implementation != Implementation::CPython) {
        let what = format!("{}: no Python with gc.freeze, expected cpython", other.name());
        return Err(Trouble::request(what));
    }
    let mut all = Vec::new();
    if !ours.is_empty() {
        all = request::configurations(Some(&ours.join(",")), &defaults, registry::resolve_measured, None)?;
    }
    all.extend(pythons.iter().map(Interpreter::name));
    Ok((all, pythons))
}

/// A job for each workload and strategy, workload by workload.
fn jobs(arguments: &PreforkArguments, run: &str, strategies: &[String]) -> Result<Vec<Job>, Trouble> {
    let profile: Profile = arguments.profile.parse()?;
    let workloads = if arguments.workloads.is_empty() {
        DEFAULT_WORKLOADS.map(str::to_string).to_vec()
    } else {
        arguments.workloads.clone()
    };
    let works = request::works(&workloads, profile, &arguments.set, arguments.seed)?;
    let job = |work: &crate::plan::Work, strategy: &String| Job {
        run: run.to_string(),
        strategy: strategy.clone(),
        workload: work.definition.name.clone(),
        profile: profile.name().to_string(),
        parameters: work.parameters.clone(),
        seed: arguments.seed,
        ..Job::default()
    };
    Ok(works.iter().flat_map(|work| strategies.iter().map(move |strategy| job(work, strategy))).collect())
}

/// One process and its children; `None` when the user interrupted it.
fn fork(
    job: &Job,
    python: Option<(&Interpreter, &Twins)>,
    timeout: Duration,
) -> Result<Option<Prefork>, Trouble> {
    if interruption::requested() {
        return Ok(None);
    }
    let forks = match python {
        Some((python, twins)) => twin::ask(job, python, twins, timeout),
        None => prefork::ask(job, timeout),
    };
    let expected = heapbench_workload::find(&job.workload)?.expected(&job.parameters, job.seed);
    let forks = match forks {
        Err(NoForks::Interrupted) => return Ok(None),
        Err(NoForks::Ended(status, why)) => Err((status, why)),
        Ok(forks) => Ok(forks),
    };
    Ok(Some(prefork::line(job, python.is_some(), forks, expected)))
}
