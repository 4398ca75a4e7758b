//! `float`: a double. 24 bytes. Source: CPython 3.13, `Objects/floatobject.c`, `Python/pyhash.c`.

use crate::int::{HASH_MODULUS, signed_hash};
use crate::word::{read_word, write_word};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The hash of infinity.
const INFINITE: i64 = 314_159;

/// `dst = value`, a new object.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, value: f64) -> Result<(), OutOfMemory> {
    heap.allocate(dst, Shape::new(Kind::Float, 0, 8))?;
    write_word(heap.payload_mut(dst), 0, value.to_bits());
    Ok(())
}

/// The value of a float.
#[inline]
pub fn value<H: Heap>(heap: &H, float: Local) -> f64 {
    read(heap.payload(float))
}

/// The value of a float, given its payload.
#[inline]
pub(crate) fn read(payload: &[u8]) -> f64 {
    f64::from_bits(read_word(payload, 0))
}

/// `hash(value)`: as a rational number modulo 2^61 - 1, so that equal ints and floats have equal hashes. Not a
/// number hashes by identity in Python; here as 0.
pub fn hash(value: f64) -> u64 {
    if value.is_infinite() {
        return signed_hash(INFINITE, value < 0.0);
    }
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    if value.is_nan() || value == 0.0 {
        return 0;
    }
    // value = mantissa * 2^power, both whole; multiplying by 2 modulo 2^61 - 1 rotates 61 bits.
    let (mantissa, power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let turn = power.rem_euclid(61) as u32;
    let rotated = (mantissa << turn & HASH_MODULUS) | (mantissa >> (61 - turn));
    signed_hash(rotated as i64, value < 0.0)
}
