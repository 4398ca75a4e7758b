//! The graph, its roots, and exact reachability.

use heapbench_heap::{Capabilities, Corruption, Counters, Local, Shape};
use rustc_hash::FxBuildHasher;
use std::cell::Cell;
use std::collections::HashMap;
use std::marker::PhantomData;

use crate::{Guide, Id, Node, Nodes};

/// The promises that the model keeps: those of the strategy that it is compared with.
pub trait Promise {
    /// The promises.
    const CAPABILITIES: Capabilities;
}

/// A heap as a plain graph.
#[derive(Debug)]
pub struct Model<P, R> {
    pub(crate) nodes: Nodes<Self>,
    /// The locals of all frames, the outermost first.
    pub(crate) stack: Vec<Option<Id>>,
    /// Where the current frame starts.
    pub(crate) base: usize,
    pub(crate) immortals: Vec<Id>,
    /// References that are in no slot and no local: to be released, the last one first, or on their way to a local.
    pub(crate) in_flight: Vec<Id>,
    /// Found unreachable by a collection that leaves the sweeping for later; in order.
    pub(crate) condemned: Vec<Id>,
    /// What the collection that is running found unreachable; in order.
    pub(crate) found: Vec<Id>,
    /// What a collection left without a reference: counting reclaims it in the end.
    pub(crate) uncounted: Vec<Id>,
    /// Whose hook it is, by the hook's `data`, as long as it may run.
    pub(crate) hook_owners: HashMap<u64, Id, FxBuildHasher>,
    /// Hooks called so far.
    pub(crate) hooks_called: u64,
    /// How often something unreachable may have become reachable: a hook was given it, a weak reference gave it.
    pub(crate) stirred: u64,
    pub(crate) collecting: bool,
    pub(crate) enabled: bool,
    /// There is a limit on memory: an allocation may collect before it fails.
    pub(crate) limited: bool,
    /// Requests for memory are being failed: see `set_scarce`.
    pub(crate) scarce: bool,
    pub(crate) counters: Counters,
    pub(crate) recorder: R,
    /// Walks of the graph so far, each with its own mark.
    pub(crate) walks: Cell<u32>,
    promise: PhantomData<P>,
}

impl<P: Promise, R: Guide> Model<P, R> {
    /// An empty model with one frame of no locals.
    pub fn empty(recorder: R) -> Self {
        Model {
            nodes: Nodes::new(),
            stack: Vec::new(),
            base: 0,
            immortals: Vec::new(),
            in_flight: Vec::new(),
            condemned: Vec::new(),
            found: Vec::new(),
            uncounted: Vec::new(),
            hook_owners: HashMap::default(),
            hooks_called: 0,
            stirred: 0,
            collecting: false,
            enabled: true,
            limited: false,
            scarce: false,
            counters: Counters::default(),
            recorder,
            walks: Cell::new(0),
            promise: PhantomData,
        }
    }

    /// The living, by serial number.
    pub fn nodes(&self) -> &Nodes<Self> {
        &self.nodes
    }

    /// The object that a local holds; `None` for nil and beyond the frame.
    #[inline]
    pub fn held(&self, local: Local) -> Option<Id> {
        self.stack.get(self.base + local.index()).copied().flatten()
    }

    /// Locals of the current frame.
    pub fn frame_len(&self) -> usize {
        self.stack.len() - self.base
    }

    /// What the locals of all frames hold, the outermost frame first.
    pub fn stack(&self) -> &[Option<Id>] {
        &self.stack
    }

    /// The immortal objects, in order of their handles.
    pub fn immortals(&self) -> &[Id] {
        &self.immortals
    }

    /// Objects not yet reclaimed, in order of creation.
    pub fn living(&self) -> impl Iterator<Item = Id> + '_ {
        self.nodes.iter().map(|(id, _)| id)
    }

    /// How many objects are not yet reclaimed.
    pub fn live(&self) -> usize {
        self.nodes.len()
    }

    /// Says whether the other heap's requests for memory are being failed: an allocation may then collect before it
    /// fails, and a collection need not run.
    pub fn set_scarce(&mut self, scarce: bool) {
        self.scarce = scarce;
    }

    /// The living that cannot be reached from locals, immortals, references in flight or the frozen; in order of
    /// creation.
    pub fn unreachable(&self) -> Vec<Id> {
        let mark = self.next_mark();
        let roots = self.stack.iter().flatten().chain(&self.immortals).chain(&self.in_flight).copied();
        let frozen = self.nodes.iter().filter(|(_, node)| node.frozen).map(|(id, _)| id);
        let mut queue: Vec<Id> = roots.chain(frozen).collect();
        while let Some(id) = queue.pop() {
            if let Some(node) = self.nodes.get(id).filter(|node| node.mark.replace(mark) != mark) {
                queue.extend(node.values());
            }
        }
        self.nodes.iter().filter(|(_, node)| node.mark.get() != mark).map(|(id, _)| id).collect()
    }

    /// A mark that no node carries.
    fn next_mark(&self) -> u32 {
        if self.walks.get() == u32::MAX {
            self.nodes.iter().for_each(|(_, node)| node.mark.set(0));
            self.walks.set(0);
        }
        self.walks.set(self.walks.get() + 1);
        self.walks.get()
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
        let id = self.nodes.insert(Node::new(shape));
        self.counters.objects_allocated += 1;
        self.recorder.allocated(id, shape, shape.bytes);
        id
    }

    /// Counts one more reference.
    pub(crate) fn retain(&mut self, value: Option<Id>) -> Option<Id> {
        if let Some(id) = value {
            self.nodes[id].count += 1;
        }
        value
    }

    /// Takes the object out of the graph, with all that is known of it.
    pub(crate) fn forget(&mut self, id: Id) -> Option<Node<Self>> {
        let node = self.nodes.remove(id)?;
        for hook in [node.finalizer(), node.callback()].into_iter().flatten() {
            self.hook_owners.remove(&hook.data);
        }
        Some(node)
    }

    /// Counts all references anew and compares, and finds references to the dead.
    ///
    /// # Errors
    /// The first object whose count is wrong, or that is dead and referred to.
    pub fn check(&self) -> Result<(), Corruption> {
        let mut counts: HashMap<Id, u64, FxBuildHasher> = HashMap::default();
        let slots = self.nodes.iter().flat_map(|(_, node)| node.values());
        let roots = self.stack.iter().flatten().chain(&self.in_flight).copied();
        for id in slots.chain(roots) {
            *counts.entry(id).or_insert(0) += 1;
            // Garbage that is swept later may refer to garbage that was swept.
            if P::CAPABILITIES.prompt && !self.nodes.contains(id) {
                return Err(Corruption::new(format!(
                    "object {id} is dead, expected alive: it is referred to"
                )));
            }
        }
        for (id, node) in self.nodes.iter() {
            let expected = counts.get(&id).copied().unwrap_or(0);
            if node.count != expected {
                let what = format!("object {id} has count {}, expected {expected}", node.count);
                return Err(Corruption::new(what));
            }
        }
        Ok(())
    }
}
