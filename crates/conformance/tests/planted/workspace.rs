//! A copy of the workspace, to be broken.

use crate::bug::Bug;
use std::io;
use std::path::{Path, PathBuf};

/// The copy, with a target directory of its own.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

/// What is built of the workspace; the rest of the tree is not copied.
const PARTS: [&str; 4] = ["Cargo.toml", "Cargo.lock", "crates", "workloads"];

impl Workspace {
    /// Copies the workspace at `from` to a folder under `to`. Files that are the same there already are left alone, so
    /// that what was built of them stays.
    pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<Workspace> {
        let (root, target) = (to.join("planted"), to.join("planted-target"));
        for part in PARTS {
            copy_tree(&from.join(part), &root.join(part))?;
        }
        Ok(Workspace { root, target })
    }

    /// Plants a bug, does something, and takes the bug out again.
    pub(crate) fn with<T>(
        &self,
        bug: &Bug,
        work: impl FnOnce(&Workspace) -> Result<T, String>,
    ) -> Result<T, String> {
        let file = self.root.join(&bug.file);
        let source = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", bug.file))?;
        let write =
            |text: &str| std::fs::write(&file, text).map_err(|error| format!("{}: {error}", bug.file));
        write(&bug.planted_in(&source)?)?;
        let done = work(self);
        write(&source)?;
        done
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        let text = std::fs::read(from)?;
        if std::fs::read(to).ok().as_ref() != Some(&text) {
            std::fs::create_dir_all(to.parent().unwrap_or(to))?;
            std::fs::write(to, text)?;
        }
        return Ok(());
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != "target" {
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
