//! # Reference counting with CPython's generational cycle collector
//!
//! *Idea.* Counting reclaims what is not in a cycle, at once. For cycles, containers are kept in three generations by
//! age; a collection looks at the young ones and asks of them which are referred to only by each other.
//!
//! *Layout.* As `refcount`, with CPython's 16-byte GC head in front of each container: the links of its generation's
//! list, and during a collection the count of references from outside.
//!
//! *Steps* (CPython 3.13, `Python/gc.c`): when more containers were allocated than freed by `threshold0` since the last
//! collection, at the next safe point, or at once (`policy`): take a generation and the younger ones; copy counts, subtract references from
//! inside, find what is reachable from the rest; move survivors to the older generation, untrack what cannot be in
//! a cycle; clear weak references and call callbacks; run finalizers; look again for what they made reachable; clear
//! the slots of the rest, which counting then reclaims.
//!
//! *Invariants.*
//! 1. Every live container is in exactly one list, or holds no container (tuples, dicts), or is never freed.
//! 2. Between collections no container is marked as collecting, and the lists of the unreachable are empty.
//! 3. Lists hold live containers only.
//!
//! *What it differs in from CPython.* The noted containers are an array while a collection runs, not the list itself, so
//! that referents are fetched ahead (`reachability`); lists keep their order; tuples of untracked tuples stay
//! tracked, since a mutator here may change a tuple; there are no legacy finalizers. Immortal objects are the
//! interpreter's own, which it has outside of its heap: the collector forgets them, and what they refer to is
//! referred to from outside.
//!
//! *What it cannot do.* Pauses grow with the generation: a full one with the heap. Garbage cycles float until their
//! generation is collected, the oldest for a quarter more of the heap.
//!
//! | file | concept |
//! |---|---|
//! | `head` | GC heads and lists |
//! | `policy` | thresholds, counts, the 25 % rule, by version |
//! | `reachability` | what is unreachable among some containers |
//! | `collect` | the steps of a collection |
//! | `controls` | Python's `gc` vocabulary |
//! | [`widths`] | numbers that tests make small |
//! | `check` | the invariants, executable |

mod check;
mod collect;
mod controls;
mod head;
mod policy;
mod reachability;
pub mod widths;

use head::List;
use heapbench_heap::{
    Capabilities, Collected, Corruption, Family, Generation, HeapConfig, HeapError, Kind, Level, Recorder,
};
use heapbench_memory::{MemorySource, Ref};
use heapbench_strategy_refcount::{CycleCollector, RefCount, count};
pub use policy::Policy;
use reachability::Scratch;
pub use widths::{Usual, Widths};

/// The strategy: counting, with [`Generations`] as its cycle collector.
pub type Generational<M, R> = RefCount<Generations, M, R>;

/// Three generations of containers, and the frozen ones.
#[derive(Debug)]
pub struct Generations<W = Usual> {
    generations: [List; 3],
    /// `gc.freeze()`: containers that no collection looks at.
    permanent: List,
    /// During a collection: what it found unreachable.
    unreachable: List,
    /// And those of them that were finalized, or need not be.
    finalized: List,
    collecting: bool,
    /// What is found unreachable is saved, not reclaimed.
    save_all: bool,
    policy: Policy,
    scratch: Scratch<W>,
}

impl<W: Widths> Generations<W> {
    /// A container gets to be something that can be in a cycle. One that is never freed need not be known.
    fn track(&mut self, container: Ref) {
        if !count::is_stuck(container, W::SATURATED) {
            self.generations[0].push(container, false);
        }
    }
}

impl<W: Widths> CycleCollector for Generations<W> {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Cycles,
        prompt: true,
        collects_cycles: true,
        moves: false,
        generations: 3,
        thresholds: true,
        freezes: true,
    };
    const POLICIES: &[&str] = Policy::NAMES;
    const KEYS: &[&str] = Policy::KEYS;
    const HEAD: usize = head::HEAD;
    const SATURATED: u32 = W::SATURATED;

    fn new(config: &HeapConfig) -> Result<Self, HeapError> {
        Ok(Generations {
            generations: Default::default(),
            permanent: List::default(),
            unreachable: List::default(),
            finalized: List::default(),
            collecting: false,
            save_all: false,
            policy: Policy::new(config)?,
            scratch: Scratch::default(),
        })
    }

    #[inline(always)]
    fn allocated(&mut self) {
        self.policy.counts[0] += 1;
    }

    #[inline(always)]
    fn freed(&mut self) {
        self.policy.counts[0] = self.policy.counts[0].saturating_sub(1);
    }

    /// Containers are tracked from birth, dicts when they get to hold a container: CPython up to 3.13.
    #[inline(always)]
    fn born(&mut self, container: Ref) {
        if container.kind() == Kind::Dict {
            head::clear(container);
        } else {
            self.generations[0].push(container, false);
        }
    }

    #[inline(always)]
    fn dies(&mut self, container: Ref) {
        if head::is_tracked(container) {
            head::unlink(container);
        }
    }

    fn forget(&mut self, container: Ref) {
        self.dies(container);
        self.freed();
    }

    #[inline(always)]
    fn stored(&mut self, container: Ref, value: Ref) {
        if matches!(container.kind(), Kind::Dict | Kind::Tuple)
            && !value.is_leaf()
            && !head::is_tracked(container)
        {
            self.track(container);
        }
    }

    fn attached(&mut self, container: Ref) {
        if !head::is_tracked(container) {
            self.track(container);
        }
    }

    #[inline(always)]
    fn is_due(&self) -> bool {
        self.policy.counts[0] > self.policy.trigger
    }

    fn longest_tuple_taken(&self) -> usize {
        self.policy.longest_tuple_taken
    }

    #[inline(always)]
    fn is_due_inside(&self) -> bool {
        self.policy.counts[0] >= self.policy.inside
    }

    #[cold]
    #[inline(never)]
    fn collect_due<M: MemorySource, R: Recorder>(heap: &mut RefCount<Self, M, R>) {
        if heap.collector.policy.has_loaded() {
            return heap.collector.freeze_all();
        }
        if let Some(generation) = heap.collector.policy.due_generation() {
            collect::collect(heap, Generation::new(generation));
        }
    }

    fn collect<M: MemorySource, R: Recorder>(
        heap: &mut RefCount<Self, M, R>,
        generation: Generation,
    ) -> Option<Collected> {
        collect::collect(heap, generation)
    }

    fn held_bytes(&self) -> usize {
        self.scratch.held_bytes()
    }

    fn verify<M: MemorySource, R: Recorder>(
        heap: &RefCount<Self, M, R>,
        level: Level,
    ) -> Result<(), Corruption> {
        check::verify(heap, level)
    }
}
