//! `int`: sign and digits of 30 bits. 28 bytes up to 30 bits, 4 more for each further digit.
//!
//! Payload: tag 8 (digits << 3 | sign: 0 positive, 1 zero, 2 negative), then 4 a digit, the lowest first.
//! Source: CPython 3.13, `Include/cpython/longintrepr.h`, `Objects/longobject.c`. Values here are those of an
//! [`i128`]: no program needs more.

use crate::word::{read_word, write_word};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

const DIGIT_BITS: u32 = 30;
const DIGIT_MASK: u128 = (1 << DIGIT_BITS) - 1;
const POSITIVE: u64 = 0;
const ZERO: u64 = 1;
const NEGATIVE: u64 = 2;

/// The modulus of Python's numeric hashes: 2^61 - 1, a prime.
pub(crate) const HASH_MODULUS: u64 = (1 << 61) - 1;

/// The shape of an int of so many digits of 30 bits; 0 has none and is as large as with one.
pub const fn shape(digits: usize) -> Shape {
    Shape::new(Kind::Int, 0, 8 + 4 * if digits == 0 { 1 } else { digits })
}

/// `dst = value`, a new object.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, value: i128) -> Result<(), OutOfMemory> {
    let magnitude = value.unsigned_abs();
    let digits = (u128::BITS - magnitude.leading_zeros()).div_ceil(DIGIT_BITS) as usize;
    let sign = match value {
        0 => ZERO,
        1.. => POSITIVE,
        _ => NEGATIVE,
    };
    heap.allocate(dst, shape(digits))?;
    let payload = heap.payload_mut(dst);
    write_word(payload, 0, (digits as u64) << 3 | sign);
    let mut rest = magnitude;
    for digit in payload[8..].chunks_exact_mut(4) {
        digit.copy_from_slice(&((rest & DIGIT_MASK) as u32).to_le_bytes());
        rest >>= DIGIT_BITS;
    }
    Ok(())
}

/// The value of an int.
#[inline]
pub fn value<H: Heap>(heap: &H, int: Local) -> i128 {
    read(heap.payload(int))
}

/// The value of an int, given its payload.
#[inline]
pub(crate) fn read(payload: &[u8]) -> i128 {
    if let [_, _, _, _, _, _, _, _, a, b, c, d] = *payload {
        let digit = i128::from(u32::from_le_bytes([a, b, c, d]));
        return if payload[0] & 3 == NEGATIVE as u8 { -digit } else { digit };
    }
    let mut magnitude = 0u128;
    for digit in payload[8..].chunks_exact(4).rev() {
        let digit = u32::from_le_bytes([digit[0], digit[1], digit[2], digit[3]]);
        magnitude = magnitude << DIGIT_BITS | u128::from(digit);
    }
    let value = magnitude as i128;
    if read_word(payload, 0) & 3 == NEGATIVE { value.wrapping_neg() } else { value }
}

/// `hash(value)`: the value modulo 2^61 - 1, with the sign of the value, and -2 for -1.
#[inline]
pub fn hash(value: i128) -> u64 {
    let magnitude = value.unsigned_abs();
    let modulus = u128::from(HASH_MODULUS);
    let rest = if magnitude < modulus { magnitude } else { magnitude % modulus };
    signed_hash(rest as i64, value < 0)
}

/// A hash with a sign; -1 means an error in C and so is no hash.
pub(crate) fn signed_hash(magnitude: i64, negative: bool) -> u64 {
    let hash = if negative { -magnitude } else { magnitude };
    (if hash == -1 { -2 } else { hash }) as u64
}
