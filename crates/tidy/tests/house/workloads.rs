//! Every definition in `workloads/mechanism` and `workloads/program` is complete and built into the program; every input says where it comes from and
//! under which licence, in a row of the table beside it.

use crate::tree::{File, Tree};
use crate::{expect_none, expect_one};
use toml::{Table, Value};

/// The list of what is built in.
const CATALOGUE: &str = "crates/workload/src/catalogue.rs";

/// Where definitions are.
const FOLDERS: [&str; 2] = ["workloads/mechanism/", "workloads/program/"];

/// Where the inputs are.
const INPUTS: &str = "workloads/inputs/";

/// The table of their origins.
const ORIGIN: &str = "workloads/inputs/ORIGIN.md";

/// Keys that are text, and say something.
const TEXTS: [&str; 3] = ["source", "claim", "stresses"];

const PROFILES: [&str; 3] = ["smoke", "quick", "full"];

fn definition_violations(tree: &Tree) -> Vec<String> {
    let catalogue = tree.text(CATALOGUE).unwrap_or_default();
    let mut found = Vec::new();
    let definitions = FOLDERS.iter().flat_map(|folder| tree.files_in(folder, ".toml"));
    for file in definitions {
        if !catalogue.contains(&format!("\"{}\"", file.path)) {
            found.push(format!("{}: not built in, expected in the list of {CATALOGUE}", file.path));
        }
        match file.text.parse() {
            Ok(table) => {
                found.extend(faults(file, &table).iter().map(|fault| format!("{}: {fault}", file.path)))
            }
            Err(_) => found.push(format!("{}: not TOML, expected a definition", file.path)),
        }
    }
    found
}

fn faults(file: &File, table: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    let mut parts = file.path.trim_end_matches(".toml").rsplit('/');
    for (key, expected) in ["name", "group"].into_iter().zip(parts.by_ref()) {
        if table.get(key).and_then(Value::as_str) != Some(expected) {
            faults.push(format!("{key} is not that of its path, expected {expected}"));
        }
    }
    for key in TEXTS {
        if table.get(key).and_then(Value::as_str).is_none_or(|text| text.len() < 20) {
            faults.push(format!("{key} says too little, expected a sentence"));
        }
    }
    if table.get("unit").and_then(Value::as_str).is_none_or(str::is_empty) {
        faults.push("no unit, expected what one operation is".to_string());
    }
    for profile in PROFILES {
        let checksum = table.get("profile").and_then(|all| all.get(profile)?.get("checksum")?.as_str());
        let is_digits = |text: &str| text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit());
        if !checksum.is_some_and(is_digits) {
            let found = checksum.unwrap_or("missing");
            faults.push(format!("profile.{profile}.checksum is {found}, expected 16 hexadecimal digits"));
        }
    }
    faults
}

fn input_violations(tree: &Tree) -> Vec<String> {
    let table = tree.text(ORIGIN).unwrap_or_default();
    let mut found = Vec::new();
    let mut licences = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let name = row.trim_start_matches("| `").split('`').next().unwrap_or_default();
        if !tree.exists(&format!("{INPUTS}{name}")) {
            found.push(format!("{ORIGIN}: {name} is not there, expected beside it"));
        }
        let licence = row.split("](").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        if licence.is_empty() || !tree.exists(&format!("{INPUTS}{licence}")) {
            found.push(format!("{ORIGIN}: {name}: no licence, expected a link to its text beside it"));
        }
        licences.push(licence);
    }
    let names = tree.paths.iter().filter_map(|path| path.strip_prefix(INPUTS));
    let unknown = names.filter(|name| {
        let is_told = table.contains(&format!("| `{name}` |")) || licences.contains(name);
        format!("{INPUTS}{name}") != ORIGIN && !is_told
    });
    found.extend(
        unknown.map(|name| format!("{INPUTS}{name}: of unknown origin, expected in a row of {ORIGIN}")),
    );
    found
}

#[test]
fn definitions_are_complete_and_built_in() {
    let tree = Tree::sources();
    assert!(tree.files_in("workloads/", ".toml").count() > 0);
    expect_none(&definition_violations(&tree));
}

#[test]
fn inputs_have_an_origin_and_a_licence() {
    expect_none(&input_violations(&Tree::sources()));
}

#[test]
fn planted_definitions_that_lack_something_are_found() {
    let text = "a sentence that is long enough";
    let mut good = format!(
        "name = \"a\"\ngroup = \"program\"\nunit = \"node\"\nsource = \"{text}\"\nclaim = \"{text}\"\nstresses = \"{text}\"\n"
    );
    for profile in PROFILES {
        good += &format!("[profile.{profile}]\nchecksum = \"0123456789abcdef\"\n");
    }
    let list = "const FILES = files![\"workloads/program/a.toml\"];";
    let planted = |from: &str, to: &str| {
        let definition = good.replacen(from, to, 1);
        definition_violations(&Tree::of(&[("workloads/program/a.toml", &definition), (CATALOGUE, list)]))
    };
    expect_none(&planted("", ""));
    expect_one(&planted("name = \"a\"", "name = \"b\""), &["workloads/program/a.toml", "name", "expected a"]);
    expect_one(&planted("\"program\"", "\"mechanism\""), &["group", "expected program"]);
    expect_one(&planted("unit = \"node\"", ""), &["no unit"]);
    expect_one(&planted("claim", "blame"), &["claim"]);
    expect_one(&planted("[profile.quick]", "[profile.quicker]"), &["profile.quick.checksum is missing"]);
    expect_one(&planted("0123456789abcdef", "0"), &["profile.smoke.checksum is 0"]);
    expect_one(&planted("name = ", "name "), &["not TOML"]);
    let absent = [("workloads/program/a.toml", good.as_str()), (CATALOGUE, "")];
    expect_one(&definition_violations(&Tree::of(&absent)), &["not built in"]);
}

#[test]
fn planted_inputs_of_unknown_origin_are_found() {
    let row = "| `a.json` | npm | MIT, [`a-LICENSE`](a-LICENSE) |\n";
    let planted = |row: &str, names: &[&str]| {
        let paths: Vec<String> = names.iter().map(|name| format!("{INPUTS}{name}")).collect();
        let mut files = vec![(ORIGIN, row)];
        files.extend(paths.iter().map(|path| (path.as_str(), "")));
        input_violations(&Tree::of(&files))
    };
    expect_none(&planted(row, &["a.json", "a-LICENSE"]));
    expect_one(&planted(row, &["a.json"]), &["a.json: no licence"]);
    expect_one(&planted(row, &["a-LICENSE"]), &["a.json is not there"]);
    expect_one(&planted(row, &["a.json", "a-LICENSE", "b.json"]), &["b.json: of unknown origin"]);
    expect_one(&planted("| `a.json` | npm | MIT |\n", &["a.json"]), &["no licence"]);
}
