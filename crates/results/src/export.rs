//! Results as tables, a row a cell and a row a sample, for pandas, DuckDB and spreadsheets.
//!
//! A column is named after its key in the record; what is inside of another has both names: `pauses_p99_ns`. A map
//! gives a column for each name that occurs: `counters_increments`. Lists are tables of their own, whose column `cell`
//! is that of `cells.csv`. What is absent is empty. `results/README.md` says what each column means, and a test sees to
//! it that none is missing on either side.

use crate::store::Results;
use crate::{Drained, Finding, Floating, FloatingSample, Latency, RawPause, Record, RunInfo, Sample};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Why results could not be exported.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot write the table: {source}", path = path.display())]
pub struct ExportError {
    path: PathBuf,
    source: std::io::Error,
}

/// Writes all tables into the folder `out`, which is made if need be, and gives the files written.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn csv(results: &Results, out: &Path) -> Result<Vec<PathBuf>, ExportError> {
    std::fs::create_dir_all(out).map_err(|source| ExportError { path: out.into(), source })?;
    let names = Names::of(&results.records);
    let cells = || results.records.iter().enumerate();
    let lists =
        |list: fn(usize, &Record) -> Vec<Row>| cells().flat_map(move |(cell, record)| list(cell, record));
    let none = Record::default();
    Ok(vec![
        table(
            out,
            "cells",
            cell(0, &none, &names),
            cells().map(|(place, record)| cell(place, record, &names)),
        )?,
        table(out, "samples", sample(0, &Sample::default()), lists(samples))?,
        table(out, "raw_pauses", raw_pause(0, &RawPause::default()), lists(raw_pauses))?,
        table(out, "drained", drained(0, &Drained::default()), lists(drains))?,
        table(out, "floating", floating_sample(0, &FloatingSample::default()), lists(floating_samples))?,
        table(out, "runs", run(&RunInfo::default()), results.runs.iter().map(run))?,
        table(out, "findings", finding("", &Finding::default()), results.runs.iter().flat_map(findings))?,
    ])
}

/// Writes a table: a header with the columns of a row, and the rows, which all have the same.
fn table(
    out: &Path,
    name: &str,
    header: Row,
    rows: impl Iterator<Item = Row>,
) -> Result<PathBuf, ExportError> {
    let path = out.join(name).with_extension("csv");
    let write = || -> csv::Result<()> {
        let mut writer = csv::Writer::from_path(&path)?;
        writer.write_record(header.0.iter().map(|(name, _)| name))?;
        for Row(columns) in rows {
            writer.write_record(columns.iter().map(|(_, value)| value))?;
        }
        Ok(writer.flush()?)
    };
    match write() {
        Ok(()) => Ok(path),
        Err(error) => Err(ExportError { path: path.clone(), source: error.into() }),
    }
}

/// Names of columns with their values.
#[derive(Default)]
struct Row(Vec<(String, String)>);

impl Row {
    fn of_cell(cell: usize) -> Row {
        Row::default().put("cell", cell)
    }

    fn put(mut self, name: impl Into<String>, value: impl ToString) -> Row {
        self.0.push((name.into(), value.to_string()));
        self
    }

    /// What may be absent.
    fn maybe(self, name: impl Into<String>, value: Option<impl ToString>) -> Row {
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        self.put(name, value)
    }

    /// A column for each name.
    fn each<N: ToString, V: ToString>(
        self,
        prefix: &str,
        names: &BTreeSet<N>,
        value: impl Fn(&N) -> Option<V>,
    ) -> Row {
        names.iter().fold(self, |row, name| row.maybe(format!("{prefix}_{}", name.to_string()), value(name)))
    }
}

/// The names that occur in the maps of all records.
struct Names {
    parameters: BTreeSet<String>,
    kinds: BTreeSet<String>,
    counters: BTreeSet<String>,
    windows: BTreeSet<u32>,
}

impl Names {
    fn of(records: &[Record]) -> Names {
        let latencies = || records.iter().filter_map(|record| record.latency.as_ref());
        Names {
            parameters: records.iter().flat_map(|record| record.parameters.keys().cloned()).collect(),
            kinds: records.iter().flat_map(|record| record.pauses.kinds.keys().cloned()).collect(),
            counters: records.iter().flat_map(|record| record.counters.keys().cloned()).collect(),
            windows: latencies().flat_map(|latency| latency.metered.keys().copied()).collect(),
        }
    }
}

fn cell(cell: usize, record: &Record, names: &Names) -> Row {
    let parameter = |name: &String| {
        let value = record.parameters.get(name)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_string))
    };
    let row = Row::of_cell(cell)
        .put("schema", record.schema)
        .put("run", &record.run)
        .put("strategy", &record.strategy)
        .put("workload", &record.workload)
        .put("profile", &record.profile)
        .each("parameters", &names.parameters, parameter)
        .put("invocation", record.invocation)
        .put("seed", record.seed)
        .maybe("heap_limit", record.heap_limit)
        .maybe("heap_multiple", record.heap_multiple)
        .put("status", record.status.name())
        .put("error", &record.error)
        .put("checksum", &record.checksum)
        .put("operations", record.operations)
        .put("wall_ns", record.wall_ns)
        .put("cpu_ns", record.cpu_ns)
        .put("collections_0", record.collections[0])
        .put("collections_1", record.collections[1])
        .put("collections_2", record.collections[2])
        .put("collect_ns", record.collect_ns)
        .put("objects_allocated", record.objects_allocated)
        .put("objects_freed", record.objects_freed)
        .put("bytes_allocated", record.bytes_allocated)
        .each("counters", &names.counters, |name| record.counters.get(name))
        .maybe("mutator_ns", record.mutator_ns)
        .put("interpreted", record.interpreted)
        .put("arm", record.arm)
        .maybe("instructions", record.instructions);
    let row = circumstances(memory(pauses(row, record, names), record), record);
    latency(floating(row, record.floating.as_ref()), record.latency.as_ref(), names)
}

fn pauses(row: Row, record: &Record, names: &Names) -> Row {
    let pauses = &record.pauses;
    row.put("pauses_count", pauses.count)
        .put("pauses_total_ns", pauses.total_ns)
        .put("pauses_max_ns", pauses.max_ns)
        .put("pauses_p50_ns", pauses.p50_ns)
        .put("pauses_p99_ns", pauses.p99_ns)
        .put("pauses_p999_ns", pauses.p999_ns)
        .each("pauses_kinds", &names.kinds, |name| pauses.kinds.get(name))
        .put("pauses_histogram", &pauses.histogram)
        .put("pauses_raw_floor_ns", pauses.raw_floor_ns)
}

fn memory(row: Row, record: &Record) -> Row {
    let footprint = &record.footprint;
    row.put("footprint_peak_live_bytes", footprint.peak_live_bytes)
        .put("footprint_peak_held_bytes", footprint.peak_held_bytes)
        .put("footprint_peak_rss_bytes", footprint.peak_rss_bytes)
        .put("footprint_end_live_bytes", footprint.end_live_bytes)
        .put("footprint_end_held_bytes", footprint.end_held_bytes)
}

fn circumstances(row: Row, record: &Record) -> Row {
    let (injected, layout, stalls) = (&record.injected, &record.layout, &record.stalls);
    row.put("injected_work_permille", injected.work_permille)
        .put("injected_pause_us", injected.pause_us)
        .put("layout_environment_bytes", layout.environment_bytes)
        .put("layout_heap_offset", layout.heap_offset)
        .put("layout_position", layout.position)
        .put("stalls_voluntary_switches", stalls.voluntary_switches)
        .put("stalls_involuntary_switches", stalls.involuntary_switches)
        .put("stalls_migrations", stalls.migrations)
        .put("stalls_minor_faults", stalls.minor_faults)
        .put("stalls_major_faults", stalls.major_faults)
        .put("stalls_waiting_ns", stalls.waiting_ns)
        .put("stalls_stolen_ns", stalls.stolen_ns)
        .put("stalls_tainted_pauses", stalls.tainted_pauses)
        .put("stalls_clock_repeats", stalls.clock_repeats)
}

fn floating(row: Row, floating: Option<&Floating>) -> Row {
    row.maybe("floating_peak_bytes", floating.map(|floating| floating.peak_bytes))
        .maybe("floating_mean_bytes", floating.map(|floating| floating.mean_bytes))
        .maybe("floating_byte_bytes", floating.map(|floating| floating.byte_bytes))
        .maybe("floating_end_bytes", floating.map(|floating| floating.end_bytes))
}

fn latency(row: Row, latency: Option<&Latency>, names: &Names) -> Row {
    row.maybe("latency_requests", latency.map(|latency| latency.requests))
        .maybe("latency_rate", latency.and_then(|latency| latency.rate))
        .maybe("latency_simple", latency.map(|latency| &latency.simple))
        .each("latency_metered", &names.windows, |window| latency?.metered.get(window))
        .maybe("latency_max_ns", latency.map(|latency| latency.max_ns))
        .maybe("latency_utilization", latency.and_then(|latency| latency.utilization))
}

fn samples(cell: usize, record: &Record) -> Vec<Row> {
    record.samples.iter().map(|of| sample(cell, of)).collect()
}

fn sample(cell: usize, sample: &Sample) -> Row {
    let Sample { clock, live, held, rss } = sample;
    Row::of_cell(cell).put("clock", clock).put("live", live).put("held", held).put("rss", rss)
}

fn raw_pauses(cell: usize, record: &Record) -> Vec<Row> {
    record.pauses.raw.iter().map(|of| raw_pause(cell, of)).collect()
}

fn raw_pause(cell: usize, pause: &RawPause) -> Row {
    Row::of_cell(cell)
        .put("start_ns", pause.start_ns)
        .put("ns", pause.ns)
        .put("kind", pause.kind)
        .put("tainted", pause.tainted)
}

fn drains(cell: usize, record: &Record) -> Vec<Row> {
    record.drained.iter().map(|of| drained(cell, of)).collect()
}

fn drained(cell: usize, drained: &Drained) -> Row {
    Row::of_cell(cell)
        .put("after_ms", drained.after_ms)
        .put("live", drained.live)
        .put("held", drained.held)
        .put("rss", drained.rss)
}

fn floating_samples(cell: usize, record: &Record) -> Vec<Row> {
    let samples = record.floating.iter().flat_map(|floating| &floating.samples);
    samples.map(|of| floating_sample(cell, of)).collect()
}

fn floating_sample(cell: usize, sample: &FloatingSample) -> Row {
    let FloatingSample { clock, live, reachable } = sample;
    Row::of_cell(cell).put("clock", clock).put("live", live).put("reachable", reachable)
}

fn run(run: &RunInfo) -> Row {
    Row::default()
        .put("schema", run.schema)
        .put("run", &run.run)
        .put("command", run.command.join(" "))
        .put("version", &run.version)
        .put("commit", &run.commit)
        .put("dirty", run.dirty)
        .put("compiler", &run.compiler)
        .put("build", &run.build)
        .put("machine", &run.machine)
        .put("cpu", &run.cpu)
        .put("cpus", run.cpus)
        .put("memory_bytes", run.memory_bytes)
        .put("kernel", &run.kernel)
        .put("huge_pages", &run.huge_pages)
        .put("started", &run.started)
        .put("address_randomisation", &run.address_randomisation)
}

fn findings(run: &RunInfo) -> Vec<Row> {
    run.doctor.iter().map(|of| finding(&run.run, of)).collect()
}

fn finding(run: &str, finding: &Finding) -> Row {
    let harms: Vec<&str> = finding.harms.iter().map(|harmed| harmed.name()).collect();
    Row::default()
        .put("run", run)
        .put("name", &finding.name)
        .put("value", &finding.value)
        .put("verdict", finding.verdict.name())
        .put("harms", harms.join(", "))
        .put("advice", &finding.advice)
}
