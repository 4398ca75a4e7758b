//! # Reference counting
//!
//! *Idea.* Each object counts the references to it. A reference that is copied raises the count, one that goes away
//! lowers it, and at zero the object is reclaimed at once, with everything that only it kept alive.
//!
//! *Layout.* `[GC head, containers only][count 4, spare 4][header 8][slots][payload]`, one block of the memory source
//! an object, and one more for the storage of lists, dicts and resized objects (`heapbench_memory::object`).
//!
//! *Invariants.*
//! 1. The count of an object is the number of locals and slots that refer to it, or it is immortal or saturated.
//! 2. No live object has a count of zero; a dead object is referred to by nobody.
//! 3. The bytes in use of the source are the blocks of the live objects, and those in free lists.
//! 4. A weak reference gives its target or nil, never a dead object.
//!
//! *What it cannot do.* Unreachable cycles leak, unless a [`CycleCollector`] is in place; counts beyond 2^31 are
//! stuck and leak too.
//!
//! *Source.* Collins, A method for overlapping and erasure of lists (CACM 1960); CPython 3.13 `Objects/object.c`,
//! `Include/object.h`, PEP 683 (immortal objects), PEP 442 (finalizers).
//!
//! | file | concept |
//! |---|---|
//! | [`count`] | the count word |
//! | `cascade` | what follows when a count reaches zero |
//! | `space` | blocks of objects |
//! | `free_lists` | blocks kept for the next object of their shape: the setting `free-lists` |
//! | `overwritten` | old values of bulk operations |
//! | `census` | all live objects, for those who want to know |
//! | [`collect`] | the cycle collector's place |
//! | [`controls`] | what it answers of Python's `gc` vocabulary |
//! | `introspect` | and what the heap answers |
//! | `check` | the invariants, executable |

mod cascade;
mod census;
mod check;
pub mod collect;
pub mod controls;
pub mod count;
mod free_lists;
mod heap;
mod introspect;
mod overwritten;
pub mod space;

pub use collect::{CycleCollector, NoCollector};
pub use controls::Controls;

use census::Census;
use free_lists::FreeLists;
use heapbench_heap::{Callback, Counters, Recorder};
use heapbench_memory::{Attachments, DataStack, MemorySource, Ref};
use overwritten::Overwritten;

/// Reference counting without a cycle collector.
pub type Plain<M, R> = RefCount<NoCollector, M, R>;

/// A refcounting heap: cycle collector `C`, memory source `M`, recorder `R`.
#[derive(Debug)]
pub struct RefCount<C, M, R> {
    /// The mutator's locals.
    pub stack: DataStack,
    /// The cycle collector's state.
    pub collector: C,
    /// Finalizers and weak references.
    pub attachments: Attachments<Self>,
    /// Work done; the bytes freed follow from the source's.
    pub counters: Counters,
    source: M,
    recorder: R,
    immortals: Vec<Ref>,
    overwritten: Overwritten,
    free_lists: FreeLists,
    /// Storage blocks of objects.
    storages: u64,
    /// Storage blocks taken from the source so far, less the blocks of objects that came from a free list instead.
    blocks_beside_objects: i64,
    /// `gc.garbage`: a list, once something was put into it.
    garbage: Option<Ref>,
    /// `gc.callbacks`.
    callbacks: Vec<Callback<Self>>,
    /// Empty unless the recorder wants objects.
    census: Census,
    peak_live: usize,
    /// The same with the blocks in free lists, where these are on.
    peak_traced: usize,
    /// Hooks under way, nested.
    hooks: u32,
    /// Pauses under way that are not cascades, nested.
    pauses: u32,
    /// A long cascade is under way that the recorder was told of.
    in_cascade: bool,
}

impl<C: CycleCollector, M: MemorySource, R: Recorder> RefCount<C, M, R> {
    /// Whether an object is alive, as far as the heap knows its objects: see `census`.
    pub fn knows(&self, object: Ref) -> bool {
        !R::OBJECTS || self.census.contains_key(&object)
    }

    /// All live objects, with a recorder that wants objects; none otherwise.
    pub fn census(&self) -> impl Iterator<Item = Ref> + '_ {
        self.census.keys().copied()
    }

    /// What is reachable at once: the locals of all frames, the old values that a bulk operation releases next, the immortal
    /// objects and `gc.garbage`. An object that is referred to twice is there twice.
    pub fn roots(&self) -> impl Iterator<Item = Ref> + '_ {
        let words = self.stack.roots().iter().chain(self.overwritten.values()).filter_map(|word| word.get());
        words.chain(self.immortals.iter().copied()).chain(self.garbage)
    }

    /// Whether no hook is under way: only then do counts and counters agree with what can be seen.
    pub fn is_between_operations(&self) -> bool {
        self.hooks == 0
    }
}
