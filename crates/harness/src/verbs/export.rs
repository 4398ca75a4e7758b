//! `heapbench export`: results as tables, for pandas, DuckDB and spreadsheets.

use crate::output::print;
use crate::reading::Reading;
use crate::trouble::Trouble;
use heapbench_results::export;
use std::path::PathBuf;

/// What to export.
#[derive(clap::Args, Clone, Debug)]
pub struct ExportArguments {
    /// What to read
    #[command(flatten)]
    pub reading: Reading,
    /// How tables are written
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
    /// Where the tables go
    #[arg(long, value_name = "DIR", default_value = "export")]
    pub out: PathBuf,
}

/// How tables are written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, a header first (RFC 4180).
    Csv,
}

/// Exports, and prints the path of each table.
///
/// # Errors
/// No results, results that cannot be read, a folder that cannot be written.
pub fn run(arguments: &ExportArguments) -> Result<(), Trouble> {
    let results = arguments.reading.read()?;
    let Format::Csv = arguments.format;
    let written = export::csv(&results, &arguments.out).map_err(Trouble::failure)?;
    written.iter().try_for_each(|file| print(&file.display().to_string()))
}
