//! What few objects have, kept beside the heap: finalizers, weak references and their callbacks.
//!
//! An object that a table knows has [`Flag::Attached`] set, so that all others cost one bit test. As in CPython
//! (`PyWeakReference`, `Include/cpython/weakrefobject.h`), the weak references to one object are a list through
//! themselves:
//!
//! ```text
//! payload of a weak reference: [target][previous][next][next to be called][16 spare]
//! ```
//!
//! A cleared one has nil as its target. So clearing takes no memory, which a death can not wait for.
//!
//! # Invariants
//! 1. `Attached` is set exactly on the objects that are keys of a table or weak references.
//! 2. A weak reference with a target is in that target's list once, and in no other.
//! 3. Tables and lists keep the order of creation where it shows, so that a run is the same in every process.

use crate::injection;
use crate::object::{Flag, Ref};
use heapbench_heap::{Corruption, Hook, Kind, OutOfMemory, Shape};
use indexmap::IndexMap;
use std::ptr::NonNull;

/// The shape of a weak reference: `PyWeakReference` is 64 bytes (CPython 3.13), count and header included.
pub const WEAK_SHAPE: Shape = Shape::new(Kind::Weak, 0, 48);

/// The weak references to one object: the oldest and the youngest.
#[derive(Clone, Copy, Debug)]
struct List {
    first: Ref,
    last: Ref,
}

/// The tables.
#[derive(Debug)]
pub struct Attachments<H> {
    finalizers: IndexMap<Ref, Hook<H>>,
    weak_references: IndexMap<Ref, List>,
    callbacks: IndexMap<Ref, Hook<H>>,
}

/// Cleared weak references whose callbacks are to be called, in order: a list through themselves. Whoever holds one
/// sees to it that they stay alive until their turn.
#[derive(Debug, Default)]
pub struct Calls {
    first: Option<Ref>,
    last: Option<Ref>,
}

impl Calls {
    /// Adds a weak reference, which has a callback and is on no such list.
    pub fn push(&mut self, weak: Ref) {
        set(weak, CALL, None);
        match self.last.replace(weak) {
            Some(last) => set(last, CALL, Some(weak)),
            None => self.first = Some(weak),
        }
    }

    /// Takes the next one off the list, and its callback out of the table.
    pub fn pop<H>(&mut self, attachments: &mut Attachments<H>) -> Option<(Ref, Option<Hook<H>>)> {
        let weak = self.first?;
        self.first = get(weak, CALL);
        if self.first.is_none() {
            self.last = None;
        }
        Some((weak, attachments.callbacks.swap_remove(&weak)))
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Those that wait, in order.
    pub fn iter(&self) -> impl Iterator<Item = Ref> + '_ {
        std::iter::successors(self.first, |weak| get(*weak, CALL))
    }
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
    ///
    /// # Errors
    /// No memory for the table: no effect.
    pub fn set_finalizer(&mut self, object: Ref, finalizer: Hook<H>) -> Result<(), OutOfMemory> {
        if object.is_leaf() || object.kind() == Kind::Weak || object.has(Flag::Finalized) {
            return Ok(());
        }
        injection::reserve(&mut self.finalizers, 1)?;
        object.set_flag(Flag::Attached, true);
        self.finalizers.insert(object, finalizer);
        Ok(())
    }

    /// Takes the finalizer of an object that is about to die, which never gets another one.
    pub fn take_finalizer(&mut self, object: Ref) -> Option<Hook<H>> {
        let finalizer = self.finalizers.swap_remove(&object)?;
        object.set_flag(Flag::Finalized, true);
        self.update_flag(object);
        Some(finalizer)
    }

    /// Whether the object has a finalizer that has not run.
    pub fn has_finalizer(&self, object: Ref) -> bool {
        self.finalizers.contains_key(&object)
    }

    /// The objects with a finalizer, in order of attachment.
    pub fn finalizable(&self) -> impl Iterator<Item = Ref> + '_ {
        self.finalizers.keys().copied()
    }

    /// The objects that are weakly referenced, in order.
    pub fn targets(&self) -> impl Iterator<Item = Ref> + '_ {
        self.weak_references.keys().copied()
    }

    /// Makes room for one weak reference, so that `add_weak` takes no memory. To be called before the object for it
    /// is made.
    ///
    /// # Errors
    /// No memory for the tables: no effect.
    pub fn reserve_weak(&mut self) -> Result<(), OutOfMemory> {
        injection::reserve(&mut self.weak_references, 1)?;
        injection::reserve(&mut self.callbacks, 1)
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
        let list = self.weak_references.entry(target).or_insert(List { first: weak, last: weak });
        let previous = (list.last != weak).then_some(list.last);
        list.last = weak;
        set(weak, TARGET, Some(target));
        set(weak, PREVIOUS, previous);
        set(weak, NEXT, None);
        if let Some(previous) = previous {
            set(previous, NEXT, Some(weak));
        }
        if let Some(callback) = callback {
            self.callbacks.insert(weak, callback);
        }
    }

    /// What a weak reference refers to.
    pub fn target(&self, weak: Ref) -> Option<Ref> {
        get(weak, TARGET)
    }

    /// The weak references to an object, in order of creation.
    pub fn weak_references(&self, object: Ref) -> impl Iterator<Item = Ref> + '_ {
        let first = self.weak_references.get(&object).map(|list| list.first);
        std::iter::successors(first, |weak| get(*weak, NEXT))
    }

    /// Clears all weak references to `object`, in order of creation. Of those with a callback, the ones that
    /// `is_called` says are put on the list of `calls`; the others lose it.
    pub fn clear_weak_references(
        &mut self,
        object: Ref,
        calls: &mut Calls,
        mut is_called: impl FnMut(Ref) -> bool,
    ) {
        let Some(list) = self.weak_references.swap_remove(&object) else { return };
        self.update_flag(object);
        let mut next = Some(list.first);
        while let Some(weak) = next {
            next = get(weak, NEXT);
            set(weak, TARGET, None);
            if !self.callbacks.contains_key(&weak) {
                continue;
            }
            if is_called(weak) {
                calls.push(weak);
            } else {
                self.callbacks.swap_remove(&weak);
            }
        }
    }

    /// Clears one weak reference, without a call.
    pub fn clear_weak(&mut self, weak: Ref) {
        self.callbacks.swap_remove(&weak);
        let Some(object) = get(weak, TARGET) else { return };
        set(weak, TARGET, None);
        let (previous, next) = (get(weak, PREVIOUS), get(weak, NEXT));
        if let Some(previous) = previous {
            set(previous, NEXT, next);
        }
        if let Some(next) = next {
            set(next, PREVIOUS, previous);
        }
        let Some(list) = self.weak_references.get_mut(&object) else { return };
        match (previous, next) {
            (None, None) => {
                self.weak_references.swap_remove(&object);
                self.update_flag(object);
            }
            (None, Some(next)) => list.first = next,
            (Some(previous), None) => list.last = previous,
            (Some(_), Some(_)) => {}
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

    /// Forgets everything: the region is reset.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes that the tables take, about: entries with their hashes.
    pub fn held_bytes(&self) -> usize {
        let hooks = (self.finalizers.capacity() + self.callbacks.capacity()) * 40;
        hooks + self.weak_references.capacity() * 40
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
        for (object, list) in &self.weak_references {
            let (mut previous, mut next) = (None, Some(list.first));
            while let Some(weak) = next {
                let is_weak = weak.kind() == Kind::Weak;
                if !is_weak || get(weak, TARGET) != Some(*object) || get(weak, PREVIOUS) != previous {
                    return Err(Corruption::new(format!(
                        "{weak:?} is listed as referring to {object:?} after {previous:?}, and does not"
                    )));
                }
                (previous, next) = (next, get(weak, NEXT));
            }
            if previous != Some(list.last) {
                return Err(Corruption::new(format!(
                    "the weak references to {object:?} end with {previous:?}, expected {:?}",
                    list.last
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

/// Words of a weak reference's payload.
const TARGET: usize = 0;
const PREVIOUS: usize = 1;
const NEXT: usize = 2;
const CALL: usize = 3;

fn word(weak: Ref, index: usize) -> NonNull<Option<Ref>> {
    assert!(
        weak.kind() == Kind::Weak,
        "{weak:?} is of kind {}, expected a weak reference",
        weak.kind().name()
    );
    let start = NonNull::new(weak.payload().cast::<Option<Ref>>());
    let start = start.expect("a payload lies behind its object's header, not at zero");
    // SAFETY: a weak reference's payload is 48 bytes, 6 words, and `index` one of the four above.
    unsafe { start.add(index) }
}

fn get(weak: Ref, index: usize) -> Option<Ref> {
    // SAFETY: the payload is initialised and aligned to 8, and only `set` writes it: nil (zero) or a reference.
    unsafe { word(weak, index).read() }
}

fn set(weak: Ref, index: usize, value: Option<Ref>) {
    // SAFETY: as in `get`.
    unsafe { word(weak, index).write(value) }
}
