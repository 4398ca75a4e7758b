//! Tables beside the heap: they grow under the heap's limit, and before anything depends on it.
//!
//! A collection takes no memory, so that it is possible when there is none. What it needs to remember is therefore
//! provided for when a finalizer or weak reference is made: `doomed` always has room for every finalizable object, and
//! for every target of a weak reference. Objects that hooks write to are remembered while there is room; beyond
//! that, all marked objects between the first and the last of them are (`MarkQueue::leave`).

use crate::MarkSweep;
use crate::mark::{grow_within, growth};
use heapbench_heap::{Hook, Kind, Recorder};
use heapbench_memory::object::WORD;
use heapbench_memory::{Flag, Ref, injection};

/// Bytes by which the attachment tables may grow beyond twice their size: the smallest table, for each of three.
const SMALLEST_TABLES: usize = 3 * 3 * 40;

impl<R: Recorder> MarkSweep<R> {
    /// Bytes held outside the space.
    pub(crate) fn outside_bytes(&self) -> usize {
        let lists = [&self.immortals, &self.weak_references, &self.remembered, &self.doomed];
        let words: usize = lists.iter().map(|list| list.capacity()).sum();
        words * WORD + self.queue.held_bytes() + self.attachments_bytes + self.frozen.held_bytes()
    }

    /// Bytes that may still be held under the limit.
    pub(crate) fn allowance(&self) -> usize {
        self.space.limit.saturating_sub(self.space.held_bytes() + self.outside_bytes())
    }

    /// Bytes by which the attachment tables grow, at most, when they do. Whether they do, they do not tell beforehand.
    fn attachments_growth(&self) -> usize {
        self.attachments_bytes + SMALLEST_TABLES
    }

    /// To be called after every growth. The attachment tables keep their memory when entries go, but do not count
    /// all of it then: what they held at most is what they hold.
    fn note_growth(&mut self) {
        self.attachments_bytes = self.attachments_bytes.max(self.attachments.held_bytes());
        self.space.outside = self.outside_bytes();
    }

    /// Room in `doomed` for so many objects.
    fn reserve_doomed(&mut self, objects: usize, allowance: &mut usize) -> bool {
        let more = objects.saturating_sub(self.doomed.len());
        grow_within(&mut self.doomed, more, allowance)
    }

    /// Room for one weak reference in all tables. False: there is none, within the limit or at all.
    pub(crate) fn reserve_weak(&mut self) -> bool {
        let Some(mut allowance) = self.allowance().checked_sub(self.attachments_growth()) else {
            return false;
        };
        let targets = self.attachments.targets().count() + 1;
        let reserved = self.reserve_doomed(targets, &mut allowance)
            && grow_within(&mut self.weak_references, 1, &mut allowance)
            && self.attachments.reserve_weak().is_ok();
        self.note_growth();
        reserved
    }

    /// Attaches a finalizer, where the object takes one. False: there is no room, within the limit or at all, and nothing changed.
    pub(crate) fn attach_finalizer(&mut self, object: Ref, finalizer: Hook<Self>) -> bool {
        if object.is_leaf() || object.kind() == Kind::Weak || object.has(Flag::Finalized) {
            return true;
        }
        let Some(mut allowance) = self.allowance().checked_sub(self.attachments_growth()) else {
            return false;
        };
        let finalizable = self.attachments.finalizable().count() + 1;
        let attached = self.reserve_doomed(finalizable, &mut allowance)
            && self.attachments.set_finalizer(object, finalizer).is_ok();
        self.note_growth();
        attached
    }

    /// Room for one immortal object. False: there is none, within the limit or at all.
    pub(crate) fn reserve_immortal(&mut self) -> bool {
        let mut allowance = self.allowance();
        let reserved = grow_within(&mut self.immortals, 1, &mut allowance);
        self.note_growth();
        reserved
    }

    /// A hook wrote to the object's slots.
    #[cold]
    #[inline(never)]
    pub(crate) fn remember(&mut self, object: Ref) {
        if !self.is_marked(object) || self.remembered.last() == Some(&object) {
            return;
        }
        let room = growth(&self.remembered, 1) <= self.allowance();
        if room && injection::reserve(&mut self.remembered, 1).is_ok() {
            self.remembered.push(object);
        } else {
            self.queue.leave(object);
        }
    }
}
