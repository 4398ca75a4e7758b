//! Pages dirtied after a fork, as they are kept: the question of a server that prepares its data once and forks workers.
//!
//! They are no cells. A results folder has them in a file of their own, an object a line.

use crate::record::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Name of the file of forks in a results folder.
pub const PREFORK: &str = "prefork.jsonl";

/// One strategy's forks on one workload, at the moment when the workload's objects are at their most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prefork {
    /// The run that it belongs to: see `RunInfo`.
    pub run: String,
    /// Full configuration text, or the name of an interpreter.
    pub strategy: String,
    /// The workload's name.
    pub workload: String,
    /// `smoke`, `quick` or `full`.
    pub profile: String,
    /// The workload's parameters, by name.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// Whether an interpreter ran the workload's twin: an outside reference.
    pub interpreted: bool,
    /// How it ended.
    pub status: Status,
    /// What went wrong, in one line; empty when nothing did.
    #[serde(default)]
    pub error: String,
    /// Objects that the program can reach at the fork.
    pub objects: u64,
    /// Pages that the parent has written since before the heap was made: all that a child could dirty of it. Of an
    /// interpreter all pages, because its own objects lie among the program's.
    pub heap_pages: u64,
    /// Bytes of a page.
    pub page_bytes: u64,
    /// The children, one after the other.
    pub children: Vec<Forked>,
}

/// What a child does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: what the fork and the counting cost by themselves.
    #[default]
    Nothing,
    /// Reads every object that the program can reach, slot by slot and byte by byte, and changes none.
    Read,
    /// Collects everything once.
    Collect,
    /// Reads, and then collects.
    ReadAndCollect,
}

impl Action {
    /// All of them.
    pub const ALL: [Action; 4] = [Action::Nothing, Action::Read, Action::Collect, Action::ReadAndCollect];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Action::Nothing => "nothing",
            Action::Read => "read",
            Action::Collect => "collect",
            Action::ReadAndCollect => "read and collect",
        }
    }
}

/// One child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forked {
    /// What it did.
    pub action: Action,
    /// Whether the parent had frozen its objects before (`gc.freeze()`).
    pub frozen: bool,
    /// Pages that it had for itself at its end; `None`: the heap has no such thing as to freeze, or to collect.
    pub pages: Option<u64>,
    /// Page faults that it took: the check of `pages`.
    pub faults: Option<u64>,
}

impl Prefork {
    /// The child that did this.
    pub fn child(&self, action: Action, frozen: bool) -> Option<&Forked> {
        self.children.iter().find(|child| child.action == action && child.frozen == frozen)
    }

    /// Pages that an action dirtied, those of a child that did nothing taken off; `None` where the heap cannot do it.
    pub fn dirtied(&self, action: Action, frozen: bool) -> Option<u64> {
        let floor = self.child(Action::Nothing, frozen)?.pages?;
        Some(self.child(action, frozen)?.pages?.saturating_sub(floor))
    }

    /// The same as a share of the heap's pages, at most 1.
    pub fn dirtied_share(&self, action: Action, frozen: bool) -> Option<f64> {
        let pages = self.dirtied(action, frozen)? as f64;
        (self.heap_pages > 0).then(|| (pages / self.heap_pages as f64).min(1.0))
    }
}

/// Appends a line to a results folder's file of forks, and syncs it.
///
/// # Errors
/// The file cannot be written.
pub fn append(folder: &Path, prefork: &Prefork) -> io::Result<()> {
    let mut line = serde_json::to_vec(prefork)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).open(folder.join(PREFORK))?;
    file.write_all(&line)?;
    file.sync_data()
}

/// Reads a results folder's file of forks: none where there is no file. Of several lines of the same strategy, work and
/// seed the last one counts.
///
/// # Errors
/// A file that cannot be read, or a line that is none of ours, by its number.
pub fn read(folder: &Path) -> Result<Vec<Prefork>, String> {
    let path = folder.join(PREFORK);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|error| format!("{}: {error}", path.display()))?,
    };
    let mut kept: Vec<Prefork> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let prefork: Prefork = serde_json::from_str(line).map_err(|error| {
            format!("{}:{}:{}: no fork: {error}", path.display(), index + 1, error.column())
        })?;
        let is_same = |old: &Prefork| {
            (&old.strategy, &old.workload, &old.profile, &old.parameters, old.seed)
                == (&prefork.strategy, &prefork.workload, &prefork.profile, &prefork.parameters, prefork.seed)
        };
        kept.retain(|old| !is_same(old));
        kept.push(prefork);
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forks() -> Prefork {
        let child = |action, frozen, pages| Forked { action, frozen, pages, faults: pages };
        Prefork {
            strategy: "refcount".into(),
            heap_pages: 100,
            children: vec![
                child(Action::Nothing, false, Some(10)),
                child(Action::Read, false, Some(60)),
                child(Action::Collect, false, None),
                child(Action::ReadAndCollect, false, Some(500)),
                child(Action::Nothing, true, Some(10)),
                child(Action::Read, true, Some(4)),
            ],
            ..Prefork::default()
        }
    }

    #[test]
    fn the_floor_is_taken_off_and_what_cannot_be_done_is_none() {
        let forks = forks();
        assert_eq!(forks.dirtied(Action::Read, false), Some(50));
        assert_eq!(forks.dirtied(Action::Read, true), Some(0));
        assert_eq!(forks.dirtied(Action::Collect, false), None);
        assert_eq!(forks.dirtied(Action::Collect, true), None);
        assert_eq!(forks.dirtied_share(Action::Read, false), Some(0.5));
        assert_eq!(forks.dirtied_share(Action::ReadAndCollect, false), Some(1.0));
        assert_eq!(Prefork::default().dirtied_share(Action::Read, false), None);
    }

    #[test]
    fn lines_come_back_and_the_last_of_a_kind_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), Ok(Vec::new()));
        let other = Prefork { strategy: "bump".into(), ..forks() };
        let again = Prefork { heap_pages: 7, ..forks() };
        [&forks(), &other, &again].into_iter().for_each(|line| append(folder.path(), line).unwrap());
        assert_eq!(read(folder.path()), Ok(vec![other, again]));
        std::fs::write(folder.path().join(PREFORK), "\n{\"run\": 1}\n").unwrap();
        let told = read(folder.path()).unwrap_err();
        assert!(told.contains("prefork.jsonl:2:9: no fork"), "{told}");
    }
}
