//! `heapbench rank`: who leads over all workloads, in time, memory and pauses.

use crate::cautions;
use crate::output::{print, print_json, say};
use crate::rank_table;
use crate::reading::Reading;
use crate::recorded;
use crate::trouble::Trouble;
use heapbench_results::rank::{Excluded, Ranked, Ranking, rank};
use heapbench_results::{Record, Setting};
use serde::Serialize;

/// What to rank.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct RankArguments {
    /// What to read
    #[command(flatten)]
    pub reading: Reading,
    /// Only these configurations (names or globs, separated by commas)
    #[arg(long, value_name = "X,Y,…")]
    pub strategies: Option<String>,
    /// Only these workloads (names or globs, separated by commas)
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// Show multiples of this configuration's numbers instead of the best ones
    #[arg(long, value_name = "X")]
    pub baseline: Option<String>,
    /// One object a line
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// A table in Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// A line of `--json`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line<'a> {
    /// A strategy and where it stands.
    Strategy(&'a Ranked),
    /// What the standings are over.
    Over { settings: &'a [Setting], baseline: Option<&'a str> },
    /// A setting that did not count.
    Excluded(&'a Excluded),
}

/// Ranks and prints.
///
/// # Errors
/// No results, results that cannot be read, a name that they do not have, no workload that all ranked strategies completed.
pub fn run(arguments: &RankArguments) -> Result<(), Trouble> {
    let ranking = ranking(arguments)?;
    let baseline = arguments.baseline.as_deref();
    if !arguments.json {
        return print(&rank_table::ranking(&ranking, baseline, arguments.markdown));
    }
    ranking.strategies.iter().try_for_each(|ranked| print_json(&Line::Strategy(ranked)))?;
    ranking.excluded.iter().try_for_each(|excluded| print_json(&Line::Excluded(excluded)))?;
    print_json(&Line::Over { settings: &ranking.settings, baseline })
}

/// The text that [`run`] prints without `--json`.
///
/// # Errors
/// As `run`.
pub fn text(arguments: &RankArguments) -> Result<String, Trouble> {
    Ok(rank_table::ranking(&ranking(arguments)?, arguments.baseline.as_deref(), arguments.markdown))
}

fn ranking(arguments: &RankArguments) -> Result<Ranking, Trouble> {
    let results = arguments.reading.read()?;
    cautions::of(&results.runs).iter().for_each(|caution| say(format_args!("warning: {caution}")));
    // Outside references do more than manage memory: nothing is ranked with them.
    let ours: Vec<Record> =
        results.records.into_iter().filter(|record| record.is_result() && !record.interpreted).collect();
    let strategies = recorded::strategies(arguments.strategies.as_deref(), ours.iter())?;
    let workloads = recorded::workloads(&arguments.workloads, ours.iter())?;
    let is_ranked = |record: &&Record| strategies.contains(&record.strategy);
    let baseline = arguments.baseline.as_deref();
    let baseline =
        baseline.map(|name| recorded::strategy(name, ours.iter().filter(is_ranked))).transpose()?;
    let records: Vec<Record> =
        ours.into_iter().filter(|record| workloads.contains(&record.workload)).collect();
    let ranking = rank(&records, &strategies, baseline.as_deref());
    match (ranking.strategies.is_empty(), ranking.excluded.first()) {
        (false, _) => Ok(ranking),
        (true, first) => {
            let why = first.map_or(String::new(), |e| format!(" ({}: {})", e.setting.workload, e.reason));
            let what =
                "no workload that all strategies completed, expected at least one, or fewer --strategies";
            Err(Trouble::request(format!("{what}{why}")))
        }
    }
}
