//! Deep destruction: a long list that is dropped by its head.

use super::number;
use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder, Shape};
use heapbench_objects::instance;

/// A node: the next one, and its number.
const NODE: Shape = instance::slotted(1, number::BYTES);

const HEAD: Local = Local::new(0);
const NEW: Local = Local::new(1);

/// Parameters.
#[derive(Debug)]
pub struct LinkedList {
    length: u32,
    walk: bool,
}

impl LinkedList {
    pub(crate) fn prepare(parameters: Reader<'_>, _seed: u64) -> Result<LinkedList, WorkloadError> {
        let length = parameters.count("length", 1..=1_000_000_000)?;
        Ok(LinkedList { length, walk: parameters.flag("walk")? })
    }
}

impl Program for LinkedList {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 2)?;
        for place in 0..self.length {
            heap.allocate(NEW, NODE)?;
            heap.safepoint();
            number::write(heap, NEW, u64::from(place));
            heap.store_take(NEW, 0, HEAD);
            heap.take(HEAD, NEW);
        }
        H::Recorder::at_most(heap);
        let mut checksum = Checksum::default();
        checksum.add(number::read(heap, HEAD));
        if self.walk {
            heap.load(NEW, HEAD, 0);
            while !heap.is_nil(NEW) {
                heap.safepoint();
                checksum.add(number::read(heap, NEW));
                heap.load(NEW, NEW, 0);
            }
        }
        heap.clear(HEAD);
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.length) })
    }
}
