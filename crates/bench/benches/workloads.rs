//! The workloads at their smallest, each on a fresh heap of every strategy. `heapbench run` measures them in full, one
//! process a cell; here they are a quick comparison and a regression check.

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use heapbench_bench::budget;
use heapbench_bench::strategies::{Bench, all, heap};
use heapbench_heap::{Heap, Introspect, NoRecorder};
use heapbench_workload::{DEFAULT_SEED, Prepared, Profile, definitions};

struct Run<'a, 'c> {
    group: &'a mut BenchmarkGroup<'c, WallTime>,
    prepared: &'a Prepared,
}

impl Bench for Run<'_, '_> {
    fn run<H: Heap<Recorder = NoRecorder> + Introspect>(&mut self, strategy: &'static str) {
        self.group.bench_function(strategy, |b| {
            b.iter_batched_ref(
                heap::<H>,
                |heap| self.prepared.run(heap).expect("memory suffices").checksum,
                BatchSize::PerIteration,
            );
        });
    }
}

fn workloads(c: &mut Criterion) {
    for definition in definitions().expect("the built-in definitions are well formed") {
        let parameters = definition.parameters(Profile::Smoke);
        let prepared = definition.prepare(&parameters, DEFAULT_SEED).expect("the smoke profile is valid");
        let mut group = c.benchmark_group(&definition.name);
        group.sample_size(10);
        all(&mut Run { group: &mut group, prepared: &prepared });
        group.finish();
    }
}

criterion_group! { name = benches; config = budget(); targets = workloads }
criterion_main!(benches);
