//! Metrics: what of a cell can be compared. One value a process; less is better in all of them.

use crate::distribution::Distribution;
use crate::{Latency, Record};

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Nanoseconds,
    /// Memory.
    Bytes,
    /// Whatever the meaning says.
    Count,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name on the command line and in JSON.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What is less counts as this: a ratio to nothing has no meaning, and one of two pauses of nanoseconds none either.
    pub floor: f64,
    value: fn(&Record) -> Option<f64>,
}

impl Metric {
    /// The value of a cell, [`floor`](Metric::floor) at least; `None` where the cell has none.
    pub fn of(&self, record: &Record) -> Option<f64> {
        (self.value)(record).map(|value| value.max(self.floor))
    }
}

/// Pauses shorter than this count as this: a microsecond is what can be told from the clock's own steps.
const SHORTEST_PAUSE_NS: f64 = 1000.0;

const fn time(name: &'static str, meaning: &'static str, value: fn(&Record) -> Option<f64>) -> Metric {
    Metric { name, meaning, unit: Unit::Nanoseconds, floor: 1.0, value }
}

const fn pause(name: &'static str, meaning: &'static str, value: fn(&Record) -> Option<f64>) -> Metric {
    Metric { name, meaning, unit: Unit::Nanoseconds, floor: SHORTEST_PAUSE_NS, value }
}

const fn memory(name: &'static str, meaning: &'static str, value: fn(&Record) -> Option<f64>) -> Metric {
    Metric { name, meaning, unit: Unit::Bytes, floor: 1.0, value }
}

/// All metrics.
pub const METRICS: [Metric; 18] = [
    time("wall", "wall time", |r| Some(r.wall_ns as f64)),
    time("cpu", "CPU time of the process", |r| Some(r.cpu_ns as f64)),
    time("collect", "time inside collections", |r| Some(r.collect_ns as f64)),
    pause("pauses", "all pauses together", |r| Some(r.pauses.total_ns as f64)),
    pause("p50-pause", "median pause of the process", |r| Some(r.pauses.p50_ns as f64)),
    pause("p99-pause", "99th percentile of its pauses", |r| Some(r.pauses.p99_ns as f64)),
    pause("p99.9-pause", "99.9th percentile of its pauses", |r| Some(r.pauses.p999_ns as f64)),
    pause("max-pause", "its longest pause", |r| Some(r.pauses.max_ns as f64)),
    pause("p99-latency", "99th percentile of its simple latencies", |r| latency(r, 0.99)),
    pause("p99.9-latency", "99.9th percentile of its simple latencies", |r| latency(r, 0.999)),
    memory("peak-live", "most bytes in objects", |r| told(r, r.footprint.peak_live_bytes)),
    memory("peak-held", "most bytes taken from the system", |r| told(r, r.footprint.peak_held_bytes)),
    memory("peak-rss", "largest resident set", |r| Some(r.footprint.peak_rss_bytes as f64)),
    memory("end-live", "bytes in objects at the end", |r| told(r, r.footprint.end_live_bytes)),
    memory("end-held", "bytes taken from the system at the end", |r| told(r, r.footprint.end_held_bytes)),
    memory("drained-held", "bytes taken from the system when nothing is needed", |r| {
        r.drained.iter().max_by_key(|drained| drained.after_ms).map(|drained| drained.held as f64)
    }),
    memory("floating", "mean of unreachable bytes not yet reclaimed", |r| {
        Some(r.floating.as_ref()?.mean_bytes)
    }),
    Metric {
        name: "instructions",
        meaning: "instructions of the timed stretch",
        unit: Unit::Count,
        floor: 1.0,
        value: |r| r.instructions.map(|count| count as f64),
    },
];

/// What is compared when nothing is chosen.
pub const DEFAULT_METRICS: [&str; 4] = ["wall", "cpu", "p99.9-pause", "peak-held"];

/// The metric of this name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// What an interpreter does not tell of its memory is 0 in its record.
fn told(record: &Record, bytes: u64) -> Option<f64> {
    (!record.interpreted).then_some(bytes as f64)
}

fn latency(record: &Record, quantile: f64) -> Option<f64> {
    let Latency { simple, .. } = record.latency.as_ref()?;
    Some(Distribution::merged([simple.as_str()]).ok()??.quantile_ns(quantile) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Drained;

    #[test]
    fn names_are_unique_and_the_default_ones_exist() {
        let names: std::collections::BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        assert!(DEFAULT_METRICS.iter().all(|name| metric(name).is_some()));
        assert!(metric("wal").is_none());
    }

    #[test]
    fn what_a_cell_does_not_have_is_no_value_and_nothing_counts_as_the_floor() {
        let of = |name: &str, record: &Record| metric(name).unwrap().of(record);
        let empty = Record::default();
        assert_eq!((of("wall", &empty), of("max-pause", &empty)), (Some(1.0), Some(1000.0)));
        for absent in ["instructions", "floating", "p99-latency", "drained-held"] {
            assert_eq!(of(absent, &empty), None, "{absent}");
        }
        let outside = Record { interpreted: true, ..Record::default() };
        assert_eq!((of("peak-held", &outside), of("peak-rss", &outside)), (None, Some(1.0)));
        let drained = [(5000, 1 << 20), (100, 3 << 20)].map(|(after_ms, held)| Drained {
            after_ms,
            held,
            ..Drained::default()
        });
        let record = Record { drained: drained.to_vec(), instructions: Some(7), ..Record::default() };
        assert_eq!((of("drained-held", &record), of("instructions", &record)), (Some(1048576.0), Some(7.0)));
    }
}
