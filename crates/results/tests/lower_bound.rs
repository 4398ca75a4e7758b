//! Lower-bound overheads of records whose answer is known.

mod synthetic;

use heapbench_results::lower_bound::{Clock, LowerBound, lower_bound};
use heapbench_results::{Injected, Record, Status};
use synthetic::record;

/// A cell at a multiple of a heap of 1000 bytes; 0 is no limit.
fn cell(
    strategy: &str,
    workload: &str,
    multiple: f64,
    (cpu_ns, collect_ns): (u64, u64),
    number: u32,
) -> Record {
    Record {
        heap_multiple: Some(multiple).filter(|multiple| *multiple > 0.0),
        heap_limit: Some((multiple * 1000.0) as u64).filter(|limit| *limit > 0),
        cpu_ns,
        wall_ns: cpu_ns,
        collect_ns,
        ..record(strategy, workload, number)
    }
}

fn failed(strategy: &str, workload: &str, multiple: f64) -> Record {
    Record { status: Status::OutOfMemory, ..cell(strategy, workload, multiple, (0, 0), 0) }
}

fn value(found: &LowerBound, workload: &str, strategy: &str, multiple: Option<f64>) -> Option<f64> {
    let work = found.works.iter().find(|bound| bound.work.workload == workload)?;
    let is_it =
        |p: &&heapbench_results::lower_bound::Point| p.strategy == strategy && p.heap_multiple == multiple;
    Some(work.points.iter().find(is_it)?.overhead?.value)
}

#[test]
fn the_base_is_the_least_that_is_left_without_collections_of_all_strategies_and_limits() {
    let records = [
        cell("tracing", "w", 1.0, (4000, 3000), 0),
        cell("tracing", "w", 2.0, (1750, 500), 0),
        cell("counting", "w", 1.0, (1500, 0), 0),
        cell("bump", "w", 0.0, (1100, 0), 0),
    ];
    let found = lower_bound(&records, Clock::Cpu);
    assert_eq!((found.works[0].base_ns, found.works[0].base_strategy.as_str()), (1000.0, "tracing"));
    assert_eq!(found.works[0].base_limit, Some(1000));
    assert_eq!(value(&found, "w", "tracing", Some(1.0)), Some(4.0));
    assert_eq!(value(&found, "w", "tracing", Some(2.0)), Some(1.75));
    assert_eq!(value(&found, "w", "counting", Some(1.0)), Some(1.5));
    assert_eq!(value(&found, "w", "bump", None), Some(1.1));
}

#[test]
fn the_base_is_the_least_mean_not_the_least_run() {
    let mut records = vec![cell("lucky", "w", 0.0, (500, 0), 0), cell("lucky", "w", 0.0, (1900, 0), 1)];
    records.extend((0..2).map(|number| cell("steady", "w", 0.0, (1000, 0), number)));
    let found = lower_bound(&records, Clock::Cpu);
    assert_eq!(found.works[0].base_ns, 1000.0);
    assert_eq!(value(&found, "w", "lucky", None), Some(1.2));
}

#[test]
fn intervals_hold_the_uncertainty_of_the_base_too() {
    let noisy = (0..10).map(|i| cell("noisy", "w", 0.0, (900 + 20 * u64::from(i), 0), i));
    let records: Vec<Record> = noisy.chain((0..10).map(|i| cell("exact", "w", 0.0, (2000, 0), i))).collect();
    let found = lower_bound(&records, Clock::Cpu);
    let exact = found.works[0].points.iter().find(|point| point.strategy == "exact").unwrap();
    let estimate = exact.overhead.unwrap();
    assert!((estimate.value - 2000.0 / 990.0).abs() < 1e-9);
    assert!(estimate.low < estimate.value - 0.03 && estimate.high > estimate.value + 0.03, "{estimate:?}");
    assert_eq!(found, lower_bound(&records, Clock::Cpu), "the same records, the same intervals");
}

#[test]
fn a_collection_takes_its_share_of_the_cpu_time() {
    // Half of the wall time was in a collection; the process had the processor for a fifth of it.
    let waited = Record { wall_ns: 10_000, collect_ns: 5000, ..cell("t", "w", 0.0, (2000, 0), 0) };
    assert_eq!(lower_bound(std::slice::from_ref(&waited), Clock::Cpu).works[0].base_ns, 1000.0);
    assert_eq!(lower_bound(&[waited], Clock::Wall).works[0].base_ns, 5000.0);
}

#[test]
fn geometric_means_are_over_works_that_nobody_failed_at_and_say_what_they_leave_out() {
    let mut records = Vec::new();
    for (workload, factor) in [("a", 2), ("b", 8)] {
        for multiple in [1.0, 2.0] {
            records.push(cell("x", workload, multiple, (1000, 0), 0));
            records.push(cell("y", workload, multiple, (1000 * factor, 0), 0));
            records.push(failed("bump", workload, multiple));
        }
    }
    records.retain(|r| !(r.strategy == "y" && r.workload == "b" && r.heap_multiple == Some(1.0)));
    records.push(failed("y", "b", 1.0));
    let found = lower_bound(&records, Clock::Cpu);
    let mean = |strategy: &str, multiple: f64| {
        let mean =
            found.means.iter().find(|m| m.strategy == strategy && m.heap_multiple == Some(multiple)).unwrap();
        (mean.overhead.value, mean.works)
    };
    assert_eq!(mean("y", 1.0), (2.0, 1));
    assert!((mean("y", 2.0).0 - 4.0).abs() < 1e-9 && mean("y", 2.0).1 == 2);
    assert_eq!(mean("x", 1.0), (1.0, 1));
    assert_eq!(found.exclusions.len(), 1);
    let left_out = &found.exclusions[0];
    assert_eq!((left_out.heap_multiple, left_out.workload.as_str()), (Some(1.0), "b"));
    assert_eq!(left_out.strategies, ["y"]);
    assert_eq!(found.never, ["bump"]);
}

#[test]
fn what_is_no_result_is_no_base() {
    let plain = cell("x", "w", 0.0, (1000, 0), 0);
    let fast = |number| cell("x", "w", 0.0, (1, 0), number);
    let records = [
        plain,
        Record { arm: 1, ..fast(0) },
        Record { injected: Injected { work_permille: 10, pause_us: 0 }, ..fast(0) },
        Record { interpreted: true, strategy: "cpython".into(), ..fast(0) },
    ];
    let found = lower_bound(&records, Clock::Cpu);
    assert_eq!((found.works.len(), found.works[0].base_ns, found.works[0].points.len()), (1, 1000.0, 1));
    assert_eq!(lower_bound(&[], Clock::Wall), LowerBound::default());
    let nothing = lower_bound(&[failed("x", "w", 1.0)], Clock::Cpu);
    assert!(nothing.works.is_empty() && nothing.means.is_empty());
    assert_eq!(nothing.never, ["x"]);
}
