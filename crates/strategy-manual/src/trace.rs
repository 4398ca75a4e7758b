//! Everything reachable, found by a walk over a queue: for the proof of a free, and for weak references.
//!
//! It is the oracle's business and not the strategy's: its memory is not counted, and never refused.

use crate::Manual;
use heapbench_heap::Recorder;
use heapbench_memory::{MemorySource, Ref};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// Objects, each once, in the order in which they were found.
pub(crate) type Found = IndexSet<Ref, FxBuildHasher>;

impl<M: MemorySource, R: Recorder> Manual<M, R> {
    /// The objects that locals and immortal handles reach.
    pub(crate) fn trace(&self) -> Found {
        let locals = self.stack.roots().iter().filter_map(|word| word.get());
        let mut found: Found = locals.chain(self.immortals.iter().copied()).collect();
        let mut next = 0;
        while let Some(object) = found.get_index(next).copied() {
            found.extend(object.slots().iter().filter_map(|slot| slot.get()));
            next += 1;
        }
        found
    }
}
