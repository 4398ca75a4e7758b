//! A cell: one strategy runs one workload once, in a process of its own.
//!
//! Not measured: the workload's preparation, making the heap, the verification of the heap at the end,
//! dropping it. Time that the recorder spent on sampling the footprint, or waiting for a request that was not due, is
//! taken off both clocks.

use crate::checks;
use crate::job::Job;
use crate::layout;
use crate::oracle;
use crate::registry::{self, WithHeap};
use crate::stretch::counted_stretch;
use heapbench_heap::{Configuration, Counters, Heap, HeapConfig, HeapError, Introspect};
use heapbench_measure::drain::drained;
use heapbench_measure::injection::{InjectedPause, work_for};
use heapbench_measure::replay::raw_allocation_ns;
use heapbench_measure::{Arrivals, Measuring, Stopwatch};
use heapbench_results::{Record, Status};
use heapbench_workload::{Prepared, find};
use std::time::Duration;

/// Why a strategy that frees by schedule did not run: without one it would be a region.
const NO_DEATHS: &str = "the deaths of the program's objects are not known, expected those of an oracle run";

/// Runs a job in this process. Whatever happens, there is a record.
pub fn run(job: &Job) -> Record {
    let definition = match find(&job.workload) {
        Ok(definition) => definition,
        Err(error) => return job.ended(Status::Failed, error),
    };
    let prepared = match definition.prepare(&job.parameters, job.seed) {
        Ok(prepared) => prepared,
        Err(error) => return job.ended(Status::Failed, error),
    };
    let expected = definition.expected(&job.parameters, job.seed);
    let deaths = match job.deaths.as_deref().map(oracle::read).transpose() {
        Ok(deaths) => deaths,
        Err(error) => return job.ended(Status::Failed, error),
    };
    let ran = registry::resolve_measured(&job.strategy).and_then(|configuration| {
        let config = HeapConfig { deaths, ..heap_config(job, &configuration) };
        if registry::needs_deaths(&configuration) && config.deaths.is_none() {
            return Ok(job.ended(Status::Failed, NO_DEATHS));
        }
        let allocates_only = configuration.strategy == registry::ALLOCATES_ONLY;
        let requests = definition.requests;
        let cell = Measurement { job, config, prepared: &prepared, expected, allocates_only, requests };
        registry::dispatch_measured(&configuration, cell)?
    });
    match ran {
        Ok(record) => record,
        Err(error @ HeapError::Refused { .. }) => job.ended(Status::OutOfMemory, error),
        Err(error) => job.ended(Status::Failed, error),
    }
}

/// What the job's heap is told, but for the deaths.
pub(crate) fn heap_config(job: &Job, configuration: &Configuration) -> HeapConfig {
    registry::heap_config(configuration, job.heap_limit.and_then(|bytes| usize::try_from(bytes).ok()))
}

struct Measurement<'a> {
    job: &'a Job,
    config: HeapConfig,
    prepared: &'a Prepared,
    expected: Option<u64>,
    /// The run less a replay of its allocations is the mutator's own share.
    allocates_only: bool,
    /// The program marks its requests.
    requests: bool,
}

impl Measurement<'_> {
    /// What watches the heap. It pauses once where that is to be injected.
    fn recorder(&self) -> Measuring {
        let recorder = match self.requests {
            true => Measuring::of_requests(self.job.rate.map_or(Arrivals::Closed, Arrivals::Open)),
            false => Measuring::default(),
        };
        match self.job.injected.pause_us {
            0 => recorder,
            microseconds => recorder.pausing(InjectedPause {
                after_bytes: self.job.pause_after_bytes,
                length: Duration::from_micros(microseconds.into()),
            }),
        }
    }
}

impl WithHeap<Measuring> for Measurement<'_> {
    type Output = Result<Record, HeapError>;

    fn call<H: Heap<Recorder = Measuring> + Introspect>(self) -> Self::Output {
        let _in_the_way = layout::shift(self.job.layout.heap_offset);
        let mut heap = H::new(&self.config, self.recorder())?;
        let watch = heap.recorder_mut().begin();
        let mut ended = None;
        counted_stretch(&mut || ended = Some(self.prepared.run(&mut heap)));
        inject_at_last(self.job, &watch, heap.recorder_mut());
        let elapsed = heap.recorder_mut().end(watch);

        let (end, peak_live_bytes, counters) = (heap.footprint(), heap.peak_live_bytes(), heap.counters());
        let observed = heap.recorder_mut().finish(end, peak_live_bytes);
        let mut record = Record {
            wall_ns: elapsed.wall_ns,
            cpu_ns: elapsed.cpu_ns,
            pauses: observed.pauses,
            collect_ns: observed.collect_ns,
            footprint: observed.footprint,
            samples: observed.samples,
            latency: observed.latency,
            stalls: observed.stalls,
            ..self.job.ended(Status::Ok, "")
        };
        add_counters(&mut record, &counters);
        match ended.expect("the stretch has just been run") {
            Ok(outcome) => {
                record.checksum = format!("{:016x}", outcome.checksum);
                record.operations = outcome.operations;
                let wrong = checks::checksum(outcome.checksum, self.expected);
                if let Some(error) = wrong.or_else(|| checks::record(&record)) {
                    (record.status, record.error) = (Status::Invalid, error);
                }
            }
            Err(error) => (record.status, record.error) = (Status::OutOfMemory, error.to_string()),
        }
        if self.job.drain && record.status == Status::Ok {
            record.drained = drained(&heap);
        }
        if let Err(corruption) = heap.verify() {
            (record.status, record.error) = (Status::Invalid, corruption.to_string());
        }
        drop(heap);
        if self.allocates_only && record.status == Status::Ok {
            record.mutator_ns = mutator_ns(&record);
        }
        Ok(record)
    }
}

/// Puts into the timed stretch what a self-test wants there: the share of the program's own CPU time, and the pause if its
/// place has not come.
fn inject_at_last(job: &Job, watch: &Stopwatch, recorder: &mut Measuring) {
    if job.injected.work_permille > 0 {
        let own = watch.elapsed().without(recorder.spent());
        work_for(own.cpu_ns * u64::from(job.injected.work_permille) / 1000);
    }
    if job.injected.pause_us > 0 {
        recorder.pause_at_last();
    }
}

fn add_counters(record: &mut Record, counters: &Counters) {
    record.collections = counters.collections;
    record.objects_allocated = counters.objects_allocated;
    record.objects_freed = counters.objects_freed;
    record.bytes_allocated = counters.bytes_allocated;
    record.counters = counters.fields().collect();
}

/// The mutator's own share of a run in a region, which does nothing but allocate.
fn mutator_ns(record: &Record) -> Option<u64> {
    let peak = record.footprint.peak_live_bytes;
    let allocation = raw_allocation_ns(record.objects_allocated, record.bytes_allocated, peak)?;
    Some(record.wall_ns.saturating_sub(allocation))
}
