//! Memory by the place of the program that allocated it: Python's `tracemalloc` for any heap.
//!
//! A workload says where it is ([`Recorder::at`]); what is allocated from then on belongs to that site. As in
//! `tracemalloc` a block is what is counted: an object is one, and the storage of a list or dict that has some is
//! another, which belongs to the site that made it grow last. Two snapshots and their difference show the sites
//! whose memory grows: where a leak is fed.
//! Source: CPython 3.13, `Lib/tracemalloc.py`.

use crate::census::block_bytes;
use heapbench_heap::{Recorder, Shape, Site};
use rustc_hash::FxBuildHasher;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Where blocks belong before the program has named a place.
pub const UNKNOWN: Site = "<unknown>";

/// Blocks and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Statistic {
    /// Bytes.
    pub size: u64,
    /// Blocks.
    pub count: u64,
}

/// Traced memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traced {
    /// Now.
    pub current: u64,
    /// At most, since the start or the last reset.
    pub peak: u64,
}

/// A block: whose it is, and its size.
#[derive(Clone, Copy, Debug)]
struct Block {
    site: Site,
    size: u64,
}

/// A live object.
#[derive(Clone, Copy, Debug)]
struct Living {
    object: Block,
    storage: Option<Block>,
}

/// Traces allocations.
#[derive(Debug)]
pub struct Allocations {
    site: Site,
    living: HashMap<usize, Living, FxBuildHasher>,
    sites: BTreeMap<Site, Statistic>,
    traced: Traced,
    plan: Plan,
}

/// Snapshots that are taken on the way.
#[derive(Debug)]
struct Plan {
    allocated: u64,
    /// Objects allocated when each is to be taken, the latest first.
    due: Vec<u64>,
    taken: Vec<Snapshot>,
}

impl Default for Allocations {
    fn default() -> Allocations {
        Allocations::with_snapshots([])
    }
}

impl Allocations {
    /// A recorder that takes a snapshot as soon as so many objects have been allocated, for each of these numbers.
    pub fn with_snapshots(after: impl IntoIterator<Item = u64>) -> Allocations {
        let (mut due, at_once): (Vec<u64>, Vec<u64>) = after.into_iter().partition(|after| *after > 0);
        due.sort_unstable_by_key(|after| Reverse(*after));
        let taken = vec![Snapshot::default(); at_once.len()];
        Allocations {
            site: UNKNOWN,
            living: HashMap::default(),
            sites: BTreeMap::new(),
            traced: Traced::default(),
            plan: Plan { allocated: 0, due, taken },
        }
    }

    /// `tracemalloc.get_traced_memory()`.
    pub fn traced(&self) -> Traced {
        self.traced
    }

    /// `tracemalloc.reset_peak()`: the peak is what is traced now.
    pub fn reset_peak(&mut self) {
        self.traced.peak = self.traced.current;
    }

    /// `tracemalloc.clear_traces()`: forgets all blocks. Those that live on are not traced any more.
    pub fn clear_traces(&mut self) {
        self.living.clear();
        self.sites.clear();
        self.traced = Traced::default();
    }

    /// `tracemalloc.take_snapshot()`.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { sites: self.sites.clone() }
    }

    /// The snapshots that were taken on the way, in order.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.plan.taken
    }

    fn add(&mut self, block: Block) {
        let statistic = self.sites.entry(block.site).or_default();
        statistic.size += block.size;
        statistic.count += 1;
        self.traced.current += block.size;
        self.traced.peak = self.traced.peak.max(self.traced.current);
    }

    fn remove(&mut self, block: Block) {
        self.traced.current -= block.size;
        let Some(statistic) = self.sites.get_mut(block.site) else { return };
        statistic.size -= block.size;
        statistic.count -= 1;
        if statistic.count == 0 {
            self.sites.remove(block.site);
        }
    }

    /// A block of the present site; `None` for one of no bytes.
    fn block(&self, size: usize) -> Option<Block> {
        (size > 0).then_some(Block { site: self.site, size: size as u64 })
    }

    fn take_due_snapshots(&mut self) {
        self.plan.allocated += 1;
        while self.plan.due.last().is_some_and(|due| *due <= self.plan.allocated) {
            self.plan.due.pop();
            self.plan.taken.push(self.snapshot());
        }
    }
}

impl Recorder for Allocations {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, bytes: usize) {
        let size = block_bytes(shape, bytes);
        let object = Block { site: self.site, size: size as u64 };
        let storage = self.block(bytes - size);
        self.living.insert(address, Living { object, storage });
        self.add(object);
        if let Some(storage) = storage {
            self.add(storage);
        }
        self.take_due_snapshots();
    }

    fn resized(&mut self, address: usize, _shape: Shape, bytes: usize) {
        let Some(living) = self.living.get(&address).copied() else { return };
        let size = (bytes as u64).saturating_sub(living.object.size);
        let storage = match living.storage {
            // Within its capacity nothing is allocated.
            Some(storage) if storage.size == size => return,
            _ => self.block(size as usize),
        };
        if let Some(outgrown) = living.storage {
            self.remove(outgrown);
        }
        if let Some(storage) = storage {
            self.add(storage);
        }
        self.living.insert(address, Living { storage, ..living });
    }

    fn died(&mut self, address: usize) {
        if let Some(dead) = self.living.remove(&address) {
            self.remove(dead.object);
            if let Some(storage) = dead.storage {
                self.remove(storage);
            }
        }
    }

    fn moved(&mut self, from: usize, to: usize) {
        if let Some(living) = self.living.remove(&from) {
            self.living.insert(to, living);
        }
    }

    fn at(&mut self, site: Site) {
        self.site = site;
    }
}

/// The live blocks of a moment, by site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    sites: BTreeMap<Site, Statistic>,
}

/// How a site's memory changed between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The site.
    pub site: Site,
    /// Bytes in the later snapshot.
    pub size: u64,
    /// Bytes more than in the earlier one.
    pub size_diff: i64,
    /// Blocks in the later snapshot.
    pub count: u64,
    /// Blocks more than in the earlier one.
    pub count_diff: i64,
}

impl Snapshot {
    /// The sites with their blocks, the greatest size first; then by count and name, as `tracemalloc` sorts.
    pub fn statistics(&self) -> Vec<(Site, Statistic)> {
        let mut statistics: Vec<_> = self.sites.iter().map(|(site, found)| (*site, *found)).collect();
        statistics.sort_by_key(|(site, found)| Reverse((found.size, found.count, *site)));
        statistics
    }

    /// All sites of both snapshots, what changed most first: by the size of the change, the size, the change of the
    /// count, the count and the name, all from the greatest, as `tracemalloc` sorts.
    pub fn compare_to(&self, earlier: &Snapshot) -> Vec<Difference> {
        let sites: BTreeSet<Site> = self.sites.keys().chain(earlier.sites.keys()).copied().collect();
        let mut differences: Vec<Difference> =
            sites.into_iter().map(|site| difference(site, self.of(site), earlier.of(site))).collect();
        differences.sort_by_key(|found| {
            let (size, count) = (found.size_diff.unsigned_abs(), found.count_diff.unsigned_abs());
            Reverse((size, found.size, count, found.count, found.site))
        });
        differences
    }

    fn of(&self, site: Site) -> Statistic {
        self.sites.get(site).copied().unwrap_or_default()
    }
}

fn difference(site: Site, now: Statistic, before: Statistic) -> Difference {
    Difference {
        site,
        size: now.size,
        size_diff: now.size.wrapping_sub(before.size).cast_signed(),
        count: now.count,
        count_diff: now.count.wrapping_sub(before.count).cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_heap::Kind;

    const LIST: Shape = Shape::new(Kind::List, 0, 0);
    const FLOAT: Shape = Shape::new(Kind::Float, 0, 8);

    fn statistic(size: u64, count: u64) -> Statistic {
        Statistic { size, count }
    }

    #[test]
    fn blocks_belong_to_the_site_that_made_them_and_storage_to_the_one_that_grew_it() {
        let mut trace = Allocations::default();
        trace.allocated(1, LIST, 56);
        trace.at("a.py:fill");
        trace.allocated(2, FLOAT, 24);
        trace.resized(1, Shape::new(Kind::List, 1, 0), 88);
        let statistics = trace.snapshot().statistics();
        assert_eq!(statistics, [("a.py:fill", statistic(24 + 32, 2)), (UNKNOWN, statistic(56, 1))]);
        trace.at("a.py:more");
        trace.resized(1, Shape::new(Kind::List, 2, 0), 88);
        assert_eq!(trace.snapshot().of("a.py:more"), statistic(0, 0), "within capacity nothing is allocated");
        trace.resized(1, Shape::new(Kind::List, 5, 0), 120);
        assert_eq!(trace.snapshot().of("a.py:more"), statistic(64, 1));
        assert_eq!(trace.snapshot().of("a.py:fill"), statistic(24, 1));
        trace.died(1);
        trace.died(2);
        assert_eq!(
            (trace.snapshot(), trace.traced()),
            (Snapshot::default(), Traced { current: 0, peak: 144 })
        );
    }

    #[test]
    fn the_peak_is_reset_and_traces_are_cleared() {
        let mut trace = Allocations::default();
        trace.allocated(1, FLOAT, 24);
        trace.allocated(2, FLOAT, 24);
        trace.died(1);
        assert_eq!(trace.traced(), Traced { current: 24, peak: 48 });
        trace.reset_peak();
        assert_eq!(trace.traced(), Traced { current: 24, peak: 24 });
        trace.moved(2, 3);
        trace.clear_traces();
        assert_eq!((trace.snapshot(), trace.traced()), Default::default());
        trace.died(3);
        trace.resized(3, FLOAT, 100);
        assert_eq!(trace.traced(), Traced::default(), "what was forgotten is not traced any more");
    }

    #[test]
    fn differences_are_sorted_as_tracemalloc_sorts_them() {
        let snapshot = |sites: &[(Site, u64, u64)]| Snapshot {
            sites: sites.iter().map(|(site, size, count)| (*site, statistic(*size, *count))).collect(),
        };
        let earlier = snapshot(&[("gone", 50, 1), ("same", 900, 9), ("shrank", 100, 4), ("grew", 10, 1)]);
        let later = snapshot(&[("same", 900, 9), ("shrank", 40, 2), ("grew", 70, 2), ("new", 50, 5)]);
        let found = later.compare_to(&earlier);
        let rows: Vec<_> = found.iter().map(|d| (d.site, d.size_diff, d.count_diff)).collect();
        // Of equal changes the greater size is first.
        assert_eq!(
            rows,
            [("grew", 60, 1), ("shrank", -60, -2), ("new", 50, 5), ("gone", -50, -1), ("same", 0, 0)]
        );
        assert_eq!((found[3].size, found[3].count), (0, 0));
    }

    #[test]
    fn snapshots_are_taken_on_the_way() {
        let mut trace = Allocations::with_snapshots([3, 0, 1, 9]);
        for address in 1..=4 {
            trace.allocated(address, FLOAT, 24);
        }
        let counts: Vec<u64> = trace.snapshots().iter().map(|taken| taken.of(UNKNOWN).count).collect();
        assert_eq!(counts, [0, 1, 3]);
    }
}
