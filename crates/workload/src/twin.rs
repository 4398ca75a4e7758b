//! Twins: each workload's program in Python, built in, so that an installed command needs no source tree.
//!
//! A twin is `workloads/python/NAME.py`, NAME the program's, beside `twin.py` that all share. Twins are run from a folder
//! that [`install`] fills as the source tree is: `python/` beside `inputs/`. A new twin is a name in the list below.

use crate::error::WorkloadError;
use std::path::{Path, PathBuf};

/// Where twins are, in the source tree's `workloads/` and in an installed folder.
const FOLDER: &str = "python";

macro_rules! twins {
    ($($program:literal),* $(,)?) => {
        [$(($program, include_str!(concat!("../../../workloads/python/", $program, ".py")))),*]
    };
}

/// Program and text of each twin.
const TWINS: &[(&str, &str)] = &twins![
    "binary-trees",
    "rings",
    "live-graph",
    "churn",
    "linked-list",
    "size-mix",
    "fragmentation",
    "load",
    "json",
    "syntax-tree",
    "lru-cache",
    "requests",
    "async-tasks",
    "records",
    "orm",
    "text-index",
    "numbers",
    "listeners",
];

/// What twins import: the common part, and the sizes of Python's objects; and what runs one and forks.
const SHARED: &[(&str, &str)] = &twins!["twin", "sizes", "prefork"];

/// Name and contents of what twins read, in the source tree's `workloads/inputs/`.
const INPUTS: &[(&str, &[u8])] = &[
    ("emojibase-bn.json", include_bytes!("../../../workloads/inputs/emojibase-bn.json")),
    ("python-topics.txt", include_bytes!("../../../workloads/inputs/python-topics.txt")),
];

/// The program's twin below an installed folder; `None` when it has none.
pub fn script(program: &str) -> Option<PathBuf> {
    let (name, _) = TWINS.iter().find(|(name, _)| *name == program)?;
    Some(Path::new(FOLDER).join(name).with_extension("py"))
}

/// Writes all twins, and what they read, below a folder that exists.
///
/// # Errors
/// The system refuses a folder or a file.
pub fn install(folder: &Path) -> Result<(), WorkloadError> {
    let python = TWINS.iter().chain(SHARED);
    let python = python.map(|(name, text)| (FOLDER, format!("{name}.py"), text.as_bytes()));
    let inputs = INPUTS.iter().map(|(name, bytes)| ("inputs", name.to_string(), *bytes));
    for (kind, name, bytes) in python.chain(inputs) {
        let path = folder.join(kind).join(name);
        std::fs::create_dir_all(folder.join(kind)).and_then(|()| std::fs::write(&path, bytes)).map_err(
            |error| WorkloadError::Unwritable {
                file: path.display().to_string(),
                message: error.to_string(),
            },
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_twin_of_the_source_tree_is_built_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workloads/python");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let twins = files.filter(|path| path.extension().is_some_and(|extension| extension == "py"));
        let found: BTreeSet<_> =
            twins.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string()).collect();
        let built_in = TWINS.iter().chain(SHARED).map(|(name, _)| name.to_string());
        assert_eq!(found, built_in.collect());
    }

    #[test]
    fn every_workload_has_a_twin() {
        let without: Vec<String> = crate::definitions()
            .unwrap()
            .into_iter()
            .filter(|definition| script(&definition.program).is_none())
            .map(|definition| definition.name)
            .collect();
        assert!(without.is_empty(), "no twin: {without:?}");
    }

    #[test]
    fn an_installed_folder_has_twins_and_what_they_read() {
        let folder = tempfile::tempdir().unwrap();
        install(folder.path()).unwrap();
        let script = folder.path().join(script("rings").unwrap());
        assert!(std::fs::read_to_string(&script).unwrap().contains("import twin"));
        assert!(script.with_file_name("twin.py").is_file());
        assert!(folder.path().join("inputs/emojibase-bn.json").is_file());
        assert_eq!(super::script("no-such-program"), None);
    }

    #[test]
    fn a_folder_that_takes_nothing_is_told_in_a_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = install(file.path()).unwrap_err().to_string();
        assert!(error.contains("python") && error.lines().count() == 1, "{error}");
    }
}
