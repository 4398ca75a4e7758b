//! The workload `fragmentation` makes pools hold memory that hardly anything lives in; when all is dropped they give it back.

use heapbench_heap::{Footprint, Heap, HeapConfig, Recorder};
use heapbench_memory::Pools;
use heapbench_strategy_refcount::Plain;
use heapbench_workload::{DEFAULT_SEED, Parameters, Profile, find};

/// The highest live and held bytes of samples taken over the allocation clock.
#[derive(Debug, Default)]
struct Peak {
    since: usize,
    live: usize,
    held: usize,
}

impl Recorder for Peak {
    fn advance(&mut self, bytes: usize) -> bool {
        self.since += bytes;
        let due = self.since > 64 << 10;
        self.since *= usize::from(!due);
        due
    }

    fn footprint(&mut self, now: Footprint) {
        self.live = self.live.max(now.live_bytes);
        self.held = self.held.max(now.held_bytes);
    }
}

/// Held over live at their highest, and what is held at the end.
fn run(settings: &[(&str, &str)]) -> (f64, usize) {
    let definition = find("fragmentation").unwrap();
    let mut parameters: Parameters = definition.parameters(Profile::Smoke);
    settings.iter().for_each(|(key, value)| definition.set(&mut parameters, key, value).unwrap());
    let prepared = definition.prepare(&parameters, DEFAULT_SEED).unwrap();
    let mut heap = Plain::<Pools, Peak>::new(&HeapConfig::default(), Peak::default()).unwrap();
    prepared.run(&mut heap).unwrap();
    let peak = heap.recorder();
    (peak.held as f64 / peak.live as f64, heap.footprint().held_bytes)
}

#[test]
fn pools_hold_what_a_few_survivors_are_scattered_over() {
    let (scattered, at_the_end) = run(&[]);
    assert!(scattered > 1.5, "{scattered}");
    assert!(at_the_end < 4 << 20, "{at_the_end} bytes are held for nothing");
    let (without_survivors, _) = run(&[("survivors", "0")]);
    assert!(without_survivors < 1.2, "{without_survivors}");
}
