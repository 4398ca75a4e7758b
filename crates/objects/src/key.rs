//! Hash and equality of keys, as `dict` and `set` need them.
//!
//! `str`, `bytes`, `int` and `float` hash and compare by value, numbers across their types; so do tuples of them. Bound
//! methods compare as function and receiver. All other objects are equal only to themselves. Instances, functions and
//! generators have hashes of their own: their payload's first word, which is the program's to set where it makes an
//! instance by its shape ([`instance::slotted`](crate::instance::slotted)). Whatever has no such word shares one hash
//! with its kind: right, but slow.
//!
//! What a tuple holds is looked at in place, which a tuple inside a tuple cannot be: such a one counts as equal only to
//! itself.

use crate::{bytes, float, identity, int, method, text, tuple};
use heapbench_heap::{Heap, Kind, Local};

/// `hash(key)`. Computes and keeps the hash of a str.
#[inline(always)]
pub fn hash<H: Heap>(heap: &mut H, key: Local) -> u64 {
    match heap.shape(key).kind {
        Kind::Str => text::hash(heap, key),
        _ => hash_of_other(heap, key),
    }
}

#[inline(never)]
fn hash_of_other<H: Heap>(heap: &mut H, key: Local) -> u64 {
    match heap.shape(key).kind {
        Kind::Bytes => bytes::hash(heap, key),
        Kind::Tuple => tuple::hash(heap, key),
        Kind::Object if heap.shape(key) == method::SHAPE => method::hash(heap, key),
        kind => hash_of(kind, heap.payload(key)),
    }
}

/// The hash of an object, given its kind and payload. A tuple's is that of its length alone.
pub(crate) fn hash_of(kind: Kind, payload: &[u8]) -> u64 {
    match kind {
        Kind::Str => text::hash_of(payload),
        Kind::Bytes => bytes::hash_of(payload),
        Kind::Int => int::hash(int::read(payload)),
        Kind::Float => float::hash(float::read(payload)),
        Kind::Instance | Kind::Function | Kind::Generator | Kind::Tuple => identity::hash_of(payload),
        kind => kind as u64,
    }
}

/// `a is b or a == b`. Two tuples or bound methods are equal here only if they are the same: a dict or set also
/// looks into them.
#[inline]
pub fn equal<H: Heap>(heap: &H, a: Local, b: Local) -> bool {
    heap.is_same(a, b)
        || equal_values((heap.shape(a).kind, heap.payload(a)), (heap.shape(b).kind, heap.payload(b)))
}

/// `key is slot or key == slot`. `scratch` is nil before and after.
#[inline]
pub(crate) fn equal_to_slot<H: Heap>(
    heap: &mut H,
    key: Local,
    object: Local,
    slot: usize,
    scratch: Local,
) -> bool {
    if heap.is_in_slot(key, object, slot) {
        return true;
    }
    let Some(other) = heap.peek(object, slot) else { return false };
    match heap.shape(key).kind {
        Kind::Tuple => other.0 == Kind::Tuple && tuple::equal_to_slot(heap, key, object, slot, scratch),
        Kind::Object if heap.shape(key) == method::SHAPE => {
            let is_method = other.0 == Kind::Object && other.1.len() == method::SHAPE.bytes;
            is_method && tuple::equal_to_slot(heap, key, object, slot, scratch)
        }
        kind => equal_values((kind, heap.payload(key)), other),
    }
}

/// Equality by value, of those that have one.
#[inline]
pub(crate) fn equal_values(a: (Kind, &[u8]), b: (Kind, &[u8])) -> bool {
    match (a.0, b.0) {
        (Kind::Str, Kind::Str) => text::read(a.1) == text::read(b.1),
        (Kind::Bytes, Kind::Bytes) => bytes::read(a.1) == bytes::read(b.1),
        (Kind::Int, Kind::Int) => int::read(a.1) == int::read(b.1),
        (Kind::Float, Kind::Float) => float::read(a.1) == float::read(b.1),
        (Kind::Int, Kind::Float) => same_number(int::read(a.1), float::read(b.1)),
        (Kind::Float, Kind::Int) => same_number(int::read(b.1), float::read(a.1)),
        _ => false,
    }
}

/// Whether a whole number and a double are the same number, exactly.
fn same_number(int: i128, float: f64) -> bool {
    // 2^127 is a double, and the first that no i128 reaches.
    float.trunc() == float && (-(2f64.powi(127))..2f64.powi(127)).contains(&float) && float as i128 == int
}
