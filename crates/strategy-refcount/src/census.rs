//! The census: all live objects with what they were made as, noted apart from the objects; kept only for recorders
//! that want objects. The verifier reads a word of memory only where the census says that it is an object's.
//! It is an instrument and no part of the heap: not counted as held, and never refused the memory to grow.

use heapbench_heap::Shape;
use heapbench_memory::{Block, Flag, Ref};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

/// Header bits that change without a resize.
const CHANGING: u64 = Flag::Attached as u64 | Flag::Finalized as u64;

/// What an object is, as of its birth or last resize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The header word without the bits that change.
    pub(crate) header: u64,
    pub(crate) shape: Shape,
    /// Bytes of the object's block, prefix excluded.
    pub(crate) size: usize,
    pub(crate) storage: Option<Block>,
}

impl Entry {
    /// What the object itself says.
    pub(crate) fn of(object: Ref) -> Entry {
        let (header, shape) = (header(object), object.shape());
        Entry { header, shape, size: object.size(), storage: object.storage_block() }
    }
}

/// The header word without the bits that change.
pub(crate) fn header(object: Ref) -> u64 {
    // SAFETY: an object starts with its header word.
    unsafe { object.start(0).cast::<u64>().read() & !CHANGING }
}

/// All live objects.
pub(crate) type Census = IndexMap<Ref, Entry, FxBuildHasher>;
