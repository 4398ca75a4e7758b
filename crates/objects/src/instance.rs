//! Instances of Python classes. Attributes are the slots.
//!
//! A class with `__slots__` has 16 bytes and 8 an attribute. Other instances keep their values apart from their
//! names, which the class has: inside the object since 3.13, in a block of their own before. In front of the object are
//! the weak reference list and the `__dict__` (16), which is made only when a program asks for it. A class does not know
//! how many attributes its instances will get: its first instance has room for 30 values, each further one for one less,
//! down to one more than there are attributes. A class of 2 attributes: 328 bytes, then less and less, 88 from the
//! twenty-eighth on, with the GC head.
//! Source: CPython 3.13, `Objects/dictobject.c`, `Include/internal/pycore_dict.h`.

use crate::{Version, dict, identity};
use heapbench_heap::{Heap, Immortal, Kind, Local, OutOfMemory, Shape};

/// Values that the first instance of a class has room for; the later ones and those before 3.13 have one less.
const SHARED_NAMES: u32 = 30;

/// The shape of an instance whose class has `__slots__` of this many attributes, and `bytes` more. As a key its hash is
/// the first word of those, which so must not change.
pub const fn slotted(attributes: u32, bytes: usize) -> Shape {
    Shape::new(Kind::Instance, attributes, bytes)
}

/// The shape of an instance of a plain class that has had many: room for one value more than this many attributes.
pub const fn plain(attributes: u32) -> Shape {
    with_room(Version::V3_13, attributes, attributes + 1)
}

/// The shape of an instance with room for so many values. Behind the attributes, one slot is the `__dict__`.
const fn with_room(version: Version, attributes: u32, room: u32) -> Shape {
    let places = room as usize;
    let values = match version {
        // One byte a value for their order, and two numbers; then the values.
        Version::V3_11 | Version::V3_12 => (places + 2).next_multiple_of(8) + 8 * places,
        Version::V3_13 => places.next_multiple_of(8) + 8 * (places + 1),
    };
    let weak_references = match version {
        // In the object, not in front of it, where is a pointer to the values.
        Version::V3_11 => 16,
        Version::V3_12 | Version::V3_13 => 8,
    };
    let slots = attributes + 1;
    Shape::new(Kind::Instance, slots, weak_references + 8 + values - 8 * slots as usize)
}

/// `dst =` an instance of a plain class with this many attributes, all nil, as from about the thirtieth on.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local, attributes: u32) -> Result<(), OutOfMemory> {
    heap.allocate(dst, plain(attributes))?;
    identity::give(heap, dst);
    Ok(())
}

/// A plain class: what its instances are like, from the first one on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    version: Version,
    attributes: u32,
    /// Values that the next instance has room for.
    room: u32,
}

impl Class {
    /// A class whose instances get this many attributes, at most 29: Python gives an instance with more a `__dict__` at
    /// once.
    pub const fn new(attributes: u32) -> Class {
        Class::of(Version::V3_13, attributes)
    }

    /// [`Class::new`] in a version.
    pub const fn of(version: Version, attributes: u32) -> Class {
        let first = match version {
            Version::V3_11 | Version::V3_12 => SHARED_NAMES - 1,
            Version::V3_13 => SHARED_NAMES,
        };
        let room = if first < attributes { attributes } else { first };
        Class { version, attributes, room }
    }

    /// The shape of the next instance.
    #[inline]
    pub const fn shape(&self) -> Shape {
        with_room(self.version, self.attributes, self.room)
    }

    /// `dst =` an instance, its attributes nil.
    ///
    /// # Errors
    /// Out of memory: no effect.
    #[inline]
    pub fn instantiate<H: Heap>(&mut self, heap: &mut H, dst: Local) -> Result<(), OutOfMemory> {
        heap.allocate(dst, self.shape())?;
        identity::give(heap, dst);
        self.room = (self.room - 1).max((self.attributes + 1).min(SHARED_NAMES - 1)).max(self.attributes);
        Ok(())
    }
}

/// `dst = instance.__dict__`, made when it is first asked for: 64 bytes and no table, for the values stay where they are
/// until [`own_dict`]. `instance` is of a plain class.
///
/// # Errors
/// Out of memory: no effect.
pub fn materialize<H: Heap>(heap: &mut H, dst: Local, instance: Local) -> Result<(), OutOfMemory> {
    let slot = dict_slot(heap, instance);
    if heap.peek(instance, slot).is_none() {
        dict::new(heap, dst)?;
        heap.store(instance, slot, dst);
    } else {
        heap.load(dst, instance, slot);
    }
    Ok(())
}

/// Moves the attributes, whose names are these, into a table that the `__dict__` has of its own, as when it gets a key
/// that the class does not have; makes it if need be. All attributes are nil afterwards: the program goes on with
/// `dst`, the `__dict__`. `scratch` is nil before and after.
///
/// # Errors
/// Out of memory: some attributes have been moved, the others are where they were.
pub fn own_dict<H: Heap>(
    heap: &mut H,
    dst: Local,
    instance: Local,
    names: &[Immortal],
    scratch: [Local; 3],
) -> Result<(), OutOfMemory> {
    materialize(heap, dst, instance)?;
    let [key, value, temporary] = scratch;
    dict::reserve(heap, dst, 3 * names.len())?;
    for (attribute, name) in names.iter().enumerate().take(dict_slot(heap, instance)) {
        if heap.peek(instance, attribute).is_some() {
            heap.load_immortal(key, *name);
            heap.take_slot(value, instance, attribute);
            dict::insert(heap, dst, key, value, temporary).inspect_err(|_| {
                heap.clear(key);
                heap.store_take(instance, attribute, value);
            })?;
        }
    }
    Ok(())
}

#[inline]
fn dict_slot<H: Heap>(heap: &H, instance: Local) -> usize {
    (heap.shape(instance).slots as usize).saturating_sub(1)
}
