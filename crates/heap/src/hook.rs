//! Code of the mutator that a heap calls: finalizers and callbacks of weak references.

use crate::Local;

/// A hook failed. The heap counts it (`hook_failures`) and carries on, as Python prints and ignores an
/// exception in `__del__`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookFailed;

/// A finalizer, or the callback of a weak reference.
///
/// The heap calls `run(heap, object, data)` in the interrupted frame, lengthened by one local, `object`, that
/// holds the finalized object (or, for a callback, the weak reference). The other locals of that frame can be
/// used. The hook may do anything a mutator may do, `collect` and nested frames included; what it leaves in
/// `object` is released after it.
pub struct Hook<H> {
    /// The code.
    pub run: fn(&mut H, object: Local, data: u64) -> Result<(), HookFailed>,
    /// Handed to `run`: the mutator's own key to what the hook should do.
    pub data: u64,
}

impl<H> Clone for Hook<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Hook<H> {}

impl<H> std::fmt::Debug for Hook<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").field("data", &self.data).finish_non_exhaustive()
    }
}
