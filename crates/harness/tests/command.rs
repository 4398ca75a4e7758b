//! The command as people and scripts meet it: the real program, its output, its exit status.

mod program;

use heapbench_harness::registry::DEFAULT_CONFIGURATIONS;
use heapbench_results::{Record, Status};
use program::{children, heapbench, kill, records, run, start, wait_for};
use rustix::process::Signal;

/// A cell that runs for minutes unless it is stopped: full collections of a small graph, over and over.
const ENDLESS: [&str; 6] =
    ["--strategies", "mark-sweep", "--workloads", "live-graph", "--set", "collections=1000000"];

#[test]
fn a_name_that_nothing_has_is_told_with_its_nearest_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str], expected: &str| {
        let output = heapbench(folder.path(), arguments);
        let error = output.error();
        assert_eq!(output.status, Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert_eq!(output.text, "");
    };
    told(&["sumary"], "'summary'");
    told(&["run", "--strategy", "bump"], "'--strategies'");
    told(&["list", "strategy"], "'strategies'");
    told(&["run", "--profile", "smok"], "did you mean 'smoke'?");
    told(&["run", "--strategies", "mark-swep"], "did you mean 'mark-sweep'?");
    told(&["run", "--strategies", "refcount+mimaloc"], "did you mean 'mimalloc'?");
    told(&["run", "--strategies", "refcount-generational@3.31"], "did you mean '3.13'?");
    told(&["run", "--strategies", "mark-sweep:heep=4x"], "did you mean 'heap'?");
    told(&["run", "--strategies", "mark-sweep:heap=banana"], "banana");
    told(&["run", "--strategies", "nothing*"], "unknown strategy 'nothing*'");
    told(&["run", "--strategies", "a++b"], "column");
    told(&["run", "--workloads", "ringz"], "did you mean 'rings'?");
    told(&["run", "--set", "nodez=1"], "did you mean 'nodes'?");
    told(&["run", "--set", "nodes=many"], "expected a whole number");
    told(&["run", "--set", "nodes"], "expected KEY=VALUE");
    told(&["run", "--heap-limit", "2x"], "heapbench minheap");
    told(&["run", "--heap-limit", "0"], "expected a size");
    told(&["run", "--invocations", "0"], "1..=100000");
    told(&["run", "--rate", "0"], "1..=1000000000");
    told(
        &["run", "--rate", "100", "--workloads", "rings"],
        "rings has no requests, expected --workloads among requests",
    );
    told(&["run", "--shard", "3/2"], "I/N");
    told(&["summary"], "no results");
    told(&["summary", "absent"], "absent");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was made");
}

#[test]
fn lists_are_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    for (what, expected) in
        [("strategies", "mark-sweep"), ("workloads", "binary-trees"), ("profiles", "smoke")]
    {
        let output = heapbench(folder.path(), &["list", what, "--json"]);
        assert_eq!(output.status, Some(0));
        let lines = output.text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert!(lines.into_iter().any(|line| line["name"] == expected), "{what}");
        assert!(heapbench(folder.path(), &["list", what]).text.contains(expected));
    }
}

#[test]
fn json_is_a_record_a_line_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        run(folder.path(), &["--strategies", "bump,refcount*", "--workloads", "rings,churn", "--json"]);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let printed: Vec<Record> = output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(printed, records(folder.path()));
    assert_eq!(printed.len(), 7 * 2);
    for record in &printed {
        assert_eq!(
            (record.status, record.error.as_str()),
            (Status::Ok, ""),
            "{} {}",
            record.strategy,
            record.workload
        );
        assert_eq!(record.mutator_ns.is_some(), record.strategy == "bump");
        assert!(
            record.operations > 0 && record.wall_ns > 0 && record.cpu_ns > 0 && record.objects_allocated > 0
        );
        assert!(!record.samples.is_empty() && record.footprint.peak_live_bytes > 0);
    }
}

#[test]
fn exact_counts_are_the_same_in_every_process() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--workloads", "rings,requests", "--invocations", "2"]);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let all = records(folder.path());
    let (first, second): (Vec<&Record>, Vec<&Record>) = all.iter().partition(|record| record.invocation == 0);
    let cells = 2 * DEFAULT_CONFIGURATIONS.len();
    assert_eq!((first.len(), second.len()), (cells, cells));
    for one in first {
        let same = |other: &&&Record| (&other.strategy, &other.workload) == (&one.strategy, &one.workload);
        let other = second.iter().find(same).unwrap();
        assert_eq!(
            (&one.counters, one.collections),
            (&other.counters, other.collections),
            "{}",
            one.strategy
        );
        assert_eq!(one.checksum, other.checksum);
    }
}

#[test]
fn resume_runs_only_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let one = ["--strategies", "refcount", "--workloads", "rings"];
    assert_eq!(run(folder.path(), &one).status, Some(0));
    let again = run(folder.path(), &one);
    assert_eq!(again.status, Some(2));
    assert!(again.error().contains("--resume"), "{}", again.error());
    let more = ["--strategies", "refcount,bump", "--workloads", "rings", "--resume", "--json"];
    let output = run(folder.path(), &more);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let printed: Vec<Record> = output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(printed.iter().map(|record| record.strategy.as_str()).collect::<Vec<_>>(), ["bump"]);
    assert_eq!(run(folder.path(), &more).text, "");
    assert_eq!(records(folder.path()).len(), 2);
}

#[test]
fn a_cell_without_memory_is_a_row_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--strategies", "refcount,mark-sweep", "--workloads", "linked-list,churn"];
    let limit = ["--set", "length=1000000", "--heap-limit", "8MiB"];
    let output = run(folder.path(), &[&arguments[..], &limit[..]].concat());
    assert_eq!(output.status, Some(0), "{}", output.error());
    let records = records(folder.path());
    assert_eq!(records.len(), 4);
    for record in &records {
        let expected = if record.workload == "churn" { Status::Ok } else { Status::OutOfMemory };
        assert_eq!(record.status, expected, "{} {}: {}", record.strategy, record.workload, record.error);
        assert_eq!(record.error.contains("out of memory"), expected == Status::OutOfMemory);
    }
    let summary = heapbench(folder.path(), &["summary", "cells"]);
    assert!(summary.text.contains("1 out-of-memory"), "{}", summary.text);
}

#[test]
fn a_crash_is_a_failed_row_with_the_signals_name() {
    let folder = tempfile::tempdir().unwrap();
    let harness = start(folder.path(), &ENDLESS);
    let cell = wait_for("the cell's process", || children(harness.id()).first().copied());
    // The first one meets the handler that every Rust program has for stack overflows, which then steps
    // aside.
    wait_for("the crash", || {
        kill(cell, Signal::SEGV);
        children(harness.id()).is_empty().then_some(())
    });
    let output = program::finish(harness);
    assert_eq!(output.status, Some(1), "{}", output.error());
    let records = records(folder.path());
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].status, Status::Failed);
    assert!(records[0].error.starts_with("SIGSEGV"), "{}", records[0].error);
}

#[test]
fn a_cell_that_takes_too_long_is_stopped_and_is_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&ENDLESS[..], &["--timeout", "1"]].concat());
    assert_eq!(output.status, Some(1), "{}", output.error());
    let records = records(folder.path());
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].status, Status::Timeout);
    assert!(records[0].error.contains("1s"), "{}", records[0].error);
}

#[test]
fn an_interruption_keeps_finished_cells_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--strategies", "refcount,mark-sweep", "--workloads", "live-graph", "--invocations", "1"];
    let harness =
        start(folder.path(), &[&arguments[..], &["--set", "collections=1000000", "--seed", "2"]].concat());
    // Reference counting collects nothing and ends at once; whichever comes first, the other never ends by
    // itself.
    let cell = wait_for("the cell that goes on and on", || {
        let cell = children(harness.id()).first().copied()?;
        std::thread::sleep(std::time::Duration::from_millis(500));
        (children(harness.id()) == [cell]).then_some(cell)
    });
    kill(harness.id(), Signal::INT);
    let output = program::finish(harness);
    assert_eq!(output.status, Some(130), "{}", output.error());
    assert!(output.error().contains("--resume"), "{}", output.error());
    assert!(!std::path::Path::new(&format!("/proc/{cell}")).exists(), "the cell's process lives on");
    assert!(records(folder.path()).iter().all(|record| record.status == Status::Ok));
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_run_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let output =
        heapbench(folder.path(), &["run", "--profile", "smoke", "--allow-debug", "--out", "file/below"]);
    assert_eq!(output.status, Some(2));
    assert!(output.error().contains("file/below"), "{}", output.error());
    assert_eq!(output.error().lines().count(), 1, "{}", output.error());
}

#[test]
fn a_malformed_document_is_told_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.json"), "{\n  \"a\": [1, 2,\n}\n").unwrap();
    let output = run(folder.path(), &["--workloads", "json", "--set", "input=bad.json"]);
    assert_eq!(output.status, Some(2), "{}", output.error());
    assert!(output.error().contains("bad.json:3:1"), "{}", output.error());
    assert!(!folder.path().join("cells").exists());
}

#[test]
fn a_build_with_debug_assertions_does_not_record() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["run", "--profile", "smoke", "--strategies", "bump", "--workloads", "rings", "--out", "cells"];
    let output = heapbench(folder.path(), &arguments);
    assert_eq!(output.status, Some(if cfg!(debug_assertions) { 2 } else { 0 }), "{}", output.error());
}

#[test]
fn results_are_summed_up_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--strategies", "bump,refcount,mark-sweep", "--workloads", "binary-trees,rings"];
    assert_eq!(run(folder.path(), &arguments).status, Some(0));
    let table = heapbench(folder.path(), &["summary", "cells"]);
    assert_eq!(table.status, Some(0), "{}", table.error());
    for expected in ["binary-trees", "the mutator alone", "refcount+pymalloc", "1 ok", "*"] {
        assert!(table.text.contains(expected), "{expected}: {}", table.text);
    }
    let json = heapbench(folder.path(), &["summary", "cells", "--json"]);
    let rows: Vec<serde_json::Value> =
        json.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 6);
    let figures = heapbench(folder.path(), &["figures", "cells"]);
    assert_eq!(figures.status, Some(0), "{}", figures.error());
    assert!(figures.text.lines().count() >= 4);
    for file in figures.text.lines() {
        assert!(folder.path().join(file).metadata().unwrap().len() > 0, "{file}");
    }
}
