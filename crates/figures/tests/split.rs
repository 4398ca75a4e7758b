//! The cost split's figure: drawn where all that it takes was run, with every strategy and component in it.

use heapbench_figures::draw_all;
use heapbench_results::split::{configurations, split};
use heapbench_results::{Record, Status};
use std::path::Path;

fn record(workload: &str, strategy: &str, number: usize, invocation: u32) -> Record {
    // Steps up and, at the end, one down: a component that is negative.
    let wall_ns = [90_000, 120_000, 126_000, 118_000, 121_000, 150_000, 128_000, 162_000, 171_000, 140_000];
    Record {
        run: "r".into(),
        strategy: strategy.into(),
        workload: workload.into(),
        profile: "quick".into(),
        invocation,
        status: Status::Ok,
        operations: 1_000,
        wall_ns: wall_ns[number % 10] + 1_500 * u64::from(invocation * (number as u32 % 3)),
        collect_ns: if strategy.contains("disabled") { 0 } else { 22_000 },
        mutator_ns: (strategy == "bump").then_some(70_000),
        ..Record::default()
    }
}

fn run() -> Vec<Record> {
    let works = ["binary-trees", "churn", "lru-cache", "rings"];
    let cell = |work: &'static str| {
        configurations("pymalloc").into_iter().enumerate().flat_map(move |(number, strategy)| {
            (0..3).map(move |invocation| record(work, &strategy, number, invocation)).collect::<Vec<_>>()
        })
    };
    works.into_iter().flat_map(cell).collect()
}

fn draw(records: &[Record]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let shown = std::env::var_os("HEAPBENCH_FIGURES");
    let out = shown.as_ref().map_or(folder.path(), Path::new);
    let written = draw_all(records, out).unwrap();
    let svg = written.iter().find(|path| path.ends_with("split.svg"))?;
    Some(std::fs::read_to_string(svg).unwrap())
}

#[test]
fn every_strategy_component_and_workload_is_in_it() {
    let records = run();
    let svg = draw(&records).unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("2147483647"));
    for split in split(&records).complete {
        let names = split.parts.iter().map(|part| part.component.name());
        for text in names.chain([split.strategy.as_str(), split.setting.workload.as_str()]) {
            assert!(svg.contains(&format!(">\n{text}\n<")), "{text}");
        }
    }
    let mut reversed = records;
    reversed.reverse();
    assert_eq!(draw(&reversed), Some(svg));
}

#[test]
fn there_is_none_where_no_counting_strategy_can_be_split() {
    let mut records = run();
    records.retain(|record| !record.strategy.starts_with("manual"));
    assert_eq!(draw(&records), None);
}
