//! Exported tables have exactly the columns that `results/README.md` describes, and the totals of the JSON lines.

mod synthetic;

use heapbench_results::store::{CELLS, read};
use heapbench_results::{
    Drained, Finding, Floating, FloatingSample, Harmed, Injected, Latency, Layout, RawPause, Record, RunInfo,
    SCHEMA, Sample, Stalls, Store, export,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use synthetic::record;

/// Sections of the document: what their titles contain, the table, what stands before the key.
const SECTIONS: [(&str, &str, &str); 14] = [
    ("`cells.jsonl`", "cells", ""),
    ("`pauses` of a cell", "cells", "pauses_"),
    ("one of the `raw` pauses", "raw_pauses", ""),
    ("`footprint` of a cell", "cells", "footprint_"),
    ("one of the `samples` of a cell", "samples", ""),
    ("one of `drained`", "drained", ""),
    ("`floating` of a cell", "cells", "floating_"),
    ("one of the samples of `floating`", "floating", ""),
    ("`latency` of a cell", "cells", "latency_"),
    ("`stalls` of a cell", "cells", "stalls_"),
    ("`layout` of a cell", "cells", "layout_"),
    ("`injected` into a cell", "cells", "injected_"),
    ("`runs.jsonl`", "runs", ""),
    ("findings of `doctor`", "findings", ""),
];

/// Sections that describe words and what is not a cell's.
const NOT_EXPORTED: [&str; 6] = [
    "`status` of a cell",
    "`verdict` of a finding",
    "one of the numbers that a finding",
    "`prefork.jsonl`",
    "one of the `children` of a fork",
    "`action` of a child",
];

/// Maps, whose names are the data's own.
const MAPS: [&str; 4] = ["parameters", "counters", "pauses_kinds", "latency_metered"];

/// A record in which nothing is absent.
fn full(strategy: &str) -> Record {
    let sample = Sample { clock: 1, live: 2, held: 3, rss: 4 };
    let mut record = Record {
        heap_limit: Some(1 << 30),
        error: "commas, \"quotes\"\nand lines: caf\u{e9}".into(),
        samples: vec![sample; 3],
        counters: [("increments".to_string(), 7), ("decrements".to_string(), u64::MAX >> 12)].into(),
        collections: [3, 2, 1],
        mutator_ns: Some(5),
        arm: 1,
        injected: Injected { work_permille: 10, pause_us: 2 },
        layout: Layout { environment_bytes: 3, heap_offset: 4, position: 5 },
        stalls: Stalls { voluntary_switches: 1, waiting_ns: 9, ..Stalls::default() },
        instructions: Some(77),
        latency: Some(Latency {
            requests: 9,
            rate: Some(3),
            metered: [(10, "h".into())].into(),
            ..Latency::default()
        }),
        drained: vec![Drained { after_ms: 100, live: 1, held: 2, rss: 3 }],
        floating: Some(Floating {
            mean_bytes: 0.1,
            byte_bytes: 1e21,
            samples: vec![FloatingSample { clock: 1, live: 2, reachable: 1 }],
            ..Floating::default()
        }),
        ..record(strategy, "churn", 0)
    };
    record.pauses.kinds = [("young".to_string(), 2)].into();
    record.pauses.raw = vec![RawPause { start_ns: 1, ns: 2, kind: 'y', tainted: true }];
    record
}

fn exported(out: &Path, records: &[Record]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let doctor = vec![Finding { name: "load".into(), harms: vec![Harmed::Wall], ..Finding::default() }];
    let run = RunInfo { schema: SCHEMA, run: "quick-1".into(), doctor, ..RunInfo::default() };
    store.append_run(&run).unwrap();
    records.iter().for_each(|record| store.append(record).unwrap());
    let written = export::csv(&read(folder.path()).unwrap(), out).unwrap();
    assert!(written.iter().all(|path| path.is_file()));
    folder
}

/// The columns that the document describes, as `table.column`; `*` stands for the names of a map.
fn described() -> BTreeSet<String> {
    let document = include_str!("../../../results/README.md");
    let mut columns = BTreeSet::new();
    for section in document.split("\n### ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap();
        let Some((_, table, prefix)) = SECTIONS.iter().find(|(words, ..)| title.contains(words)) else {
            let is_known = NOT_EXPORTED.iter().any(|words| title.starts_with(words));
            assert!(is_known, "a section that nobody exports: {title}");
            continue;
        };
        for row in text.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split(" | ").collect();
            let key = cells[0].trim_matches(['|', ' ', '`']);
            let name = format!("{table}.{prefix}{key}");
            match cells[1] {
                kind if kind.contains("see below") => {}
                kind if kind.starts_with("object") => _ = columns.insert(name + "_*"),
                "three integers" => columns.extend((0..3).map(|place| format!("{name}_{place}"))),
                _ => _ = columns.insert(name),
            }
        }
    }
    columns
}

#[test]
fn every_exported_column_is_described_and_every_described_column_is_exported() {
    let out = tempfile::tempdir().unwrap();
    exported(out.path(), &[full("a")]);
    let mut columns = BTreeSet::new();
    for table in ["cells", "samples", "raw_pauses", "drained", "floating", "runs", "findings"] {
        let mut reader = csv::Reader::from_path(out.path().join(table).with_extension("csv")).unwrap();
        for column in reader.headers().unwrap().iter().filter(|column| *column != "cell") {
            if (table, column) == ("findings", "run") {
                continue;
            }
            let map =
                MAPS.iter().find(|map| column.strip_prefix(*map).is_some_and(|rest| rest.starts_with('_')));
            let name = map.map_or(column.to_string(), |map| format!("{map}_*"));
            let is_new = columns.insert(format!("{table}.{name}"));
            assert!(is_new || map.is_some(), "{table}.{name} is there twice");
        }
        assert_eq!(reader.records().count(), if table == "samples" { 3 } else { 1 }, "{table}");
    }
    let described = described();
    let difference: Vec<_> = columns.symmetric_difference(&described).collect();
    assert!(difference.is_empty(), "described or exported, and not both: {difference:?}");
}

#[test]
fn tables_without_rows_have_their_columns() {
    let out = tempfile::tempdir().unwrap();
    exported(out.path(), &[record("a", "churn", 0)]);
    assert_eq!(
        std::fs::read_to_string(out.path().join("drained.csv")).unwrap(),
        "cell,after_ms,live,held,rss\n"
    );
}

#[test]
fn another_program_computes_the_same_totals_from_the_json_lines() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("not tested: no python3 on this machine");
        return;
    }
    let recompute = |cells: &Path, out: &Path| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recompute.py");
        let output = Command::new("python3").arg(script).arg(cells).arg(out).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let out = tempfile::tempdir().unwrap();
    let folder = exported(out.path(), &[full("a"), record("b", "churn", 0), full("c")]);
    let (equal, told) = recompute(&folder.path().join(CELLS), out.path());
    assert!(equal, "{told}");
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference/quick");
    export::csv(&read(&reference).unwrap(), out.path()).unwrap();
    let (equal, told) = recompute(&reference.join(CELLS), out.path());
    assert!(equal && told.starts_with("equal: "), "{told}");
    // It can fail.
    let samples = out.path().join("samples.csv");
    let changed = std::fs::read_to_string(&samples).unwrap().replacen("8961547", "8961548", 1);
    std::fs::write(&samples, changed).unwrap();
    let (equal, told) = recompute(&reference.join(CELLS), out.path());
    assert!(!equal && told.contains("clock"), "{told}");
}
