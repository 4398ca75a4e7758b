//! Calls of classes.
//!
//! The header of an object here has no place for CPython's type pointer: which class an instance is of is noted in its
//! last byte, which belongs to the values' header.

use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::instance::Class;
use heapbench_objects::tuple;

/// `self` in `__init__`, and in every method.
pub(crate) const SELF: Local = Local::new(0);

/// The most arguments of a class.
const MOST_ARGUMENTS: u32 = 5;

/// A class that a program calls in one place.
#[derive(Debug)]
pub(crate) struct Callable {
    class: Class,
    tag: u8,
    called: bool,
}

impl Callable {
    /// A class whose instances get this many attributes.
    pub(crate) const fn new(attributes: u32) -> Callable {
        Callable::tagged(attributes, 0)
    }

    /// The same; [`class_of`] tells its instances from those of other classes.
    pub(crate) const fn tagged(attributes: u32, tag: u8) -> Callable {
        Callable { class: Class::new(attributes), tag, called: false }
    }
}

/// `Class(…)`: the caller's last locals are one that gets the instance, and the arguments, at most five. They become the
/// first attributes; `rest` assigns the others, with a local to do it.
///
/// The first call makes a tuple of the arguments; then the interpreter has seen which class it is and needs none. When the
/// call is over it looks whether a collection is due: 3.12 does so after each call of a class.
pub(crate) fn construct<H: Heap>(
    heap: &mut H,
    callable: &mut Callable,
    arguments: u32,
    rest: impl FnOnce(&mut H, Local) -> Result<(), OutOfMemory>,
) -> Result<(), OutOfMemory> {
    const VALUE: Local = Local::new(1 + MOST_ARGUMENTS);
    let frame = heap.enter(1 + arguments as usize, VALUE.index() + 1)?;
    if !callable.called {
        callable.called = true;
        if arguments > 0 {
            tuple::new(heap, VALUE, arguments)?;
        }
    }
    callable.class.instantiate(heap, SELF)?;
    if let Some(last) = heap.payload_mut(SELF).last_mut() {
        *last = callable.tag;
    }
    heap.safepoint();
    heap.clear(VALUE);
    for attribute in 0..arguments {
        heap.store(SELF, attribute as usize, Local::new(1 + attribute));
    }
    rest(heap, VALUE)?;
    heap.leave_with(frame, SELF);
    heap.safepoint();
    Ok(())
}

/// `type(instance)`: the tag of its class.
#[inline]
pub(crate) fn class_of<H: Heap>(heap: &H, instance: Local) -> u8 {
    heap.payload(instance).last().copied().unwrap_or(0)
}
