//! Hash and equality of keys, as `dict` needs them.
//!
//! `str`, `int` and `float` hash and compare by value, numbers across their types. All other objects are equal only
//! to themselves; since a heap has no address to offer for a hash, all of a kind have the same one: right, but slow.

use crate::{float, int, text};
use heapbench_heap::{Heap, Kind, Local};

/// `hash(key)`. Computes and keeps the hash of a str.
#[inline]
pub fn hash<H: Heap>(heap: &mut H, key: Local) -> u64 {
    match heap.shape(key).kind {
        Kind::Str => text::hash(heap, key),
        Kind::Int => int::hash(int::value(heap, key)),
        Kind::Float => float::hash(float::value(heap, key)),
        kind => kind as u64,
    }
}

/// `a is b or a == b`.
#[inline]
pub fn equal<H: Heap>(heap: &H, a: Local, b: Local) -> bool {
    if heap.is_same(a, b) {
        return true;
    }
    match (heap.shape(a).kind, heap.shape(b).kind) {
        (Kind::Str, Kind::Str) => text::equal(heap, a, b),
        (Kind::Int, Kind::Int) => int::value(heap, a) == int::value(heap, b),
        (Kind::Float, Kind::Float) => float::value(heap, a) == float::value(heap, b),
        (Kind::Int, Kind::Float) => same_number(int::value(heap, a), float::value(heap, b)),
        (Kind::Float, Kind::Int) => same_number(int::value(heap, b), float::value(heap, a)),
        _ => false,
    }
}

/// Whether a whole number and a double are the same number, exactly.
fn same_number(int: i128, float: f64) -> bool {
    // 2^127 is a double, and the first that no i128 reaches.
    float.trunc() == float && (-(2f64.powi(127))..2f64.powi(127)).contains(&float) && float as i128 == int
}
