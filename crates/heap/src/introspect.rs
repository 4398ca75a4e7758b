//! The vocabulary of Python's `gc` module. What a heap does not have it answers with [`Unsupported`].

use crate::Local;
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

/// What `gc.get_stats()` says of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenerationStats {
    /// Collections of this generation.
    pub collections: u64,
    /// Objects found unreachable and reclaimed.
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
}
