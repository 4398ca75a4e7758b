//! The rules of the house, one a module; `src/lib.rs` lists them.
#![forbid(unsafe_code)]

mod clocks;
mod documents;
mod edges;
mod manifests;
mod record;
mod shape;
mod text;
mod tokens;
mod tree;
mod unsafe_code;
mod workloads;

/// Fails with all violations, a line each.
#[track_caller]
fn expect_none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// Fails unless there is exactly one violation and it contains each of the words.
#[track_caller]
fn expect_one(violations: &[String], words: &[&str]) {
    let found = violations.len() == 1 && words.iter().all(|word| violations[0].contains(word));
    assert!(found, "expected one violation with {words:?}, found {violations:#?}");
}
