//! `tuple`: 24 bytes and 8 an item, its length among them. Source: CPython 3.13, `Objects/tupleobject.c`.

use crate::key;
use crate::word::write_word;
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// `dst =` a tuple of `length` items, all nil: to be filled before anyone else sees it.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, length: u32) -> Result<(), OutOfMemory> {
    heap.allocate(dst, Shape::new(Kind::Tuple, length, 8))?;
    write_word(heap.payload_mut(dst), 0, u64::from(length));
    Ok(())
}

/// `len(tuple)`.
#[inline]
pub fn len<H: Heap>(heap: &H, tuple: Local) -> usize {
    heap.shape(tuple).slots as usize
}

/// `hash(tuple)`: xxHash of its items' hashes, of which a tuple's is that of its length.
pub(crate) fn hash<H: Heap>(heap: &H, tuple: Local) -> u64 {
    const PRIMES: [u64; 3] =
        [11_400_714_785_074_694_791, 14_029_467_366_897_019_727, 2_870_177_450_012_600_261];
    let mut sum = PRIMES[2];
    for item in 0..len(heap, tuple) {
        let hash = heap.peek(tuple, item).map_or(0, |(kind, payload)| key::hash_of(kind, payload));
        sum = sum.wrapping_add(hash.wrapping_mul(PRIMES[1])).rotate_left(31).wrapping_mul(PRIMES[0]);
    }
    sum = sum.wrapping_add(len(heap, tuple) as u64 ^ PRIMES[2] ^ 3_527_539);
    // -1 means an error in C and so is no hash.
    if sum == u64::MAX { 1_546_275_796 } else { sum }
}

/// Whether the tuple and the one in a slot have equal items; or bound methods, equal slots. `scratch` is nil before and after.
pub(crate) fn equal_to_slot<H: Heap>(
    heap: &mut H,
    tuple: Local,
    object: Local,
    slot: usize,
    scratch: Local,
) -> bool {
    heap.load(scratch, object, slot);
    let length = len(heap, tuple);
    let equal = len(heap, scratch) == length
        && (0..length).all(|item| {
            let (Some(a), Some(b)) = (heap.peek(tuple, item), heap.peek(scratch, item)) else { return false };
            if a.0.is_leaf() || b.0.is_leaf() {
                return key::equal_values(a, b);
            }
            // The same object? The item takes its tuple's place in the scratch local for a moment.
            heap.load(scratch, scratch, item);
            let same = heap.is_in_slot(scratch, tuple, item);
            heap.load(scratch, object, slot);
            same
        });
    heap.clear(scratch);
    equal
}
