//! The summary: every row is there, and every number is what its records say.

mod synthetic;

use hdrhistogram::Histogram;
use heapbench_results::summary::summarize;
use heapbench_results::{Distribution, Injected, Measured, Pauses, Record, Status, Summary};
use synthetic::record;

fn timed(strategy: &str, invocation: u32, wall_ns: u64) -> Record {
    Record { wall_ns, ..record(strategy, "churn", invocation) }
}

fn with_pauses(base: Record, values: &[u64]) -> Record {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    values.iter().for_each(|value| histogram.record(*value).unwrap());
    let pauses = Pauses {
        count: values.len() as u64,
        total_ns: values.iter().sum(),
        max_ns: *values.iter().max().unwrap(),
        histogram: Distribution::encode(&histogram).unwrap(),
        ..Pauses::default()
    };
    Record { pauses, ..base }
}

fn row<'a>(summary: &'a Summary, strategy: &str) -> &'a heapbench_results::Row {
    summary.rows.iter().find(|row| row.strategy == strategy).unwrap()
}

#[test]
fn times_are_medians_over_invocations_and_relative_to_the_fastest() {
    let walls = [("a", [100_000, 300_000, 110_000]), ("b", [220_000, 230_000, 210_000])];
    let records: Vec<Record> = walls
        .iter()
        .flat_map(|(name, walls)| walls.iter().zip(0..).map(|(wall, i)| timed(name, i, *wall)))
        .collect();
    let summary = summarize(&records);
    let (a, b) =
        (row(&summary, "a").measured.as_ref().unwrap(), row(&summary, "b").measured.as_ref().unwrap());
    assert_eq!(
        (a.wall_ns.median, a.wall_ns.min, a.wall_ns.max, a.cells),
        (110_000.0, 100_000.0, 300_000.0, 3)
    );
    assert_eq!((a.cpu_ns.median, a.cpu_ns.low, a.cpu_ns.high), (100_000.0, 100_000.0, 100_000.0));
    assert_eq!((a.ns_per_operation.median, b.ns_per_operation.median), (110.0, 220.0));
    assert_eq!((a.relative_time, b.relative_time), (1.0, 2.0));
    assert!((a.operations_per_second - 1e9 / 110.0).abs() < 1e-6);
    assert_eq!(summarize(&records), summary);
}

#[test]
fn cells_that_ended_badly_are_rows_and_enter_no_number() {
    let bad = |status, wall_ns| Record { status, wall_ns, error: "SIGSEGV".into(), ..timed("a", 1, wall_ns) };
    let only = Record { status: Status::OutOfMemory, ..timed("b", 0, 1) };
    let records = [timed("a", 0, 100_000), bad(Status::Failed, 1), bad(Status::Invalid, 2), only];
    let summary = summarize(&records);
    let a = row(&summary, "a");
    assert_eq!(a.statuses, [("failed", 1), ("invalid", 1), ("ok", 1)].into());
    assert_eq!((a.measured.as_ref().unwrap().cells, a.error.as_str()), (1, "SIGSEGV"));
    let b = row(&summary, "b");
    assert_eq!((b.statuses["out-of-memory"], b.measured.is_none(), b.checksum_agrees), (1, true, None));
}

#[test]
fn pauses_are_pooled_by_their_histograms() {
    let first: Vec<u64> = (1..=99).map(|i| i * 1000).collect();
    let records = [with_pauses(timed("a", 0, 1), &first), with_pauses(timed("a", 1, 1), &[5_000_000])];
    let summary = summarize(&records);
    let pauses = &row(&summary, "a").measured.as_ref().unwrap().pauses;
    assert_eq!((pauses.count, pauses.max_ns), (100, 5_000_000));
    let near = |got: Option<u64>, expected: f64| (got.unwrap() as f64 / expected - 1.0).abs() < 0.002;
    assert!(near(pauses.p50_ns, 50_000.0) && near(pauses.p99_ns, 99_000.0) && near(pauses.p999_ns, 5e6));
}

#[test]
fn a_missing_or_damaged_histogram_gives_no_percentile() {
    let mut missing = with_pauses(timed("a", 1, 1), &[10]);
    missing.pauses.histogram.clear();
    let summary = summarize(&[with_pauses(timed("a", 0, 1), &[10]), missing.clone()]);
    assert_eq!(row(&summary, "a").measured.as_ref().unwrap().pauses.p50_ns, None);
    missing.pauses.histogram = "!".into();
    let summary = summarize(&[missing]);
    assert_eq!(summary.warnings.len(), 1);
    assert!(
        summary.warnings[0].starts_with("churn under a: pauses: not a histogram"),
        "{:?}",
        summary.warnings
    );
}

#[test]
fn disagreement_of_checksums_is_flagged_across_limits_but_not_across_seeds() {
    let wrong = Record { checksum: "1".into(), heap_limit: Some(1 << 30), ..timed("b", 0, 1) };
    let summary = summarize(&[timed("a", 0, 1), wrong.clone()]);
    assert_eq!(summary.disagreements.len(), 1);
    assert_eq!(summary.disagreements[0].checksums.len(), 2);
    assert!(summary.rows.iter().all(|row| row.checksum_agrees == Some(false)));
    let other_seed = Record { seed: 2, ..wrong.clone() };
    assert!(summarize(&[timed("a", 0, 1), other_seed]).disagreements.is_empty());
    let invalid = Record { status: Status::Invalid, ..wrong };
    let summary = summarize(&[timed("a", 0, 1), timed("c", 0, 1), invalid]);
    assert!(summary.disagreements.is_empty());
    assert_eq!(row(&summary, "a").checksum_agrees, Some(true));
}

#[test]
fn the_manager_s_share_is_the_rest_after_the_mutator() {
    let bump = Record { mutator_ns: Some(60_000), ..timed("x", 0, 80_000) };
    let summary =
        summarize(&[bump, Record { heap_limit: Some(1), ..timed("a", 0, 240_000) }, timed("b", 0, 30_000)]);
    let measured = |name| row(&summary, name).measured.as_ref().unwrap();
    // What `b` needs in all is less than the estimate: the mutator can't need more.
    assert_eq!(measured("a").mutator_ns_per_operation, Some(30.0));
    assert_eq!(
        (measured("a").manager_ns_per_operation, measured("a").manager_share),
        (Some(210.0), Some(0.875))
    );
    assert_eq!(measured("b").manager_ns_per_operation, Some(0.0));
    let bump = Record { mutator_ns: Some(60_000), ..timed("x", 0, 80_000) };
    let collecting = Record { collect_ns: 20_000, ..timed("c", 0, 90_000) };
    let summary = summarize(&[bump, collecting]);
    assert_eq!(row(&summary, "c").measured.as_ref().unwrap().mutator_ns_per_operation, Some(60.0));
}

#[test]
fn null_arms_and_injected_effects_are_no_rows() {
    let arm = Record { arm: 1, ..timed("a", 0, 9) };
    let injected = Injected { work_permille: 10, pause_us: 0 };
    let summary = summarize(&[timed("a", 0, 100_000), arm, Record { injected, ..timed("b", 0, 9) }]);
    assert_eq!((summary.rows.len(), row(&summary, "a").measured.as_ref().unwrap().cells), (1, 1));
}

#[test]
fn nothing_and_zeros_give_finite_numbers() {
    assert_eq!(summarize(&[]), Summary::default());
    let zero = Record { operations: 0, wall_ns: 0, ..timed("a", 0, 0) };
    let text = serde_json::to_string(&summarize(&[zero])).unwrap();
    assert!(!text.contains("null,\"low\"") && text.contains("\"relative_time\":1.0"), "{text}");
}

#[test]
fn the_json_of_a_row_is_flat_in_its_setting() {
    let json = serde_json::to_value(summarize(&[timed("a", 0, 100_000)])).unwrap();
    assert_eq!(json["rows"][0]["workload"], "churn");
    assert_eq!(json["rows"][0]["parameters"]["depth"], 14);
    assert_eq!(json["rows"][0]["measured"]["ns_per_operation"]["median"], 100.0);
}

#[test]
fn outside_references_come_last_and_nothing_is_compared_with_them() {
    let reference = |name: &str, wall_ns| Record { interpreted: true, ..timed(name, 0, wall_ns) };
    let bump = Record { mutator_ns: Some(60_000), ..timed("x", 0, 80_000) };
    let summary = summarize(&[reference("a-python", 10_000), bump, reference("python", 400_000)]);
    let rows: Vec<(&str, bool)> =
        summary.rows.iter().map(|row| (row.strategy.as_str(), row.interpreted)).collect();
    assert_eq!(rows, [("x", false), ("a-python", true), ("python", true)]);
    let measured: Vec<&Measured> = summary.rows.iter().map(|row| row.measured.as_ref().unwrap()).collect();
    assert_eq!(measured.iter().map(|m| m.relative_time).collect::<Vec<_>>(), [1.0, 0.125, 5.0]);
    let mutator = measured.iter().map(|m| m.mutator_ns_per_operation).collect::<Vec<_>>();
    assert_eq!(mutator, [Some(60.0), None, None], "not the reference's 10, nor a share of its time");
    let wrong = Record { checksum: "1".into(), ..reference("python", 1) };
    assert_eq!(
        summarize(&[timed("x", 0, 1), wrong]).disagreements.len(),
        1,
        "a checksum is compared with every one"
    );
}
