//! The greatest singular value of a matrix that is never stored: each element is a call of a function.

use super::{Module, add_float};
use crate::checksum::Checksum;
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::list;
use std::ops::{Add, Div, Mul};

/// Which of an element's indices runs in the inner loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// The column: the matrix times the vector.
    Column,
    /// The row: the transposed matrix times the vector.
    Row,
}

/// Folds in the square root of `u·v / v·v` after so many rounds of `v = AᵀA u; u = AᵀA v` from `u = [1.0] * size`.
pub(super) fn spectral_norm<H: Heap>(
    heap: &mut H,
    module: &Module,
    size: u32,
    rounds: u32,
    checksum: &mut Checksum,
) -> Result<(), OutOfMemory> {
    const U: Local = Local::new(0);
    const V: Local = Local::new(1);
    const QUOTIENT: Local = Local::new(2);
    /// The arguments of a call; the first one gets its result.
    const CALLED: Local = Local::new(3);
    const ARGUMENT: Local = Local::new(4);
    let frame = heap.enter(0, 5)?;
    heap.safepoint();
    list::new(heap, U, size)?;
    heap.load_immortal(CALLED, module.one);
    heap.fill_slots(U, 0..size as usize, CALLED);
    heap.clear(CALLED);
    heap.copy(V, U);
    for _ in 0..rounds {
        heap.safepoint();
        for (from, to) in [(U, V), (V, U)] {
            heap.copy(ARGUMENT, from);
            times(heap, module, Inner::Column)?;
            times(heap, module, Inner::Row)?;
            heap.take(to, ARGUMENT);
        }
    }
    for (a, result) in [(U, QUOTIENT), (V, CALLED)] {
        heap.copy(CALLED, a);
        heap.copy(ARGUMENT, V);
        dot(heap, module)?;
        heap.take(result, CALLED);
    }
    let mut stack = Stack::above(CALLED.index() as u32 + 1);
    stack.floats(heap, f64::div)?;
    stack.square_root(heap)?;
    add_float(heap, checksum, QUOTIENT);
    heap.leave(frame);
    Ok(())
}

/// `times(vector)` or `transposed_times(vector)`: the argument is in the caller's last local, and then the result.
fn times<H: Heap>(heap: &mut H, module: &Module, inner: Inner) -> Result<(), OutOfMemory> {
    const VECTOR: Local = Local::new(0);
    const RESULT: Local = Local::new(1);
    const I: Local = Local::new(2);
    const J: Local = Local::new(3);
    const TOTAL: Local = Local::new(4);
    const STACK: u32 = 5;
    // A call's arguments are the last locals: `total` and `element(…)`'s two.
    let frame = heap.enter(1, STACK as usize + 3)?;
    heap.safepoint();
    list::new(heap, RESULT, 0)?;
    let length = list::len(heap, VECTOR);
    let mut stack = Stack::above(STACK);
    for i in 0..length {
        heap.safepoint();
        module.statics.int(heap, I, i as i128)?;
        heap.load_immortal(TOTAL, module.zero);
        for j in 0..length {
            heap.safepoint();
            module.statics.int(heap, J, j as i128)?;
            stack.load(heap, TOTAL);
            let (row, column) = if inner == Inner::Column { (I, J) } else { (J, I) };
            stack.load(heap, row);
            stack.load(heap, column);
            element(heap, module)?;
            stack.pop();
            stack.load_item(heap, VECTOR, j);
            stack.floats(heap, f64::mul)?;
            stack.floats(heap, f64::add)?;
            stack.store(heap, TOTAL);
        }
        list::append(heap, RESULT, TOTAL)?;
    }
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// `1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)`: the caller's last two locals are the arguments, the first of them
/// gets the result.
fn element<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    const I: Local = Local::new(0);
    const J: Local = Local::new(1);
    const STACK: u32 = 2;
    const RESULT: Local = Local::new(STACK);
    let frame = heap.enter(2, STACK as usize + 4)?;
    heap.safepoint();
    let mut stack = Stack::above(STACK);
    stack.load_constant(heap, module.one);
    stack.load(heap, I);
    stack.load(heap, J);
    stack.ints(heap, &module.statics, i128::add)?;
    stack.load(heap, I);
    stack.load(heap, J);
    stack.ints(heap, &module.statics, i128::add)?;
    stack.load_int(heap, &module.statics, 1)?;
    stack.ints(heap, &module.statics, i128::add)?;
    stack.ints(heap, &module.statics, i128::mul)?;
    stack.load_int(heap, &module.statics, 2)?;
    stack.ints(heap, &module.statics, i128::div)?;
    stack.load(heap, I);
    stack.ints(heap, &module.statics, i128::add)?;
    stack.load_int(heap, &module.statics, 1)?;
    stack.ints(heap, &module.statics, i128::add)?;
    stack.divide_by_int(heap)?;
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// `dot(a, b)`: the caller's last two locals are the arguments, the first of them gets the result.
fn dot<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    const A: Local = Local::new(0);
    const B: Local = Local::new(1);
    const TOTAL: Local = Local::new(2);
    const STACK: u32 = 3;
    let frame = heap.enter(2, STACK as usize + 3)?;
    heap.safepoint();
    heap.load_immortal(TOTAL, module.zero);
    let mut stack = Stack::above(STACK);
    for index in 0..list::len(heap, A) {
        heap.safepoint();
        stack.load(heap, TOTAL);
        stack.load_item(heap, A, index);
        stack.load_item(heap, B, index);
        stack.floats(heap, f64::mul)?;
        stack.floats(heap, f64::add)?;
        stack.store(heap, TOTAL);
    }
    heap.leave_with(frame, TOTAL);
    Ok(())
}
