//! A request to run cells, understood: every name, key and value is checked before anything runs.

use crate::invocations::Invocations;
use crate::limit::{self, Given, Limit};
use crate::names;
use crate::plan::Work;
use crate::preset;
use crate::python::{Interpreter, find};
use crate::registry;
use crate::shard::Shard;
use crate::trouble::Trouble;
use heapbench_heap::{Configuration, HeapError};
use heapbench_workload::{Profile, definitions};
use std::path::PathBuf;
use std::time::Duration;

/// What to run.
#[derive(clap::Args, Clone, Debug)]
pub struct RunArguments {
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "quick")]
    pub profile: String,
    /// Configurations or globs, separated by commas; all default ones when left out. cpython, cpython:3.13, pypy or
    /// cpython:* runs the workloads' twins under Pythons of this machine: outside references, interpreted. split stands for
    /// what the cost split needs, over pymalloc or as split+mimalloc
    #[arg(long, value_name = "A,B,…")]
    pub strategies: Option<String>,
    /// Workloads or globs, separated by commas; all when left out
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// A parameter of those workloads that have it; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Limits on each heap, separated by commas: digits and KiB, MiB or GiB; or multiples of the workload's least heap
    /// as heapbench minheap found it, such as 1x,1.5x,2x; or none
    #[arg(long, value_name = "SIZE|Nx,…")]
    pub heap_limit: Option<String>,
    /// Least heaps; results/minheap/minheap.jsonl and what is kept with the sources when left out
    #[arg(long, value_name = "FILE")]
    pub minheap: Option<PathBuf>,
    /// Requests that arrive in a second, evenly, whatever becomes of those before (an open loop): for workloads that have
    /// requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    pub rate: Option<u32>,
    /// Processes for each strategy and workload; by profile 1, 4 or 10 when left out. auto, or auto:PERCENT: as many as a
    /// pilot of 6 says it takes until half of a median's interval is PERCENT (1) of it, at most 30
    #[arg(long, value_name = "N|auto[:PERCENT]")]
    pub invocations: Option<Invocations>,
    /// Strategies and workloads that are run twice, as equal arms: what is found between them is false. By profile 0, 4
    /// or 4 when left out, but at most for every fourth pair
    #[arg(long, value_name = "N")]
    pub null_arms: Option<u32>,
    /// Draw the workloads' random choices anew in every invocation; known checksums are those of the first
    #[arg(long)]
    pub vary_seeds: bool,
    /// Count the instructions of each strategy and workload too, in a process of their own under valgrind
    #[arg(long)]
    pub instructions: bool,
    /// Print the cells that would be run, one a line, and run none
    #[arg(long)]
    pub dry_run: bool,
    /// Seed of the workloads' random choices, of the order of cells and of their layouts
    #[arg(long, value_name = "N", default_value_t = heapbench_workload::DEFAULT_SEED)]
    pub seed: u64,
    /// Where results go; results/PROFILE-TIME when left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run only the cells that the results folder does not have yet
    #[arg(long)]
    pub resume: bool,
    /// Run the Ith of N parts of the cells: whole workloads, so that what is compared stays on one machine
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Stop a cell after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,
    /// Count each cell's floating garbage too, in a second run that is watched and not timed
    #[arg(long)]
    pub floating: bool,
    /// Wait five seconds after each cell's program for what becomes of its memory
    #[arg(long)]
    pub drain: bool,
    /// Print each record as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
    /// Record with a build that checks what the measuring one does not: for tests of the command
    #[arg(long, hide = true)]
    pub allow_debug: bool,
}

/// What to run, checked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The profile.
    pub profile: Profile,
    /// Full configuration texts, and the names of the outside references.
    pub strategies: Vec<String>,
    /// The Pythons that are outside references.
    pub references: Vec<Interpreter>,
    /// Workloads, their parameters and limits.
    pub works: Vec<Work>,
    /// Requests that arrive in a second (open loop).
    pub rate: Option<u32>,
    /// Processes for each strategy and workload.
    pub invocations: Invocations,
    /// How many of them are run as two equal arms.
    pub null_arms: u32,
    /// Time limit of a cell.
    pub timeout: Duration,
}

impl Request {
    /// Understands the arguments.
    ///
    /// # Errors
    /// The first thing that cannot be understood, with the nearest that can.
    pub fn understand(arguments: &RunArguments) -> Result<Request, Trouble> {
        let profile: Profile = arguments.profile.parse()?;
        let limits = limit::parse(arguments.heap_limit.as_deref())?;
        let least = limits.iter().filter_map(Given::bytes).min();
        let defaults: Vec<String> =
            registry::DEFAULT_CONFIGURATIONS.iter().map(|text| text.to_string()).collect();
        let given = arguments.strategies.as_deref().map(names::split_configurations).unwrap_or_default();
        let given: Vec<String> = given.into_iter().flat_map(preset::expanded).collect();
        let (outside, ours): (Vec<String>, Vec<String>) =
            given.into_iter().partition(|name| find::is_reference(name));
        let references = references(&outside, arguments.heap_limit.is_some())?;
        let mut strategies = match (ours.is_empty(), references.is_empty()) {
            (true, false) => Vec::new(),
            (true, true) => configurations(None, &defaults, registry::resolve_measured, least)?,
            _ => configurations(Some(&ours.join(",")), &defaults, registry::resolve_measured, least)?,
        };
        strategies.extend(references.iter().map(Interpreter::name));
        let works = works(&arguments.workloads, profile, &arguments.set, arguments.seed)?;
        let works = limit::apply(works, &limits, arguments.minheap.as_deref())?;
        if arguments.rate.is_some() {
            expect_requests(&works, &references)?;
        }
        // Even where it matters: every block has its mirror image.
        let (invocations, null_arms) = match profile {
            Profile::Smoke => (1, 0),
            Profile::Quick => (4, 4),
            Profile::Full => (10, 4),
        };
        let null_arms = null_arms.min((strategies.len() * works.len()).div_ceil(4));
        Ok(Request {
            profile,
            strategies,
            references,
            works,
            rate: arguments.rate,
            invocations: arguments.invocations.unwrap_or(Invocations::Fixed(invocations)),
            null_arms: arguments.null_arms.unwrap_or(null_arms as u32),
            timeout: Duration::from_secs(arguments.timeout),
        })
    }
}

/// Only programs that mark their requests can be told when these are due, and only ours.
fn expect_requests(works: &[Work], references: &[Interpreter]) -> Result<(), Trouble> {
    if let Some(python) = references.first() {
        let name = python.name();
        return Err(Trouble::request(format!(
            "{name}: an interpreter's twin takes no rate, expected no --rate"
        )));
    }
    let Some(work) = works.iter().find(|work| !work.definition.requests) else { return Ok(()) };
    let all = definitions()?;
    let able: Vec<&str> = all
        .iter()
        .filter(|definition| definition.requests)
        .map(|definition| definition.name.as_str())
        .collect();
    Err(Trouble::request(format!(
        "--rate: {} has no requests, expected --workloads among {}",
        work.definition.name,
        able.join(", ")
    )))
}

/// The Pythons that names of outside references select, each once.
pub(crate) fn references(names: &[String], limited: bool) -> Result<Vec<Interpreter>, Trouble> {
    if let (Some(name), true) = (names.first(), limited) {
        return Err(Trouble::request(format!(
            "{name}: an interpreter's heap has no limit, expected no --heap-limit"
        )));
    }
    let found = if names.is_empty() { Vec::new() } else { find::everywhere() };
    let mut selected: Vec<Interpreter> = Vec::new();
    for name in names {
        let new = find::select(name, &found)?.into_iter().filter(|python| !selected.contains(python));
        selected.extend(new.collect::<Vec<_>>());
    }
    Ok(selected)
}

/// The configurations that a list of texts and globs selects. A name without a glob is any configuration text; a glob
/// selects from `defaults`, or else strategies. No list: the defaults.
///
/// # Errors
/// The first that cannot be understood, or that cannot run under the limit.
pub fn configurations(
    list: Option<&str>,
    defaults: &[String],
    resolve: fn(&str) -> Result<Configuration, HeapError>,
    limit: Option<usize>,
) -> Result<Vec<String>, Trouble> {
    let strategies: Vec<String> = registry::STRATEGIES.iter().map(|found| found.name.to_string()).collect();
    let given = list.map_or_else(|| defaults.to_vec(), names::split_configurations);
    let mut selected = Vec::new();
    for name in given {
        let mut found = match names::is_glob(&name) {
            true => names::matching(&name, defaults)?,
            false => vec![name.clone()],
        };
        if found.is_empty() {
            found = names::select("strategy", &[name], &strategies)?;
        }
        for text in found {
            let configuration = resolve(&text)?;
            registry::check(&configuration, limit)?;
            selected.push(configuration.to_string());
        }
    }
    Ok(names::without_repetitions(selected))
}

/// The selected workloads with their parameters. Each is prepared once when a parameter was set: what it
/// cannot run with is told here, not by a failed cell.
///
/// # Errors
/// A workload or parameter that nothing has; a value that does not fit.
pub fn works(given: &[String], profile: Profile, set: &[String], seed: u64) -> Result<Vec<Work>, Trouble> {
    let all = definitions()?;
    let known: Vec<String> = all.iter().map(|definition| definition.name.clone()).collect();
    let selected = if given.is_empty() { known.clone() } else { names::select("workload", given, &known)? };
    let in_order = selected.iter().filter_map(|name| all.iter().find(|definition| definition.name == *name));
    let mut works: Vec<Work> = in_order
        .map(|definition| Work {
            definition: definition.clone(),
            parameters: definition.parameters(profile),
            limit: Limit::default(),
        })
        .collect();
    for setting in set {
        apply(setting, &mut works)?;
    }
    if !set.is_empty() {
        for work in &works {
            work.definition.prepare(&work.parameters, seed)?;
        }
    }
    Ok(works)
}

/// Sets a parameter of those workloads that have it; at least one must.
pub(crate) fn apply(setting: &str, works: &mut [Work]) -> Result<(), Trouble> {
    let Some((key, value)) = setting.split_once('=').filter(|(key, _)| !key.is_empty()) else {
        return Err(Trouble::request(format!("--set '{setting}', expected KEY=VALUE")));
    };
    let mut known = false;
    for work in works.iter_mut().filter(|work| work.definition.parameters.contains_key(key)) {
        work.definition.set(&mut work.parameters, key, value)?;
        known = true;
    }
    let keys = works.iter().flat_map(|work| work.definition.parameters.keys().cloned());
    if known {
        Ok(())
    } else {
        Err(names::unknown("parameter", key, &names::without_repetitions(keys.collect())))
    }
}
