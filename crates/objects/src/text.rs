//! `str`: 41 bytes and the characters when they are ASCII; 57 and 1, 2 or 4 bytes a character otherwise.
//!
//! Payload: length 8, hash 8 (0: not computed yet), state 8, for other than ASCII 16 of a UTF-8 cache that stays
//! empty, then the characters, all as wide as the widest, and one of value 0. Source: CPython 3.13,
//! `Include/cpython/unicodeobject.h`, `Python/pyhash.c`.

use crate::bytes::{read_word, write_word};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

const LENGTH: usize = 0;
const HASH: usize = 8;
const STATE: usize = 16;
const ASCII_DATA: usize = 24;
const OTHER_DATA: usize = 40;
/// In the state byte, beside the width of a character.
const ASCII: u8 = 0x80;

/// A look at the characters of a str.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// Bytes a character: 1, 2 or 4.
    pub width: usize,
    /// The characters, each `width` bytes, lowest first.
    pub data: &'a [u8],
}

impl Text<'_> {
    /// Characters.
    pub fn len(&self) -> usize {
        self.data.len() / self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The characters, one by one.
    pub fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.data.chunks_exact(self.width).map(|bytes| {
            let code = bytes.iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte));
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        })
    }
}

/// `dst = text`, a new object.
///
/// # Errors
/// Out of memory: no effect.
pub fn new<H: Heap>(heap: &mut H, dst: Local, text: &str) -> Result<(), OutOfMemory> {
    if text.is_ascii() {
        allocate(heap, dst, text.len(), 1 | ASCII, ASCII_DATA)?;
        heap.payload_mut(dst)[ASCII_DATA..][..text.len()].copy_from_slice(text.as_bytes());
        return Ok(());
    }
    let (length, widest) = text.chars().fold((0, '\0'), |(length, widest), c| (length + 1, widest.max(c)));
    let width: u8 = match widest {
        '\0'..='\u{ff}' => 1,
        '\u{100}'..='\u{ffff}' => 2,
        _ => 4,
    };
    allocate(heap, dst, length, width, OTHER_DATA)?;
    let width = usize::from(width);
    let data = &mut heap.payload_mut(dst)[OTHER_DATA..];
    for (place, character) in data.chunks_exact_mut(width).zip(text.chars()) {
        place.copy_from_slice(&u32::from(character).to_le_bytes()[..width]);
    }
    Ok(())
}

#[inline]
fn allocate<H: Heap>(
    heap: &mut H,
    dst: Local,
    length: usize,
    state: u8,
    data: usize,
) -> Result<(), OutOfMemory> {
    let width = usize::from(state & !ASCII);
    let bytes = data + width * (length + 1);
    heap.allocate(dst, Shape::new(Kind::Str, 0, bytes))?;
    let payload = heap.payload_mut(dst);
    write_word(payload, LENGTH, length as u64);
    payload[STATE] = state;
    Ok(())
}

/// A look at a str.
#[inline]
pub fn view<H: Heap>(heap: &H, text: Local) -> Text<'_> {
    let payload = heap.payload(text);
    let state = payload[STATE];
    let width = usize::from(state & !ASCII);
    let start = if state & ASCII != 0 { ASCII_DATA } else { OTHER_DATA };
    let length = read_word(payload, LENGTH) as usize;
    Text { width, data: &payload[start..start + length * width] }
}

/// `hash(text)`: SipHash-1-3 of the characters, under the key that `PYTHONHASHSEED=0` means. Computed once.
#[inline]
pub fn hash<H: Heap>(heap: &mut H, text: Local) -> u64 {
    match read_word(heap.payload(text), HASH) {
        0 => compute_hash(heap, text),
        known => known,
    }
}

#[inline(never)]
fn compute_hash<H: Heap>(heap: &mut H, text: Local) -> u64 {
    let view = view(heap, text);
    if view.is_empty() {
        return 0;
    }
    let mut hasher = SipHasher13::new();
    hasher.write(view.data);
    // -1 means an error in C and so is no hash; 0 stands for "not computed yet" here.
    let hash = match hasher.finish() {
        u64::MAX => u64::MAX - 1,
        hash => hash,
    };
    write_word(heap.payload_mut(text), HASH, hash);
    hash
}

/// Whether two strs have the same characters.
#[inline]
pub fn equal<H: Heap>(heap: &H, a: Local, b: Local) -> bool {
    view(heap, a) == view(heap, b)
}
