//! Version, edition, lints and every dependency are said once, in the workspace's manifest.

use crate::tree::Tree;
use crate::{expect_none, expect_one};
use toml::{Table, Value};

/// Keys of a package that the workspace gives.
const SHARED: [&str; 6] = ["version", "edition", "rust-version", "license", "repository", "publish"];

/// The tables of a manifest that name dependencies.
pub(crate) const DEPENDENCIES: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

/// Path and content of each crate's manifest. One that is not TOML is empty, and so lacks everything.
pub(crate) fn manifests(tree: &Tree) -> Vec<(&str, Table)> {
    let files = tree.files.iter().filter(|file| {
        file.member().is_some_and(|member| file.path == format!("crates/{member}/Cargo.toml"))
    });
    files.map(|file| (file.path.as_str(), file.text.parse().unwrap_or_default())).collect()
}

/// The tables of one kind of dependencies, those of particular targets included.
pub(crate) fn dependencies<'a>(manifest: &'a Table, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = targets.filter_map(Value::as_table).chain([manifest]);
    let tables = places.filter_map(|place| place.get(kind)?.as_table());
    tables.flat_map(|table| table.iter().map(|(name, value)| (name.as_str(), value))).collect()
}

fn violations(tree: &Tree) -> Vec<String> {
    let mut found = members(tree);
    for (path, manifest) in manifests(tree) {
        let mut fault = |fault: String| found.push(format!("{path}: {fault}"));
        let folder = path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml");
        let text = |key: &str| manifest.get("package")?.get(key)?.as_str();
        if text("name") != Some(&format!("heapbench-{folder}")) {
            fault(format!("package.name is {:?}, expected heapbench-{folder}", text("name").unwrap_or("")));
        }
        if text("description").is_none_or(|description| description.len() < 10) {
            fault("package.description is missing or empty, expected one line".to_string());
        }
        for key in SHARED {
            if !manifest.get("package").and_then(|package| package.get(key)).is_some_and(is_shared) {
                fault(format!("package.{key} is its own, expected {key}.workspace = true"));
            }
        }
        if !manifest.get("lints").is_some_and(is_shared) {
            fault("no lints, expected [lints] workspace = true".to_string());
        }
        for kind in DEPENDENCIES {
            let own = dependencies(&manifest, kind).into_iter().filter(|(_, value)| !is_shared(value));
            own.for_each(|(name, _)| fault(format!("{kind}.{name} is its own, expected workspace = true")));
        }
    }
    found
}

fn is_shared(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Every folder of `crates` is a member.
fn members(tree: &Tree) -> Vec<String> {
    let workspace: Table = tree.text("Cargo.toml").unwrap_or_default().parse().unwrap_or_default();
    let listed = workspace.get("workspace").and_then(|table| table.get("members")).and_then(Value::as_array);
    let listed: Vec<&str> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
    let missing = tree.members().into_iter().filter(|member| !listed.contains(&&*format!("crates/{member}")));
    missing.map(|member| format!("Cargo.toml: crates/{member} is no member, expected in members")).collect()
}

#[test]
fn what_crates_share_is_said_once() {
    expect_none(&violations(&Tree::sources()));
}

#[test]
fn planted_manifests_of_their_own_mind_are_found() {
    let good = "[package]\nname = \"heapbench-a\"\ndescription = \"Something useful\"\nversion.workspace = true\n\
        edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
        repository.workspace = true\npublish.workspace = true\n[dependencies]\nrand.workspace = true\n\
        [lints]\nworkspace = true\n";
    let planted = |from: &str, to: &str| {
        let manifest = good.replacen(from, to, 1);
        let root = "[workspace]\nmembers = [\"crates/a\"]";
        violations(&Tree::of(&[("Cargo.toml", root), ("crates/a/Cargo.toml", &manifest)]))
    };
    expect_none(&planted("", ""));
    expect_one(&planted("heapbench-a", "a"), &["crates/a/Cargo.toml", "package.name", "heapbench-a"]);
    expect_one(&planted("Something useful", "-"), &["package.description"]);
    expect_one(&planted("edition.workspace = true", "edition = \"2021\""), &["package.edition"]);
    expect_one(&planted("[lints]", "[other]"), &["no lints"]);
    expect_one(&planted("rand.workspace = true", "rand = \"0.9\""), &["dependencies.rand"]);
    expect_one(&planted("[lints]", "[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n[lints]"), &["libc"]);
    let stray = Tree::of(&[("Cargo.toml", "[workspace]\nmembers = []"), ("crates/a/src/lib.rs", "")]);
    expect_one(&violations(&stray), &["crates/a is no member"]);
}
