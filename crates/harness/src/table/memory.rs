//! The table of memory beside the summary: means over the allocation clock, fragmentation, and what is left after the end.

use super::plain;
use crate::units;
use heapbench_results::memory::MemorySummary;
use heapbench_results::{Drained, Measured, Row, Summary};

/// Stands below.
const LEGEND: &str = "mean: over the bytes allocated. unused: the part of the memory held that is in no object (1 - live/held), \
    where the most is held, and at the end.\nheld and RSS some time after the program's end: it has let go of everything, and \
    nothing is called meanwhile.";

/// Whether some cell waited for what becomes of its memory.
pub fn is_wanted(summary: &Summary) -> bool {
    summary
        .rows
        .iter()
        .filter_map(|row| row.measured.as_ref())
        .any(|measured| !measured.memory.drained.is_empty())
}

/// A block for each workload.
pub fn memory(summary: &Summary) -> String {
    let mut text = String::new();
    for rows in summary.rows.chunk_by(|a, b| a.setting == b.setting) {
        let measured: Vec<(&Row, &Measured)> = rows
            .iter()
            .filter(|row| !row.interpreted)
            .filter_map(|row| Some((row, row.measured.as_ref()?)))
            .collect();
        let mut times: Vec<u32> =
            measured.iter().flat_map(|(_, m)| &m.memory.drained).map(|look| look.after_ms).collect();
        times.sort_unstable();
        times.dedup();
        let mut titles: Vec<String> =
            ["strategy", "mean live", "held", "RSS", "unused at peak", "at end", "peak held", "end held"]
                .map(str::to_string)
                .into();
        titles.extend(times.iter().map(|ms| format!("held, RSS +{}", units::duration(f64::from(*ms) * 1e6))));
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let cells = measured.iter().map(|(row, measured)| cells(&row.strategy, measured, &times)).collect();
        text += &format!("memory, {}\n{}\n\n", rows[0].setting.workload, plain(&titles, cells));
    }
    text + LEGEND
}

fn cells(strategy: &str, measured: &Measured, times: &[u32]) -> Vec<String> {
    let MemorySummary { mean_live_bytes, mean_held_bytes, mean_rss_bytes, .. } = measured.memory;
    let bytes = |bytes: Option<u64>| bytes.map_or("-".to_string(), units::bytes);
    let share = |share: Option<f64>| share.map_or("-".to_string(), units::share);
    let look = |after_ms: &u32| {
        let found = measured.memory.drained.iter().find(|look| look.after_ms == *after_ms);
        let both = |look: &Drained| format!("{}, {}", units::bytes(look.held), units::bytes(look.rss));
        found.map_or("-".to_string(), both)
    };
    let mut cells = vec![strategy.to_string()];
    cells.extend([mean_live_bytes, mean_held_bytes, mean_rss_bytes].map(bytes));
    cells.extend([measured.memory.fragmentation_at_peak, measured.memory.fragmentation_at_end].map(share));
    cells.extend([measured.peak_held_bytes, measured.end_held_bytes].map(units::bytes));
    cells.extend(times.iter().map(look));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_results::{Record, Sample, Status, summary::summarize};

    #[test]
    fn what_was_waited_for_is_a_column_each() {
        let cell = |strategy: &str, drained: Vec<Drained>| Record {
            strategy: strategy.into(),
            workload: "rings".into(),
            status: Status::Ok,
            samples: vec![Sample { clock: 8, live: 1 << 20, held: 4 << 20, rss: 5 << 20 }],
            drained,
            ..Record::default()
        };
        let plain = summarize(&[cell("bump", Vec::new())]);
        assert!(!is_wanted(&plain));
        let words = memory(&plain).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("bump 512 KiB 2.00 MiB 2.50 MiB 75.0 % - "), "{words}");
        let waited = Drained { after_ms: 5000, live: 0, held: 1 << 20, rss: 2 << 20 };
        let summary = summarize(&[cell("bump", Vec::new()), cell("refcount", vec![waited])]);
        assert!(is_wanted(&summary));
        let text = memory(&summary);
        assert!(text.contains("RSS +5.00 s") && text.contains("1.00 MiB, 2.00 MiB"), "{text}");
        assert!(
            text.lines().any(|line| line.starts_with("bump") && line.trim_end().ends_with('-')),
            "{text}"
        );
    }
}
