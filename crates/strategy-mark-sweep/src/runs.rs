//! The table of runs: which units of the reservation belong together, and what they hold.
//!
//! An array in reserved address space, an entry a unit. So it never has to grow, and neither a collection nor the
//! verifier needs memory or a search to find the run of an address.
//!
//! ```text
//! a run's first unit      units > 0, class, contents, link: the run after it in a list
//! a block's other units   units = 0, link: units back to the first
//! everything else         zero: free, or inside a large run, where no address is asked for
//! ```

use crate::size_class::CLASSES;
use heapbench_heap::HeapError;
use heapbench_memory::Reservation;
use heapbench_memory::reservation::PAGE;
use std::ptr::NonNull;

/// What a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Contents {
    /// Objects.
    Objects,
    /// Item buffers of objects.
    Storage,
    /// Nothing: it was reclaimed, and its addresses are not used again yet.
    Nothing,
}

/// The class of a run that is one large cell.
const LARGE: u8 = CLASSES as u8;

/// A run of units in use.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Run {
    pub(crate) units: u32,
    link: u32,
    class: u8,
    pub(crate) contents: Contents,
}

impl Run {
    /// A block of cells of this class, or one large cell.
    pub(crate) fn new(units: u32, class: Option<usize>, contents: Contents) -> Run {
        debug_assert!(units > 0);
        Run { units, link: 0, class: class.map_or(LARGE, |class| class as u8), contents }
    }

    /// The class of its cells; `None` for one large cell.
    #[inline(always)]
    pub(crate) fn class(self) -> Option<usize> {
        (self.class != LARGE).then_some(self.class as usize)
    }
}

/// Runs in order of arrival, linked through the table; a run is in one list at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    first: Option<u32>,
    last: Option<u32>,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Runs {
    entries: NonNull<Run>,
    memory: Reservation,
    /// One past the highest unit that was ever in a run.
    frontier: u32,
}

impl Runs {
    /// No runs, for a reservation of so many units.
    ///
    /// # Errors
    /// The system refuses the address space.
    pub(crate) fn new(units: usize) -> Result<Runs, HeapError> {
        let memory = Reservation::new((units + 1) * size_of::<Run>())?;
        Ok(Runs { entries: memory.start().cast(), memory, frontier: 0 })
    }

    #[inline(always)]
    fn get(&self, unit: u32) -> Run {
        // SAFETY: see `place`; an entry is zero at first, which is one of no units, and a whole entry afterwards.
        unsafe { self.place(unit).read() }
    }

    #[inline(always)]
    fn put(&mut self, unit: u32, entry: Run) {
        // SAFETY: see `place`; the table is borrowed mutably.
        unsafe { self.place(unit).write(entry) }
    }

    #[inline(always)]
    fn place(&self, unit: u32) -> NonNull<Run> {
        debug_assert!((unit as usize + 1) * size_of::<Run>() <= self.memory.bytes());
        // SAFETY: units are those of the reservation, and the table has an entry for each.
        unsafe { self.entries.add(unit as usize) }
    }

    /// The run that begins with this unit.
    pub(crate) fn starting_at(&self, first: u32) -> Option<Run> {
        (first < self.frontier).then(|| self.get(first)).filter(|run| run.units > 0)
    }

    /// The run of a unit, and its first unit; of a large run, the first unit only is known.
    #[inline]
    pub(crate) fn containing(&self, unit: u32) -> Option<(u32, Run)> {
        let entry = (unit < self.frontier).then(|| self.get(unit))?;
        if entry.units > 0 {
            return Some((unit, entry));
        }
        let first = unit.checked_sub(entry.link)?;
        self.starting_at(first).map(|run| (first, run))
    }

    /// The first run at or behind a unit.
    #[inline]
    pub(crate) fn next(&self, mut unit: u32) -> Option<(u32, Run)> {
        while unit < self.frontier {
            let entry = self.get(unit);
            if entry.units > 0 {
                return Some((unit, entry));
            }
            unit += 1;
        }
        None
    }

    /// All runs, in address order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Run)> + '_ {
        let mut unit = 0;
        std::iter::from_fn(move || {
            let (first, run) = self.next(unit)?;
            unit = first + run.units;
            Some((first, run))
        })
    }

    /// Adds a run of free units.
    pub(crate) fn insert(&mut self, first: u32, run: Run) {
        self.put(first, run);
        if run.class().is_some() {
            (1..run.units).for_each(|back| self.put(first + back, Run { units: 0, link: back, ..run }));
        }
        self.frontier = self.frontier.max(first + run.units);
    }

    /// Its units are free.
    pub(crate) fn remove(&mut self, first: u32) {
        let run = self.get(first);
        let written = if run.class().is_some() { run.units } else { 1 };
        let free = Run { units: 0, link: 0, class: 0, contents: Contents::Objects };
        (first..first + written).for_each(|unit| self.put(unit, free));
    }

    /// The run holds something else from now on.
    pub(crate) fn set_contents(&mut self, first: u32, contents: Contents) {
        let run = self.get(first);
        self.put(first, Run { contents, ..run });
    }

    /// Adds a run at the end of a list.
    pub(crate) fn push(&mut self, list: &mut List, first: u32) {
        let run = self.get(first);
        self.put(first, Run { link: 0, ..run });
        match list.last.replace(first) {
            Some(last) => {
                let before = self.get(last);
                self.put(last, Run { link: first + 1, ..before });
            }
            None => list.first = Some(first),
        }
    }

    /// Takes the first run off a list.
    pub(crate) fn pop(&mut self, list: &mut List) -> Option<u32> {
        let first = list.first?;
        list.first = self.after(first);
        if list.first.is_none() {
            list.last = None;
        }
        Some(first)
    }

    /// The runs of a list.
    pub(crate) fn list(&self, list: &List) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(list.first, |first| self.after(*first))
    }

    fn after(&self, first: u32) -> Option<u32> {
        self.get(first).link.checked_sub(1)
    }

    /// Bytes that entries up to a unit take, at most.
    pub(crate) const fn bytes_for(frontier: usize) -> usize {
        (frontier * size_of::<Run>()).next_multiple_of(PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_by_each_of_their_units() {
        let mut runs = Runs::new(100).unwrap();
        runs.insert(3, Run::new(4, Some(7), Contents::Objects));
        runs.insert(7, Run::new(1, Some(0), Contents::Storage));
        runs.insert(20, Run::new(5, None, Contents::Objects));
        for unit in 3..7 {
            let (first, run) = runs.containing(unit).unwrap();
            assert_eq!((first, run.units, run.class()), (3, 4, Some(7)));
        }
        assert!(runs.iter().map(|(first, _)| first).eq([3, 7, 20]));
        assert!(runs.containing(20).is_some_and(|(_, run)| run.class().is_none()));
        assert!([2, 8, 19, 21, 25, 99].iter().all(|unit| runs.containing(*unit).is_none()));
        runs.remove(3);
        assert!((3..7).all(|unit| runs.containing(unit).is_none()));
        assert!(runs.iter().map(|(first, _)| first).eq([7, 20]));
    }

    #[test]
    fn lists_keep_their_order() {
        let (mut runs, mut list) = (Runs::new(100).unwrap(), List::default());
        [9, 0, 4].into_iter().for_each(|first| {
            runs.insert(first, Run::new(1, None, Contents::Objects));
            runs.push(&mut list, first);
        });
        assert!(runs.list(&list).eq([9, 0, 4]));
        assert_eq!(runs.pop(&mut list), Some(9));
        runs.push(&mut list, 9);
        assert_eq!([(); 4].map(|()| runs.pop(&mut list)), [Some(0), Some(4), Some(9), None]);
        assert!(list.last.is_none());
    }
}
