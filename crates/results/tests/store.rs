//! The store keeps what was acknowledged, whatever happened to the line after it.

mod synthetic;

use heapbench_results::store::{CELLS, read};
use heapbench_results::{Record, RunInfo, Status, Store, StoreError};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use synthetic::record;

fn append_bytes(folder: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(folder.join(CELLS)).unwrap().write_all(bytes).unwrap();
}

fn folder_with(records: &[Record]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("new/nested")).unwrap();
    records.iter().for_each(|record| store.append(record).unwrap());
    folder
}

fn results(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("new/nested")
}

#[test]
fn what_is_appended_is_read_back_from_folder_and_file() {
    let records = [record("a", "churn", 0), record("b", "churn", 0)];
    let folder = folder_with(&records);
    let run = RunInfo { run: "quick-1".into(), ..RunInfo::default() };
    Store::open(&results(&folder)).unwrap().append_run(&run).unwrap();
    for path in [results(&folder), results(&folder).join(CELLS)] {
        let read = read(&path).unwrap();
        assert_eq!(read.records, records);
        assert_eq!(read.runs, std::slice::from_ref(&run));
        assert!(read.warnings.is_empty() && read.superseded == 0);
    }
}

#[test]
fn every_cut_of_the_last_line_loses_that_line_only() {
    let lost = serde_json::to_vec(&Record { error: "caf\u{e9} \u{1f600}".into(), ..record("b", "churn", 0) })
        .unwrap();
    let folder = folder_with(&[record("a", "churn", 0)]);
    let file = results(&folder).join(CELLS);
    let whole = std::fs::read(&file).unwrap();
    for cut in 1..lost.len() {
        std::fs::write(&file, [&whole, &lost[..cut]].concat()).unwrap();
        let torn = read(&file).unwrap();
        assert_eq!((torn.records.len(), torn.warnings.len()), (1, 1), "cut {cut}");
        assert!(
            torn.warnings[0].contains("cells.jsonl:2: a line was cut off at byte "),
            "{}",
            torn.warnings[0]
        );
    }
}

#[test]
fn what_is_appended_after_a_torn_line_is_not_glued_to_it() {
    let folder = folder_with(&[record("a", "churn", 0)]);
    append_bytes(&results(&folder), b"{\"schema\":1,\"run\":\"qu");
    let mut store = Store::open(&results(&folder)).unwrap();
    store.append(&record("b", "churn", 0)).unwrap();
    // Torn again, by another process that died, while this one has the file open.
    append_bytes(&results(&folder), b"{\"sch");
    store.append(&record("c", "churn", 0)).unwrap();
    let mended = read(&results(&folder)).unwrap();
    let names: Vec<_> = mended.records.iter().map(|r| r.strategy.as_str()).collect();
    assert_eq!((names, mended.warnings.len()), (vec!["a", "b", "c"], 2));
}

#[test]
fn a_complete_line_without_its_end_is_kept() {
    let folder = folder_with(&[record("a", "churn", 0)]);
    append_bytes(&results(&folder), &serde_json::to_vec(&record("b", "churn", 0)).unwrap());
    Store::open(&results(&folder)).unwrap().append(&record("c", "churn", 0)).unwrap();
    let read = read(&results(&folder)).unwrap();
    assert_eq!((read.records.len(), read.warnings.len()), (3, 0));
}

#[test]
fn unfilled_blocks_are_set_aside() {
    let folder = folder_with(&[record("a", "churn", 0)]);
    append_bytes(&results(&folder), &[0; 4096]);
    assert_eq!(read(&results(&folder)).unwrap().warnings.len(), 1);
}

#[test]
fn the_latest_that_ended_well_stands_for_its_cell() {
    let failed = |wall_ns| Record { status: Status::Failed, wall_ns, ..record("a", "churn", 0) };
    let ok = |wall_ns| Record { wall_ns, ..record("a", "churn", 0) };
    for (given, kept) in [
        (vec![failed(1), ok(2)], 2),
        (vec![ok(1), failed(2)], 1),
        (vec![ok(1), ok(2)], 2),
        (vec![failed(1), failed(2)], 2),
    ] {
        let read = read(&results(&folder_with(&given))).unwrap();
        assert_eq!((read.records.len(), read.records[0].wall_ns, read.superseded), (1, kept, 1));
    }
    let limited = Record { heap_limit: Some(1 << 20), ..ok(1) };
    assert_eq!(read(&results(&folder_with(&[ok(1), limited]))).unwrap().records.len(), 2);
}

#[test]
fn a_newer_schema_is_refused_by_name_even_when_it_reads_as_this_one() {
    for newer in [
        serde_json::to_string(&Record { schema: 99, ..record("a", "churn", 0) }).unwrap(),
        r#"{"schema":99,"cell":{}}"#.to_string(),
    ] {
        let folder = folder_with(&[record("a", "churn", 0)]);
        append_bytes(&results(&folder), format!("{newer}\n").as_bytes());
        let error = read(&results(&folder)).unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { line: 2, found: 99, .. }), "{error}");
        assert!(error.to_string().contains("cells.jsonl:2: the record has schema 99"), "{error}");
    }
}

#[test]
fn other_damage_is_an_error_with_its_place() {
    for (line, place) in [
        ("nonsense", ":2:2: not a record: expected ident"),
        ("{\"schema\":1}", ":2:12: not a record: missing field `run`"),
        ("[1,2]", ":2:"),
        ("\u{ff}\u{fe}", ":2:1: not a record: expected value"),
    ] {
        let folder = folder_with(&[record("a", "churn", 0)]);
        append_bytes(&results(&folder), format!("{line}\n").as_bytes());
        let error = read(&results(&folder)).unwrap_err().to_string();
        assert!(error.contains(place) && error.lines().count() == 1, "{line}: {error}");
    }
}

#[test]
fn a_path_without_results_says_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("none"), folder.path().join("none.jsonl")] {
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("a folder with cells.jsonl, or a .jsonl file, was expected"), "{error}");
    }
}

#[test]
fn processes_may_append_to_one_folder() {
    let folder = folder_with(&[]);
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let path = results(&folder);
            scope.spawn(move || {
                let mut store = Store::open(&path).unwrap();
                (0..25).for_each(|invocation| store.append(&record(name, "churn", invocation)).unwrap());
            });
        }
    });
    let read = read(&results(&folder)).unwrap();
    assert_eq!((read.records.len(), read.warnings.len()), (100, 0));
}
