//! The living, by serial number.
//!
//! Numbers are never used again, so that a number names one object for ever; memory follows the living all the same:
//! nodes lie in chunks, and a chunk in which nobody lives any more is given back.

use std::ops::{Index, IndexMut};

use crate::{Id, Node};

/// Nodes in a chunk: 32 KiB.
const CHUNK: usize = 512;

#[derive(Debug)]
struct Chunk<H> {
    /// Empty once a full chunk has died out.
    nodes: Vec<Option<Node<H>>>,
    living: usize,
}

/// All objects that are alive.
#[derive(Debug)]
pub struct Nodes<H> {
    chunks: Vec<Chunk<H>>,
    /// Objects that ever were: the next number.
    created: Id,
    living: usize,
}

impl<H> Nodes<H> {
    pub(crate) fn new() -> Nodes<H> {
        Nodes { chunks: Vec::new(), created: 0, living: 0 }
    }

    pub(crate) fn insert(&mut self, node: Node<H>) -> Id {
        let id = self.created;
        if id.is_multiple_of(CHUNK) {
            self.chunks.push(Chunk { nodes: Vec::with_capacity(CHUNK), living: 0 });
        }
        let chunk = &mut self.chunks[id / CHUNK];
        chunk.nodes.push(Some(node));
        chunk.living += 1;
        self.created += 1;
        self.living += 1;
        id
    }

    /// Takes the node of an object that dies; `None` when it is dead already.
    pub(crate) fn remove(&mut self, id: Id) -> Option<Node<H>> {
        let chunk = self.chunks.get_mut(id / CHUNK)?;
        let node = chunk.nodes.get_mut(id % CHUNK)?.take()?;
        chunk.living -= 1;
        self.living -= 1;
        if chunk.living == 0 && chunk.nodes.len() == CHUNK {
            chunk.nodes = Vec::new();
        }
        Some(node)
    }

    /// The object, `None` when it is dead.
    #[inline]
    pub fn get(&self, id: Id) -> Option<&Node<H>> {
        self.chunks.get(id / CHUNK)?.nodes.get(id % CHUNK)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut Node<H>> {
        self.chunks.get_mut(id / CHUNK)?.nodes.get_mut(id % CHUNK)?.as_mut()
    }

    /// Whether the object is alive.
    pub fn contains(&self, id: Id) -> bool {
        self.get(id).is_some()
    }

    /// How many are alive.
    pub fn len(&self) -> usize {
        self.living
    }

    /// Whether nobody is alive.
    pub fn is_empty(&self) -> bool {
        self.living == 0
    }

    /// The living with their numbers, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Node<H>)> {
        let chunks = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.living > 0);
        chunks.flat_map(|(number, chunk)| {
            let nodes = chunk.nodes.iter().enumerate();
            nodes.filter_map(move |(place, node)| Some((number * CHUNK + place, node.as_ref()?)))
        })
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Node<H>> {
        self.chunks.iter_mut().flat_map(|chunk| chunk.nodes.iter_mut().flatten())
    }
}

impl<H> Index<Id> for Nodes<H> {
    type Output = Node<H>;

    /// The object.
    ///
    /// # Panics
    /// It is dead.
    #[inline]
    fn index(&self, id: Id) -> &Node<H> {
        self.get(id).unwrap_or_else(|| panic!("object {id} is dead, expected alive"))
    }
}

impl<H> IndexMut<Id> for Nodes<H> {
    #[inline]
    fn index_mut(&mut self, id: Id) -> &mut Node<H> {
        self.get_mut(id).unwrap_or_else(|| panic!("object {id} is dead, expected alive"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_heap::{Kind, Shape};

    #[test]
    fn memory_follows_the_living() {
        let mut nodes: Nodes<()> = Nodes::new();
        let node = || Node::new(Shape::new(Kind::Object, 0, 0));
        for round in 0..100 {
            let ids: Vec<Id> = (0..CHUNK).map(|_| nodes.insert(node())).collect();
            assert_eq!(ids[0], round * CHUNK, "numbers go on");
            assert!(ids.iter().skip(usize::from(round == 0)).all(|id| nodes.remove(*id).is_some()));
            assert!(nodes.remove(ids[1]).is_none() && !nodes.contains(ids[1]));
        }
        let held: usize = nodes.chunks.iter().map(|chunk| chunk.nodes.capacity()).sum();
        assert_eq!((held, nodes.len()), (CHUNK, 1));
        assert_eq!(nodes.iter().map(|(id, _)| id).collect::<Vec<_>>(), [0]);
    }
}
