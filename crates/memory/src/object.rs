//! How an object lies in memory: the same for every strategy.
//!
//! ```text
//!            address of a Ref
//!                  v
//! [prefix][header 8][slots][payload]                            inline
//! [prefix][header 8][storage ptr 8][capacity 8, lists only][..] outline: slots and payload in a block of
//!                         |                                     their own, the storage
//!                         v
//!    [bytes 8, born body 8][slots, capacity of them][payload]
//! ```
//!
//! The *prefix* belongs to the strategy: a count (8 bytes: header and count together are CPython's 16), a GC head
//! before that, or nothing. The header word holds kind, flags, slots and bytes:
//!
//! ```text
//! bits 0..5 kind | 5 OUTLINE | 6 ATTACHED | 7 FINALIZED | 8 spare | 9..38 slots | 38..64 bytes
//! ```
//!
//! Growable kinds (list, dict, set, array) are outline from birth, with the fixed part as large as CPython's
//! (`PyListObject` 40, `PyDictObject` 48 with the count). The others are inline, and become outline when they are
//! resized or when their payload is huge; only then, or for a huge payload, has the storage the two words in
//! front: the bytes, which the header cannot hold, and the size of the body that the object was born with.
//! Source of the sizes: CPython 3.13, `Include/cpython/`.
//!
//! # Safety
//! A [`Ref`] is the address of an initialised object. The unsafe step is to make one from raw memory
//! ([`Ref::create`]) and to give its memory away again: whoever frees, reuses or moves an object must own the
//! proof that no copy of its `Ref` is used afterwards. Everything between is safe to call.

mod extent;

pub use extent::Extent;

use heapbench_heap::{Kind, Shape};
use std::cell::Cell;
use std::ptr::NonNull;

/// Bytes of a reference word, and the alignment of every object.
pub const WORD: usize = 8;

const KINDS: [Kind; 17] = {
    let mut kinds = [Kind::Weak; 17];
    let mut i = 0;
    while i < 16 {
        kinds[i] = Kind::ALLOCATABLE[i];
        i += 1;
    }
    kinds
};

const KIND_MASK: u64 = 0x1f;
const SLOTS_SHIFT: u32 = 9;
const SLOTS_MASK: u64 = (1 << 29) - 1;
const BYTES_SHIFT: u32 = 38;
/// In the header's bytes field: the payload is huge, its size stands in front of the storage.
const HUGE: u64 = (1 << 26) - 1;
/// Words in front of the storage, where it has them: bytes, born body.
const FRONT: usize = 2 * WORD;

/// A flag in an object's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Flag {
    /// Slots and payload lie in a storage block.
    Outline = 1 << 5,
    /// The attachment tables know the object: it is weakly referenced, has a finalizer, or is a weak reference.
    Attached = 1 << 6,
    /// The finalizer has run.
    Finalized = 1 << 7,
}

/// A block of bytes: where it is and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its first byte.
    pub start: NonNull<u8>,
    /// Its size in bytes, as it was asked for.
    pub size: usize,
}

const fn is_huge(bytes: usize) -> bool {
    bytes as u64 >= HUGE
}

/// Whether an object of this shape is outline from birth.
#[inline(always)]
pub const fn is_outline(shape: Shape) -> bool {
    shape.kind.is_growable() || is_huge(shape.bytes)
}

/// Bytes of the object itself, prefix and storage excluded.
#[inline(always)]
pub const fn object_size(shape: Shape) -> usize {
    WORD + if is_outline(shape) {
        outline_body(shape.kind)
    } else {
        inline_body(shape.slots as usize, shape.bytes)
    }
}

/// Bytes of the storage block that an object of this shape needs at birth; 0 when it needs none.
#[inline(always)]
pub const fn storage_size(shape: Shape) -> usize {
    if is_outline(shape) { storage_bytes(shape.kind, shape.slots as usize, shape.bytes) } else { 0 }
}

const fn outline_body(kind: Kind) -> usize {
    match kind {
        Kind::List => 24,
        Kind::Dict | Kind::Set => 32,
        _ => 16,
    }
}

/// At least one word, which holds the storage pointer if a resize makes the object outline.
const fn inline_body(slots: usize, bytes: usize) -> usize {
    let size = slots * WORD + bytes;
    if size < WORD { WORD } else { size }
}

const fn front(kind: Kind, bytes: usize) -> usize {
    if is_huge(bytes) || !kind.is_growable() { FRONT } else { 0 }
}

const fn storage_bytes(kind: Kind, capacity: usize, bytes: usize) -> usize {
    front(kind, bytes) + capacity * WORD + bytes
}

/// Slots that a list of `slots` gets when it outgrows its capacity, as CPython's `list_resize` over-allocates
/// (`Objects/listobject.c`, 3.13); other kinds get what they ask for.
pub const fn grown_capacity(kind: Kind, old_slots: usize, slots: usize) -> usize {
    if !matches!(kind, Kind::List) || slots == 0 {
        return slots;
    }
    let over = (slots + (slots >> 3) + 6) & !3;
    if slots.saturating_sub(old_slots) > over - slots { (slots + 3) & !3 } else { over }
}

/// A reference: the address of an object's header word. One word; `Option<Ref>` is nil as zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Ref(NonNull<u64>);

impl std::fmt::Debug for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.address())
    }
}

impl Ref {
    /// Initialises an object: header, nil slots, zero payload.
    ///
    /// # Safety
    /// `at` points to `object_size(shape)` writable bytes, aligned to 8, that belong to nobody else; `storage`,
    /// aligned to 8, to `storage_size(shape)` such bytes (anything aligned when that is 0).
    #[inline(always)]
    pub unsafe fn create(at: NonNull<u8>, shape: Shape, storage: NonNull<u8>) -> Ref {
        let object = Ref(at.cast());
        let outline = if is_outline(shape) { Flag::Outline as u64 } else { 0 };
        object.set_header(shape.kind as u64 | outline, shape.slots as usize, shape.bytes);
        // SAFETY: by the contract, body and storage are ours and as large as the shape needs.
        unsafe {
            if is_outline(shape) {
                let capacity = shape.slots as usize;
                object.adopt(storage, capacity, shape.bytes, outline_body(shape.kind));
                object.storage().as_ptr().write_bytes(0, capacity * WORD + shape.bytes);
            } else {
                object.body().write_bytes(0, inline_body(shape.slots as usize, shape.bytes));
            }
        }
        object
    }

    #[inline(always)]
    fn set_header(self, kind_and_flags: u64, slots: usize, bytes: usize) {
        let bytes = if is_huge(bytes) { HUGE } else { bytes as u64 };
        self.header().set(kind_and_flags | (slots as u64) << SLOTS_SHIFT | bytes << BYTES_SHIFT);
    }

    /// Points the body at a storage block and writes its front words and capacity.
    ///
    /// # Safety
    /// `block` has `storage_bytes(kind, capacity, bytes)` bytes; the body has a word, a list's two.
    #[inline(always)]
    unsafe fn adopt(self, block: NonNull<u8>, capacity: usize, bytes: usize, born_body: usize) {
        let kind = self.kind();
        // SAFETY: by the contract, all writes are inside block and body.
        unsafe {
            if front(kind, bytes) > 0 {
                block.cast::<[usize; 2]>().write([bytes, born_body]);
            }
            self.body().cast::<NonNull<u8>>().write(block.add(front(kind, bytes)));
            if kind == Kind::List {
                self.body().cast::<usize>().add(1).write(capacity);
            }
        }
    }

    /// The object at an address.
    ///
    /// # Safety
    /// `address` is that of an object made by `create` and not yet given away.
    #[inline(always)]
    pub unsafe fn from_address(address: usize) -> Ref {
        // SAFETY: objects have non-zero addresses.
        Ref(unsafe { NonNull::new_unchecked(std::ptr::with_exposed_provenance_mut(address)) })
    }

    /// The address of the header word.
    #[inline(always)]
    pub fn address(self) -> usize {
        self.0.as_ptr().expose_provenance()
    }

    /// The first byte, of a prefix of `prefix` bytes.
    #[inline(always)]
    pub fn start(self, prefix: usize) -> NonNull<u8> {
        // SAFETY: only computes an address; the strategy that asks put a prefix of that size there.
        unsafe { self.0.cast::<u8>().sub(prefix) }
    }

    #[inline(always)]
    fn header(self) -> &'static Cell<u64> {
        // SAFETY: a Ref is the address of an initialised header word; Cell makes shared mutation sound, and no
        // other thread has the heap.
        unsafe { self.0.cast::<Cell<u64>>().as_ref() }
    }

    #[inline(always)]
    fn body(self) -> *mut u8 {
        self.0.as_ptr().wrapping_add(1).cast()
    }

    /// The kind.
    #[inline(always)]
    pub fn kind(self) -> Kind {
        KINDS[((self.header().get() & KIND_MASK) as usize).min(16)]
    }

    /// Whether the kind is one that never holds references.
    #[inline(always)]
    pub fn is_leaf(self) -> bool {
        self.kind().is_leaf()
    }

    /// Kind, slots and bytes.
    pub fn shape(self) -> Shape {
        Shape { kind: self.kind(), slots: self.slot_count() as u32, bytes: self.byte_count() }
    }

    /// Whether a flag is set.
    #[inline(always)]
    pub fn has(self, flag: Flag) -> bool {
        self.header().get() & flag as u64 != 0
    }

    /// Sets or clears a flag.
    #[inline(always)]
    pub fn set_flag(self, flag: Flag, on: bool) {
        let header = self.header();
        header.set(if on { header.get() | flag as u64 } else { header.get() & !(flag as u64) });
    }

    /// Reference slots.
    #[inline(always)]
    pub fn slot_count(self) -> usize {
        (self.header().get() >> SLOTS_SHIFT & SLOTS_MASK) as usize
    }

    /// Payload bytes.
    #[inline(always)]
    pub fn byte_count(self) -> usize {
        match self.header().get() >> BYTES_SHIFT {
            HUGE => self.front()[0],
            bytes => bytes as usize,
        }
    }

    /// First word behind the storage's front; of outline objects only.
    #[inline(always)]
    fn storage(self) -> NonNull<u8> {
        // SAFETY: an outline object's body starts with the storage pointer.
        unsafe { self.body().cast::<NonNull<u8>>().read() }
    }

    /// Bytes and born body; of objects whose storage has a front only.
    fn front(self) -> [usize; 2] {
        // SAFETY: `adopt` wrote the front right before the storage's slots.
        unsafe { self.storage().cast::<[usize; 2]>().sub(1).read() }
    }

    /// Slots that the storage or body has room for.
    #[inline(always)]
    fn capacity(self) -> usize {
        if self.kind() == Kind::List {
            // SAFETY: a list's body is 24 bytes: pointer, capacity, padding.
            unsafe { self.body().cast::<usize>().add(1).read() }
        } else {
            self.slot_count()
        }
    }

    #[inline(always)]
    fn content(self) -> *mut u8 {
        if self.has(Flag::Outline) { self.storage().as_ptr() } else { self.body() }
    }

    /// The slots, to be read and written.
    ///
    /// The lifetime is not tied to the object's: whoever reclaims or resizes the object must not use the slice
    /// afterwards, as with every copy of the `Ref`.
    #[inline(always)]
    pub fn slots<'a>(self) -> &'a [Cell<Option<Ref>>] {
        // SAFETY: `content` points to `slot_count` initialised words, nil or references, that are only ever
        // accessed as cells or raw.
        unsafe { std::slice::from_raw_parts(self.content().cast(), self.slot_count()) }
    }

    /// The payload bytes, as a raw slice: all initialised. A weak reference's are the heap's own: none to see.
    #[inline(always)]
    pub fn payload(self) -> *mut [u8] {
        let start = self.content().wrapping_add(self.capacity() * WORD);
        let bytes = if self.kind() == Kind::Weak { 0 } else { self.byte_count() };
        std::ptr::slice_from_raw_parts_mut(start, bytes)
    }

    /// Bytes of an inline object as it was allocated, prefix excluded.
    #[inline(always)]
    pub fn inline_size(self) -> usize {
        debug_assert!(!self.has(Flag::Outline));
        // Inline payloads are never huge: the header has their size.
        WORD + inline_body(self.slot_count(), (self.header().get() >> BYTES_SHIFT) as usize)
    }

    /// Bytes of the object itself as it was allocated, prefix and storage excluded.
    #[inline(always)]
    pub fn size(self) -> usize {
        if !self.has(Flag::Outline) {
            self.inline_size()
        } else if self.kind().is_growable() {
            WORD + outline_body(self.kind())
        } else {
            WORD + self.front()[1]
        }
    }

    /// The storage block, where the object has one.
    #[inline(always)]
    pub fn storage_block(self) -> Option<Block> {
        if !self.has(Flag::Outline) {
            return None;
        }
        let (kind, bytes) = (self.kind(), self.byte_count());
        let size = storage_bytes(kind, self.capacity(), bytes);
        // SAFETY: only computes the address that `adopt` was given.
        let start = unsafe { self.storage().sub(front(kind, bytes)) };
        (size > 0).then_some(Block { start, size })
    }

    /// Bytes of the new storage block that a resize needs; `None` when the object has room.
    pub fn resize_needs(self, slots: usize, bytes: usize) -> Option<usize> {
        let (kind, capacity) = (self.kind(), self.capacity());
        let same = slots == self.slot_count() && bytes == self.byte_count();
        // As CPython: a list gives memory back when it falls under half of its capacity.
        let room = kind == Kind::List
            && bytes == self.byte_count()
            && slots <= capacity
            && slots >= capacity >> 1
            && self.has(Flag::Outline);
        (!same && !room).then(|| storage_bytes(kind, grown_capacity(kind, self.slot_count(), slots), bytes))
    }

    /// Bytes that `resize` to these numbers copies where it moves to another block.
    pub fn resize_copies(self, slots: usize, bytes: usize) -> u64 {
        (self.slot_count().min(slots) * WORD + self.byte_count().min(bytes)) as u64
    }

    /// Changes the number of slots and bytes. New slots are nil and new bytes zero. Gives back the storage block
    /// that the object used before, now unused.
    ///
    /// # Safety
    /// The slots to be cut off are nil already, their values taken out. `block` is what `resize_needs` asked for
    /// these numbers: `Some` block of that size, aligned to 8 and owned by nobody (dangling when the size is 0),
    /// or `None`. No slice of the old slots or payload is used afterwards, and the caller frees the returned
    /// block as it sees fit.
    pub unsafe fn resize(self, slots: usize, bytes: usize, block: Option<NonNull<u8>>) -> Option<Block> {
        let kind_and_flags = self.header().get() & ((1 << SLOTS_SHIFT) - 1);
        let Some(block) = block else {
            self.set_header(kind_and_flags, slots, bytes);
            return None;
        };
        let (kind, old_storage, old_slots) = (self.kind(), self.storage_block(), self.slots());
        let (old_payload, old_bytes) = (self.payload().cast::<u8>(), self.byte_count());
        let capacity = grown_capacity(kind, old_slots.len(), slots);
        let born_body = self.size() - WORD;
        let kept = old_slots.len().min(slots);
        // SAFETY: the new block is disjoint from the old content and has room for `capacity` slots and `bytes`
        // bytes behind its front; both contents are read before `adopt` overwrites an inline body.
        unsafe {
            let new = block.add(front(kind, bytes)).as_ptr();
            new.write_bytes(0, capacity * WORD + bytes);
            new.copy_from_nonoverlapping(old_slots.as_ptr().cast(), kept * WORD);
            new.add(capacity * WORD).copy_from_nonoverlapping(old_payload, old_bytes.min(bytes));
            self.set_header(kind_and_flags | Flag::Outline as u64, slots, bytes);
            self.adopt(block, capacity, bytes, born_body);
        }
        old_storage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_grow_as_cpython_does() {
        // Capacities of a CPython 3.13 list under append, from its own growth pattern.
        let mut capacity = 0;
        let mut seen = vec![0];
        for slots in 1..=200 {
            if slots > capacity {
                capacity = grown_capacity(Kind::List, slots - 1, slots);
                seen.push(capacity);
            }
        }
        assert_eq!(seen, [0, 4, 8, 16, 24, 32, 40, 52, 64, 76, 92, 108, 128, 148, 172, 200]);
    }

    #[test]
    fn sizes_equal_cpythons() {
        // With the count word of the refcounting family; `sys.getsizeof` less the GC head.
        let size = |kind, slots, bytes| 8 + object_size(Shape::new(kind, slots, bytes));
        assert_eq!(size(Kind::List, 10, 0), 40);
        assert_eq!(size(Kind::Dict, 10, 0), 48);
        assert_eq!(size(Kind::Instance, 2, 0), 32);
        assert_eq!(size(Kind::Float, 0, 8), 24);
        assert_eq!(size(Kind::Object, 0, 0), 24);
        assert_eq!(storage_size(Shape::new(Kind::List, 4, 0)), 32);
    }

    fn words(size: usize) -> (Vec<u64>, NonNull<u8>) {
        let mut block = vec![!0u64; size.div_ceil(8).max(1)];
        let start = NonNull::new(block.as_mut_ptr().cast()).unwrap();
        (block, start)
    }

    #[test]
    fn a_resize_keeps_slots_and_payload() {
        for kind in Kind::ALLOCATABLE.into_iter().filter(|kind| !kind.is_leaf()) {
            let shape = Shape::new(kind, 3, 5);
            let (_object, at) = words(object_size(shape));
            let (mut storages, first) = words(storage_size(shape));
            // SAFETY: both blocks have the sizes asked for.
            let object = unsafe { Ref::create(at, shape, first) };
            object.slots()[2].set(Some(object));
            // SAFETY: the payload is initialised and this is its only use.
            unsafe { (*object.payload())[4] = 7 };
            let born = object.size();
            for (slots, bytes) in [(4, 5), (30, 5), (30, 9), (3, 9), (3, 5)] {
                let needs = object.resize_needs(slots, bytes);
                let block = needs.map(words);
                // SAFETY: slots beyond the third are nil; the block is as large as asked for.
                unsafe { object.resize(slots, bytes, block.as_ref().map(|(_, start)| *start)) };
                if let Some((owner, _)) = block {
                    storages = owner;
                }
                assert_eq!(object.shape(), Shape::new(kind, slots as u32, bytes));
                assert_eq!(object.size(), born, "{kind:?}");
                assert_eq!(object.slots()[2].get(), Some(object));
                assert!(object.slots()[3..].iter().all(|slot| slot.get().is_none()));
                // SAFETY: as above.
                let payload = unsafe { &*object.payload() };
                assert_eq!((payload[4], payload.len()), (7, bytes));
            }
            drop(storages);
        }
    }
}
