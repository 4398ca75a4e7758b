//! A planted bug: what stands in a source file, and what it becomes.

use std::path::Path;

/// One bug.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bug {
    /// Its name.
    pub(crate) name: String,
    /// What is wrong, in a few words, for the table.
    pub(crate) about: String,
    /// The source file, from the root of the workspace.
    pub(crate) file: String,
    /// Text that stands in it exactly once.
    find: String,
    /// What the bug makes of it.
    replace: String,
}

#[derive(serde::Deserialize)]
struct List {
    bug: Vec<Bug>,
}

/// Reads the list.
pub(crate) fn read(path: &Path) -> Result<Vec<Bug>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let list: List = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(list.bug)
}

impl Bug {
    /// Whether a test can see the bug: it is of a strategy that is built on the file.
    pub(crate) fn is_seen_by(&self, package: &str, test: &str) -> bool {
        let strategies = [
            ("crates/strategy-bump/", ["bump", "bump"]),
            ("crates/strategy-manual/", ["manual", "manual"]),
            ("crates/strategy-mark-sweep/", ["mark_sweep", "mark-sweep"]),
            ("crates/strategy-refcount-generational/", ["generational", "generational"]),
            ("crates/strategy-refcount/", ["refcount", "generational"]),
        ];
        let Some((_, [one, other])) = strategies.iter().find(|(folder, _)| self.file.starts_with(folder))
        else {
            return true;
        };
        let is_of_others = strategies.iter().flat_map(|(_, names)| names).any(|name| test.contains(name));
        let is_of_package = package == "heapbench-conformance" && !is_of_others;
        is_of_package || [package, test].iter().any(|text| text.contains(one) || text.contains(other))
    }

    /// The source with the bug in it.
    pub(crate) fn planted_in(&self, source: &str) -> Result<String, String> {
        match source.matches(&self.find).count() {
            1 if self.find != self.replace => Ok(source.replacen(&self.find, &self.replace, 1)),
            found => Err(format!(
                "bug '{}': its text stands {found} times in {}, expected once",
                self.name, self.file
            )),
        }
    }
}
