//! Collections by generation, and what each found: as CPython 3.11.7, 3.12.1 and 3.13.0 count for the twins.

use heapbench_heap::{Heap, HeapConfig, Introspect, NoRecorder};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount_generational::Generational;
use heapbench_workload::{DEFAULT_SEED, Profile, find};

/// Collections, and objects found unreachable, by generation.
type Cadence = ([u64; 3], [u64; 3]);

/// `gc.get_stats()` after the smoke profile of each twin: in 3.11, 3.12 and 3.13.
const TWINS: [(&str, [Cadence; 3]); 3] = [
    ("json", [([17, 1, 0], [0; 3]), ([2, 0, 0], [0; 3]), ([2, 0, 0], [0; 3])]),
    ("lru-cache", [([2, 0, 0], [0; 3]), ([2, 0, 0], [0; 3]), ([1, 0, 0], [0; 3])]),
    (
        "requests",
        [([17, 1, 0], [18_814, 1438, 0]), ([17, 1, 0], [19_136, 1463, 0]), ([7, 0, 0], [20_930, 0, 0])],
    ),
];

fn cadence(workload: &str, policy: &str) -> Cadence {
    let definition = find(workload).unwrap();
    let prepared = definition.prepare(&definition.parameters(Profile::Smoke), DEFAULT_SEED).unwrap();
    let config = HeapConfig {
        policy: Some(policy.to_string()),
        settings: vec![("free-lists".to_string(), "true".to_string())],
        ..HeapConfig::default()
    };
    let mut heap = Generational::<Mimalloc, NoRecorder>::new(&config, NoRecorder).unwrap();
    prepared.run(&mut heap).unwrap();
    let stats = heap.stats().unwrap();
    (stats.map(|generation| generation.collections), stats.map(|generation| generation.collected))
}

#[test]
fn programs_are_collected_as_often_as_by_cpython() {
    for (workload, expected) in TWINS {
        let ours = ["3.11", "3.12", "3.13"].map(|policy| cadence(workload, policy));
        assert_eq!(ours, expected, "{workload}");
    }
}
