//! Rows made, selected and changed. Each function has its argument in the caller's last local, and leaves its result
//! there.

use super::{AMOUNT, COLUMNS, Line, Module};
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, float, int, iterator, list, text, tuple};
use std::ops::Mul;

/// `load(lines)`: no object of the heap is the argument.
pub(super) fn load<H: Heap>(heap: &mut H, statics: &Statics, lines: &[Line]) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(1);
    const ITERATOR: Local = Local::new(2);
    const FIELDS: [Local; COLUMNS as usize] = [Local::new(3), Local::new(4), Local::new(5), Local::new(6)];
    /// The values of the row to be.
    const VALUES: [Local; COLUMNS as usize] = [Local::new(7), Local::new(8), Local::new(9), Local::new(10)];
    const WORDS: Local = Local::new(11);
    const SCRATCH: Local = Local::new(12);
    let frame = heap.enter(1, 13)?;
    heap.safepoint();
    list::new(heap, ROWS, 0)?;
    // An iterator over a list that is not the heap's.
    heap.allocate(ITERATOR, iterator::LIST_SHAPE)?;
    for line in lines {
        heap.safepoint();
        split(heap, WORDS, &line.fields, SCRATCH)?;
        for (slot, field) in FIELDS.into_iter().enumerate() {
            heap.load(field, WORDS, slot);
        }
        heap.clear(WORDS);
        let [number, name, amount, tags] = VALUES;
        statics.int(heap, number, line.number.into())?;
        heap.safepoint();
        heap.copy(name, FIELDS[1]);
        float::new(heap, amount, line.amount)?;
        heap.safepoint();
        split(heap, WORDS, &line.tags, SCRATCH)?;
        let length = list::len(heap, WORDS);
        tuple::new(heap, tags, length as u32)?;
        heap.copy_slots(WORDS, 0..length, tags, 0);
        heap.clear(WORDS);
        heap.safepoint();
        tuple::new(heap, SCRATCH, COLUMNS)?;
        for (slot, value) in VALUES.into_iter().enumerate() {
            heap.store_take(SCRATCH, slot, value);
        }
        list::append(heap, ROWS, SCRATCH)?;
    }
    heap.leave_with(frame, ROWS);
    Ok(())
}

/// `dst = text.split(…)`, a call of a function in C.
fn split<H: Heap>(heap: &mut H, dst: Local, parts: &[String], scratch: Local) -> Result<(), OutOfMemory> {
    list::new(heap, dst, parts.len() as u32)?;
    for (slot, part) in parts.iter().enumerate() {
        text::new(heap, scratch, part)?;
        heap.store_take(dst, slot, scratch);
    }
    heap.safepoint();
    Ok(())
}

/// `[row for row in rows if row[2] >= limit]`, as a loop.
pub(super) fn select<H: Heap>(heap: &mut H, limit: f64) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(0);
    const CHOSEN: Local = Local::new(1);
    const ITERATOR: Local = Local::new(2);
    const ROW: Local = Local::new(3);
    const SCRATCH: Local = Local::new(4);
    let frame = heap.enter(1, 5)?;
    heap.safepoint();
    list::new(heap, CHOSEN, 0)?;
    iterator::new_list(heap, ITERATOR, ROWS)?;
    while iterator::next_list(heap, ROW, ITERATOR, SCRATCH) {
        heap.safepoint();
        heap.load(SCRATCH, ROW, AMOUNT);
        let enough = float::value(heap, SCRATCH) >= limit;
        heap.clear(SCRATCH);
        if enough {
            heap.copy(SCRATCH, ROW);
            list::append(heap, CHOSEN, SCRATCH)?;
        }
    }
    heap.leave_with(frame, CHOSEN);
    Ok(())
}

/// `raise_amounts(rows, factor)`: each row gives way to a new one.
pub(super) fn raise_amounts<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    const ROWS: Local = Local::new(0);
    const INDEX: Local = Local::new(1);
    const FIELDS: [Local; COLUMNS as usize] = [Local::new(2), Local::new(3), Local::new(4), Local::new(5)];
    const STACK: u32 = 6;
    const ROW: Local = Local::new(STACK);
    let frame = heap.enter(1, STACK as usize + 3)?;
    heap.safepoint();
    for index in 0..list::len(heap, ROWS) {
        heap.safepoint();
        module.statics.int(heap, INDEX, index as i128)?;
        heap.load(ROW, ROWS, int::value(heap, INDEX) as usize);
        for (slot, field) in FIELDS.into_iter().enumerate() {
            heap.load(field, ROW, slot);
        }
        heap.clear(ROW);
        let mut stack = Stack::above(STACK);
        stack.load(heap, FIELDS[AMOUNT]);
        stack.load_constant(heap, module.factor);
        stack.floats(heap, f64::mul)?;
        let raised = stack.pop();
        let row = Local::new(STACK + 1);
        tuple::new(heap, row, COLUMNS)?;
        for (slot, field) in FIELDS.into_iter().enumerate() {
            if slot == AMOUNT {
                heap.store_take(row, slot, raised);
            } else {
                heap.store(row, slot, field);
            }
        }
        heap.store_take(ROWS, index, row);
    }
    heap.leave(frame);
    Ok(())
}
