//! `str`: 41 bytes and the characters when they are ASCII; 57 and 1, 2 or 4 bytes a character otherwise.
//!
//! Payload: length 8, hash 8 (0: not computed yet), state 8, for other than ASCII 16 of a UTF-8 cache that stays
//! empty, then the characters, all as wide as the widest, and one of value 0. Source: CPython 3.13,
//! `Include/cpython/unicodeobject.h`, `Python/pyhash.c`.

mod characters;

pub use characters::{Characters, of};

use crate::Version;
use crate::word::{read_word, write_word};
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

/// How the characters of a str are kept.
#[derive(Clone, Copy)]
struct Layout {
    /// Characters.
    length: usize,
    /// Bytes a character.
    width: u8,
    is_ascii: bool,
}

impl Layout {
    fn of(text: &str) -> Layout {
        if text.is_ascii() {
            return Layout { length: text.len(), width: 1, is_ascii: true };
        }
        let (length, widest) =
            text.chars().fold((0, '\0'), |(length, widest), c| (length + 1, widest.max(c)));
        let width = match widest {
            '\0'..='\u{ff}' => 1,
            '\u{100}'..='\u{ffff}' => 2,
            _ => 4,
        };
        Layout { length, width, is_ascii: false }
    }

    const fn data(self) -> usize {
        if self.is_ascii { ASCII_DATA } else { OTHER_DATA }
    }

    const fn shape(self, version: Version) -> Shape {
        // Up to 3.11: a pointer to wide characters, and for other than ASCII their number. Here they are last.
        let wide = match version {
            Version::V3_11 if self.is_ascii => 8,
            Version::V3_11 => 16,
            Version::V3_12 | Version::V3_13 => 0,
        };
        Shape::new(Kind::Str, 0, self.data() + self.width as usize * (self.length + 1) + wide)
    }
}

/// The shape of a str.
pub fn shape(version: Version, text: &str) -> Shape {
    Layout::of(text).shape(version)
}

/// `dst = text`, a new object.
///
/// # Errors
/// Out of memory: no effect.
pub fn new<H: Heap>(heap: &mut H, dst: Local, text: &str) -> Result<(), OutOfMemory> {
    new_of(heap, Version::V3_13, dst, text)
}

/// [`new`], as large as in a version.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new_of<H: Heap>(heap: &mut H, version: Version, dst: Local, text: &str) -> Result<(), OutOfMemory> {
    let layout = Layout::of(text);
    heap.allocate(dst, layout.shape(version))?;
    let payload = heap.payload_mut(dst);
    write_word(payload, LENGTH, layout.length as u64);
    if layout.is_ascii {
        payload[STATE] = 1 | ASCII;
        payload[ASCII_DATA..][..text.len()].copy_from_slice(text.as_bytes());
        return Ok(());
    }
    payload[STATE] = layout.width;
    let width = usize::from(layout.width);
    for (place, character) in payload[OTHER_DATA..].chunks_exact_mut(width).zip(text.chars()) {
        place.copy_from_slice(&u32::from(character).to_le_bytes()[..width]);
    }
    Ok(())
}

/// A look at a str.
#[inline]
pub fn view<H: Heap>(heap: &H, text: Local) -> Text<'_> {
    read(heap.payload(text))
}

/// A look at a str, given its payload.
#[inline]
pub(crate) fn read(payload: &[u8]) -> Text<'_> {
    let state = payload[STATE];
    let width = usize::from(state & !ASCII);
    let start = if state & ASCII != 0 { ASCII_DATA } else { OTHER_DATA };
    let length = read_word(payload, LENGTH) as usize;
    Text { width, data: &payload[start..start + length * width] }
}

/// `hash(text)`: SipHash-1-3 of the characters, under the key that `PYTHONHASHSEED=0` means. Computed once.
#[inline(always)]
pub fn hash<H: Heap>(heap: &mut H, text: Local) -> u64 {
    match read_word(heap.payload(text), HASH) {
        0 => compute_hash(heap, text),
        known => known,
    }
}

#[inline(never)]
fn compute_hash<H: Heap>(heap: &mut H, text: Local) -> u64 {
    let payload = heap.payload_mut(text);
    let hash = hash_bytes(read(payload).data);
    write_word(payload, HASH, hash);
    hash
}

/// The hash of a str, given its payload: computed if nobody has asked for it before, and then not kept.
#[inline]
pub(crate) fn hash_of(payload: &[u8]) -> u64 {
    match read_word(payload, HASH) {
        0 => hash_bytes(read(payload).data),
        known => known,
    }
}

/// The hash of a str that has been asked for it before, given its payload.
#[inline(always)]
pub(crate) fn known_hash(payload: &[u8]) -> u64 {
    read_word(payload, HASH)
}

/// The hash of bytes, as `str` and `bytes` have it.
pub(crate) fn hash_bytes(data: &[u8]) -> u64 {
    if data.is_empty() {
        return 0;
    }
    let mut hasher = SipHasher13::new();
    hasher.write(data);
    // -1 means an error in C and so is no hash; 0 stands for "not computed yet" here.
    match hasher.finish() {
        u64::MAX => u64::MAX - 1,
        hash => hash,
    }
}

/// Whether two strs have the same characters.
#[inline]
pub fn equal<H: Heap>(heap: &H, a: Local, b: Local) -> bool {
    view(heap, a) == view(heap, b)
}
