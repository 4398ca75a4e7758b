//! The tree: every file that is kept with the sources, read once by each rule that needs it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders that are made, not written.
const MADE: [&str; 4] = ["target", ".git", "__pycache__", ".venv"];

/// What is kept of the folder `results`; the rest is made by runs.
const KEPT_RESULTS: [&str; 2] = ["results/README.md", "results/reference"];

/// A file of text.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// From the root, with slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl File {
    /// The folder's name below `crates`, for files that belong to a crate.
    pub(crate) fn member(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split_once('/').map(|(member, _)| member)
    }

    /// Its lines, numbered from 1.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The sources, or a planted sample of them.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Every file of text, in order of path.
    pub(crate) files: Vec<File>,
    /// The path of every file and folder, those that are not text included.
    pub(crate) paths: BTreeSet<String>,
}

impl Tree {
    /// The sources that this test was built from.
    pub(crate) fn sources() -> Tree {
        let mut tree = Tree::default();
        let mut folders = vec![root()];
        while let Some(folder) = folders.pop() {
            // Editors and other builds may take a file away between being listed and being read.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = relative(&entry.path());
                if is_made(&path) {
                    continue;
                }
                if entry.path().is_dir() {
                    tree.paths.insert(path);
                    folders.push(entry.path());
                } else if let Ok(bytes) = std::fs::read(entry.path()) {
                    tree.add(path, bytes);
                }
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(tree.exists("Cargo.toml") && tree.exists("crates"), "no sources at {}", root().display());
        tree
    }

    /// A planted tree of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            let folders = Path::new(path).ancestors().skip(1).filter(|folder| *folder != Path::new(""));
            tree.paths.extend(folders.map(|folder| folder.display().to_string()));
            tree.add(path.to_string(), text.as_bytes().to_vec());
        }
        tree
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) {
        self.paths.insert(path.clone());
        if let Ok(text) = String::from_utf8(bytes) {
            self.files.push(File { path, text });
        }
    }

    /// Whether there is such a file or folder.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// The files whose path begins and ends like this.
    pub(crate) fn files_in<'a>(&'a self, folder: &'a str, end: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.starts_with(folder) && file.path.ends_with(end))
    }

    /// All Rust.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files_in("crates/", ".rs")
    }

    /// The names of the folders below `crates`.
    pub(crate) fn members(&self) -> BTreeSet<&str> {
        self.files.iter().filter_map(File::member).collect()
    }
}

/// The root of the sources.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("the walk starts at the root").display().to_string()
}

/// Whether builds and runs make this, so that it is not of the tree.
pub(crate) fn is_made(path: &str) -> bool {
    let kept_result = KEPT_RESULTS.iter().any(|kept| path.starts_with(kept));
    path.split('/').any(|name| MADE.contains(&name)) || (path.starts_with("results/") && !kept_result)
}

#[test]
fn what_runs_and_builds_make_is_not_of_the_tree() {
    assert!(is_made("target") && is_made("workloads/python/__pycache__/a.pyc") && is_made("results/quick-1"));
    assert!(
        !is_made("crates/results/src") && !is_made("results") && !is_made("results/reference/cells.jsonl")
    );
}

#[test]
fn the_sources_are_read() {
    let tree = Tree::sources();
    assert!(
        tree.text("crates/tidy/tests/house/tree.rs")
            .is_some_and(|text| text.contains("the_sources_are_read"))
    );
    assert!(tree.members().contains("heap") && tree.rust().count() > 50);
}
