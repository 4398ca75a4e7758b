//! Comparison: every verdict, every reason, and exact counts beside them.

mod synthetic;

use heapbench_results::compare::{Comparison, Row, Rule, Verdict, between, null, over_time};
use heapbench_results::metric::metric;
use heapbench_results::{Injected, Record, Status};
use synthetic::record;

fn rule() -> Rule {
    Rule {
        metrics: ["wall", "peak-held"].map(|name| metric(name).unwrap()).to_vec(),
        threshold: 0.02,
        alpha: 0.05,
    }
}

/// Processes whose times spread by `spread` per mille around `wall` microseconds.
fn cells(strategy: &str, run: &str, count: u32, wall: f64, spread: f64) -> Vec<Record> {
    let noise = [0.1, -1.2, 0.8, 1.3, -0.4, -0.6, 1.0, -1.0];
    let cell = |invocation: u32| {
        // Each side's noise begins elsewhere, so that equal sides are not equal values.
        let place = (invocation as usize + strategy.len() + 3 * run.len()) % noise.len();
        let wall_ns = wall * 1e3 * (1.0 + spread * 1e-3 * noise[place]);
        Record { run: run.into(), wall_ns: wall_ns as u64, ..record(strategy, "churn", invocation) }
    };
    (0..count).map(cell).collect()
}

fn only(comparison: &Comparison) -> &Row {
    assert_eq!(comparison.rows.len(), 1, "{comparison:?}");
    &comparison.rows[0]
}

fn wall(comparison: &Comparison) -> Verdict {
    only(comparison).metrics[0].verdict
}

#[test]
fn every_verdict_can_be_had() {
    let base = cells("s", "old", 8, 1000.0, 3.0);
    let said = |b: Vec<Record>| wall(&over_time(&base, &b, &rule()));
    assert_eq!(said(cells("s", "newer", 8, 1100.0, 3.0)), Verdict::Worse);
    assert_eq!(said(cells("s", "newer", 8, 900.0, 3.0)), Verdict::Better);
    assert_eq!(said(cells("s", "newer", 8, 1005.0, 3.0)), Verdict::Same);
    assert_eq!(said(cells("s", "newer", 8, 1030.0, 100.0)), Verdict::CannotTell);
    assert_eq!(said(cells("s", "newer", 2, 1000.0, 0.0)), Verdict::CannotTell);
    assert_eq!(said(cells("s", "newer", 1, 1000.0, 0.0)), Verdict::CannotTell);
    let worse = over_time(&base, &cells("s", "newer", 8, 1100.0, 3.0), &rule());
    assert!(!worse.is_well() && worse.count(Verdict::Worse) == 1 && worse.count(Verdict::Same) == 1);
    let compared = &only(&worse).metrics[0];
    let ratio = compared.ratio.unwrap();
    assert!((ratio.ratio - 1.1).abs() < 0.01 && ratio.low > 1.08 && ratio.high < 1.12, "B to A: {ratio:?}");
    assert!(compared.a < compared.b && compared.cells == (8, 8) && compared.p_adjusted.unwrap() >= ratio.p);
}

#[test]
fn configurations_of_one_run_are_compared_in_pairs() {
    let (mut x, mut y) = (cells("x", "r", 6, 1000.0, 1.0), cells("y", "r", 6, 1030.0, 1.0));
    let drift = [1, 3, 2, 5, 4, 2];
    for side in [&mut x, &mut y] {
        side.iter_mut().zip(drift).for_each(|(cell, by)| cell.wall_ns *= by);
    }
    let together = between(&[x.clone(), y.clone()].concat(), "x", "y", &rule());
    assert!(only(&together).paired);
    assert_eq!(wall(&together), Verdict::Worse);
    y.iter_mut().for_each(|cell| cell.run = "later".into());
    let apart = between(&[x.clone(), y.clone()].concat(), "x", "y", &rule());
    assert!(!only(&apart).paired && wall(&apart) == Verdict::CannotTell);
    y.iter_mut().for_each(|cell| cell.run = "r".into());
    y.truncate(4);
    assert!(!only(&between(&[x, y].concat(), "x", "y", &rule())).paired, "a block that one side lacks");
}

#[test]
fn what_cannot_be_compared_is_a_row_with_its_reason() {
    let base = cells("s", "old", 5, 1000.0, 3.0);
    let changed = |change: &dyn Fn(&mut Record)| {
        let mut cells = cells("s", "newer", 5, 1000.0, 3.0);
        cells.iter_mut().for_each(change);
        over_time(&base, &cells, &rule())
    };
    let told = |comparison: &Comparison, reason: &str, failed: bool, metrics: usize| {
        let row = only(comparison);
        assert!(row.reason.contains(reason), "{row:?}");
        assert_eq!(
            (row.failed, row.metrics.len(), comparison.is_well()),
            (failed, metrics, !failed),
            "{row:?}"
        );
    };
    told(&changed(&|cell| cell.status = Status::OutOfMemory), "B: 5 out-of-memory", true, 0);
    let one = |cell: &mut Record| {
        if cell.invocation == 2 {
            (cell.status, cell.error) = (Status::Failed, "SIGSEGV".into());
        }
    };
    told(&changed(&one), "B: 1 failed, 4 ok (SIGSEGV)", true, 2);
    told(&changed(&|cell| cell.checksum = "1".into()), "checksums differ", true, 0);
    let other = |cell: &mut Record| {
        cell.parameters.insert("depth".into(), 15.into());
    };
    told(&changed(&other), "other parameters: depth 14 in A, 15 in B", false, 0);
    told(&over_time(&base, &[], &rule()), "only in A", false, 0);
    told(&over_time(&[], &base, &rule()), "only in B", false, 0);
    assert!(!over_time(&base, &[], &rule()).found_pairs());
    told(&between(&base, "s", "t", &rule()), "only in A", false, 0);
    let both = |cells: &[Record]| -> Vec<Record> {
        cells.iter().map(|cell| Record { status: Status::Timeout, ..cell.clone() }).collect()
    };
    told(&over_time(&both(&base), &both(&base), &rule()), "A: 5 timeout; B: 5 timeout", false, 0);
    let limited = changed(&|cell| cell.heap_limit = Some(1 << 20));
    assert_eq!(limited.rows.len(), 2, "another limit is another setting");
}

#[test]
fn exact_counts_are_compared_exactly() {
    let mut base = cells("s", "old", 3, 1000.0, 3.0);
    base.iter_mut().for_each(|cell| cell.counters = [("edges".to_string(), 7)].into());
    assert!(only(&over_time(&base, &base, &rule())).exact.is_empty());
    let mut newer = base.clone();
    newer
        .iter_mut()
        .for_each(|cell| cell.counters = [("edges".to_string(), 8), ("new".to_string(), 1)].into());
    newer[1].collections = [0, 0, 1];
    let comparison = over_time(&base, &newer, &rule());
    let found: Vec<(&str, &[u64], &[u64])> =
        only(&comparison).exact.iter().map(|d| (d.counter.as_str(), &*d.a, &*d.b)).collect();
    let expected: [(&str, &[u64], &[u64]); 3] =
        [("collections.full", &[0], &[0, 1]), ("counters.edges", &[7], &[8]), ("counters.new", &[], &[1])];
    assert_eq!(found, expected);
    assert!(comparison.is_well(), "more work is told, not judged");
    newer.iter_mut().for_each(|cell| cell.seed = 2);
    assert!(only(&over_time(&base, &newer, &rule())).exact.is_empty(), "other seeds are other work");
}

#[test]
fn null_arms_and_injected_effects_are_no_results_but_tell_of_the_harness() {
    let mut records = cells("s", "r", 6, 1000.0, 3.0);
    assert_eq!(null(&records, &rule()), None);
    let arm = |number: u32, wall: f64| {
        let cell = |cell: Record| Record { arm: number, ..cell };
        cells("s", "r", 6, wall, 3.0).into_iter().map(cell).collect::<Vec<_>>()
    };
    records.extend(arm(1, 1000.0));
    records.extend(arm(2, 1300.0));
    let injected = Injected { work_permille: 50, pause_us: 0 };
    records.extend(cells("s", "r", 6, 9000.0, 3.0).into_iter().map(|cell| Record { injected, ..cell }));
    let compared = null(&records, &rule()).unwrap();
    assert_eq!((compared.comparisons, compared.different), (4, 1), "two arms, two metrics");
    assert!((compared.largest - 1.3).abs() < 0.01 && compared.share_at_most > 0.25, "{compared:?}");
    let comparison = over_time(&records, &records, &rule());
    assert_eq!(only(&comparison).metrics[0].cells, (6, 6));
}

#[test]
fn many_comparisons_make_each_harder() {
    let noisy = |run: &str, wall: f64| cells("s", run, 6, wall, 22.0);
    let (a, b) = (noisy("old", 1000.0), noisy("newer", 1036.0));
    assert_eq!(
        wall(&over_time(&a, &b, &Rule { metrics: vec![metric("wall").unwrap()], ..rule() })),
        Verdict::Worse
    );
    let spread = |cells: &[Record]| -> Vec<Record> {
        (0..60)
            .flat_map(|workload| {
                let rename = move |cell: &Record| Record { workload: format!("w{workload}"), ..cell.clone() };
                cells.iter().map(rename).collect::<Vec<_>>()
            })
            .collect()
    };
    let quiet = |run: &str| spread(&cells("t", run, 6, 1000.0, 22.0));
    let many = over_time(&[a, quiet("old")].concat(), &[b, quiet("newer")].concat(), &rule());
    assert_eq!(many.count(Verdict::Worse), 0, "one of 122 at a p-value like this is to be expected");
}
