//! Memory of a row's cells: means over the allocation clock, fragmentation, and what is left some time after the end.
//!
//! Fragmentation is the part of the memory held that is in no object: 1 - live / held. Headers are the objects' own.

use crate::statistics::median;
use crate::{Record, Sample};
use serde::Serialize;

/// Memory over the cells of a row that ended well. Medians over cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MemorySummary {
    /// Bytes in objects not yet reclaimed, the mean over the allocation clock. `None` without samples, as the others.
    pub mean_live_bytes: Option<u64>,
    /// Bytes taken from the system, the mean over the allocation clock.
    pub mean_held_bytes: Option<u64>,
    /// Resident set, the mean over the allocation clock.
    pub mean_rss_bytes: Option<u64>,
    /// Fragmentation at the sample with the most memory held.
    pub fragmentation_at_peak: Option<f64>,
    /// Fragmentation at the end, the heap not yet dropped.
    pub fragmentation_at_end: Option<f64>,
    /// Some time after the program let go of everything; empty when nobody waited for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drained: Vec<crate::Drained>,
}

/// The memory of cells that ended well.
pub fn summarize(cells: &[&Record]) -> MemorySummary {
    let middle = |value: &dyn Fn(&Record) -> Option<f64>| {
        median(&cells.iter().filter_map(|cell| value(cell)).collect::<Vec<_>>())
    };
    let mean =
        |of: fn(&Sample) -> u64| middle(&|cell| mean(&cell.samples, of)).map(|mean| mean.round() as u64);
    let end = |cell: &Record| fragmentation(cell.footprint.end_live_bytes, cell.footprint.end_held_bytes);
    MemorySummary {
        mean_live_bytes: mean(|sample| sample.live),
        mean_held_bytes: mean(|sample| sample.held),
        mean_rss_bytes: mean(|sample| sample.rss),
        fragmentation_at_peak: middle(&|cell| at_peak(&cell.samples)),
        fragmentation_at_end: middle(&end),
        drained: drained(cells),
    }
}

/// The mean over the allocation clock: straight lines between samples (the trapezoid rule), and before the first one from
/// nothing at clock 0. `None` without samples; the last value when the clock never advanced.
pub fn mean(samples: &[Sample], of: fn(&Sample) -> u64) -> Option<f64> {
    let last = samples.last()?;
    let (mut area, mut before) = (0.0, (0, 0.0));
    for sample in samples {
        let now = (sample.clock, of(sample) as f64);
        area += now.0.saturating_sub(before.0) as f64 * (before.1 + now.1) / 2.0;
        before = now;
    }
    Some(if last.clock == 0 { of(last) as f64 } else { area / last.clock as f64 })
}

/// The part of what is held that is in no object; `None` when nothing is held, or less than is live (the two are not known
/// at the same instant everywhere).
fn fragmentation(live: u64, held: u64) -> Option<f64> {
    (held > 0 && live <= held).then(|| 1.0 - live as f64 / held as f64)
}

/// Fragmentation at the first of the samples with the most memory held.
fn at_peak(samples: &[Sample]) -> Option<f64> {
    let peak = samples.iter().rev().max_by_key(|sample| sample.held)?;
    fragmentation(peak.live, peak.held)
}

/// The medians of those cells that waited, time by time.
fn drained(cells: &[&Record]) -> Vec<crate::Drained> {
    let all = || cells.iter().flat_map(|cell| &cell.drained);
    let mut times: Vec<u32> = all().map(|look| look.after_ms).collect();
    times.sort_unstable();
    times.dedup();
    let middle = |after_ms: u32, of: fn(&crate::Drained) -> u64| {
        let values: Vec<f64> =
            all().filter(|look| look.after_ms == after_ms).map(|look| of(look) as f64).collect();
        median(&values).map_or(0, |median| median.round() as u64)
    };
    let at = |after_ms| crate::Drained {
        after_ms,
        live: middle(after_ms, |look| look.live),
        held: middle(after_ms, |look| look.held),
        rss: middle(after_ms, |look| look.rss),
    };
    times.into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Drained;
    use proptest::prelude::*;

    fn sample(clock: u64, live: u64, held: u64) -> Sample {
        Sample { clock, live, held, rss: 2 * held }
    }

    #[test]
    fn means_are_areas_under_straight_lines() {
        let live = |samples: &[Sample]| mean(samples, |s| s.live);
        assert_eq!(live(&[]), None);
        assert_eq!(live(&[sample(0, 7, 9)]), Some(7.0));
        assert_eq!(live(&[sample(10, 8, 9)]), Some(4.0));
        // From 0 to 10 it grows, to 30 it stays, at 30 it falls at once.
        let steps = [sample(10, 60, 60), sample(30, 60, 60), sample(30, 0, 60), sample(60, 0, 60)];
        assert_eq!(live(&steps), Some((300.0 + 1200.0) / 60.0));
    }

    #[test]
    fn fragmentation_is_what_is_held_and_in_no_object() {
        assert_eq!(at_peak(&[sample(1, 30, 40), sample(2, 10, 40), sample(3, 1, 30)]), Some(0.25));
        assert_eq!((fragmentation(0, 0), fragmentation(2, 1), fragmentation(0, 8)), (None, None, Some(1.0)));
    }

    #[test]
    fn a_row_has_the_medians_of_its_cells() {
        let cell = |scale: u64| Record {
            samples: vec![sample(0, scale, 2 * scale), sample(10, scale, 2 * scale)],
            drained: vec![
                Drained { after_ms: 100, live: 1, held: scale, rss: 3 * scale },
                Drained { after_ms: 5000, live: 1, held: scale / 2, rss: scale },
            ],
            ..Record::default()
        };
        let cells = [cell(100), cell(300), cell(200)];
        let summary = summarize(&cells.iter().collect::<Vec<_>>());
        assert_eq!(summary.mean_live_bytes, Some(200));
        assert_eq!((summary.mean_held_bytes, summary.mean_rss_bytes), (Some(400), Some(800)));
        assert_eq!((summary.fragmentation_at_peak, summary.fragmentation_at_end), (Some(0.5), None));
        let looks: Vec<_> = summary.drained.iter().map(|look| (look.after_ms, look.held, look.rss)).collect();
        assert_eq!(looks, [(100, 200, 600), (5000, 100, 200)]);
        assert_eq!(summarize(&[&Record::default()]), MemorySummary::default());
    }

    proptest! {
        #[test]
        fn a_mean_lies_between_nothing_and_the_most(points in prop::collection::vec((0u64..1 << 40, 0u64..1 << 50), 1..50)) {
            let mut samples: Vec<Sample> = points.iter().map(|(clock, live)| sample(*clock, *live, 0)).collect();
            samples.sort_by_key(|sample| sample.clock);
            let most = samples.iter().map(|sample| sample.live).max().unwrap_or(0) as f64;
            let mean = mean(&samples, |sample| sample.live).unwrap();
            prop_assert!((0.0..=most * (1.0 + 1e-9)).contains(&mean), "{mean} of {most}");
        }
    }
}
