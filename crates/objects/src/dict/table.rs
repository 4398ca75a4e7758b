//! The key table of a dict: where what lies in the payload, and the numbers in its header.
//!
//! ```text
//! header 32: used 8 | log2 of the index's size 1 | kind 1 | - 2 | start of the index 4 | usable 8 | entries 8
//! hashes   : 8 an entry there is room for; none while all keys are strs, which keep their own
//! index    : size x 1, 2 or 4 bytes: the number of an entry, EMPTY or DELETED
//! ```
//! The slots are the entries: key, value, key, value, …, in insertion order, nil where one was deleted. CPython has
//! the hashes inside the entries and `used` in the dict; the bytes in all are the same.

use crate::word::{read_word, write_word};

pub(super) const EMPTY: i32 = -1;
pub(super) const DELETED: i32 = -2;
const HEADER: usize = 32;
/// The smallest table has 8 places.
const MIN_LOG2: u8 = 3;
/// Place numbers are at most 32 bits wide here; a heap has no room for so many entries.
const MAX_LOG2: u8 = 31;

/// Header of a key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Keys in the dict.
    pub(super) used: usize,
    /// Power of two of the index's size.
    pub(super) log2: u8,
    /// A key that is no str is or was in it.
    pub(super) general: bool,
    /// Entries that can still be added.
    pub(super) usable: usize,
    /// Entries so far, deleted ones included.
    pub(super) entries: usize,
}

impl Table {
    /// A table without keys.
    pub(super) fn new(log2: u8, general: bool) -> Table {
        Table { used: 0, log2, general, usable: (2usize << log2) / 3, entries: 0 }
    }

    /// The power of two of the smallest index of at least `places` places.
    pub(super) fn log2_for(places: usize) -> u8 {
        (places.max(1).next_power_of_two().trailing_zeros() as u8).clamp(MIN_LOG2, MAX_LOG2)
    }

    /// The header in a payload; `None` for an empty dict, which has no table.
    #[inline(always)]
    pub(super) fn read(payload: &[u8]) -> Option<Table> {
        if payload.is_empty() {
            return None;
        }
        Some(Table {
            used: read_word(payload, 0) as usize,
            log2: payload[8],
            general: payload[9] != 0,
            usable: read_word(payload, 16) as usize,
            entries: read_word(payload, 24) as usize,
        })
    }

    /// Writes the header into a payload.
    #[inline(always)]
    pub(super) fn write(&self, payload: &mut [u8]) {
        write_word(payload, 0, self.used as u64);
        payload[8] = self.log2;
        payload[9] = u8::from(self.general);
        payload[12..16].copy_from_slice(&(self.index_start() as u32).to_le_bytes());
        write_word(payload, 16, self.usable as u64);
        write_word(payload, 24, self.entries as u64);
    }

    /// Entries that there is room for: two thirds of the places.
    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        (2usize << self.log2) / 3
    }

    /// Slots of the dict.
    pub(super) fn slots(&self) -> u32 {
        (2 * self.capacity()) as u32
    }

    /// Payload bytes of the dict.
    pub(super) fn bytes(&self) -> usize {
        self.index_start() + (self.place_bytes() << self.log2)
    }

    #[inline(always)]
    fn index_start(&self) -> usize {
        HEADER + if self.general { 8 * self.capacity() } else { 0 }
    }

    #[inline(always)]
    fn place_bytes(&self) -> usize {
        place_bytes(self.log2)
    }

    /// The hash of an entry of a general table.
    #[inline(always)]
    pub(super) fn hash(&self, payload: &[u8], entry: usize) -> u64 {
        read_word(payload, HEADER + 8 * entry)
    }

    /// Sets the hash of an entry; without effect while all keys are strs.
    #[inline(always)]
    pub(super) fn set_hash(&self, payload: &mut [u8], entry: usize, hash: u64) {
        if self.general {
            write_word(payload, HEADER + 8 * entry, hash);
        }
    }

    /// What the index says at a place: the number of an entry, [`EMPTY`] or [`DELETED`].
    #[inline(always)]
    pub(super) fn entry_at(&self, payload: &[u8], place: usize) -> i32 {
        read_index(payload, self.index_start(), self.log2, place)
    }

    /// Sets what the index says at a place.
    #[inline(always)]
    pub(super) fn set_entry_at(&self, payload: &mut [u8], place: usize, entry: i32) {
        let width = self.place_bytes();
        let at = self.index_start() + place * width;
        payload[at..at + width].copy_from_slice(&entry.to_le_bytes()[..width]);
    }

    /// Empties the whole index.
    pub(super) fn clear_index(&self, payload: &mut [u8]) {
        payload[self.index_start()..].fill(EMPTY as u8);
    }

    /// The places where a key of this hash can be, in order.
    #[inline(always)]
    pub(super) fn places(&self, hash: u64) -> Places {
        let mask = (1usize << self.log2) - 1;
        Places { mask, perturb: hash, place: hash as usize & mask }
    }

    /// The first place without an entry where a key of this hash can be. There is one: a third stays free.
    pub(super) fn free_place(&self, payload: &[u8], hash: u64) -> usize {
        let mut places = self.places(hash);
        while self.entry_at(payload, places.place) >= 0 {
            places.advance();
        }
        places.place
    }
}

/// Bytes of a place of the index.
#[inline(always)]
fn place_bytes(log2: u8) -> usize {
    match log2 {
        0..8 => 1,
        8..16 => 2,
        _ => 4,
    }
}

#[inline(always)]
fn read_index(payload: &[u8], start: usize, log2: u8, place: usize) -> i32 {
    let index = &payload[start..];
    match place_bytes(log2) {
        1 => i32::from(index[place] as i8),
        2 => i32::from(i16::from_le_bytes([index[2 * place], index[2 * place + 1]])),
        _ => {
            let at = 4 * place;
            i32::from_le_bytes([index[at], index[at + 1], index[at + 2], index[at + 3]])
        }
    }
}

/// The entry at the first place where a key of this hash can be, or entry 0 when none is there; `None` for an empty
/// dict. Reads no more of the header than that takes.
#[inline(always)]
pub(super) fn first_entry(payload: &[u8], hash: u64) -> Option<usize> {
    if payload.len() < HEADER {
        return None;
    }
    let log2 = payload[8];
    let start = u32::from_le_bytes([payload[12], payload[13], payload[14], payload[15]]) as usize;
    let place = hash as usize & ((1 << (log2 & 63)) - 1);
    Some(read_index(payload, start, log2, place).max(0) as usize)
}

/// CPython's probe sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    mask: usize,
    perturb: u64,
    /// The current place.
    pub(super) place: usize,
}

impl Places {
    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.perturb >>= 5;
        self.place =
            (self.place.wrapping_mul(5).wrapping_add(self.perturb as usize).wrapping_add(1)) & self.mask;
    }
}
