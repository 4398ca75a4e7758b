//! Death by counting: immediate, depth first, in CPython's order.
//!
//! The last reference to an object goes: its finalizer runs, while a local holds it. That local's release either kills
//! it, now without a finalizer, or finds it resurrected. It dies: weak references to it are cleared and their
//! callbacks called; then its slots are released in order, each with all its consequences.

use heapbench_heap::{Hook, Local};
use std::collections::BTreeSet;

use crate::{Event, Guide, Id, Model, Promise};

impl<P: Promise, R: Guide> Model<P, R> {
    /// Releases one reference, with all consequences.
    pub(crate) fn release(&mut self, value: Option<Id>) {
        self.release_all(vec![value]);
    }

    /// Releases references in order, each with all its consequences before the next.
    pub(crate) fn release_all(&mut self, values: Vec<Option<Id>>) {
        let settled = self.in_flight.len();
        self.in_flight.extend(values.into_iter().rev().flatten());
        while self.in_flight.len() > settled {
            if let Some(id) = self.in_flight.pop() {
                self.release_one(id);
            }
        }
    }

    fn release_one(&mut self, id: Id) {
        let node = &mut self.nodes[id];
        node.count -= 1;
        if node.count > 0 || node.immortal || !node.alive || !P::CAPABILITIES.prompt {
            return;
        }
        if self.is_held_by_collection(id) {
            return;
        }
        match self.take_finalizer(id) {
            Some(finalizer) => {
                let left = self.call(finalizer, id);
                self.in_flight.extend(left);
            }
            None => self.die(id),
        }
    }

    /// A collector may hold what it found until all finalizers have run: the contract gives deaths of one collection no
    /// order. The collection reclaims it in the end.
    fn is_held_by_collection(&self, id: Id) -> bool {
        let finalizer = self.nodes[id].finalizer.map(|hook| Event::Hook(hook.data));
        let next = self.recorder.next();
        self.found.contains(&id) && next.is_some() && next != Some(Event::Died(id)) && next != finalizer
    }

    /// The finalizer of an object that is about to be finalized, never to have another one.
    pub(crate) fn take_finalizer(&mut self, id: Id) -> Option<Hook<Self>> {
        let finalizer = self.nodes[id].finalizer.take()?;
        self.nodes[id].finalized = true;
        self.counters.finalizers_run += 1;
        Some(finalizer)
    }

    /// Calls a hook with the object in a local of its own, and gives back what is left there, to be released.
    pub(crate) fn call(&mut self, hook: Hook<Self>, id: Id) -> Option<Id> {
        let value = self.retain(Some(id));
        let local = Local::new(self.frame_len() as u32);
        self.stack.push(value);
        if (hook.run)(self, local, hook.data).is_err() {
            self.counters.hook_failures += 1;
        }
        self.stack.pop().flatten()
    }

    /// Calls the callbacks of weak references, each of which is held until its own is called, in the guide's order
    /// or by the hooks' `data`. `dying` is the object whose death is still to be reported: the contract does not say
    /// whether the report or the calls come first.
    pub(crate) fn call_back(&mut self, mut calls: BTreeSet<(u64, Id)>, mut dying: Option<Id>) {
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
        if let Some(callback) = self.nodes[weak].callback.take() {
            self.counters.callbacks_run += 1;
            let left = self.call(callback, weak);
            self.release(left);
        }
        if let Some(held) = self.in_flight.iter().rposition(|id| *id == weak) {
            self.in_flight.remove(held);
            self.release(Some(weak));
        }
    }

    /// Which of these hooks, by their `data`, the guide calls next.
    pub(crate) fn guided_hook(&self, hooks: &BTreeSet<(u64, Id)>) -> Option<(u64, Id)> {
        let Some(Event::Hook(data)) = self.recorder.next() else { return None };
        hooks.range((data, 0)..).next().copied().filter(|hook| hook.0 == data)
    }

    /// Clears a weak reference. Its callback stays, for the caller to call or to drop.
    pub(crate) fn clear_weak(&mut self, weak: Id) {
        if let Some(target) = self.nodes[weak].target.take() {
            self.nodes[target].weak_references.retain(|other| *other != weak);
        }
        self.nodes[weak].uncertain = false;
    }

    fn die(&mut self, id: Id) {
        let node = &mut self.nodes[id];
        node.alive = false;
        node.payload = Vec::new();
        let slots = std::mem::take(&mut node.slots);
        self.in_flight.extend(slots.into_iter().rev().flatten());
        let calls = self.clear_weak_references(id);
        self.call_back(calls, Some(id));
    }

    /// Clears the weak references to a dying object, and its own target. The calls to be made, by the hook's `data`.
    pub(crate) fn clear_weak_references(&mut self, id: Id) -> BTreeSet<(u64, Id)> {
        self.clear_weak(id);
        self.nodes[id].callback = None;
        let mut calls = BTreeSet::new();
        for weak in self.nodes[id].weak_references.clone() {
            let uncertain = self.nodes[weak].uncertain;
            self.clear_weak(weak);
            if let Some(callback) = self.nodes[weak].callback {
                let called = |ahead: &[Event]| ahead.contains(&Event::Hook(callback.data));
                if uncertain && !self.recorder.ahead().is_some_and(called) {
                    self.nodes[weak].callback = None;
                } else {
                    calls.insert((callback.data, weak));
                }
            }
        }
        calls
    }

    pub(crate) fn report_death(&mut self, id: Id) {
        self.counters.objects_freed += 1;
        self.recorder.died(id);
    }
}
