//! What few objects have, kept in tables beside the heap: finalizers, weak references and their callbacks.
//!
//! An object that a table knows has [`Flag::Attached`] set, so that all others cost one bit test. The target of a
//! weak reference stands in the weak reference's own first payload word; its cleared state is nil.
//!
//! # Invariants
//! 1. `Attached` is set exactly on the objects that are keys of a table or weak references.
//! 2. A weak reference with a target is in that target's list, and nowhere else.
//! 3. Tables keep insertion order, so that a run is the same in every process.

use crate::object::{Flag, Ref, WORD};
use heapbench_heap::{Corruption, Hook, Kind, Shape};
use indexmap::IndexMap;

/// The shape of a weak reference: `PyWeakReference` is 64 bytes (CPython 3.13), count and header included.
pub const WEAK_SHAPE: Shape = Shape::new(Kind::Weak, 0, 48);

/// The tables.
#[derive(Debug)]
pub struct Attachments<H> {
    finalizers: IndexMap<Ref, Hook<H>>,
    weak_references: IndexMap<Ref, Vec<Ref>>,
    callbacks: IndexMap<Ref, Hook<H>>,
}

impl<H> Default for Attachments<H> {
    fn default() -> Self {
        Attachments {
            finalizers: IndexMap::new(),
            weak_references: IndexMap::new(),
            callbacks: IndexMap::new(),
        }
    }
}

impl<H> Attachments<H> {
    /// Attaches or replaces a finalizer; without effect on leaf kinds, weak references and the finalized.
    pub fn set_finalizer(&mut self, object: Ref, finalizer: Hook<H>) {
        if object.is_leaf() || object.kind() == Kind::Weak || object.has(Flag::Finalized) {
            return;
        }
        object.set_flag(Flag::Attached, true);
        self.finalizers.insert(object, finalizer);
    }

    /// Takes the finalizer of an object that is about to die, which never gets another one.
    pub fn take_finalizer(&mut self, object: Ref) -> Option<Hook<H>> {
        let finalizer = self.finalizers.swap_remove(&object)?;
        object.set_flag(Flag::Finalized, true);
        self.update_flag(object);
        Some(finalizer)
    }

    /// The objects with a finalizer, in order of attachment.
    pub fn finalizable(&self) -> impl Iterator<Item = Ref> + '_ {
        self.finalizers.keys().copied()
    }

    /// The objects that are weakly referenced, in order.
    pub fn targets(&self) -> impl Iterator<Item = Ref> + '_ {
        self.weak_references.keys().copied()
    }

    /// Makes `weak`, fresh and of [`WEAK_SHAPE`], refer to `target`.
    pub fn add_weak(&mut self, weak: Ref, target: Ref, callback: Option<Hook<H>>) {
        let kind = target.kind();
        assert!(
            !kind.is_leaf() && kind != Kind::Weak,
            "a weak reference to kind {}, which takes none",
            kind.name()
        );
        weak.set_flag(Flag::Attached, true);
        target.set_flag(Flag::Attached, true);
        set_target(weak, Some(target));
        self.weak_references.entry(target).or_default().push(weak);
        if let Some(callback) = callback {
            self.callbacks.insert(weak, callback);
        }
    }

    /// What a weak reference refers to.
    pub fn target(&self, weak: Ref) -> Option<Ref> {
        target(weak)
    }

    /// Clears all weak references to `object`, and gives them back in order of creation, each with its callback:
    /// the caller calls those whose reference is still reachable.
    pub fn clear_weak_references(&mut self, object: Ref) -> Vec<(Ref, Option<Hook<H>>)> {
        let Some(weaks) = self.weak_references.swap_remove(&object) else { return Vec::new() };
        self.update_flag(object);
        let cleared = |weak: Ref| {
            set_target(weak, None);
            (weak, self.callbacks.swap_remove(&weak))
        };
        weaks.into_iter().map(cleared).collect()
    }

    /// Clears one weak reference, without a call.
    pub fn clear_weak(&mut self, weak: Ref) {
        self.callbacks.swap_remove(&weak);
        let Some(object) = target(weak) else { return };
        set_target(weak, None);
        if let Some(weaks) = self.weak_references.get_mut(&object) {
            weaks.retain(|other| *other != weak);
            if weaks.is_empty() {
                self.weak_references.swap_remove(&object);
                self.update_flag(object);
            }
        }
    }

    /// Forgets an object that is reclaimed, whose weak references have been cleared.
    pub fn forget(&mut self, object: Ref) {
        if object.kind() == Kind::Weak {
            self.clear_weak(object);
        }
        self.finalizers.swap_remove(&object);
        debug_assert!(
            !self.weak_references.contains_key(&object),
            "weak references are cleared before death"
        );
    }

    /// An object moved: its entries follow. The header of `to` is that of `from`.
    pub fn moved(&mut self, from: Ref, to: Ref) {
        if let Some(hook) = self.finalizers.swap_remove(&from) {
            self.finalizers.insert(to, hook);
        }
        if let Some(hook) = self.callbacks.swap_remove(&from) {
            self.callbacks.insert(to, hook);
        }
        if let Some(weaks) = self.weak_references.swap_remove(&from) {
            weaks.iter().for_each(|weak| set_target(*weak, Some(to)));
            self.weak_references.insert(to, weaks);
        }
        if to.kind() == Kind::Weak
            && let Some(object) = target(to)
            && let Some(weaks) = self.weak_references.get_mut(&object)
        {
            weaks.iter_mut().filter(|weak| **weak == from).for_each(|weak| *weak = to);
        }
    }

    /// Forgets everything: the region is reset.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes that the tables take, about: entries with their hashes and the lists behind them.
    pub fn held_bytes(&self) -> usize {
        let lists: usize = self.weak_references.values().map(|list| list.capacity() * WORD).sum();
        let hooks = (self.finalizers.capacity() + self.callbacks.capacity()) * 40;
        hooks + self.weak_references.capacity() * 48 + lists
    }

    /// Checks the invariants of the head of this file for the tables' own entries.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn verify(&self) -> Result<(), Corruption> {
        let mut keys = self.finalizers.keys().chain(self.weak_references.keys()).chain(self.callbacks.keys());
        if let Some(object) = keys.find(|object| !object.has(Flag::Attached)) {
            return Err(Corruption::new(format!("{object:?} has attachments, expected its flag set")));
        }
        for (object, weaks) in &self.weak_references {
            if let Some(weak) = weaks.iter().find(|weak| target(**weak) != Some(*object)) {
                return Err(Corruption::new(format!(
                    "{weak:?} is listed as referring to {object:?}, and does not"
                )));
            }
        }
        Ok(())
    }

    fn update_flag(&self, object: Ref) {
        let known = self.finalizers.contains_key(&object) || self.weak_references.contains_key(&object);
        object.set_flag(Flag::Attached, known || object.kind() == Kind::Weak);
    }
}

fn target(weak: Ref) -> Option<Ref> {
    assert!(
        weak.kind() == Kind::Weak,
        "{weak:?} is of kind {}, expected a weak reference",
        weak.kind().name()
    );
    // SAFETY: a weak reference's payload is 48 initialised bytes, aligned to 8, the first word of which only
    // `set_target` writes: nil (zero) or a reference.
    unsafe { weak.payload().cast::<Option<Ref>>().read() }
}

fn set_target(weak: Ref, target: Option<Ref>) {
    // SAFETY: as in `target`.
    unsafe { weak.payload().cast::<Option<Ref>>().write(target) }
}
