//! Utilization against its definition, on pauses known by hand and at random.

use super::*;
use crate::Pauses;
use proptest::prelude::*;

fn raw(pauses: &[(u64, u64)]) -> Vec<RawPause> {
    pauses
        .iter()
        .map(|(start_ns, ns)| RawPause { start_ns: *start_ns, ns: *ns, ..RawPause::default() })
        .collect()
}

fn run(pauses: &[(u64, u64)], wall_ns: u64) -> Run {
    Run::new(&raw(pauses), wall_ns)
}

/// A cell with these pauses, and others of `short_ns` in all that it does not keep.
fn cell(pauses: &[(u64, u64)], wall_ns: u64, short_ns: u64) -> Record {
    let total_ns = pauses.iter().map(|(_, ns)| ns).sum::<u64>() + short_ns;
    let count = pauses.len() as u64 + short_ns;
    let pauses = Pauses { count, total_ns, raw_floor_ns: 10_000, raw: raw(pauses), ..Pauses::default() };
    Record { wall_ns, pauses, ..Record::default() }
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-12
}

#[test]
fn one_pause_leaves_what_it_does_not_take() {
    for start in [0, 300, 900] {
        let run = run(&[(start, 100)], 1000);
        for width in [1, 50, 100, 101, 200, 999, 1000] {
            let expected = (1.0 - 100.0 / width as f64).max(0.0);
            assert!(near(run.mmu(width), expected), "{start} {width}: {}", run.mmu(width));
        }
    }
}

#[test]
fn two_pauses_with_a_gap_leave_the_gap() {
    let (pause, gap) = (100, 30);
    let run = run(&[(400, pause), (400 + pause + gap, pause)], 1000);
    let expected = gap as f64 / (2 * pause + gap) as f64;
    assert!(near(run.mmu(2 * pause + gap), expected));
    assert!(near(run.mmu(pause), 0.0));
}

#[test]
fn bmu_at_the_whole_run_is_the_mutators_share_and_mmu_may_fall_where_bmu_does_not() {
    let run = run(&[(100, 100), (210, 100), (700, 50)], 1000);
    let widths: Vec<u64> = (1..=1000).collect();
    let curve = run.curve(&widths);
    assert!(near(curve[999].bmu, 0.75) && near(curve[999].mmu, 0.75));
    assert!(curve.is_sorted_by(|a, b| a.bmu <= b.bmu));
    assert!(!curve.is_sorted_by(|a, b| a.mmu <= b.mmu), "two pauses close together are worse than one");
}

#[test]
fn no_pauses_leave_everything_and_one_throughout_nothing() {
    assert!(run(&[], 500).curve(&[1, 500]).iter().all(|u| (u.mmu, u.bmu) == (1.0, 1.0)));
    assert!(run(&[(0, 500)], 500).curve(&[1, 500]).iter().all(|u| (u.mmu, u.bmu) == (0.0, 0.0)));
}

#[test]
fn pauses_that_touch_or_overlap_or_leave_the_run_are_put_right() {
    let run = run(&[(50, 50), (0, 10), (10, 10), (60, 20), (95, 99), (200, 5)], 100);
    let spans: Vec<(u64, u64, u64)> = run.pauses.iter().map(|p| (p.start, p.end, p.before)).collect();
    assert_eq!(spans, [(0, 20, 0), (50, 100, 20)]);
}

#[test]
fn widths_end_with_the_run() {
    assert_eq!(widths(9_000), [9_000]);
    let widths = widths(1_000_000);
    assert_eq!((widths[0], widths[16], widths[32], widths.len()), (10_000, 100_000, 1_000_000, 33));
    assert!(widths.is_sorted_by(|a, b| a < b));
}

#[test]
fn the_worst_cell_speaks_and_what_is_left_out_is_told() {
    let (good, bad) = (cell(&[(0, 100_000)], 5_000_000, 0), cell(&[(0, 400_000)], 20_000_000, 1_000_000));
    let summary = summarize(&[&good, &bad]).unwrap();
    assert!(near(summary.mmu_1ms.unwrap(), 0.6) && near(summary.left_out, 0.05));
    assert_eq!((summary.mmu_10ms, summary.mmu_100ms), (None, None), "wider than the shorter run");
    let worst = worst(&[&good, &bad]).unwrap();
    let last = worst.windows.last().unwrap();
    assert_eq!((last.window_ns, worst.left_out), (5_000_000, summary.left_out));
    assert!(near(last.mmu, 0.92) && near(last.bmu, 0.92));
}

#[test]
fn cells_whose_pauses_are_not_known_one_by_one_give_nothing() {
    let known = cell(&[(0, 20_000)], 1_000_000, 0);
    let mut unknown = known.clone();
    (unknown.pauses.raw, unknown.pauses.raw_floor_ns) = (Vec::new(), 0);
    assert!(worst(&[&known]).is_some());
    assert!(worst(&[&known, &unknown]).is_none() && summarize(&[&unknown]).is_none() && worst(&[]).is_none());
    let quiet = Record { wall_ns: 2_000_000, ..Record::default() };
    assert_eq!(summarize(&[&quiet]).unwrap().mmu_1ms, Some(1.0), "no pauses are known pauses");
}

/// Straight from the definition, window by window. Whole nanoseconds suffice: all corners are at whole ones.
fn by_hand(pauses: &[(u64, u64)], wall_ns: u64, width: u64) -> f64 {
    let paused = |from: u64| {
        let within = |moment: &u64| pauses.iter().any(|(start, ns)| (*start..start + ns).contains(moment));
        (from..from + width).filter(within).count()
    };
    1.0 - (0..=wall_ns - width).map(paused).max().unwrap_or(0) as f64 / width as f64
}

proptest! {
    #[test]
    fn utilization_is_as_defined(
        wall_ns in 1u64..60, pauses in prop::collection::vec((0u64..70, 0u64..12), 0..8),
    ) {
        let every: Vec<u64> = (1..=wall_ns).collect();
        let curve = run(&pauses, wall_ns).curve(&every);
        let expected: Vec<f64> = every.iter().map(|width| by_hand(&pauses, wall_ns, *width)).collect();
        for (place, found) in curve.iter().enumerate() {
            let bounded = expected[place..].iter().copied().fold(1.0, f64::min);
            prop_assert!(near(found.mmu, expected[place]), "{:?}, expected {}", found, expected[place]);
            prop_assert!(near(found.bmu, bounded), "{:?}, expected {}", found, bounded);
        }
        // Few widths see the windows between them all the same.
        let few: Vec<u64> = every.iter().copied().filter(|width| width % 7 == 1 || *width == wall_ns).collect();
        for found in run(&pauses, wall_ns).curve(&few) {
            prop_assert!(near(found.bmu, curve[found.window_ns as usize - 1].bmu), "{:?}", found);
        }
    }
}
