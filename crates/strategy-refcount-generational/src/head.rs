//! The GC head of a container, and the lists that thread through it.
//!
//! Two words in front of the count, as CPython's `PyGC_Head`: `next` (zero: untracked) and `prev`. During a collection
//! `prev` holds `gc_refs` instead, and the list is linked one way; the lowest bit of `prev` says that the object is
//! among those being collected and not known to be reachable.

use heapbench_memory::Ref;
use heapbench_strategy_refcount::count;
use std::cell::Cell;

/// Bytes of a GC head.
pub(crate) const HEAD: usize = 16;

const COLLECTING: usize = 1;

/// The two words.
#[repr(C, align(16))]
#[derive(Debug, Default)]
pub(crate) struct Head {
    next: Cell<usize>,
    prev: Cell<usize>,
}

#[inline(always)]
fn head(container: Ref) -> &'static Head {
    // SAFETY: every container of this strategy has its head right in front of its count; cells make shared writes
    // sound; a head is not used after its container is destroyed.
    unsafe { container.start(count::PREFIX + HEAD).cast::<Head>().as_ref() }
}

/// Whether the container is in a list.
#[inline(always)]
pub(crate) fn is_tracked(container: Ref) -> bool {
    head(container).next.get() != 0
}

/// Marks a fresh container as untracked.
#[inline(always)]
pub(crate) fn clear(container: Ref) {
    head(container).next.set(0);
    head(container).prev.set(0);
}

/// Whether the container is being collected, and nothing has shown it reachable yet.
#[inline(always)]
pub(crate) fn is_collecting(container: Ref) -> bool {
    head(container).prev.get() & COLLECTING != 0
}

/// Starts the count of references from outside: all of them.
#[inline(always)]
pub(crate) fn start_refs(container: Ref, references: usize) {
    head(container).prev.set(references << 1 | COLLECTING);
}

/// One of the references comes from inside.
#[inline(always)]
pub(crate) fn subtract_ref(container: Ref) {
    let prev = &head(container).prev;
    debug_assert!(prev.get() > COLLECTING, "{container:?} has more references from inside than its count");
    prev.set(prev.get().wrapping_sub(2));
}

/// References from outside, so far.
#[inline(always)]
pub(crate) fn refs(container: Ref) -> usize {
    head(container).prev.get() >> 1
}

/// The container is reachable.
#[inline(always)]
pub(crate) fn set_reachable(container: Ref) {
    head(container).prev.set(0);
}

/// Fetches the lines of a container's head, count and header ahead of their use.
#[inline(always)]
pub(crate) fn prefetch(container: Ref) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(container.start(count::PREFIX + HEAD).as_ptr().cast());
        _mm_prefetch::<_MM_HINT_T0>(container.start(0).as_ptr().wrapping_add(24).cast_const().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = container;
}

/// Takes a container out of whatever list it is in.
#[inline(always)]
pub(crate) fn unlink(container: Ref) {
    let Head { next, prev } = head(container);
    let (after, before) = (at(next.get()), at(prev.get() & !COLLECTING));
    head(before).next.set(next.get());
    let collecting = head(after).prev.get() & COLLECTING;
    head(after).prev.set(before.address() | collecting);
    clear(container);
}

#[inline(always)]
fn at(address: usize) -> Ref {
    // SAFETY: links hold addresses of containers that are alive, or of a list's sentinel.
    unsafe { Ref::from_address(address) }
}

/// A list's end: laid out as a container without slots, so that links need not tell it from one.
#[repr(C, align(16))]
#[derive(Debug, Default)]
struct Sentinel {
    head: Head,
    count: u64,
    header: u64,
}

/// A doubly linked list of containers.
#[derive(Debug)]
pub(crate) struct List {
    sentinel: Box<Sentinel>,
}

impl Default for List {
    fn default() -> Self {
        let list = List { sentinel: Box::default() };
        list.reset();
        list
    }
}

impl List {
    #[inline(always)]
    fn end(&self) -> Ref {
        // SAFETY: the sentinel has a head, a count and a header word, as a container without slots has.
        unsafe { Ref::from_address((&raw const self.sentinel.header).expose_provenance()) }
    }

    fn reset(&self) {
        let end = self.end();
        head(end).next.set(end.address());
        head(end).prev.set(end.address());
    }

    /// Whether the list has no container.
    pub(crate) fn is_empty(&self) -> bool {
        head(self.end()).next.get() == self.end().address()
    }

    /// Appends a container that is in no list; `collecting` says whether it keeps that mark.
    #[inline(always)]
    pub(crate) fn push(&self, container: Ref, collecting: bool) {
        let end = self.end();
        let last = head(end).prev.get();
        head(container).next.set(end.address());
        head(container).prev.set(last | collecting as usize);
        head(at(last)).next.set(container.address());
        head(end).prev.set(container.address());
    }

    /// Moves all containers of another list to the end of this one.
    pub(crate) fn append(&self, other: &List) {
        if other.is_empty() {
            return;
        }
        let (end, other_end) = (self.end(), other.end());
        let (first, last) = (at(head(other_end).next.get()), at(head(other_end).prev.get()));
        let old_last = at(head(end).prev.get());
        head(old_last).next.set(first.address());
        let collecting = head(first).prev.get() & COLLECTING;
        head(first).prev.set(old_last.address() | collecting);
        head(last).next.set(end.address());
        head(end).prev.set(last.address());
        other.reset();
    }

    /// The first container.
    pub(crate) fn first(&self) -> Option<Ref> {
        (!self.is_empty()).then(|| at(head(self.end()).next.get()))
    }

    /// The containers in order. The list must not change meanwhile, but for `prev` words.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Ref> + '_ {
        let end = self.end();
        let mut current = end;
        std::iter::from_fn(move || {
            current = at(head(current).next.get());
            (current != end).then_some(current)
        })
    }

    /// Forgets all containers, which the caller has in a list of its own.
    pub(crate) fn take_all(&self) {
        self.reset();
    }

    /// Restores `prev` from `next`.
    pub(crate) fn relink(&self) {
        let mut before = self.end();
        for container in self.iter() {
            head(container).prev.set(before.address());
            before = container;
        }
        head(self.end()).prev.set(before.address());
    }

    /// The links of the list, for those who doubt them: each container's, and at last the list's own, with what its
    /// `prev` should be. A container is looked at when the one after it is asked for.
    pub(crate) fn links(&self) -> impl Iterator<Item = Link> + '_ {
        let end = self.end();
        let mut before = Some(end);
        std::iter::from_fn(move || {
            let previous = before?;
            let container = at(head(previous).next.get());
            before = (container != end).then_some(container);
            Some(Link { container: before, address: container.address(), previous: previous.address() })
        })
    }
}

/// One link of a list.
pub(crate) struct Link {
    /// What the link leads to; `None` at the list's end.
    pub(crate) container: Option<Ref>,
    /// Its address.
    address: usize,
    /// The address that the link comes from.
    previous: usize,
}

impl Link {
    /// Whether the link back leads to where this one comes from.
    pub(crate) fn is_mutual(&self) -> bool {
        head(at(self.address)).prev.get() & !COLLECTING == self.previous
    }
}
