//! `heapbench summary`: a table for each workload, or a row a line.

use crate::cautions;
use crate::output::{print, print_json, say};
use crate::overheads::overheads;
use crate::reading::Reading;
use crate::recorded;
use crate::table;
use crate::trouble::Trouble;
use heapbench_results::Row;
use heapbench_results::fitness::{remark, remark_of};
use heapbench_results::machines;
use heapbench_results::selftest::null_line;
use heapbench_results::store::Results;
use heapbench_results::summary::{Summary, summarize};
use std::io::IsTerminal;

/// What to sum up.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct SummaryArguments {
    /// What to read
    #[command(flatten)]
    pub reading: Reading,
    /// Only these workloads (names or globs, separated by commas)
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// Also means, fragmentation and what is left after the end; said anyway where cells waited for it
    #[arg(long)]
    pub memory: bool,
    /// One object a line
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Tables in Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// A row as it is printed.
#[derive(serde::Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    row: &'a Row,
    /// Why the machine was unfit to measure on, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfit: Option<String>,
}

/// Sums up.
///
/// # Errors
/// No results, or results that cannot be read.
pub fn run(arguments: &SummaryArguments) -> Result<(), Trouble> {
    let (results, summary) = summary(arguments)?;
    if arguments.json {
        summary.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
        let printed = |row| Printed { row, unfit: remark_of(row, &results) };
        return summary.rows.iter().map(printed).try_for_each(|row| print_json(&row));
    }
    let is_bold = !arguments.markdown && std::io::stdout().is_terminal();
    print(&written(arguments, &results, &summary, is_bold))
}

/// The text that [`run`] prints without `--json`, where it is not to a terminal.
///
/// # Errors
/// As `run`.
pub fn text(arguments: &SummaryArguments) -> Result<String, Trouble> {
    let (results, summary) = summary(arguments)?;
    Ok(written(arguments, &results, &summary, false))
}

fn written(arguments: &SummaryArguments, results: &Results, summary: &Summary, bold: bool) -> String {
    let tables =
        if arguments.markdown { table::summary_in_markdown(summary) } else { table::summary(summary, bold) };
    let wants_memory = arguments.memory || table::memory::is_wanted(summary);
    let memory = wants_memory.then(|| table::memory::memory(summary));
    let plain = memory.into_iter().chain(overheads(&results.records));
    let plain = plain.map(|table| if arguments.markdown { table::fenced(&table) } else { table } + "\n");
    [tables].into_iter().chain(plain).chain(below(results)).collect::<Vec<_>>().join("\n")
}

/// What is summed up, and the summary.
fn summary(arguments: &SummaryArguments) -> Result<(Results, Summary), Trouble> {
    let mut results = arguments.reading.read()?;
    cautions::of(&results.runs).iter().for_each(|caution| say(format_args!("warning: {caution}")));
    let workloads = recorded::workloads(&arguments.workloads, results.records.iter())?;
    results.records.retain(|record| workloads.contains(&record.workload));
    let mut summary = summarize(&results.records);
    summary.warnings.extend(machines::mixed(&results));
    Ok((results, summary))
}

/// What stands below a summary: what the run's own null arms say, and what the machine was unfit for.
fn below(results: &Results) -> Vec<String> {
    null_line(&results.records).into_iter().chain(remark(&results.runs)).collect()
}
