//! `wrapper(*args, **kwds)`, and what it calls.

use super::{LruCache, link, variable};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, cell, dict, function, int, list, tuple};

/// The function itself, and at the end its result.
const WRAPPER: Local = Local::new(0);
/// The only argument, and then `args`.
const ARGS: Local = Local::new(1);
const KWDS: Local = Local::new(2);
const KEY: Local = Local::new(3);
const LINK: Local = Local::new(4);
const LINK_PREV: Local = Local::new(5);
const LINK_NEXT: Local = Local::new(6);
const LINK_KEY: Local = Local::new(7);
const RESULT: Local = Local::new(8);
const LAST: Local = Local::new(9);
const OLD_ROOT: Local = Local::new(10);
const OLD_KEY: Local = Local::new(11);
const OLD_RESULT: Local = Local::new(12);
/// The evaluation stack.
const CACHE: Local = Local::new(13);
const ROOT: Local = Local::new(14);
const VALUE: Local = Local::new(15);
const SCRATCH: Local = Local::new(16);
/// The cells of the shared variables, which a call gets from the closure.
const CELLS: usize = 17;
/// First argument of a call, and then its result.
const CALLED: Local = Local::new((CELLS + variable::COUNT) as u32);
const ARGUMENT: Local = Local::new((CELLS + variable::COUNT) as u32 + 1);
const LOCALS: usize = CELLS + variable::COUNT + 2;

const fn cell(variable: usize) -> Local {
    Local::new((CELLS + variable) as u32)
}

impl LruCache {
    /// Called with the function and the argument in the caller's last two locals; the result takes the function's place.
    pub(super) fn wrapper<H: Heap>(&self, heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
        let frame = heap.enter(2, LOCALS)?;
        bind(heap)?;
        heap.safepoint();
        heap.copy(CALLED, ARGS);
        heap.copy(ARGUMENT, KWDS);
        make_key(heap)?;
        heap.take(KEY, CALLED);
        cell::get(heap, CACHE, cell(variable::CACHE));
        let hit = dict::get(heap, LINK, CACHE, KEY, SCRATCH);
        heap.clear(CACHE);
        if hit {
            move_to_front(heap);
            count(heap, statics, variable::HITS)?;
        } else {
            count(heap, statics, variable::MISSES)?;
            call_user_function(heap, statics)?;
            cell::get(heap, CACHE, cell(variable::CACHE));
            self.keep(heap, statics)?;
        }
        heap.leave_with(frame, RESULT);
        Ok(())
    }

    /// Keeps `KEY` and `RESULT` in `CACHE`, and forgets the oldest when it is full.
    fn keep<H: Heap>(&self, heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
        // The called function may have called this one with the same arguments.
        if dict::contains(heap, CACHE, KEY, SCRATCH) {
            return Ok(());
        }
        cell::get(heap, VALUE, cell(variable::FULL));
        let is_full = int::value(heap, VALUE) != 0;
        heap.clear(VALUE);
        cell::get(heap, ROOT, cell(variable::ROOT));
        if is_full {
            return replace_oldest(heap, statics);
        }
        add_link(heap)?;
        let is_full = dict::len(heap, CACHE) >= self.capacity as usize;
        statics.truth(heap, VALUE, is_full);
        cell::set(heap, cell(variable::FULL), VALUE);
        Ok(())
    }
}

/// The call: cells from the closure, `kwds`, and `args` of the argument.
fn bind<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    dict::new(heap, KWDS)?;
    heap.take(VALUE, ARGS);
    tuple::new(heap, ARGS, 1)?;
    heap.store_take(ARGS, 0, VALUE);
    heap.load(VALUE, WRAPPER, function::CLOSURE);
    for variable in 0..variable::COUNT {
        heap.load(cell(variable), VALUE, variable);
    }
    heap.clear(VALUE);
    Ok(())
}

/// `make_key(args, kwds)`: the only argument itself. Called with both in the caller's last two locals.
fn make_key<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    const PASSED: Local = Local::new(0);
    const ONLY: Local = Local::new(2);
    let frame = heap.enter(2, 3)?;
    heap.safepoint();
    heap.load(ONLY, PASSED, 0);
    heap.leave_with(frame, ONLY);
    Ok(())
}

/// `variable += 1`.
fn count<H: Heap>(heap: &mut H, statics: &Statics, variable: usize) -> Result<(), OutOfMemory> {
    cell::get(heap, VALUE, cell(variable));
    let sum = int::value(heap, VALUE) + 1;
    statics.int(heap, VALUE, sum)?;
    cell::set(heap, cell(variable), VALUE);
    Ok(())
}

/// A hit: the link goes from where it is to the front, and its result is the result.
fn move_to_front<H: Heap>(heap: &mut H) {
    for (item, local) in [(link::PREV, LINK_PREV), (link::NEXT, LINK_NEXT), (link::KEY, LINK_KEY)] {
        heap.load(local, LINK, item);
    }
    heap.load(RESULT, LINK, link::RESULT);
    heap.store(LINK_PREV, link::NEXT, LINK_NEXT);
    heap.store(LINK_NEXT, link::PREV, LINK_PREV);
    cell::get(heap, ROOT, cell(variable::ROOT));
    heap.load(LAST, ROOT, link::PREV);
    heap.store(LAST, link::NEXT, LINK);
    heap.store(ROOT, link::PREV, LINK);
    heap.store(LINK, link::PREV, LAST);
    heap.store_take(LINK, link::NEXT, ROOT);
}

/// `result = user_function(*args, **kwds)`: the keywords are merged into a dict of their own.
fn call_user_function<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    dict::new(heap, VALUE)?;
    heap.load(ARGUMENT, ARGS, 0);
    heap.clear(VALUE);
    square(heap, statics)?;
    heap.take(RESULT, ARGUMENT);
    Ok(())
}

/// The cached function, `return number, number * number`: the argument is in the caller's last local, and then the
/// result.
fn square<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    const NUMBER: Local = Local::new(0);
    const SQUARE: Local = Local::new(1);
    const PAIR: Local = Local::new(2);
    let frame = heap.enter(1, 3)?;
    heap.safepoint();
    let number = int::value(heap, NUMBER);
    statics.int(heap, SQUARE, number * number)?;
    tuple::new(heap, PAIR, 2)?;
    heap.store(PAIR, 0, NUMBER);
    heap.store_take(PAIR, 1, SQUARE);
    heap.leave_with(frame, PAIR);
    Ok(())
}

/// A miss with room: a new link at the front.
fn add_link<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    heap.load(LAST, ROOT, link::PREV);
    list::new(heap, LINK, link::LENGTH)?;
    heap.store(LINK, link::PREV, LAST);
    heap.store(LINK, link::NEXT, ROOT);
    heap.store(LINK, link::KEY, KEY);
    heap.store(LINK, link::RESULT, RESULT);
    heap.store(LAST, link::NEXT, LINK);
    heap.store(ROOT, link::PREV, LINK);
    heap.clear(ROOT);
    heap.copy(VALUE, LINK);
    insert(heap)
}

/// `cache[key] = VALUE`, taken.
fn insert<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    heap.copy(CALLED, KEY);
    dict::insert(heap, CACHE, CALLED, VALUE, SCRATCH)
}

/// A miss without room: the root takes key and result, the oldest link becomes the root and forgets its own.
fn replace_oldest<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    heap.take(OLD_ROOT, ROOT);
    heap.store(OLD_ROOT, link::KEY, KEY);
    heap.store(OLD_ROOT, link::RESULT, RESULT);
    heap.load(ROOT, OLD_ROOT, link::NEXT);
    heap.store(cell(variable::ROOT), 0, ROOT);
    heap.load(OLD_KEY, ROOT, link::KEY);
    heap.load(OLD_RESULT, ROOT, link::RESULT);
    statics.none(heap, VALUE);
    heap.store(ROOT, link::KEY, VALUE);
    heap.store_take(ROOT, link::RESULT, VALUE);
    heap.clear(ROOT);
    dict::remove(heap, CACHE, OLD_KEY, SCRATCH);
    heap.copy(VALUE, OLD_ROOT);
    insert(heap)
}
