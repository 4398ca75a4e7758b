//! Bodies that attract each other: lists of floats that change all the time, and a trail that only grows.

use super::{DRAWN, Module, add_float};
use crate::checksum::Checksum;
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::{float, iterator, list, tuple};
use std::ops::{Add, Div, Mul, Sub};

/// The unit of a position and of a mass, and that of a velocity.
const POSITION_UNIT: f64 = 65_536.0;
const VELOCITY_UNIT: f64 = 1_048_576.0;
/// Seconds a step, and what keeps two bodies in one place apart.
pub(super) const DT: f64 = 0.01;

/// A body: a tuple of these.
const POSITION: usize = 0;
const VELOCITY: usize = 1;
const MASS: usize = 2;

/// Locals of the caller: first arguments of the functions below.
mod caller {
    use heapbench_heap::Local;
    pub(super) const BODIES: Local = Local::new(0);
    pub(super) const PAIRS: Local = Local::new(1);
    pub(super) const TRAIL: Local = Local::new(2);
    pub(super) const ITERATOR: Local = Local::new(3);
    pub(super) const VALUE: Local = Local::new(4);
    pub(super) const OTHER: Local = Local::new(5);
    /// The last three are arguments of a call.
    pub(super) const ARGUMENTS: [Local; 3] = [Local::new(6), Local::new(7), Local::new(8)];
    pub(super) const COUNT: usize = 9;
}

/// Makes the bodies, moves them for so many steps, and folds in their energy and where they were.
pub(super) fn run<H: Heap + Introspect>(
    heap: &mut H,
    module: &Module,
    draws: &[[u32; DRAWN]],
    steps: u32,
    checksum: &mut Checksum,
) -> Result<(), OutOfMemory> {
    use caller::{ARGUMENTS, BODIES, ITERATOR, OTHER, PAIRS, TRAIL, VALUE};
    let frame = heap.enter(0, caller::COUNT)?;
    make_bodies(heap, draws)?;
    make_pairs(heap, draws.len())?;
    list::new(heap, TRAIL, 0)?;
    for (argument, value) in ARGUMENTS.into_iter().zip([BODIES, PAIRS, TRAIL]) {
        heap.copy(argument, value);
    }
    advance(heap, module, steps)?;
    H::Recorder::at_most(heap);
    heap.copy(ARGUMENTS[2], BODIES);
    energy(heap, module)?;
    add_float(heap, checksum, ARGUMENTS[2]);
    heap.clear(ARGUMENTS[2]);
    iterator::new_list(heap, ITERATOR, TRAIL)?;
    while iterator::next_list(heap, VALUE, ITERATOR, OTHER) {
        heap.safepoint();
        heap.load(OTHER, VALUE, 0);
        add_float(heap, checksum, OTHER);
        heap.clear(OTHER);
    }
    heap.leave(frame);
    Ok(())
}

/// `BODIES = [([x, y, z], [vx, vy, vz], mass), …]`.
fn make_bodies<H: Heap>(heap: &mut H, draws: &[[u32; DRAWN]]) -> Result<(), OutOfMemory> {
    use caller::{BODIES, OTHER as VECTOR, VALUE as NUMBER};
    const BODY: Local = caller::ITERATOR;
    list::new(heap, BODIES, 0)?;
    for drawn in draws {
        heap.safepoint();
        tuple::new(heap, BODY, 3)?;
        for (slot, part, unit) in
            [(POSITION, &drawn[..3], POSITION_UNIT), (VELOCITY, &drawn[3..6], VELOCITY_UNIT)]
        {
            list::new(heap, VECTOR, 3)?;
            for (axis, number) in part.iter().enumerate() {
                float::new(heap, NUMBER, f64::from(*number) / unit)?;
                heap.store_take(VECTOR, axis, NUMBER);
            }
            heap.store_take(BODY, slot, VECTOR);
        }
        float::new(heap, NUMBER, f64::from(drawn[6]) / POSITION_UNIT)?;
        heap.store_take(BODY, MASS, NUMBER);
        list::append(heap, BODIES, BODY)?;
    }
    Ok(())
}

/// `PAIRS = [(bodies[0], bodies[1]), …]`.
fn make_pairs<H: Heap>(heap: &mut H, bodies: usize) -> Result<(), OutOfMemory> {
    use caller::{BODIES, OTHER as BODY, PAIRS, VALUE as PAIR};
    list::new(heap, PAIRS, 0)?;
    for first in 0..bodies {
        for second in first + 1..bodies {
            heap.safepoint();
            tuple::new(heap, PAIR, 2)?;
            for (slot, body) in [first, second].into_iter().enumerate() {
                heap.load(BODY, BODIES, body);
                heap.store_take(PAIR, slot, BODY);
            }
            list::append(heap, PAIRS, PAIR)?;
        }
    }
    Ok(())
}

/// Locals of `advance`.
mod advance {
    use heapbench_heap::Local;
    pub(super) const BODIES: Local = Local::new(0);
    pub(super) const PAIRS: Local = Local::new(1);
    pub(super) const TRAIL: Local = Local::new(2);
    pub(super) const ITERATOR: Local = Local::new(3);
    pub(super) const ITEM: Local = Local::new(4);
    /// Position, velocity and mass of each of two bodies.
    pub(super) const FIRST: [Local; 3] = [Local::new(5), Local::new(6), Local::new(7)];
    pub(super) const SECOND: [Local; 3] = [Local::new(8), Local::new(9), Local::new(10)];
    pub(super) const DT: Local = Local::new(11);
    /// `dx, dy, dz`.
    pub(super) const DISTANCE: [Local; 3] = [Local::new(12), Local::new(13), Local::new(14)];
    pub(super) const SQUARE: Local = Local::new(15);
    pub(super) const MAGNITUDE: Local = Local::new(16);
    pub(super) const B1: Local = Local::new(17);
    pub(super) const B2: Local = Local::new(18);
    pub(super) const STACK: u32 = 19;
    pub(super) const COUNT: usize = 19 + 4;
}

/// `advance(bodies, pairs, trail, steps)`: the caller's last three locals are the arguments.
fn advance<H: Heap>(heap: &mut H, module: &Module, steps: u32) -> Result<(), OutOfMemory> {
    use advance::{BODIES, FIRST, ITEM, ITERATOR, PAIRS, SECOND, STACK};
    let frame = heap.enter(3, advance::COUNT)?;
    heap.safepoint();
    heap.load_immortal(advance::DT, module.dt);
    let scratch = Local::new(STACK);
    for _ in 0..steps {
        heap.safepoint();
        iterator::new_list(heap, ITERATOR, PAIRS)?;
        while iterator::next_list(heap, ITEM, ITERATOR, scratch) {
            heap.safepoint();
            for (slot, names) in [FIRST, SECOND].into_iter().enumerate() {
                heap.load(scratch, ITEM, slot);
                unpack(heap, scratch, names);
                heap.clear(scratch);
            }
            heap.clear(ITEM);
            attract(heap)?;
        }
        heap.clear(ITERATOR);
        iterator::new_list(heap, ITERATOR, BODIES)?;
        while iterator::next_list(heap, ITEM, ITERATOR, scratch) {
            heap.safepoint();
            unpack(heap, ITEM, FIRST);
            heap.clear(ITEM);
            shift(heap)?;
        }
        heap.clear(ITERATOR);
    }
    heap.leave(frame);
    Ok(())
}

/// `position, velocity, mass = body`.
#[inline(always)]
fn unpack<H: Heap>(heap: &mut H, body: Local, names: [Local; 3]) {
    for (slot, name) in names.into_iter().enumerate() {
        heap.load(name, body, slot);
    }
}

/// The velocities of two bodies change.
fn attract<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    use advance::{B1, B2, DISTANCE, DT, FIRST, MAGNITUDE, SECOND, SQUARE, STACK};
    let mut stack = Stack::above(STACK);
    for (axis, distance) in DISTANCE.into_iter().enumerate() {
        stack.load_item(heap, FIRST[POSITION], axis);
        stack.load_item(heap, SECOND[POSITION], axis);
        stack.floats(heap, f64::sub)?;
        stack.store(heap, distance);
    }
    for (axis, distance) in DISTANCE.into_iter().enumerate() {
        stack.load(heap, distance);
        stack.load(heap, distance);
        stack.floats(heap, f64::mul)?;
        if axis > 0 {
            stack.floats(heap, f64::add)?;
        }
    }
    stack.load(heap, DT);
    stack.floats(heap, f64::add)?;
    stack.store(heap, SQUARE);

    stack.load(heap, DT);
    stack.load(heap, SQUARE);
    stack.load(heap, SQUARE);
    stack.square_root(heap)?;
    stack.floats(heap, f64::mul)?;
    stack.floats(heap, f64::div)?;
    stack.store(heap, MAGNITUDE);
    for (mass, name) in [(FIRST[MASS], B1), (SECOND[MASS], B2)] {
        stack.load(heap, mass);
        stack.load(heap, MAGNITUDE);
        stack.floats(heap, f64::mul)?;
        stack.store(heap, name);
    }
    accelerate(heap, FIRST[VELOCITY], B2, f64::sub)?;
    accelerate(heap, SECOND[VELOCITY], B1, f64::add)
}

/// `velocity[0] += dx * b`, and so on; or `-=`.
#[inline(always)]
fn accelerate<H: Heap>(
    heap: &mut H,
    velocity: Local,
    b: Local,
    operator: impl Fn(f64, f64) -> f64,
) -> Result<(), OutOfMemory> {
    let mut stack = Stack::above(advance::STACK);
    for (axis, distance) in advance::DISTANCE.into_iter().enumerate() {
        stack.load_item(heap, velocity, axis);
        stack.load(heap, distance);
        stack.load(heap, b);
        stack.floats(heap, f64::mul)?;
        stack.floats(heap, &operator)?;
        stack.store_item(heap, velocity, axis);
    }
    Ok(())
}

/// A body moves, and the trail gets its place.
fn shift<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    use advance::{DT, FIRST, ITEM as POINT, STACK, TRAIL};
    let mut stack = Stack::above(STACK);
    for axis in 0..3 {
        stack.load_item(heap, FIRST[POSITION], axis);
        stack.load(heap, DT);
        stack.load_item(heap, FIRST[VELOCITY], axis);
        stack.floats(heap, f64::mul)?;
        stack.floats(heap, f64::add)?;
        stack.store_item(heap, FIRST[POSITION], axis);
    }
    tuple::new(heap, POINT, 3)?;
    for axis in 0..3 {
        stack.load_item(heap, FIRST[POSITION], axis);
        stack.store_item(heap, POINT, axis);
    }
    list::append(heap, TRAIL, POINT)
}

/// `energy(bodies)`: the argument is in the caller's last local, and then the result.
fn energy<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
    const BODIES: Local = Local::new(0);
    const ITERATOR: Local = Local::new(1);
    const BODY: Local = Local::new(2);
    const NAMES: [Local; 3] = [Local::new(3), Local::new(4), Local::new(5)];
    const TOTAL: Local = Local::new(6);
    const STACK: u32 = 7;
    let frame = heap.enter(1, STACK as usize + 5)?;
    heap.safepoint();
    heap.load_immortal(TOTAL, module.zero);
    iterator::new_list(heap, ITERATOR, BODIES)?;
    let mut stack = Stack::above(STACK);
    while iterator::next_list(heap, BODY, ITERATOR, Local::new(STACK)) {
        heap.safepoint();
        unpack(heap, BODY, NAMES);
        heap.clear(BODY);
        stack.load(heap, TOTAL);
        stack.load(heap, NAMES[MASS]);
        for axis in 0..3 {
            stack.load_item(heap, NAMES[VELOCITY], axis);
            stack.load_item(heap, NAMES[VELOCITY], axis);
            stack.floats(heap, f64::mul)?;
            if axis > 0 {
                stack.floats(heap, f64::add)?;
            }
        }
        stack.floats(heap, f64::mul)?;
        stack.floats(heap, f64::add)?;
        stack.store(heap, TOTAL);
    }
    heap.leave_with(frame, TOTAL);
    Ok(())
}
