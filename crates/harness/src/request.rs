//! A request to run cells, understood: every name, key and value is checked before anything runs.

use crate::names;
use crate::plan::{Shard, Work};
use crate::python::{Interpreter, find};
use crate::registry;
use crate::trouble::Trouble;
use heapbench_heap::configuration::parse_size;
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
    /// cpython:* runs the workloads' twins under Pythons of this machine: outside references, interpreted
    #[arg(long, value_name = "A,B,…")]
    pub strategies: Option<String>,
    /// Workloads or globs, separated by commas; all when left out
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// A parameter of those workloads that have it; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Limit on each heap: digits and KiB, MiB or GiB
    #[arg(long, value_name = "SIZE")]
    pub heap_limit: Option<String>,
    /// Processes for each strategy and workload; by profile 1, 3 or 10 when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub invocations: Option<u32>,
    /// Seed of the workloads' random choices and of the order of cells
    #[arg(long, value_name = "N", default_value_t = heapbench_workload::DEFAULT_SEED)]
    pub seed: u64,
    /// Where results go; results/PROFILE-TIME when left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run only the cells that the results folder does not have yet
    #[arg(long)]
    pub resume: bool,
    /// Run the Ith of N parts of the cells
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Stop a cell after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,
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
    /// Workloads and their parameters.
    pub works: Vec<Work>,
    /// Limit on each heap in bytes.
    pub heap_limit: Option<u64>,
    /// Processes for each strategy and workload.
    pub invocations: u32,
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
        let heap_limit = arguments.heap_limit.as_deref().map(heap_limit).transpose()?;
        let defaults: Vec<String> =
            registry::DEFAULT_CONFIGURATIONS.iter().map(|text| text.to_string()).collect();
        let given = arguments.strategies.as_deref().map(names::split_configurations).unwrap_or_default();
        let (outside, ours): (Vec<String>, Vec<String>) =
            given.into_iter().partition(|name| find::is_reference(name));
        let references = references(&outside, heap_limit)?;
        let mut strategies = match (ours.is_empty(), references.is_empty()) {
            (true, false) => Vec::new(),
            (true, true) => configurations(None, &defaults, registry::resolve_measured, heap_limit)?,
            _ => configurations(Some(&ours.join(",")), &defaults, registry::resolve_measured, heap_limit)?,
        };
        strategies.extend(references.iter().map(Interpreter::name));
        let works = works(&arguments.workloads, profile, &arguments.set, arguments.seed)?;
        let by_profile = match profile {
            Profile::Smoke => 1,
            Profile::Quick => 3,
            Profile::Full => 10,
        };
        Ok(Request {
            profile,
            strategies,
            references,
            works,
            heap_limit: heap_limit.map(|bytes| bytes as u64),
            invocations: arguments.invocations.unwrap_or(by_profile),
            timeout: Duration::from_secs(arguments.timeout),
        })
    }
}

/// The Pythons that names of outside references select, each once.
fn references(names: &[String], limit: Option<usize>) -> Result<Vec<Interpreter>, Trouble> {
    if let (Some(name), Some(_)) = (names.first(), limit) {
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

fn heap_limit(text: &str) -> Result<usize, Trouble> {
    let refused = || {
        let multiple = text.strip_suffix('x').is_some_and(|factor| factor.parse::<f64>().is_ok());
        let why = if multiple { "multiples of the least heap are not known yet; " } else { "" };
        Trouble::request(format!(
            "--heap-limit '{text}': {why}expected a size such as 64MiB, from 1 to 1024GiB"
        ))
    };
    parse_size(text).filter(|bytes| *bytes > 0).ok_or_else(refused)
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
        .map(|definition| Work { definition: definition.clone(), parameters: definition.parameters(profile) })
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
