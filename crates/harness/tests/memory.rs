//! What the command says of memory after a fork and after the end, and of the machine.

mod program;

use heapbench_results::fitness::Verdict;
use heapbench_results::prefork::{Action, Prefork};
use heapbench_results::{Finding, Status, Store, store};
use program::{heapbench, records, run};
use std::path::Path;

/// Pages that forking, counting and telling cost, from one time to another: stack, locals, tables of the allocator.
const NOISE: u64 = 24;

fn prefork(folder: &Path, strategies: &str, workload: &str) -> Vec<Prefork> {
    let arguments = ["prefork", "--profile", "quick", "--allow-debug", "--json", "--out", "forks"];
    let chosen = ["--strategies", strategies, "--workloads", workload];
    let output = heapbench(folder, &[&arguments[..], &chosen[..]].concat());
    assert_eq!(output.status, Some(0), "{}", output.error());
    let lines: Vec<Prefork> = output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(heapbench_results::prefork::read(&folder.join("forks")).unwrap(), lines);
    lines
}

/// What the mechanisms guarantee, on objects that all have their count, or their mark, in or beside themselves.
#[test]
#[cfg(target_os = "linux")]
fn counting_dirties_by_reading_and_marking_by_collecting() {
    let folder = tempfile::tempdir().unwrap();
    let lines = prefork(folder.path(), "bump,refcount,refcount-generational,mark-sweep", "live-graph");
    let [bump, counting, generational, marking] = lines.as_slice() else { panic!("{lines:?}") };
    for line in &lines {
        assert_eq!((line.status, line.objects), (Status::Ok, 200_000), "{}: {}", line.strategy, line.error);
        // Faults are the check: each page that the child has for itself was copied at a fault, but for those that the
        // parent copied away before.
        for child in &line.children {
            let (Some(pages), Some(faults)) = (child.pages, child.faults) else { continue };
            assert!(pages <= faults + NOISE, "{} {child:?}", line.strategy);
        }
    }
    let dirtied = |line: &Prefork, action, frozen| line.dirtied(action, frozen).unwrap();
    let nearly_all = |line: &Prefork| line.heap_pages * 9 / 10;
    assert!(dirtied(bump, Action::Read, false) <= NOISE);
    assert!(dirtied(counting, Action::Read, false) >= nearly_all(counting), "{counting:?}");
    assert_eq!(counting.dirtied(Action::Collect, false), None, "counting alone collects nothing");
    assert_eq!(counting.dirtied(Action::Read, true), None, "and has nothing to freeze");
    assert!(dirtied(generational, Action::Collect, false) >= nearly_all(generational), "{generational:?}");
    assert!(dirtied(generational, Action::Collect, true) <= NOISE, "{generational:?}");
    assert!(dirtied(generational, Action::Read, true) >= nearly_all(generational), "{generational:?}");
    // A bit for each 16 bytes, two bitmaps, and the mark queue: far from a tenth of the heap.
    assert!(dirtied(marking, Action::Read, false) <= NOISE, "{marking:?}");
    assert!(dirtied(marking, Action::ReadAndCollect, false) <= marking.heap_pages / 5, "{marking:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn forks_are_drawn_with_and_without_cells_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    prefork(folder.path(), "refcount,mark-sweep", "json");
    let figures = heapbench(folder.path(), &["figures", "forks"]);
    assert_eq!((figures.status, figures.text.lines().count()), (Some(0), 2), "{}", figures.error());
    let wrong = heapbench(folder.path(), &["prefork", "--strategies", "pypy", "--out", "x"]);
    assert_eq!(wrong.status, Some(2), "{}", wrong.error());
    let told = heapbench(folder.path(), &["prefork", "--workloads", "jsn"]);
    assert_eq!(told.status, Some(2));
    assert!(told.error().contains("did you mean 'json'?"), "{}", told.error());
}

#[test]
fn a_cell_waits_for_its_memory_only_when_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--strategies", "refcount+mimalloc", "--workloads", "json", "--drain", "--timeout", "5"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let record = &records(folder.path())[0];
    let times: Vec<u32> = record.drained.iter().map(|look| look.after_ms).collect();
    assert_eq!(times, [100, 1000, 5000]);
    for look in &record.drained {
        assert_eq!(look.live, record.footprint.end_live_bytes, "nothing is called, so nothing dies");
        assert!(look.held > 0 && look.held <= record.footprint.peak_held_bytes.max(look.rss), "{look:?}");
    }
    let summary = heapbench(folder.path(), &["summary", "cells"]);
    assert!(summary.text.contains("RSS +5.00 s"), "{}", summary.text);
    let json = heapbench(folder.path(), &["summary", "cells", "--json"]);
    let row: serde_json::Value = serde_json::from_str(json.text.lines().next().unwrap()).unwrap();
    assert_eq!(row["measured"]["drained"].as_array().unwrap().len(), 3);
    assert!(row["measured"]["mean_live_bytes"].as_u64() > Some(0), "{row}");
    let figures = heapbench(folder.path(), &["figures", "cells"]);
    assert!(figures.text.contains("drain.svg"), "{}", figures.text);
}

#[test]
fn the_doctors_findings_are_told_and_stored_with_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let output = heapbench(folder.path(), &["doctor", "--json"]);
    let findings: Vec<Finding> =
        output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_unfit = findings.iter().any(|finding| finding.verdict == Verdict::Unfit);
    assert_eq!(output.status, Some(i32::from(is_unfit)), "{}", output.error());
    assert!(heapbench(folder.path(), &["doctor"]).text.contains("to measure on"));
    assert_eq!(run(folder.path(), &["--strategies", "bump", "--workloads", "rings"]).status, Some(0));
    let runs = folder.path().join("cells").join(store::RUNS);
    let text = std::fs::read_to_string(&runs).unwrap();
    let stored: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    let names = |values: &serde_json::Value| -> Vec<String> {
        values.as_array().unwrap().iter().map(|value| value["name"].as_str().unwrap().to_string()).collect()
    };
    let named: Vec<String> = findings.iter().map(|finding| finding.name.clone()).collect();
    assert_eq!(names(&stored["doctor"]), named);
    // As it would be on a busy machine: the cells are marked, and still there.
    let mut results = heapbench_results::read(&folder.path().join("cells")).unwrap();
    let load = r#"{"name": "load", "value": "7.2", "verdict": "unfit", "harms": ["wall"], "advice": "wait"}"#;
    results.runs[0].doctor = vec![serde_json::from_str(load).unwrap()];
    let mut busy = Store::open(&folder.path().join("busy")).unwrap();
    busy.append_run(&results.runs[0]).unwrap();
    results.records.iter().for_each(|record| busy.append(record).unwrap());
    let marked = "measured on an unfit machine: load 7.2";
    let summary = heapbench(folder.path(), &["summary", "busy"]);
    assert!(summary.text.trim_end().ends_with(marked) && summary.text.contains("bump"), "{}", summary.text);
    assert!(heapbench(folder.path(), &["summary", "busy", "--json"]).text.contains(marked));
    assert_eq!(heapbench(folder.path(), &["figures", "busy"]).status, Some(0));
    let drawn = std::fs::read_to_string(folder.path().join("busy/figures/throughput.svg")).unwrap();
    assert!(drawn.contains("unfit machine"));
}
