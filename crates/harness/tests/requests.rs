//! Pauses and requests as a run records them: the real program, its records and its summary.

mod program;

use heapbench_results::{CellKey, Record, Status};
use program::{heapbench, records, run};

/// A run of `requests` under these strategies.
fn requests(folder: &std::path::Path, more: &[&str]) -> Vec<Record> {
    let arguments = ["--strategies", "refcount-generational,mark-sweep", "--workloads", "requests"];
    let output = run(folder, &[&arguments[..], more].concat());
    assert_eq!(output.status, Some(0), "{}", output.error());
    let records = records(folder);
    assert!(records.iter().all(|record| record.status == Status::Ok), "{records:?}");
    records
}

#[test]
fn every_request_has_a_latency_and_long_pauses_their_place() {
    let folder = tempfile::tempdir().unwrap();
    for record in requests(folder.path(), &[]) {
        let latency = record.latency.as_ref().unwrap();
        assert_eq!((latency.requests, latency.rate, latency.utilization), (record.operations, None, None));
        assert_eq!(latency.metered.keys().copied().collect::<Vec<_>>(), [0, 1, 10, 100]);
        assert!(latency.max_ns <= record.wall_ns && latency.max_ns > 0);
        let pauses = &record.pauses;
        assert!(pauses.raw_floor_ns >= 10_000 && pauses.raw.len() as u64 <= pauses.count, "{pauses:?}");
        assert_eq!(pauses.raw.iter().map(|pause| pause.ns).max(), Some(pauses.max_ns));
        let kinds = pauses.raw.iter().map(|pause| pause.kind);
        assert!(kinds.into_iter().all(|kind| pauses.kinds.keys().any(|name| name.starts_with(kind))));
    }
    let summary = heapbench(folder.path(), &["summary", "cells"]);
    assert!(summary.text.contains("metered p50"), "{}", summary.text);
    let json = heapbench(folder.path(), &["summary", "cells", "--json"]);
    for line in json.text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row["measured"]["latency"]["simple"]["p50_ns"].as_u64() > Some(0), "{row}");
        assert!(row["measured"]["utilization"]["mmu_10ms"].is_number(), "{row}");
    }
    let figures = heapbench(folder.path(), &["figures", "cells"]);
    assert!(
        figures.text.contains("latency.svg") && figures.text.contains("utilization.svg"),
        "{}",
        figures.text
    );
}

#[test]
fn requests_at_a_rate_are_a_setting_of_their_own_and_change_nothing_that_is_counted() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fewer = ["--set", "requests=2000"];
    let open = requests(folder.path(), &[&fewer[..], &["--rate", "20000"]].concat());
    let closed = requests(other.path(), &fewer);
    for one in &open {
        let latency = one.latency.as_ref().unwrap();
        assert_eq!((latency.requests, latency.rate, latency.metered.len()), (2000, Some(20_000), 0));
        assert!(latency.utilization.is_some_and(|utilization| utilization > 0.0));
        let other = closed.iter().find(|record| record.strategy == one.strategy).unwrap();
        assert_eq!((&one.counters, &one.checksum), (&other.counters, &other.checksum));
        assert_eq!(one.collections, other.collections);
        assert_ne!(CellKey::of(one), CellKey::of(other));
    }
    let summary = heapbench(folder.path(), &["summary", "cells"]);
    assert!(summary.text.contains("20000 requests a second"), "{}", summary.text);
    assert!(summary.text.contains("latency from arrival"), "{}", summary.text);
}
