//! Floating garbage as `heapbench run --floating` counts it: what theory says it must be, and the same in every run.

mod program;

use heapbench_results::{Record, Status};
use program::{heapbench, records, run};
use std::collections::BTreeMap;

/// Strategies that free nothing, at once, or when they collect.
const STRATEGIES: &str = "bump,refcount+pymalloc,refcount-generational@3.13+pymalloc,mark-sweep";

/// Runs every workload once on each of the strategies, and gives the records by workload and strategy.
fn watched(arguments: &[&str]) -> BTreeMap<(String, String), Vec<Record>> {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&["--floating", "--strategies", STRATEGIES], arguments].concat());
    assert_eq!(output.status, Some(0), "{}", output.error());
    assert!(!output.error().contains("warning"), "{}", output.error());
    let mut found = BTreeMap::<_, Vec<Record>>::new();
    for record in records(folder.path()) {
        assert_eq!(record.status, Status::Ok);
        found.entry((record.workload.clone(), record.strategy.clone())).or_default().push(record);
    }
    found
}

#[test]
fn counted_in_all_workloads_it_is_what_each_strategy_must_have() {
    for ((workload, strategy), records) in watched(&[]) {
        let [record] = &records[..] else { panic!("{workload} under {strategy}: {} records", records.len()) };
        let floating = record.floating.as_ref().unwrap();
        let told = format!("{workload} under {strategy}: {floating:?}");
        assert!(floating.peak_bytes >= floating.end_bytes, "{told}");
        assert!(floating.mean_bytes <= floating.peak_bytes as f64, "{told}");
        assert!((1..=256).contains(&floating.samples.len()), "{told}");
        let peak = floating.samples.iter().map(|sample| sample.live - sample.reachable).max();
        assert!(peak <= Some(floating.peak_bytes), "{told}");
        // The mean is over the whole clock, and the clock is the record's.
        let clock = floating.byte_bytes / floating.mean_bytes;
        let allocated = record.bytes_allocated as f64;
        assert!(floating.mean_bytes == 0.0 || (clock / allocated - 1.0).abs() < 1e-9, "{told}");
        // Acyclic programs leave nothing to be found under counting.
        if ["churn", "binary-trees", "linked-list"].contains(&workload.as_str())
            && strategy.starts_with("refcount")
        {
            assert_eq!(floating.peak_bytes, 0, "{told}");
        }
        if strategy == "bump" && workload == "churn" {
            assert!(floating.end_bytes > record.bytes_allocated / 2, "{told}");
        }
    }
}

#[test]
fn rings_float_whole_under_counting_and_for_a_while_under_a_collector() {
    let found = watched(&["--workloads", "rings", "--invocations", "2"]);
    let of = |strategy: &str| {
        let records = &found[&("rings".to_string(), strategy.to_string())];
        assert_eq!(records[0].floating, records[1].floating);
        (records[0].clone(), records[0].floating.clone().unwrap())
    };
    let (counted, floating) = of("refcount+pymalloc");
    // Nothing but the rings is left, and no ring is reachable.
    let last = floating.samples.last().unwrap();
    assert_eq!(floating.end_bytes, floating.peak_bytes);
    assert!(last.live - last.reachable <= floating.end_bytes);
    assert!(floating.end_bytes * 100 > counted.footprint.end_live_bytes * 99, "{floating:?}");
    assert!(floating.end_bytes <= counted.footprint.end_live_bytes);
    let (_, collected) = of("refcount-generational@3.13+pymalloc");
    assert!(collected.peak_bytes > 0 && collected.peak_bytes * 10 < floating.peak_bytes, "{collected:?}");
    assert!(of("mark-sweep").1.peak_bytes > 0);
    assert!(of("bump").1.end_bytes > 0);
    assert_eq!(watched(&["--workloads", "rings", "--invocations", "2"]).len(), found.len());
}

#[test]
fn nobody_counts_unless_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["--strategies", "refcount", "--workloads", "rings"]);
    assert!(records(folder.path()).iter().all(|record| record.floating.is_none()));
}

#[test]
fn a_job_without_its_deaths_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["oracle", "floating"] {
        let output = heapbench(folder.path(), &[verb]);
        assert_eq!(output.status, Some(2), "{verb}");
        assert!(output.error().starts_with("heapbench: standard input: no job"), "{}", output.error());
        assert_eq!(output.error().lines().count(), 1);
    }
}
