//! Root slots: the locals of the current frame, frames, and handles of immortal objects.

/// A root slot of the current frame, counted from the frame's first local.
///
/// Indices are at most [`Local::MAX`]. Reading a local beyond the current frame gives nil; writing one is a
/// mistake of the mutator that debug builds catch and release builds survive (the value may be lost).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Local(u32);

impl Local {
    /// The greatest index: the data stack keeps as many words mapped beyond any frame, so that no local can
    /// reach outside it and no access needs a bounds check.
    pub const MAX: u32 = (1 << 24) - 1;

    /// The local with this index.
    ///
    /// # Panics
    /// When the index is greater than [`Local::MAX`].
    #[inline]
    pub const fn new(index: u32) -> Local {
        assert!(index <= Local::MAX, "a local's index is at most 2^24 - 1");
        Local(index)
    }

    /// The index, at most [`Local::MAX`].
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What [`Heap::enter`](crate::Heap::enter) saved of the caller, and the callee's extent: kept on the native stack
/// and given back to `leave`. Where both numbers are constants in the mutator, leaving compiles to straight code.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a frame that is entered must be left"]
pub struct Frame {
    /// Address of the caller's first local.
    pub caller_base: usize,
    /// Address of the callee's first local.
    pub base: usize,
    /// The callee's first locals, which were the caller's last.
    pub arguments: usize,
    /// The callee's locals, arguments included.
    pub locals: usize,
}

/// A handle of an immortal object: small integers, interned strings, classes. See
/// [`Heap::immortalize`](crate::Heap::immortalize). Handles count up from 0 in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Immortal(pub u32);
