//! Lists of rows sorted, and read page by page.

use super::{Module, NUMBER};
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{iterator, list};
use std::cmp::Ordering;
use std::ops::{Add, BitAnd, Mul};

/// `rows.sort(key=…)`: takes the list in the caller's last local. The keys are compared here; Python calls the key's
/// function once for each row, and the list's items move.
pub(super) fn sort<H: Heap, K: PartialOrd>(
    heap: &mut H,
    column: usize,
    value: fn(&H, Local) -> K,
) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(0);
    const HELD: Local = Local::new(1);
    const CALLED: Local = Local::new(2);
    let frame = heap.enter(1, 3)?;
    let mut keys = Vec::with_capacity(list::len(heap, ROWS));
    for index in 0..list::len(heap, ROWS) {
        heap.load(CALLED, ROWS, index);
        key(heap, column)?;
        keys.push((value(heap, CALLED), index as u32));
        heap.clear(CALLED);
    }
    keys.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
    let mut sources: Vec<usize> = keys.into_iter().map(|(_, index)| index as usize).collect();
    for start in 0..sources.len() {
        // Each cycle of places once: what lies in its first one waits until the last one is free.
        heap.take_slot(HELD, ROWS, start);
        let mut place = start;
        while sources[place] != start {
            let source = std::mem::replace(&mut sources[place], place);
            heap.take_slot(CALLED, ROWS, source);
            heap.store_take(ROWS, place, CALLED);
            place = source;
        }
        sources[place] = place;
        heap.store_take(ROWS, place, HELD);
    }
    heap.leave(frame);
    heap.safepoint();
    Ok(())
}

/// `amount(row)` or `number_of(row)`: the argument is in the caller's last local, and then the result.
fn key<H: Heap>(heap: &mut H, column: usize) -> Result<(), OutOfMemory> {
    const ROW: Local = Local::new(0);
    const RESULT: Local = Local::new(1);
    let frame = heap.enter(1, 2)?;
    heap.safepoint();
    heap.load(RESULT, ROW, column);
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// `read_pages(rows, page)`: the list is in the caller's last local, and then the result.
pub(super) fn read_pages<H: Heap>(heap: &mut H, module: &Module, page: usize) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(0);
    const TOTAL: Local = Local::new(1);
    const START: Local = Local::new(2);
    const ITERATOR: Local = Local::new(3);
    const ROW: Local = Local::new(4);
    const STACK: u32 = 5;
    const SCRATCH: Local = Local::new(STACK);
    let frame = heap.enter(1, STACK as usize + 2)?;
    heap.safepoint();
    let statics = &module.statics;
    statics.int(heap, TOTAL, 0)?;
    let length = list::len(heap, ROWS);
    for start in (0..length).step_by(page) {
        heap.safepoint();
        statics.int(heap, START, start as i128)?;
        let rows = start..length.min(start + page);
        list::new(heap, SCRATCH, rows.len() as u32)?;
        heap.copy_slots(ROWS, rows, SCRATCH, 0);
        iterator::new_list(heap, ITERATOR, SCRATCH)?;
        heap.clear(SCRATCH);
        while iterator::next_list(heap, ROW, ITERATOR, SCRATCH) {
            heap.safepoint();
            let mut stack = Stack::above(STACK);
            stack.load(heap, TOTAL);
            stack.load_int(heap, statics, 3)?;
            stack.ints(heap, statics, i128::mul)?;
            stack.load_item(heap, ROW, NUMBER);
            stack.ints(heap, statics, i128::add)?;
            stack.load_constant(heap, module.mask);
            stack.ints(heap, statics, i128::bitand)?;
            stack.store(heap, TOTAL);
        }
        heap.clear(ITERATOR);
    }
    heap.leave_with(frame, TOTAL);
    Ok(())
}
