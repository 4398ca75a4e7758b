//! Records as a run would write them: eight workloads, eight strategies, three invocations, some failures.
#![allow(dead_code, reason = "each test program uses its own part")]

use hdrhistogram::Histogram;
use heapbench_results::{
    CellFootprint, Distribution, Latency, Pauses, RawPause, Record, SCHEMA, Sample, Status,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Name, time factor, memory factor, longest pause in ns, share of the live memory that floats.
const STRATEGIES: [(&str, f64, f64, f64, f64); 8] = [
    ("bump", 0.75, 0.0, 0.0, 0.0),
    ("refcount+system", 1.35, 1.25, 2e5, 0.0),
    ("refcount+mimalloc", 1.05, 1.1, 1.6e5, 0.0),
    ("refcount+pymalloc", 1.1, 1.05, 1.8e5, 0.0),
    ("refcount-generational@3.13+mimalloc", 1.2, 1.15, 9e6, 0.1),
    ("refcount-generational@3.13+pymalloc", 1.25, 1.1, 1.1e7, 0.1),
    ("mark-sweep", 1.0, 1.5, 4e7, 0.5),
    ("mark-sweep:heap=4x", 0.85, 2.4, 6e7, 1.6),
];

/// Name, ns an operation, live bytes, allocated bytes.
const WORKLOADS: [(&str, f64, f64, f64); 8] = [
    ("async-tasks", 310.0, 3e6, 4e8),
    ("binary-trees", 24.0, 6e7, 2e9),
    ("churn", 41.0, 2e7, 1.2e9),
    ("json", 820.0, 9e7, 9e8),
    ("linked-list", 18.0, 2.4e8, 2.5e8),
    ("lru-cache", 133.0, 1.5e7, 7e8),
    ("requests", 21_000.0, 4e6, 3e9),
    ("text-index", 96.0, 1.2e8, 5e8),
];

/// A whole run.
pub(crate) fn run() -> Vec<Record> {
    let mut records = Vec::new();
    for invocation in 0..3 {
        for workload in 0..WORKLOADS.len() {
            for strategy in 0..STRATEGIES.len() {
                records.push(cell(workload, strategy, invocation));
            }
        }
    }
    // A strategy that was not run on one workload, and failures of every kind.
    records.retain(|r| !(r.strategy == "mark-sweep:heap=4x" && r.workload == "lru-cache"));
    for record in &mut records {
        match (record.workload.as_str(), record.strategy.as_str(), record.invocation) {
            ("requests", "bump", _) => record.fail(Status::OutOfMemory),
            ("linked-list", "mark-sweep", _) => record.fail(Status::Failed),
            ("linked-list", "mark-sweep:heap=4x", _) => record.fail(Status::Timeout),
            ("json", "refcount+system", 1) => record.fail(Status::Failed),
            ("churn", "bump", 2) => record.fail(Status::Invalid),
            _ => {}
        }
    }
    records
}

/// What the tests do to records.
pub(crate) trait Fail {
    /// Makes a cell one that ended badly, after a third of its samples.
    fn fail(&mut self, status: Status);
}

impl Fail for Record {
    fn fail(&mut self, status: Status) {
        self.status = status;
        self.samples.truncate(self.samples.len() / 3);
        self.error = "it broke".into();
    }
}

/// One cell that ended well.
pub(crate) fn cell(workload: usize, strategy: usize, invocation: u32) -> Record {
    let (work, ns, live, allocated) = WORKLOADS[workload];
    let (name, time, memory, pause, floating) = STRATEGIES[strategy];
    let mut random =
        Pcg64Mcg::seed_from_u64((workload * 1000 + strategy * 10) as u64 + u64::from(invocation));
    let special = Pcg64Mcg::seed_from_u64((workload * 1000 + strategy * 10) as u64).random_range(0.8..1.3);
    let operations = (3e8 / ns) as u64;
    let wall_ns = (ns * time * special * random.random_range(0.97..1.06) * operations as f64) as u64;
    let samples = samples(live, allocated, memory, floating, &mut random);
    let peak = |value: fn(&Sample) -> u64| samples.iter().map(value).max().unwrap_or(0);
    Record {
        schema: SCHEMA,
        run: "quick-1".into(),
        strategy: name.into(),
        workload: work.into(),
        profile: "quick".into(),
        parameters: [("steps".to_string(), operations.into())].into(),
        invocation,
        seed: 1,
        status: Status::Ok,
        checksum: format!("{workload:016x}"),
        operations,
        wall_ns,
        cpu_ns: wall_ns,
        collections: [100, 10, 1],
        collect_ns: wall_ns / 20,
        pauses: pauses(pause, wall_ns, &mut random),
        footprint: CellFootprint {
            peak_live_bytes: peak(|s| s.live),
            peak_held_bytes: peak(|s| s.held),
            peak_rss_bytes: peak(|s| s.rss),
            end_live_bytes: 0,
            end_held_bytes: 0,
        },
        samples,
        objects_allocated: 1_000_000,
        objects_freed: 900_000,
        bytes_allocated: allocated as u64,
        latency: (work == "requests").then(|| latency(pause, &mut random)),
        mutator_ns: (name == "bump").then_some(wall_ns / 2),
        ..Record::default()
    }
}

fn samples(live: f64, allocated: f64, memory: f64, floating: f64, random: &mut Pcg64Mcg) -> Vec<Sample> {
    let mut held = 0.0f64;
    (0..=240)
        .map(|i| {
            let clock = allocated * f64::from(i) / 240.0;
            let reached = clock.min(live * random.random_range(0.93..1.0));
            // A tracing heap's garbage floats until the next collection.
            let garbage =
                if floating > 0.0 { floating * reached * (f64::from(i) / 17.0).fract() } else { 0.0 };
            let now = if memory == 0.0 { clock } else { reached + garbage };
            held = held.max(now * memory.max(1.02)).max(65_536.0);
            Sample { clock: clock as u64, live: now as u64, held: held as u64, rss: (held * 1.01) as u64 }
        })
        .collect()
}

/// Requests of about 20 us, of which a few meet a pause.
fn latency(longest: f64, random: &mut Pcg64Mcg) -> Latency {
    let mut histogram = |slowest: f64| {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        for _ in 0..20_000 {
            let share: f64 = random.random_range(0.0..1.0);
            histogram.record((20_000.0 + slowest * share.powi(3000)) as u64).unwrap();
        }
        (histogram.max(), Distribution::encode(&histogram).unwrap())
    };
    let (max_ns, simple) = histogram(longest);
    let metered = [(0, histogram(longest * 3.0).1)].into();
    Latency { requests: 20_000, simple, metered, max_ns, ..Latency::default() }
}

fn pauses(longest: f64, wall_ns: u64, random: &mut Pcg64Mcg) -> Pauses {
    if longest == 0.0 {
        return Pauses::default();
    }
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    let count = if longest > 1e7 { 60 } else { 20_000 };
    let floor = if count == 60 { 10_000 } else { 80_000 };
    let mut raw = Vec::new();
    for number in 0..count {
        let share: f64 = random.random_range(0.0..1.0);
        let spread = if longest > 1e7 { 1.5 } else { 4.0 };
        let ns = (longest * 10f64.powf(-spread * (1.0 - share.powi(6)))).max(1_000.0);
        histogram.record(ns as u64).unwrap();
        if ns as u64 >= floor {
            let start_ns = wall_ns / count * number;
            raw.push(RawPause { start_ns, ns: (ns as u64).min(wall_ns / count), kind: 'f', tainted: false });
        }
    }
    Pauses {
        raw_floor_ns: floor,
        raw,
        count,
        total_ns: histogram.iter_recorded().map(|v| v.value_iterated_to() * v.count_at_value()).sum(),
        max_ns: histogram.max(),
        p50_ns: histogram.value_at_quantile(0.5),
        p99_ns: histogram.value_at_quantile(0.99),
        p999_ns: histogram.value_at_quantile(0.999),
        kinds: [("full".to_string(), count)].into(),
        histogram: Distribution::encode(&histogram).unwrap(),
    }
}
