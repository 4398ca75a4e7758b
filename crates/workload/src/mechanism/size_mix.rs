//! Pairs of an allocation and a death: a ring of live objects of Python's sizes, of which the oldest gives way to a
//! new one at each step.

use super::block::{self, Block, Maker};
use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::list;

/// Blocks are drawn beforehand, this many at most, and made in turn, again and again.
const CHOICES: usize = 1 << 20;

const RING: Local = Local::new(0);
const OBJECT: Local = Local::new(1);
const SCRATCH: [Local; 3] = [Local::new(2), Local::new(3), Local::new(4)];

/// Parameters and choices.
#[derive(Debug)]
pub struct SizeMix {
    ring: u32,
    steps: u32,
    choices: Vec<Block>,
    maker: Maker,
}

impl SizeMix {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<SizeMix, WorkloadError> {
        let ring = parameters.count("ring", 1..=100_000_000)?;
        let steps = parameters.count("steps", 1..=block::MOST_NUMBERS - ring)?;
        let mix = block::mix();
        let count = CHOICES.min((ring + steps) as usize);
        let drawn = random::indices(&mut random::generator(seed), count, mix.len() as u32);
        let choices = drawn.into_iter().map(|place| mix[place as usize]).collect();
        Ok(SizeMix { ring, steps, choices, maker: Maker::new(mix) })
    }
}

impl Program for SizeMix {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 5)?;
        let mut checksum = Checksum::default();
        let mut choices = (block::FIRST_NUMBER..).zip(self.choices.iter().cycle());
        list::new(heap, RING, self.ring)?;
        for (place, (number, block)) in (0..self.ring as usize).zip(&mut choices) {
            self.maker.make(heap, OBJECT, *block, number, SCRATCH)?;
            heap.store_take(RING, place, OBJECT);
            heap.safepoint();
        }
        H::Recorder::at_most(heap);
        let places = (0..self.ring as usize).cycle();
        for (place, (number, block)) in places.take(self.steps as usize).zip(choices) {
            heap.load(OBJECT, RING, place);
            checksum.add(block::read(heap, OBJECT));
            heap.clear(OBJECT);
            self.maker.make(heap, OBJECT, *block, number, SCRATCH)?;
            heap.store_take(RING, place, OBJECT);
            heap.safepoint();
        }
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.steps) })
    }
}
