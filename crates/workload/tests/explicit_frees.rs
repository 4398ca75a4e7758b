//! Every workload, freed explicitly: counting tells when its objects die, and the program reads back what it should.
//!
//! Counting is exact but for cyclic garbage, which here is never freed: the oracle is not needed to see that the schedule and
//! the program agree, on every kind of object and every weak reference.

use heapbench_heap::{Deaths, Heap, HeapConfig, Introspect, Kind, NoRecorder, Recorder, Shape};
use heapbench_memory::{Mimalloc, Poisoned, Pools};
use heapbench_strategy_manual::Manual;
use heapbench_strategy_refcount::Plain;
use heapbench_workload::{DEFAULT_SEED, Definition, Profile, definitions};
use std::collections::HashMap;
use std::sync::Arc;

/// Numbers objects, and notes when they die.
#[derive(Debug, Default)]
struct Lives {
    numbers: HashMap<usize, u32>,
    kinds: Vec<Kind>,
    deaths: Vec<(u32, u32)>,
}

impl Recorder for Lives {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, _: usize) {
        self.numbers.insert(address, self.kinds.len() as u32);
        self.kinds.push(shape.kind);
    }

    fn died(&mut self, address: usize) {
        let number = self.numbers.remove(&address).expect("what dies was allocated");
        self.deaths.push((number, self.kinds.len() as u32));
    }
}

fn run<H: Heap + Introspect>(
    definition: &Definition,
    config: &HeapConfig,
    recorder: H::Recorder,
) -> (u64, H) {
    let prepared = definition.prepare(&definition.parameters(Profile::Smoke), DEFAULT_SEED).unwrap();
    let mut heap = H::new(config, recorder).unwrap();
    let outcome = prepared.run(&mut heap).unwrap();
    heap.verify().unwrap_or_else(|corruption| panic!("{}: {corruption}", definition.name));
    (outcome.checksum, heap)
}

/// What counting finds out of the program's objects.
fn deaths(definition: &Definition) -> Arc<Deaths> {
    let (_, heap) = run::<Plain<Pools, Lives>>(definition, &HeapConfig::default(), Lives::default());
    let Lives { kinds, deaths, .. } = heap.recorder();
    Arc::new(Deaths::new(kinds.clone(), deaths).unwrap())
}

fn every_workload_reads_back_what_it_should<H: Heap<Recorder = NoRecorder> + Introspect>() {
    for definition in definitions().unwrap() {
        let deaths = deaths(&definition);
        let freed: usize = (0..deaths.objects()).map(|next| deaths.before(next).len()).sum();
        let config = HeapConfig { deaths: Some(deaths), ..HeapConfig::default() };
        let (checksum, heap) = run::<H>(&definition, &config, NoRecorder);
        assert_eq!(Some(checksum), definition.expected_checksum(Profile::Smoke), "{}", definition.name);
        assert_eq!(heap.counters().objects_freed as usize, freed, "{}", definition.name);
    }
}

#[test]
fn on_mimalloc() {
    every_workload_reads_back_what_it_should::<Manual<Mimalloc, NoRecorder>>();
}

#[test]
fn on_poisoned_memory() {
    every_workload_reads_back_what_it_should::<Manual<Poisoned<Pools>, NoRecorder>>();
}
