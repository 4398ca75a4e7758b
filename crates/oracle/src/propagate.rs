//! The deaths of cyclic garbage: stamps are handed on through it, the latest first.

use crate::merlin::{Merlin, OracleHeap};
use heapbench_heap::{Deaths, Recorder};
use heapbench_memory::{MemorySource, Ref};
use rustc_hash::FxBuildHasher;
use std::cmp::Reverse;
use std::collections::HashMap;

/// When the objects of a program died that has ended on this heap: what its locals hold now is alive. `None`: there are
/// more than 2^32 - 1 objects.
pub fn deaths<M: MemorySource, R: Recorder>(mut heap: OracleHeap<M, R>) -> Option<Deaths> {
    let Merlin { numbers, kinds, mut stamps, mut buried, overflowed, .. } =
        std::mem::take(&mut heap.collector);
    if overflowed {
        return None;
    }
    let mut walk = Walk { numbers, visited: vec![false; kinds.len()], pending: Vec::new() };
    heap.roots().for_each(|root| walk.from(root, |_| ()));
    for (object, stamp) in walk.unvisited(&stamps) {
        walk.from(object, |number| {
            stamps[number as usize] = stamp;
            buried.push(number);
        });
    }
    let mut deaths: Vec<_> = buried.into_iter().map(|number| (number, stamps[number as usize])).collect();
    // Those at the same clock stay in the order of their burials: a program would free in it.
    deaths.sort_by_key(|(_, clock)| *clock);
    Deaths::new(kinds, &deaths)
}

/// A walk over the objects that are not buried. Each is visited once.
struct Walk {
    numbers: HashMap<Ref, u32, FxBuildHasher>,
    /// By number.
    visited: Vec<bool>,
    pending: Vec<Ref>,
}

impl Walk {
    /// Visits what an object leads to, itself included, where that was not visited before.
    fn from(&mut self, start: Ref, mut visit: impl FnMut(u32)) {
        self.pending.push(start);
        while let Some(object) = self.pending.pop() {
            let Some(number) = self.numbers.get(&object).copied() else { continue };
            if !std::mem::replace(&mut self.visited[number as usize], true) {
                visit(number);
                self.pending.extend(object.slots().iter().rev().filter_map(|slot| slot.get()));
            }
        }
    }

    /// What was not visited, with its stamp: the latest first, and then in the order of allocation.
    fn unvisited(&self, stamps: &[u32]) -> Vec<(Ref, u32)> {
        let unvisited = self.numbers.iter().filter(|(_, number)| !self.visited[**number as usize]);
        let mut found: Vec<(Ref, u32)> = unvisited.map(|(object, number)| (*object, *number)).collect();
        found.sort_unstable_by_key(|(_, number)| (Reverse(stamps[*number as usize]), *number));
        found.into_iter().map(|(object, number)| (object, stamps[number as usize])).collect()
    }
}
