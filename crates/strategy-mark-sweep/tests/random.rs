//! Random operations beside a plain graph: after every collection exactly the reachable objects are in use, with
//! their slots and payload.

use heapbench_heap::{Counters, Generation, Heap, HeapConfig, Kind, Local, NoRecorder, Shape};
use heapbench_strategy_mark_sweep::MarkSweep;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

const LOCALS: usize = 24;
const KINDS: [Kind; 6] = [Kind::Instance, Kind::Tuple, Kind::List, Kind::Dict, Kind::Array, Kind::Generator];

/// The plain graph: objects by number, their payload is the number.
#[derive(Default)]
struct Graph {
    slots: Vec<Vec<Option<usize>>>,
    locals: [Option<usize>; LOCALS],
}

impl Graph {
    fn reachable(&self) -> Vec<bool> {
        let mut seen = vec![false; self.slots.len()];
        let mut todo: Vec<usize> = self.locals.iter().flatten().copied().collect();
        while let Some(object) = todo.pop() {
            if !std::mem::replace(&mut seen[object], true) {
                todo.extend(self.slots[object].iter().flatten());
            }
        }
        seen
    }
}

struct Run {
    heap: MarkSweep<NoRecorder>,
    graph: Graph,
    rng: Pcg64,
}

fn local(index: usize) -> Local {
    Local::new(index as u32)
}

impl Run {
    /// A local, its object and a slot of that, where there is one.
    fn place(&mut self) -> Option<(usize, usize, usize)> {
        let at = self.rng.random_range(0..LOCALS);
        let object = self.graph.locals[at]?;
        let slots = self.graph.slots[object].len();
        (slots > 0).then(|| (at, object, self.rng.random_range(0..slots)))
    }

    fn size(&mut self) -> usize {
        match self.rng.random_range(0..100) {
            0 => self.rng.random_range(1000..4000),
            1..10 => self.rng.random_range(20..200),
            _ => self.rng.random_range(0..6),
        }
    }

    fn step(&mut self) {
        let other = self.rng.random_range(0..LOCALS);
        match self.rng.random_range(0..12) {
            0..4 => {
                let (slots, kind) = (self.size(), KINDS[self.rng.random_range(0..KINDS.len())]);
                self.heap.allocate(local(other), Shape::new(kind, slots as u32, 8)).unwrap();
                let number = self.graph.slots.len();
                self.heap.payload_mut(local(other)).copy_from_slice(&number.to_le_bytes());
                self.graph.slots.push(vec![None; slots]);
                self.graph.locals[other] = Some(number);
            }
            4..7 => {
                let Some((at, object, slot)) = self.place() else { return };
                self.heap.store(local(at), slot, local(other));
                self.graph.slots[object][slot] = self.graph.locals[other];
            }
            7..9 => {
                let Some((at, object, slot)) = self.place() else { return };
                self.heap.load(local(other), local(at), slot);
                self.graph.locals[other] = self.graph.slots[object][slot];
            }
            9 => {
                let Some((at, object, _)) = self.place() else { return };
                let slots = self.size();
                self.heap.resize(local(at), slots as u32, 8).unwrap();
                self.graph.slots[object].resize(slots, None);
            }
            10 => {
                let Some((at, object, slot)) = self.place() else { return };
                let length = self.graph.slots[object].len() - slot;
                self.heap.copy_slots(local(at), 0..length, local(at), slot);
                self.graph.slots[object].copy_within(0..length, slot);
            }
            _ => {
                self.heap.clear(local(other));
                self.graph.locals[other] = None;
            }
        }
    }

    /// Reads everything reachable back, by a walk over the heap itself.
    fn compare(&mut self) {
        self.heap.collect(Generation::FULL).unwrap();
        self.heap.verify().unwrap();
        let reachable = self.graph.reachable();
        let counters = self.heap.counters();
        let alive = counters.objects_allocated - counters.objects_freed;
        assert_eq!(alive, reachable.iter().filter(|seen| **seen).count() as u64);
        for at in 0..LOCALS {
            let Some(object) = self.graph.locals[at] else {
                assert!(self.heap.is_nil(local(at)));
                continue;
            };
            assert_eq!(self.heap.payload(local(at)), object.to_le_bytes());
            for (slot, target) in self.graph.slots[object].iter().enumerate() {
                self.heap.load(local(LOCALS), local(at), slot);
                let found =
                    (!self.heap.is_nil(local(LOCALS))).then(|| self.heap.payload(local(LOCALS)).to_vec());
                assert_eq!(found, target.map(|number| number.to_le_bytes().to_vec()));
            }
        }
        self.heap.clear(local(LOCALS));
    }
}

/// Runs seeds under these settings; gives the counters of each, those apart that depend on the settings.
fn check(settings: &[(&str, &str)], seeds: u64) -> Vec<Counters> {
    let settings = [("heap", "1.2x"), ("min", "64KiB")].iter().chain(settings);
    let settings = settings.map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let config = HeapConfig { settings, ..HeapConfig::default() };
    let run = |seed| {
        let mut heap = MarkSweep::new(&config, NoRecorder).unwrap();
        let _forever = heap.enter(0, LOCALS + 1).unwrap();
        let mut run = Run { heap, graph: Graph::default(), rng: Pcg64::seed_from_u64(seed) };
        for _ in 0..40 {
            (0..1500).for_each(|_| run.step());
            run.compare();
        }
        let counters = run.heap.counters();
        assert!(counters.collections[2] > 40, "some collections came on their own");
        counters
    };
    (0..seeds).map(run).collect()
}

#[test]
fn random_operations_agree_with_a_plain_graph() {
    check(&[], 20);
}

#[test]
fn any_width_of_the_queue_marks_the_same() {
    let slots = |counters: &[Counters]| counters.iter().map(|run| run.slots_traced).sum::<u64>();
    let same = |counters: &[Counters]| -> Vec<Counters> {
        counters.iter().map(|run| Counters { slots_traced: 0, ..*run }).collect()
    };
    let wide = check(&[], 4);
    for queue in ["1", "2", "7", "100"] {
        let narrow = check(&[("queue", queue)], 4);
        assert_eq!(same(&narrow), same(&wide), "queue={queue}");
        if queue == "1" {
            assert!(slots(&narrow) > slots(&wide), "some slots were looked at again");
        }
    }
}

#[test]
fn narrow_blocks_and_poison_change_nothing_that_a_mutator_sees() {
    for settings in [
        &[("block", "4KiB")] as &[_],
        &[("block", "1MiB")],
        &[("block", "4KiB"), ("poison", "yes"), ("queue", "3")],
        &[("guard", "yes")],
        &[("guard", "yes"), ("poison", "yes"), ("queue", "1")],
    ] {
        check(settings, 3);
    }
}
