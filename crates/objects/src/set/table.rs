//! The table of a set: where what lies in the payload, and the numbers in its header.
//!
//! ```text
//! header 24: fill 8 | used 8 | mask 8
//! hashes   : 8 a place; 0 with a nil slot: never in use; DELETED: its key was discarded
//! inner    : 128: the table of 8 places inside CPython's object, when there is a larger one
//! ```
//! The slots are the keys, in places.

use crate::word::{read_word, write_word};
use heapbench_heap::{Kind, Shape};

/// In the place of a hash: a key was here. -1 means an error in C and so is no hash.
pub(super) const DELETED: u64 = u64::MAX;
const HEADER: usize = 24;
/// Places of the smallest table.
const LEAST: usize = 8;
/// Bytes of the smallest table, which stay in the object when a larger one takes its place.
const INNER: usize = 16 * LEAST;
const LINEAR_PROBES: usize = 9;
/// Sets larger than this grow twofold, not fourfold.
const LARGE: usize = 50_000;

/// Header of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Places that are or were in use.
    pub(super) fill: usize,
    /// Keys in the set.
    pub(super) used: usize,
    /// Places minus one: a power of two minus one.
    mask: usize,
}

impl Table {
    /// The table of an empty set.
    pub(super) const EMPTY: Table = Table { fill: 0, used: 0, mask: LEAST - 1 };

    #[inline(always)]
    pub(super) fn read(payload: &[u8]) -> Table {
        Table {
            fill: read_word(payload, 0) as usize,
            used: read_word(payload, 8) as usize,
            mask: read_word(payload, 16) as usize,
        }
    }

    #[inline(always)]
    pub(super) fn write(&self, payload: &mut [u8]) {
        write_word(payload, 0, self.fill as u64);
        write_word(payload, 8, self.used as u64);
        write_word(payload, 16, self.mask as u64);
    }

    /// The table for the keys of this one and some more, without those that were discarded.
    pub(super) fn grown(&self) -> Table {
        let least = if self.used > LARGE { 2 * self.used } else { 4 * self.used };
        let places = (least + 1).next_power_of_two().max(LEAST);
        Table { fill: self.used, used: self.used, mask: places - 1 }
    }

    /// The shape of a set with this table.
    pub(super) fn shape(&self) -> Shape {
        let inner = if self.places() > LEAST { INNER } else { 0 };
        Shape::new(Kind::Set, self.places() as u32, HEADER + 8 * self.places() + inner)
    }

    #[inline(always)]
    pub(super) fn places(&self) -> usize {
        self.mask + 1
    }

    /// Whether three fifths of the places are or were in use.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        5 * self.fill >= 3 * self.mask
    }

    /// What stands for the hash at a place.
    #[inline(always)]
    pub(super) fn hash(&self, payload: &[u8], place: usize) -> u64 {
        read_word(payload, HEADER + 8 * place)
    }

    #[inline(always)]
    pub(super) fn set_hash(&self, payload: &mut [u8], place: usize, hash: u64) {
        write_word(payload, HEADER + 8 * place, hash);
    }

    /// The places where a key of this hash can be, in order, without end.
    #[inline(always)]
    pub(super) fn probes(&self, hash: u64) -> Probes {
        let start = hash as usize & self.mask;
        Probes { mask: self.mask, perturb: hash, start, place: start, last: last_of_run(start, self.mask) }
    }
}

/// CPython's probe sequence.
pub(super) struct Probes {
    mask: usize,
    perturb: u64,
    /// Where the current run of neighbours starts, its place that comes next, and its last one.
    start: usize,
    place: usize,
    last: usize,
}

/// A run of neighbours ends after nine more places, or at once where the table has not as many.
#[inline(always)]
fn last_of_run(start: usize, mask: usize) -> usize {
    if start + LINEAR_PROBES <= mask { start + LINEAR_PROBES } else { start }
}

impl Probes {
    /// The next place; there is always one.
    #[inline(always)]
    pub(super) fn next_place(&mut self) -> usize {
        let place = self.place;
        if place < self.last {
            self.place += 1;
        } else {
            self.perturb >>= 5;
            let next = self.start.wrapping_mul(5).wrapping_add(1).wrapping_add(self.perturb as usize);
            self.start = next & self.mask;
            self.place = self.start;
            self.last = last_of_run(self.start, self.mask);
        }
        place
    }
}
