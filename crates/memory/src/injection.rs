//! Requests for memory that fail on demand: how a test tries out-of-memory at every point.
//!
//! Sources ask [`fails`] before they ask the system for a block, and tables beside the heap grow by [`reserve`] only,
//! both on paths that are slow anyway; so the instrument is always there and costs nothing where it matters. Failing
//! requests for single objects takes a source of its own: `failing`.
//!
//! The plan belongs to the thread, as heaps do.

use heapbench_heap::OutOfMemory;
use indexmap::{IndexMap, IndexSet};
use std::cell::Cell;
use std::hash::{BuildHasher, Hash};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Memory for one object or its storage.
    Object,
    /// Memory of the system's, for many objects: a chunk, an arena, a block.
    Block,
    /// Room in a table beside the heap: mark queue, finalizers, weak references, immortals.
    Metadata,
}

/// Which requests fail, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    request: Request,
    /// Requests that are granted before the first that fails.
    granted: u64,
    forever: bool,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static STRUCK: Cell<u64> = const { Cell::new(0) };
}

/// From now on, the `number`th request of this kind in this thread fails, counted from 1: it alone, or it and all
/// later ones.
pub fn arm(request: Request, number: u64, forever: bool) {
    STRUCK.set(0);
    PLAN.set(Some(Plan { request, granted: number.saturating_sub(1), forever }));
}

/// Nothing fails any more. How many requests failed since `arm`.
pub fn disarm() -> u64 {
    PLAN.set(None);
    STRUCK.get()
}

/// Whether this request is one that fails. To be asked once a request.
#[cold]
pub fn fails(request: Request) -> bool {
    let Some(plan) = PLAN.get().filter(|plan| plan.request == request) else { return false };
    if plan.granted > 0 {
        PLAN.set(Some(Plan { granted: plan.granted - 1, ..plan }));
        return false;
    }
    PLAN.set(Some(plan).filter(|plan| plan.forever));
    STRUCK.set(STRUCK.get() + 1);
    true
}

/// A table that grows.
pub trait Table {
    /// Entries that fit without asking the system.
    fn room(&self) -> usize;

    /// Asks the system for room for more entries. False: there is none, nothing changed.
    fn try_grow(&mut self, more: usize) -> bool;
}

impl<T> Table for Vec<T> {
    fn room(&self) -> usize {
        self.capacity() - self.len()
    }

    fn try_grow(&mut self, more: usize) -> bool {
        self.try_reserve(more).is_ok()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Table for IndexMap<K, V, S> {
    fn room(&self) -> usize {
        self.capacity() - self.len()
    }

    fn try_grow(&mut self, more: usize) -> bool {
        self.try_reserve(more).is_ok()
    }
}

impl<T: Hash + Eq, S: BuildHasher> Table for IndexSet<T, S> {
    fn room(&self) -> usize {
        self.capacity() - self.len()
    }

    fn try_grow(&mut self, more: usize) -> bool {
        self.try_reserve(more).is_ok()
    }
}

/// Makes room for `more` entries in a table beside the heap.
///
/// # Errors
/// There is no memory; the table is as it was.
#[inline]
pub fn reserve(table: &mut impl Table, more: usize) -> Result<(), OutOfMemory> {
    if table.room() >= more || (!fails(Request::Metadata) && table.try_grow(more)) {
        return Ok(());
    }
    Err(OutOfMemory { requested: more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_request_fails_once_or_for_ever() {
        arm(Request::Block, 3, false);
        assert!(!fails(Request::Metadata));
        let seen: Vec<bool> = (0..5).map(|_| fails(Request::Block)).collect();
        assert_eq!(seen, [false, false, true, false, false]);
        assert_eq!(disarm(), 1);
        arm(Request::Block, 2, true);
        let seen: Vec<bool> = (0..4).map(|_| fails(Request::Block)).collect();
        assert_eq!(seen, [false, true, true, true]);
        assert_eq!(disarm(), 3);
        assert!(!fails(Request::Block));
    }

    #[test]
    fn a_table_that_cannot_grow_is_as_it_was() {
        let mut table: Vec<u8> = Vec::with_capacity(2);
        arm(Request::Metadata, 1, true);
        assert!(reserve(&mut table, 2).is_ok());
        table.extend([1, 2]);
        assert!(reserve(&mut table, 1).is_err());
        assert_eq!((disarm(), table.len(), table.capacity()), (1, 2, 2));
        assert!(reserve(&mut table, 1).is_ok());
    }
}
