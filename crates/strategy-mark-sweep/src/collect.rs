//! One collection: mark, weak references, hooks, mark again from what the hooks changed, reclaim.
//!
//! While hooks run nothing is reclaimed and no cell in use is handed out, so that they may use every object, dead
//! or alive. What they may have made reachable again is found without tracing all over: new objects are born
//! marked, marked objects that are written to are remembered, and the second trace starts from the roots and from
//! the slots of the remembered. Objects that hooks made, or let go of, outlive the collection.
//! The order of death is that of CPython up to 3.14.
//!
//! A collection needs no memory: what it lists goes into `doomed`, which always has room (see `tables`), and the mark
//! queue gets by with what there is (see `mark`).

use crate::MarkSweep;
use crate::mark::Traced;
use crate::runs::Contents;
use heapbench_heap::{Collected, Generation, Hook, HookFailed, Pause, Recorder, Work};
use heapbench_memory::{Calls, Ref};

impl<R: Recorder> MarkSweep<R> {
    /// A full collection. Not to be called while one runs.
    pub(crate) fn collect_now(&mut self) -> Collected {
        let pause = Pause::Collection(Generation::FULL);
        self.recorder.pause_started(pause);
        self.collecting = true;
        self.counters.collections[Generation::FULL.index()] += 1;
        self.space.retire();
        self.survivors = Traced::default();
        self.trace();
        let calls = self.clear_weak_references();
        self.doom_finalizable();
        let mut late = Calls::default();
        if !calls.is_empty() || !self.doomed.is_empty() {
            self.run_hooks(calls);
            self.trace();
            late = self.clear_weak_references();
        }
        self.forget_unreachable();
        let collected = self.reclaim();
        // Weak references that finalizers made to objects that died all the same.
        self.call_back(late);
        self.collecting = false;
        let work = Work { traced: self.survivors.objects, freed: collected.objects };
        self.recorder.pause_stopped(pause, work);
        collected
    }

    pub(crate) fn is_marked(&self, object: Ref) -> bool {
        self.space.marks.has(object.address())
    }

    /// Marks all that is reachable from roots and remembered objects, and is not marked yet.
    fn trace(&mut self) {
        self.queue.allow(self.allowance());
        let (space, queue, mut traced) = (&mut self.space, &mut self.queue, Traced::default());
        let locals = self.stack.roots().iter().filter_map(|root| root.get());
        for root in locals.chain(self.immortals.iter().copied()).chain(self.frozen.iter()) {
            queue.enqueue(root, &mut space.marks, &mut traced);
        }
        for object in self.remembered.drain(..) {
            queue.scan_slots(object, &mut space.marks, &mut traced);
            queue.drain(&mut space.marks, &mut traced);
        }
        queue.finish(space, &mut traced);
        self.counters.objects_traced += traced.objects;
        self.counters.slots_traced += traced.slots;
        self.survivors.objects += traced.objects;
        self.survivors.bytes += traced.bytes;
    }

    /// Lists the objects with a finalizer that are not marked.
    fn doom_finalizable(&mut self) {
        let marks = &self.space.marks;
        let unmarked = self.attachments.finalizable().filter(|object| !marks.has(object.address()));
        list(&mut self.doomed, unmarked);
    }

    /// Clears weak references to unmarked objects and unmarked weak references. Gives the callbacks of the cleared
    /// ones that are marked.
    fn clear_weak_references(&mut self) -> Calls {
        let marks = &self.space.marks;
        let unmarked = self.attachments.targets().filter(|target| !marks.has(target.address()));
        list(&mut self.doomed, unmarked);
        let mut calls = Calls::default();
        for target in self.doomed.drain(..) {
            self.attachments.clear_weak_references(target, &mut calls, |weak| marks.has(weak.address()));
        }
        for weak in self.weak_references.iter().filter(|weak| !marks.has(weak.address())) {
            self.attachments.clear_weak(*weak);
        }
        calls
    }

    /// Runs the callbacks, then the finalizers of the doomed. Those that hooks attach meanwhile have to wait.
    fn run_hooks(&mut self, calls: Calls) {
        self.hooks_running = true;
        self.space.set_singly(true);
        self.call_back(calls);
        for index in 0..self.doomed.len() {
            let object = self.doomed[index];
            if let Some(finalizer) = self.attachments.take_finalizer(object) {
                self.counters.finalizers_run += 1;
                self.run_hook(object, finalizer);
            }
        }
        self.doomed.clear();
        self.hooks_running = false;
        self.space.set_singly(false);
        self.space.retire();
    }

    fn call_back(&mut self, mut calls: Calls) {
        while let Some((weak, callback)) = calls.pop(&mut self.attachments) {
            if let Some(callback) = callback {
                self.counters.callbacks_run += 1;
                self.run_hook(weak, callback);
            }
        }
    }

    /// Runs a hook in the current frame, lengthened by `object`.
    fn run_hook(&mut self, object: Ref, hook: Hook<Self>) {
        let ran = match self.stack.push(object) {
            Ok(local) => {
                let ran = (hook.run)(self, local, hook.data);
                self.stack.pop();
                ran
            }
            Err(_) => Err(HookFailed),
        };
        self.counters.hook_failures += u64::from(ran.is_err());
    }

    /// An object that a hook made survives. It is remembered when something is stored into it.
    pub(crate) fn bear_marked(&mut self, object: Ref, bytes: usize) {
        self.space.marks.set(object.address());
        if let Some(storage) = object.storage_block() {
            self.space.marks.set(storage.start.addr().get());
        }
        self.survivors.objects += 1;
        self.survivors.bytes += bytes as u64;
    }

    /// Takes what is about to be reclaimed out of the tables: weak references, which are cleared by now, and
    /// finalizers that a hook attached to the dying.
    fn forget_unreachable(&mut self) {
        let marks = &self.space.marks;
        self.weak_references.retain(|weak| marks.has(weak.address()));
        self.doom_finalizable();
        self.doomed.drain(..).for_each(|object| self.attachments.forget(object));
    }

    /// Reclaims all that is not marked, and plans the next collection.
    fn reclaim(&mut self) -> Collected {
        self.note_peak();
        if R::OBJECTS {
            for address in self.space.unmarked(Contents::Objects) {
                self.recorder.died(address);
            }
        }
        self.space.reclaim();
        let objects = self.live_objects() - self.survivors.objects;
        self.counters.bytes_freed += self.live_bytes() as u64 - self.survivors.bytes;
        self.counters.objects_freed += objects;
        self.counters.objects_collected += objects;
        let kept = self.sizing.restart(self.live_bytes(), self.counters.bytes_allocated);
        self.space.blocks.trim(kept.saturating_sub(self.space.blocks.used_bytes()));
        self.space.outside = self.outside_bytes();
        Collected { objects }
    }
}

/// Lists objects in `doomed`, which is empty and has room for all that attachments know.
fn list(doomed: &mut Vec<Ref>, objects: impl Iterator<Item = Ref>) {
    debug_assert!(doomed.is_empty());
    let room = doomed.capacity();
    doomed.extend(objects);
    debug_assert_eq!(doomed.capacity(), room, "reserved when the attachments were made");
}
