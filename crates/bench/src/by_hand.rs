//! The programs that a heap is compared with: what a Rust programmer would write for the same work.
//!
//! Two shapes of the tree in `Rc`. *Python's shape* does what CPython's interpreter does: nodes can be changed
//! (`RefCell`), and each load and each argument is a clone. *Borrowed* is idiomatic Rust, which borrows where it can.

use bumpalo::Bump;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A tree node in Python's shape.
#[derive(Debug, Default)]
pub struct Node {
    children: [Option<Rc<RefCell<Node>>>; 2],
}

/// Builds a tree of `depth` levels below its root, one call for each node; children first, as `Node(build(), build())`
/// evaluates in Python.
pub fn build(depth: u32) -> Rc<RefCell<Node>> {
    let mut children = [None, None];
    if depth > 0 {
        children = [Some(build(depth - 1)), Some(build(depth - 1))];
    }
    Rc::new(RefCell::new(Node { children }))
}

/// Counts nodes, one call for each, with a clone for each load and argument.
pub fn walk(node: Rc<RefCell<Node>>) -> u64 {
    let mut nodes = 1;
    for slot in 0..2 {
        let Some(child) = node.borrow().children[slot].clone() else { break };
        nodes += walk(child.clone());
    }
    nodes
}

/// Counts nodes with borrowed references.
pub fn walk_borrowed(node: &RefCell<Node>) -> u64 {
    1 + node.borrow().children.iter().flatten().map(|child| walk_borrowed(child)).sum::<u64>()
}

/// A tree node in a bumpalo chunk, with `HEADER` words in front: none is the least a tree needs, one makes it as large
/// as an object that knows its own kind and size.
#[derive(Debug)]
pub struct BumpNode<'a, const HEADER: usize> {
    header: [u64; HEADER],
    children: [Cell<Option<&'a BumpNode<'a, HEADER>>>; 2],
}

/// Builds a tree in a bump arena, children first.
pub fn build_in<const HEADER: usize>(arena: &Bump, depth: u32) -> &BumpNode<'_, HEADER> {
    let mut children = [None, None];
    if depth > 0 {
        children = [Some(build_in(arena, depth - 1)), Some(build_in(arena, depth - 1))];
    }
    arena.alloc(BumpNode { header: [1; HEADER], children: children.map(Cell::new) })
}

/// Counts the nodes of a tree in a bump arena; where nodes have a header, it is what is counted.
pub fn walk_in<const HEADER: usize>(node: &BumpNode<'_, HEADER>) -> u64 {
    let own = node.header.first().copied().unwrap_or(1);
    own + node.children.iter().filter_map(Cell::get).map(walk_in).sum::<u64>()
}

/// A list node in Python's shape: a number and the next node.
#[derive(Debug)]
pub struct Link {
    /// What a Python programmer would store: read by the walk.
    pub number: u64,
    next: Option<Rc<RefCell<Link>>>,
}

/// Builds a list of `length` nodes.
pub fn build_list(length: u32) -> Option<Rc<RefCell<Link>>> {
    (0..length).fold(None, |next, place| Some(Rc::new(RefCell::new(Link { number: u64::from(place), next }))))
}

/// Drops a list without recursion: takes each node's next before the node goes.
pub fn drop_list(mut head: Option<Rc<RefCell<Link>>>) {
    while let Some(link) = head {
        head = Rc::try_unwrap(link).ok().and_then(|link| link.into_inner().next);
    }
}
