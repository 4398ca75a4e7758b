//! The vocabulary of Python's `gc` module. What a heap does not have it answers with [`Unsupported`].

use crate::{Generation, Local, OutOfMemory};
use std::fmt;

/// The heap has no such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not supported by this heap")
    }
}

impl std::error::Error for Unsupported {}

/// Why a heap gives no list of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It never does.
    Unsupported,
    /// It has no memory for the list.
    OutOfMemory(OutOfMemory),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Unsupported => Unsupported.fmt(f),
            Refused::OutOfMemory(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

impl From<OutOfMemory> for Refused {
    fn from(refused: OutOfMemory) -> Refused {
        Refused::OutOfMemory(refused)
    }
}

impl From<Unsupported> for Refused {
    fn from(_: Unsupported) -> Refused {
        Refused::Unsupported
    }
}

/// When a callback of `gc.callbacks` is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before a collection does anything: nothing is collected yet.
    Start,
    /// After it.
    Stop,
}

/// What a callback of `gc.callbacks` is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectionInfo {
    /// The generation that is collected, with the younger ones.
    pub generation: Generation,
    /// Objects found unreachable, and not resurrected: 0 at the start. Reclaimed, unless they are saved in `garbage`.
    pub collected: u64,
    /// Objects found unreachable that could not be reclaimed: always 0 at the start.
    pub uncollectable: u64,
}

/// A function in `gc.callbacks`. It may use the heap as a finalizer may: in a frame of its own, which it enters and leaves.
/// A collection that it asks for does nothing: one is under way.
pub type Callback<H> = fn(&mut H, Phase, CollectionInfo);

/// What `gc.get_stats()` says of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenerationStats {
    /// Collections of this generation.
    pub collections: u64,
    /// Objects found unreachable, and not resurrected: reclaimed, unless they were saved in `garbage`.
    pub collected: u64,
    /// Objects found unreachable that could not be reclaimed.
    pub uncollectable: u64,
}

/// Python's `gc` module. `Heap::collect` stands beside it.
pub trait Introspect {
    /// `gc.enable()`: collections may start on their own. On at the start.
    fn enable(&mut self);

    /// `gc.disable()`: nothing collects but `collect` and an allocation that would fail otherwise.
    fn disable(&mut self);

    /// `gc.isenabled()`.
    fn is_enabled(&self) -> bool;

    /// `gc.get_threshold()`.
    fn thresholds(&self) -> Result<[u32; 3], Unsupported> {
        Err(Unsupported)
    }

    /// `gc.set_threshold(…)`.
    fn set_thresholds(&mut self, _thresholds: [u32; 3]) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.get_count()`.
    fn counts(&self) -> Result<[u64; 3], Unsupported> {
        Err(Unsupported)
    }

    /// `gc.get_stats()`.
    fn stats(&self) -> Result<[GenerationStats; 3], Unsupported> {
        Err(Unsupported)
    }

    /// `gc.freeze()`: the objects that the collector knows now count as reachable until `unfreeze`. Counting still
    /// reclaims them.
    fn freeze(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.unfreeze()`.
    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.get_freeze_count()`: objects.
    fn freeze_count(&self) -> Result<u64, Unsupported> {
        Err(Unsupported)
    }

    /// `gc.is_tracked(object)`.
    fn is_tracked(&self, _object: Local) -> Result<bool, Unsupported> {
        Err(Unsupported)
    }

    /// `gc.is_finalized(object)`.
    fn is_finalized(&self, _object: Local) -> Result<bool, Unsupported> {
        Err(Unsupported)
    }

    /// `dst = gc.get_objects(generation)`: a new list of all tracked objects, the youngest generation first, or of those of
    /// one generation; itself and frozen objects excluded. The old value of `dst` is released last.
    fn objects(&mut self, _dst: Local, _generation: Option<Generation>) -> Result<(), Refused> {
        Err(Refused::Unsupported)
    }

    /// `dst = gc.get_referrers(object)`: a new list of the tracked objects with a slot that holds the object, in the order
    /// of `objects`.
    fn referrers(&mut self, _dst: Local, _object: Local) -> Result<(), Refused> {
        Err(Refused::Unsupported)
    }

    /// `dst = gc.get_referents(object)`: a new list of what its slots hold, in slot order, nil ones left out. (CPython's
    /// order is that of the type's own code: lists and tuples begin with the last item.)
    fn referents(&mut self, _dst: Local, _object: Local) -> Result<(), Refused> {
        Err(Refused::Unsupported)
    }

    /// `dst = gc.garbage`: nil until something is in it; the list itself, so that its slots can be cleared.
    fn garbage(&mut self, _dst: Local) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.set_debug(gc.DEBUG_SAVEALL)` and back: what is found unreachable, and not resurrected, is appended to `garbage`
    /// and not reclaimed. Its finalizers have run, and its weak references are cleared.
    fn set_save_all(&mut self, _on: bool) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.callbacks.append(callback)`: called at the start and the stop of every collection, in order.
    fn add_callback(&mut self, _callback: Callback<Self>) -> Result<(), Unsupported>
    where
        Self: Sized,
    {
        Err(Unsupported)
    }

    /// `gc.callbacks.clear()`.
    fn clear_callbacks(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `id(object)`: no other object has it while this one lives and is not moved.
    fn identity(&self, _object: Local) -> Result<usize, Unsupported> {
        Err(Unsupported)
    }

    /// `sys.getsizeof(object)`: bytes of the object with what is in front of it and the storage that is its own.
    fn size_of(&self, _object: Local) -> Result<usize, Unsupported> {
        Err(Unsupported)
    }

    /// `sys.getrefcount(object)`, without the reference that Python's call itself holds.
    fn reference_count(&self, _object: Local) -> Result<u64, Unsupported> {
        Err(Unsupported)
    }

    /// `tracemalloc.get_traced_memory()`: bytes of all blocks in use, of objects or kept for the next ones, now and at
    /// most.
    fn traced_memory(&self) -> Result<(usize, usize), Unsupported> {
        Err(Unsupported)
    }

    /// `sys.getallocatedblocks()`: blocks of memory in use, those that wait in free lists among them.
    fn allocated_blocks(&self) -> Result<u64, Unsupported> {
        Err(Unsupported)
    }
}
