//! The data stack: one array of root words on which the frames of all calls overlap, as in CPython since 3.11.
//!
//! ```text
//! bottom            base               top                      limit              end
//!   | callers' frames | current frame    | nil, untouched         | Local::MAX words |
//! ```
//!
//! # Invariants
//! 1. `bottom <= base <= top <= limit`, and `Local::MAX + 1` words are mapped beyond `limit`: so the word of any
//!    local of any frame is mapped, and an access needs no check.
//! 2. Every word is nil or a reference that its owner put there; words at and above `top` are nil.

use crate::object::Ref;
use crate::reservation::Reservation;
use heapbench_heap::{Frame, HeapError, Local, OutOfMemory};
use std::cell::Cell;
use std::ptr::NonNull;

type Word = Option<Ref>;

/// Words that frames can use: deep enough for a million calls with 32 locals each.
const WORDS: usize = 1 << 25;
const GUARD: usize = Local::MAX as usize + 1;

/// One mutator's locals. Address space only: pages come when they are touched.
///
/// The order of the fields matters: `base` and `top` apart, because side by side they are written by two stores and
/// read back by one wide load at the next call, which the processor cannot forward (a quarter of a call's time).
#[derive(Debug)]
#[repr(C)]
pub struct DataStack {
    base: *mut Word,
    limit: *mut Word,
    top: *mut Word,
    bottom: *mut Word,
    _words: Reservation,
}

impl DataStack {
    /// An empty stack with one frame of no locals.
    ///
    /// # Errors
    /// The system refuses the address space.
    pub fn new() -> Result<DataStack, HeapError> {
        let words = Reservation::new((WORDS + GUARD) * size_of::<Word>())?;
        let bottom = words.start().as_ptr().cast::<Word>();
        Ok(DataStack { base: bottom, limit: bottom.wrapping_add(WORDS), top: bottom, bottom, _words: words })
    }

    #[inline(always)]
    fn word(&self, local: Local) -> NonNull<Word> {
        debug_assert!(local.index() < self.len(), "local {} of a frame of {}", local.index(), self.len());
        // SAFETY: invariant 1.
        unsafe { NonNull::new_unchecked(self.base.add(local.index())) }
    }

    /// Locals of the current frame.
    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.top.addr() - self.base.addr()) / size_of::<Word>()
    }

    /// Whether the current frame has no locals.
    pub fn is_empty(&self) -> bool {
        self.top == self.base
    }

    /// The value of a local.
    #[inline(always)]
    pub fn get(&self, local: Local) -> Word {
        // SAFETY: mapped (1) and initialised (2: fresh pages are zero, which is nil).
        unsafe { self.word(local).read() }
    }

    /// Stores a value without looking at the old one, and gives the old one back.
    #[inline(always)]
    pub fn replace(&mut self, local: Local, value: Word) -> Word {
        // SAFETY: as in `get`; the stack is borrowed mutably.
        unsafe { self.word(local).replace(value) }
    }

    /// The object that a local holds.
    ///
    /// # Panics
    /// The local is nil: a mistake of the mutator.
    #[inline(always)]
    pub fn object(&self, local: Local) -> Ref {
        match self.get(local) {
            Some(object) => object,
            None => nil_object(local),
        }
    }

    /// Enters a frame of `locals`, of which the first `arguments` are the current frame's last.
    ///
    /// # Errors
    /// The stack is full; nothing changed.
    #[inline(always)]
    pub fn enter(&mut self, arguments: usize, locals: usize) -> Result<Frame, OutOfMemory> {
        // Both are constants in nearly every mutator, so that two comparisons of addresses remain.
        let full = OutOfMemory { requested: locals.saturating_mul(size_of::<Word>()) };
        if locals > Local::MAX as usize {
            return Err(full);
        }
        let base = self.top.wrapping_sub(arguments);
        if arguments > locals || base < self.base {
            no_such_frame(arguments, locals, self.len());
        }
        let top = base.wrapping_add(locals);
        if top > self.limit {
            return Err(full);
        }
        let frame = Frame {
            caller_base: self.base.expose_provenance(),
            base: base.expose_provenance(),
            arguments,
            locals,
        };
        self.base = base;
        self.top = top;
        Ok(frame)
    }

    /// Takes the value of local `index` of the frame that `enter` answered with; `None` beyond its last local. The
    /// caller releases the values in order and then calls `leave`.
    #[inline(always)]
    pub fn take_entered(&mut self, frame: &Frame, index: usize) -> Option<Word> {
        if index >= frame.locals {
            return None;
        }
        let word = std::ptr::with_exposed_provenance_mut::<Word>(frame.base).wrapping_add(index);
        // SAFETY: the words of an entered frame are mapped and initialised (1, 2).
        let value = unsafe { word.read() };
        if value.is_some() {
            // SAFETY: as above.
            unsafe { word.write(None) };
        }
        Some(value)
    }

    /// Makes all locals of the frame that `enter` answered with nil: for heaps in which that means nothing more. The
    /// caller calls `leave` next.
    #[inline(always)]
    pub fn clear_entered(&mut self, frame: &Frame) {
        let first = std::ptr::with_exposed_provenance_mut::<Word>(frame.base);
        // SAFETY: the words of an entered frame are mapped (1).
        (0..frame.locals).for_each(|index| unsafe { first.wrapping_add(index).write(None) });
    }

    /// Makes the caller's frame the current one. The callee's words must be nil by now: see `take_entered`.
    #[inline(always)]
    pub fn leave(&mut self, frame: Frame) {
        let base = std::ptr::with_exposed_provenance_mut::<Word>(frame.base);
        if self.top != base.wrapping_add(frame.locals) {
            frames_left_out_of_order();
        }
        self.base = std::ptr::with_exposed_provenance_mut(frame.caller_base);
        self.top = base.wrapping_add(frame.arguments);
    }

    /// Puts a returned value where the callee's first argument was, in the frame of the caller, which `leave` made
    /// the current one: that local is nil. Gives it back when there were no arguments.
    #[inline(always)]
    pub fn put_returned(&mut self, base: usize, arguments: usize, value: Word) -> Word {
        if arguments == 0 {
            return value;
        }
        // SAFETY: the word is the caller's local, mapped and initialised.
        unsafe { std::ptr::with_exposed_provenance_mut::<Word>(base).write(value) };
        None
    }

    /// Lengthens the current frame by one local that holds `value`: how a hook gets its object.
    ///
    /// # Errors
    /// The stack is full; nothing changed.
    pub fn push(&mut self, value: Ref) -> Result<Local, OutOfMemory> {
        if self.top == self.limit || self.len() > Local::MAX as usize {
            return Err(OutOfMemory { requested: size_of::<Word>() });
        }
        let local = Local::new(self.len() as u32);
        self.top = self.top.wrapping_add(1);
        self.replace(local, Some(value));
        Ok(local)
    }

    /// Takes back the last local, which `push` made.
    pub fn pop(&mut self) -> Word {
        assert!(!self.is_empty(), "a pushed local is popped once");
        let value = self.replace(Local::new(self.len() as u32 - 1), None);
        self.top = self.top.wrapping_sub(1);
        value
    }

    /// Every root word of every frame, from the outermost.
    pub fn roots(&self) -> &[Cell<Option<Ref>>] {
        let len = (self.top.addr() - self.bottom.addr()) / size_of::<Word>();
        // SAFETY: the words from `bottom` to `top` are mapped and initialised.
        unsafe { std::slice::from_raw_parts(self.bottom.cast(), len) }
    }
}

#[cold]
#[inline(never)]
fn no_such_frame(arguments: usize, locals: usize, len: usize) -> ! {
    panic!(
        "{arguments} arguments for a frame of {locals} locals, expected at most those and the caller's {len}"
    )
}

#[cold]
#[inline(never)]
fn frames_left_out_of_order() -> ! {
    panic!("a frame is left that is not the current one, expected the last entered first")
}

#[cold]
#[inline(never)]
fn nil_object(local: Local) -> ! {
    panic!("local {} is nil, expected an object", local.index())
}
