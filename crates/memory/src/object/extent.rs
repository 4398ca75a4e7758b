//! Where an object lies, found without trusting it: for verifiers, which must survive what they look for.

use super::*;
use heapbench_heap::Corruption;
use std::ops::Range;

/// The addresses that an object takes, its prefix excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Header and body, as they were allocated.
    pub object: Range<usize>,
    /// The storage block; empty when there is none.
    pub storage: Range<usize>,
}

impl Extent {
    /// Bytes of both.
    pub fn bytes(&self) -> usize {
        self.object.len() + self.storage.len()
    }
}

/// More payload than any object has.
const NO_BYTES: usize = Shape::MAX_BYTES + 1;

impl Ref {
    /// Where this object lies, if it is one: header and storage are possible, and all of it is in given memory. Nothing
    /// is read that is not.
    ///
    /// # Errors
    /// The first thing that no object has.
    ///
    /// # Safety
    /// What `is_given` says of addresses is true: they are mapped, initialised, and the heap's.
    pub unsafe fn extent(self, is_given: impl Fn(&Range<usize>) -> bool) -> Result<Extent, Corruption> {
        let given = |start: usize, size: usize, what: &str| {
            let piece = start..start.saturating_add(size);
            if start.is_multiple_of(WORD) && is_given(&piece) {
                return Ok(piece);
            }
            Err(Corruption::new(format!(
                "the {what} of {self:?} is {piece:#x?}, expected words allocated by the heap"
            )))
        };
        let start = self.address();
        given(start, 2 * WORD, "least body")?;
        self.check_header()?;
        if !self.has(Flag::Outline) {
            let object = given(start, self.inline_size(), "body")?;
            return Ok(Extent { object, storage: 0..0 });
        }
        let (kind, content) = (self.kind(), self.storage().addr().get());
        let has_front = self.says_huge() || !kind.is_growable();
        if has_front {
            given(content.wrapping_sub(FRONT), FRONT, "storage's front")?;
        }
        let body = if kind.is_growable() { outline_body(kind) } else { self.front()[1].min(NO_BYTES) };
        let object = given(start, WORD + body, "body")?;
        self.check_room()?;
        let size = storage_bytes(kind, self.capacity(), self.byte_count());
        let front = if has_front { FRONT } else { 0 };
        let storage = if size > 0 { given(content.wrapping_sub(front), size, "storage")? } else { 0..0 };
        Ok(Extent { object, storage })
    }

    fn says_huge(self) -> bool {
        self.header().get() >> BYTES_SHIFT == HUGE
    }

    /// The header is one that `create` and `resize` write.
    fn check_header(self) -> Result<(), Corruption> {
        let header = self.header().get();
        let is_kind = header & KIND_MASK < KINDS.len() as u64;
        let is_leaf_with_slots = self.is_leaf() && self.slot_count() > 0;
        let needs_storage = self.kind().is_growable() || self.says_huge();
        // The least body has a word: nil is where no storage can be.
        let is_nil = self.has(Flag::Outline) && self.slots_word() == 0;
        if is_kind && !is_leaf_with_slots && !is_nil && (self.has(Flag::Outline) || !needs_storage) {
            return Ok(());
        }
        Err(Corruption::new(format!("{self:?} has the header {header:#x}, expected an object's")))
    }

    fn slots_word(self) -> usize {
        // SAFETY: every body has a word.
        unsafe { self.body().cast::<usize>().read() }
    }

    /// An outline object's storage has room for what the header says.
    fn check_room(self) -> Result<(), Corruption> {
        let (slots, capacity, bytes) = (self.slot_count(), self.capacity(), self.byte_count());
        // A list has at most an eighth more room than it ever had slots.
        let most = 2 * Shape::MAX_SLOTS as usize;
        if (slots..=most).contains(&capacity) && bytes < NO_BYTES && is_huge(bytes) == self.says_huge() {
            return Ok(());
        }
        Err(Corruption::new(format!(
            "{self:?} has {slots} slots and {bytes} bytes, expected room for them, found {capacity} slots"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heap of two objects, word by word: a list with its storage right behind it, and a tuple of two.
    struct Words {
        words: Box<[u64; 16]>,
        list: Ref,
        tuple: Ref,
    }

    const LIST: Shape = Shape::new(Kind::List, 3, 0);
    const TUPLE: Shape = Shape::new(Kind::Tuple, 2, 5);

    fn words() -> Words {
        let mut words = Box::new([!0u64; 16]);
        let start = NonNull::new(words.as_mut_ptr()).unwrap();
        start.as_ptr().expose_provenance();
        // SAFETY: 4 words of list, 3 of storage, and 4 of tuple fit into the array.
        let (list, tuple) = unsafe {
            let list = Ref::create(start.cast(), LIST, start.add(4).cast());
            (list, Ref::create(start.add(7).cast(), TUPLE, NonNull::dangling()))
        };
        Words { words, list, tuple }
    }

    fn extent(words: &Words, object: Ref) -> Result<Extent, Corruption> {
        let start = words.words.as_ptr().addr();
        // SAFETY: the array is initialised.
        unsafe { object.extent(|piece| start <= piece.start && piece.end <= start + 128) }
    }

    #[test]
    fn an_object_and_its_storage_are_found() {
        let words = words();
        let start = words.list.address();
        let list = extent(&words, words.list).unwrap();
        assert_eq!(list, Extent { object: start..start + 32, storage: start + 32..start + 56 });
        let tuple = extent(&words, words.tuple).unwrap();
        assert_eq!((tuple.object, tuple.storage.len()), (start + 56..start + 56 + 29, 0));
        assert_eq!(list.bytes(), object_size(LIST) + storage_size(LIST));
    }

    #[test]
    fn what_is_no_object_is_told_and_never_followed() {
        type Damage = (&'static str, fn(&mut Words));
        let cases: [Damage; 9] = [
            ("expected an object's", |words| words.words[0] |= KIND_MASK),
            ("expected an object's", |words| words.words[0] &= !(Flag::Outline as u64)),
            ("expected an object's", |words| words.words[0] = Kind::Int as u64 | 3 << SLOTS_SHIFT),
            ("expected an object's", |words| words.words[1] = 0),
            ("expected words allocated", |words| words.words[1] += 1 << 40),
            ("expected words allocated", |words| words.words[1] += 4),
            ("expected room for them, found 2 slots", |words| words.words[2] = 2),
            ("expected words allocated", |words| words.words[2] = 20),
            ("expected room for them", |words| words.words[2] = u64::MAX),
        ];
        for (expected, damage) in cases {
            let mut words = words();
            damage(&mut words);
            let what = extent(&words, words.list).expect_err("the damage is found").what;
            assert!(what.contains(expected), "expected '{expected}', found '{what}'");
        }
        let mut words = words();
        words.words[7] = Kind::Tuple as u64 | 100 << SLOTS_SHIFT;
        assert!(extent(&words, words.tuple).is_err(), "more slots than there is memory");
        words.words[7] = Kind::Tuple as u64 | Flag::Outline as u64;
        words.words[8] = 8;
        assert!(extent(&words, words.tuple).is_err(), "a front that lies nowhere");
        // SAFETY: the address is looked at, and is refused.
        let nowhere = unsafe { Ref::from_address(words.list.address() + 4) };
        assert!(extent(&words, nowhere).is_err(), "not a word");
    }
}
