//! Cyclic garbage: rings of nodes, each dropped as soon as it has been read.

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use heapbench_heap::{Generation, Heap, Introspect, Local, OutOfMemory, Recorder, Shape};
use heapbench_objects::{float, instance};

/// A node: the next one, and an object of its own.
const NODE: Shape = instance::slotted(2, 0);
const NEXT: usize = 0;
const PAYLOAD: usize = 1;

const FIRST: Local = Local::new(0);
const LAST: Local = Local::new(1);
const NEW: Local = Local::new(2);
const VALUE: Local = Local::new(3);

/// Parameters.
#[derive(Debug)]
pub struct Rings {
    nodes: u32,
    ring: u32,
    automatic: bool,
}

impl Rings {
    pub(crate) fn prepare(parameters: Reader<'_>, _seed: u64) -> Result<Rings, WorkloadError> {
        let nodes = parameters.count("nodes", 1..=1_000_000_000)?;
        let ring = parameters.count("ring", 1..=nodes)?;
        Ok(Rings { nodes, ring, automatic: parameters.flag("automatic")? })
    }
}

impl Program for Rings {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 4)?;
        if !self.automatic {
            heap.disable();
        }
        let mut checksum = Checksum::default();
        let mut built = 0;
        while built < self.nodes {
            let length = self.ring.min(self.nodes - built);
            build_ring(heap, built, length)?;
            if built == 0 {
                H::Recorder::at_most(heap);
            }
            checksum.add(read_ring(heap, length));
            built += length;
        }
        heap.leave(main);
        heap.collect(Generation::FULL);
        heap.enable();
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.nodes) })
    }
}

/// `FIRST =` a ring; the nodes' objects are numbers from `from` on.
fn build_ring<H: Heap>(heap: &mut H, from: u32, length: u32) -> Result<(), OutOfMemory> {
    for number in from..from + length {
        heap.allocate(NEW, NODE)?;
        heap.safepoint();
        float::new(heap, VALUE, f64::from(number))?;
        heap.store_take(NEW, PAYLOAD, VALUE);
        if number == from {
            heap.copy(FIRST, NEW);
        } else {
            heap.store(LAST, NEXT, NEW);
        }
        heap.take(LAST, NEW);
    }
    heap.store(LAST, NEXT, FIRST);
    heap.clear(LAST);
    Ok(())
}

/// Goes around the ring and drops it: the sum of its numbers.
fn read_ring<H: Heap>(heap: &mut H, length: u32) -> u64 {
    let mut sum = 0;
    for _ in 0..length {
        heap.safepoint();
        heap.load(VALUE, FIRST, PAYLOAD);
        sum += float::value(heap, VALUE) as u64;
        heap.load(FIRST, FIRST, NEXT);
    }
    heap.clear(VALUE);
    heap.clear(FIRST);
    sum
}
