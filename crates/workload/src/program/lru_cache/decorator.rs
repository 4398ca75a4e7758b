//! `lru_cache(maxsize, user_function)`: makes the functions that share a cache; and two of them.

use super::{link, variable};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, cell, dict, function, list, tuple};

/// The functions, and the variables that each shares.
const FUNCTIONS: [(&str, &[usize]); 3] = [
    ("wrapper", &[0, 1, 2, 3, 4, 5, 6]),
    ("cache_info", &[variable::HITS, variable::MISSES]),
    ("cache_keys", &[variable::ROOT]),
];

/// Leaves a tuple of `wrapper`, `cache_info` and `cache_keys` of an empty cache in the caller's last local.
pub(super) fn lru_cache<H: Heap>(heap: &mut H, statics: &mut Statics) -> Result<(), OutOfMemory> {
    const RESULT: Local = Local::new(0);
    const VALUE: Local = Local::new(1);
    const CLOSURE: Local = Local::new(2);
    const NEW: Local = Local::new(3);
    const CELLS: usize = 4;
    let cell = |variable: usize| Local::new((CELLS + variable) as u32);
    let frame = heap.enter(1, CELLS + variable::COUNT)?;
    heap.safepoint();
    for variable in 0..variable::COUNT {
        cell::new(heap, cell(variable), VALUE)?;
    }
    dict::new(heap, VALUE)?;
    cell::set(heap, cell(variable::CACHE), VALUE);
    for count in [variable::HITS, variable::MISSES] {
        statics.int(heap, VALUE, 0)?;
        cell::set(heap, cell(count), VALUE);
    }
    statics.truth(heap, VALUE, false);
    cell::set(heap, cell(variable::FULL), VALUE);
    make_root(heap, statics, VALUE, NEW, CLOSURE)?;
    cell::set(heap, cell(variable::ROOT), VALUE);
    tuple::new(heap, RESULT, FUNCTIONS.len() as u32)?;
    for (place, (name, variables)) in FUNCTIONS.into_iter().enumerate() {
        let code = statics.intern(heap, name, VALUE)?;
        heap.load_immortal(VALUE, code);
        tuple::new(heap, CLOSURE, variables.len() as u32)?;
        for (item, variable) in variables.iter().enumerate() {
            heap.store(CLOSURE, item, cell(*variable));
        }
        function::new(heap, NEW, VALUE, CLOSURE)?;
        heap.store_take(RESULT, place, NEW);
        heap.clear(VALUE);
    }
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// `root = []; root[:] = [root, root, None, None]`. The other two are nil before and after.
fn make_root<H: Heap>(
    heap: &mut H,
    statics: &Statics,
    root: Local,
    items: Local,
    none: Local,
) -> Result<(), OutOfMemory> {
    list::new(heap, root, 0)?;
    list::new(heap, items, link::LENGTH)?;
    heap.store(items, link::PREV, root);
    heap.store(items, link::NEXT, root);
    statics.none(heap, none);
    heap.store(items, link::KEY, none);
    heap.store_take(items, link::RESULT, none);
    heap.resize(root, link::LENGTH, 0)?;
    heap.copy_slots(items, 0..link::LENGTH as usize, root, 0);
    heap.clear(items);
    Ok(())
}

/// Local of a function that is called with itself in the caller's last local, and leaves its result there.
const FUNCTION: Local = Local::new(0);

/// `return hits, misses`.
pub(super) fn cache_info<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    const CLOSURE: Local = Local::new(1);
    const RESULT: Local = Local::new(2);
    const VALUE: Local = Local::new(3);
    let frame = heap.enter(1, 4)?;
    heap.safepoint();
    heap.load(CLOSURE, FUNCTION, function::CLOSURE);
    tuple::new(heap, RESULT, 2)?;
    for count in 0..2 {
        heap.load(VALUE, CLOSURE, count);
        heap.load(VALUE, VALUE, 0);
        heap.store_take(RESULT, count, VALUE);
    }
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// The keys in a list, the oldest first.
pub(super) fn cache_keys<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    const ROOT: Local = Local::new(1);
    const KEYS: Local = Local::new(2);
    const LINK: Local = Local::new(3);
    const KEY: Local = Local::new(4);
    let frame = heap.enter(1, 5)?;
    heap.safepoint();
    heap.load(ROOT, FUNCTION, function::CLOSURE);
    heap.load(ROOT, ROOT, 0);
    heap.load(ROOT, ROOT, 0);
    list::new(heap, KEYS, 0)?;
    heap.load(LINK, ROOT, link::NEXT);
    while !heap.is_same(LINK, ROOT) {
        heap.load(KEY, LINK, link::KEY);
        list::append(heap, KEYS, KEY)?;
        heap.load(LINK, LINK, link::NEXT);
        heap.safepoint();
    }
    heap.leave_with(frame, KEYS);
    Ok(())
}
