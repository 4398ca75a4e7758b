//! A hundred million small objects in one heap, for every strategy:
//! `cargo test --release -p heapbench-conformance --test extremes -- --ignored --test-threads=1`.

use heapbench_heap::{
    Family, Generation, Heap, HeapConfig, Introspect, Kind, Level, Local, NoRecorder, Shape,
};
use heapbench_memory::Pools;
use heapbench_strategy_bump::Bump;
use heapbench_strategy_manual::Manual;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;

const OBJECTS: u64 = 100_000_000;
/// Enough for 64 bytes an object, which is more than any strategy takes, and what a collector needs beside.
const NEEDED: u64 = 12 << 30;

const HEAD: Local = Local::new(0);
const NODE: Local = Local::new(1);

/// Bytes that the system could give; none where it does not say.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib << 10)
}

/// Builds a list of them, lets go of it, and expects them all gone, as the family promises.
fn check<H: Heap<Recorder = NoRecorder> + Introspect>() {
    if available_memory().is_some_and(|bytes| bytes < NEEDED) {
        eprintln!("skipped: less than {NEEDED} bytes of memory are available");
        return;
    }
    let mut heap = H::new(&HeapConfig::default(), NoRecorder).unwrap();
    let frame = heap.enter(0, 2).unwrap();
    for _ in 0..OBJECTS {
        heap.allocate(NODE, Shape::new(Kind::Instance, 1, 0)).unwrap();
        heap.store_take(NODE, 0, HEAD);
        heap.take(HEAD, NODE);
        heap.safepoint();
    }
    assert_eq!(heap.counters().objects_allocated - heap.counters().objects_freed, OBJECTS);
    heap.collect(Generation::FULL);
    assert_eq!(heap.counters().objects_freed, 0, "all are reachable");
    heap.clear(HEAD);
    heap.collect(Generation::FULL);
    heap.leave(frame);
    let reset = heap.reset();
    assert_eq!(reset, H::CAPABILITIES.family == Family::Region);
    assert_eq!((heap.counters().objects_freed, heap.footprint().live_bytes), (OBJECTS, 0));
    heap.verify_to(Level::Space).unwrap();
}

macro_rules! strategies {
    ($($name:ident: $heap:ty;)*) => { $(
        #[test]
        #[ignore = "takes up to 12 GiB of memory, and minutes"]
        fn $name() {
            check::<$heap>();
        }
    )* };
}

strategies! {
    bump: Bump<NoRecorder>;
    manual: Manual<Pools, NoRecorder>;
    refcount: Plain<Pools, NoRecorder>;
    generational: Generational<Pools, NoRecorder>;
    mark_sweep: MarkSweep<NoRecorder>;
}
