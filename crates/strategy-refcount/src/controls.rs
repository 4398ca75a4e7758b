//! What a cycle collector answers of Python's `gc` vocabulary: the part of `Introspect` that a heap cannot answer for it.

use heapbench_heap::{Generation, GenerationStats, Unsupported};
use heapbench_memory::Ref;
use std::iter;

/// The controls of a collector; each is the function of `gc` that `Introspect` names beside its method. What it does not
/// have is [`Unsupported`].
pub trait Controls {
    /// `gc.enable()` and `gc.disable()`.
    fn set_enabled(&mut self, on: bool);

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

    /// `gc.freeze()`.
    fn freeze(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.unfreeze()`.
    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// `gc.get_freeze_count()`.
    fn freeze_count(&self) -> Result<u64, Unsupported> {
        Err(Unsupported)
    }

    /// `gc.is_tracked` of a container.
    fn is_tracked(&self, _container: Ref) -> Result<bool, Unsupported> {
        Err(Unsupported)
    }

    /// The tracked containers of a generation, or of all from the youngest on, each generation in its order; frozen ones
    /// are in none.
    fn tracked(
        &self,
        _generation: Option<Generation>,
    ) -> Result<impl Iterator<Item = Ref> + '_, Unsupported> {
        Err::<iter::Empty<Ref>, _>(Unsupported)
    }

    /// `gc.set_debug(gc.DEBUG_SAVEALL)` and back.
    fn set_save_all(&mut self, _on: bool) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    /// Whether it collects, so that callbacks are ever called.
    fn collects(&self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}
