//! The store keeps what was acknowledged, whatever happened to the line after it.

mod synthetic;

use heapbench_results::store::{CELLS, Results, read, read_all};
use heapbench_results::{Floating, Record, RunInfo, Status, Store, StoreError};
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

fn names(results: &Results) -> Vec<&str> {
    results.records.iter().map(|record| record.strategy.as_str()).collect()
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
    let last = Record { error: "caf\u{e9} \u{1f600}".into(), ..record("b", "churn", 0) };
    let folder = folder_with(&[record("a", "churn", 0), last]);
    let file = results(&folder).join(CELLS);
    let whole = std::fs::read(&file).unwrap();
    let start = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in start + 1..whole.len() - 1 {
        std::fs::write(&file, &whole[..cut]).unwrap();
        let torn = read(&file).unwrap();
        assert_eq!((torn.records.len(), torn.warnings.len()), (1, 1), "cut {cut}");
        let told = format!("cells.jsonl:2: a line was cut off at byte {start} ({} bytes", cut - start);
        assert!(torn.warnings[0].contains(&told), "{}", torn.warnings[0]);
        assert_eq!(std::fs::read(&file).unwrap(), whole[..cut], "reading wrote");
        if cut % 7 != 0 {
            continue;
        }
        // The next one who appends moves it aside.
        let mut store = Store::open(&results(&folder)).unwrap();
        store.append(&record("c", "churn", 0)).unwrap();
        let remarks = store.take_remarks();
        assert!(remarks.len() == 1 && remarks[0].contains(&format!("at byte {start}")), "{remarks:?}");
        let mended = read(&file).unwrap();
        assert_eq!((mended.records.len(), mended.warnings.len()), (2, 0), "cut {cut}");
        let aside = results(&folder).join("cells.jsonl.torn");
        assert_eq!(std::fs::read(&aside).unwrap(), [&whole[start..cut], b"\n"].concat());
        std::fs::remove_file(aside).unwrap();
    }
}

#[test]
fn what_is_appended_after_a_torn_line_is_not_glued_to_it() {
    let folder = folder_with(&[record("a", "churn", 0)]);
    append_bytes(&results(&folder), b"{\"schema\":2,\"run\":\"qu");
    let mut store = Store::open(&results(&folder)).unwrap();
    store.append(&record("b", "churn", 0)).unwrap();
    // Torn again, by another process that died, while this one has the file open.
    append_bytes(&results(&folder), b"{\"sch");
    store.append(&record("c", "churn", 0)).unwrap();
    assert_eq!(store.take_remarks().len(), 2);
    assert_eq!((names(&read(&results(&folder)).unwrap())), ["a", "b", "c"]);
}

#[test]
fn a_complete_line_without_its_end_is_kept() {
    let folder = folder_with(&[record("a", "churn", 0), record("b", "churn", 0)]);
    let file = results(&folder).join(CELLS);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(names(&read(&file).unwrap()), ["a", "b"]);
    Store::open(&results(&folder)).unwrap().append(&record("c", "churn", 0)).unwrap();
    let read = read(&results(&folder)).unwrap();
    assert_eq!((names(&read), read.warnings.len()), (vec!["a", "b", "c"], 0));
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
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("cells.jsonl:2: the record has schema 99"), "{error}");
    }
}

#[test]
fn other_damage_is_an_error_with_its_place() {
    for (line, place) in [
        ("nonsense", ":2:2: byte "),
        ("{\"schema\":1}", ": not a record: missing field `run`; --salvage reads the others"),
        ("[1,2]", ":2:"),
        ("\u{ff}\u{fe}", ": not a record: expected value; --salvage"),
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

#[test]
fn damage_in_the_middle_is_an_error_that_names_the_byte_and_the_others_can_be_salvaged() {
    let folder = folder_with(&["a", "b", "c"].map(|name| record(name, "churn", 0)));
    let file = results(&folder).join(CELLS);
    let whole = std::fs::read(&file).unwrap();
    let start = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let end = start + whole[start..].iter().position(|byte| *byte == b'\n').unwrap();
    for place in start..end {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        std::fs::write(&file, &damaged).unwrap();
        let error = read(&file).unwrap_err().to_string();
        let told = format!(": byte {start}: ");
        assert!(error.contains("cells.jsonl:2:") && error.contains(&told), "byte {place}: {error}");
        let salvaged = read_all(&[results(&folder)], true).unwrap();
        assert_eq!((names(&salvaged), salvaged.warnings.len()), (vec!["a", "c"], 1), "byte {place}");
        assert!(salvaged.warnings[0].contains(&told), "{}", salvaged.warnings[0]);
    }
}

#[test]
fn a_line_that_lost_its_checksum_is_refused_unless_it_is_of_schema_1() {
    for (schema, readable) in [(1, true), (2, false)] {
        let folder = folder_with(&[]);
        let line = serde_json::to_string(&Record { schema, ..record("a", "churn", 0) }).unwrap();
        append_bytes(&results(&folder), format!("{line}\n").as_bytes());
        assert_eq!(read(&results(&folder)).is_ok(), readable, "schema {schema}");
    }
}

#[test]
fn what_is_no_number_is_refused_and_the_store_goes_on() {
    let folder = folder_with(&[]);
    let mut store = Store::open(&results(&folder)).unwrap();
    let floating = Some(Floating { mean_bytes: f64::NAN, ..Floating::default() });
    let error = store.append(&Record { floating, ..record("a", "churn", 0) }).unwrap_err();
    assert!(matches!(error, StoreError::Unfaithful { .. }), "{error}");
    store.append(&record("b", "churn", 0)).unwrap();
    assert_eq!(names(&read(&results(&folder)).unwrap()), ["b"]);
}

#[test]
fn a_file_that_is_gone_takes_nothing_more() {
    for replaced in [false, true] {
        let folder = folder_with(&[]);
        let mut store = Store::open(&results(&folder)).unwrap();
        store.append(&record("a", "churn", 0)).unwrap();
        let file = results(&folder).join(CELLS);
        std::fs::rename(&file, file.with_extension("old")).unwrap();
        if replaced {
            std::fs::write(&file, "").unwrap();
        }
        let error = store.append(&record("b", "churn", 0)).unwrap_err().to_string();
        assert!(error.contains("moved or deleted"), "{error}");
    }
}

#[test]
fn a_full_device_is_an_error_and_nothing_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join(CELLS)).unwrap();
    let error = Store::open(folder.path()).unwrap().append(&record("a", "churn", 0)).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
}
