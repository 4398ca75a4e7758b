//! Random replacement: a list of live objects, of which a random one gives way to a new one at each step.

use super::number;
use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder, Shape};
use heapbench_objects::{instance, list};

/// Two slots, and the step that made it.
const OBJECT_SHAPE: Shape = instance::slotted(2, number::BYTES);
/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 20;

const ALL: Local = Local::new(0);
const OBJECT: Local = Local::new(1);

/// Parameters and choices.
#[derive(Debug)]
pub struct Churn {
    live: u32,
    steps: u32,
    choices: Vec<u32>,
}

impl Churn {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Churn, WorkloadError> {
        let live = parameters.count("live", 1..=100_000_000)?;
        let steps = parameters.count("steps", 1..=2_000_000_000)?;
        let count = CHOICES.min(steps as usize);
        Ok(Churn { live, steps, choices: random::indices(&mut random::generator(seed), count, live) })
    }
}

impl Program for Churn {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 2)?;
        let mut checksum = Checksum::default();
        list::new(heap, ALL, self.live)?;
        for place in 0..self.live {
            make(heap, u64::from(place))?;
            heap.store_take(ALL, place as usize, OBJECT);
        }
        H::Recorder::at_most(heap);
        for (step, place) in (0..self.steps).zip(self.choices.iter().cycle()) {
            heap.load(OBJECT, ALL, *place as usize);
            checksum.add(number::read(heap, OBJECT));
            make(heap, u64::from(self.live) + u64::from(step))?;
            heap.store_take(ALL, *place as usize, OBJECT);
        }
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.steps) })
    }
}

/// `OBJECT =` a new object.
fn make<H: Heap>(heap: &mut H, step: u64) -> Result<(), OutOfMemory> {
    heap.allocate(OBJECT, OBJECT_SHAPE)?;
    heap.safepoint();
    number::write(heap, OBJECT, step);
    Ok(())
}
