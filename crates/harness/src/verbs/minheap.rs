//! `heapbench minheap`: the least heap under which each strategy finishes each workload.
//!
//! A limit is enough when three processes of three finish under it, each with less than ten times as long in collections
//! as outside of them: a collector that may run at every allocation would finish in hardly more than what is live.

use crate::bisection::{self, Bracket};
use crate::child;
use crate::interruption;
use crate::job::Job;
use crate::limit::{REFERENCE, usual_file};
use crate::oracle::{Oracle, Silent};
use crate::output::{print, print_json, say};
use crate::plan::Work;
use crate::registry;
use crate::request::{configurations, works};
use crate::trouble::Trouble;
use crate::{provenance, table, units};
use heapbench_results::minheap;
use heapbench_results::store::RUNS;
use heapbench_results::{Evidence, Probe, Record, Status};
use heapbench_workload::Profile;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// Processes that must finish under a limit.
const PROCESSES: u32 = 3;

/// As many times as long as outside of them a process may be in collections.
const GUARD: u64 = 10;

/// No limit beyond so many times of what was held without one is tried.
const MOST: u64 = 4;

/// What to search.
#[derive(clap::Args, Clone, Debug)]
pub struct MinheapArguments {
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "quick")]
    pub profile: String,
    /// Configurations or globs, separated by commas; all default ones when left out. Multiples such as 2x are of
    /// mark-sweep's
    #[arg(long, value_name = "A,B,…")]
    pub strategies: Option<String>,
    /// Workloads or globs, separated by commas; all when left out
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// A parameter of those workloads that have it; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of the workloads' random choices
    #[arg(long, value_name = "N", default_value_t = heapbench_workload::DEFAULT_SEED)]
    pub seed: u64,
    /// The file that the evidence is appended to; results/minheap/minheap.jsonl when left out
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Leave out what the file has evidence of already
    #[arg(long)]
    pub resume: bool,
    /// Stop a process after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,
    /// Print the evidence, a line for each strategy and workload, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Search with a build that checks what the measuring one does not: for tests of the command
    #[arg(long, hide = true)]
    pub allow_debug: bool,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Searched {
    /// Pairs of strategy and workload of which something failed otherwise than for want of memory.
    pub unwell: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Searches.
///
/// # Errors
/// A request that cannot be understood, a file that cannot be written, a process that cannot be started.
pub fn run(arguments: &MinheapArguments) -> Result<Searched, Trouble> {
    let profile: Profile = arguments.profile.parse()?;
    let defaults: Vec<String> =
        registry::DEFAULT_CONFIGURATIONS.iter().map(|text| text.to_string()).collect();
    let given = arguments.strategies.as_deref();
    let strategies = configurations(given, &defaults, registry::resolve_measured, None)?;
    let works = works(&arguments.workloads, profile, &arguments.set, arguments.seed)?;
    provenance::expect_release_build(arguments.allow_debug)?;
    let file = arguments.out.clone().unwrap_or_else(usual_file);
    let known = if file.is_file() { minheap::read(&file).map_err(Trouble::request)? } else { Vec::new() };
    let started = SystemTime::now();
    let run = format!("minheap-{}", provenance::timestamp(started).replace(':', ""));
    let cannot = |error| Trouble::failure(format!("{}: cannot append: {error}", file.display()));
    minheap::append(&file.with_file_name(RUNS), &provenance::describe(&run, started)).map_err(cannot)?;
    interruption::listen()?;
    let mut oracle = Oracle::new(Duration::from_secs(arguments.timeout))?;
    let (mut searched, mut rows) = (Searched::default(), Vec::new());
    for work in &works {
        for strategy in &strategies {
            let before = minheap::newest(&known, strategy, &work.definition.name, &work.parameters);
            let evidence = match before.filter(|_| arguments.resume) {
                Some(known) => Some(known.clone()),
                None => Search::new(&run, strategy, work, arguments).run(&mut oracle)?,
            };
            let Some(evidence) = evidence else {
                say("interrupted; every finished search is kept: --resume goes on");
                searched.interrupted = true;
                return Ok(searched);
            };
            if before.is_none_or(|_| !arguments.resume) {
                minheap::append(&file, &evidence).map_err(cannot)?;
            }
            say(told(&evidence));
            searched.unwell += usize::from(evidence.high_bytes.is_none());
            if arguments.json {
                print_json(&evidence)?;
            }
            rows.push(evidence);
        }
    }
    if !arguments.json {
        print(&overview(&rows))?;
    }
    say(format_args!("evidence: {}", file.display()));
    Ok(searched)
}

/// A search for the least heap of one work under one strategy.
struct Search<'a> {
    job: Job,
    evidence: Evidence,
    timeout: Duration,
    arguments: &'a MinheapArguments,
}

impl<'a> Search<'a> {
    fn new(run: &str, strategy: &str, work: &Work, arguments: &'a MinheapArguments) -> Search<'a> {
        let job = Job {
            run: run.to_string(),
            strategy: strategy.to_string(),
            workload: work.definition.name.clone(),
            profile: arguments.profile.clone(),
            parameters: work.parameters.clone(),
            seed: arguments.seed,
            ..Job::default()
        };
        let evidence = Evidence {
            run: run.to_string(),
            strategy: strategy.to_string(),
            workload: job.workload.clone(),
            profile: job.profile.clone(),
            parameters: job.parameters.clone(),
            seed: job.seed,
            ..Evidence::default()
        };
        Search { job, evidence, timeout: Duration::from_secs(arguments.timeout), arguments }
    }

    /// `None` when the user interrupted it.
    fn run(mut self, oracle: &mut Oracle) -> Result<Option<Evidence>, Trouble> {
        self.job = match oracle.equip(&self.job) {
            Ok(job) => job,
            Err(Silent::Interrupted) => return Ok(None),
            Err(Silent::Failed(why)) => return Err(Trouble::failure(why)),
        };
        let begun = Instant::now();
        let Some(free) = self.probe(None, 0)? else { return Ok(None) };
        if !free.passed {
            return Ok(Some(self.evidence));
        }
        // The guard allows 11 times the mutator's time; a process that takes 20 times the whole is far beyond it.
        let patience = begun.elapsed() * 20 + Duration::from_secs(2);
        self.timeout = patience.min(Duration::from_secs(self.arguments.timeout));
        let most = free.peak_held_bytes.max(bisection::FINEST).saturating_mul(MOST);
        let found = bisection::search(free.peak_live_bytes, most, |bytes| self.is_enough(bytes))?;
        let Some(Bracket { low, high }) = found else { return Ok(None) };
        (self.evidence.low_bytes, self.evidence.high_bytes) = (low, high);
        Ok(Some(self.evidence))
    }

    /// Whether every process finishes under a limit; the first that does not settles it.
    fn is_enough(&mut self, bytes: u64) -> Result<Option<bool>, Trouble> {
        for invocation in 0..PROCESSES {
            match self.probe(Some(bytes), invocation)? {
                None => return Ok(None),
                Some(probe) if !probe.passed => return Ok(Some(false)),
                Some(_) => {}
            }
        }
        Ok(Some(true))
    }

    /// Runs one process and keeps what it did.
    fn probe(&mut self, heap_limit: Option<u64>, invocation: u32) -> Result<Option<Probe>, Trouble> {
        if interruption::requested() {
            return Ok(None);
        }
        let job = Job { heap_limit, invocation, ..self.job.clone() };
        let probe = child::run(&job, self.timeout)?.map(|record| judged(heap_limit, &record));
        self.evidence.probes.extend(probe.clone());
        Ok(probe)
    }
}

/// What a process shows of a limit.
fn judged(heap_limit: Option<u64>, record: &Record) -> Probe {
    let outside = record.wall_ns.saturating_sub(record.collect_ns);
    let collects_too_long = record.collect_ns > outside.saturating_mul(GUARD);
    let error = match record.status {
        Status::Ok if collects_too_long && heap_limit.is_some() => {
            format!("more than {GUARD} times as long in collections as outside of them")
        }
        _ => record.error.clone(),
    };
    Probe {
        heap_limit,
        passed: record.status == Status::Ok && error.is_empty(),
        status: record.status,
        error,
        wall_ns: record.wall_ns,
        collect_ns: record.collect_ns,
        collections: record.collections.iter().sum(),
        peak_live_bytes: record.footprint.peak_live_bytes,
        peak_held_bytes: record.footprint.peak_held_bytes,
    }
}

/// A search in one line.
fn told(evidence: &Evidence) -> String {
    let Evidence { strategy, workload, low_bytes, probes, .. } = evidence;
    let found = match evidence.high_bytes {
        Some(high) => format!("more than {}, at most {}", units::bytes(*low_bytes), units::bytes(high)),
        None => {
            let why = probes.last().map_or("", |probe| probe.error.as_str());
            format!("no limit is enough: {why}")
        }
    };
    format!("{strategy}  {workload}  {found}  ({} processes)", probes.len())
}

/// A table of all searches: each strategy's least heap, and what multiple of the reference's it is.
fn overview(rows: &[Evidence]) -> String {
    let reference = |row: &Evidence| {
        let same = rows
            .iter()
            .find(|other| other.strategy == REFERENCE && other.is_about(&row.workload, &row.parameters));
        same.and_then(|found| found.high_bytes)
    };
    let cells = |row: &Evidence| {
        let text = |bytes: Option<u64>| bytes.map_or("-".to_string(), units::bytes);
        let of_reference = row.high_bytes.zip(reference(row)).map(|(own, base)| own as f64 / base as f64);
        vec![
            row.workload.clone(),
            row.strategy.clone(),
            text(Some(row.low_bytes)),
            text(row.high_bytes),
            of_reference.map_or("-".to_string(), |multiple| format!("{multiple:.2}x")),
            row.probes.len().to_string(),
        ]
    };
    let titles = ["workload", "strategy", "too small", "enough", "of the reference's", "processes"];
    table::plain(&titles, rows.iter().map(cells).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_that_does_nothing_else_does_not_pass() {
        let record = |collect_ns, status| Record { wall_ns: 1100, collect_ns, status, ..Record::default() };
        assert!(judged(Some(1), &record(1000, Status::Ok)).passed);
        let guarded = judged(Some(1), &record(1001, Status::Ok));
        assert!(!guarded.passed && guarded.error.contains("10 times"), "{guarded:?}");
        assert!(judged(None, &record(1001, Status::Ok)).passed, "without a limit it is the workload's own");
        assert!(!judged(Some(1), &record(0, Status::OutOfMemory)).passed);
    }
}
