//! Dicts of rows and of counts. Each function has its argument in the caller's last local, and leaves its result there.

use super::{AMOUNT, Module, NAME, TAG_TUPLE};
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, dict, iterator, list, tuple};
use std::ops::Add;

/// What is totalled of a name: a tuple of its name and these.
pub(super) const COUNT: usize = 1;
pub(super) const TOTAL: usize = 2;

/// `group_by_name(rows)`: a dict of lists.
pub(super) fn group_by_name<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(0);
    const GROUPS: Local = Local::new(1);
    const ITERATOR: Local = Local::new(2);
    const ROW: Local = Local::new(3);
    const KEY: Local = Local::new(4);
    const GROUP: Local = Local::new(5);
    const VALUE: Local = Local::new(6);
    const SCRATCH: Local = Local::new(7);
    let frame = heap.enter(1, 8)?;
    heap.safepoint();
    dict::new(heap, GROUPS)?;
    iterator::new_list(heap, ITERATOR, ROWS)?;
    while iterator::next_list(heap, ROW, ITERATOR, SCRATCH) {
        heap.safepoint();
        heap.load(KEY, ROW, NAME);
        heap.copy(VALUE, ROW);
        if dict::contains(heap, GROUPS, KEY, SCRATCH) {
            dict::get(heap, GROUP, GROUPS, KEY, SCRATCH);
            list::append(heap, GROUP, VALUE)?;
            heap.clear(GROUP);
        } else {
            list::new(heap, GROUP, 1)?;
            heap.store_take(GROUP, 0, VALUE);
            dict::insert(heap, GROUPS, KEY, GROUP, SCRATCH)?;
        }
    }
    heap.leave_with(frame, GROUPS);
    Ok(())
}

/// `totals(groups)`: a list of tuples `(name, count, total)`.
pub(super) fn totals<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    const GROUPS: Local = Local::new(0);
    const RESULT: Local = Local::new(1);
    const ITERATOR: Local = Local::new(2);
    const KEY: Local = Local::new(3);
    const ROWS: Local = Local::new(4);
    const SUM: Local = Local::new(5);
    const ROW_ITERATOR: Local = Local::new(6);
    const ROW: Local = Local::new(7);
    const STACK: u32 = 8;
    const SCRATCH: Local = Local::new(STACK);
    const VALUE: Local = Local::new(STACK + 1);
    let frame = heap.enter(1, STACK as usize + 2)?;
    heap.safepoint();
    list::new(heap, RESULT, 0)?;
    iterator::new_dict(heap, ITERATOR, GROUPS)?;
    while iterator::next_dict(heap, KEY, VALUE, ITERATOR, SCRATCH) {
        heap.safepoint();
        heap.clear(VALUE);
        dict::get(heap, ROWS, GROUPS, KEY, SCRATCH);
        heap.load_immortal(SUM, module.zero);
        iterator::new_list(heap, ROW_ITERATOR, ROWS)?;
        while iterator::next_list(heap, ROW, ROW_ITERATOR, SCRATCH) {
            heap.safepoint();
            let mut stack = Stack::above(STACK);
            stack.load(heap, SUM);
            stack.load_item(heap, ROW, AMOUNT);
            stack.floats(heap, f64::add)?;
            stack.store(heap, SUM);
        }
        heap.clear(ROW_ITERATOR);
        let length = list::len(heap, ROWS);
        module.statics.int(heap, VALUE, length as i128)?;
        tuple::new(heap, SCRATCH, 3)?;
        heap.store(SCRATCH, 0, KEY);
        heap.store_take(SCRATCH, COUNT, VALUE);
        heap.store(SCRATCH, TOTAL, SUM);
        list::append(heap, RESULT, SCRATCH)?;
    }
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// `count_tags(rows)`: a dict of ints.
pub(super) fn count_tags<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(0);
    const COUNTS: Local = Local::new(1);
    const ITERATOR: Local = Local::new(2);
    const ROW: Local = Local::new(3);
    const TAG_ITERATOR: Local = Local::new(4);
    const TAG: Local = Local::new(5);
    const KEY: Local = Local::new(6);
    const STACK: u32 = 7;
    const VALUE: Local = Local::new(STACK);
    const SCRATCH: Local = Local::new(STACK + 1);
    let frame = heap.enter(1, STACK as usize + 2)?;
    heap.safepoint();
    dict::new(heap, COUNTS)?;
    iterator::new_list(heap, ITERATOR, ROWS)?;
    while iterator::next_list(heap, ROW, ITERATOR, SCRATCH) {
        heap.safepoint();
        heap.load(SCRATCH, ROW, TAG_TUPLE);
        // A tuple's iterator is like a list's.
        iterator::new_list(heap, TAG_ITERATOR, SCRATCH)?;
        heap.clear(SCRATCH);
        while iterator::next_list(heap, TAG, TAG_ITERATOR, SCRATCH) {
            heap.safepoint();
            if !dict::get(heap, VALUE, COUNTS, TAG, SCRATCH) {
                statics.int(heap, VALUE, 0)?;
            }
            heap.safepoint();
            let mut stack = Stack::above(STACK + 1);
            stack.load_int(heap, statics, 1)?;
            stack.ints(heap, statics, i128::add)?;
            heap.copy(KEY, TAG);
            dict::insert(heap, COUNTS, KEY, VALUE, SCRATCH)?;
        }
        heap.clear(TAG_ITERATOR);
    }
    heap.leave_with(frame, COUNTS);
    Ok(())
}
