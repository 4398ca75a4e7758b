//! The rig tested: bugs planted in the strategies, one at a time, must be found by the default suite.
//!
//! ```text
//! planted.toml ─► bug ─► workspace (a copy with one line changed) ─► tests (each its own process) ─► matrix ─► README.md
//! ```
//!
//! The strategies carry no trace of it: a bug is a line of a source file and what it becomes, and the changed copy is
//! built and tested apart. So the list can rot, and the first test below sees to it that it does not.
//!
//! `scripts/planted` plants all of them and writes the table of README.md; `scripts/planted BUG…` some, and their rows.

mod bug;
mod matrix;
mod suite;
mod workspace;

use bug::Bug;
use matrix::Row;
use std::path::{Path, PathBuf};
use workspace::Workspace;

/// The workspace that this test was built from.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn readme() -> PathBuf {
    root().join("crates/conformance/README.md")
}

fn bugs() -> Vec<Bug> {
    bug::read(&root().join("crates/conformance/planted.toml")).unwrap()
}

#[test]
fn every_bug_still_fits_its_source() {
    let bugs = bugs();
    assert!(bugs.len() >= 30, "{} bugs, expected at least 30", bugs.len());
    for bug in &bugs {
        let source = std::fs::read_to_string(root().join(&bug.file)).unwrap();
        bug.planted_in(&source).unwrap_or_else(|problem| panic!("{problem}"));
    }
    let mut names: Vec<_> = bugs.iter().map(|bug| &bug.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), bugs.len(), "each bug has a name of its own");
}

#[test]
fn the_table_shows_every_bug_and_that_it_was_found() {
    let rows = matrix::read(&std::fs::read_to_string(readme()).unwrap()).unwrap();
    let found: Vec<_> = rows.iter().filter(|row| row.is_found()).map(|row| row.bug.as_str()).collect();
    let bugs = bugs();
    let names: Vec<_> = bugs.iter().map(|bug| bug.name.as_str()).collect();
    assert_eq!(found, names, "the table is generated: scripts/planted");
}

#[test]
#[ignore = "builds and tests the workspace once for each bug: half an hour and more"]
fn every_bug_is_found() {
    let only = std::env::var("HEAPBENCH_BUG").ok();
    let workspace = Workspace::copy(root(), Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let clean = suite::run(&workspace, |_, _| true).unwrap();
    assert!(clean.iter().all(|test| test.outcome.is_passed()), "without a bug: {:?}", suite::failed(&clean));
    let (bugs, mut rows) = (bugs(), Vec::new());
    let is_chosen =
        |bug: &&Bug| only.as_ref().is_none_or(|names| names.split(' ').any(|name| name == bug.name));
    for bug in bugs.iter().filter(is_chosen) {
        let is_wanted = |package: &str, test: &str| bug.is_seen_by(package, test);
        let tests = workspace.with(bug, |workspace| suite::run(workspace, is_wanted));
        let tests = tests.unwrap_or_else(|problem| {
            eprintln!("{}: {problem}", bug.name);
            Vec::new()
        });
        eprintln!("{}: {:?}", bug.name, suite::failed(&tests));
        rows.push(Row::new(bug, &tests));
        // As it comes, so that an hour's work is not lost to an interruption.
        matrix::write(&readme(), &bugs, &rows).unwrap();
    }
    let missed: Vec<_> = rows.iter().filter(|row| !row.is_found()).map(|row| &row.bug).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
