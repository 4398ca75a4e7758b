//! The heaps that the benches run over. The registry with all configurations is the harness's; a bench needs types.

use heapbench_heap::{Heap, HeapConfig, Introspect, NoRecorder};
use heapbench_memory::{Mimalloc, Pools, System};
use heapbench_strategy_bump::Bump;
use heapbench_strategy_manual::Manual;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;

/// A heap with its defaults.
///
/// # Panics
/// The system refuses the address space that a heap starts with.
pub fn heap<H: Heap<Recorder = NoRecorder>>() -> H {
    H::new(&HeapConfig::default(), NoRecorder)
        .expect("the defaults are valid, and the system has address space")
}

/// A bench over any heap.
pub trait Bench {
    /// Benches one heap under its configuration's name.
    fn run<H: Heap<Recorder = NoRecorder> + Introspect>(&mut self, strategy: &'static str);
}

/// Runs a bench over every strategy.
pub fn all(bench: &mut impl Bench) {
    bench.run::<Bump<NoRecorder>>("bump");
    // Without deaths: what its memory source costs when nothing is freed.
    bench.run::<Manual<Pools, NoRecorder>>("manual+pymalloc");
    counting(bench);
    bench.run::<MarkSweep<NoRecorder>>("mark-sweep");
}

/// Runs a bench over the strategies that count.
pub fn counting(bench: &mut impl Bench) {
    bench.run::<Plain<System, NoRecorder>>("refcount+system");
    bench.run::<Plain<Mimalloc, NoRecorder>>("refcount+mimalloc");
    bench.run::<Plain<Pools, NoRecorder>>("refcount+pymalloc");
    cyclic(bench);
}

/// Runs a bench over the counting strategies with a cycle collector.
pub fn cyclic(bench: &mut impl Bench) {
    bench.run::<Generational<Mimalloc, NoRecorder>>("refcount-generational+mimalloc");
    bench.run::<Generational<Pools, NoRecorder>>("refcount-generational+pymalloc");
}

/// Runs a bench over the strategies that find cyclic garbage.
pub fn collecting(bench: &mut impl Bench) {
    cyclic(bench);
    bench.run::<MarkSweep<NoRecorder>>("mark-sweep");
}
