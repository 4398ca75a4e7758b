//! `functools.lru_cache` as its Python source has it: a dict from key to link, and links in a ring in order of use,
//! each a list `[previous, next, key, result]`. When the cache is full, the oldest link is the next one's root.

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, Kind, Local, OutOfMemory, Shape};
use heapbench_objects::{Statics, dict, float, int, list, tuple};

const PREV: usize = 0;
const NEXT: usize = 1;
const KEY: usize = 2;
const RESULT: usize = 3;

/// The wrapper's function object: what it closes over. `root` is rebound, so it is a cell.
const FUNCTION: Shape = Shape::new(Kind::Function, 2, 128 - 16);
const CACHE: usize = 0;
const ROOT: usize = 1;

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 20;

/// Parameters and choices.
#[derive(Debug)]
pub struct LruCache {
    capacity: u32,
    steps: u32,
    keys: Vec<u32>,
}

/// What the wrapper's `cache_info()` would say.
#[derive(Default)]
struct CacheInfo {
    hits: u64,
    misses: u64,
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

impl Program for LruCache {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        const WRAPPER: Local = Local::new(0);
        const CALLED: Local = Local::new(1);
        const ARGUMENT: Local = Local::new(2);
        let main = heap.enter(0, 3)?;
        let statics = Statics::new(heap, ARGUMENT)?;
        decorate(heap, WRAPPER, &statics)?;
        let mut info = CacheInfo::default();
        let mut checksum = Checksum::default();
        for (_, key) in (0..self.steps).zip(self.keys.iter().cycle()) {
            heap.safepoint();
            heap.copy(CALLED, WRAPPER);
            statics.int(heap, ARGUMENT, i128::from(*key))?;
            self.wrapper(heap, &statics, &mut info)?;
            heap.load(ARGUMENT, CALLED, 1);
            checksum.add(float::value(heap, ARGUMENT).to_bits());
            heap.clear(ARGUMENT);
        }
        checksum.add(info.hits);
        checksum.add(info.misses);
        heap.copy(ARGUMENT, WRAPPER);
        read_links(heap, &mut checksum)?;
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.steps) })
    }
}

/// `dst =` the wrapper of an empty cache: the decorator's call. The two locals after `dst` are nil before and after.
fn decorate<H: Heap>(heap: &mut H, dst: Local, statics: &Statics) -> Result<(), OutOfMemory> {
    let value = Local::new(dst.index() as u32 + 1);
    let cell = Local::new(dst.index() as u32 + 2);
    heap.allocate(dst, FUNCTION)?;
    dict::new(heap, value)?;
    heap.store_take(dst, CACHE, value);
    list::new(heap, value, 4)?;
    heap.store(value, PREV, value);
    heap.store(value, NEXT, value);
    statics.none(heap, cell);
    heap.store(value, KEY, cell);
    heap.store_take(value, RESULT, cell);
    heap.allocate(cell, Shape::new(Kind::Cell, 1, 0))?;
    heap.store_take(cell, 0, value);
    heap.store_take(dst, ROOT, cell);
    Ok(())
}

/// Locals of a call of the wrapper; `WRAPPED` holds the function, and at the end its result.
mod call {
    use heapbench_heap::Local;
    pub(super) const WRAPPED: Local = Local::new(0);
    pub(super) const KEY: Local = Local::new(1);
    pub(super) const CACHE: Local = Local::new(2);
    pub(super) const CELL: Local = Local::new(3);
    pub(super) const ROOT: Local = Local::new(4);
    pub(super) const LINK: Local = Local::new(5);
    pub(super) const PREV: Local = Local::new(6);
    pub(super) const NEXT: Local = Local::new(7);
    pub(super) const SCRATCH: Local = Local::new(8);
    pub(super) const RESULT: Local = Local::new(9);
    pub(super) const COUNT: usize = 10;
}

impl LruCache {
    /// Called with the function and the key in the caller's last two locals; the result takes the function's place.
    fn wrapper<H: Heap>(
        &self,
        heap: &mut H,
        statics: &Statics,
        info: &mut CacheInfo,
    ) -> Result<(), OutOfMemory> {
        let frame = heap.enter(2, call::COUNT)?;
        heap.safepoint();
        heap.load(call::CACHE, call::WRAPPED, CACHE);
        heap.load(call::CELL, call::WRAPPED, ROOT);
        heap.load(call::ROOT, call::CELL, 0);
        if dict::get(heap, call::LINK, call::CACHE, call::KEY, call::SCRATCH) {
            info.hits += 1;
            move_to_front(heap);
        } else {
            info.misses += 1;
            heap.copy(call::RESULT, call::KEY);
            user_function(heap)?;
            if dict::len(heap, call::CACHE) < self.capacity as usize {
                add_link(heap)?;
            } else {
                replace_oldest(heap, statics)?;
            }
        }
        heap.leave_with(frame, call::RESULT);
        Ok(())
    }
}

/// A hit: the link goes from where it is to the front, and its result is the result.
fn move_to_front<H: Heap>(heap: &mut H) {
    use call::{LINK, PREV as BEFORE, ROOT};
    heap.load(BEFORE, LINK, PREV);
    heap.load(call::NEXT, LINK, NEXT);
    heap.store(BEFORE, NEXT, call::NEXT);
    heap.store_take(call::NEXT, PREV, BEFORE);
    heap.load(BEFORE, ROOT, PREV);
    heap.store(BEFORE, NEXT, LINK);
    heap.store(ROOT, PREV, LINK);
    heap.store_take(LINK, PREV, BEFORE);
    heap.store(LINK, NEXT, ROOT);
    heap.load(call::RESULT, LINK, RESULT);
}

/// A miss with room: a new link at the front.
fn add_link<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    use call::{LINK, PREV as LAST, ROOT};
    heap.load(LAST, ROOT, PREV);
    list::new(heap, LINK, 4)?;
    heap.store(LINK, PREV, LAST);
    heap.store(LINK, NEXT, ROOT);
    heap.store(LINK, KEY, call::KEY);
    heap.store(LINK, RESULT, call::RESULT);
    heap.store(LAST, NEXT, LINK);
    heap.store(ROOT, PREV, LINK);
    dict::insert(heap, call::CACHE, call::KEY, LINK, call::SCRATCH)
}

/// A miss without room: the root takes key and result, the oldest link becomes the root and forgets its own.
fn replace_oldest<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    use call::{LINK as OLD_ROOT, NEXT as OLD_RESULT, PREV as OLD_KEY, ROOT};
    heap.take(OLD_ROOT, ROOT);
    heap.store(OLD_ROOT, KEY, call::KEY);
    heap.store(OLD_ROOT, RESULT, call::RESULT);
    heap.load(ROOT, OLD_ROOT, NEXT);
    heap.store(call::CELL, 0, ROOT);
    heap.load(OLD_KEY, ROOT, KEY);
    heap.load(OLD_RESULT, ROOT, RESULT);
    statics.none(heap, call::SCRATCH);
    heap.store(ROOT, KEY, call::SCRATCH);
    heap.store_take(ROOT, RESULT, call::SCRATCH);
    dict::remove(heap, call::CACHE, OLD_KEY, call::SCRATCH);
    dict::insert(heap, call::CACHE, call::KEY, OLD_ROOT, call::SCRATCH)
}

/// The cached function, `lambda n: (n, n * 0.5)`: the argument is in the caller's last local, and then the result.
fn user_function<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    const ARGUMENT: Local = Local::new(0);
    const HALF: Local = Local::new(1);
    const PAIR: Local = Local::new(2);
    let frame = heap.enter(1, 3)?;
    heap.safepoint();
    float::new(heap, HALF, int::value(heap, ARGUMENT) as f64 * 0.5)?;
    tuple::new(heap, PAIR, 2)?;
    heap.store_take(PAIR, 0, ARGUMENT);
    heap.store_take(PAIR, 1, HALF);
    heap.leave_with(frame, PAIR);
    Ok(())
}

/// Folds in the keys in the ring, the oldest first. The wrapper is the argument, in the caller's last local.
fn read_links<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    const WRAPPED: Local = Local::new(0);
    const ROOT_LINK: Local = Local::new(1);
    const LINK: Local = Local::new(2);
    const KEY_OBJECT: Local = Local::new(3);
    let frame = heap.enter(1, 4)?;
    heap.load(LINK, WRAPPED, ROOT);
    heap.load(ROOT_LINK, LINK, 0);
    heap.load(LINK, ROOT_LINK, NEXT);
    while !heap.is_same(LINK, ROOT_LINK) {
        heap.safepoint();
        heap.load(KEY_OBJECT, LINK, KEY);
        checksum.add(int::value(heap, KEY_OBJECT) as u64);
        heap.load(LINK, LINK, NEXT);
    }
    heap.leave(frame);
    Ok(())
}
