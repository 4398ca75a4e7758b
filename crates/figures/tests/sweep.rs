//! The figures of runs at multiples of the least heap: from records whose answer is known.
//!
//! To look at them: `HEAPBENCH_FIGURES=folder cargo test -p heapbench-figures` keeps each test's figures.

mod synthetic;

use heapbench_figures::draw_all;
use heapbench_results::{Record, Status};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use synthetic::cell;

const MULTIPLES: [f64; 7] = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0];

fn draw(records: &[Record], case: &str) -> BTreeMap<String, String> {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("HEAPBENCH_FIGURES")
        .map_or(temporary.path().to_path_buf(), |shown| Path::new(&shown).join(case));
    let written = draw_all(records, &folder).unwrap();
    let svg = written.into_iter().filter(|path| path.extension().unwrap() == "svg");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("NaN") && !text.contains("inf"), "{}", path.display());
        (path.file_stem().unwrap().to_str().unwrap().to_string(), text)
    };
    svg.map(read).collect()
}

/// Counting is flat, tracing costs as much as all the rest at twice the least heap and falls with memory; below 1.25 it
/// does not finish. A region does not finish under any limit.
fn sweep() -> Vec<Record> {
    let mut records = Vec::new();
    for workload in 0..2 {
        for strategy in [0, 2, 5, 6, 7] {
            for (invocation, multiple) in (0..3).flat_map(|i| MULTIPLES.map(|multiple| (i, Some(multiple)))) {
                records.push(limited(workload, strategy, multiple, invocation));
            }
            records.push(limited(workload, strategy, None, 0));
        }
    }
    records
}

fn limited(workload: usize, strategy: usize, multiple: Option<f64>, invocation: u32) -> Record {
    let mut record = cell(workload, strategy, invocation);
    let alone = record.wall_ns as f64 * (0.55 + 0.1 * workload as f64);
    let traces = strategy >= 6;
    let counters = if traces { "objects_traced" } else { "increments" };
    record.counters.insert(counters.into(), u64::from(strategy > 0));
    let tracing = match multiple {
        Some(multiple) if traces => alone * 0.8 / (multiple - 0.6),
        _ => alone * if traces { 0.05 } else { 0.3 },
    };
    record.collect_ns = if traces { tracing as u64 } else { 0 };
    record.wall_ns = (alone + tracing) as u64;
    record.cpu_ns = record.wall_ns;
    record.heap_multiple = multiple;
    record.heap_limit = multiple.map(|multiple| (multiple * 1e6) as u64);
    record.samples.truncate(20);
    let fails = strategy == 0 && multiple.is_some() || strategy == 7 && multiple.is_some_and(|m| m < 1.25);
    if fails {
        (record.status, record.error) = (Status::OutOfMemory, "out of memory".into());
    }
    record
}

#[test]
fn a_sweep_has_its_three_figures_with_every_failure_in_them() {
    let records = sweep();
    let svgs = draw(&records, "sweep");
    let expected =
        ["crossing", "footprint", "lower-bound", "pareto", "pauses", "sweep", "throughput", "utilization"];
    assert_eq!(svgs.keys().collect::<Vec<_>>(), expected);
    let failed = records.iter().filter(|record| record.status != Status::Ok).count();
    let limited = records.iter().filter(|record| record.heap_multiple.is_some()).count();
    assert!(
        svgs["sweep"].contains(&format!("{limited} cells: {} ok, {failed} out of memory", limited - failed))
    );
    for text in ["always", "never", "refcount+mimalloc"] {
        assert!(svgs["crossing"].contains(text), "{text}");
    }
    assert!(svgs["lower-bound"].contains("Finished nothing under a limit, and is in no mean there: bump."));
    // At 1x one tracing strategy finishes nothing: there is no mean of anybody's.
    assert!(svgs["lower-bound"].contains("finished: 1.25× 2, 1.5× 2"), "{}", svgs["lower-bound"]);
}

#[test]
fn without_two_multiples_there_is_nothing_to_draw_of_them() {
    let unlimited: Vec<Record> =
        sweep().into_iter().filter(|record| record.heap_multiple.is_none()).collect();
    let one: Vec<Record> = sweep().into_iter().filter(|record| record.heap_multiple == Some(2.0)).collect();
    for records in [unlimited, one] {
        let svgs = draw(&records, "without");
        assert!(["sweep", "lower-bound", "crossing"].iter().all(|name| !svgs.contains_key(*name)));
    }
}

#[test]
fn limits_without_any_cell_beside_them_are_panels_told_apart_by_their_multiples() {
    let few =
        sweep().into_iter().filter(|r| r.workload == "churn" || r.heap_multiple.is_some_and(|m| m < 1.5));
    let svgs = draw(&few.filter(|r| r.heap_multiple.is_some()).collect::<Vec<_>>(), "limits");
    assert!(svgs["throughput"].contains("heap 1.25×"));
}

#[test]
fn where_nothing_finishes_it_is_said() {
    let mut records = sweep();
    records.iter_mut().for_each(|record| record.status = Status::OutOfMemory);
    let svgs = draw(&records, "nothing");
    assert!(svgs["sweep"].contains("no strategy finished under any limit"));
    assert!(svgs["lower-bound"].contains("no workload was finished by all strategies"));
}

#[test]
fn the_same_records_give_the_same_figures_in_any_order() {
    let mut records: Vec<Record> =
        sweep().into_iter().filter(|record| record.workload == "async-tasks").collect();
    let first = draw(&records, "order");
    records.reverse();
    assert_eq!(draw(&records, "order"), first);
}
