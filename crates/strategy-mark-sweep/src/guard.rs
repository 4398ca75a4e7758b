//! Guard: every object and every item buffer on pages of its own, which nobody can touch once it is reclaimed
//! (`guard=yes`, for proof).
//!
//! ```text
//! | run of pages: … object, its end at the end of a page | one page that is never accessible | next run …
//! ```
//! So a use after death, and an access behind the end, is a fault at once. The whole reservation is inaccessible at
//! first; a run is opened when it is handed out, and closed for ever when it is reclaimed: it waits in a queue until
//! the address space is used up, and then the oldest is used again.
//!
//! An open run is a mapping of its own for the system, and so is the gap behind it. A process may have so many of them
//! (on Linux `vm.max_map_count`, 65,530), and fails in strange places when it has none left. So a heap opens at most
//! 7,000 at a time: four heaps fit, and beyond that there is no memory. The limit counts the pages of open runs only:
//! the side tables grow with the addresses used, not with what is alive.
//! Source: the idea is that of Electric Fence (Perens 1987).

use crate::runs::{Contents, List, Runs};
use crate::size_class::UNIT;
use heapbench_heap::HeapError;
use heapbench_memory::Blocks;
use rustix::mm::{Advice, MprotectFlags};

#[cfg(target_os = "linux")]
const DISCARD: Advice = Advice::LinuxDontNeed;
#[cfg(not(target_os = "linux"))]
const DISCARD: Advice = Advice::DontNeed;

/// Runs that may be open at a time.
const MOST_OPEN: usize = 7_000;

/// Which runs are closed.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    open: usize,
    closed: List,
    closed_units: usize,
}

impl Guard {
    /// Makes the whole range inaccessible.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn new(blocks: &Blocks) -> Result<Guard, HeapError> {
        let bytes = blocks.reserved_bytes();
        match protect(blocks, 0, bytes, MprotectFlags::empty()) {
            true => Ok(Guard::default()),
            false => Err(HeapError::Refused { requested: bytes }),
        }
    }

    /// Bytes of the closed runs, which hold no memory.
    pub(crate) fn closed_bytes(&self) -> usize {
        self.closed_units * UNIT
    }

    /// Takes a run of units, the last of which stays inaccessible, when `allowance` bytes suffice.
    pub(crate) fn open(
        &mut self,
        blocks: &mut Blocks,
        runs: &mut Runs,
        units: usize,
        allowance: usize,
    ) -> Option<u32> {
        let (bytes, reserved) = (units * UNIT, blocks.reserved_bytes());
        if self.open == MOST_OPEN || bytes > allowance || bytes > reserved {
            return None;
        }
        let first = loop {
            let exhausted = blocks.frontier() * UNIT + bytes > reserved;
            match blocks.allocate(units, usize::MAX) {
                Some(first) => break first,
                None if !exhausted => return None,
                None => self.reuse_oldest(blocks, runs)?,
            }
        };
        if protect(blocks, first, bytes - UNIT, MprotectFlags::READ | MprotectFlags::WRITE) {
            self.open += 1;
            return Some(first);
        }
        // SAFETY: the run was taken above, and nobody knows it.
        unsafe { blocks.free(first, units) };
        None
    }

    fn reuse_oldest(&mut self, blocks: &mut Blocks, runs: &mut Runs) -> Option<()> {
        let first = runs.pop(&mut self.closed)?;
        let units = runs.starting_at(first)?.units as usize;
        runs.remove(first);
        self.closed_units -= units;
        // SAFETY: a closed run is in nobody's use.
        unsafe { blocks.free(first, units) };
        Some(())
    }

    /// Closes a run whose object or item buffer is reclaimed.
    pub(crate) fn close(&mut self, blocks: &Blocks, runs: &mut Runs, first: u32, units: usize) {
        runs.set_contents(first, Contents::Nothing);
        runs.push(&mut self.closed, first);
        (self.open, self.closed_units) = (self.open - 1, self.closed_units + units);
        // SAFETY: the run is reclaimed, so that nobody relies on its content.
        let discarded =
            unsafe { rustix::mm::madvise(blocks.start(first).as_ptr().cast(), units * UNIT, DISCARD) };
        let closed = protect(blocks, first, units * UNIT, MprotectFlags::empty());
        debug_assert!(discarded.is_ok() && closed, "what can be opened can be closed");
    }
}

fn protect(blocks: &Blocks, first: u32, bytes: usize, access: MprotectFlags) -> bool {
    // SAFETY: units of our own reservation; whoever is cut off from them has no reference into them.
    unsafe { rustix::mm::mprotect(blocks.start(first).as_ptr().cast(), bytes, access) }.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::Run;

    #[test]
    fn the_oldest_addresses_are_used_again_when_there_are_no_others() {
        let mut blocks = Blocks::new(UNIT, 10 * UNIT, 10 * UNIT).unwrap();
        let (mut guard, mut runs) = (Guard::new(&blocks).unwrap(), Runs::new(10).unwrap());
        let open = |guard: &mut Guard, runs: &mut Runs, blocks: &mut Blocks, units| {
            let first = guard.open(blocks, runs, units, usize::MAX)?;
            runs.insert(first, Run::new(units as u32, None, Contents::Objects));
            Some(first)
        };
        let taken: Vec<u32> = (0..5).map_while(|_| open(&mut guard, &mut runs, &mut blocks, 2)).collect();
        assert_eq!(taken, [0, 2, 4, 6, 8]);
        assert_eq!(open(&mut guard, &mut runs, &mut blocks, 2), None);
        [4, 2, 8].into_iter().for_each(|first| guard.close(&blocks, &mut runs, first, 2));
        assert_eq!(guard.closed_bytes(), 6 * UNIT);
        assert_eq!(open(&mut guard, &mut runs, &mut blocks, 2), Some(4), "closed first");
        assert_eq!(open(&mut guard, &mut runs, &mut blocks, 2), Some(2));
        assert_eq!(guard.open(&mut blocks, &mut runs, 2, UNIT), None, "more than is allowed");
        assert_eq!((guard.open, guard.closed_bytes()), (4, 2 * UNIT));
    }
}
