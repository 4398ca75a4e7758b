//! `heapbench figures`: results in, pictures out.

use crate::folders;
use crate::output::print;
use crate::trouble::Trouble;
use std::path::{Path, PathBuf};

/// What to draw.
#[derive(clap::Args, Clone, Debug)]
pub struct FiguresArguments {
    /// A results folder or a .jsonl file; the newest folder in results/ when left out
    pub results: Option<PathBuf>,
    /// Where the figures go; the folder figures in the results folder when left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Draws, and prints the path of each picture.
///
/// # Errors
/// No results, results that cannot be read or drawn, a folder that cannot be written.
pub fn run(arguments: &FiguresArguments) -> Result<(), Trouble> {
    let path = folders::named_or_newest(arguments.results.as_deref())?;
    let results = super::summary::read(&path)?;
    let out = arguments.out.clone().unwrap_or_else(|| beside(&path));
    let drawn = heapbench_figures::draw_all(&results.records, &out).map_err(Trouble::request)?;
    drawn.iter().try_for_each(|file| print(&file.display().to_string()))
}

/// The folder `figures` in the results folder, or beside the results file.
fn beside(results: &Path) -> PathBuf {
    let folder = if results.is_dir() { results } else { results.parent().unwrap_or(Path::new("")) };
    folder.join("figures")
}
