//! The graph, its roots, and exact reachability.

use heapbench_heap::{Capabilities, Corruption, Counters, Local, Shape};
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;

use crate::{Guide, Id, Node};

/// The promises that the model keeps: those of the strategy that it is compared with.
pub trait Promise {
    /// The promises.
    const CAPABILITIES: Capabilities;
}

/// A heap as a plain graph.
#[derive(Debug)]
pub struct Model<P, R> {
    pub(crate) nodes: Vec<Node<Self>>,
    /// The locals of all frames, the outermost first.
    pub(crate) stack: Vec<Option<Id>>,
    /// Where the current frame starts.
    pub(crate) base: usize,
    pub(crate) immortals: Vec<Id>,
    /// References that are in no slot and no local: to be released, the last one first, or on their way to a local.
    pub(crate) in_flight: Vec<Id>,
    /// Found unreachable by a collection that leaves the sweeping for later.
    pub(crate) condemned: BTreeSet<Id>,
    /// What the collection that is running found unreachable.
    pub(crate) found: BTreeSet<Id>,
    /// Whose hook it is, by the hook's `data`.
    pub(crate) hook_owners: HashMap<u64, Id>,
    pub(crate) collecting: bool,
    pub(crate) enabled: bool,
    /// There is a limit on memory: an allocation may collect before it fails.
    pub(crate) limited: bool,
    pub(crate) counters: Counters,
    pub(crate) recorder: R,
    promise: PhantomData<P>,
}

impl<P: Promise, R: Guide> Model<P, R> {
    /// An empty model with one frame of no locals.
    pub fn empty(recorder: R) -> Self {
        Model {
            nodes: Vec::new(),
            stack: Vec::new(),
            base: 0,
            immortals: Vec::new(),
            in_flight: Vec::new(),
            condemned: BTreeSet::new(),
            found: BTreeSet::new(),
            hook_owners: HashMap::new(),
            collecting: false,
            enabled: true,
            limited: false,
            counters: Counters::default(),
            recorder,
            promise: PhantomData,
        }
    }

    /// All objects that ever were, by serial number.
    pub fn nodes(&self) -> &[Node<Self>] {
        &self.nodes
    }

    /// The object that a local holds; `None` for nil and beyond the frame.
    pub fn held(&self, local: Local) -> Option<Id> {
        self.stack.get(self.base + local.index()).copied().flatten()
    }

    /// Locals of the current frame.
    pub fn frame_len(&self) -> usize {
        self.stack.len() - self.base
    }

    /// The immortal objects, in order of their handles.
    pub fn immortals(&self) -> &[Id] {
        &self.immortals
    }

    /// Objects not yet reclaimed, in order of creation.
    pub fn living(&self) -> impl Iterator<Item = Id> + '_ {
        (0..self.nodes.len()).filter(|id| self.nodes[*id].alive)
    }

    /// How many objects are not yet reclaimed.
    pub fn live(&self) -> usize {
        (self.counters.objects_allocated - self.counters.objects_freed) as usize
    }

    /// For each object, whether it can be reached from locals, immortals, references in flight or the frozen.
    pub fn reachable(&self) -> Vec<bool> {
        let locals = self.stack.iter().copied().flatten();
        let frozen = self.living().filter(|id| self.nodes[*id].frozen);
        self.reachable_from(
            locals.chain(self.immortals.iter().copied()).chain(self.in_flight.iter().copied()).chain(frozen),
        )
    }

    /// For each object, whether it can be reached from `roots`.
    pub fn reachable_from(&self, roots: impl Iterator<Item = Id>) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        let mut queue: Vec<Id> = roots.collect();
        while let Some(id) = queue.pop() {
            if !reached[id] {
                reached[id] = true;
                queue.extend(self.nodes[id].slots.iter().copied().flatten());
            }
        }
        reached
    }

    /// The object that a local holds.
    ///
    /// # Panics
    /// The local is nil: a mistake of the mutator.
    pub(crate) fn object(&self, local: Local) -> Id {
        self.held(local).unwrap_or_else(|| panic!("local {} is nil, expected an object", local.index()))
    }

    pub(crate) fn node(&self, local: Local) -> &Node<Self> {
        &self.nodes[self.object(local)]
    }

    /// Puts a value, whose reference is counted already, into a local, and releases the old one.
    pub(crate) fn assign(&mut self, local: Local, value: Option<Id>) {
        let old = std::mem::replace(&mut self.stack[self.base + local.index()], value);
        self.release(old);
    }

    pub(crate) fn create(&mut self, shape: Shape) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node::new(shape));
        self.counters.objects_allocated += 1;
        self.recorder.allocated(id, shape);
        id
    }

    /// Counts one more reference.
    pub(crate) fn retain(&mut self, value: Option<Id>) -> Option<Id> {
        if let Some(id) = value {
            self.nodes[id].count += 1;
        }
        value
    }

    /// Counts all references anew and compares, and finds references to the dead.
    ///
    /// # Errors
    /// The first object whose count is wrong, or that is dead and referred to.
    pub fn check(&self) -> Result<(), Corruption> {
        let mut counts = vec![0; self.nodes.len()];
        let slots = self.living().flat_map(|id| self.nodes[id].slots.iter().copied().flatten());
        let roots = self.stack.iter().copied().flatten().chain(self.in_flight.iter().copied());
        slots.chain(roots).for_each(|id| counts[id] += 1);
        for (id, node) in self.nodes.iter().enumerate() {
            if node.count != counts[id] {
                let what = format!("object {id} has count {}, expected {}", node.count, counts[id]);
                return Err(Corruption::new(what));
            }
            // Garbage that is swept later may refer to garbage that was swept.
            if !node.alive && counts[id] > 0 && P::CAPABILITIES.prompt {
                return Err(Corruption::new(format!(
                    "object {id} is dead, expected alive: it is referred to"
                )));
            }
        }
        Ok(())
    }
}
