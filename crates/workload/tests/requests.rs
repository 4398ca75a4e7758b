//! Programs with requests mark each, and no other program marks any.

use heapbench_heap::{Heap, HeapConfig, Recorder};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount::Plain;
use heapbench_workload::{DEFAULT_SEED, Profile, definitions};

/// Counts marks.
#[derive(Debug, Default)]
struct Marks(u64);

impl Recorder for Marks {
    fn mark(&mut self) {
        self.0 += 1;
    }
}

#[test]
fn a_mark_is_before_the_first_request_and_behind_each() {
    let mut with_requests = 0;
    for definition in definitions().unwrap() {
        let prepared = definition.prepare(&definition.parameters(Profile::Smoke), DEFAULT_SEED).unwrap();
        let mut heap = Plain::<Mimalloc, Marks>::new(&HeapConfig::default(), Marks::default()).unwrap();
        let outcome = prepared.run(&mut heap).unwrap();
        let expected = if definition.requests { outcome.operations + 1 } else { 0 };
        assert_eq!(heap.recorder().0, expected, "{}", definition.name);
        with_requests += u32::from(definition.requests);
    }
    assert!(with_requests > 0);
}
