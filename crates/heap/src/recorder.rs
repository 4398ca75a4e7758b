//! Events for those who watch a heap: pauses, footprint, deaths.
//!
//! A recorder is a type parameter of every heap. The default methods do nothing and the constants are false, so
//! with [`NoRecorder`] all of it compiles to nothing. Heaps never read a clock: a recorder may.

use crate::{Footprint, Generation, Heap, Introspect, Shape};

/// Why the mutator waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pause {
    /// A collection of this generation and the younger ones.
    Collection(Generation),
    /// A free cascade of reference counting: one release that reclaimed many objects.
    Cascade,
    /// Sweeping on the mutator's time (lazy sweep).
    Sweep,
}

/// What was done in a pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Objects examined.
    pub traced: u64,
    /// Objects reclaimed.
    pub freed: u64,
}

/// A named place in a workload's program, as `file:line` is in Python's `tracemalloc`: `"listeners.py:subscribe"`.
pub type Site = &'static str;

/// Receives a heap's events.
pub trait Recorder: Sized {
    /// Whether the object events `allocated`, `resized`, `references`, `died` and `moved` are wanted.
    const OBJECTS: bool = false;

    /// A cascade is announced (`pause_started`) when it has reclaimed this many objects: short ones, which are
    /// nearly all, then need no clock. `u64::MAX`: no cascade is.
    const CASCADE_FLOOR: u64 = u64::MAX;

    /// An object came to be at this address, and takes so many bytes with all that is in front of it.
    #[inline(always)]
    fn allocated(&mut self, _address: usize, _shape: Shape, _bytes: usize) {}

    /// The object at this address has another shape and takes so many bytes in all from now on.
    #[inline(always)]
    fn resized(&mut self, _address: usize, _shape: Shape, _bytes: usize) {}

    /// The object at this address holds so many references, which are released next: told by heaps that count, before
    /// they reclaim it. One that a collection clears first is told before that too: the greatest number is the one.
    #[inline(always)]
    fn references(&mut self, _address: usize, _count: usize) {}

    /// The object at this address is reclaimed. Its address may be reused from now on.
    #[inline(always)]
    fn died(&mut self, _address: usize) {}

    /// An object changed its address.
    #[inline(always)]
    fn moved(&mut self, _from: usize, _to: usize) {}

    /// The mutator has reached a named place of its program: what is allocated from now on is allocated there.
    #[inline(always)]
    fn at(&mut self, _site: Site) {}

    /// The mutator has finished a request and begins the next: what lies between two marks is a request.
    #[inline(always)]
    fn mark(&mut self) {}

    /// The program's objects are at their most: who counts them by kind counts them now.
    #[inline(always)]
    fn census(&mut self) {}

    /// Called by the mutator where its objects are at their most, in the frame that holds them all: who looks at a whole
    /// heap looks now. It is left as it was.
    #[inline(always)]
    fn at_most<H: Heap<Recorder = Self> + Introspect>(heap: &mut H) {
        heap.recorder_mut().census();
    }

    /// The allocation clock advances by `bytes`. True asks the heap for a `footprint` event.
    #[inline(always)]
    fn advance(&mut self, _bytes: usize) -> bool {
        false
    }

    /// Memory in use, asked for by `advance`.
    #[inline(always)]
    fn footprint(&mut self, _now: Footprint) {}

    /// The mutator begins to wait. Pauses do not nest: what waits inside another pause is part of it. A collection
    /// runs its hooks and reports its deaths before it stops; heaps without generations collect `FULL`.
    #[inline(always)]
    fn pause_started(&mut self, _pause: Pause) {}

    /// The mutator goes on.
    #[inline(always)]
    fn pause_stopped(&mut self, _pause: Pause, _work: Work) {}
}

/// Records nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {}
