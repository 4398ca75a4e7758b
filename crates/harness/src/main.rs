//! The `heapbench` command: what it understands, and its exit status.
#![forbid(unsafe_code)]

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use heapbench_harness::interruption;
use heapbench_harness::output::say;
use heapbench_harness::request::RunArguments;
use heapbench_harness::trouble::Trouble;
use heapbench_harness::verbs::{
    card, cell, check, figures, guide, list, observe, prove, run, snapshot, summary, validate, verify,
};
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
    /// A table of what a run showed
    Summary(summary::SummaryArguments),
    /// Pictures of what a run showed
    Figures(figures::FiguresArguments),
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
    /// Run the one workload on standard input on a heap that is watched
    #[command(hide = true)]
    Observe,
    /// Carry out the tasks of a proof on standard input
    #[command(hide = true)]
    Prove,
    /// Run the one cell on standard input
    #[command(hide = true)]
    Cell,
}

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return usage(&error),
    };
    let done = match command.verb {
        None => everything(),
        Some(Verb::List(arguments)) => list::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Run(arguments)) => run::run(&arguments).map(|ran| told(&ran)),
        Some(Verb::Summary(arguments)) => summary::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Figures(arguments)) => figures::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Card(arguments)) => card::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Snapshot(arguments)) => snapshot::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Guide(arguments)) => guide::run(&arguments).map(|ran| told(&ran)),
        Some(Verb::Check(arguments)) => check::run(&arguments).map(|checked| true_or_not(&checked)),
        Some(Verb::Verify(arguments)) => verify::run(&arguments).map(|verified| proven(&verified)),
        Some(Verb::Validate(arguments)) => validate::run(&arguments).map(|validated| alike(&validated)),
        Some(Verb::Observe) => observe::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Prove) => prove::run().map(|()| ExitCode::SUCCESS),
        Some(Verb::Cell) => cell::run().map(|()| ExitCode::SUCCESS),
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
        let results = Some(ran.folder.clone());
        summary::run(&summary::SummaryArguments { results: results.clone(), json: false })?;
        figures::run(&figures::FiguresArguments { results, out: None })?;
    }
    Ok(status)
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

/// Exit status of a proof. A broken contract is worth more than an interruption.
fn proven(verified: &verify::Verified) -> ExitCode {
    match (verified.broken, verified.interrupted) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(interruption::EXIT_STATUS),
        _ => ExitCode::FAILURE,
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
