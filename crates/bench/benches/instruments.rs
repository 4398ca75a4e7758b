//! What recording costs: the same run with the recorder of the harness, and with none. The two are taken in turns, so that
//! what the machine does falls on both alike; shown is the least of each, and what is over: by an outside clock, and as the
//! harness reports it, the recorder's own account of its time taken off.
//!
//! `cargo bench -p heapbench-bench --bench instruments`

use heapbench_heap::{Heap, HeapConfig, Introspect, NoRecorder};
use heapbench_measure::{Arrivals, Measuring};
use heapbench_memory::Pools;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount_generational::Generational;
use heapbench_workload::{DEFAULT_SEED, Definition, Prepared, Profile, find};
use std::time::{Duration, Instant};

/// The workloads: requests, many allocations, many collections.
const WORKLOADS: [&str; 4] = ["requests", "binary-trees", "rings", "json"];

/// How much is run: as a bench (`cargo bench` says so) enough to tell, as a test each once.
#[derive(Clone, Copy)]
struct Extent {
    profile: Profile,
    turns: usize,
}

impl Extent {
    fn asked_for() -> Extent {
        match std::env::args().any(|argument| argument == "--bench") {
            true => Extent { profile: Profile::Quick, turns: 20 },
            false => Extent { profile: Profile::Smoke, turns: 1 },
        }
    }
}

/// A run's time by an outside clock, and what it says of itself: nothing without a recorder.
struct Turn {
    outside: Duration,
    reported: Duration,
}

fn with<H: Heap<Recorder = Measuring> + Introspect>(definition: &Definition, prepared: &Prepared) -> Turn {
    let recorder = match definition.requests {
        true => Measuring::of_requests(Arrivals::Closed),
        false => Measuring::default(),
    };
    let mut heap = H::new(&HeapConfig::default(), recorder).expect("the defaults are valid");
    let watch = heap.recorder_mut().begin();
    let outside = timed(&mut heap, prepared);
    let reported = Duration::from_nanos(heap.recorder_mut().end(watch).wall_ns);
    Turn { outside, reported }
}

fn without<H: Heap<Recorder = NoRecorder> + Introspect>(prepared: &Prepared) -> Duration {
    let mut heap = H::new(&HeapConfig::default(), NoRecorder).expect("the defaults are valid");
    timed(&mut heap, prepared)
}

fn timed<H: Heap + Introspect>(heap: &mut H, prepared: &Prepared) -> Duration {
    let begun = Instant::now();
    let outcome = prepared.run(heap).expect("memory suffices");
    let elapsed = begun.elapsed();
    std::hint::black_box(outcome);
    elapsed
}

fn compare<With, Without>(strategy: &str, definition: &Definition, prepared: &Prepared, turns: usize)
where
    With: Heap<Recorder = Measuring> + Introspect,
    Without: Heap<Recorder = NoRecorder> + Introspect,
{
    // Now the one first, now the other: whoever is second finds the memory of the first.
    let turn = |number: usize| match number % 2 {
        0 => (with::<With>(definition, prepared), without::<Without>(prepared)),
        _ => {
            let without = without::<Without>(prepared);
            (with::<With>(definition, prepared), without)
        }
    };
    let turns: Vec<(Turn, Duration)> = (0..turns).map(turn).collect();
    let least = |time: fn(&(Turn, Duration)) -> Duration| turns.iter().map(time).min().unwrap_or_default();
    let [without, outside, reported] =
        [least(|turn| turn.1), least(|turn| turn.0.outside), least(|turn| turn.0.reported)];
    let over = |with: Duration| (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0;
    println!(
        "{:14} {strategy:24} {without:10.2?} {outside:10.2?} {:+6.1} % {reported:10.2?} {:+6.1} %",
        definition.name,
        over(outside),
        over(reported)
    );
}

fn main() {
    let Extent { profile, turns } = Extent::asked_for();
    println!("workload       strategy                    without       with     over   reported     over");
    for name in WORKLOADS {
        let definition = find(name).expect("the workload is built in");
        let parameters = definition.parameters(profile);
        let prepared = definition.prepare(&parameters, DEFAULT_SEED).expect("the profile is valid");
        compare::<Generational<Pools, Measuring>, Generational<Pools, NoRecorder>>(
            "refcount-generational",
            &definition,
            &prepared,
            turns,
        );
        compare::<MarkSweep<Measuring>, MarkSweep<NoRecorder>>("mark-sweep", &definition, &prepared, turns);
    }
}
