//! Results folders: where a run goes, and which one is meant when none is named.

use crate::trouble::Trouble;
use heapbench_results::store::CELLS;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder that holds results folders, below the current one.
pub const RESULTS: &str = "results";

/// The folder below [`RESULTS`] that is kept with the sources; it is never meant unless it is named.
const REFERENCE: &str = "reference";

/// The named results, or the newest folder in [`RESULTS`]: the one that a cell was last added to.
///
/// # Errors
/// None is named and there is none.
pub fn named_or_newest(named: Option<&Path>) -> Result<PathBuf, Trouble> {
    let expected = || format!("no results in {RESULTS}/, expected a results folder as an argument");
    match named {
        Some(path) => Ok(path.to_path_buf()),
        None => newest(Path::new(RESULTS)).ok_or_else(|| Trouble::request(expected())),
    }
}

fn newest(parent: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(parent).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let written =
        |folder: &PathBuf| -> Option<SystemTime> { folder.join(CELLS).metadata().ok()?.modified().ok() };
    folders
        .filter(|folder| !folder.ends_with(REFERENCE))
        .filter_map(|folder| Some((written(&folder)?, folder)))
        .max()
        .map(|(_, folder)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_the_last_written_and_never_the_reference() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(newest(parent.path()), None);
        for (age, name) in [(30, "b"), (20, "a"), (10, REFERENCE)] {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let file = std::fs::File::create(folder.join(CELLS)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        std::fs::create_dir(parent.path().join("empty")).unwrap();
        assert_eq!(newest(parent.path()), Some(parent.path().join("a")));
        assert_eq!(newest(&parent.path().join("absent")), None);
    }
}
