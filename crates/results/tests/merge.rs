//! Results of several folders are one, in whatever order and by whatever means they are put together.

mod synthetic;

use heapbench_results::store::{self, CELLS, Merged, RUNS, StoreError, merge, read, read_all};
use heapbench_results::{Record, RunInfo, SCHEMA, Status, Store};
use std::path::{Path, PathBuf};
use synthetic::record;

/// A folder with a run that began at that second, and its cells.
fn folder(parent: &Path, name: &str, second: u32, records: &[Record]) -> PathBuf {
    let folder = parent.join(name);
    let mut store = Store::open(&folder).unwrap();
    let started = format!("2026-11-23T00:00:{second:02}Z");
    store.append_run(&RunInfo { schema: SCHEMA, run: name.into(), started, ..RunInfo::default() }).unwrap();
    for record in records {
        store.append(&Record { run: name.into(), ..record.clone() }).unwrap();
    }
    folder
}

fn bytes(folder: &Path) -> [Vec<u8>; 2] {
    [CELLS, RUNS].map(|file| std::fs::read(folder.join(file)).unwrap())
}

fn measured(wall_ns: u64) -> Record {
    Record { wall_ns, ..record("a", "churn", 0) }
}

#[test]
fn the_order_and_the_number_of_times_do_not_matter() {
    let parent = tempfile::tempdir().unwrap();
    let path = |name: &str| parent.path().join(name);
    let a = folder(parent.path(), "a", 1, &[measured(1), record("b", "churn", 0)]);
    let b = folder(parent.path(), "b", 2, &[measured(2), record("c", "churn", 0)]);
    let merged = |from: &[&Path], out: &str| {
        let from: Vec<PathBuf> = from.iter().map(|path| path.to_path_buf()).collect();
        merge(&from, &path(out), false).unwrap()
    };
    let once = merged(&[&a, &b], "ab");
    assert_eq!(once, Merged { cells: 4, runs: 2, ..Merged::default() });
    merged(&[&b, &a], "ba");
    let again = merged(&[&a, &path("ab")], "a_ab");
    assert_eq!(again, Merged { cells: 4, runs: 2, duplicates: 3, ..Merged::default() });
    merged(&[&path("ba"), &path("ab"), &b], "ba_ab_b");
    for other in ["ba", "a_ab", "ba_ab_b"] {
        assert_eq!(bytes(&path("ab")), bytes(&path(other)), "{other}");
    }
    // Reading side by side, and reading what was put together by other means, gives the same.
    let sorted = |mut records: Vec<Record>| {
        records.sort_by(|one, other| one.strategy.cmp(&other.strategy));
        records
    };
    let together = path("cat.jsonl");
    std::fs::write(&together, [bytes(&b)[0].clone(), bytes(&a)[0].clone(), bytes(&b)[0].clone()].concat())
        .unwrap();
    let expected = sorted(read(&path("ab")).unwrap().records);
    assert_eq!(expected[0].wall_ns, 2, "the run that began last");
    for paths in [vec![a.clone(), b.clone()], vec![b.clone(), a.clone()], vec![together]] {
        let read = read_all(&paths, false).unwrap();
        assert_eq!(sorted(read.records), expected, "{paths:?}");
        assert_eq!((read.superseded, read.conflicts), (1, 0), "{paths:?}");
        assert!(read.warnings[0].contains("1 cells were measured more than once"), "{:?}", read.warnings);
    }
}

#[test]
fn a_cell_that_was_run_again_because_it_failed_is_no_repetition() {
    let parent = tempfile::tempdir().unwrap();
    let failed = Record { status: Status::Failed, ..measured(9) };
    // Whenever it failed, before or after it went well.
    let a = folder(parent.path(), "a", 1, std::slice::from_ref(&failed));
    let b = folder(parent.path(), "b", 2, &[measured(1)]);
    let c = folder(parent.path(), "c", 3, &[failed]);
    for paths in [[a.clone(), b.clone(), c.clone()], [c, b, a]] {
        let read = read_all(&paths, false).unwrap();
        assert_eq!((read.records.len(), read.records[0].wall_ns, read.superseded), (1, 1, 2));
        assert_eq!(read.warnings, [""; 0]);
    }
}

#[test]
fn one_id_with_two_contents_is_told_and_both_are_kept() {
    let parent = tempfile::tempdir().unwrap();
    let a = folder(parent.path(), "a", 1, &[measured(11_111), record("b", "churn", 0)]);
    let changed = String::from_utf8(bytes(&a)[0].clone()).unwrap().replace("11111", "99999");
    let (line, rest) = changed.split_once('\n').unwrap();
    // Somebody who knows how to seal a line.
    let body = line.rsplit_once(",\"crc\"").unwrap().0;
    let sealed = format!("{body},\"crc\":\"{:08x}\"}}\n{rest}", crc32fast::hash(body.as_bytes()));
    let b = parent.path().join("b.jsonl");
    std::fs::write(&b, sealed).unwrap();
    let mut used = Vec::new();
    for paths in [[a.clone(), b.clone()], [b, a]] {
        let read = read_all(&paths, false).unwrap();
        assert_eq!((read.records.len(), read.conflicts, read.duplicates), (2, 1, 1));
        assert!(read.warnings[0].contains("the same id") && read.warnings[0].contains("used: "));
        used.push(read.records.iter().find(|record| record.strategy == "a").unwrap().wall_ns);
        let out = parent.path().join(format!("out{}", used.len()));
        let merged = merge(&paths, &out, false).unwrap();
        assert_eq!((merged.cells, merged.conflicts, merged.duplicates), (3, 1, 1));
        assert_eq!(store::read(&out).unwrap().conflicts, 1, "both are there");
    }
    assert_eq!(used[0], used[1], "which is used depends on the order");
    assert_eq!(bytes(&parent.path().join("out1")), bytes(&parent.path().join("out2")));
}

#[test]
fn a_torn_file_in_front_of_another_costs_none_of_its_lines() {
    let parent = tempfile::tempdir().unwrap();
    let [a, b] =
        ["a", "b"].map(|name| bytes(&folder(parent.path(), name, 1, &[record(name, "churn", 0)]))[0].clone());
    let together = parent.path().join("cat.jsonl");
    for cut in 1..a.len() {
        std::fs::write(&together, [&a[..cut], &b].concat()).unwrap();
        let read = read(&together).unwrap();
        let names: Vec<&str> = read.records.iter().map(|record| record.strategy.as_str()).collect();
        if cut == a.len() - 1 {
            assert_eq!((names, read.warnings.len()), (vec!["a", "b"], 0), "only the line's end was missing");
        } else {
            assert_eq!((names, read.warnings.len()), (vec!["b"], 1), "cut {cut}");
            assert!(read.warnings[0].contains("cat.jsonl:1: a line was cut off at byte 0"));
        }
    }
}

#[test]
fn two_whole_lines_whose_end_was_damaged_are_not_taken_for_a_torn_one() {
    let parent = tempfile::tempdir().unwrap();
    let a = folder(parent.path(), "a", 1, &["a", "b"].map(|name| record(name, "churn", 0)));
    let mut damaged = bytes(&a)[0].clone();
    let end = damaged.iter().position(|byte| *byte == b'\n').unwrap();
    damaged[end] = b'J';
    std::fs::write(a.join(CELLS), damaged).unwrap();
    assert!(matches!(read(&a), Err(StoreError::Malformed { .. })));
    assert_eq!(read_all(&[a], true).unwrap().records.len(), 1);
}

#[test]
fn old_results_are_read_and_merged_with_new_ones() {
    let parent = tempfile::tempdir().unwrap();
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference/guide");
    let old = read(&reference).unwrap();
    assert!(old.records.len() > 100 && old.runs.len() == 1 && old.warnings.is_empty());
    let new = folder(parent.path(), "new", 1, &[record("a", "churn", 0)]);
    let out = parent.path().join("out");
    let lines = std::fs::read_to_string(reference.join(CELLS)).unwrap().lines().count();
    let merged = merge(&[reference.clone(), new, reference], &out, false).unwrap();
    assert_eq!((merged.cells, merged.runs, merged.duplicates), (lines + 1, 2, lines + 1));
    assert_eq!(read(&out).unwrap().records.len(), old.records.len() + 1);
}

#[test]
fn results_are_not_merged_over_others() {
    let parent = tempfile::tempdir().unwrap();
    let a = folder(parent.path(), "a", 1, &[measured(1)]);
    let before = bytes(&a);
    assert!(matches!(merge(std::slice::from_ref(&a), &a, false), Err(StoreError::Occupied { .. })));
    assert_eq!(bytes(&a), before);
}
