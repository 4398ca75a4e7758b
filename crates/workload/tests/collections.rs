//! The mechanism workloads collect what CPython collects, as often, and have its objects.
//!
//! The numbers are those of the twins in `workloads/python/`, run by CPython 3.13.0, 3.12.1 and 3.11.7 with the smoke
//! profile: what `gc.get_stats()` says, and the objects by type that their census finds.

use heapbench_heap::{Heap, HeapConfig, Introspect, Kind, NoRecorder, Recorder, Shape};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount_generational::Generational;
use heapbench_workload::{DEFAULT_SEED, Profile, find};
use std::collections::{BTreeMap, HashMap};

/// Runs a workload as CPython of this version would: the heap afterwards.
fn run<R: Recorder>(workload: &str, version: &str, recorder: R) -> Generational<Mimalloc, R> {
    let definition = find(workload).unwrap();
    let prepared = definition.prepare(&definition.parameters(Profile::Smoke), DEFAULT_SEED).unwrap();
    let settings = vec![("free-lists".to_string(), "true".to_string())];
    let config = HeapConfig { policy: Some(version.to_string()), settings, ..HeapConfig::default() };
    let mut heap = Generational::new(&config, recorder).unwrap();
    prepared.run(&mut heap).unwrap();
    heap
}

/// Collections of each generation, and what they collected.
type Stats = ([u64; 3], [u64; 3]);

fn assert_collects(workload: &str, expected: [(&str, Stats); 3]) {
    for (version, expected) in expected {
        let stats = run(workload, version, NoRecorder).stats().unwrap();
        let found = (stats.map(|stats| stats.collections), stats.map(|stats| stats.collected));
        assert_eq!(found, expected, "{workload} under {version}");
    }
}

const NOTHING: [u64; 3] = [0; 3];

#[test]
fn rings() {
    assert_collects(
        "rings",
        [
            ("3.13", ([45, 4, 1], [89_600, 8_400, 2_000])),
            ("3.12", ([130, 11, 2], [89_850, 8_800, 1_350])),
            ("3.11", ([130, 11, 2], [89_970, 8_690, 1_340])),
        ],
    );
}

#[test]
fn load() {
    assert_collects(
        "load",
        [
            ("3.13", ([4, 0, 0], [2_033, 0, 0])),
            ("3.12", ([11, 1, 0], [1_717, 767, 0])),
            ("3.11", ([11, 1, 0], [1_717, 767, 0])),
        ],
    );
}

#[test]
fn programs_without_cycles() {
    for (workload, now, before) in [
        ("binary-trees", [19, 1, 0], [37, 3, 0]),
        ("churn", [4, 0, 0], [13, 1, 0]),
        ("linked-list", [136, 12, 1], [389, 35, 3]),
        ("live-graph", [9, 0, 3], [26, 2, 3]),
        ("size-mix", [1, 0, 0], [4, 0, 0]),
        ("fragmentation", [21, 1, 0], [65, 5, 0]),
    ] {
        let (now, before) = ((now, NOTHING), (before, NOTHING));
        assert_collects(workload, [("3.13", now), ("3.12", before), ("3.11", before)]);
    }
}

/// Living objects by kind, at the census.
#[derive(Debug, Default)]
struct Census {
    /// Looked up only, never walked.
    kinds: HashMap<usize, Kind>,
    alive: BTreeMap<&'static str, u64>,
    counted: Option<BTreeMap<&'static str, u64>>,
}

impl Recorder for Census {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, _bytes: usize) {
        self.kinds.insert(address, shape.kind);
        *self.alive.entry(shape.kind.name()).or_default() += 1;
    }

    fn died(&mut self, address: usize) {
        let kind = self.kinds.remove(&address).expect("what dies was allocated");
        *self.alive.get_mut(kind.name()).expect("it was counted") -= 1;
    }

    fn census(&mut self) {
        assert!(self.counted.is_none(), "there is one census");
        self.alive.retain(|_, count| *count > 0);
        self.counted = Some(self.alive.clone());
    }
}

/// Without the ints that stand for numbers of nodes: those are payload here.
#[test]
fn objects_at_the_census() {
    for (workload, expected) in [
        ("binary-trees", vec![("instance", 2_047)]),
        ("rings", vec![("float", 10), ("instance", 10)]),
        ("live-graph", vec![("instance", 20_000)]),
        ("churn", vec![("instance", 10_000), ("list", 1)]),
        ("linked-list", vec![("instance", 300_000)]),
        (
            "size-mix",
            vec![
                ("bytes", 618),
                ("dict", 140),
                ("float", 1_767),
                ("instance", 1_438),
                ("int", 3_576),
                ("list", 360),
                ("str", 1_180),
                ("tuple", 1_022),
            ],
        ),
        ("fragmentation", vec![("bytes", 29_918), ("list", 9_875), ("str", 40_128), ("tuple", 20_081)]),
        (
            "load",
            vec![
                ("bytes", 1_677),
                ("float", 5_123),
                ("instance", 5_924),
                ("int", 10_092),
                ("list", 1),
                ("str", 3_108),
            ],
        ),
    ] {
        let heap = run(workload, "3.13", Census::default());
        assert_eq!(heap.recorder().counted, Some(expected.into_iter().collect()), "{workload}");
    }
}
