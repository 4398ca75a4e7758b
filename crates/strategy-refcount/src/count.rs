//! The count: 32 bits in front of the header word, as in CPython 3.14 (`Include/refcount.h`).
//!
//! A mortal count that gets to *saturation* is stuck for good, so that it can never wrap and free a live object; the
//! object leaks. Immortal objects have the number after that, so that the two can be told from each other, and from
//! a count that nobody can have written. Whoever counts says what saturation is: [`SATURATED`], or less in tests.

use heapbench_memory::Ref;
use std::ptr::NonNull;

/// Bytes of the count word: 4 for the count, 4 spare; with the header word CPython's 16.
pub const PREFIX: usize = 8;

/// Saturation: the sign bit, so that one test tells a count that changes from one that does not.
pub const SATURATED: u32 = 1 << 31;

#[inline(always)]
fn word(object: Ref) -> NonNull<u32> {
    object.start(PREFIX).cast()
}

/// The count.
#[inline(always)]
pub fn get(object: Ref) -> u32 {
    // SAFETY: every object of this family has its count word in front of its header.
    unsafe { word(object).read() }
}

/// Sets the count.
#[inline(always)]
pub fn set(object: Ref, count: u32) {
    // SAFETY: as in `get`.
    unsafe { word(object).write(count) }
}

/// The count of immortal objects.
#[inline(always)]
pub const fn immortal(saturated: u32) -> u32 {
    saturated + 1
}

/// Whether the object is not counted any more: saturated or immortal.
#[inline(always)]
pub fn is_stuck(object: Ref, saturated: u32) -> bool {
    get(object) >= saturated
}

/// One more reference.
#[inline(always)]
pub fn increment(object: Ref, saturated: u32) {
    let count = get(object);
    if count < saturated {
        set(object, count + 1);
    }
}

/// One reference less; true when it was the last: then the count is left at one, since nobody reads it any more.
#[inline(always)]
#[must_use]
pub fn decrement(object: Ref, saturated: u32) -> bool {
    let count = get(object);
    debug_assert!(count > 0, "a reference is released once");
    if count == 1 {
        return true;
    }
    if count < saturated {
        set(object, count - 1);
    }
    false
}

/// While an object is dying its count is not needed: the word links the cascade's path (see `cascade.rs`).
#[inline(always)]
pub(crate) fn set_link(object: Ref, parent: Option<Ref>) {
    // SAFETY: the count word is 8 bytes, aligned to 8, and the object is dead.
    unsafe { object.start(PREFIX).cast::<Option<Ref>>().write(parent) }
}

/// The link that `set_link` left.
#[inline(always)]
pub(crate) fn link(object: Ref) -> Option<Ref> {
    // SAFETY: as in `set_link`, which came first.
    unsafe { object.start(PREFIX).cast::<Option<Ref>>().read() }
}
