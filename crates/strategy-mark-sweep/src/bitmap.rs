//! One bit for each granule of a reserved range of addresses, at a fixed distance from `address - base`.
//!
//! Kept beside the heap, not in the blocks: bitmaps at the start of aligned blocks would all fall into the same
//! few cache sets, and marking would dirty the objects' own lines.
//!
//! # Invariant
//! Addresses given are granules of the range: the heap's own cells. Debug builds check it.

use crate::size_class::{GRANULE, UNIT, WINDOW};
use heapbench_heap::HeapError;
use heapbench_memory::Reservation;
use heapbench_memory::reservation::PAGE;
use std::ptr::NonNull;

/// The bits.
#[derive(Debug)]
pub(crate) struct Bitmap {
    memory: Reservation,
    words: NonNull<u64>,
    base: usize,
}

impl Bitmap {
    /// All bits clear, for the `bytes` of heap from `base` on.
    pub(crate) fn new(base: usize, bytes: usize) -> Result<Bitmap, HeapError> {
        let memory = Reservation::new((bytes / WINDOW + 1) * 8)?;
        Ok(Bitmap { words: memory.start().cast(), memory, base })
    }

    /// Bytes that bits of the first `units` units of the heap take, at most.
    pub(crate) const fn bytes_for(units: usize) -> usize {
        (units * (UNIT / WINDOW) * 8).next_multiple_of(PAGE)
    }

    /// The first address that has a bit.
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    #[inline(always)]
    fn place(&self, address: usize) -> (usize, u64) {
        let granule = (address - self.base) / GRANULE;
        (granule / 64, 1 << (granule % 64))
    }

    #[inline(always)]
    fn word(&self, index: usize) -> NonNull<u64> {
        debug_assert!(index * 8 < self.memory.bytes());
        // SAFETY: by the invariant, the index is that of a granule of the range, and the reservation has a word
        // for each 64 of them; fresh words are zero.
        unsafe { self.words.add(index) }
    }

    #[inline(always)]
    fn get(&self, index: usize) -> u64 {
        // SAFETY: mapped and initialised, see `word`.
        unsafe { self.word(index).read() }
    }

    #[inline(always)]
    fn put(&mut self, index: usize, word: u64) {
        // SAFETY: mapped, see `word`; the bitmap is borrowed mutably.
        unsafe { self.word(index).write(word) }
    }

    /// Whether the bit is set.
    #[inline(always)]
    pub(crate) fn has(&self, address: usize) -> bool {
        let (index, bit) = self.place(address);
        self.get(index) & bit != 0
    }

    /// Sets the bit; true when it was clear. Without a branch, for edges whose targets are hard to foretell.
    #[inline(always)]
    pub(crate) fn set(&mut self, address: usize) -> bool {
        let (index, bit) = self.place(address);
        let word = self.get(index);
        self.put(index, word | bit);
        word & bit == 0
    }

    /// Clears the bit.
    pub(crate) fn clear(&mut self, address: usize) {
        let (index, bit) = self.place(address);
        self.put(index, self.get(index) & !bit);
    }

    /// The bits of the window that starts at this address.
    #[inline(always)]
    pub(crate) fn window(&self, start: usize) -> u64 {
        self.get((start - self.base) / WINDOW)
    }

    /// Replaces the bits of a window.
    #[inline(always)]
    pub(crate) fn set_window(&mut self, start: usize, bits: u64) {
        self.put((start - self.base) / WINDOW, bits);
    }

    /// Becomes a copy of `other` in the words of a range of whole units, clears `other` there, and counts the bits.
    pub(crate) fn take_over(&mut self, other: &mut Bitmap, from: usize, bytes: usize) -> usize {
        let (first, words) = ((from - self.base) / WINDOW, bytes.div_ceil(WINDOW));
        let mut count = 0;
        for index in first..first + words {
            let word = other.get(index);
            self.put(index, word);
            other.put(index, 0);
            count += word.count_ones() as usize;
        }
        count
    }

    /// Clears all bits of the first `units` units of the heap and gives their memory back.
    pub(crate) fn clear_all(&mut self, units: usize) {
        (0..units * (UNIT / WINDOW)).for_each(|index| self.put(index, 0));
        // SAFETY: whole pages of the reservation, which is larger than the part for any units in use; the content
        // is zero, and zero is what comes back.
        unsafe { self.memory.discard(0, Self::bytes_for(units).min(self.memory.bytes())) };
    }

    /// The addresses in a range of whole units whose bit is set here and not in `except`.
    pub(crate) fn addresses<'a>(
        &'a self,
        except: Option<&'a Bitmap>,
        from: usize,
        bytes: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let first = (from - self.base) / WINDOW;
        (first..first + bytes.div_ceil(WINDOW)).flat_map(move |index| {
            let mut word = self.get(index) & !except.map_or(0, |other| other.get(index));
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word &= word.checked_sub(1)?;
                Some(self.base + index * WINDOW + bit * GRANULE)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: usize = 1 << 30;

    #[test]
    fn taking_over_moves_the_bits() {
        let mut live = Bitmap::new(BASE, 1 << 20).unwrap();
        let mut marks = Bitmap::new(BASE, 1 << 20).unwrap();
        live.set(BASE);
        live.set(BASE + 4096);
        assert!(marks.set(BASE + 4096) && !marks.set(BASE + 4096));
        assert!(live.addresses(Some(&marks), BASE, 8192).eq([BASE]));
        assert_eq!(live.take_over(&mut marks, BASE, 8192), 1);
        assert!(live.addresses(None, BASE, 8192).eq([BASE + 4096]));
        assert!(!marks.has(BASE + 4096));
        live.set_window(BASE + 4096, live.window(BASE + 4096) | 1 << 63);
        live.clear(BASE + 4096);
        assert!(!live.has(BASE + 4096) && live.has(BASE + 4096 + 63 * 16));
        live.clear_all((1 << 20) / UNIT);
        assert_eq!(live.addresses(None, BASE, 1 << 20).next(), None);
    }

    #[test]
    fn a_unit_has_four_windows_and_bits_take_whole_pages() {
        // A unit of 4096 bytes has 256 granules of 16: 32 bytes of bits.
        assert_eq!([0, 1, 128, 129, 1000].map(Bitmap::bytes_for), [0, 4096, 4096, 8192, 32_768]);
    }

    #[test]
    fn clearing_reaches_the_last_bit_of_each_unit() {
        let mut bits = Bitmap::new(BASE, 1 << 20).unwrap();
        for unit in 0..256 {
            bits.set(BASE + unit * UNIT);
            bits.set(BASE + unit * UNIT + UNIT - GRANULE);
        }
        bits.clear_all(3);
        assert!(bits.addresses(None, BASE, 3 * UNIT).next().is_none());
        bits.clear_all(256);
        assert!(bits.addresses(None, BASE, 1 << 20).next().is_none());
    }
}
