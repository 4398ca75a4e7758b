//! A load to be dialled: how much is alive, how fast it is allocated, how much of it is in cycles.
//!
//! At each step an object is made: a leaf of Python's sizes, or a container with a leaf in it, which may refer to
//! itself. It takes the place of a random live object, or is dropped at the next step. In between live objects are
//! read.

use super::block::{self, Block, Maker};
use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, Kind, Local, OutOfMemory, Recorder, Shape};
use heapbench_objects::{instance, list};
use rand::RngExt;

/// Objects are drawn beforehand, this many at most, and made in turn, again and again.
const CHOICES: u32 = 1 << 20;
/// Reading goes on by so many places, a prime number, so that it is all over memory.
const STRIDE: u32 = 7919;
/// The most bytes of a leaf.
const LONGEST: u32 = 1 << 20;

/// A container: its leaf; itself or nothing.
const NODE: Shape = instance::slotted(2, 0);
const VALUE: usize = 0;
const PEER: usize = 1;

const LIVE: Local = Local::new(0);
const OBJECT: Local = Local::new(1);
const NEW: Local = Local::new(2);
const LEAF: Local = Local::new(3);
const SCRATCH: [Local; 3] = [Local::new(4), Local::new(5), Local::new(6)];

/// An object as drawn.
#[derive(Clone, Copy, Debug)]
struct Choice {
    leaf: Block,
    container: bool,
    cyclic: bool,
    survives: bool,
    /// Whose place it takes if it survives.
    place: u32,
}

/// Parameters and choices.
#[derive(Debug)]
pub struct Load {
    live: u32,
    steps: u32,
    reads: u32,
    choices: Vec<Choice>,
    maker: Maker,
}

impl Load {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Load, WorkloadError> {
        let live = parameters.count("live_objects", 1..=100_000_000)?;
        let steps = parameters.count("steps", 1..=block::MOST_NUMBERS - live)?;
        let reads = parameters.count("reads", 0..=1_000_000)?;
        let share = |key| parameters.number(key, 0.0..=1.0);
        let (survival, containers, cyclic) =
            (share("survival")?, share("containers")?, share("cyclic_fraction")?);
        let leaves = leaves(&parameters)?;
        let mut generator = random::generator(seed);
        let draw = |_| Choice {
            leaf: leaves[generator.random_range(0..leaves.len() as u32) as usize],
            container: generator.random_bool(containers),
            cyclic: generator.random_bool(cyclic),
            survives: generator.random_bool(survival),
            place: generator.random_range(0..live),
        };
        let choices = (0..CHOICES.min(live + steps)).map(draw).collect();
        Ok(Load { live, steps, reads, choices, maker: Maker::new(leaves) })
    }

    /// `NEW =` a new object.
    #[inline]
    fn make<H: Heap>(&self, heap: &mut H, choice: Choice, number: u32) -> Result<(), OutOfMemory> {
        if !choice.container {
            return self.maker.make(heap, NEW, choice.leaf, number, SCRATCH);
        }
        heap.allocate(NEW, NODE)?;
        heap.safepoint();
        self.maker.make(heap, LEAF, choice.leaf, number, SCRATCH)?;
        heap.store_take(NEW, VALUE, LEAF);
        if choice.cyclic {
            heap.store(NEW, PEER, NEW);
        }
        Ok(())
    }

    /// Reads so many live objects from `place` on: where to go on.
    fn read<H: Heap>(&self, heap: &mut H, mut place: u32, checksum: &mut Checksum) -> u32 {
        for _ in 0..self.reads {
            place = (place + STRIDE) % self.live;
            checksum.add(read_live(heap, place));
            heap.safepoint();
        }
        place
    }
}

/// The leaves to draw from, each as likely.
fn leaves(parameters: &Reader<'_>) -> Result<Vec<Block>, WorkloadError> {
    let sizes = parameters.text("sizes")?;
    if sizes == "python" {
        return Ok(block::leaves());
    }
    let fits = |size: &u32| (2..=LONGEST).contains(size);
    match sizes.parse().ok().filter(fits) {
        Some(size) => Ok(vec![Block { kind: Kind::Bytes, size }]),
        None => {
            let expected = format!("python, or the length of every leaf, from 2 to {} bytes", LONGEST);
            Err(parameters.invalid("sizes", expected))
        }
    }
}

impl Program for Load {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, 7)?;
        let mut checksum = Checksum::default();
        let mut choices = (block::FIRST_NUMBER..).zip(self.choices.iter().cycle());
        list::new(heap, LIVE, self.live)?;
        for (place, (number, choice)) in (0..self.live as usize).zip(&mut choices) {
            self.make(heap, *choice, number)?;
            heap.store_take(LIVE, place, NEW);
        }
        H::Recorder::at_most(heap);
        let mut reading = 0;
        for (number, choice) in choices.take(self.steps as usize) {
            self.make(heap, *choice, number)?;
            heap.take(OBJECT, NEW);
            if choice.survives {
                checksum.add(read_live(heap, choice.place));
                heap.store(LIVE, choice.place as usize, OBJECT);
            }
            reading = self.read(heap, reading, &mut checksum);
        }
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.steps) })
    }
}

/// Reads the live object at a place: a leaf, or that of a container.
fn read_live<H: Heap>(heap: &mut H, place: u32) -> u64 {
    heap.load(NEW, LIVE, place as usize);
    if heap.shape(NEW).kind == Kind::Instance {
        heap.load(NEW, NEW, VALUE);
    }
    let read = block::read(heap, NEW);
    heap.clear(NEW);
    read
}
