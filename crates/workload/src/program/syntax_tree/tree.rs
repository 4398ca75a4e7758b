//! Nodes: their classes, and the methods that all of them have.

use super::Running;
use crate::program::call::{Callable, SELF, class_of, construct};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, iterator, list};

/// Attributes of a node; a leaf has no children.
pub(super) const VALUE: usize = 0;
pub(super) const PARENT: usize = 1;
pub(super) const CHILDREN: usize = 2;

/// Classes of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Number,
    Name,
    Block,
    Assign,
    While,
    Binary,
}

/// All of them, in order.
pub(super) const CLASSES: [Class; 6] =
    [Class::Number, Class::Name, Class::Block, Class::Assign, Class::While, Class::Binary];

impl Class {
    /// `type(node)`.
    pub(super) fn of<H: Heap>(heap: &H, node: Local) -> Class {
        CLASSES[usize::from(class_of(heap, node))]
    }

    pub(super) const fn is_leaf(self) -> bool {
        matches!(self, Class::Number | Class::Name)
    }

    pub(super) const fn attributes(self) -> u32 {
        if self.is_leaf() { 2 } else { 3 }
    }

    /// What a visitor's method for the class is called.
    pub(super) const fn visitor(self) -> &'static str {
        match self {
            Class::Number => "visit_Number",
            Class::Name => "visit_Name",
            Class::Block => "visit_Block",
            Class::Assign => "visit_Assign",
            Class::While => "visit_While",
            Class::Binary => "visit_Binary",
        }
    }
}

/// `Class(value)`: the caller's last two locals are one that gets the node, and the value.
pub(super) fn construct_node<H: Heap>(
    heap: &mut H,
    statics: &Statics,
    callable: &mut Callable,
    class: Class,
) -> Result<(), OutOfMemory> {
    construct(heap, callable, 1, |heap, value| {
        statics.none(heap, value);
        heap.store_take(SELF, PARENT, value);
        if !class.is_leaf() {
            list::new(heap, value, 0)?;
            heap.store_take(SELF, CHILDREN, value);
        }
        Ok(())
    })
}

/// `node.adopt(child)`: the caller's last two locals are the arguments.
pub(super) fn adopt<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    const CHILD: Local = Local::new(1);
    const LIST: Local = Local::new(2);
    const ITEM: Local = Local::new(3);
    let frame = heap.enter(2, 4)?;
    heap.safepoint();
    heap.store(CHILD, PARENT, SELF);
    heap.load(LIST, SELF, CHILDREN);
    heap.copy(ITEM, CHILD);
    list::append(heap, LIST, ITEM)?;
    heap.leave(frame);
    Ok(())
}

impl Running<'_> {
    /// `node.copy()`: the node is in the caller's last local, and then the copy.
    pub(super) fn copy<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const NODE: Local = Local::new(1);
        const ITERATOR: Local = Local::new(2);
        const CHILD: Local = Local::new(3);
        /// The arguments of a call, the last ones; the first of them gets its result.
        const CALL: [Local; 2] = [Local::new(4), Local::new(5)];
        let frame = heap.enter(1, 6)?;
        heap.safepoint();
        let class = Class::of(heap, SELF);
        heap.load(CALL[1], SELF, VALUE);
        self.node(heap, class)?;
        heap.take(NODE, CALL[0]);
        if !class.is_leaf() {
            heap.load(CALL[0], SELF, CHILDREN);
            iterator::new_list(heap, ITERATOR, CALL[0])?;
            heap.clear(CALL[0]);
            while iterator::next_list(heap, CHILD, ITERATOR, CALL[0]) {
                heap.copy(CALL[0], NODE);
                heap.copy(CALL[1], CHILD);
                self.copy(heap)?;
                adopt(heap)?;
                heap.safepoint();
            }
            heap.clear(ITERATOR);
        }
        heap.leave_with(frame, NODE);
        Ok(())
    }
}
