//! `functools.lru_cache` as its Python source has it, without the lock: a dict from key to link, and links in a ring in
//! order of use, each a list `[previous, next, key, result]`. When the cache is full, the oldest link is the next one's
//! root.
//!
//! ```python
//! def lru_cache(maxsize, user_function):      root = []; root[:] = [root, root, None, None]
//!     def wrapper(*args, **kwds):
//!         key = make_key(args, kwds)
//!         link = cache.get(key)
//!         if link is not None: …              # to the front: hits += 1; return its result
//!         misses += 1
//!         result = user_function(*args, **kwds)
//!         if full: …                          # the root takes key and result, the oldest link becomes the root
//!         else: cache[key] = [root[PREV], root, key, result]; …
//!         return result
//! ```

mod decorator;
mod wrapper;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::{Statics, int, iterator};

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 20;

/// Parameters and choices.
#[derive(Debug)]
pub struct LruCache {
    capacity: u32,
    steps: u32,
    keys: Vec<u32>,
}

impl LruCache {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<LruCache, WorkloadError> {
        let capacity = parameters.count("capacity", 1..=50_000_000)?;
        let keys = parameters.count("keys", 1..=100_000_000)?;
        let steps = parameters.count("steps", 1..=2_000_000_000)?;
        let skew = parameters.number("skew", 0.0..=4.0)?;
        let count = CHOICES.min(steps as usize);
        let keys = random::skewed_indices(&mut random::generator(seed), count, keys, skew);
        Ok(LruCache { capacity, steps, keys })
    }
}

/// A link.
mod link {
    pub(super) const PREV: usize = 0;
    pub(super) const NEXT: usize = 1;
    pub(super) const KEY: usize = 2;
    pub(super) const RESULT: usize = 3;
    pub(super) const LENGTH: u32 = 4;
}

/// The variables that the functions share, in the order of their cells in `wrapper`. Those of `maxsize` (3) and
/// `user_function` (6) stay empty: their values are the program's own.
mod variable {
    pub(super) const CACHE: usize = 0;
    pub(super) const FULL: usize = 1;
    pub(super) const HITS: usize = 2;
    pub(super) const MISSES: usize = 4;
    pub(super) const ROOT: usize = 5;
    pub(super) const COUNT: usize = 7;
}

impl Program for LruCache {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        const WRAPPER: Local = Local::new(0);
        const CACHE_INFO: Local = Local::new(1);
        const CACHE_KEYS: Local = Local::new(2);
        const RESULT: Local = Local::new(3);
        const NUMBER: Local = Local::new(4);
        /// The function that is called, and then its result.
        const CALLED: Local = Local::new(5);
        const ARGUMENT: Local = Local::new(6);
        let main = heap.enter(0, 7)?;
        let mut statics = Statics::new(heap, ARGUMENT)?;
        decorator::lru_cache(heap, &mut statics)?;
        for (place, function) in [WRAPPER, CACHE_INFO, CACHE_KEYS].into_iter().enumerate() {
            heap.load(function, ARGUMENT, place);
        }
        let mut checksum = Checksum::default();
        for (_, key) in (0..self.steps).zip(self.keys.iter().cycle()) {
            heap.copy(CALLED, WRAPPER);
            statics.int(heap, ARGUMENT, i128::from(*key))?;
            self.wrapper(heap, &statics)?;
            heap.take(RESULT, CALLED);
            heap.load(NUMBER, RESULT, 1);
            checksum.add(int::value(heap, NUMBER) as u64);
            heap.clear(NUMBER);
            heap.safepoint();
        }
        H::Recorder::at_most(heap);
        heap.copy(ARGUMENT, CACHE_INFO);
        decorator::cache_info(heap)?;
        for field in 0..2 {
            heap.load(NUMBER, ARGUMENT, field);
            checksum.add(int::value(heap, NUMBER) as u64);
        }
        heap.copy(ARGUMENT, CACHE_KEYS);
        decorator::cache_keys(heap)?;
        iterator::new_list(heap, CALLED, ARGUMENT)?;
        heap.clear(ARGUMENT);
        while iterator::next_list(heap, NUMBER, CALLED, ARGUMENT) {
            checksum.add(int::value(heap, NUMBER) as u64);
            heap.safepoint();
        }
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.steps) })
    }
}
