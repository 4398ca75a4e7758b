//! Death by counting: immediate, depth first, in CPython's order.
//!
//! The last reference to an object goes: its finalizer runs, while a local holds it. That local's release either kills
//! it, now without a finalizer, or finds it resurrected. It dies: weak references to it are cleared and their
//! callbacks called; then its slots are released in order, each with all its consequences.

use heapbench_heap::{Hook, Local};

use crate::{Event, Guide, Id, Model, Promise};

impl<P: Promise, R: Guide> Model<P, R> {
    /// Releases one reference, with all consequences.
    #[inline]
    pub(crate) fn release(&mut self, value: Option<Id>) {
        if let Some(id) = value
            && self.lower(id)
        {
            let settled = self.in_flight.len();
            self.expire(id);
            self.settle(settled);
        }
    }

    /// Releases references in order, each with all its consequences before the next.
    pub(crate) fn release_all(&mut self, values: impl DoubleEndedIterator<Item = Id>) {
        let settled = self.in_flight.len();
        self.in_flight.extend(values.rev());
        self.settle(settled);
    }

    /// Releases what is in flight, but for so many that were before.
    fn settle(&mut self, settled: usize) {
        while self.in_flight.len() > settled {
            if let Some(id) = self.in_flight.pop()
                && self.lower(id)
            {
                self.expire(id);
            }
        }
    }

    /// Takes a reference away; whether counting reclaims the object now.
    fn lower(&mut self, id: Id) -> bool {
        let Some(node) = self.nodes.get_mut(id) else { return false };
        node.count -= 1;
        if node.count > 0 || node.immortal || !P::CAPABILITIES.prompt {
            return false;
        }
        let held = self.is_held_by_collection(id);
        if held {
            self.uncounted.push(id);
        }
        !held
    }

    /// A collector may hold what it found until all finalizers have run: the contract gives deaths of one collection no
    /// order. The collection reclaims it in the end.
    fn is_held_by_collection(&self, id: Id) -> bool {
        if self.found.binary_search(&id).is_err() {
            return false;
        }
        let finalizer = self.nodes[id].finalizer().map(|hook| Event::Hook(hook.data));
        let next = self.recorder.next();
        next.is_some() && next != Some(Event::Died(id)) && next != finalizer
    }

    /// Finalizes an object without references, or where that was done before, kills it.
    fn expire(&mut self, id: Id) {
        match self.take_finalizer(id) {
            Some(finalizer) => {
                let left = self.call(finalizer, id);
                self.in_flight.extend(left);
            }
            None => self.die(id),
        }
    }

    fn die(&mut self, id: Id) {
        let calls = self.clear_weak_references(id);
        if let Some(node) = self.forget(id) {
            self.in_flight.extend(node.values().rev());
            self.call_back(calls, Some(id));
        }
    }

    /// The finalizer of an object that is about to be finalized, never to have another one.
    pub(crate) fn take_finalizer(&mut self, id: Id) -> Option<Hook<Self>> {
        let node = self.nodes.get_mut(id)?;
        let finalizer = node.rare.as_mut()?.finalizer.take()?;
        node.finalized = true;
        self.hook_owners.remove(&finalizer.data);
        self.counters.finalizers_run += 1;
        Some(finalizer)
    }

    /// Calls a hook with the object in a local of its own, and gives back what is left there, to be released.
    pub(crate) fn call(&mut self, hook: Hook<Self>, id: Id) -> Option<Id> {
        let value = self.retain(Some(id));
        let local = Local::new(self.frame_len() as u32);
        self.stack.push(value);
        self.hooks_called += 1;
        if self.found.binary_search(&id).is_ok() {
            self.stirred += 1;
        }
        if (hook.run)(self, local, hook.data).is_err() {
            self.counters.hook_failures += 1;
        }
        self.stack.pop().flatten()
    }

    pub(crate) fn report_death(&mut self, id: Id) {
        self.counters.objects_freed += 1;
        self.recorder.died(id);
    }
}
