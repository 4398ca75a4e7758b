//! An object of the graph.

use heapbench_heap::{Hook, Kind, Shape};

/// Serial number of an object, from 0 in order of allocation. Never used again.
pub type Id = usize;

/// An object, alive or dead.
#[derive(Debug)]
pub struct Node<H> {
    /// The kind.
    pub kind: Kind,
    /// References.
    pub slots: Vec<Option<Id>>,
    /// Bytes.
    pub payload: Vec<u8>,
    /// Not yet reclaimed.
    pub alive: bool,
    /// Reachable for ever.
    pub immortal: bool,
    /// It counts as reachable until the next `unfreeze`.
    pub frozen: bool,
    /// References to it: from slots of the living, locals, and references in flight.
    pub count: usize,
    /// The finalizer that has not run.
    pub finalizer: Option<Hook<H>>,
    /// A finalizer has run: there is never another one.
    pub finalized: bool,
    /// Weak references to it, in order of creation.
    pub weak_references: Vec<Id>,
    /// Of a weak reference: the target, `None` once it is cleared.
    pub target: Option<Id>,
    /// Of a weak reference: it may have been cleared by a partial collection, which does not say so.
    pub uncertain: bool,
    /// Of a weak reference: the callback that has not been called.
    pub callback: Option<Hook<H>>,
}

impl<H> Node<H> {
    /// A new object, all slots nil, all bytes zero, with no reference to it.
    pub fn new(shape: Shape) -> Node<H> {
        Node {
            kind: shape.kind,
            slots: vec![None; shape.slots as usize],
            payload: vec![0; shape.bytes],
            alive: true,
            immortal: false,
            frozen: false,
            count: 0,
            finalizer: None,
            finalized: false,
            weak_references: Vec::new(),
            target: None,
            uncertain: false,
            callback: None,
        }
    }

    /// The shape as of now.
    pub fn shape(&self) -> Shape {
        Shape::new(self.kind, self.slots.len() as u32, self.payload.len())
    }
}
