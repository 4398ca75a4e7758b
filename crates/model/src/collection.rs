//! Death by a collection.
//!
//! A full collection is exact: weak references are cleared, callbacks called, finalizers run, and what is then
//! unreachable dies. A partial one (of young generations, or an increment) may take any part of the unreachable: the
//! model follows the guide, and allows what keeps the contract.

use heapbench_heap::{Capabilities, Family, Generation, Pause, Work};
use std::collections::{BTreeMap, BTreeSet};

use crate::{Event, Guide, Id, Model, Promise};

impl<P: Promise, R: Guide> Model<P, R> {
    /// The collections, and the sweeping, that the guide sees here.
    pub(crate) fn collect_as_guided(&mut self) {
        let may_collect = can_collect(&P::CAPABILITIES) && !self.collecting && (self.enabled || self.limited);
        loop {
            match self.recorder.next() {
                Some(Event::CollectionStarted(generation)) if may_collect => {
                    self.run_collection(generation, true);
                }
                Some(Event::Died(id)) if self.condemned.contains(&id) => {
                    self.clear_weak_references(id);
                    self.bury(id);
                }
                _ => return,
            }
        }
    }

    /// Collects, and gives back how many objects died meanwhile; `None` when nothing can be collected now.
    pub(crate) fn collect_now(&mut self, generation: Generation) -> Option<u64> {
        let generation = if P::CAPABILITIES.generations == 1 { Generation::FULL } else { generation };
        if !can_collect(&P::CAPABILITIES) || self.collecting {
            return None;
        }
        Some(self.run_collection(generation, false))
    }

    fn run_collection(&mut self, generation: Generation, automatic: bool) -> u64 {
        let freed = self.counters.objects_freed;
        self.collecting = true;
        self.counters.collections[generation.index()] += 1;
        self.recorder.pause_started(Pause::Collection(generation));
        if is_partial(&P::CAPABILITIES, generation) && self.recorder.ahead().is_some() {
            self.collect_partly();
        } else {
            let lazily =
                automatic && P::CAPABILITIES.family == Family::Tracing && self.recorder.ahead().is_some();
            self.collect_fully(lazily);
        }
        self.recorder.pause_stopped(Pause::Collection(generation), Work::default());
        self.collecting = false;
        self.found.clear();
        self.counters.objects_freed - freed
    }

    fn collect_fully(&mut self, lazily: bool) {
        let unreachable = self.unreachable();
        self.found = unreachable.clone();
        let calls = self.clear_weak_references_of(&unreachable);
        self.call_back(calls, None);
        let finalizer = |id: &Id| self.nodes[*id].finalizer.map(|hook| (hook.data, *id));
        let finalizers = unreachable.iter().filter_map(finalizer).collect();
        self.finalize_each(finalizers);
        let mut doomed: BTreeSet<Id> = self.unreachable().intersection(&unreachable).copied().collect();
        // In the heap's order, and with those that die by counting on the way.
        self.follow();
        self.found.clear();
        doomed.retain(|id| self.nodes[*id].alive);
        if lazily {
            self.condemned = doomed;
            return;
        }
        doomed.into_iter().for_each(|id| self.bury(id));
        self.condemned.clear();
        self.release_the_uncounted();
    }

    fn collect_partly(&mut self) {
        let unreachable = self.unreachable();
        self.found = unreachable.clone();
        self.follow();
        self.found.clear();
        let untold = self.weak_references_touching(&unreachable);
        untold.into_iter().for_each(|weak| self.nodes[weak].uncertain = true);
        self.release_the_uncounted();
        if P::CAPABILITIES.family == Family::Tracing {
            let rest = |id: &Id| self.nodes[*id].alive && self.nodes[*id].finalizer.is_none();
            self.condemned = self.unreachable().intersection(&unreachable).copied().filter(rest).collect();
        }
    }

    fn unreachable(&self) -> BTreeSet<Id> {
        let reached = self.reachable();
        self.living().filter(|id| !reached[*id]).collect()
    }

    fn weak_references_touching(&self, objects: &BTreeSet<Id>) -> BTreeSet<Id> {
        let to_them = objects.iter().flat_map(|id| self.nodes[*id].weak_references.iter().copied());
        to_them.chain(objects.iter().copied().filter(|id| self.nodes[*id].target.is_some())).collect()
    }

    /// Clears weak references to and among the unreachable; the calls to be made, by the hook's `data`.
    fn clear_weak_references_of(&mut self, unreachable: &BTreeSet<Id>) -> BTreeSet<(u64, Id)> {
        let mut calls = BTreeSet::new();
        for weak in self.weak_references_touching(unreachable) {
            self.clear_weak(weak);
            match self.nodes[weak].callback {
                Some(callback) if !unreachable.contains(&weak) => _ = calls.insert((callback.data, weak)),
                _ => self.nodes[weak].callback = None,
            }
        }
        calls
    }

    /// Runs finalizers in the guide's order, and in order of their `data` where the guide has none. An object may be
    /// gone before its turn: it died by counting in another one's hook.
    fn finalize_each(&mut self, mut hooks: BTreeSet<(u64, Id)>) {
        while let Some(hook) = self.guided_hook(&hooks).or(hooks.first().copied()) {
            hooks.remove(&hook);
            self.finalize(hook.1);
        }
    }

    fn finalize(&mut self, id: Id) {
        if let Some(finalizer) = self.take_finalizer(id) {
            let left = self.call(finalizer, id);
            self.release(left);
        }
    }

    /// Repeats deaths and hooks of the guide, as long as they are allowed.
    fn follow(&mut self) {
        let mut gone = self.gone();
        // All finalizers run, those of objects that another one resurrected included.
        let found = gone.clone();
        loop {
            match self.recorder.next() {
                Some(Event::Died(id)) if gone.contains(&id) && self.nodes[id].finalizer.is_none() => {
                    gone.remove(&id);
                    let mut calls = self.clear_weak_references(id);
                    // A weak reference that is garbage too is not called, unless only counting gets at it, later.
                    let ahead = self.recorder.ahead().unwrap_or_default();
                    calls.retain(|(data, weak)| !found.contains(weak) || ahead.contains(&Event::Hook(*data)));
                    self.bury(id);
                    self.call_back(calls, None);
                }
                Some(Event::Hook(data)) if self.run_allowed_hook(data, &gone, &found) => gone = self.gone(),
                _ => return,
            }
        }
    }

    /// Runs the finalizer of an object that was found gone, or a callback for one, if that is whose hook it is.
    fn run_allowed_hook(&mut self, data: u64, gone: &BTreeSet<Id>, found: &BTreeSet<Id>) -> bool {
        let Some(id) = self.hook_owners.get(&data).copied() else { return false };
        // The weak reference itself may be garbage that a partial collection does not look at.
        if self.nodes[id].target.is_some_and(|target| gone.contains(&target)) {
            self.clear_weak(id);
            self.call_back(BTreeSet::from([(data, id)]), None);
            return true;
        }
        let finalizable = self.nodes[id].finalizer.is_some() && (gone.contains(&id) || found.contains(&id));
        if finalizable {
            self.finalize(id);
        }
        finalizable
    }

    /// The unreachable, and on heaps that count also what only they refer to, frozen or not.
    fn gone(&self) -> BTreeSet<Id> {
        let mut gone = self.unreachable();
        if P::CAPABILITIES.prompt {
            let mut counts: BTreeMap<Id, usize> = BTreeMap::new();
            gone.extend(self.living().filter(|id| self.nodes[*id].count == 0 && !self.nodes[*id].immortal));
            let mut queue: Vec<Id> = gone.iter().copied().collect();
            while let Some(id) = queue.pop() {
                for value in self.nodes[id].slots.iter().copied().flatten() {
                    let node = &self.nodes[value];
                    let count = counts.entry(value).or_insert(node.count);
                    *count -= 1;
                    if *count == 0 && !node.immortal && gone.insert(value) {
                        queue.push(value);
                    }
                }
            }
        }
        gone
    }

    /// Reclaims an object that a collection found. Those that it refers to lose a reference and live on for now.
    fn bury(&mut self, id: Id) {
        self.condemned.remove(&id);
        let node = &mut self.nodes[id];
        node.alive = false;
        node.payload = Vec::new();
        for value in std::mem::take(&mut node.slots).into_iter().flatten() {
            self.nodes[value].count -= 1;
        }
        self.clear_weak(id);
        self.report_death(id);
    }

    /// Kills by counting what the buried referred to last.
    fn release_the_uncounted(&mut self) {
        if !P::CAPABILITIES.prompt {
            return;
        }
        let uncounted = |id: &Id| self.nodes[*id].count == 0 && !self.nodes[*id].immortal;
        for id in self.living().filter(uncounted).collect::<Vec<_>>() {
            if self.nodes[id].alive && self.nodes[id].count == 0 {
                let value = self.retain(Some(id));
                self.release(value);
            }
        }
    }
}

fn can_collect(capabilities: &Capabilities) -> bool {
    matches!(capabilities.family, Family::Cycles | Family::Tracing)
}

/// Whether a collection of this generation may leave unreachable objects.
fn is_partial(capabilities: &Capabilities, generation: Generation) -> bool {
    generation != Generation::FULL && capabilities.generations > 1
}
