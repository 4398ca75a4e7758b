//! Random programs, run on the oracle's heap and on the reference model: every object's death is the first allocation
//! count at which it is unreachable for good, as the model finds by a walk after every single operation, inside of hooks
//! too.

mod program;

use heapbench_heap::{Capabilities, Heap, HeapConfig, Recorder, Shape};
use heapbench_memory::Pools;
use heapbench_model::{Guide, Model, Promise};
use heapbench_oracle::{OracleHeap, deaths};
use program::{Mix, Watched, run};

/// Counts as `refcount` does.
#[derive(Debug)]
struct Counting;

impl Promise for Counting {
    const CAPABILITIES: Capabilities = Oracle::CAPABILITIES;
}

/// By number: the clock when the object was seen to be unreachable, and has been since.
#[derive(Debug, Default)]
struct Seen {
    deaths: Vec<Option<u32>>,
    numbers: u64,
}

impl Recorder for Seen {
    const OBJECTS: bool = true;

    fn allocated(&mut self, _number: usize, _shape: Shape, _bytes: usize) {
        self.deaths.push(None);
    }
}

impl Guide for Seen {}

impl Watched for Model<Counting, Seen> {
    fn watch(&mut self) {
        let unreachable = self.unreachable();
        let mut alive = vec![false; self.recorder().deaths.len()];
        self.living().for_each(|number| alive[number] = true);
        unreachable.into_iter().for_each(|number| alive[number] = false);
        let deaths = &mut self.recorder_mut().deaths;
        let clock = deaths.len() as u32;
        for (death, alive) in deaths.iter_mut().zip(alive) {
            *death = if alive { None } else { death.or(Some(clock)) };
        }
    }

    fn next_number(&mut self) -> u64 {
        self.recorder_mut().numbers += 1;
        self.recorder().numbers
    }
}

#[derive(Debug, Default)]
struct Numbers(u64);

impl Recorder for Numbers {}

type Oracle = OracleHeap<Pools, Numbers>;

impl Watched for Oracle {
    fn watch(&mut self) {}

    fn next_number(&mut self) -> u64 {
        self.recorder_mut().0 += 1;
        self.recorder().0
    }
}

fn by_number(heap: Oracle) -> Vec<Option<u32>> {
    let deaths = deaths(heap).unwrap();
    let mut clocks = vec![None; deaths.objects()];
    for clock in 0..=deaths.objects() {
        deaths.before(clock).iter().for_each(|number| clocks[*number as usize] = Some(clock as u32));
    }
    clocks
}

/// Runs seeds; gives how many objects died by counting, in cycles, or lived to the end.
fn compare(seeds: std::ops::Range<u64>, operations: u32, mix: Mix) -> [usize; 3] {
    let mut seen = [0; 3];
    for seed in seeds {
        let mut model = Model::<Counting, Seen>::new(&HeapConfig::default(), Seen::default()).unwrap();
        run(&mut model, seed, operations, mix);
        let mut heap = Oracle::new(&HeapConfig::default(), Numbers::default()).unwrap();
        run(&mut heap, seed, operations, mix);
        let counted = heap.counters().objects_freed as usize;
        let expected = &model.recorder().deaths;
        let found = by_number(heap);
        assert_eq!(found.len(), expected.len(), "seed {seed}");
        for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "seed {seed}: object {number}");
        }
        let dead = found.iter().flatten().count();
        seen = [seen[0] + counted, seen[1] + dead - counted, seen[2] + found.len() - dead];
    }
    seen
}

#[test]
fn deaths_are_when_the_model_loses_sight_of_objects() {
    let [counted, cyclic, alive] = compare(0..3000, 500, Mix { hooks: false });
    assert!(counted > 100_000 && cyclic > 8_000 && alive > 10_000, "{counted} {cyclic} {alive}");
}

#[test]
fn so_they_are_where_hooks_resurrect_and_allocate() {
    let [counted, cyclic, alive] = compare(0..3000, 500, Mix { hooks: true });
    assert!(counted > 100_000 && cyclic > 8_000 && alive > 10_000, "{counted} {cyclic} {alive}");
}

#[test]
fn and_in_long_programs() {
    compare(0..6, 20_000, Mix { hooks: true });
}
