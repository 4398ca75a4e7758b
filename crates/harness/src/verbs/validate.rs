//! `heapbench validate`: each workload's twin under real Pythons, against the strategy that mirrors them.

use crate::interruption;
use crate::output::{print, print_json, say};
use crate::progress::Progress;
use crate::python::interpreter::OLDEST;
use crate::python::{Twins, find};
use crate::request::works;
use crate::trouble::Trouble;
use crate::validation::campaign::Campaign;
use crate::validation::report::{self, Standing};
use heapbench_workload::{DEFAULT_SEED, Profile};
use std::path::PathBuf;
use std::time::Duration;

/// What to validate.
#[derive(clap::Args, Clone, Debug)]
pub struct ValidateArguments {
    /// Pythons, by path or by a name on PATH; all 3.11 and newer on PATH and in pyenv when left out
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub python: Vec<PathBuf>,
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "smoke")]
    pub profile: String,
    /// Workloads or globs, separated by commas; all when left out
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// Stop a run after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,
    /// Print an object for each workload and Python as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// How a validation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validated {
    /// Rows that failed, or deviate beyond their tolerance or without a cause.
    pub failing: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Validates, and prints the table.
///
/// # Errors
/// A request that cannot be understood; no temporary folder; output that cannot be written.
pub fn run(arguments: &ValidateArguments) -> Result<Validated, Trouble> {
    let profile: Profile = arguments.profile.parse()?;
    let works = works(&arguments.workloads, profile, &[], DEFAULT_SEED)?;
    let pythons = match &arguments.python[..] {
        [] => find::everywhere(),
        given => find::named(given)?,
    };
    if pythons.is_empty() {
        let told = format!("nothing validated: no Python {}.{} or newer was found", OLDEST.0, OLDEST.1);
        match arguments.json {
            true => say(told),
            false => print(&told)?,
        }
        return Ok(Validated::default());
    }
    let campaign = Campaign {
        works,
        pythons,
        seed: DEFAULT_SEED,
        timeout: Duration::from_secs(arguments.timeout),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    interruption::listen()?;
    let twins = Twins::install()?;
    let mut progress = Progress::new(campaign.size(&twins));
    let rows = campaign.run(&twins, &mut |row| progress.step(&format!("{}  {}", row.workload, row.python)));
    progress.finish();
    if arguments.json {
        rows.iter().try_for_each(|row| print_json(&report::object(row)))?;
    } else if !rows.is_empty() {
        print(&report::text(&rows))?;
    }
    let failing = |standing| matches!(standing, Standing::Deviates | Standing::Failed);
    let failing = rows.iter().filter(|row| failing(report::standing(row))).count();
    Ok(Validated { failing, interrupted: interruption::requested() })
}
