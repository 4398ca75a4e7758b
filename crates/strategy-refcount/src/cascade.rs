//! The free cascade: what follows when a count reaches zero.
//!
//! Death is immediate and depth first: an object is finalized, reclaimed, and then its slots are released in order,
//! each with all its consequences. A recursive `tp_dealloc` does that on the native stack; here the path from the
//! first dead object to the current one is kept in the dead objects themselves, so that any depth works in constant
//! space: a dead object's count word links its parent on the path, and its first slot, released long ago, holds
//! the number of the slot where its release goes on. (CPython bounds its recursion by a trashcan instead, which
//! gives up the order: `Objects/object.c`, 3.13.)

use crate::collect::CycleCollector;
use crate::{RefCount, count};
use heapbench_heap::{Hook, Kind, Local, Pause, Recorder, Work};
use heapbench_memory::{Calls, Flag, MemorySource, Ref};
use std::cell::Cell;

/// Depth of the path down to which an object's memory is given back after that of its children, as CPython's
/// deallocators do: free lists then offer it in the order in which the next such structure is built. Deeper, an
/// object goes before its last child, so that a long list needs no way back.
const PATH: isize = 64;

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Raises the count of a value that is about to be stored.
    #[inline(always)]
    pub fn retain(&mut self, value: Option<Ref>) {
        if let Some(object) = value {
            self.counters.increments += 1;
            count::increment(object, C::SATURATED);
        }
    }

    /// Lowers the count of a value that was overwritten, and reclaims what dies of it.
    #[inline(always)]
    pub fn release(&mut self, value: Option<Ref>) {
        if let Some(object) = value {
            self.counters.decrements += 1;
            self.collector.released(object);
            if count::decrement(object, C::SATURATED) {
                self.reclaim(object);
            }
        }
    }

    /// Reclaims an object whose count is zero, and everything that dies with it.
    #[inline(never)]
    fn reclaim(&mut self, first: Ref) {
        self.note_peak();
        if !self.begin_death(first) {
            return;
        }
        let (freed_before, mut announced) = (self.counters.objects_freed, None);
        let (mut parent, mut current, mut slots, mut next) = (None::<Ref>, first, first.slots(), 0);
        let (mut room, mut decrements) = (PATH, 0);
        loop {
            next = next_held(slots, next);
            let Some(value) = slots.get(next).and_then(Cell::get) else {
                // SAFETY: the count is zero and the attachments are gone: nobody refers to the object any more.
                unsafe { self.destroy(current) };
                let Some(up) = parent else { break };
                (parent, current, slots, next) = (count::link(up), up, up.slots(), progress(up));
                room += 1;
                continue;
            };
            next += 1;
            decrements += 1;
            self.collector.released(value);
            if !count::decrement(value, C::SATURATED) || !self.begin_death(value) {
                continue;
            }
            if room > 0 || next_held(slots, next) < slots.len() {
                count::set_link(current, parent);
                save_progress(current, next);
                parent = Some(current);
                room -= 1;
            } else {
                // SAFETY: as above; the path need not come back here.
                unsafe { self.destroy(current) };
            }
            (current, slots, next) = (value, value.slots(), 0);
            if R::CASCADE_FLOOR < u64::MAX
                && announced.is_none()
                && self.counters.objects_freed - freed_before >= R::CASCADE_FLOOR
            {
                announced = Some(self.announce_cascade());
            }
        }
        self.counters.decrements += decrements;
        self.finish_cascade(self.counters.objects_freed - freed_before, announced == Some(true));
    }

    #[inline(always)]
    fn finish_cascade(&mut self, freed: u64, announced: bool) {
        if freed > 1 {
            self.counters.count_cascade(freed);
        }
        if announced {
            self.in_cascade = false;
            self.recorder.pause_stopped(Pause::Cascade, Work { traced: 0, freed });
        }
    }

    /// Asked once a cascade: tells the recorder that it is long, unless the mutator waits already: a cascade inside a
    /// collection, or inside another cascade's hook, is part of that pause.
    #[cold]
    #[inline(never)]
    fn announce_cascade(&mut self) -> bool {
        let outermost = self.pauses == 0 && !self.in_cascade;
        if outermost {
            self.recorder.pause_started(Pause::Cascade);
            self.in_cascade = true;
        }
        outermost
    }

    /// Finalizes an object whose count is zero, and if that leaves it dead, takes it from everybody's sight.
    /// False when it was resurrected.
    #[inline(always)]
    fn begin_death(&mut self, object: Ref) -> bool {
        if object.has(Flag::Attached) {
            return self.begin_attached_death(object);
        }
        self.bury(object);
        true
    }

    #[inline(always)]
    fn bury(&mut self, object: Ref) {
        self.collector.buried(object);
        if !object.is_leaf() {
            self.collector.dies(object);
        }
        if R::OBJECTS {
            self.census.swap_remove(&object);
            self.tell_references(object);
            self.recorder.died(object.address());
        }
    }

    /// Tells the recorder how many references an object holds, which are about to be released.
    #[inline(always)]
    pub fn tell_references(&mut self, object: Ref) {
        if R::OBJECTS {
            let held = object.slots().iter().filter(|slot| slot.get().is_some()).count();
            self.recorder.references(object.address(), held);
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_attached_death(&mut self, object: Ref) -> bool {
        if let Some(finalizer) = self.take_finalizer(object) {
            // One count is the cascade's own, so that whatever the hook does the object stays until it is over.
            count::set(object, 1);
            self.run_hook(object, finalizer);
            if !count::decrement(object, C::SATURATED) {
                return false;
            }
        }
        self.bury(object);
        if object.kind() == Kind::Weak {
            self.attachments.clear_weak(object);
        }
        let mut calls = Calls::default();
        self.attachments.clear_weak_references(object, &mut calls, |_| true);
        self.call_back(calls);
        true
    }

    /// The finalizer of an object, which is about to run.
    pub fn take_finalizer(&mut self, object: Ref) -> Option<Hook<Self>> {
        if !object.has(Flag::Attached) {
            return None;
        }
        let finalizer = self.attachments.take_finalizer(object)?;
        self.counters.finalizers_run += 1;
        Some(finalizer)
    }

    /// Calls the callbacks of weak references that are alive, each held until all are called.
    pub fn call_back(&mut self, mut calls: Calls) {
        calls.iter().for_each(|weak| self.retain(Some(weak)));
        while let Some((weak, callback)) = calls.pop(&mut self.attachments) {
            if let Some(callback) = callback {
                self.counters.callbacks_run += 1;
                self.run_hook(weak, callback);
            }
            self.release(Some(weak));
        }
    }

    /// Runs a hook in the current frame, lengthened by one local that holds the object.
    pub fn run_hook(&mut self, object: Ref, hook: Hook<Self>) {
        let Ok(local) = self.stack.push(object) else {
            self.counters.hook_failures += 1;
            return;
        };
        self.retain(Some(object));
        self.hooks += 1;
        if (hook.run)(self, local, hook.data).is_err() {
            self.counters.hook_failures += 1;
        }
        self.hooks -= 1;
        self.drop_pushed(local);
    }

    fn drop_pushed(&mut self, local: Local) {
        debug_assert_eq!(local.index() + 1, self.stack.len(), "a hook leaves the frames that it enters");
        let value = self.stack.pop();
        self.release(value);
    }

    /// Collections and other stretches that the mutator waits for nest: the recorder hears of the outermost.
    pub fn begin_pause(&mut self, pause: Pause) {
        if self.pauses == 0 && !self.in_cascade {
            self.recorder.pause_started(pause);
        }
        self.pauses += 1;
    }

    /// Ends what `begin_pause` began.
    pub fn end_pause(&mut self, pause: Pause, work: Work) {
        self.pauses -= 1;
        if self.pauses == 0 && !self.in_cascade {
            self.recorder.pause_stopped(pause, work);
        }
    }
}

/// The first slot at or after `from` that is not nil; the number of slots when there is none.
#[inline(always)]
fn next_held(slots: &[Cell<Option<Ref>>], from: usize) -> usize {
    let mut next = from;
    while next < slots.len() && slots[next].get().is_none() {
        next += 1;
    }
    next
}

/// Remembers in a dead object the slot where its release goes on; slot 0 has been released.
#[inline(always)]
fn save_progress(object: Ref, next: usize) {
    debug_assert!(next > 0);
    // SAFETY: the object has at least `next` > 0 slots; the word is written and read as a number by this file
    // only, while the object is dead.
    unsafe { object.slots().as_ptr().cast_mut().cast::<usize>().write(next) }
}

/// What `save_progress` remembered.
#[inline(always)]
fn progress(object: Ref) -> usize {
    // SAFETY: as in `save_progress`, which came first.
    unsafe { object.slots().as_ptr().cast_mut().cast::<usize>().read() }
}
