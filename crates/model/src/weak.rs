//! Weak references: objects of their own, cleared when their target dies, and called back.

use heapbench_heap::{Hook, Local};
use std::collections::BTreeSet;

use crate::{Event, Guide, Id, Model, Promise};

/// Callbacks that wait to be called: the hook's `data`, and the weak reference.
pub(crate) type Calls = BTreeSet<(u64, Id)>;

impl<P: Promise, R: Guide> Model<P, R> {
    /// Makes an object a weak reference. Region heaps never clear one: they need no callback.
    pub(crate) fn attach_weak(&mut self, weak: Id, target: Id, callback: Option<Hook<Self>>) {
        let rare = self.nodes[weak].rare_mut();
        (rare.target, rare.callback) = (Some(target), callback);
        self.nodes[target].rare_mut().weak_references.insert(weak);
        callback.into_iter().for_each(|hook| _ = self.hook_owners.insert(hook.data, weak));
    }

    /// Gives a weak reference's target to a local; whether it has one.
    pub(crate) fn upgrade_weak(&mut self, dst: Local, weak: Id) -> bool {
        if self.may_be_cleared(weak) && self.recorder.next() == Some(Event::Upgraded(false)) {
            self.clear_weak(weak);
            self.drop_callback(weak);
        }
        let target = self.nodes[weak].target();
        if let Some(rare) = &mut self.nodes[weak].rare {
            rare.uncertain = false;
        }
        if target.is_some() {
            self.retain(target);
            self.assign(dst, target);
            self.stirred += 1;
            // It may have been garbage, and have refreshed other garbage.
            if !self.condemned.is_empty() {
                let unreachable = self.unreachable();
                self.condemned.retain(|id| unreachable.binary_search(id).is_ok());
            }
        }
        target.is_some()
    }

    /// Whether a partial collection, under way or past, may have cleared the weak reference without a call.
    fn may_be_cleared(&self, weak: Id) -> bool {
        let node = &self.nodes[weak];
        let found = |id: Id| self.found.binary_search(&id).is_ok();
        node.is_uncertain() || found(weak) || node.callback().is_none() && node.target().is_some_and(found)
    }

    /// Clears a weak reference. Its callback stays, for the caller to call or to drop.
    pub(crate) fn clear_weak(&mut self, weak: Id) {
        let Some(rare) = self.nodes.get_mut(weak).and_then(|node| node.rare.as_mut()) else { return };
        rare.uncertain = false;
        if let Some(target) = rare.target.take()
            && let Some(rare) = self.nodes.get_mut(target).and_then(|node| node.rare.as_mut())
        {
            rare.weak_references.remove(&weak);
        }
    }

    pub(crate) fn drop_callback(&mut self, weak: Id) {
        _ = self.take_callback(weak);
    }

    fn take_callback(&mut self, weak: Id) -> Option<Hook<Self>> {
        let callback = self.nodes.get_mut(weak)?.rare.as_mut()?.callback.take()?;
        self.hook_owners.remove(&callback.data);
        Some(callback)
    }

    /// Clears the weak references to a dying object, and its own target. The calls to be made.
    pub(crate) fn clear_weak_references(&mut self, id: Id) -> Calls {
        let mut calls = Calls::new();
        if self.nodes[id].rare.is_none() {
            return calls;
        }
        self.clear_weak(id);
        self.drop_callback(id);
        for weak in std::mem::take(&mut self.nodes[id].rare_mut().weak_references) {
            // A collection that runs does not call the callback of one that it found too.
            let uncertain = self.nodes[weak].is_uncertain() || self.found.binary_search(&weak).is_ok();
            self.clear_weak(weak);
            match self.nodes[weak].callback() {
                Some(callback) if self.is_owed(callback.data, uncertain) => {
                    calls.insert((callback.data, weak));
                }
                _ => self.drop_callback(weak),
            }
        }
        calls
    }

    /// Whether a callback is to be called now that its weak reference is cleared. Of one that may have been cleared
    /// before, without a call, the guide says so.
    pub(crate) fn is_owed(&self, callback: u64, uncertain: bool) -> bool {
        let called = |ahead: &[Event]| ahead.contains(&Event::Hook(callback));
        !uncertain || self.recorder.ahead().is_some_and(called)
    }

    /// Calls the callbacks of weak references, each of which is held until its own is called, in the guide's order
    /// or by the hooks' `data`. `dying` is the object whose death is still to be reported: the contract does not say
    /// whether the report or the calls come first.
    pub(crate) fn call_back(&mut self, mut calls: Calls, mut dying: Option<Id>) {
        for (_, weak) in &calls {
            self.nodes[*weak].count += 1;
            self.in_flight.push(*weak);
        }
        while dying.is_some() || !calls.is_empty() {
            let guided = self.guided_hook(&calls);
            if guided.is_none()
                && let Some(id) = dying.take()
            {
                self.report_death(id);
            } else if let Some(call) = guided.or(calls.first().copied()) {
                calls.remove(&call);
                self.call_back_one(call.1);
            }
        }
    }

    fn call_back_one(&mut self, weak: Id) {
        if let Some(callback) = self.take_callback(weak) {
            self.counters.callbacks_run += 1;
            let left = self.call(callback, weak);
            self.release(left);
        }
        if let Some(held) = self.in_flight.iter().rposition(|id| *id == weak) {
            self.in_flight.remove(held);
            self.release(Some(weak));
        }
    }

    /// Which of these hooks the guide calls next.
    pub(crate) fn guided_hook(&self, hooks: &Calls) -> Option<(u64, Id)> {
        let Some(Event::Hook(data)) = self.recorder.next() else { return None };
        hooks.range((data, 0)..).next().copied().filter(|hook| hook.0 == data)
    }
}
