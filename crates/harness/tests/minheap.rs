//! Least heaps and runs at multiples of them, as people and scripts meet them.

mod program;

use heapbench_results::{Evidence, Record, Status, minheap};
use program::{Output, heapbench, records, run};
use std::path::Path;

const EVIDENCE: &str = "results/minheap/minheap.jsonl";

fn search(folder: &Path, arguments: &[&str]) -> Output {
    heapbench(folder, &[&["minheap", "--profile", "smoke", "--allow-debug"], arguments].concat())
}

#[test]
fn the_least_heap_is_found_kept_and_what_multiples_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let strategies = ["--strategies", "mark-sweep,refcount-generational@3.13+pymalloc,bump"];
    let output = search(folder.path(), &[&strategies[..], &["--workloads", "rings", "--json"]].concat());
    assert_eq!(output.status, Some(0), "{}", output.error());
    let printed: Vec<Evidence> =
        output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kept = minheap::read(&folder.path().join(EVIDENCE)).unwrap();
    assert_eq!(printed, kept);
    assert_eq!(kept.len(), 3);
    for evidence in &kept {
        assert_bracketed(evidence);
    }
    let least = |strategy: &str| {
        kept.iter().find(|e| e.strategy.starts_with(strategy)).and_then(|e| e.high_bytes).unwrap()
    };
    assert!(least("mark-sweep") < least("refcount") && least("refcount") < least("bump"));
    assert!(folder.path().join("results/minheap/runs.jsonl").is_file());

    let limits = ["--heap-limit", "none,1x,2x", "--workloads", "rings", "--strategies", "mark-sweep,bump"];
    let output = run(folder.path(), &limits);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let cells = records(folder.path());
    assert_eq!(cells.len(), 6);
    let cell = |strategy: &str, multiple: Option<f64>| -> &Record {
        cells.iter().find(|cell| cell.strategy == strategy && cell.heap_multiple == multiple).unwrap()
    };
    let base = least("mark-sweep");
    assert_eq!(cell("mark-sweep", None).heap_limit, None);
    assert_eq!(cell("mark-sweep", Some(1.0)).heap_limit, Some(base));
    assert_eq!(cell("mark-sweep", Some(2.0)).heap_limit, Some(2 * base));
    for multiple in [None, Some(1.0), Some(2.0)] {
        assert_eq!(cell("mark-sweep", multiple).status, Status::Ok);
    }
    assert_eq!(cell("bump", Some(1.0)).status, Status::OutOfMemory, "an answer, and kept");
    let summary = heapbench(folder.path(), &["summary", "cells"]);
    assert!(summary.text.contains("lower-bound overhead"), "{}", summary.text);
    let rows = heapbench(folder.path(), &["summary", "cells", "--json"]).text;
    let rows: Vec<serde_json::Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for row in &rows {
        let ended_well = !row["measured"].is_null();
        assert_eq!(
            row["lower_bound_cpu"]["value"].as_f64().is_some_and(|value| value >= 1.0),
            ended_well,
            "{row}"
        );
    }
}

/// One limit was too small, one was enough three times, and they are near each other.
fn assert_bracketed(evidence: &Evidence) {
    let (low, high) = (evidence.low_bytes, evidence.high_bytes.unwrap());
    let at = |limit: Option<u64>| evidence.probes.iter().filter(move |probe| probe.heap_limit == limit);
    assert_eq!(at(None).count(), 1);
    assert_eq!(at(Some(high)).filter(|probe| probe.passed).count(), 3, "{evidence:?}");
    // None was too small where the first page was enough.
    let too_small = |limit: u64| at(Some(limit)).any(|probe| !probe.passed && !probe.error.is_empty());
    assert!(low == 0 || too_small(low), "{evidence:?}");
    assert!(low < high && high - low <= (high / 100).max(4096), "{low} {high}");
}

#[test]
fn what_is_known_is_not_searched_again() {
    let folder = tempfile::tempdir().unwrap();
    let request = ["--strategies", "refcount+system", "--workloads", "churn", "--out", "found.jsonl"];
    let first = search(folder.path(), &request);
    assert_eq!(first.status, Some(0), "{}", first.error());
    assert!(first.text.contains("refcount+system") && first.text.contains("enough"), "{}", first.text);
    let length = || std::fs::read(folder.path().join("found.jsonl")).unwrap().len();
    let before = length();
    assert_eq!(search(folder.path(), &[&request[..], &["--resume"]].concat()).status, Some(0));
    assert_eq!(length(), before);
}

#[test]
fn what_cannot_be_understood_is_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str], expected: &str| {
        let output = heapbench(folder.path(), arguments);
        assert_eq!(output.status, Some(2), "{arguments:?}: {}", output.error());
        assert!(
            output.error().contains(expected) && output.error().lines().count() == 1,
            "{}",
            output.error()
        );
    };
    let unknown = "heapbench minheap --strategies mark-sweep --workloads rings --profile smoke";
    let smoke = ["run", "--profile", "smoke", "--workloads", "rings", "--heap-limit", "1x,2x"];
    told(&smoke, unknown);
    told(&[&smoke[..], &["--minheap", "absent.jsonl"]].concat(), "absent.jsonl: cannot read");
    std::fs::write(folder.path().join("odd.jsonl"), "{\"strategy\": 5}\n").unwrap();
    told(&[&smoke[..], &["--minheap", "odd.jsonl"]].concat(), "odd.jsonl:1:14: ");
    told(&["run", "--heap-limit", "1x,2y"], "--heap-limit '2y': expected a size");
    told(&["minheap", "--workloads", "ringz"], "did you mean 'rings'?");
    told(&["minheap", "--strategies", "mark-swep"], "did you mean 'mark-sweep'?");
    assert!(!folder.path().join("results").exists(), "something was made");
}

#[test]
fn a_workload_that_does_not_run_has_no_least_heap() {
    let folder = tempfile::tempdir().unwrap();
    let endless = ["--strategies", "mark-sweep", "--workloads", "live-graph", "--set", "collections=1000000"];
    let output = search(folder.path(), &[&endless[..], &["--timeout", "1", "--json"]].concat());
    assert_eq!(output.status, Some(1), "{}", output.error());
    let evidence: Evidence = serde_json::from_str(output.text.trim()).unwrap();
    assert_eq!((evidence.high_bytes, evidence.probes.len()), (None, 1));
    assert_eq!(evidence.probes[0].status, Status::Timeout);
}
