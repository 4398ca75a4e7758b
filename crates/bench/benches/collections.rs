//! Freeing and collecting: a cascade over a tree, dead rings, and a full collection with everything live.

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use heapbench_bench::budget;
use heapbench_bench::strategies::{Bench, collecting, counting, heap};
use heapbench_heap::{Generation, Heap, Introspect, Kind, Local, NoRecorder, Shape};
use std::time::{Duration, Instant};

const OBJECTS: u64 = 100_000;
const RING: u64 = 10;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

struct Timed<'a, 'c> {
    group: &'a mut BenchmarkGroup<'c, WallTime>,
    kind: &'static str,
}

impl Bench for Timed<'_, '_> {
    fn run<H: Heap<Recorder = NoRecorder> + Introspect>(&mut self, strategy: &'static str) {
        let mut heap = heap::<H>();
        heap.disable();
        let round = match self.kind {
            "free" => free::<H>,
            "rings" => rings::<H>,
            _ => live::<H>,
        };
        self.group.bench_function(strategy, |b| {
            b.iter_custom(|rounds| (0..rounds).map(|_| round(&mut heap)).sum::<Duration>());
        });
    }
}

/// Times the release of a list of pairs, the last reference to everything.
fn free<H: Heap>(heap: &mut H) -> Duration {
    let main = heap.enter(0, 3).expect("the stack is empty");
    for _ in 0..OBJECTS / 2 {
        heap.allocate(B, NODE).expect("memory suffices");
        heap.allocate(C, NODE).expect("memory suffices");
        heap.store_take(B, 1, C);
        heap.store_take(B, 0, A);
        heap.take(A, B);
    }
    let elapsed = timed(|| heap.clear(A));
    heap.leave(main);
    elapsed
}

/// Times a full collection over dead rings.
fn rings<H: Heap>(heap: &mut H) -> Duration {
    let main = heap.enter(0, 3).expect("the stack is empty");
    for _ in 0..OBJECTS / RING {
        heap.allocate(A, NODE).expect("memory suffices");
        heap.copy(B, A);
        for _ in 1..RING {
            heap.allocate(C, NODE).expect("memory suffices");
            heap.store(C, 0, B);
            heap.take(B, C);
        }
        heap.store_take(A, 0, B);
    }
    heap.clear(A);
    let elapsed = timed(|| heap.collect(Generation::FULL));
    heap.leave(main);
    elapsed
}

/// Times a full collection over a live list of objects that also refer to each other's neighbours.
fn live<H: Heap>(heap: &mut H) -> Duration {
    let main = heap.enter(0, 3).expect("the stack is empty");
    for _ in 0..OBJECTS {
        heap.allocate(B, NODE).expect("memory suffices");
        heap.store(B, 1, A);
        heap.store_take(B, 0, A);
        heap.take(A, B);
    }
    heap.collect(Generation::FULL);
    let elapsed = timed(|| heap.collect(Generation::FULL));
    heap.leave(main);
    elapsed
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

fn group(c: &mut Criterion, name: &str, kind: &'static str, over: fn(&mut Timed<'_, '_>)) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(OBJECTS));
    over(&mut Timed { group: &mut group, kind });
    group.finish();
}

fn collections(c: &mut Criterion) {
    group(c, "free cascade", "free", |bench| counting(bench));
    group(c, "collect dead rings", "rings", |bench| collecting(bench));
    group(c, "collect, all live", "live", |bench| collecting(bench));
}

criterion_group! { name = benches; config = budget(); targets = collections }
criterion_main!(benches);
