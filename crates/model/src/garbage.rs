//! Which objects a collection may reclaim.
//!
//! *Garbage* is a set of objects that are referred to by each other only, none of them a root. A collection that may
//! look at everything may reclaim all that is unreachable. Of a partial one of a counting heap, which may reclaim any
//! garbage or none, the model looks at what the guide says died, and no further: since the model counts references,
//! a set of objects is garbage exactly if all counts of its members come from within. So a young collection costs as
//! much as it reclaims, however large the heap.

use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

use crate::{Event, Guide, Id, Model, Promise};

/// What one collection may reclaim, as of the last look.
pub(crate) struct Garbage {
    /// Only deaths that the guide tells are looked at.
    pub(crate) told_only: bool,
    /// In order; those that died since are still in it.
    gone: Vec<Id>,
    /// As of that look: see the fields of the same names in the model.
    stirred: u64,
    hooks_called: u64,
}

impl<P: Promise, R: Guide> Model<P, R> {
    /// The garbage that a collection begins with; what is found unreachable comes from the caller.
    pub(crate) fn garbage(&self, told_only: bool, found: Vec<Id>) -> Garbage {
        let gone = self.with_dependents(found);
        Garbage { told_only, gone, stirred: self.stirred, hooks_called: self.hooks_called }
    }

    /// Whether the collection may reclaim the object now. Looks again where a hook may have changed the answer: if it
    /// may have brought garbage back to life, or if the object was none before.
    pub(crate) fn is_gone(&self, id: Id, garbage: &mut Garbage) -> bool {
        let stirred = garbage.stirred != self.stirred;
        let missed = || garbage.gone.binary_search(&id).is_err() && garbage.hooks_called != self.hooks_called;
        if stirred || missed() {
            let found = if garbage.told_only { self.told_garbage() } else { self.unreachable() };
            *garbage = self.garbage(garbage.told_only, found);
        }
        self.nodes.contains(id) && garbage.gone.binary_search(&id).is_ok()
    }

    /// Events of the collection that is under way.
    fn collection_ahead(&self) -> impl Iterator<Item = Event> + '_ {
        let ahead = self.recorder.ahead().unwrap_or_default();
        ahead.iter().copied().take_while(|event| *event != Event::CollectionStopped)
    }

    /// Whether the guide runs finalizers in the collection that is under way: they bring garbage back to life.
    pub(crate) fn finalizes_ahead(&self) -> bool {
        self.collection_ahead().any(|event| {
            let Event::Hook(data) = event else { return false };
            let owner = self.hook_owners.get(&data).and_then(|id| self.nodes.get(*id));
            owner.and_then(|node| node.finalizer()).is_some_and(|hook| hook.data == data)
        })
    }

    /// Of the living that the guide says die in the collection that is under way, those that are garbage.
    pub(crate) fn told_garbage(&self) -> Vec<Id> {
        let died = |event| if let Event::Died(id) = event { Some(id) } else { None };
        let mut told: Vec<Id> = self.collection_ahead().filter_map(died).collect();
        told.sort_unstable();
        told.dedup();
        told.retain(|id| self.nodes.contains(*id));
        self.closed_among(told)
    }

    /// The largest set among these objects, which are in order, whose members are referred to by members only, and
    /// are neither immortal nor frozen.
    fn closed_among(&self, mut told: Vec<Id>) -> Vec<Id> {
        let mut inner = vec![0u64; told.len()];
        for place in
            told.iter().flat_map(|id| self.nodes[*id].values()).filter_map(|v| told.binary_search(&v).ok())
        {
            inner[place] += 1;
        }
        let is_held = |place: &usize| {
            let node = &self.nodes[told[*place]];
            node.count > inner[*place] || node.immortal || node.frozen
        };
        // What is held from outside holds what it refers to.
        let mut queue: Vec<usize> = (0..told.len()).filter(is_held).collect();
        let mut held = vec![false; told.len()];
        while let Some(place) = queue.pop() {
            if !std::mem::replace(&mut held[place], true) {
                queue.extend(self.nodes[told[place]].values().filter_map(|v| told.binary_search(&v).ok()));
            }
        }
        let mut held = held.into_iter();
        told.retain(|_| !held.next().unwrap_or(true));
        told
    }

    /// Unreachable objects, in order, and on heaps that count also what only they refer to, frozen or not.
    fn with_dependents(&self, mut gone: Vec<Id>) -> Vec<Id> {
        if !P::CAPABILITIES.prompt {
            return gone;
        }
        let found = gone.len();
        let uncounted = self
            .uncounted
            .iter()
            .filter(|id| self.nodes.get(**id).is_some_and(|node| node.count == 0 && !node.immortal));
        let uncounted: Vec<Id> = uncounted.copied().filter(|id| gone.binary_search(id).is_err()).collect();
        gone.extend(uncounted);
        let mut counts: HashMap<Id, u64, FxBuildHasher> = HashMap::default();
        let mut next = 0;
        while let Some(&id) = gone.get(next) {
            for value in self.nodes[id].values() {
                if gone[..found].binary_search(&value).is_ok() {
                    continue;
                }
                // In the middle of a collection garbage may refer to what was reclaimed before it.
                let Some(node) = self.nodes.get(value) else { continue };
                let count = counts.entry(value).or_insert(node.count);
                *count -= 1;
                if *count == 0 && !node.immortal {
                    gone.push(value);
                }
            }
            next += 1;
        }
        gone.sort_unstable();
        gone.dedup();
        gone
    }
}
