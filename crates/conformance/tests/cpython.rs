//! The acceptance cases in real CPythons: what they expect of the family `cycles` must hold there.
//!
//! | file | concept |
//! |---|---|
//! | `interpreters` | the CPythons on this machine |
//! | `translate` | a script as a program |
//! | `heap.py` | the statements, in Python |

#[path = "cpython/interpreters.rs"]
mod interpreters;
#[path = "cpython/translate.rs"]
mod translate;

use heapbench_script::{Script, load};
use interpreters::Interpreter;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use translate::{Skipped, translate};

/// The table of differences is what the test expects, to the letter.
const README: &str = include_str!("../cases/README.md");

/// Where a CPython differs from the cases: its version up to the second number, the case, the line.
type Difference<'t> = (&'t str, &'t str, u32);

/// The rows of the table of differences.
fn differences(text: &str) -> Vec<Difference<'_>> {
    let table = text.split_once("## Differences between versions").map_or("", |(_, table)| table);
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    // The table's head has no line number.
    rows.filter_map(|row| {
        let mut cells = row.split(" | ");
        Some((cells.next()?, cells.next()?, cells.next()?.parse().ok()?))
    })
    .collect()
}

fn cases() -> Vec<(String, Script)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files = std::fs::read_dir(folder).expect("the cases").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "heap")).collect();
    files.sort();
    let case = |path: &std::path::PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let script = load(&std::fs::read(path).expect("readable"))
            .unwrap_or_else(|error| panic!("{name}.heap:{error}"));
        (name, script)
    };
    files.iter().map(case).collect()
}

/// What one CPython says to all cases.
#[derive(Default)]
struct Comparison {
    checked: u64,
    /// Case and place of each expectation that is false, with what is there instead.
    false_ones: BTreeMap<(String, String), String>,
    skipped: BTreeMap<Skipped, u64>,
    /// Cases that did not run to their end.
    broken: Vec<String>,
}

fn compare(interpreter: &Interpreter, cases: &[(String, Script)]) -> Comparison {
    let mut comparison = Comparison::default();
    for (name, script) in cases {
        let program = match translate(script) {
            Ok(program) => program,
            Err(reason) => {
                *comparison.skipped.entry(reason).or_default() += 1;
                continue;
            }
        };
        program.skipped.iter().for_each(|reason| *comparison.skipped.entry(*reason).or_default() += 1);
        let (false_ones, checked) = match interpreter.run(&program.text) {
            Ok(answer) => answer,
            Err(error) => {
                comparison.broken.push(format!("{name}.heap: {error}"));
                continue;
            }
        };
        comparison.checked += checked;
        for line in false_ones {
            let (place, actual) = line.split_once(": ").unwrap_or((&line, ""));
            comparison.false_ones.insert((name.clone(), place.to_string()), actual.to_string());
        }
    }
    comparison
}

#[test]
fn the_cases_hold_in_real_cpython() {
    let cases = cases();
    assert!(cases.len() >= 70, "the acceptance cases: {}", cases.len());
    let (interpreters, others) = interpreters::find();
    others.iter().for_each(|other| println!("not compared: {other}"));
    if interpreters.is_empty() {
        println!("no CPython from 3.11 on is on this machine: nothing was compared");
    }
    for interpreter in &interpreters {
        let comparison = compare(interpreter, &cases);
        let version = &interpreter.version;
        println!("CPython {version}: {} expectations, skipped {:?}", comparison.checked, comparison.skipped);
        assert_eq!(comparison.broken, [""; 0], "CPython {version}");
        let line = |place: &str| place.split(':').next().and_then(|line| line.parse::<u32>().ok());
        let actual: BTreeSet<_> = comparison
            .false_ones
            .keys()
            .map(|(case, place)| (case.as_str(), line(place).expect("a line")))
            .collect();
        let expected: BTreeSet<_> = differences(README)
            .into_iter()
            .filter(|(of, ..)| version.starts_with(&format!("{of}.")))
            .map(|(_, case, line)| (case, line))
            .collect();
        assert_eq!(actual, expected, "CPython {version}: {:#?}", comparison.false_ones);
        assert!(comparison.checked > 500, "the cases are compared: {}", comparison.checked);
    }
}

#[test]
fn a_false_expectation_is_found() {
    let text = "heap 1\nauto off\nnew a object slots=1\nset a.0 = a\nweak w = a\ndrop a\nexpect dead a\n\
        expect[cycles] w nil\nexpect[tracing] w nil\ncollect\nexpect freed 2\nexpect collections 0\nexpect live 1\n";
    let program =
        translate(&load(text.as_bytes()).expect("well-formed")).unwrap_or_else(|_| panic!("translatable"));
    for interpreter in interpreters::find().0 {
        let (false_ones, checked) = interpreter.run(&program.text).expect("runs");
        assert_eq!(false_ones, ["7:1: alive", "8:1: alive", "11:1: 1", "12:1: 1"], "{}", interpreter.version);
        assert_eq!(checked, 5);
    }
}

#[test]
fn what_cpython_cannot_run_is_skipped_by_name() {
    let skipped = |text: &str| match translate(&load(text.as_bytes()).expect("well-formed")) {
        Ok(program) => program.skipped,
        Err(reason) => vec![reason],
    };
    assert_eq!(skipped("heap 1\nlimit none\n"), [Skipped::Limit]);
    assert_eq!(skipped("heap 1\nexpect error out-of-memory\n"), [Skipped::Limit]);
    assert_eq!(skipped("heap 1\nexpect[region] error out-of-memory\n"), []);
    assert_eq!(skipped("heap 1\nnew a list slots=200000\n"), [Skipped::Slots]);
    assert_eq!(skipped("heap 1\nnew a list\nexpect collections 0\n"), [Skipped::AutomaticCollections]);
    assert_eq!(skipped("heap 1\nthreshold 0\nnew a list\nexpect collections 0\n"), []);
    assert_eq!(skipped("heap 1\nnew a list\nexpect collections >= 0\n"), []);
}

#[test]
fn the_table_of_differences_is_read() {
    let text =
        README.replace("|---|---|---|---|---|---|", "|---|\n| 3.12 | weak_live | 14 | alive | nil | so |");
    assert_eq!(differences(&text).first(), Some(&("3.12", "weak_live", 14)));
    assert_eq!(differences(&text).len(), differences(README).len() + 1);
}
