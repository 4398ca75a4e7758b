//! Splits of synthetic runs whose components are known.

use heapbench_results::split::{SOURCES, configurations, split};
use heapbench_results::{Component, Injected, Record, Split, Status};

const OPERATIONS: u64 = 1_000;

/// Nanoseconds for a thousand operations of each configuration over pymalloc: the components below, put together.
fn time(strategy: &str) -> u64 {
    match strategy {
        "bump" => 100_000,
        // 7 for knowing.
        "manual+pymalloc:schedule=ignore" => 150_000,
        "manual+pymalloc:schedule=walk" => 157_000,
        // 100 + 7 + 20 of allocation.
        "manual+pymalloc" => 127_000,
        "manual+pymalloc:header=8" => 130_000,
        "manual+pymalloc:header=8,container-header=16" => 138_000,
        // 100 + 20 + 3 + 40 of counting.
        "refcount+pymalloc" => 163_000,
        // 163 + 8 of heads + 5 of tracking.
        "refcount-generational@3.13+pymalloc:disabled=true" => 176_000,
        // 30 inside collections, and 12 won outside.
        "refcount-generational@3.13+pymalloc" => 194_000,
        "mark-sweep" => 125_000,
        _ => 0,
    }
}

fn record(strategy: &str, invocation: u32) -> Record {
    // A block that is slow is slow for all; what it is scaled by has the median 1.
    let noise = [1.0, 1.1, 0.9][invocation as usize % 3];
    let scaled = |ns: u64| (ns as f64 * noise) as u64;
    let collects = if strategy.contains("disabled") { 0 } else { 30_000 };
    Record {
        run: "r".into(),
        strategy: strategy.into(),
        workload: "churn".into(),
        profile: "quick".into(),
        invocation,
        status: Status::Ok,
        operations: OPERATIONS,
        wall_ns: scaled(time(strategy)),
        collect_ns: if strategy.contains("generational") { scaled(collects) } else { scaled(10_000) },
        mutator_ns: (strategy == "bump").then_some(scaled(90_000)),
        counters: [
            ("increments".to_string(), 3_000),
            ("decrements".to_string(), 5_000),
            ("objects_allocated".to_string(), 2_000),
            ("slots_traced".to_string(), 0),
        ]
        .into(),
        ..Record::default()
    }
}

fn run() -> Vec<Record> {
    let each = |strategy: &String| (0..3).map(|invocation| record(strategy, invocation)).collect::<Vec<_>>();
    configurations("pymalloc").iter().flat_map(each).collect()
}

fn found(records: &[Record], strategy: &str) -> Split {
    let splits = split(records);
    splits.complete.into_iter().find(|split| split.strategy == strategy).unwrap()
}

/// The components in nanoseconds an operation, rounded.
fn parts(split: &Split) -> Vec<(Component, i64)> {
    split.parts.iter().map(|part| (part.component, part.time.value.round() as i64)).collect()
}

#[test]
fn what_was_put_in_comes_out() {
    use Component as C;
    let records = run();
    let program = [(C::Mutator, 90), (C::Bump, 10)];
    let expect = |strategy: &str, rest: &[(Component, i64)], total: i64| {
        let split = found(&records, strategy);
        assert_eq!(parts(&split), [&program, rest].concat(), "{strategy}");
        assert_eq!(split.total.value.round() as i64, total, "{strategy}");
        assert_eq!((split.invocations, split.confidence), (3, 0.75));
    };
    expect("manual+pymalloc", &[(C::Allocation, 20)], 120);
    expect("refcount+pymalloc", &[(C::Allocation, 20), (C::Header, 3), (C::Counting, 40)], 163);
    let rest = [
        (C::Allocation, 20),
        (C::Header, 11),
        (C::Counting, 40),
        (C::Tracking, 5),
        (C::Tracing, 30),
        (C::Aftermath, -12),
    ];
    expect("refcount-generational@3.13+pymalloc", &rest, 194);
    expect("mark-sweep", &[(C::Allocation, 15), (C::Tracing, 10)], 125);
}

#[test]
fn components_add_up_to_the_strategy_and_stand_beside_their_counts() {
    for split in split(&run()).complete {
        let sum: f64 = split.parts.iter().map(|part| part.time.value).sum();
        // What the schedule costs to look up is in no component.
        let knowing = if split.strategy.starts_with("manual") { 7_000 } else { 0 };
        let expected = (time(&split.strategy) - knowing) as f64 / OPERATIONS as f64;
        assert!((sum - expected).abs() < 1e-6, "{}: {sum}", split.strategy);
        assert!((split.total.value - expected).abs() < 1e-6, "{}", split.strategy);
        for part in &split.parts {
            assert!(part.time.low <= part.time.value && part.time.value <= part.time.high, "{part:?}");
        }
    }
    let counting = found(&run(), "refcount+pymalloc").parts[4].clone();
    assert_eq!((counting.component, counting.work), (Component::Counting, Some(8.0)));
    assert_eq!(counting.ns_each.unwrap().value.round(), 5.0);
    let tracing = found(&run(), "mark-sweep").parts[3].clone();
    assert_eq!((tracing.work, tracing.ns_each), (Some(0.0), None), "nothing was traced to divide by");
}

#[test]
fn a_block_that_is_slow_for_all_widens_no_difference_more_than_itself() {
    // Drawn together, three blocks give an interval as wide as the noise of the component; apart, of the whole.
    let header = found(&run(), "refcount+pymalloc").parts[3].clone();
    assert_eq!(header.component, Component::Header);
    assert!(header.time.high - header.time.low < 1.0, "{header:?}");
}

#[test]
fn what_is_missing_is_told_and_nothing_is_made_up() {
    let told = |records: &[Record]| {
        let splits = split(records);
        let told =
            splits.incomplete.into_iter().map(|found| format!("{}: {}", found.strategy, found.missing));
        told.collect::<Vec<_>>()
    };
    let mut records = run();
    records.retain(|record| record.strategy != "manual+pymalloc:header=8");
    assert_eq!(told(&records)[0], "refcount+pymalloc: no cell that ended well of manual+pymalloc:header=8");
    assert_eq!(split(&records).complete.len(), 2, "the others can be split");
    let mut records = run();
    for record in records.iter_mut().filter(|record| record.strategy == "bump") {
        record.status = Status::OutOfMemory;
    }
    assert!(split(&records).complete.is_empty());
    assert_eq!(told(&records).len(), 4);
    for spoil in [
        (|record: &mut Record| record.injected = Injected { work_permille: 10, pause_us: 0 })
            as fn(&mut Record),
        |record| record.arm = 1,
        |record| record.run = "another".into(),
        |record| record.operations = 7,
    ] {
        let mut records = run();
        records.iter_mut().filter(|record| record.strategy == "bump").for_each(spoil);
        assert!(split(&records).complete.is_empty(), "{:?}", told(&records));
        assert_eq!(told(&records).len(), 4);
    }
    assert_eq!(split(&[]), Default::default());
}

#[test]
fn an_invocation_that_one_configuration_lacks_is_left_out_of_all() {
    let mut records = run();
    records.retain(|record| record.strategy != "bump" || record.invocation != 2);
    assert_eq!(found(&records, "mark-sweep").invocations, 2);
}

#[test]
fn every_source_has_its_configurations_each_once() {
    for source in SOURCES {
        let needed = configurations(source);
        let distinct: std::collections::BTreeSet<&String> = needed.iter().collect();
        assert_eq!((needed.len(), distinct.len()), (10, 10), "{needed:?}");
    }
}
