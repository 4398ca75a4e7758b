//! What happens in a heap, as events, and a guide through the choices that the contract leaves open.

use heapbench_heap::{Generation, NoRecorder, Recorder};

use crate::Id;

/// What can be seen of a heap from outside, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The object with this serial number came to be.
    Allocated(Id),
    /// The object was reclaimed.
    Died(Id),
    /// The finalizer or callback with this `data` was called.
    Hook(u64),
    /// A collection began.
    CollectionStarted(Generation),
    /// It ended.
    CollectionStopped,
    /// What `collect` answered: objects reclaimed.
    Collected(Option<u64>),
    /// An operation failed for want of memory.
    OutOfMemory,
    /// What `upgrade` answered.
    Upgraded(bool),
    /// What `reset` answered.
    Reset(bool),
    /// A digest of something that was read.
    Read(u64),
}

/// A recorder that knows what another heap did in the operation that the model is about to repeat.
pub trait Guide: Recorder {
    /// The events of the other heap that the model has not repeated yet; `None` when there is no other heap: then
    /// nothing collects on its own, nothing fails, and choices are made in order of creation.
    fn ahead(&self) -> Option<&[Event]> {
        None
    }

    /// The next of them.
    fn next(&self) -> Option<Event> {
        self.ahead()?.first().copied()
    }
}

impl Guide for NoRecorder {}
