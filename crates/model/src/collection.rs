//! Death by a collection.
//!
//! A full collection is exact: weak references are cleared, callbacks called, finalizers run, and what is then
//! unreachable dies. A partial one (of young generations, or an increment) may take any part of the unreachable: the
//! model follows the guide, and allows what keeps the contract.

use heapbench_heap::{Capabilities, Family, Generation, Pause, Work};

use crate::garbage::Garbage;
use crate::weak::Calls;
use crate::{Event, Guide, Id, Model, Promise};

impl<P: Promise, R: Guide> Model<P, R> {
    /// The collections, and the sweeping, that the guide sees here.
    pub(crate) fn collect_as_guided(&mut self) {
        let about_to_fail = self.limited || self.scarce;
        let may_collect =
            can_collect(&P::CAPABILITIES) && !self.collecting && (self.enabled || about_to_fail);
        loop {
            match self.recorder.next() {
                Some(Event::CollectionStarted(generation)) if may_collect => {
                    self.run_collection(generation, true);
                }
                Some(Event::Died(id))
                    if self.condemned.binary_search(&id).is_ok() && self.nodes.contains(id) =>
                {
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
        let refused = self.scarce && self.recorder.next() == Some(Event::Collected(None));
        if !can_collect(&P::CAPABILITIES) || self.collecting || refused {
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
        self.counters.objects_freed - freed
    }

    fn collect_fully(&mut self, lazily: bool) {
        let mut unreachable = self.unreachable();
        self.found.clone_from(&unreachable);
        let hooks_called = self.hooks_called;
        let calls = self.clear_weak_references_of(&unreachable);
        self.call_back(calls, None);
        let finalizer = |id: &Id| self.nodes.get(*id)?.finalizer().map(|hook| (hook.data, *id));
        let finalizers = unreachable.iter().filter_map(finalizer).collect();
        self.finalize_each(finalizers);
        if self.hooks_called > hooks_called {
            unreachable = self.unreachable();
        }
        let is_found = |id: &Id| self.found.binary_search(id).is_ok();
        let mut doomed: Vec<Id> = unreachable.iter().copied().filter(is_found).collect();
        // In the heap's order, and with those that die by counting on the way.
        if self.recorder.ahead().is_some() {
            let garbage = self.garbage(false, unreachable);
            self.follow(garbage);
        }
        self.found.clear();
        doomed.retain(|id| self.nodes.contains(*id));
        if lazily {
            self.condemned = doomed;
            return;
        }
        doomed.into_iter().for_each(|id| self.bury(id));
        self.condemned.clear();
        self.release_the_uncounted();
    }

    fn collect_partly(&mut self) {
        let told_only = P::CAPABILITIES.prompt && !self.finalizes_ahead();
        self.found = if told_only { self.told_garbage() } else { self.unreachable() };
        let garbage = self.garbage(told_only, self.found.clone());
        self.follow(garbage);
        let found = std::mem::take(&mut self.found);
        // What was found and lives on was resurrected by a finalizer, or not looked at: nobody says which.
        if !told_only {
            for weak in self.weak_references_touching(&found) {
                self.nodes[weak].rare_mut().uncertain = true;
            }
        }
        self.release_the_uncounted();
        if P::CAPABILITIES.family == Family::Tracing {
            let rest = |id: &Id| found.binary_search(id).is_ok() && self.nodes[*id].finalizer().is_none();
            self.condemned = self.unreachable().into_iter().filter(rest).collect();
        }
    }

    /// The weak references among these objects and to them.
    fn weak_references_touching(&self, objects: &[Id]) -> Vec<Id> {
        let mut touching = Vec::new();
        for id in objects {
            if let Some(rare) = self.nodes.get(*id).and_then(|node| node.rare.as_ref()) {
                touching.extend(&rare.weak_references);
                touching.extend(rare.target.map(|_| *id));
            }
        }
        touching.sort_unstable();
        touching.dedup();
        touching
    }

    /// Clears weak references to and among the unreachable; the calls to be made.
    fn clear_weak_references_of(&mut self, unreachable: &[Id]) -> Calls {
        let mut calls = Calls::new();
        for weak in self.weak_references_touching(unreachable) {
            let uncertain = self.nodes[weak].is_uncertain();
            self.clear_weak(weak);
            let is_reachable = unreachable.binary_search(&weak).is_err();
            match self.nodes[weak].callback() {
                Some(callback) if is_reachable && self.is_owed(callback.data, uncertain) => {
                    calls.insert((callback.data, weak));
                }
                _ => self.drop_callback(weak),
            }
        }
        calls
    }

    /// Runs finalizers in the guide's order, and in order of their `data` where the guide has none. An object may be
    /// gone before its turn: it died by counting in another one's hook.
    fn finalize_each(&mut self, mut hooks: Calls) {
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
    fn follow(&mut self, mut garbage: Garbage) {
        loop {
            match self.recorder.next() {
                Some(Event::Died(id)) if self.may_reclaim(id, &mut garbage) => {
                    let mut calls = self.clear_weak_references(id);
                    // A weak reference that is garbage too is not called, unless only counting gets at it, later.
                    let ahead = self.recorder.ahead().unwrap_or_default();
                    let found = |weak: Id| self.found.binary_search(&weak).is_ok();
                    calls.retain(|(data, weak)| !found(*weak) || ahead.contains(&Event::Hook(*data)));
                    self.bury(id);
                    self.call_back(calls, None);
                }
                Some(Event::Hook(data)) if self.run_allowed_hook(data, &mut garbage) => {}
                _ => return,
            }
        }
    }

    fn may_reclaim(&self, id: Id, garbage: &mut Garbage) -> bool {
        self.is_gone(id, garbage) && self.nodes[id].finalizer().is_none()
    }

    /// Runs the finalizer of an object that was found gone, or a callback for one, if that is whose hook it is.
    fn run_allowed_hook(&mut self, data: u64, garbage: &mut Garbage) -> bool {
        let Some(id) = self.hook_owners.get(&data).copied() else { return false };
        // The weak reference itself may be garbage that a partial collection does not look at.
        if let Some(target) = self.nodes[id].target()
            && self.is_gone(target, garbage)
        {
            self.clear_weak(id);
            self.call_back(Calls::from([(data, id)]), None);
            return true;
        }
        // All finalizers run, those of objects that another one resurrected included.
        let finalizable = self.nodes[id].finalizer().is_some()
            && (self.found.binary_search(&id).is_ok() || self.is_gone(id, garbage));
        if finalizable {
            self.finalize(id);
        }
        finalizable
    }

    /// Reclaims an object that a collection found. Those that it refers to lose a reference and live on for now.
    fn bury(&mut self, id: Id) {
        self.clear_weak(id);
        let Some(node) = self.forget(id) else { return };
        for value in node.values() {
            // Garbage that is swept later may refer to garbage that was swept.
            let Some(child) = self.nodes.get_mut(value) else { continue };
            child.count -= 1;
            if child.count == 0 && P::CAPABILITIES.prompt {
                self.uncounted.push(value);
            }
        }
        self.report_death(id);
    }

    /// Kills by counting what the buried referred to last.
    fn release_the_uncounted(&mut self) {
        let mut uncounted = std::mem::take(&mut self.uncounted);
        uncounted.sort_unstable();
        for id in uncounted {
            if self.nodes.get(id).is_some_and(|node| node.count == 0 && !node.immortal) {
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

#[cfg(test)]
mod tests;
