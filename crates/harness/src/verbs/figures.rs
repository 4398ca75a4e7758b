//! `heapbench figures`: results in, pictures out.

use crate::output::print;
use crate::reading::Reading;
use crate::trouble::Trouble;
use heapbench_results::fitness::remark;
use heapbench_results::store::CELLS;
use heapbench_results::{Prefork, prefork};
use std::path::{Path, PathBuf};

/// What to draw.
#[derive(clap::Args, Clone, Debug)]
pub struct FiguresArguments {
    /// What to read
    #[command(flatten)]
    pub reading: Reading,
    /// Where the figures go; the folder figures in the (first) results folder when left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Draws, and prints the path of each picture.
///
/// # Errors
/// No results, results that cannot be read or drawn, a folder that cannot be written.
pub fn run(arguments: &FiguresArguments) -> Result<(), Trouble> {
    let paths = arguments.reading.paths()?;
    let out = arguments.out.clone().unwrap_or_else(|| beside(&paths));
    let forks = forks(&paths)?;
    let mut drawn = Vec::new();
    if !forks.is_empty() {
        drawn = heapbench_figures::draw_prefork(&forks, &out).map_err(Trouble::request)?;
    }
    // A folder of forks alone has no cells.
    if forks.is_empty() || paths.iter().any(|path| has_cells(path)) {
        let results = arguments.reading.read()?;
        let remark = remark(&results.runs).unwrap_or_default();
        let figures = heapbench_figures::draw_remarked(&results.records, &remark, &out);
        drawn.extend(figures.map_err(Trouble::request)?);
    }
    drawn.iter().try_for_each(|file| print(&file.display().to_string()))
}

/// The folder `figures` in the results folder, or beside the results file.
fn beside(results: &[PathBuf]) -> PathBuf {
    let results = results.first().map_or(Path::new(""), PathBuf::as_path);
    let folder = if results.is_dir() { results } else { results.parent().unwrap_or(Path::new("")) };
    folder.join("figures")
}

/// Whether there is anything in a file of cells, or in that of a folder.
fn has_cells(path: &Path) -> bool {
    let cells = if path.is_dir() { path.join(CELLS) } else { path.to_path_buf() };
    cells.metadata().is_ok_and(|file| file.len() > 0)
}

/// The forks that are in results folders.
fn forks(results: &[PathBuf]) -> Result<Vec<Prefork>, Trouble> {
    let folders = results.iter().filter(|path| path.is_dir());
    let read = folders.map(|folder| prefork::read(folder)).collect::<Result<Vec<_>, _>>();
    Ok(read.map_err(Trouble::request)?.concat())
}
