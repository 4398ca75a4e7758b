//! The ranking: only what all completed counts, chance makes no rank, and no number stands without its front.

mod synthetic;

use heapbench_results::metric::metric;
use heapbench_results::rank::{OBJECTIVES, Ranked, Ranking, rank};
use heapbench_results::{CellFootprint, Pauses, Record, Status};
use synthetic::record;

/// Five processes whose times spread by about 1 %.
fn cells(strategy: &str, workload: &str, [wall, held, pause]: [u64; 3]) -> Vec<Record> {
    let cell = |(invocation, permille): (u32, u64)| Record {
        wall_ns: wall * permille,
        footprint: CellFootprint { peak_held_bytes: held, ..CellFootprint::default() },
        pauses: Pauses { p999_ns: pause, ..Pauses::default() },
        ..record(strategy, workload, invocation)
    };
    (0..).zip([1000, 1012, 995, 1004, 990]).map(cell).collect()
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn of<'a>(ranking: &'a Ranking, name: &str) -> &'a Ranked {
    ranking.strategies.iter().find(|ranked| ranked.strategy == name).unwrap()
}

#[test]
fn ratios_are_geometric_means_to_the_best_of_each_workload() {
    let mut records = cells("a", "churn", [100, 1000, 5000]);
    records.extend(cells("b", "churn", [200, 500, 0]));
    records.extend(cells("a", "rings", [800, 1000, 5000]));
    records.extend(cells("b", "rings", [100, 500, 0]));
    let ranking = rank(&records, &named(&["a", "b"]), None);
    let (a, b) = (of(&ranking, "a"), of(&ranking, "b"));
    let near = |ratio: f64, expected: f64| (ratio / expected - 1.0).abs() < 1e-9;
    assert!(near(a.time.ratio, 8f64.sqrt()) && near(b.time.ratio, 2f64.sqrt()), "{ranking:?}");
    assert!(near(a.memory.ratio, 2.0) && near(b.memory.ratio, 1.0));
    assert!(near(a.pause.ratio, 5.0), "no pause counts as one of a microsecond");
    assert_eq!((ranking.strategies[0].strategy.as_str(), ranking.settings.len()), ("b", 2));
    let against = rank(&records, &named(&["a", "b"]), Some("a"));
    assert!(near(of(&against, "a").time.ratio, 1.0) && near(of(&against, "b").time.ratio, 0.5));
    assert_eq!(rank(&records, &named(&["a", "b"]), None), ranking, "the same every time");
}

#[test]
fn a_tie_is_a_tie_and_a_lead_a_lead() {
    let mut records = cells("slow", "churn", [150, 1000, 5000]);
    records.extend(cells("a", "churn", [100, 1000, 5000]));
    let mut other = cells("b", "churn", [100, 1000, 5000]);
    let walls: Vec<u64> = other.iter().map(|cell| cell.wall_ns).collect();
    other.iter_mut().zip(walls.iter().rev()).for_each(|(cell, wall)| cell.wall_ns = *wall);
    records.extend(other);
    let ranking = rank(&records, &named(&["a", "b", "slow"]), None);
    let range = |name: &str| (of(&ranking, name).time.rank_low, of(&ranking, name).time.rank_high);
    assert_eq!((range("a"), range("b"), range("slow")), ((1, 2), (1, 2), (3, 3)));
    assert!(of(&ranking, "a").on_front && of(&ranking, "b").on_front, "what chance put ahead beats nobody");
    assert_eq!(of(&ranking, "slow").beaten_by, ["a", "b"]);
    assert!(of(&ranking, "a").time.low <= of(&ranking, "a").time.ratio);
}

#[test]
fn the_front_holds_what_none_beats_and_the_beaten_say_by_whom() {
    let mut records = cells("fast", "churn", [100, 2000, 9000]);
    records.extend(cells("small", "churn", [200, 1000, 9000]));
    records.extend(cells("beaten", "churn", [300, 2000, 9000]));
    records.extend(cells("smooth", "churn", [300, 2000, 2000]));
    let ranking = rank(&records, &named(&["fast", "small", "beaten", "smooth"]), None);
    let front: Vec<bool> =
        ["fast", "small", "smooth", "beaten"].map(|name| of(&ranking, name).on_front).to_vec();
    assert_eq!(front, [true, true, true, false]);
    assert_eq!(of(&ranking, "beaten").beaten_by, ["fast", "small", "smooth"]);
}

#[test]
fn workloads_that_one_did_not_complete_count_for_none_and_are_listed() {
    let mut records = cells("a", "churn", [100, 1, 1]);
    records.extend(cells("b", "churn", [200, 1, 1]));
    for workload in ["json", "orm", "rings", "load"] {
        records.extend(cells("a", workload, [900, 1, 1]));
    }
    let mut failing = cells("b", "json", [1, 1, 1]);
    failing[2].status = Status::OutOfMemory;
    records.extend(failing);
    records.extend(cells("b", "orm", [1, 1, 1]).into_iter().take(2));
    let wrong = cells("b", "load", [1, 1, 1]).into_iter().map(|cell| Record { checksum: "1".into(), ..cell });
    records.extend(wrong);
    let ranking = rank(&records, &named(&["a", "b"]), None);
    assert_eq!((ranking.settings.len(), of(&ranking, "a").time.ratio), (1, 1.0));
    let reasons: Vec<(&str, &str)> =
        ranking.excluded.iter().map(|e| (e.setting.workload.as_str(), e.reason.as_str())).collect();
    let expected = [
        ("json", "b: out-of-memory"),
        ("load", "checksums differ"),
        ("orm", "b: 2 processes, expected at least 3"),
        ("rings", "b: was not run"),
    ];
    assert_eq!(reasons, expected);
    assert!(rank(&records, &named(&["a", "absent"]), None).strategies.is_empty());
    assert_eq!(rank(&[], &[], None), Ranking::default());
}

#[test]
fn objectives_are_metrics() {
    assert!(OBJECTIVES.iter().all(|name| metric(name).is_some()));
}
