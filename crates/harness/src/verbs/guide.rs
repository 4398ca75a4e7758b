//! `heapbench guide`: runs what the guide's claims are about, and prints the page.

use super::run::{Ran, Runner, finished_cells};
use crate::guide::{claims, page};
use crate::job::Job;
use crate::output::print;
use crate::plan::Frame;
use crate::provenance;
use crate::trouble::Trouble;
use heapbench_results::Store;
use heapbench_results::store;
use heapbench_workload::Profile;
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Where the guide's cells are, and how much they do.
#[derive(clap::Args, Clone, Debug)]
pub struct GuideArguments {
    /// The folder of the cells: those that are there are not run again
    #[arg(default_value = "results/reference/guide")]
    pub results: PathBuf,
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "quick")]
    pub profile: String,
    /// Processes for each row
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub invocations: u32,
    /// Record with a build that checks what the measuring one does not: for tests of the command
    #[arg(long, hide = true)]
    pub allow_debug: bool,
}

/// Runs what is missing, and prints the page when all is there.
///
/// # Errors
/// A claim that cannot be understood, a folder that cannot be written, a process that cannot be started.
pub fn run(arguments: &GuideArguments) -> Result<Ran, Trouble> {
    let profile: Profile = arguments.profile.parse()?;
    let claims = claims()?;
    let frame = Frame {
        run: "guide".to_string(),
        profile: profile.name().to_string(),
        invocations: arguments.invocations,
        seed: heapbench_workload::DEFAULT_SEED,
        ..Frame::default()
    };
    let finished = finished_cells(&arguments.results, true)?;
    let mut known = HashSet::new();
    let mut jobs = Vec::new();
    for claim in &claims {
        for run in &claim.runs {
            let cells = claim.jobs(run, &frame)?;
            jobs.extend(
                cells.into_iter().filter(|job| !finished.contains(&job.key()) && known.insert(job.key())),
            );
        }
    }
    // Invocation by invocation, so that what changes slowly on a machine falls on all rows alike.
    jobs.sort_by_key(|job| job.invocation);
    jobs.iter_mut().zip(0..).for_each(|(job, position)| job.layout.position = position);
    let ran = record(jobs, arguments)?;
    if !ran.interrupted {
        let results = store::read(&arguments.results).map_err(Trouble::request)?;
        print(&page(&claims, &frame, &results.records, &command(arguments))?)?;
    }
    Ok(ran)
}

fn record(mut jobs: Vec<Job>, arguments: &GuideArguments) -> Result<Ran, Trouble> {
    let folder = arguments.results.clone();
    if jobs.is_empty() {
        return Ok(Ran { folder, unwell: 0, interrupted: false });
    }
    provenance::expect_release_build(arguments.allow_debug)?;
    let started = SystemTime::now();
    let name = provenance::run_name("guide", started)?;
    jobs.iter_mut().for_each(|job| job.run.clone_from(&name));
    let mut store = Store::open(&folder).map_err(Trouble::request)?;
    store.append_run(&provenance::describe(&name, started)).map_err(Trouble::failure)?;
    Runner { references: &[], timeout: Duration::from_secs(300), json: false, floating: false }
        .run(&jobs, &mut store, folder)
}

/// The command that makes this page.
fn command(arguments: &GuideArguments) -> String {
    let mut command = format!("cargo run --release -- guide {}", arguments.results.display());
    if arguments.profile != "quick" {
        command += &format!(" --profile {}", arguments.profile);
    }
    command + " > workloads/GUIDE.md"
}
