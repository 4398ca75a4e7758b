//! The trait.

use crate::{
    Capabilities, Collected, Corruption, Counters, Footprint, Frame, Generation, HeapConfig, HeapError, Hook,
    Immortal, Kind, Level, Local, OutOfMemory, Recorder, Shape,
};
use std::ops::Range;

/// A memory manager with its heap and one mutator.
///
/// A slot or local holds a reference or *nil*. Using a nil local as an object, or a slot, byte or range that the
/// object does not have, is a mistake of the mutator and panics, as an index out of bounds does; it never breaks
/// the heap.
///
/// # Death
/// *By counting* (heaps with `prompt`), an object whose last reference goes is finalized (its weak references
/// still alive), unless that resurrects it reclaimed (its weak references cleared and their callbacks called),
/// and then its slots are released in order, each with all its consequences, before anything else.
/// *By a collection*, weak references to unreachable objects and all unreachable weak references are cleared;
/// the callbacks of cleared ones that are reachable are called; finalizers of the unreachable run; what is
/// reachable again stays, its weak references gone; the rest is reclaimed in the same collection.
/// A finalizer runs at most once for an object.
pub trait Heap: Sized {
    /// What this strategy promises.
    const CAPABILITIES: Capabilities;
    /// Who receives this heap's events.
    type Recorder: Recorder;

    // ---------------------------------------------------------------- life

    /// An empty heap with one frame of no locals.
    ///
    /// # Errors
    /// An unknown policy, key or value in `config`; address space that the system refuses.
    fn new(config: &HeapConfig, recorder: Self::Recorder) -> Result<Self, HeapError>;

    /// Frees everything at once where no local is held and no object is immortal: the end of a region. True when it
    /// did so; heaps that reclaim object by object have nothing to do and answer false. Runs no finalizers.
    fn reset(&mut self) -> bool;

    // ---------------------------------------------------------------- roots

    /// Enters a function: the last `arguments` locals of the current frame become the first ones of a frame of
    /// `locals` (at least as many), the others of which start nil. No reference is copied.
    ///
    /// # Errors
    /// The data stack is full, as in Python's `RecursionError`. Nothing is entered then.
    fn enter(&mut self, arguments: usize, locals: usize) -> Result<Frame, OutOfMemory>;

    /// Leaves the function, releasing its locals in order, its arguments included.
    fn leave(&mut self, frame: Frame);

    /// Leaves the function and returns the value of `result`: taken first; then the other locals are released in
    /// order; then it is in the caller's local where the first argument was (for a function without arguments it is
    /// lost, so enter with at least one).
    fn leave_with(&mut self, frame: Frame, result: Local);

    /// Whether the local is nil.
    fn is_nil(&self, local: Local) -> bool;

    /// Python's `is`: both locals hold the same object, or both are nil.
    fn is_same(&self, a: Local, b: Local) -> bool;

    /// `dst = src`. The old value of `dst` is released last.
    fn copy(&mut self, dst: Local, src: Local);

    /// `dst = src; del src`, in one step and without counting. The old value of `dst` is released last.
    fn take(&mut self, dst: Local, src: Local);

    /// `del local`: nil now; its value is released.
    fn clear(&mut self, local: Local);

    // ---------------------------------------------------------------- objects

    /// Allocates an object, all slots nil and all bytes zero; `dst` holds it. The old value of `dst` is
    /// released last.
    ///
    /// # Errors
    /// Out of memory: no effect, `dst` keeps its value.
    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory>;

    /// The object's kind, slots and bytes as of now.
    fn shape(&self, object: Local) -> Shape;

    /// `dst = object.slot`. The old value of `dst` is released last.
    fn load(&mut self, dst: Local, object: Local, slot: usize);

    /// `object.slot = value`. The old value of the slot is released last.
    fn store(&mut self, object: Local, slot: usize, value: Local);

    /// `object.slot = value; del value`, in one step and without counting.
    fn store_take(&mut self, object: Local, slot: usize, value: Local);

    /// `dst = object.slot; object.slot = nil`, in one step and without counting. The old value of `dst` is released
    /// last.
    fn take_slot(&mut self, dst: Local, object: Local, slot: usize);

    /// `object.slot is value`: looked at in place, as C does, without counting.
    fn is_in_slot(&self, value: Local, object: Local, slot: usize) -> bool;

    /// Kind and payload bytes of the object in a slot, looked at in place, without counting; `None` for a nil slot.
    fn peek(&self, object: Local, slot: usize) -> Option<(Kind, &[u8])>;

    /// Copies a range of slots into another (or the same) object, as memmove does: all are read, all taken, all
    /// stored; the old values are released last, in slot order.
    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize);

    /// Stores one value, which may be nil, into a range of slots; old values are released last, in slot order.
    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local);

    /// Changes the object's number of slots and payload bytes; it stays the same object. New slots are nil, new
    /// bytes zero; slots cut off are released in order, last.
    ///
    /// # Errors
    /// Out of memory, a shape beyond its limits, or an object of a leaf kind or weak reference: no effect.
    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory>;

    /// The object's payload bytes.
    fn payload(&self, object: Local) -> &[u8];

    /// The object's payload bytes, to be written.
    fn payload_mut(&mut self, object: Local) -> &mut [u8];

    // ---------------------------------------------------------------- weak references, finalizers, immortals

    /// Makes a new weak reference to `target`, which is no leaf kind and no weak reference: an object of [`Kind::Weak`] of its own. The
    /// callback is called when the reference is cleared while it is alive itself.
    ///
    /// # Errors
    /// Out of memory: no effect.
    fn weak(&mut self, dst: Local, target: Local, callback: Option<Hook<Self>>) -> Result<(), OutOfMemory>;

    /// `dst = weak()`: true and the target, or false and `dst` unchanged when the target is gone.
    fn upgrade(&mut self, dst: Local, weak: Local) -> bool;

    /// Attaches a finalizer, replacing the one before; without effect once one has run. Leaf kinds and weak
    /// references take none.
    ///
    /// # Errors
    /// No memory for the table of finalizers: no effect.
    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) -> Result<(), OutOfMemory>;

    /// Makes the object immortal: it is reachable for ever and its references are not counted. The local is
    /// cleared; the handle gives the object back in any frame.
    ///
    /// # Errors
    /// No memory for the table of immortals: no effect.
    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory>;

    /// `dst =` the immortal object. The old value of `dst` is released.
    fn load_immortal(&mut self, dst: Local, immortal: Immortal);

    // ---------------------------------------------------------------- control

    /// A point where a collection that is due may run: a function's start, a loop's back edge. Between two of
    /// them nothing collects but `collect` and an allocation that would fail otherwise, except for strategies
    /// whose policy collects inside an allocation.
    fn safepoint(&mut self);

    /// Collects a generation and the younger ones. `None` when nothing ran: the heap cannot collect, it is collecting
    /// already, or the system has no memory for the collector's own work.
    fn collect(&mut self, generation: Generation) -> Option<Collected>;

    /// Sets or lifts the limit on memory, in bytes: on held memory where the memory source knows it at once, on live
    /// bytes where it does not (general allocators). Lowering it below what is in use frees nothing.
    fn set_limit(&mut self, bytes: Option<usize>);

    // ---------------------------------------------------------------- evidence

    /// Work done so far.
    fn counters(&self) -> Counters;

    /// Memory in use now. Not free of cost: some sources walk their pages.
    fn footprint(&self) -> Footprint;

    /// The highest `live_bytes` so far.
    fn peak_live_bytes(&self) -> usize;

    /// The recorder.
    fn recorder(&self) -> &Self::Recorder;

    /// The recorder, to be changed.
    fn recorder_mut(&mut self) -> &mut Self::Recorder;

    /// Checks the strategy's invariants up to a level, by walks that share no code with the collector's own.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    fn verify_to(&self, level: Level) -> Result<(), Corruption>;

    /// Checks everything that can be checked.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    fn verify(&self) -> Result<(), Corruption> {
        self.verify_to(Level::Exact)
    }
}
