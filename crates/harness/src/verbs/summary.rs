//! `heapbench summary`: a table for each workload, or a row a line.

use crate::folders;
use crate::output::{print, print_json, say};
use crate::table;
use crate::trouble::Trouble;
use heapbench_results::store::{self, Results};
use heapbench_results::summary::summarize;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What to sum up.
#[derive(clap::Args, Clone, Debug)]
pub struct SummaryArguments {
    /// A results folder or a .jsonl file; the newest folder in results/ when left out
    pub results: Option<PathBuf>,
    /// One object a line
    #[arg(long)]
    pub json: bool,
}

/// Sums up.
///
/// # Errors
/// No results, or results that cannot be read.
pub fn run(arguments: &SummaryArguments) -> Result<(), Trouble> {
    let path = folders::named_or_newest(arguments.results.as_deref())?;
    let results = read(&path)?;
    let summary = summarize(&results.records);
    if arguments.json {
        return summary.rows.iter().try_for_each(print_json);
    }
    let stdout = std::io::stdout();
    print(&table::summary(&summary, stdout.is_terminal()))
}

/// Reads results; torn lines are warned of.
pub(super) fn read(path: &Path) -> Result<Results, Trouble> {
    let results = store::read(path).map_err(Trouble::request)?;
    results.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
    if results.records.is_empty() {
        return Err(Trouble::request(format!("{}: no cells, expected at least one", path.display())));
    }
    Ok(results)
}
