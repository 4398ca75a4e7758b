//! `heapbench verify`: random operations on strategies, compared with the reference model after each.

use crate::interruption;
use crate::output::{print, print_json};
use crate::progress::ProofProgress;
use crate::proof::campaign::{Campaign, Outcome};
use crate::proof::{Breach, regression};
use crate::registry::{self, STRESSED_CONFIGURATIONS};
use crate::request::configurations;
use crate::trouble::Trouble;
use crate::units;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to prove.
#[derive(clap::Args, Clone, Debug)]
pub struct VerifyArguments {
    /// Configurations or globs, separated by commas; every strategy on every memory source when left out
    #[arg(long, value_name = "A,B,…")]
    pub strategies: Option<String>,
    /// Operations for each strategy
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000_000))]
    pub ops: u64,
    /// Seed of the first plan of operations; the next ones have the numbers after it
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Small heaps, frequent collections, failing requests, heaps that look for mistakes themselves
    #[arg(long)]
    pub stress: bool,
    /// Plans at a time; as many as there are cores when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Where a plan that breaks the contract is kept
    #[arg(long, value_name = "DIR", default_value = "regressions")]
    pub regressions: PathBuf,
    /// Take a plan that is not done after so many seconds for one that never will be
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,
    /// Print an object for each strategy as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// How a proof ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Strategies that broke the contract.
    pub broken: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Proves, and prints a line for each strategy.
///
/// # Errors
/// A request that cannot be understood, a process that cannot be started, output that cannot be written.
pub fn run(arguments: &VerifyArguments) -> Result<Verified, Trouble> {
    let campaigns = campaigns(arguments)?;
    interruption::listen()?;
    let mut progress = ProofProgress::new(arguments.ops.saturating_mul(campaigns.len() as u64));
    let width = campaigns.iter().map(|campaign| campaign.strategy.len()).max().unwrap_or_default();
    let (mut verified, mut operations) = (Verified::default(), 0);
    for campaign in &campaigns {
        if interruption::requested() {
            verified.interrupted = true;
            break;
        }
        progress.begins(&campaign.strategy);
        let outcome = campaign.run(&mut |operations| progress.advance(operations))?;
        operations += outcome.account.operations;
        verified.broken += usize::from(outcome.breach.is_some());
        verified.interrupted |= outcome.interrupted;
        if outcome.plans > 0 || outcome.breach.is_some() {
            progress.aside(|| report(campaign, &outcome, arguments, width))?;
        }
    }
    progress.finish();
    if !arguments.json {
        let end = if verified.interrupted { ", interrupted" } else { "" };
        let (strategies, broken) = (campaigns.len(), verified.broken);
        print(&format!(
            "{operations} operations, {strategies} configurations, {broken} broke the contract{end}"
        ))?;
    }
    Ok(verified)
}

/// A campaign for each strategy. Under stress those with the rare paths made frequent are proven as well.
fn campaigns(arguments: &VerifyArguments) -> Result<Vec<Campaign>, Trouble> {
    let mut defaults = registry::measured_configurations();
    if arguments.stress {
        defaults.extend(STRESSED_CONFIGURATIONS.iter().map(|text| text.to_string()));
    }
    let list = arguments.strategies.as_deref();
    let strategies = configurations(list, &defaults, registry::resolve, None)?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = |strategy| Campaign {
        strategy,
        seed: arguments.seed,
        operations: arguments.ops,
        stress: arguments.stress,
        threads: arguments.threads.map_or_else(cores, usize::from),
        timeout: Duration::from_secs(arguments.timeout),
    };
    Ok(strategies.into_iter().map(campaign).collect())
}

fn report(
    campaign: &Campaign,
    outcome: &Outcome,
    arguments: &VerifyArguments,
    width: usize,
) -> Result<(), Trouble> {
    let kept = outcome.breach.as_ref().map(|breach| keep(breach, &arguments.regressions, campaign.timeout));
    let kept = kept.transpose()?;
    if arguments.json {
        return print_json(&object(campaign, outcome, kept.as_ref()));
    }
    print(&line(campaign, outcome, width))?;
    match (&outcome.breach, &kept) {
        (Some(breach), Some(kept)) => print(&told(breach, kept)),
        _ => Ok(()),
    }
}

/// Where a breach was saved, and the command that shows it again.
struct Kept {
    file: PathBuf,
    replay: String,
}

fn keep(breach: &Breach, folder: &Path, timeout: Duration) -> Result<Kept, Trouble> {
    let file = regression::save(folder, breach)?;
    let replay = regression::replay_command(breach, &file, timeout);
    Ok(Kept { file, replay })
}

fn status(outcome: &Outcome) -> &'static str {
    match (&outcome.breach, outcome.interrupted) {
        (Some(_), _) => "failed",
        (None, true) => "interrupted",
        (None, false) => "passed",
    }
}

fn line(campaign: &Campaign, outcome: &Outcome, width: usize) -> String {
    let account = &outcome.account;
    let end = match status(outcome) {
        "passed" => String::new(),
        other => format!("  {other}"),
    };
    format!(
        "{:width$}  {} operations, {} allocated, {} died, {} collections, {} hooks, {} out of memory, \
         {} operations/s a core, hash {:016x}{end}",
        campaign.strategy,
        account.operations,
        account.allocated,
        account.died,
        account.collections,
        account.hooks,
        account.out_of_memory,
        units::count(account.rate() as u64),
        account.hash,
    )
}

fn told(breach: &Breach, kept: &Kept) -> String {
    let Breach { task, operation, expected, actual, shrunk, alone, .. } = breach;
    let operation = operation.as_ref().map_or(String::new(), |operation| format!(", {operation}"));
    let mut lines = vec![format!(
        "{}: seed {}{operation}: expected {expected}, actual {actual}",
        task.strategy, task.seed
    )];
    if !alone {
        lines.push("  not seen again with this plan as the first of a process".to_string());
    }
    if !shrunk.is_empty() {
        lines.push(format!("  shrunk to {} operations: {}", shrunk.len(), shrunk.join("; ")));
    }
    lines.push(format!("  saved as {}", kept.file.display()));
    lines.push(format!("  replay: {}", kept.replay));
    let one_line = |line: &String| line.replace(char::is_control, " ");
    lines.iter().map(one_line).collect::<Vec<_>>().join("\n")
}

fn object(campaign: &Campaign, outcome: &Outcome, kept: Option<&Kept>) -> serde_json::Value {
    let account = &outcome.account;
    let mut object = json!({
        "strategy": campaign.strategy,
        "status": status(outcome),
        "seed": campaign.seed,
        "stress": campaign.stress,
        "plans": outcome.plans,
        "operations": account.operations,
        "allocated": account.allocated,
        "died": account.died,
        "collections": account.collections,
        "hooks": account.hooks,
        "out_of_memory": account.out_of_memory,
        "cpu_ns": account.cpu_ns,
        "operations_per_second": account.rate(),
        "hash": format!("{:016x}", account.hash),
    });
    if let (Some(breach), Some(kept)) = (&outcome.breach, kept) {
        object["violation"] = json!({
            "seed": breach.task.seed,
            "operation": breach.operation,
            "expected": breach.expected,
            "actual": breach.actual,
            "shrunk": breach.shrunk,
            "alone": breach.alone,
            "file": kept.file,
            "replay": kept.replay,
        });
    }
    object
}
