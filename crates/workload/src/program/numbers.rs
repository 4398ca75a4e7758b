//! Numbers in boxes: every intermediate result is a float or an int object of its own.
//!
//! ```python
//! for (p1, v1, m1), (p2, v2, m2) in pairs:       def times(vector):
//!     dx = p1[0] - p2[0]                             result = []
//!     ...                                            for i in range(len(vector)):
//!     magnitude = dt / (square * sqrt(square))           total = 0.0
//!     v1[0] -= dx * m2 * magnitude                       for j in range(len(vector)):
//!     ...                                                    total += element(i, j) * vector[j]
//! for position, velocity, mass in bodies:                result.append(total)
//!     position[0] += dt * velocity[0]                return result
//!     ...
//!     trail.append((position[0], …))             state = (state * MULTIPLIER + INCREMENT) & MASK
//! ```
//! Bodies that attract each other (floats in lists, and a trail of tuples that stays); a matrix that is never stored (a
//! call and seven ints for each of its elements); and a generator of random bits (ints of two to five digits).

mod bodies;
mod matrix;
mod words;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Immortal, Introspect, Local, OutOfMemory};
use heapbench_objects::{Statics, float, int};

/// What is drawn of a body: position, velocity, mass.
const DRAWN: usize = 7;

/// Parameters, and the bodies as drawn.
#[derive(Debug)]
pub struct Numbers {
    steps: u32,
    size: u32,
    rounds: u32,
    words: u32,
    draws: Vec<[u32; DRAWN]>,
}

impl Numbers {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Numbers, WorkloadError> {
        let bodies = parameters.count("bodies", 1..=1000)? as usize;
        let drawn = random::indices(&mut random::generator(seed), DRAWN * bodies, 1 << 20);
        let draws = drawn.chunks_exact(DRAWN).map(|body| std::array::from_fn(|at| body[at])).collect();
        Ok(Numbers {
            steps: parameters.count("steps", 0..=100_000_000)?,
            size: parameters.count("size", 1..=10_000)?,
            rounds: parameters.count("rounds", 0..=1_000_000)?,
            words: parameters.count("words", 0..=2_000_000_000)?,
            draws,
        })
    }
}

/// Constants of the program's text: immortal, since its code refers to them all the time.
struct Module {
    statics: Statics,
    zero: Immortal,
    one: Immortal,
    dt: Immortal,
    multiplier: Immortal,
    increment: Immortal,
    mask: Immortal,
}

impl Module {
    fn new<H: Heap>(heap: &mut H, scratch: Local) -> Result<Module, OutOfMemory> {
        let float = |heap: &mut H, value| {
            float::new(heap, scratch, value)?;
            heap.immortalize(scratch)
        };
        let int = |heap: &mut H, value| {
            int::new(heap, scratch, value)?;
            heap.immortalize(scratch)
        };
        Ok(Module {
            statics: Statics::new(heap, scratch)?,
            zero: float(heap, 0.0)?,
            one: float(heap, 1.0)?,
            dt: float(heap, bodies::DT)?,
            multiplier: int(heap, words::MULTIPLIER)?,
            increment: int(heap, words::INCREMENT)?,
            mask: int(heap, words::MASK)?,
        })
    }
}

impl Program for Numbers {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        const SCRATCH: Local = Local::new(0);
        let main = heap.enter(0, 1)?;
        let module = Module::new(heap, SCRATCH)?;
        let mut checksum = Checksum::default();
        bodies::run(heap, &module, &self.draws, self.steps, &mut checksum)?;
        matrix::spectral_norm(heap, &module, self.size, self.rounds, &mut checksum)?;
        words::count_bits(heap, &module, self.words, &mut checksum)?;
        heap.leave(main);
        let (bodies, size) = (self.draws.len() as u64, u64::from(self.size));
        let pairs = bodies * (bodies - 1) / 2;
        let operations =
            u64::from(self.steps) * pairs + 4 * u64::from(self.rounds) * size * size + u64::from(self.words);
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}

/// Folds in the float in a local.
fn add_float<H: Heap>(heap: &H, checksum: &mut Checksum, number: Local) {
    checksum.add(float::value(heap, number).to_bits());
}
