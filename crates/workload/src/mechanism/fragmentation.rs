//! Two lifetimes, and sizes that change: of each phase's objects a few, scattered among the others, live on; the
//! objects of the next phase are larger, so that they do not fit into what the dead ones leave.
//!
//! The live bytes of a phase are about those of any other, and little lives on. So what is held beyond the live
//! bytes at the end of the last phase is fragmentation, and what is held at the end of the run is not given back.

use super::block::{self, Block, Maker};
use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, Kind, Local, OutOfMemory, Recorder};
use heapbench_objects::list;
use rand::RngExt;

/// Objects are drawn beforehand, this many at most, and made in turn, again and again.
const CHOICES: u32 = 1 << 20;
/// Bytes of the contents of an object in the first phase: from the least on, so many different ones.
const LEAST: u32 = 16;
const DIFFERENT: u32 = 48;
/// Of ten objects so many are such ones.
const KINDS: [Kind; 10] = {
    use Kind::{Bytes, List, Str, Tuple};
    [Str, Str, Str, Str, Bytes, Bytes, Bytes, Tuple, Tuple, List]
};

const KEPT: Local = Local::new(0);
const PASSING: Local = Local::new(1);
const OBJECT: Local = Local::new(2);
const COPY: Local = Local::new(3);
const SCRATCH: [Local; 3] = [Local::new(4), Local::new(5), Local::new(6)];

/// An object as drawn.
#[derive(Clone, Copy, Debug)]
struct Choice {
    kind: Kind,
    /// Bytes of its contents in the first phase.
    bytes: u32,
    lives_on: bool,
}

/// Parameters and choices.
#[derive(Debug)]
pub struct Fragmentation {
    objects: u32,
    phases: u32,
    choices: Vec<Choice>,
    maker: Maker,
}

impl Fragmentation {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Fragmentation, WorkloadError> {
        let objects = parameters.count("objects", 1..=100_000_000)?;
        let phases = parameters.count("phases", 1..=12)?;
        let survivors = parameters.number("survivors", 0.0..=1.0)?;
        let mut generator = random::generator(seed);
        let draw = |_| Choice {
            kind: KINDS[generator.random_range(0..KINDS.len() as u32) as usize],
            bytes: LEAST + generator.random_range(0..DIFFERENT),
            lives_on: generator.random_bool(survivors),
        };
        let choices: Vec<Choice> = (0..objects.min(CHOICES)).map(draw).collect();
        let maker = Maker::new(choices.iter().map(|choice| choice.in_phase(phases - 1)));
        Ok(Fragmentation { objects, phases, choices, maker })
    }

    /// Makes the objects of a phase, and lets those die that do not live on.
    fn pass<H: Heap + Introspect>(&self, heap: &mut H, phase: u32) -> Result<u32, OutOfMemory> {
        let objects = (self.objects >> phase).max(1);
        list::new(heap, PASSING, objects)?;
        for (place, choice) in (0..objects as usize).zip(self.choices.iter().cycle()) {
            self.maker.make(heap, OBJECT, choice.in_phase(phase), block::FIRST_NUMBER, SCRATCH)?;
            if choice.lives_on {
                heap.copy(COPY, OBJECT);
                list::append(heap, KEPT, COPY)?;
            }
            heap.store_take(PASSING, place, OBJECT);
            heap.safepoint();
        }
        if phase == 0 {
            H::Recorder::at_most(heap);
        }
        heap.clear(PASSING);
        Ok(objects)
    }
}

impl Choice {
    /// What is made of it: each phase's contents are twice those of the phase before.
    fn in_phase(self, phase: u32) -> Block {
        let bytes = self.bytes << phase;
        let word = size_of::<usize>() as u32;
        let is_items = matches!(self.kind, Kind::Tuple | Kind::List);
        Block { kind: self.kind, size: if is_items { bytes / word } else { bytes } }
    }
}

impl Program for Fragmentation {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 7)?;
        let mut operations = 0;
        list::new(heap, KEPT, 0)?;
        for phase in 0..self.phases {
            operations += u64::from(self.pass(heap, phase)?);
        }
        let mut checksum = Checksum::default();
        for place in 0..list::len(heap, KEPT) {
            heap.load(OBJECT, KEPT, place);
            checksum.add(block::read(heap, OBJECT));
        }
        checksum.add(list::len(heap, KEPT) as u64);
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}
