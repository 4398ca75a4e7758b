//! The results that a verb is given: named or the newest, one or several, read as one.

use crate::folders;
use crate::output::say;
use crate::trouble::Trouble;
use heapbench_results::store::{self, Results};
use std::path::{Path, PathBuf};

/// Which results to read.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Reading {
    /// Results folders or .jsonl files, read as one; the newest folder in results/ when left out
    pub results: Vec<PathBuf>,
    /// Leave damaged lines out, each with a warning, and read the others
    #[arg(long)]
    pub salvage: bool,
}

impl Reading {
    /// Of one folder or file.
    pub fn of(results: &Path) -> Reading {
        Reading { results: vec![results.to_path_buf()], salvage: false }
    }

    /// The folders and files that are meant.
    ///
    /// # Errors
    /// None is named and there is none.
    pub fn paths(&self) -> Result<Vec<PathBuf>, Trouble> {
        if self.results.is_empty() {
            Ok(vec![folders::named_or_newest(None)?])
        } else {
            Ok(self.results.clone())
        }
    }

    /// Reads them; what was left out, contradicts itself or was measured twice is warned of.
    ///
    /// # Errors
    /// No results, results that cannot be read, results without cells.
    pub fn read(&self) -> Result<Results, Trouble> {
        let paths = self.paths()?;
        let results = store::read_all(&paths, self.salvage).map_err(Trouble::request)?;
        results.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
        if results.records.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(Trouble::request(format!("{}: no cells, expected at least one", names.join(", "))));
        }
        Ok(results)
    }
}
