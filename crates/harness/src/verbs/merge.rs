//! `heapbench merge`: results of several folders put together in a new one.

use crate::output::{print, say};
use crate::reading::Reading;
use crate::trouble::Trouble;
use heapbench_results::store;
use std::path::PathBuf;

/// What to put together.
#[derive(clap::Args, Clone, Debug)]
pub struct MergeArguments {
    /// What to read
    #[command(flatten)]
    pub reading: Reading,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Puts results together, and gives the number of lines that contradict each other: all are kept.
///
/// # Errors
/// No results, results that cannot be read, a folder that has results or cannot be written.
pub fn run(arguments: &MergeArguments) -> Result<usize, Trouble> {
    let paths = arguments.reading.paths()?;
    let merged = store::merge(&paths, &arguments.out, arguments.reading.salvage).map_err(Trouble::request)?;
    merged.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
    let (cells, runs, duplicates) = (merged.cells, merged.runs, merged.duplicates);
    let (conflicts, out) = (merged.conflicts, arguments.out.display());
    say(format_args!(
        "{cells} cells of {runs} runs; {duplicates} duplicates dropped, {conflicts} conflicts kept"
    ));
    print(&out.to_string())?;
    Ok(conflicts)
}
