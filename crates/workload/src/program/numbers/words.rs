//! Random bits from a linear congruential generator (Knuth's MMIX): ints of three digits, and of five while they are
//! multiplied.

use super::Module;
use crate::checksum::Checksum;
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{int, list};
use std::ops::{Add, BitAnd, Mul, Shr};

pub(super) const MULTIPLIER: i128 = 6_364_136_223_846_793_005;
pub(super) const INCREMENT: i128 = 1_442_695_040_888_963_407;
pub(super) const MASK: i128 = u64::MAX as i128;

/// Folds in how often each value of the upper six bits comes among so many words.
pub(super) fn count_bits<H: Heap>(
    heap: &mut H,
    module: &Module,
    words: u32,
    checksum: &mut Checksum,
) -> Result<(), OutOfMemory> {
    const HISTOGRAM: Local = Local::new(0);
    const STATE: Local = Local::new(1);
    const STACK: u32 = 2;
    const TOP: Local = Local::new(STACK);
    let frame = heap.enter(0, STACK as usize + 2)?;
    heap.safepoint();
    let statics = &module.statics;
    list::new(heap, HISTOGRAM, 64)?;
    statics.int(heap, TOP, 0)?;
    heap.fill_slots(HISTOGRAM, 0..64, TOP);
    statics.int(heap, STATE, 1)?;
    let mut stack = Stack::above(STACK);
    for _ in 0..words {
        heap.safepoint();
        stack.load(heap, STATE);
        stack.load_constant(heap, module.multiplier);
        stack.ints(heap, statics, i128::mul)?;
        stack.load_constant(heap, module.increment);
        stack.ints(heap, statics, i128::add)?;
        stack.load_constant(heap, module.mask);
        stack.ints(heap, statics, i128::bitand)?;
        stack.store(heap, STATE);
        stack.load(heap, STATE);
        stack.load_int(heap, statics, 58)?;
        stack.ints(heap, statics, i128::shr)?;
        let upper = int::value(heap, TOP) as usize;
        heap.clear(stack.pop());
        stack.load_item(heap, HISTOGRAM, upper);
        stack.load_int(heap, statics, 1)?;
        stack.ints(heap, statics, i128::add)?;
        stack.store_item(heap, HISTOGRAM, upper);
    }
    for index in 0..64 {
        heap.load(TOP, HISTOGRAM, index);
        checksum.add(int::value(heap, TOP) as u64);
    }
    heap.leave(frame);
    Ok(())
}
