//! Which crate may depend on which: the dataflow of the house, as a table. What only tests need is in its own column.

use crate::manifests::{DEPENDENCIES, dependencies, manifests};
use crate::tree::Tree;
use crate::{expect_none, expect_one};

/// What a crate may depend on. Names are without `heapbench-`; one that ends in `*` stands for all that begin so.
struct Rule {
    /// The crate. Of several rules for one crate the first holds.
    of: &'static str,
    /// What it may need.
    normal: &'static [&'static str],
    /// What its tests may need besides.
    tests: &'static [&'static str],
}

const fn rule(of: &'static str, normal: &'static [&'static str], tests: &'static [&'static str]) -> Rule {
    Rule { of, normal, tests }
}

const RULES: [Rule; 18] = [
    rule("heap", &[], &[]),
    rule("memory", &["heap"], &[]),
    rule("model", &["heap"], &[]),
    rule("script", &["heap"], &[]),
    rule("conformance", &["heap", "memory", "model", "script"], &["strategy-*"]),
    rule("strategy-refcount", &["heap", "memory"], &["model", "conformance"]),
    rule("strategy-refcount-*", &["heap", "memory", "strategy-refcount"], &["model", "conformance"]),
    rule("strategy-freethreaded", &["heap", "memory", "strategy-refcount"], &["model", "conformance"]),
    rule("strategy-*", &["heap", "memory"], &["model", "conformance"]),
    rule("oracle", &["heap", "memory", "strategy-refcount"], &["model", "conformance"]),
    rule("objects", &["heap"], &["memory", "strategy-*"]),
    rule("workload", &["heap", "objects"], &["memory", "strategy-*"]),
    rule("results", &[], &[]),
    rule("measure", &["heap", "results"], &["memory", "strategy-*"]),
    rule("figures", &["results"], &[]),
    rule(
        "harness",
        &[
            "heap",
            "memory",
            "model",
            "script",
            "conformance",
            "strategy-*",
            "oracle",
            "objects",
            "workload",
            "measure",
            "results",
            "figures",
        ],
        &[],
    ),
    rule("bench", &["heap", "memory", "strategy-*", "objects", "workload", "measure"], &[]),
    rule("tidy", &[], &[]),
];

fn violations(tree: &Tree) -> Vec<String> {
    manifests(tree).iter().flat_map(|(path, manifest)| edges(path, manifest)).collect()
}

/// Every strategy is known to the conformance suite, the harness and the benches: nothing is timed that has not been
/// proven.
fn unproven(tree: &Tree) -> Vec<String> {
    let needed = |user: &str, strategy: &str| {
        tree.text(&format!("crates/{user}/Cargo.toml"))
            .is_some_and(|manifest| manifest.contains(&format!("heapbench-{strategy}.workspace")))
    };
    let members = tree.members();
    let strategies = members.iter().filter(|member| member.starts_with("strategy-"));
    strategies
        .flat_map(|strategy| ["conformance", "harness", "bench"].map(|user| (user, *strategy)))
        .filter(|(user, strategy)| !needed(user, strategy))
        .map(|(user, strategy)| {
            format!("crates/{user}/Cargo.toml: {strategy} is missing among its dependencies")
        })
        .collect()
}

fn edges(path: &str, manifest: &toml::Table) -> Vec<String> {
    let member = path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml");
    let Some(rule) = RULES.iter().find(|rule| matches(rule.of, member)) else {
        return vec![format!("{path}: {member} has no rule, expected one in the table of crates/tidy")];
    };
    let mut found = Vec::new();
    for kind in DEPENDENCIES {
        let for_tests = if kind == "dev-dependencies" { rule.tests } else { &[] };
        let allowed: Vec<&str> = rule.normal.iter().chain(for_tests).copied().collect();
        for (name, value) in dependencies(manifest, kind) {
            // A dependency may go by another name than its package's.
            let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(name);
            let Some(needed) = package.strip_prefix("heapbench-") else { continue };
            if !allowed.iter().any(|pattern| matches(pattern, needed)) {
                let list = if allowed.is_empty() { "none".to_string() } else { allowed.join(", ") };
                found.push(format!(
                    "{path}: {kind}: {member} needs {needed}, expected of the workspace: {list}"
                ));
            }
        }
    }
    found
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[test]
fn crates_depend_only_on_what_they_may() {
    expect_none(&violations(&Tree::sources()));
}

#[test]
fn strategies_are_proven_before_they_are_timed() {
    expect_none(&unproven(&Tree::sources()));
}

#[test]
fn a_planted_strategy_that_nobody_proves_is_found() {
    let timed = "[dependencies]\nheapbench-strategy-new.workspace = true\n";
    let files = [
        ("crates/strategy-new/Cargo.toml", ""),
        ("crates/harness/Cargo.toml", timed),
        ("crates/bench/Cargo.toml", timed),
        ("crates/conformance/Cargo.toml", ""),
    ];
    expect_one(&unproven(&Tree::of(&files)), &["crates/conformance", "strategy-new is missing"]);
}

#[test]
fn planted_edges_are_found() {
    let planted = |member: &str, table: &str, needed: &str| {
        let path = format!("crates/{member}/Cargo.toml");
        let manifest = format!("[{table}]\nheapbench-{needed}.workspace = true\nrand.workspace = true\n");
        violations(&Tree::of(&[(&path, &manifest)]))
    };
    expect_one(&planted("heap", "dependencies", "memory"), &["heap needs memory", "none"]);
    expect_one(&planted("heap", "dev-dependencies", "model"), &["dev-dependencies", "heap needs model"]);
    expect_one(
        &planted("figures", "dependencies", "strategy-bump"),
        &["figures needs strategy-bump", "results"],
    );
    expect_one(&planted("strategy-bump", "dependencies", "strategy-refcount"), &["heap, memory"]);
    expect_one(&planted("workload", "dependencies", "strategy-bump"), &["workload needs strategy-bump"]);
    expect_one(&planted("model", "build-dependencies", "memory"), &["build-dependencies"]);
    expect_one(&planted("model", "target.'cfg(unix)'.dependencies", "memory"), &["model needs memory"]);
    expect_one(&planted("novelty", "dependencies", "heap"), &["novelty has no rule"]);
    expect_none(&planted("strategy-refcount-trial", "dependencies", "strategy-refcount"));
    expect_none(&planted("strategy-novelty", "dependencies", "memory"));
    expect_none(&planted("workload", "dev-dependencies", "strategy-bump"));
    let renamed = "[dependencies]\nbytes = { package = \"heapbench-memory\", workspace = true }";
    expect_one(&violations(&Tree::of(&[("crates/heap/Cargo.toml", renamed)])), &["heap needs memory"]);
}
