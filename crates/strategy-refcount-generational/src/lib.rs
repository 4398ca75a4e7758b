//! # Reference counting with CPython's generational cycle collector
//!
//! *Idea.* Counting reclaims what is not in a cycle, at once. For cycles, containers are kept in three generations by
//! age; a collection looks at the young ones and asks of them which are referred to only by each other.
//!
//! *Layout.* As `refcount`, with CPython's 16-byte GC head in front of each container: the links of its generation's
//! list, and during a collection the count of references from outside.
//!
//! *Steps* (CPython 3.13, `Python/gc.c`): when more containers were allocated than freed by `threshold0` since the last
//! collection, at the next safe point: take a generation and the younger ones; copy counts, subtract references from
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
//! tracked, since a mutator here may change a tuple; there are no free lists, legacy finalizers, or `DEBUG_SAVEALL`.
//!
//! *What it cannot do.* Pauses grow with the generation: a full one with the heap. Garbage cycles float until their
//! generation is collected, the oldest for a quarter more of the heap.
//!
//! | file | concept |
//! |---|---|
//! | `head` | GC heads and lists |
//! | `policy` | thresholds, counts, the 25 % rule |
//! | `reachability` | what is unreachable among some containers |
//! | `collect` | the steps of a collection |
//! | [`widths`] | numbers that tests make small |
//! | `check` | the invariants, executable |

mod check;
mod collect;
mod head;
mod policy;
mod reachability;
pub mod widths;

use head::List;
use heapbench_heap::{
    Capabilities, Collected, Corruption, Family, Generation, GenerationStats, HeapConfig, HeapError,
    Introspect, Kind, Level, Recorder, Unsupported,
};
use heapbench_memory::{MemorySource, Ref};
use heapbench_strategy_refcount::{CycleCollector, RefCount};
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
    policy: Policy,
    scratch: Scratch<W>,
}

impl<W> Introspect for Generations<W> {
    fn enable(&mut self) {
        self.policy.enabled = true;
        self.policy.update_trigger();
    }

    fn disable(&mut self) {
        self.policy.enabled = false;
        self.policy.update_trigger();
    }

    fn is_enabled(&self) -> bool {
        self.policy.enabled
    }

    fn thresholds(&self) -> Result<[u32; 3], Unsupported> {
        Ok(self.policy.thresholds)
    }

    fn set_thresholds(&mut self, thresholds: [u32; 3]) -> Result<(), Unsupported> {
        self.policy.thresholds = thresholds;
        self.policy.update_trigger();
        Ok(())
    }

    fn counts(&self) -> Result<[u64; 3], Unsupported> {
        Ok(self.policy.counts)
    }

    fn stats(&self) -> Result<[GenerationStats; 3], Unsupported> {
        Ok(self.policy.stats)
    }

    fn freeze(&mut self) -> Result<(), Unsupported> {
        self.generations.iter().for_each(|generation| self.permanent.append(generation));
        self.policy.counts = [0; 3];
        Ok(())
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        self.generations[2].append(&self.permanent);
        Ok(())
    }

    fn freeze_count(&self) -> Result<u64, Unsupported> {
        Ok(self.permanent.iter().count() as u64)
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
    const HEAD: usize = head::HEAD;
    const SATURATED: u32 = W::SATURATED;

    fn new(config: &HeapConfig) -> Result<Self, HeapError> {
        Ok(Generations {
            generations: Default::default(),
            permanent: List::default(),
            unreachable: List::default(),
            finalized: List::default(),
            collecting: false,
            policy: Policy::new(config)?,
            scratch: Scratch::default(),
        })
    }

    /// Containers are tracked from birth, dicts when they get to hold a container: CPython up to 3.13.
    #[inline(always)]
    fn born(&mut self, container: Ref) {
        self.policy.counts[0] += 1;
        if container.kind() == Kind::Dict {
            head::clear(container);
        } else {
            self.generations[0].push(container, false);
        }
    }

    #[inline(always)]
    fn dies(&mut self, container: Ref) {
        self.policy.counts[0] = self.policy.counts[0].saturating_sub(1);
        if head::is_tracked(container) {
            head::unlink(container);
        }
    }

    #[inline(always)]
    fn stored(&mut self, container: Ref, value: Ref) {
        if matches!(container.kind(), Kind::Dict | Kind::Tuple)
            && !value.is_leaf()
            && !head::is_tracked(container)
        {
            self.generations[0].push(container, false);
        }
    }

    fn attached(&mut self, container: Ref) {
        if !head::is_tracked(container) {
            self.generations[0].push(container, false);
        }
    }

    #[inline(always)]
    fn is_due(&self) -> bool {
        self.policy.counts[0] > self.policy.trigger
    }

    #[cold]
    #[inline(never)]
    fn collect_due<M: MemorySource, R: Recorder>(heap: &mut RefCount<Self, M, R>) {
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

    fn is_tracked(&self, container: Ref) -> Result<bool, Unsupported> {
        Ok(head::is_tracked(container))
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
