//! The `heapbench` command: what it understands, and its exit status.
#![forbid(unsafe_code)]

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use heapbench_harness::interruption;
use heapbench_harness::output::say;
use heapbench_harness::reading::Reading;
use heapbench_harness::request::RunArguments;
use heapbench_harness::trouble::Trouble;
use heapbench_harness::verbs::{
    card, cell, check, compare, count, doctor, export, figures, floating, fork, guide, list, merge, minheap,
    observe, oracle, prefork, prove, rank, run, selftest, snapshot, split, summary, tables, validate, verify,
};
use heapbench_results::Verdict;
use std::process::ExitCode;

/// Runs Python's heap behaviour under every memory manager and shows throughput, pauses and footprint side by
/// side.
///
/// Without a verb: a quick run of everything, its summary and its figures.
#[derive(Parser, Debug)]
#[command(name = "heapbench", version, disable_help_subcommand = true)]
struct Command {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// What there is to choose from
    List(list::ListArguments),
    /// Run strategies on workloads and keep what they did
    Run(RunArguments),
    /// Search the least heap under which strategies finish workloads
    Minheap(minheap::MinheapArguments),
    /// A table of what a run showed
    Summary(summary::SummaryArguments),
    /// Two runs, or two configurations of one, side by side with verdicts
    ///
    /// `compare OLD NEW` judges each configuration of NEW by the same one of OLD; `compare RESULTS --between X Y` judges
    /// configuration Y by configuration X of the same results. Exit status 1: something is worse, or failed on one side only.
    Compare(compare::CompareArguments),
    /// Who leads over all workloads, in time, memory and pauses at once
    Rank(rank::RankArguments),
    /// Bring the tables in documents up to date
    Tables(tables::TablesArguments),
    /// Where the time of each strategy goes, of a run with --strategies split
    Split(split::SplitArguments),
    /// Pictures of what a run showed
    Figures(figures::FiguresArguments),
    /// Results as tables, for pandas, DuckDB and spreadsheets
    Export(export::ExportArguments),
    /// Results of several folders put together in a new one
    Merge(merge::MergeArguments),
    /// What workloads ask of a heap: sizes, lifetimes, references
    Card(card::CardArguments),
    /// Which sites of a workload its memory grows at
    Snapshot(snapshot::SnapshotArguments),
    /// What introductions say about Python's memory, run and judged
    Guide(guide::GuideArguments),
    /// Run heap scripts and check what they say must be true
    Check(check::CheckArguments),
    /// Compare strategies with the reference model, operation by operation
    Verify(verify::VerifyArguments),
    /// Run the workloads' twins under real Pythons and compare what both sides do
    Validate(validate::ValidateArguments),
    /// Whether comparisons find effects that are there, and only those: equal arms, work and pauses put in on purpose
    Selftest(selftest::SelftestArguments),
    /// Is this machine fit to measure on?
    Doctor(doctor::DoctorArguments),
    /// How many pages a forked worker dirties by reading and by collecting
    Prefork(prefork::PreforkArguments),
    /// Run the one workload on standard input and fork on its way
    #[command(hide = true)]
    Fork,
    /// Run the one workload on standard input on a heap that is watched
    #[command(hide = true)]
    Observe,
    /// Carry out the tasks of a proof on standard input
    #[command(hide = true)]
    Prove,
    /// Find out when the objects of the one job on standard input die
    #[command(hide = true)]
    Oracle,
    /// Count the floating garbage of the one job on standard input
    #[command(hide = true)]
    Floating,
    /// Run the one cell on standard input
    #[command(hide = true)]
    Cell,
    /// Run the program of the one cell on standard input for valgrind
    #[command(hide = true)]
    Count(count::CountArguments),
}

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return usage(&error),
    };
    let done = match command.verb {
        None => everything(),
        Some(Verb::List(arguments)) => list::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Run(arguments)) if arguments.dry_run => run::list(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Run(arguments)) => run::run(&arguments).map(|ran| told(&ran)),
        Some(Verb::Minheap(arguments)) => minheap::run(&arguments).map(|searched| searched_for(&searched)),
        Some(Verb::Summary(arguments)) => summary::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Compare(arguments)) => compare::run(&arguments).map(well_or_not),
        Some(Verb::Rank(arguments)) => rank::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Tables(arguments)) => tables::run(&arguments).map(well_or_not),
        Some(Verb::Split(arguments)) => split::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Figures(arguments)) => figures::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Export(arguments)) => export::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Merge(arguments)) => {
            merge::run(&arguments).map(|conflicts| ExitCode::from(u8::from(conflicts > 0)))
        }
        Some(Verb::Card(arguments)) => card::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Snapshot(arguments)) => snapshot::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Guide(arguments)) => guide::run(&arguments).map(|ran| told(&ran)),
        Some(Verb::Check(arguments)) => check::run(&arguments).map(|checked| true_or_not(&checked)),
        Some(Verb::Verify(arguments)) => verify::run(&arguments).map(|verified| proven(&verified)),
        Some(Verb::Validate(arguments)) => validate::run(&arguments).map(|validated| alike(&validated)),
        Some(Verb::Selftest(arguments)) => selftest::run(&arguments).map(|tested| trusted(&tested)),
        Some(Verb::Doctor(arguments)) => doctor::run(&arguments).map(fit_or_not),
        Some(Verb::Prefork(arguments)) => prefork::run(&arguments).map(|ran| forked(&ran)),
        Some(Verb::Fork) => fork::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Observe) => observe::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Prove) => prove::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Oracle) => oracle::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Floating) => floating::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Cell) => cell::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Count(arguments)) => count::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|trouble| {
        say(format_args!("heapbench: {trouble}"));
        ExitCode::from(trouble.exit_status())
    })
}

/// The command without a verb.
fn everything() -> Result<ExitCode, Trouble> {
    let Command { verb: Some(Verb::Run(arguments)) } = Command::parse_from(["heapbench", "run"]) else {
        unreachable!("the arguments above are those of the verb run");
    };
    let ran = run::run(&arguments)?;
    let status = told(&ran);
    if !ran.interrupted {
        let reading = Reading::of(&ran.folder);
        summary::run(&summary::SummaryArguments { reading: reading.clone(), ..Default::default() })?;
        figures::run(&figures::FiguresArguments { reading, out: None })?;
    }
    Ok(status)
}

/// Exit status of what is all well or is not.
fn well_or_not(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says where the cells are, and how it went.
fn told(ran: &run::Ran) -> ExitCode {
    say(format_args!("results: {}", ran.folder.display()));
    match (ran.interrupted, ran.unwell) {
        (true, _) => ExitCode::from(interruption::EXIT_STATUS),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    }
}

/// Exit status of an examination: doubts are told, and are no failure.
fn fit_or_not(verdict: Verdict) -> ExitCode {
    if verdict == Verdict::Unfit { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Says where the forks' answers are, and how it went.
fn forked(ran: &prefork::Preforked) -> ExitCode {
    say(format_args!("results: {}", ran.folder.display()));
    match (ran.interrupted, ran.unwell) {
        (true, _) => ExitCode::from(interruption::EXIT_STATUS),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    }
}

/// Exit status of a proof. A broken contract is worth more than an interruption.
fn proven(verified: &verify::Verified) -> ExitCode {
    match (verified.broken, verified.interrupted) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(interruption::EXIT_STATUS),
        _ => ExitCode::FAILURE,
    }
}

/// Exit status of a search for least heaps.
fn searched_for(searched: &minheap::Searched) -> ExitCode {
    match (searched.interrupted, searched.unwell) {
        (true, _) => ExitCode::from(interruption::EXIT_STATUS),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    }
}

/// Exit status of a validation. An interruption outweighs what was found so far: that is not all.
fn alike(validated: &validate::Validated) -> ExitCode {
    match (validated.interrupted, validated.failing) {
        (true, _) => ExitCode::from(interruption::EXIT_STATUS),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    }
}

/// Exit status of a self-test. An interruption outweighs what was found so far: that is not all.
fn trusted(tested: &selftest::Tested) -> ExitCode {
    match (tested.interrupted, tested.faults) {
        (true, _) => ExitCode::from(interruption::EXIT_STATUS),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    }
}

/// What could not be checked outweighs what was false.
fn true_or_not(checked: &check::Checked) -> ExitCode {
    match (checked.errors, checked.failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(2),
    }
}

/// Help goes to standard output; a mistake is told in one line, with the tip that belongs to it.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Where standard output is closed there is nobody to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let told = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let line = told.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ");
    say(format_args!("heapbench: {}", line.trim_start_matches("error: ")));
    ExitCode::from(2)
}
