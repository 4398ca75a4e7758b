//! Single operations of the trait on warm heaps, for each strategy: allocation with its release, store, load, call.

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use heapbench_bench::budget;
use heapbench_bench::strategies::{Bench, all, heap};
use heapbench_heap::{Heap, Introspect, Kind, Local, NoRecorder, Shape};
use std::hint::black_box;

/// Operations timed together: a clock is read once for all.
const BATCH: u64 = 1000;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

struct Operation<'a, 'c> {
    group: &'a mut BenchmarkGroup<'c, WallTime>,
    kind: &'static str,
}

impl Bench for Operation<'_, '_> {
    fn run<H: Heap<Recorder = NoRecorder> + Introspect>(&mut self, strategy: &'static str) {
        let mut heap = heap::<H>();
        let main = heap.enter(0, 3).expect("the stack is empty");
        begin_batch(&mut heap);
        let operation = match self.kind {
            "allocate and release" => allocate::<H>,
            "store" => |heap: &mut H| heap.store(black_box(A), 0, black_box(B)),
            "load" => |heap: &mut H| heap.load(black_box(C), black_box(A), 0),
            "call" => call::<H>,
            _ => append::<H>,
        };
        self.group.bench_function(strategy, |b| {
            b.iter(|| {
                (0..BATCH).for_each(|_| operation(&mut heap));
                begin_batch(&mut heap);
            });
        });
        heap.leave(main);
    }
}

/// A new object takes the place of the last one, which dies where death is prompt.
fn allocate<H: Heap>(heap: &mut H) {
    heap.allocate(black_box(C), NODE).expect("memory suffices");
    heap.safepoint();
}

/// A function with one argument and one more local that returns its argument.
fn call<H: Heap>(heap: &mut H) {
    heap.copy(C, A);
    let frame = heap.enter(1, 2).expect("the stack has room");
    heap.copy(Local::new(1), Local::new(0));
    heap.leave_with(frame, Local::new(1));
}

/// `list.append`, on a list that starts anew after 64 items.
fn append<H: Heap>(heap: &mut H) {
    let slots = if heap.shape(C).kind == Kind::List { heap.shape(C).slots % 64 } else { 0 };
    if slots == 0 {
        heap.allocate(C, Shape::new(Kind::List, 0, 0)).expect("memory suffices");
    }
    heap.resize(C, slots + 1, 0).expect("memory suffices");
    heap.store(C, slots as usize, A);
}

/// Lets go of everything, so that a region is reset, and makes two objects, one of which refers to the other:
/// elsewhere that costs two objects in a thousand operations.
fn begin_batch<H: Heap>(heap: &mut H) {
    [A, B, C].into_iter().for_each(|local| heap.clear(local));
    heap.reset();
    heap.allocate(A, NODE).expect("memory suffices");
    heap.allocate(B, NODE).expect("memory suffices");
    heap.store(A, 0, B);
    heap.copy(C, B);
}

fn operations(c: &mut Criterion) {
    for kind in ["allocate and release", "store", "load", "call", "append"] {
        let mut group = c.benchmark_group(kind);
        group.throughput(Throughput::Elements(BATCH));
        all(&mut Operation { group: &mut group, kind });
        group.finish();
    }
}

criterion_group! { name = benches; config = budget(); targets = operations }
criterion_main!(benches);
