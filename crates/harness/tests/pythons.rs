//! Real Pythons beside the strategies: found or not, well or unwell. Fake ones are shell scripts that answer as a Python
//! would, so that these tests run on machines without any.

mod program;

use heapbench_results::{Record, Status};
use program::{finish, records};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Answers what it is: the first thing that a Python is asked.
const IS_3_13: &str = r#"if [ "$3" = -c ]; then echo '{"implementation":"cpython","version":[3,13,5],"release":"3.13.5"}'; exit; fi"#;

/// The checksum of rings in the smoke profile.
const CHECKSUM: &str = "3ed6a04d8aedd3f1";

/// A folder with programs in `bin` and a home without pyenv.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Machine {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        Machine { folder }
    }

    /// Makes a program that does what the lines of shell say.
    fn program(&self, name: &str, lines: &[&str]) -> PathBuf {
        let path = self.folder.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{}\n", lines.join("\n"))).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_heapbench"))
            .args(arguments)
            .current_dir(self.path())
            .env("PATH", self.path().join("bin"))
            .env("HOME", self.path())
            .env_remove("PYENV_ROOT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn heapbench(&self, arguments: &[&str]) -> program::Output {
        finish(self.spawn(arguments))
    }

    /// The one row of a validation of rings, and the exit status.
    fn row(&self, more: &[&str]) -> (Value, Option<i32>) {
        let output = self.heapbench(&[&["validate", "--workloads", "rings", "--json"], more].concat());
        assert_eq!(output.text.lines().count(), 1, "{} {}", output.text, output.error());
        (serde_json::from_str(&output.text).unwrap(), output.status)
    }

    fn run(&self, arguments: &[&str]) -> program::Output {
        let run = ["run", "--profile", "smoke", "--allow-debug", "--out", "cells", "--workloads", "rings"];
        self.heapbench(&[&run[..], arguments].concat())
    }
}

fn answer(checksum: &str) -> String {
    format!(
        r#"echo '{{"checksum":"{checksum}","operations":100000,"wall_ns":9000,"cpu_ns":8000,"collections":[45,4,1],"collected":[89600,8400,2000],"log":[[0,1990,300],[2,5,700]],"census":{{"float":10}},"peak_live_bytes":154000,"peak_rss_bytes":4096}}'"#
    )
}

#[test]
fn without_a_python_nothing_is_validated_and_that_is_no_failure() {
    let machine = Machine::new();
    machine.program("python3", &["exit 127"]);
    machine.program(
        "python3.11",
        &[r#"echo '{"implementation":"cpython","version":[3,8,1],"release":"3.8.1"}'"#],
    );
    let output = machine.heapbench(&["validate"]);
    assert_eq!(output.status, Some(0), "{}", output.error());
    assert_eq!(output.text, "nothing validated: no Python 3.11 or newer was found\n");
    let output = machine.heapbench(&["validate", "--json"]);
    assert_eq!((output.status, output.text.as_str()), (Some(0), ""));
    let listed = machine.heapbench(&["list", "strategies"]);
    assert!(listed.text.contains("none found; expected a Python 3.11 or newer"), "{}", listed.text);
}

#[test]
fn a_python_that_is_named_must_be_one_that_can_run_twins() {
    let machine = Machine::new();
    let told = |path: &Path, expected: &str| {
        let output = machine.heapbench(&["validate", "--python", path.to_str().unwrap()]);
        assert_eq!(output.status, Some(2), "{}", output.error());
        assert!(
            output.error().contains(expected) && output.error().lines().count() == 1,
            "{}",
            output.error()
        );
    };
    told(&machine.path().join("absent"), "absent: ");
    let old = r#"echo '{"implementation":"cpython","version":[3,8,1],"release":"3.8.1"}'"#;
    told(&machine.program("old", &[old]), "it is Python 3.8.1, expected 3.11 or newer");
    told(&machine.program("no-python", &["echo hello"]), "it does not say which Python it is");
    told(
        &machine.program("crash", &["echo 'no module named sys' >&2; exit 3"]),
        "exit status 3: no module named sys",
    );
    let other = r#"echo '{"implementation":"graalpy","version":[3,12,1],"release":"3.12.1"}'"#;
    told(&machine.program("other", &[other]), "it is graalpy 3.12.1, expected CPython or PyPy");
}

#[test]
fn what_a_twin_does_wrong_is_said_in_its_row() {
    let machine = Machine::new();
    let told = |lines: &[&str], more: &[&str], expected: &str| {
        machine.program("python3.13", &[&[IS_3_13], lines].concat());
        let (row, status) = machine.row(more);
        let error = row["error"].as_str().unwrap_or_default();
        assert_eq!(
            (row["status"].as_str(), row["python"].as_str()),
            (Some("failed"), Some("cpython:3.13.5")),
            "{row}"
        );
        assert!(error.contains(expected), "{expected}: {row}");
        assert_eq!(status, Some(1));
    };
    told(&["echo 'Traceback' >&2; echo 'ValueError: no' >&2; exit 1"], &[], "exit status 1: ValueError: no");
    told(&["kill -SEGV $$"], &[], "SIGSEGV");
    told(
        &["echo 'see below' >&2; exit 0"],
        &[],
        "no answer, expected a JSON object on the last line of standard output: see below",
    );
    told(&["echo 'all done'"], &[], "'all done' is no answer");
    told(&["/bin/sleep 600"], &["--timeout", "1"], "stopped after its time limit of 1s");
    let fickle =
        format!(r#"case "$(/bin/cat)" in *plain*) {};; *) {};; esac"#, answer(CHECKSUM), answer("1"));
    told(&[&fickle], &[], "two runs differ");
}

#[test]
fn what_differs_without_a_cause_fails() {
    let machine = Machine::new();
    machine.program("python3.13", &[IS_3_13, &answer("00000000deadbeef")]);
    let (row, status) = machine.row(&[]);
    assert_eq!((row["status"].as_str(), status), (Some("deviates"), Some(1)), "{row}");
    let column = |name: &str| row["columns"][name]["finding"].as_str().unwrap().to_string();
    assert_eq!(column("checksum"), "unexplained");
    assert_eq!(column("operations"), "equal");
    assert_eq!(column("collections"), "equal");
    assert_eq!(column("peak"), "within-tolerance");
    let output = machine.heapbench(&["validate", "--workloads", "rings"]);
    assert!(
        output.text.contains("ours 3ed6a04d8aedd3f1; Python's 00000000deadbeef: unexplained"),
        "{}",
        output.text
    );
    assert_eq!(output.status, Some(1));
}

#[test]
fn a_python_runs_beside_strategies_as_a_labelled_cell() {
    let machine = Machine::new();
    machine.program("python3.13", &[IS_3_13, &answer(CHECKSUM)]);
    let output = machine.run(&["--strategies", "refcount+pymalloc,cpython:3.13,cpython", "--json"]);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let found = records(machine.path());
    assert_eq!(found.len(), 2, "one Python that two names select runs once");
    let python = found.iter().find(|record| record.interpreted).unwrap();
    assert_eq!((python.strategy.as_str(), python.status), ("cpython:3.13.5", Status::Ok), "{}", python.error);
    assert_eq!((python.wall_ns, python.cpu_ns, python.collections), (9000, 8000, [45, 4, 1]));
    assert_eq!((python.pauses.count, python.pauses.max_ns, python.collect_ns), (2, 700, 1000));
    assert_eq!(python.footprint.peak_rss_bytes, 4096);
    assert!(found.iter().any(|record| record.strategy == "refcount+pymalloc" && !record.interpreted));
    let summary = machine.heapbench(&["summary", "cells"]);
    let line = |text: &str| summary.text.lines().position(|line| line.starts_with(text)).unwrap();
    assert!(line("refcount+pymalloc") < line("── outside, interpreted"), "{}", summary.text);
    assert_eq!(line("── outside, interpreted") + 1, line("cpython:3.13.5"));
    assert!(summary.text.contains("1.00x"), "the only strategy is the fastest: {}", summary.text);
    let resumed = machine.run(&["--strategies", "refcount+pymalloc,cpython", "--resume"]);
    assert!(resumed.error().contains("2 cells are there already, 0 are missing"), "{}", resumed.error());
}

#[test]
fn a_python_that_fails_is_a_row_of_the_results() {
    let machine = Machine::new();
    let told = |lines: &[&str], more: &[&str], status: Status, expected: &str| {
        machine.program("python3.13", &[&[IS_3_13], lines].concat());
        let _ = std::fs::remove_dir_all(machine.path().join("cells"));
        let output = machine.run(&[&["--strategies", "cpython"], more].concat());
        assert_eq!(output.status, Some(1), "{}", output.error());
        let found: Vec<Record> = records(machine.path());
        assert_eq!((found[0].status, found[0].interpreted), (status, true));
        assert!(found[0].error.contains(expected), "{}", found[0].error);
    };
    told(&["echo 'MemoryError' >&2; exit 1"], &[], Status::Failed, "exit status 1: MemoryError");
    told(&["/bin/sleep 600"], &["--timeout", "1"], Status::Timeout, "time limit");
    told(&[&answer("00000000deadbeef")], &[], Status::Invalid, "checksum 00000000deadbeef");
    told(&[&answer("no digits")], &[], Status::Invalid, "expected hexadecimal digits");
}

#[test]
fn a_python_that_is_not_there_is_told_before_anything_runs() {
    let machine = Machine::new();
    let told = |strategies: &str, more: &[&str], expected: &str| {
        let output = machine.run(&[&["--strategies", strategies], more].concat());
        assert_eq!(output.status, Some(2), "{}", output.error());
        assert!(
            output.error().contains(expected) && output.error().lines().count() == 1,
            "{}",
            output.error()
        );
        assert!(!machine.path().join("cells").exists());
    };
    told("bump,cpython:3.13", &[], "no Python for 'cpython:3.13'");
    told("pypy", &[], "none was found");
    machine.program("python3.13", &[IS_3_13]);
    told("cpython:3.12", &[], "found cpython:3.13.5");
    told("cpython", &["--heap-limit", "64MiB"], "expected no --heap-limit");
}

#[test]
fn what_a_python_started_ends_with_it() {
    let machine = Machine::new();
    let file = machine.path().join("number");
    let hang = format!("/bin/sleep 600 & echo $! > {}; wait", file.display());
    machine.program("python3.13", &[IS_3_13, &hang]);
    let (row, _) = machine.row(&["--timeout", "1"]);
    assert_eq!(row["status"], "failed");
    let number = std::fs::read_to_string(&file).unwrap();
    program::wait_for("the end of what a Python started", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", number.trim()));
        // One that nobody has waited for yet is a zombie.
        stat.map_or(Some(()), |stat| stat.contains(") Z ").then_some(()))
    });
}

/// On a machine with Pythons rings must be what they do, collection by collection.
#[test]
fn rings_is_what_every_python_found_here_does() {
    let folder = tempfile::tempdir().unwrap();
    let output = program::heapbench(folder.path(), &["validate", "--workloads", "rings", "--json"]);
    for line in output.text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        for column in ["checksum", "operations", "collections", "collected", "each-collection"] {
            let finding = &row["columns"][column]["finding"];
            assert!(finding == "equal" || finding == "not-compared", "{column}: {row}");
        }
    }
    assert!(!output.text.is_empty() || output.error().contains("nothing validated"), "{}", output.error());
}
