//! A cell: one strategy runs one workload once, in a process of its own.
//!
//! Not measured: the workload's preparation, making the heap, the verification of the heap at the end,
//! dropping it. Time that the recorder spent on sampling the footprint is taken off both clocks.

use crate::checks;
use crate::job::Job;
use crate::registry::{self, WithHeap};
use heapbench_heap::{Counters, Heap, HeapConfig, HeapError, Introspect};
use heapbench_measure::replay::raw_allocation_ns;
use heapbench_measure::{Measuring, Stopwatch};
use heapbench_results::{Record, Status};
use heapbench_workload::{Prepared, find};

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
    let limit = job.heap_limit.and_then(|bytes| usize::try_from(bytes).ok());
    let ran = registry::resolve_measured(&job.strategy).and_then(|configuration| {
        let config = registry::heap_config(&configuration, limit);
        let allocates_only = configuration.strategy == registry::ALLOCATES_ONLY;
        let cell = Measurement { job, config, prepared: &prepared, expected, allocates_only };
        registry::dispatch_measured(&configuration, cell)?
    });
    match ran {
        Ok(record) => record,
        Err(error @ HeapError::Refused { .. }) => job.ended(Status::OutOfMemory, error),
        Err(error) => job.ended(Status::Failed, error),
    }
}

struct Measurement<'a> {
    job: &'a Job,
    config: HeapConfig,
    prepared: &'a Prepared,
    expected: Option<u64>,
    /// The run less a replay of its allocations is the mutator's own share.
    allocates_only: bool,
}

impl WithHeap<Measuring> for Measurement<'_> {
    type Output = Result<Record, HeapError>;

    fn call<H: Heap<Recorder = Measuring> + Introspect>(self) -> Self::Output {
        let mut heap = H::new(&self.config, Measuring::default())?;
        let watch = Stopwatch::start();
        let outcome = self.prepared.run(&mut heap);
        let elapsed = watch.elapsed().without(heap.recorder().spent());

        let (end, peak_live_bytes, counters) = (heap.footprint(), heap.peak_live_bytes(), heap.counters());
        let observed = heap.recorder_mut().finish(end, peak_live_bytes);
        let mut record = Record {
            wall_ns: elapsed.wall_ns,
            cpu_ns: elapsed.cpu_ns,
            pauses: observed.pauses,
            collect_ns: observed.collect_ns,
            footprint: observed.footprint,
            samples: observed.samples,
            ..self.job.ended(Status::Ok, "")
        };
        add_counters(&mut record, &counters);
        match outcome {
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
