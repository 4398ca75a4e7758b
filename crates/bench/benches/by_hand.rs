//! What the trait costs: heaps against the same programs written by hand, interleaved in one run. mimalloc is the
//! global allocator here, so that `Rc` has the memory source of `refcount+mimalloc`.

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use heapbench_bench::strategies::heap;
use heapbench_bench::{budget, by_hand};
use heapbench_heap::{Heap, Introspect, Kind, Local, NoRecorder, Shape};
use heapbench_memory::Mimalloc;
use heapbench_strategy_bump::Bump;
use heapbench_strategy_refcount::Plain;
use heapbench_workload::{DEFAULT_SEED, Prepared, Profile, find};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEPTH: u32 = 18;
const LENGTH: u32 = 1_000_000;

fn prepared(workload: &str, settings: &[(&str, u32)]) -> Prepared {
    let definition = find(workload).expect("the workload exists");
    let mut parameters = definition.parameters(Profile::Smoke);
    for (key, value) in settings {
        definition.set(&mut parameters, key, &value.to_string()).expect("the parameter exists");
    }
    definition.prepare(&parameters, DEFAULT_SEED).expect("the parameters are valid")
}

fn on_heap<H: Heap<Recorder = NoRecorder> + Introspect>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    prepared: &Prepared,
) {
    let mut heap = heap::<H>();
    group.bench_function(name, |b| b.iter(|| prepared.run(&mut heap).expect("memory suffices").checksum));
}

fn trees(c: &mut Criterion) {
    let mut group = c.benchmark_group("binary-trees");
    group.throughput(Throughput::Elements((2 << DEPTH) - 1));
    let program = prepared("binary-trees", &[("depth", DEPTH), ("iterations", 1)]);
    group.bench_function("by hand: Rc, Python's shape", |b| b.iter(|| by_hand::walk(by_hand::build(DEPTH))));
    on_heap::<Plain<Mimalloc, NoRecorder>>(&mut group, "refcount+mimalloc", &program);
    group.bench_function("by hand: Rc, borrowed", |b| {
        b.iter(|| by_hand::walk_borrowed(&by_hand::build(DEPTH)));
    });
    in_arena::<0>(&mut group, "by hand: bumpalo, 16-byte nodes");
    in_arena::<1>(&mut group, "by hand: bumpalo, 24-byte nodes as bump's");
    on_heap::<Bump<NoRecorder>>(&mut group, "bump", &program);
    group.finish();
}

/// On raw bumpalo, with recycled chunks.
fn in_arena<const HEADER: usize>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str) {
    let mut arena = bumpalo::Bump::new();
    group.bench_function(name, |b| {
        b.iter(|| {
            let nodes = by_hand::walk_in(by_hand::build_in::<HEADER>(&arena, DEPTH));
            arena.reset();
            nodes
        });
    });
}

/// Only the drop is timed: the list is built anew for each.
fn lists(c: &mut Criterion) {
    let mut group = c.benchmark_group("linked-list drop");
    group.throughput(Throughput::Elements(u64::from(LENGTH)));
    group.bench_function("by hand: Rc, iterative", |b| {
        b.iter_custom(|rounds| {
            (0..rounds).map(|_| timed(by_hand::build_list(LENGTH), by_hand::drop_list)).sum()
        });
    });
    let mut heap = heap::<Plain<Mimalloc, NoRecorder>>();
    group.bench_function("refcount+mimalloc", |b| {
        b.iter_custom(|rounds| {
            (0..rounds)
                .map(|_| {
                    let (head, new) = (Local::new(0), Local::new(1));
                    let main = heap.enter(0, 2).expect("the stack is empty");
                    for place in 0..u64::from(LENGTH) {
                        heap.allocate(new, Shape::new(Kind::Instance, 1, 8)).expect("memory suffices");
                        heap.payload_mut(new).copy_from_slice(&place.to_le_bytes());
                        heap.store_take(new, 0, head);
                        heap.take(head, new);
                    }
                    let elapsed = timed((), |()| heap.clear(head));
                    heap.leave(main);
                    elapsed
                })
                .sum()
        });
    });
    group.finish();
}

fn timed<T, U>(input: T, work: impl FnOnce(T) -> U) -> Duration {
    let start = Instant::now();
    black_box(work(black_box(input)));
    start.elapsed()
}

criterion_group! { name = benches; config = budget(); targets = trees, lists }
criterion_main!(benches);
