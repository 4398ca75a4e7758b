//! An object of the graph, as small as can be: what few objects have is in a box of its own.

use heapbench_heap::{Hook, Kind, Shape};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Serial number of an object, from 0 in order of allocation. Never used again.
pub type Id = usize;

/// What a slot holds: an object or nil, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(Id);

impl Slot {
    /// No object.
    pub const NIL: Slot = Slot(Id::MAX);

    /// The object, `None` for nil.
    #[inline]
    pub fn get(self) -> Option<Id> {
        if self == Slot::NIL { None } else { Some(self.0) }
    }
}

impl From<Option<Id>> for Slot {
    #[inline]
    fn from(value: Option<Id>) -> Slot {
        value.map_or(Slot::NIL, Slot)
    }
}

/// An object that has not been reclaimed.
#[derive(Debug)]
pub struct Node<H> {
    /// References.
    pub(crate) slots: Vec<Slot>,
    /// Bytes.
    pub(crate) payload: Box<[u8]>,
    /// References to it: from slots of the living, locals, and references in flight.
    pub(crate) count: u64,
    pub(crate) rare: Option<Box<Rare<H>>>,
    /// The last walk that came here.
    pub(crate) mark: Cell<u32>,
    pub(crate) kind: Kind,
    /// Reachable for ever.
    pub(crate) immortal: bool,
    /// It counts as reachable until the next `unfreeze`.
    pub(crate) frozen: bool,
    /// A finalizer has run: there is never another one.
    pub(crate) finalized: bool,
}

/// What few objects have.
#[derive(Debug)]
pub(crate) struct Rare<H> {
    /// The finalizer that has not run.
    pub(crate) finalizer: Option<Hook<H>>,
    /// Weak references to the object; by number is in order of creation.
    pub(crate) weak_references: BTreeSet<Id>,
    /// Of a weak reference: the target, `None` once it is cleared.
    pub(crate) target: Option<Id>,
    /// Of a weak reference: it may have been cleared by a partial collection, which does not say so.
    pub(crate) uncertain: bool,
    /// Of a weak reference: the callback that has not been called.
    pub(crate) callback: Option<Hook<H>>,
}

impl<H> Node<H> {
    /// A new object, all slots nil, all bytes zero, with no reference to it. Bytes that are never written take no
    /// memory where the system gives zeroed pages on demand.
    pub(crate) fn new(shape: Shape) -> Node<H> {
        Node {
            slots: vec![Slot::NIL; shape.slots as usize],
            payload: vec![0; shape.bytes].into_boxed_slice(),
            count: 0,
            rare: None,
            mark: Cell::new(0),
            kind: shape.kind,
            immortal: false,
            frozen: false,
            finalized: false,
        }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The shape as of now.
    pub fn shape(&self) -> Shape {
        Shape::new(self.kind, self.slots.len() as u32, self.payload.len())
    }

    /// The slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The objects that the slots hold, in order, nil left out.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = Id> + '_ {
        self.slots.iter().filter_map(|slot| slot.get())
    }

    /// The bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// References to it: from slots of the living, locals, and references in flight. Immortal handles do not count.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether it is reachable for ever.
    pub fn is_immortal(&self) -> bool {
        self.immortal
    }

    /// Whether it counts as reachable until the next `unfreeze`.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Of a weak reference: the target, `None` once it is cleared.
    pub fn target(&self) -> Option<Id> {
        self.rare.as_ref()?.target
    }

    /// Of a weak reference: a partial collection may have cleared it without saying so.
    pub fn is_uncertain(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.uncertain)
    }

    /// The finalizer that has not run.
    pub(crate) fn finalizer(&self) -> Option<Hook<H>> {
        self.rare.as_ref()?.finalizer
    }

    /// Of a weak reference: the callback that has not been called.
    pub(crate) fn callback(&self) -> Option<Hook<H>> {
        self.rare.as_ref()?.callback
    }

    pub(crate) fn rare_mut(&mut self) -> &mut Rare<H> {
        self.rare.get_or_insert_with(|| {
            Box::new(Rare {
                finalizer: None,
                weak_references: BTreeSet::new(),
                target: None,
                uncertain: false,
                callback: None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert_eq!(size_of::<Option<Node<()>>>(), 64);
    }
}
