//! The verifier's own bits, one for each granule: it shares neither code nor address space with the collector.

use crate::size_class::GRANULE;
use heapbench_heap::Corruption;

/// A set of granules.
pub(super) struct Bits {
    words: Vec<u64>,
    base: usize,
}

impl Bits {
    /// All bits clear, for the `bytes` of heap from `base` on.
    ///
    /// # Errors
    /// There is no memory to check with.
    pub(super) fn new(base: usize, bytes: usize) -> Result<Bits, Corruption> {
        let (mut words, length) = (Vec::new(), (bytes / GRANULE).div_ceil(64));
        if words.try_reserve_exact(length).is_err() {
            return Err(Corruption::new(format!(
                "cannot be checked: {length} words of memory are not there"
            )));
        }
        words.resize(length, 0);
        Ok(Bits { words, base })
    }

    fn place(&self, address: usize) -> (usize, u64) {
        let granule = (address - self.base) / GRANULE;
        (granule / 64, 1 << (granule % 64))
    }

    /// Whether the bit of an address in the heap is set.
    pub(super) fn has(&self, address: usize) -> bool {
        let (index, bit) = self.place(address);
        self.words[index] & bit != 0
    }

    /// Sets the bit; true when it was clear.
    pub(super) fn set(&mut self, address: usize) -> bool {
        let (index, bit) = self.place(address);
        let word = self.words[index];
        self.words[index] = word | bit;
        word & bit == 0
    }
}
