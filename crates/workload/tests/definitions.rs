//! Definitions, good and bad: what is wrong, where, and what was expected.

use heapbench_workload::{DEFAULT_SEED, Definition, Profile, WorkloadError, definitions, find};

const GOOD: &str = r#"name = "mine"
program = "rings"
group = "mechanism"
unit = "node"
source = "s"
claim = "c"
stresses = "t"

[parameters]
nodes = { default = 100, about = "nodes" }
ring = { default = 10, about = "ring" }
automatic = { default = true, about = "automatic" }

[profile.smoke]
checksum = "00000000000000ff"
[profile.quick]
nodes = 200
[profile.full]
"#;

fn error(text: &str) -> String {
    Definition::parse("my.toml", text).unwrap_err().to_string()
}

#[test]
fn a_definition_of_ones_own_runs() {
    let definition = Definition::parse("my.toml", GOOD).unwrap();
    assert_eq!(definition.parameters(Profile::Quick)["nodes"], 200);
    assert_eq!(definition.parameters(Profile::Full)["nodes"], 100);
    assert_eq!(definition.expected_checksum(Profile::Smoke), Some(255));
    assert_eq!(definition.expected_checksum(Profile::Quick), None);
    let parameters = definition.parameters(Profile::Smoke);
    assert_eq!(definition.expected(&parameters, DEFAULT_SEED), Some(255));
    assert_eq!(definition.expected(&parameters, DEFAULT_SEED + 1), None);
    assert_eq!(definition.expected(&definition.parameters(Profile::Quick), DEFAULT_SEED), None);
    definition.prepare(&parameters, DEFAULT_SEED).unwrap();
}

#[test]
fn errors_name_place_and_key() {
    for (from, to, expected) in [
        ("name = \"mine\"", "name = ", "my.toml:1:8: name: "),
        ("unit = \"node\"", "unit = 3", "my.toml:4:8: unit: invalid type: integer `3`, expected a string"),
        ("unit = \"node\"", "unti = \"node\"", "my.toml:4:1: unknown field `unti`, expected one of "),
        ("unit = \"node\"\n", "", "my.toml:1:1: missing field `unit`"),
        ("\"mechanism\"", "\"machine\"", "my.toml:3:9: group: unknown variant `machine`"),
        (
            "nodes = 200",
            "nodse = 200",
            "my.toml:17:1: unknown parameter of mine 'nodse', did you mean 'nodes'?",
        ),
        ("nodes = 200", "nodes = \"x\"", "my.toml:17:9: nodes = \"x\", expected a whole number"),
        ("\"00000000000000ff\"", "\"xyz\"", "my.toml:15:12: checksum = \"xyz\", expected hexadecimal digits"),
        ("[profile.quick]", "[profile.quik]", "my.toml:16:10: unknown profile 'quik', did you mean 'quick'?"),
        ("[profile.full]\n", "", "my.toml:18:1: missing table [profile.full]"),
    ] {
        let text = GOOD.replace(from, to);
        let found = error(&text);
        assert!(found.starts_with(expected), "{to}: found {found}\n expected {expected}");
        assert!(!found.contains('\n'), "one line: {found}");
    }
    let missing = Definition::read("no/such.toml".as_ref()).unwrap_err();
    assert!(
        matches!(missing, WorkloadError::Unreadable { ref file, .. } if file == "no/such.toml"),
        "{missing}"
    );
}

fn refusal(workload: &str, key: &str, value: &str) -> String {
    let definition = find(workload).unwrap();
    let mut parameters = definition.parameters(Profile::Smoke);
    match definition.set(&mut parameters, key, value) {
        Err(error) => error.to_string(),
        Ok(()) => definition.prepare(&parameters, DEFAULT_SEED).unwrap_err().to_string(),
    }
}

#[test]
fn absurd_parameters_are_refused_before_anything_runs() {
    for (workload, key, value, expected) in [
        (
            "rings",
            "nodes",
            "0",
            "invalid value 0 of parameter 'nodes' of rings, expected a whole number from 1 to ",
        ),
        (
            "rings",
            "nodes",
            "-1",
            "invalid value -1 of parameter 'nodes' of rings, expected a whole number from 1 ",
        ),
        (
            "rings",
            "nodes",
            "99999999999999999999",
            "invalid value '99999999999999999999' of parameter 'nodes' of",
        ),
        (
            "rings",
            "nodes",
            "many",
            "invalid value 'many' of parameter 'nodes' of rings, expected a whole number",
        ),
        (
            "rings",
            "ring",
            "100001",
            "invalid value 100001 of parameter 'ring' of rings, expected a whole number",
        ),
        ("rings", "rings", "1", "unknown parameter of rings 'rings', did you mean 'ring'?"),
        (
            "rings",
            "automatic",
            "yes",
            "invalid value 'yes' of parameter 'automatic' of rings, expected true or false",
        ),
        (
            "live-graph",
            "objects",
            "100000000",
            "invalid value 3 of parameter 'degree' of live-graph, expected at most",
        ),
        (
            "binary-trees",
            "depth",
            "29",
            "invalid value 29 of parameter 'depth' of binary-trees, expected a whole",
        ),
        (
            "lru-cache",
            "skew",
            "NaN",
            "invalid value 'NaN' of parameter 'skew' of lru-cache, expected a number",
        ),
        (
            "requests",
            "failure_rate",
            "1.5",
            "invalid value 1.5 of parameter 'failure_rate' of requests, expected a ",
        ),
        ("json", "input", "no/such.json", "no/such.json: cannot be read: "),
    ] {
        let found = refusal(workload, key, value);
        assert!(found.starts_with(expected), "{key}={value}: found {found}");
    }
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let definition = find("rings").unwrap();
    let mut parameters = definition.parameters(Profile::Smoke);
    parameters.remove("nodes");
    let found = definition.prepare(&parameters, DEFAULT_SEED).unwrap_err().to_string();
    assert!(found.starts_with("invalid value (none) of parameter 'nodes' of rings"), "{found}");
    let found = find("ringz").unwrap_err().to_string();
    assert_eq!(found, "unknown workload 'ringz', did you mean 'rings'?");
}

#[test]
fn a_malformed_document_names_its_line_and_column() {
    for (text, expected) in [
        ("{\"a\": 1,\n \"b\": tru}", ":2:10: expected ident"),
        ("", ":1:0: EOF while parsing a value"),
        ("[1, 2] x", ":1:8: trailing characters"),
        (&"[".repeat(200), ":1:128: recursion limit exceeded"),
        ("[\"\u{1}\"]", ":1:3: control character"),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().display().to_string();
        let found = refusal("json", "input", &path);
        assert!(found.starts_with(&format!("{path}{expected}")), "found {found}");
    }
}

#[test]
fn every_definition_is_complete() {
    let all = definitions().unwrap();
    let mut names: Vec<&str> = all.iter().map(|definition| definition.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len(), "names are unique");
    for definition in &all {
        for profile in Profile::ALL {
            assert!(definition.expected_checksum(profile).is_some(), "{} {profile}", definition.name);
            let parameters = definition.parameters(profile);
            assert!(parameters.keys().eq(definition.parameters.keys()));
            assert_eq!(
                definition.expected(&parameters, DEFAULT_SEED),
                definition.expected_checksum(profile),
                "{} {profile}",
                definition.name
            );
        }
        let texts = [&definition.source, &definition.claim, &definition.stresses, &definition.unit];
        assert!(texts.into_iter().all(|text| !text.is_empty()), "{}", definition.name);
    }
}

#[test]
fn a_load_that_makes_no_sense_is_refused() {
    for (key, value, expected) in [
        (
            "sizes",
            "1",
            "value \"1\" of parameter 'sizes' of load, expected python, or the length of every leaf, from 2 to",
        ),
        ("sizes", "large", "value \"large\" of parameter 'sizes' of load, expected python, or the length of"),
        ("survival", "1.5", "value 1.5 of parameter 'survival' of load, expected a number from 0 to 1"),
        (
            "steps",
            "4000000000",
            "value 4000000000 of parameter 'steps' of load, expected a whole number from 1",
        ),
    ] {
        let found = refusal("load", key, value);
        assert!(found.starts_with(&format!("invalid {expected}")), "{found}");
    }
}
