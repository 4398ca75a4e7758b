//! The list of all definitions. A new workload adds its file here.

use crate::definition::Definition;
use crate::error::WorkloadError;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../", $path)))),*]
    };
}

/// Path and text of each definition, in the order in which they are listed and run.
const FILES: &[(&str, &str)] = &files![
    "workloads/mechanism/binary-trees.toml",
    "workloads/mechanism/rings.toml",
    "workloads/mechanism/live-graph.toml",
    "workloads/mechanism/churn.toml",
    "workloads/mechanism/linked-list.toml",
    "workloads/mechanism/size-mix.toml",
    "workloads/mechanism/fragmentation.toml",
    "workloads/mechanism/load.toml",
    "workloads/program/json.toml",
    "workloads/program/syntax-tree.toml",
    "workloads/program/lru-cache.toml",
    "workloads/program/requests.toml",
    "workloads/program/async-tasks.toml",
    "workloads/program/records.toml",
    "workloads/program/orm.toml",
    "workloads/program/text-index.toml",
    "workloads/program/numbers.toml",
    "workloads/program/listeners.toml",
];

/// All definitions.
///
/// # Errors
/// A definition that is malformed.
pub fn definitions() -> Result<Vec<Definition>, WorkloadError> {
    FILES.iter().map(|(file, text)| Definition::parse(file, text)).collect()
}

/// The definition with this name.
///
/// # Errors
/// No workload has the name; a definition that is malformed.
pub fn find(name: &str) -> Result<Definition, WorkloadError> {
    let all = definitions()?;
    let unknown = WorkloadError::unknown("workload", name, all.iter().map(|found| found.name.as_str()));
    all.into_iter().find(|found| found.name == name).ok_or(unknown)
}
