//! The figures hold every cell, are the same for the same records, and survive any records.
//!
//! To look at them: `HEAPBENCH_FIGURES=folder cargo test -p heapbench-figures` keeps each test's last figures.

mod synthetic;

use heapbench_figures::{FigureError, draw_all};
use heapbench_results::{CellFootprint, Record, Sample, Status};
use std::collections::BTreeMap;
use std::path::Path;
use synthetic::{Fail, cell, run};

/// Draws, and gives the SVGs by name; every picture must be there, in both forms, with only finite places.
fn draw(records: &[Record]) -> BTreeMap<String, String> {
    let case = std::thread::current().name().unwrap_or("unnamed").to_string();
    if let Some(shown) = std::env::var_os("HEAPBENCH_FIGURES") {
        draw_into(records, &Path::new(&shown).join(case));
    }
    let folder = tempfile::tempdir().unwrap();
    let svgs = draw_into(records, folder.path());
    for (name, svg) in &svgs {
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
        assert!(!svg.contains("2147483647") && !svg.contains("-2147483648"), "{name}: a place overflowed");
        let png = std::fs::read(folder.path().join(format!("{name}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{name}: {} bytes", png.len());
    }
    svgs
}

fn draw_into(records: &[Record], folder: &Path) -> BTreeMap<String, String> {
    let written = draw_all(records, folder).unwrap();
    let svg = written.iter().filter(|path| path.extension().unwrap() == "svg");
    let read = |path: &std::path::PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_string(), std::fs::read_to_string(path).unwrap())
    };
    svg.map(read).collect()
}

#[test]
fn a_whole_run_has_all_figures_and_every_strategy_and_workload_in_them() {
    let records = run();
    let svgs = draw(&records);
    assert_eq!(
        svgs.keys().collect::<Vec<_>>(),
        ["footprint", "latency", "pareto", "pauses", "throughput", "utilization"]
    );
    for (name, svg) in svgs.iter().filter(|(name, _)| *name != "latency") {
        for record in &records {
            let named =
                |text: &str| svg.contains(&format!(">\n{text}\n<")) || svg.contains(&format!(">{text}\n<"));
            assert!(named(&record.strategy) && named(&record.workload), "{name}: {}", record.strategy);
        }
        assert!(svg.contains("189 cells: 178 ok"), "{name}");
    }
    assert!(svgs["latency"].contains("requests") && !svgs["latency"].contains("lru-cache"));
    assert!(svgs["utilization"].contains("upper bounds"));
}

#[test]
fn the_same_records_give_the_same_bytes_in_any_order() {
    let mut records = run();
    let first = draw(&records);
    records.reverse();
    assert_eq!(draw(&records), first);
}

#[test]
fn no_record_is_one_line() {
    let error = draw_all(&[], Path::new("nowhere")).unwrap_err();
    assert!(matches!(error, FigureError::NoRecords));
    assert_eq!(error.to_string().lines().count(), 1);
    assert!(!Path::new("nowhere").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_one_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = draw_all(&[cell(0, 0, 0)], &file.path().join("below")).unwrap_err().to_string();
    assert!(error.contains("cannot write the figure") && error.lines().count() == 1, "{error}");
}

#[test]
fn a_single_record_is_drawn() {
    assert_eq!(draw(&[cell(1, 6, 0)]).len(), 5);
    // `bump` has no pauses, so there is no figure of them.
    let quiet = draw(&[cell(1, 0, 0)]);
    assert!(!quiet.contains_key("pauses") && !quiet.contains_key("utilization"));
}

#[test]
fn failures_alone_are_drawn_and_counted() {
    for status in [Status::OutOfMemory, Status::Failed, Status::Timeout] {
        let mut records = vec![cell(0, 1, 0), cell(1, 6, 0)];
        records.iter_mut().for_each(|record| record.fail(status));
        let svgs = draw(&records);
        assert!(svgs["throughput"].contains("no strategy ended well"));
        assert!(svgs["throughput"].contains("2 cells: 0 ok, 2 "));
        records.iter_mut().for_each(|record| record.samples.clear());
        assert!(draw(&records)["footprint"].contains("no samples"));
    }
    let mut invalid = cell(0, 1, 0);
    invalid.fail(Status::Invalid);
    assert!(draw(&[invalid])["pareto"].contains("1 cell: 0 ok, 1 invalid (not drawn)"));
}

#[test]
fn a_strategy_missing_in_a_workload_is_said_to_be() {
    let svgs = draw(&[cell(0, 1, 0), cell(0, 6, 0), cell(1, 1, 0)]);
    assert_eq!(svgs["throughput"].matches("not run").count(), 1);
}

#[test]
fn some_failures_among_good_cells_stand_beside_the_row() {
    let mut records: Vec<Record> = (0..3).map(|invocation| cell(0, 1, invocation)).collect();
    let good = draw(&records)["throughput"].matches("#B42318").count();
    records[1].fail(Status::Failed);
    assert!(draw(&records)["throughput"].matches("#B42318").count() > good);
}

#[test]
fn settings_of_one_workload_are_told_apart() {
    let limited = |bytes| Record { heap_limit: Some(bytes), ..cell(0, 1, 0) };
    let svg = &draw(&[cell(0, 1, 0), limited(64 << 20), limited(1 << 30)])["pareto"];
    for text in ["heap unlimited", "heap 64 MiB", "heap 1 GiB"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn huge_ranges_and_zeros_stay_on_the_page() {
    let mut slow = Record { wall_ns: u64::MAX, operations: 1, ..cell(0, 1, 0) };
    slow.footprint.peak_held_bytes = u64::MAX;
    slow.samples = vec![Sample { clock: u64::MAX, live: u64::MAX, held: u64::MAX, rss: 0 }];
    let mut zero = Record { wall_ns: 0, operations: 0, ..cell(0, 6, 0) };
    zero.footprint = Default::default();
    zero.samples = vec![Sample::default(); 3];
    draw(std::slice::from_ref(&slow));
    draw(std::slice::from_ref(&zero));
    assert_eq!(draw(&[slow, zero, cell(0, 2, 0)]).len(), 5);
}

#[test]
fn odd_and_long_names_are_text_and_fit() {
    let name = format!("a<b>&\"'\u{1}\u{7f}é{}:x=9", "y".repeat(400));
    let records = [Record { strategy: name.clone(), workload: name, ..cell(0, 1, 0) }, cell(0, 2, 0)];
    draw(&records);
}

#[test]
fn a_damaged_histogram_costs_its_line_only() {
    let mut damaged = cell(0, 4, 0);
    damaged.pauses.histogram = "?".into();
    assert_eq!(draw(&[damaged, cell(0, 6, 0)]).len(), 5);
}

#[test]
fn many_strategies_and_failures_are_drawn() {
    let named = |i: u32| {
        let mut record = cell((i / 40) as usize, 1 + (i % 7) as usize, 0);
        record.strategy = format!("{}:setting={:02}", record.strategy, i % 40);
        if i / 40 == 1 && !i.is_multiple_of(4) {
            record.fail(if i % 4 == 1 { Status::OutOfMemory } else { Status::Timeout });
        }
        record
    };
    let records: Vec<Record> = (0..120).map(named).filter(|record| !record.strategy.ends_with('7')).collect();
    assert_eq!(draw(&records).len(), 5);
}

#[test]
fn outside_references_are_hollow_stand_last_and_change_nothing_of_the_strategies() {
    let references = ["cpython:3.11.7", "cpython:3.13.0", "a-python:1"];
    let strategies = run();
    let mut records = strategies.clone();
    for (index, name) in references.into_iter().enumerate() {
        for workload in 0..8 {
            let cell = cell(workload, 5, 0);
            let (ns, bytes) = (cell.wall_ns * (6 + 4 * index as u64), cell.footprint.peak_rss_bytes * 2);
            let mut reference = Record { strategy: name.into(), interpreted: true, wall_ns: ns, ..cell };
            reference.footprint = CellFootprint { peak_rss_bytes: bytes, ..CellFootprint::default() };
            reference.samples.clear();
            records.push(reference);
        }
    }
    let (without, with) = (draw(&strategies), draw(&records));
    for (name, svg) in &with {
        if name == "latency" {
            continue;
        }
        assert!(svg.contains("outside references"), "{name}");
        assert!(!without[name].contains("outside references"), "{name}");
        let place = |text: &str| svg.find(text).unwrap_or_else(|| panic!("{name}: {text}"));
        assert!(references.iter().all(|reference| place(reference) > place("mark-sweep:heap=4x")), "{name}");
    }
    let fastest =
        |svg: &str| svg.split("1× is").skip(1).map(|rest| rest[..12].to_string()).collect::<Vec<_>>();
    assert_eq!(fastest(&with["throughput"]), fastest(&without["throughput"]));
    assert_eq!(fastest(&with["throughput"]).len(), 8);
}
