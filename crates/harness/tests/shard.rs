//! A run in shards is the run: the same cells, with the same layouts, counters and checksums, and the same table.

mod program;

use heapbench_results::Record;
use heapbench_results::summary::summarize;
use program::{finish, heapbench, records, run, start};
use std::collections::BTreeMap;
use std::path::Path;

const WHAT: [&str; 8] = [
    "--strategies",
    "bump,refcount,mark-sweep",
    "--workloads",
    "rings,churn,requests",
    "--invocations",
    "2",
    "--null-arms",
    "2",
];

/// What must not depend on who ran a cell: everything but times and what the machine adds to memory.
fn lasting(record: &Record) -> (String, Record) {
    let key = format!("{} {} {} {}", record.strategy, record.workload, record.invocation, record.arm);
    let lasting = Record {
        schema: record.schema,
        strategy: record.strategy.clone(),
        workload: record.workload.clone(),
        profile: record.profile.clone(),
        parameters: record.parameters.clone(),
        invocation: record.invocation,
        seed: record.seed,
        heap_limit: record.heap_limit,
        status: record.status,
        error: record.error.clone(),
        checksum: record.checksum.clone(),
        operations: record.operations,
        collections: record.collections,
        objects_allocated: record.objects_allocated,
        objects_freed: record.objects_freed,
        bytes_allocated: record.bytes_allocated,
        counters: record.counters.clone(),
        arm: record.arm,
        injected: record.injected,
        layout: record.layout,
        ..Record::default()
    };
    (key, lasting)
}

/// The rows of the table without their times: who, on what, how it ended, and what was counted.
fn rows(records: &[Record]) -> Vec<String> {
    let summary = summarize(records);
    assert_eq!((summary.disagreements, summary.warnings), (Vec::new(), Vec::<String>::new()));
    let row = |row: &heapbench_results::Row| {
        let measured = row.measured.as_ref().unwrap();
        let counted = (measured.cells, measured.operations, measured.collections, measured.peak_live_bytes);
        format!("{:?} {} {:?} {:?} {counted:?}", row.setting, row.strategy, row.statuses, row.checksum_agrees)
    };
    summary.rows.iter().map(row).collect()
}

/// Concatenates the files of the shards' folders into the folder `cells`, as `scripts/cluster/merge` does.
fn merge(folder: &Path, shards: &[&Path]) {
    std::fs::create_dir(folder.join("cells")).unwrap();
    for file in ["cells.jsonl", "runs.jsonl"] {
        let parts: Vec<String> = shards
            .iter()
            .map(|shard| std::fs::read_to_string(shard.join("cells").join(file)).unwrap())
            .collect();
        std::fs::write(folder.join("cells").join(file), parts.concat()).unwrap();
    }
}

#[test]
fn two_shards_put_together_are_the_run() {
    let (whole, one, two, merged) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    assert_eq!(run(whole.path(), &WHAT).status, Some(0));
    // Two workers at once.
    let workers = [(&one, "1/2"), (&two, "2/2")]
        .map(|(folder, shard)| start(folder.path(), &[&WHAT[..], &["--shard", shard]].concat()));
    for worker in workers {
        assert_eq!(finish(worker).status, Some(0));
    }
    merge(merged.path(), &[one.path(), two.path()]);
    let (of_run, of_shards) = (records(whole.path()), records(merged.path()));
    let by_key = |records: &[Record]| records.iter().map(lasting).collect::<BTreeMap<String, Record>>();
    assert_eq!(by_key(&of_run), by_key(&of_shards));
    assert_eq!(of_run.len(), (9 + 2) * 2);
    assert_eq!(of_shards.len(), of_run.len());
    assert_eq!(rows(&of_run), rows(&of_shards));
    assert_eq!(rows(&of_run).len(), 9, "null arms are no rows");
    for workload in ["rings", "churn", "requests"] {
        let machines =
            [&one, &two].map(|shard| records(shard.path()).iter().any(|record| record.workload == workload));
        assert_eq!(machines.iter().filter(|there| **there).count(), 1, "{workload} is in one shard");
    }
    let table = heapbench(merged.path(), &["summary", "cells"]);
    assert!(table.text.contains("null comparison: "), "{}", table.text);
    assert!(!table.text.contains("machines"), "{}", table.text);
}

#[test]
fn the_plan_is_listed_and_listing_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let list = |more: &[&str]| {
        let arguments = [&["run", "--profile", "smoke", "--dry-run"], &WHAT[..], more].concat();
        let output = heapbench(folder.path(), &arguments);
        assert_eq!(output.status, Some(0), "{}", output.error());
        output.text
    };
    let all = list(&[]);
    assert_eq!(all, list(&[]));
    assert_ne!(all, list(&["--seed", "2"]));
    let mut parts: Vec<String> = ["1/2", "2/2"]
        .iter()
        .flat_map(|shard| list(&["--shard", shard]).lines().map(String::from).collect::<Vec<_>>())
        .collect();
    let mut lines: Vec<String> = all.lines().map(String::from).collect();
    parts.sort();
    lines.sort();
    assert_eq!(parts, lines);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
