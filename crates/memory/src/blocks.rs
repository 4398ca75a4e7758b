//! Blocks: runs of equal units, carved from one reserved range of addresses.
//!
//! One range makes side metadata contiguous: whatever describes an address is found at a fixed distance from
//! `(address - base)`, without a look at the block. Runs are taken where they first fit, lowest address first, so
//! that the heap stays dense; freed neighbours become one run again.
//!
//! # Invariants
//! 1. A unit belongs to one free run or to one run in use; no two free runs touch.
//! 2. `committed` has a bit for each unit that was handed out and not given back to the system since: units in
//!    use, and free ones kept to be used again. Only they may take memory.

use crate::injection::{self, Request};
use crate::reservation::{PAGE, Reservation};
use crate::sanitizer;
use heapbench_heap::{Corruption, HeapError};
use std::collections::BTreeMap;
use std::ptr::NonNull;

/// A reserved range and what of it is free.
#[derive(Debug)]
pub struct Blocks {
    memory: Reservation,
    unit: usize,
    /// First unit and length of each free run.
    free: BTreeMap<u32, u32>,
    /// One bit a unit, up to the highest unit ever handed out.
    committed: Vec<u64>,
    committed_units: usize,
    used_units: usize,
    frontier: usize,
}

impl Blocks {
    /// Reserves `most` bytes, or less where the system refuses, in units of `unit` bytes: a power of two, a page
    /// at least. All free.
    ///
    /// # Errors
    /// The system refuses even `least` bytes.
    pub fn new(unit: usize, most: usize, least: usize) -> Result<Blocks, HeapError> {
        assert!(unit.is_power_of_two() && unit >= PAGE && least >= unit, "units are whole pages");
        let memory = Reservation::largest(most, least)?;
        let units = u32::try_from(memory.bytes() / unit).unwrap_or(u32::MAX);
        Ok(Blocks {
            memory,
            unit,
            free: BTreeMap::from([(0, units)]),
            committed: Vec::new(),
            committed_units: 0,
            used_units: 0,
            frontier: 0,
        })
    }

    /// The address of the range's first byte.
    pub fn base(&self) -> usize {
        self.memory.start().as_ptr().expose_provenance()
    }

    /// The first byte of a unit.
    pub fn start(&self, unit: u32) -> NonNull<u8> {
        debug_assert!((unit as usize) < self.memory.bytes() / self.unit);
        // SAFETY: units lie inside the reservation.
        unsafe { self.memory.start().add(unit as usize * self.unit) }
    }

    /// Bytes of the whole range.
    pub fn reserved_bytes(&self) -> usize {
        self.memory.bytes()
    }

    /// Bytes of the runs in use.
    pub fn used_bytes(&self) -> usize {
        self.used_units * self.unit
    }

    /// Bytes that may take memory: runs in use, and free ones that were not given back.
    pub fn committed_bytes(&self) -> usize {
        self.committed_units * self.unit
    }

    /// One past the highest unit ever in use: how far side metadata reaches.
    pub fn frontier(&self) -> usize {
        self.frontier
    }

    /// Bytes of this struct's own tables, the tree's about.
    pub fn table_bytes(&self) -> usize {
        self.committed.capacity() * size_of::<u64>() + self.free.len() * 2 * size_of::<(u32, u32)>()
    }

    /// Takes `units` > 0 neighbouring units and gives the first, when that takes at most `allowance` more bytes
    /// from the system. The content is undefined: zero, or what was there before.
    pub fn allocate(&mut self, units: usize, allowance: usize) -> Option<u32> {
        let wanted = u32::try_from(units).ok()?;
        let (first, length) =
            self.free.iter().map(|(f, l)| (*f, *l)).find(|(_, length)| *length >= wanted)?;
        let (start, end) = (first as usize, first as usize + units);
        let fresh = units - self.count_committed(start, end);
        if fresh * self.unit > allowance || (fresh > 0 && injection::fails(Request::Block)) {
            return None;
        }
        let words = self.frontier.max(end).div_ceil(64);
        let more = words - self.committed.len();
        injection::reserve(&mut self.committed, more).ok()?;
        self.free.remove(&first);
        if length > wanted {
            self.free.insert(first + wanted, length - wanted);
        }
        self.frontier = self.frontier.max(end);
        self.committed.resize(words, 0);
        (start..end).for_each(|unit| self.committed[unit / 64] |= 1 << (unit % 64));
        self.committed_units += fresh;
        self.used_units += units;
        sanitizer::unpoison(self.start(first), units * self.unit);
        Some(first)
    }

    /// Takes a run back. Its memory is kept for the next user until [`Blocks::trim`].
    ///
    /// # Safety
    /// The run came from `allocate(units)`, and nobody uses it afterwards.
    pub unsafe fn free(&mut self, first: u32, units: usize) {
        self.used_units -= units;
        sanitizer::poison(self.start(first), units * self.unit);
        let (mut first, mut length) = (first, units as u32);
        if let Some(after) = self.free.remove(&(first + length)) {
            length += after;
        }
        if let Some((&before, &its_length)) = self.free.range(..first).next_back()
            && before + its_length == first
        {
            first = before;
            length += its_length;
        }
        self.free.insert(first, length);
    }

    /// Gives free units back to the system, highest address first, until at most `keep` bytes of free memory stay.
    pub fn trim(&mut self, keep: usize) {
        let mut excess = (self.committed_units - self.used_units).saturating_sub(keep / self.unit);
        for (&first, &length) in self.free.iter().rev() {
            let end = (first as usize + length as usize).min(self.frontier);
            let mut start = end;
            while excess > 0 && start > first as usize {
                start -= 1;
                let (word, bit) = (&mut self.committed[start / 64], 1 << (start % 64));
                if *word & bit != 0 {
                    *word &= !bit;
                    self.committed_units -= 1;
                    excess -= 1;
                }
            }
            if start < end {
                // SAFETY: the units of a free run are inside the reservation and in nobody's use.
                unsafe { self.memory.discard(start * self.unit, (end - start) * self.unit) };
            }
        }
    }

    /// Checks the invariants against the runs in use: first unit and units of each, in address order.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn verify(&self, used: impl Iterator<Item = (u32, usize)>) -> Result<(), Corruption> {
        let mut owner = vec![0u8; self.frontier];
        let in_use: Vec<(usize, usize)> = used.map(|(first, units)| (first as usize, units)).collect();
        let free = self.free.iter().map(|(first, length)| (*first as usize, *length as usize));
        for (first, units) in in_use.iter().copied().chain(free) {
            let end = (first + units).min(self.frontier);
            owner[first.min(end)..end].iter_mut().for_each(|owners| *owners = owners.saturating_add(1));
        }
        if let Some(unit) = owner.iter().position(|owners| *owners != 1) {
            let owners = owner[unit];
            return Err(Corruption::new(format!(
                "unit {unit} of the blocks: expected 1 owner, found {owners}"
            )));
        }
        let units: usize = in_use.iter().map(|(_, units)| units).sum();
        let committed: usize =
            in_use.iter().map(|(first, units)| self.count_committed(*first, first + units)).sum();
        let all = self.count_committed(0, self.frontier);
        if (units, committed, all) != (self.used_units, units, self.committed_units) {
            return Err(Corruption::new(format!(
                "blocks: expected {} units in use, all committed, and {} committed, found {units}, {committed}, {all}",
                self.used_units, self.committed_units
            )));
        }
        Ok(())
    }

    fn count_committed(&self, start: usize, end: usize) -> usize {
        let bit =
            |unit: usize| self.committed.get(unit / 64).is_some_and(|word| word >> (unit % 64) & 1 == 1);
        (start..end.min(self.frontier)).filter(|unit| bit(*unit)).count()
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        sanitizer::unpoison(self.memory.start(), self.frontier * self.unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Blocks {
        Blocks::new(PAGE, 1 << 24, 1 << 20).unwrap()
    }

    fn take(blocks: &mut Blocks, units: usize) -> u32 {
        blocks.allocate(units, usize::MAX).unwrap()
    }

    #[test]
    fn freed_neighbours_become_one_run_and_the_lowest_fit_is_used() {
        let mut blocks = blocks();
        let runs = [1, 2, 3, 4].map(|units| (take(&mut blocks, units), units));
        assert_eq!(runs.map(|(first, _)| first), [0, 1, 3, 6]);
        // SAFETY: each run is freed once, and none is used.
        unsafe {
            blocks.free(1, 2);
            blocks.free(3, 3);
        }
        blocks.verify([(0, 1), (6, 4)].into_iter()).unwrap();
        assert_eq!(take(&mut blocks, 6), 10, "five free units do not hold six");
        assert_eq!(take(&mut blocks, 5), 1);
        assert_eq!(blocks.used_bytes(), 16 * PAGE);
        assert!(blocks.verify([(0, 1), (6, 4)].into_iter()).is_err(), "a run that nobody knows of");
    }

    #[test]
    fn an_allowance_counts_only_what_the_system_must_give() {
        let mut blocks = blocks();
        assert_eq!(blocks.allocate(4, 4 * PAGE - 1), None);
        let first = blocks.allocate(4, 4 * PAGE).unwrap();
        // SAFETY: freed once, and not used.
        unsafe { blocks.free(first, 4) };
        assert_eq!(blocks.committed_bytes(), 4 * PAGE);
        assert_eq!(blocks.allocate(5, PAGE - 1), None);
        assert_eq!(blocks.allocate(4, 0), Some(0));
        assert_eq!(blocks.allocate(usize::MAX / PAGE, usize::MAX), None);
    }

    #[test]
    fn a_refused_request_changes_nothing() {
        for request in [Request::Block, Request::Metadata] {
            let mut blocks = blocks();
            injection::arm(request, 1, false);
            assert_eq!(blocks.allocate(3, usize::MAX), None);
            assert_eq!((injection::disarm(), blocks.committed_bytes(), blocks.frontier()), (1, 0, 0));
            blocks.verify(std::iter::empty()).unwrap();
            let first = take(&mut blocks, 3);
            // SAFETY: freed once, and not used.
            unsafe { blocks.free(first, 3) };
            injection::arm(request, 1, true);
            assert_eq!(
                blocks.allocate(3, usize::MAX),
                Some(first),
                "what is held asks the system for nothing"
            );
            assert_eq!(injection::disarm(), 0);
            blocks.verify([(first, 3)].into_iter()).unwrap();
        }
    }

    #[test]
    fn trimming_keeps_what_it_is_told_and_loses_the_rest() {
        let mut blocks = blocks();
        let first = take(&mut blocks, 8);
        let at = blocks.start(first);
        // SAFETY: eight units are ours to write; afterwards they are freed once.
        unsafe {
            at.write_bytes(7, 8 * PAGE);
            blocks.free(first, 8);
        }
        blocks.trim(3 * PAGE);
        assert_eq!(blocks.committed_bytes(), 3 * PAGE);
        assert_eq!(take(&mut blocks, 8), first);
        // SAFETY: the units are ours and mapped.
        let bytes = unsafe { [at.add(3 * PAGE - 1).read(), at.add(3 * PAGE).read()] };
        assert_eq!(bytes, [7, if cfg!(target_os = "linux") { 0 } else { bytes[1] }]);
        assert_eq!(blocks.committed_bytes(), 8 * PAGE);
        blocks.verify([(first, 8)].into_iter()).unwrap();
    }
}
