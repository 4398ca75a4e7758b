//! One collection: mark, weak references, hooks, mark again from what the hooks changed, reclaim.
//!
//! While hooks run nothing is reclaimed and no cell in use is handed out, so that they may use every object, dead
//! or alive. What they may have made reachable again is found without tracing all over: new objects are born
//! marked, marked objects that are written to are remembered, and the second trace starts from the roots and from
//! the slots of the remembered. Objects that hooks made, or let go of, outlive the collection.
//! The order of death is that of CPython up to 3.14.

use crate::MarkSweep;
use crate::mark::Traced;
use crate::space::Contents;
use heapbench_heap::{Collected, Generation, Hook, HookFailed, Pause, Recorder, Work};
use heapbench_memory::Ref;

type Callbacks<R> = Vec<(Ref, Hook<MarkSweep<R>>)>;

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
        let callbacks = self.clear_weak_references();
        let finalizable: Vec<Ref> = self.attachments.finalizable().filter(|o| !self.is_marked(*o)).collect();
        let mut late = Vec::new();
        if !callbacks.is_empty() || !finalizable.is_empty() {
            self.run_hooks(callbacks, finalizable);
            self.trace();
            late = self.clear_weak_references();
        }
        self.forget_unreachable();
        let collected = self.reclaim();
        // Weak references that finalizers made to objects that died all the same.
        late.into_iter().for_each(|(weak, callback)| self.call_back(weak, callback));
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
        let (marks, queue) = (&mut self.space.marks, &mut self.queue);
        let mut traced = Traced::default();
        let locals = self.stack.roots().iter().filter_map(|root| root.get());
        for root in locals.chain(self.immortals.iter().copied()).chain(self.frozen.iter().copied()) {
            queue.enqueue(root, marks);
        }
        for object in std::mem::take(&mut self.remembered) {
            queue.scan_slots(object, marks, &mut traced);
        }
        queue.drain(marks, &mut traced);
        self.counters.objects_traced += traced.objects;
        self.counters.slots_traced += traced.slots;
        self.survivors.objects += traced.objects;
        self.survivors.bytes += traced.bytes;
    }

    /// Clears weak references to unmarked objects and unmarked weak references. Gives the callbacks of the cleared
    /// ones that are marked.
    fn clear_weak_references(&mut self) -> Callbacks<R> {
        let targets: Vec<Ref> =
            self.attachments.targets().filter(|target| !self.is_marked(*target)).collect();
        let mut callbacks = Vec::new();
        for target in targets {
            for (weak, callback) in self.attachments.clear_weak_references(target) {
                callbacks.extend(callback.filter(|_| self.is_marked(weak)).map(|callback| (weak, callback)));
            }
        }
        for weak in self.weak_references.iter().filter(|weak| !self.space.marks.has(weak.address())) {
            self.attachments.clear_weak(*weak);
        }
        callbacks
    }

    fn run_hooks(&mut self, callbacks: Callbacks<R>, finalizable: Vec<Ref>) {
        (self.hooks_running, self.space.singly) = (true, true);
        for (weak, callback) in callbacks {
            self.call_back(weak, callback);
        }
        for object in finalizable {
            if let Some(finalizer) = self.attachments.take_finalizer(object) {
                self.counters.finalizers_run += 1;
                self.run_hook(object, finalizer);
            }
        }
        (self.hooks_running, self.space.singly) = (false, false);
        self.space.retire();
    }

    fn call_back(&mut self, weak: Ref, callback: Hook<Self>) {
        self.counters.callbacks_run += 1;
        self.run_hook(weak, callback);
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

    /// A hook wrote to the object's slots.
    #[cold]
    #[inline(never)]
    pub(crate) fn remember(&mut self, object: Ref) {
        if self.is_marked(object) && self.remembered.last() != Some(&object) {
            self.remembered.push(object);
        }
    }

    /// Takes what is about to be reclaimed out of the tables: weak references, which are cleared by now, and
    /// finalizers that a hook attached to the dying.
    fn forget_unreachable(&mut self) {
        let marks = &self.space.marks;
        self.weak_references.retain(|weak| marks.has(weak.address()));
        let gone: Vec<Ref> = self.attachments.finalizable().filter(|o| !self.is_marked(*o)).collect();
        gone.into_iter().for_each(|object| self.attachments.forget(object));
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
