//! Full collections with everything live: a random graph that only one root holds.

use super::number;
use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Generation, Heap, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::{instance, list};

const ROOT: Local = Local::new(0);
const ALL: Local = Local::new(1);
const OBJECT: Local = Local::new(2);
const TARGET: Local = Local::new(3);

/// Most edges in all: four bytes each are kept in a table.
const MOST_EDGES: u64 = 1 << 28;

/// Parameters, and the edges: of each object `degree` numbers of others, the first of which make one cycle.
#[derive(Debug)]
pub struct LiveGraph {
    objects: u32,
    degree: u32,
    collections: u32,
    edges: Vec<u32>,
}

impl LiveGraph {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<LiveGraph, WorkloadError> {
        let objects = parameters.count("objects", 1..=100_000_000)?;
        let degree = parameters.count("degree", 1..=1000)?;
        let collections = parameters.count("collections", 1..=1_000_000)?;
        if u64::from(objects) * u64::from(degree) > MOST_EDGES {
            return Err(parameters.invalid("degree", format!("at most {MOST_EDGES} edges in all")));
        }
        let mut generator = random::generator(seed);
        let cycle = random::cycle(&mut generator, objects);
        let mut edges = random::indices(&mut generator, objects as usize * degree as usize, objects);
        for (object, successor) in edges.chunks_exact_mut(degree as usize).zip(cycle) {
            object[0] = successor;
        }
        Ok(LiveGraph { objects, degree, collections, edges })
    }

    fn build<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        let shape = instance::slotted(self.degree, number::BYTES);
        list::new(heap, ALL, self.objects)?;
        for place in 0..self.objects {
            heap.allocate(OBJECT, shape)?;
            heap.safepoint();
            number::write(heap, OBJECT, u64::from(place));
            heap.store_take(ALL, place as usize, OBJECT);
        }
        for (place, targets) in self.edges.chunks_exact(self.degree as usize).enumerate() {
            heap.safepoint();
            heap.load(OBJECT, ALL, place);
            for (slot, target) in targets.iter().enumerate() {
                heap.load(TARGET, ALL, *target as usize);
                heap.store_take(OBJECT, slot, TARGET);
            }
        }
        heap.clear(OBJECT);
        heap.load(ROOT, ALL, 0);
        heap.clear(ALL);
        Ok(())
    }

    /// Goes around the cycle and reads every object and the objects that it refers to.
    fn walk<H: Heap>(&self, heap: &mut H) -> u64 {
        let mut checksum = Checksum::default();
        heap.copy(OBJECT, ROOT);
        for _ in 0..self.objects {
            heap.safepoint();
            checksum.add(number::read(heap, OBJECT));
            for slot in 1..self.degree as usize {
                heap.load(TARGET, OBJECT, slot);
                checksum.add(number::read(heap, TARGET));
            }
            heap.load(OBJECT, OBJECT, 0);
        }
        checksum.add(u64::from(heap.is_same(OBJECT, ROOT)));
        checksum.value()
    }
}

impl Program for LiveGraph {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 4)?;
        self.build(heap)?;
        H::Recorder::at_most(heap);
        for _ in 0..self.collections {
            heap.collect(Generation::FULL);
        }
        let checksum = self.walk(heap);
        heap.leave(main);
        Ok(Outcome { checksum, operations: u64::from(self.objects) * u64::from(self.collections) })
    }
}
