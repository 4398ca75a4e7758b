//! Files are short, begin with their idea, and are named after a concept; functions are short; every strategy has
//! the same file names, so that two can be read side by side.

use crate::manifests::manifests;
use crate::tokens::{Token, at, closing, tokens};
use crate::tree::{File, Tree};
use crate::{expect_none, expect_one};

/// Lines of a file, at most.
const FILE_LINES: usize = 500;

/// Lines of a function, at most.
const FUNCTION_LINES: usize = 70;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "misc", "common", "helper", "helpers"];

fn file_violations(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for path in &tree.paths {
        let name = path.rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default().to_lowercase();
        if EMPTY_NAMES.contains(&stem.as_str()) {
            found.push(format!("{path}: '{name}' says nothing, expected the name of a concept"));
        }
    }
    for file in tree.rust() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            found.push(format!("{}: {lines} lines, expected at most {FILE_LINES}", file.path));
        }
        if !file.text.starts_with("//! ") {
            found.push(format!("{}:1: no header, expected the file's idea behind //!", file.path));
        }
        match tokens(file) {
            Ok(tokens) => found.extend(long_functions(file, &tokens)),
            Err(violation) => found.push(violation),
        }
    }
    found
}

fn long_functions(file: &File, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for place in (0..tokens.len()).filter(|place| at(tokens, *place) == "fn" && at(tokens, place + 1) != "(")
    {
        let end = (place..tokens.len()).find(|place| ["{", ";"].contains(&at(tokens, *place)));
        let Some(open) = end.filter(|end| at(tokens, *end) == "{") else { continue };
        let first = tokens[place].line;
        let lines = tokens[closing(tokens, open)].line + 1 - first;
        if lines > FUNCTION_LINES {
            let (path, name) = (&file.path, at(tokens, place + 1));
            found
                .push(format!("{path}:{first}: {name} has {lines} lines, expected at most {FUNCTION_LINES}"));
        }
    }
    found
}

/// A strategy allocates itself unless it is built on another one; it collects when it says that it does.
fn strategy_violations(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (manifest, table) in manifests(tree) {
        let Some(folder) = manifest.strip_suffix("/Cargo.toml") else { continue };
        if !folder.starts_with("crates/strategy-") {
            continue;
        }
        let builds_on_another = table
            .get("dependencies")
            .and_then(toml::Value::as_table)
            .is_some_and(|edges| edges.keys().any(|name| name.starts_with("heapbench-strategy-")));
        let mut names = vec!["lib.rs", "check.rs"];
        if !builds_on_another {
            names.push("space.rs");
        }
        if collects(tree, &format!("{folder}/src/")) {
            names.push("collect.rs");
        }
        let missing = names.into_iter().map(|name| format!("{folder}/src/{name}"));
        let missing = missing.filter(|path| !tree.exists(path));
        found.extend(missing.map(|path| format!("{path}: missing, expected in a strategy of this kind")));
    }
    found
}

fn collects(tree: &Tree, folder: &str) -> bool {
    let says = |tokens: &[Token]| {
        (0..tokens.len())
            .any(|place| at(tokens, place) == "collects_cycles" && at(tokens, place + 2) == "true")
    };
    tree.files_in(folder, ".rs").filter_map(|file| tokens(file).ok()).any(|tokens| says(&tokens))
}

#[test]
fn files_and_functions_are_short_and_well_named() {
    expect_none(&file_violations(&Tree::sources()));
}

#[test]
fn strategies_have_the_same_file_names() {
    expect_none(&strategy_violations(&Tree::sources()));
}

#[test]
fn planted_files_out_of_shape_are_found() {
    let planted = |path: &str, text: &str| file_violations(&Tree::of(&[(path, text)]));
    let (file, long) = ("crates/heap/src/a.rs", "//! A.\n".repeat(FILE_LINES + 1));
    expect_one(&planted(file, &long), &[file, "501 lines"]);
    expect_one(&planted(file, "use std::fmt;\n"), &[file, "no header"]);
    expect_one(&planted("crates/heap/src/utils.rs", "//! A.\n"), &["utils.rs", "says nothing"]);
    expect_one(&planted("scripts/common/a.sh", ""), &["scripts/common:", "says nothing"]);
    let function = |lines: usize| format!("//! A.\nfn f() {{{}}}\n", "\n".repeat(lines - 1));
    expect_one(&planted(file, &function(FUNCTION_LINES + 1)), &["a.rs:2", "f has 71 lines"]);
    expect_none(&planted(file, &function(FUNCTION_LINES)));
    expect_none(&planted(file, "//! A.\ntrait A { fn f(); }\ntype B = fn(u8);\n"));
}

#[test]
fn planted_strategies_without_their_files_are_found() {
    let planted = |dependencies: &str, files: &[&str]| {
        let manifest = format!("[dependencies]\n{dependencies}\n");
        let mut all = vec![("crates/strategy-a/Cargo.toml", manifest.as_str())];
        all.extend(files.iter().map(|path| (*path, "const C: A = A { collects_cycles: true };")));
        strategy_violations(&Tree::of(&all))
    };
    let [lib, check, space, collect] =
        ["lib", "check", "space", "collect"].map(|name| format!("crates/strategy-a/src/{name}.rs"));
    expect_none(&planted("", &[&lib, &check, &space, &collect]));
    expect_one(&planted("", &[&lib, &check, &collect]), &["src/space.rs"]);
    expect_one(&planted("", &[&lib, &check, &space]), &["src/collect.rs"]);
    expect_one(&planted("", &[&lib, &space, &collect]), &["src/check.rs"]);
    expect_none(&planted("heapbench-strategy-b.workspace = true", &[&lib, &check, &collect]));
}
