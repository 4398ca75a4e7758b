//! The frees: before each allocation, of what has died since the one before it.

use crate::Manual;
use crate::schedule::divergence;
use crate::settings::Use;
use heapbench_heap::{Kind, Pause, Recorder, Work};
use heapbench_memory::{Calls, Flag, MemorySource, Ref};

impl<M: MemorySource, R: Recorder> Manual<M, R> {
    /// Frees what is dead by the time of the next allocation, which is of this kind.
    #[inline(always)]
    pub(crate) fn free_the_dead(&mut self, kind: Kind) {
        let Some(deaths) = self.schedule.take_deaths() else { return };
        let next = self.schedule.next();
        if deaths.kind(next) != Some(kind) {
            return self.schedule.doubt(divergence(&deaths, next, kind));
        }
        let dead = deaths.before(next);
        if !dead.is_empty() {
            if self.settings.check
                && let Some(fault) = self.reachable_among(dead, next)
            {
                return self.schedule.doubt(fault);
            }
            self.free_each(dead);
        }
        self.schedule.believe(deaths);
    }

    /// Frees these objects. Those that an attempt at the same allocation freed, which then failed, are passed by.
    #[inline(never)]
    fn free_each(&mut self, dead: &[u32]) {
        if self.settings.schedule == Use::Walk {
            return dead.iter().for_each(|number| _ = std::hint::black_box(self.schedule.object(*number)));
        }
        self.peak_live = self.peak_live.max(self.source.live_bytes());
        let freed = self.counters.objects_freed;
        // As long as a cascade of counting that is worth telling: the mutator waits for the one as for the other.
        let is_pause = dead.len() as u64 >= R::CASCADE_FLOOR;
        if is_pause {
            self.recorder.pause_started(Pause::Cascade);
        }
        for number in dead {
            if let Some(object) = self.schedule.take(*number as usize) {
                self.free(object);
            }
        }
        if is_pause {
            let freed = self.counters.objects_freed - freed;
            self.recorder.pause_stopped(Pause::Cascade, Work { traced: 0, freed });
        }
    }

    /// Frees one object. What its slots refer to has a death of its own.
    #[inline(always)]
    fn free(&mut self, object: Ref) {
        if object.has(Flag::Attached) {
            self.detach(object);
        }
        if R::OBJECTS {
            self.recorder.died(object.address());
        }
        // SAFETY: the oracle says that nothing reachable refers to the object (invariant 1), the table does not any more,
        // and weak references to it have been cleared.
        unsafe { self.destroy(object) }
    }

    /// Clears weak references to the object, without callbacks; and takes it out of its target's, if it is one itself.
    #[inline(never)]
    fn detach(&mut self, object: Ref) {
        self.attachments.clear_weak_references(object, &mut Calls::default(), |_| false);
        self.attachments.forget(object);
    }

    /// The proof that the setting `check` asks for: what is wrong, if one of these can still be reached.
    #[cold]
    #[inline(never)]
    fn reachable_among(&self, dead: &[u32], next: usize) -> Option<String> {
        let reachable = self.trace();
        let number = *dead
            .iter()
            .find(|number| self.schedule.object(**number).is_some_and(|o| reachable.contains(&o)))?;
        let kind = self.schedule.object(number)?.kind().name();
        Some(format!(
            "object {number} of kind {kind} is to be freed before allocation {next}, expected one that cannot be \
             reached: the deaths are those of another program"
        ))
    }

    /// Whether a weak reference's target is dead already. The clock does not tell what dies before the next allocation from
    /// what has died: a trace does.
    pub(crate) fn is_dead(&self, target: Ref) -> bool {
        self.settings.schedule == Use::Follow
            && self.schedule.is_condemned(target)
            && !self.trace().contains(&target)
    }

    /// Frees everything if no local and no immortal handle refers to an object: the end of a region. With deaths there
    /// is nothing to do.
    pub(crate) fn try_reset(&mut self) -> bool {
        let is_held = || self.stack.roots().iter().any(|word| word.get().is_some());
        if !self.schedule.is_region || !self.immortals.is_empty() || is_held() {
            return false;
        }
        self.peak_live = self.peak_live.max(self.source.live_bytes());
        self.attachments.clear();
        for number in 0..self.schedule.next() {
            let Some(object) = self.schedule.take(number) else { continue };
            if R::OBJECTS {
                self.recorder.died(object.address());
            }
            // SAFETY: no root refers to an object, and the tables that did are empty.
            unsafe { self.destroy(object) }
        }
        self.schedule.clear();
        true
    }
}
