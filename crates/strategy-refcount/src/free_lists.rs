//! Free lists: blocks of dead objects of the commonest shapes, kept for the next object of the same shape.
//!
//! *Idea.* Short tuples, lists, dicts and floats come and go all the time; a block that waits for the next one needs no
//! search and no bookkeeping. The lists are stacks: the block that was freed last, which the cache still has, goes
//! first. Off unless the setting `free-lists=true` is given.
//!
//! *Layout.* A waiting block is linked through its first word:
//!
//! ```text
//! list: [first]--> [next | 8 spare …] --> [next | 8 spare …] --> nil        at most `room` more
//! ```
//!
//! *Invariants.*
//! 1. A block in a list is a block of the memory source, of the list's size, that no object uses.
//! 2. A list has at most as many blocks as CPython's.
//! 3. `bytes` are those of all blocks in lists.
//!
//! *What they count as.* The source has given these blocks, and they are no objects': held, and not live. A limit that
//! the source puts on its live bytes counts them; so they are emptied before an allocation fails. The cycle collector's
//! count of containers allocated less freed does not see what goes into a list and comes out of it again.
//!
//! *What they cannot do.* Shrink before a full collection, or before memory runs out.
//!
//! *Source.* CPython 3.13, `Include/internal/pycore_freelist.h`; the same in 3.11 and 3.12.

use heapbench_heap::{Corruption, Kind};
use heapbench_memory::Block;
use heapbench_memory::object::WORD;
use std::ptr::NonNull;

/// The setting's key.
pub(crate) const KEY: &str = "free-lists";

/// Tuples of 1 to this many items have a list each.
pub(crate) const LONGEST_TUPLE: usize = 20;
const LIST: usize = LONGEST_TUPLE;
const DICT: usize = LIST + 1;
const FLOAT: usize = DICT + 1;
const KEY_TABLE: usize = FLOAT + 1;
const LISTS: usize = KEY_TABLE + 1;

/// Payload of a tuple: its length, as `PyTupleObject` has it.
const TUPLE_BYTES: usize = WORD;
/// Payload of a float: a double.
const FLOAT_BYTES: usize = WORD;
/// The storage of a dict with 8 places for keys that are all strs: header 32, index 8, 5 entries of 16.
const KEY_TABLE_SIZE: usize = 120;

/// Blocks that a list has room for.
const fn most(list: usize) -> u32 {
    match list {
        0..LONGEST_TUPLE => 2000,
        FLOAT => 100,
        _ => 80,
    }
}

/// Which list a block that holds such an object goes to.
#[inline(always)]
fn list_of(kind: Kind, slots: usize, bytes: usize) -> Option<usize> {
    match kind {
        Kind::Tuple if (1..=LONGEST_TUPLE).contains(&slots) && bytes == TUPLE_BYTES => Some(slots - 1),
        Kind::List => Some(LIST),
        Kind::Dict => Some(DICT),
        Kind::Float if bytes == FLOAT_BYTES => Some(FLOAT),
        _ => None,
    }
}

/// Blocks of one size.
#[derive(Clone, Copy, Debug, Default)]
struct FreeList {
    first: Option<NonNull<u8>>,
    /// Blocks that can still be added.
    room: u32,
    /// Of each block, in bytes; 0 before the first.
    size: usize,
}

/// All free lists.
#[derive(Debug)]
pub(crate) struct FreeLists {
    is_on: bool,
    /// Longer tuples go into their list and stay there.
    longest_taken: usize,
    bytes: usize,
    /// In a box of their own, so that the heap's fields stay close together.
    lists: Box<[FreeList; LISTS]>,
}

impl FreeLists {
    /// Empty lists, that give tuples of up to `longest_taken` items.
    pub(crate) fn new(is_on: bool, longest_taken: usize) -> FreeLists {
        let list = |list| FreeList { room: most(list), ..FreeList::default() };
        FreeLists { is_on, longest_taken, bytes: 0, lists: Box::new(std::array::from_fn(list)) }
    }

    /// Turns them on or off; how they were.
    pub(crate) fn switch(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.is_on, on)
    }

    /// Whether an object of this shape would get its block from a list.
    pub(crate) fn has(&self, kind: Kind, slots: usize, bytes: usize) -> bool {
        let list = self.list_to_take(kind, slots, bytes);
        list.is_some_and(|list| self.lists[list].first.is_some())
    }

    /// Whether the setting is on: the one test that all who do not use free lists pay for.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// A block for an object of this shape.
    #[inline(always)]
    pub(crate) fn take(&mut self, kind: Kind, slots: usize, bytes: usize) -> Option<NonNull<u8>> {
        if self.is_on { self.pop(self.list_to_take(kind, slots, bytes)?) } else { None }
    }

    /// Which list an object of this shape would get its block from.
    #[inline(always)]
    fn list_to_take(&self, kind: Kind, slots: usize, bytes: usize) -> Option<usize> {
        let is_taken = self.is_on && (kind != Kind::Tuple || slots <= self.longest_taken);
        list_of(kind, slots, bytes).filter(|_| is_taken)
    }

    /// A block for a storage.
    #[inline(always)]
    pub(crate) fn take_storage(&mut self, kind: Kind, size: usize) -> Option<NonNull<u8>> {
        let is_listed = self.is_on && kind == Kind::Dict && size == KEY_TABLE_SIZE;
        if is_listed { self.pop(KEY_TABLE) } else { None }
    }

    /// Takes over the block of a dead object, which had this shape (`bytes` beyond any where slots and payload were in a storage);
    /// false when there is no place for it.
    ///
    /// # Safety
    /// The block came from the source with its size, and nobody uses it any more.
    pub(crate) unsafe fn put(&mut self, kind: Kind, slots: usize, bytes: usize, block: Block) -> bool {
        let list = list_of(kind, slots, bytes).filter(|_| self.is_on);
        // SAFETY: by the contract.
        list.is_some_and(|list| unsafe { self.push(list, block) })
    }

    /// The same for a storage.
    ///
    /// # Safety
    /// As `put`.
    pub(crate) unsafe fn put_storage(&mut self, kind: Kind, block: Block) -> bool {
        let is_listed = self.is_on && kind == Kind::Dict && block.size == KEY_TABLE_SIZE;
        // SAFETY: by the contract.
        is_listed && unsafe { self.push(KEY_TABLE, block) }
    }

    #[inline(never)]
    fn pop(&mut self, list: usize) -> Option<NonNull<u8>> {
        let list = &mut self.lists[list];
        let block = list.first?;
        list.first = next(block);
        list.room += 1;
        self.bytes -= list.size;
        Some(block)
    }

    /// # Safety
    /// As `put`; all blocks of a list have one size.
    unsafe fn push(&mut self, list: usize, block: Block) -> bool {
        let list = &mut self.lists[list];
        if list.room == 0 {
            return false;
        }
        debug_assert!(list.size == 0 || list.size == block.size, "blocks of a free list have one size");
        // SAFETY: the block is at least a word, aligned to 16, and nobody's.
        unsafe { block.start.cast::<Option<NonNull<u8>>>().write(list.first) };
        (list.first, list.size) = (Some(block.start), block.size);
        list.room -= 1;
        self.bytes += block.size;
        true
    }

    /// Takes any block off its list, to be given back to the source; whether containers have such blocks.
    pub(crate) fn drain_one(&mut self) -> Option<(Block, bool)> {
        let list = self.lists.iter().position(|list| list.first.is_some())?;
        let start = self.pop(list)?;
        Some((Block { start, size: self.lists[list].size }, list <= DICT))
    }

    /// Bytes of all blocks in lists.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many blocks are in lists.
    pub(crate) fn len(&self) -> u64 {
        self.lists.iter().enumerate().map(|(list, free)| u64::from(most(list) - free.room)).sum()
    }

    /// All blocks in lists.
    ///
    /// # Errors
    /// A list is longer or shorter than it says, or `bytes` is wrong.
    pub(crate) fn blocks(&self) -> Result<Vec<Block>, Corruption> {
        let mut blocks = Vec::new();
        for (number, list) in self.lists.iter().enumerate() {
            let expected = (most(number).saturating_sub(list.room)) as usize;
            let links = std::iter::successors(list.first, |block| next(*block));
            let found = links.take(expected + 1).map(|start| Block { start, size: list.size });
            let before = blocks.len();
            blocks.extend(found);
            let found = blocks.len() - before;
            if found != expected {
                let than = if found > expected { "more" } else { "less" };
                return Err(Corruption::new(format!(
                    "free list {number}: expected {expected} blocks, found {than}"
                )));
            }
        }
        let found = blocks.iter().map(|block| block.size).sum::<usize>();
        if found != self.bytes {
            return Err(Corruption::new(format!(
                "bytes in free lists: expected {}, found {found}",
                self.bytes
            )));
        }
        Ok(blocks)
    }
}

/// The block after this one.
fn next(block: NonNull<u8>) -> Option<NonNull<u8>> {
    // SAFETY: invariant 1: the first word is the list's, written by `push`.
    unsafe { block.cast::<Option<NonNull<u8>>>().read() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aligned blocks that nobody uses.
    fn arena(blocks: usize) -> Vec<[u128; 8]> {
        vec![[0; 8]; blocks]
    }

    #[test]
    fn lists_are_stacks_with_cpythons_room() {
        let shapes = [
            (Kind::Tuple, 1, 8, 2000),
            (Kind::Tuple, 20, 8, 2000),
            (Kind::List, 0, 0, 80),
            (Kind::Dict, 0, 0, 80),
            (Kind::Float, 0, 8, 100),
        ];
        let mut arena = arena(2001);
        let mut lists = FreeLists::new(true, LONGEST_TUPLE);
        for (kind, slots, bytes, most) in shapes {
            assert!(!lists.has(kind, slots, bytes));
            let blocks: Vec<Block> = arena
                .iter_mut()
                .map(|block| Block { start: NonNull::from(block).cast(), size: 48 })
                .collect();
            // SAFETY: the blocks are 128 bytes of our own.
            let kept =
                blocks.iter().take_while(|block| unsafe { lists.put(kind, slots, bytes, **block) }).count();
            assert_eq!((kept, lists.len(), lists.bytes()), (most, most as u64, most * 48), "{kind:?}");
            assert_eq!(lists.blocks().unwrap().len(), most);
            for block in blocks[..most].iter().rev() {
                assert_eq!(lists.take(kind, slots, bytes), Some(block.start), "last in, first out");
            }
            assert_eq!((lists.take(kind, slots, bytes), lists.bytes()), (None, 0));
        }
    }

    #[test]
    fn other_shapes_and_lists_that_are_off_take_nothing() {
        let mut arena = arena(1);
        let block = Block { start: NonNull::from(&mut arena[0]).cast(), size: 48 };
        let (mut on, mut off) = (FreeLists::new(true, LONGEST_TUPLE), FreeLists::new(false, LONGEST_TUPLE));
        for (kind, slots, bytes) in [
            (Kind::Tuple, 0, 8),
            (Kind::Tuple, 21, 8),
            (Kind::Tuple, 3, 0),
            (Kind::Float, 0, 9),
            (Kind::Instance, 2, 0),
            (Kind::Set, 2, 0),
            (Kind::Str, 0, 8),
        ] {
            // SAFETY: nothing is written.
            assert!(!unsafe { on.put(kind, slots, bytes, block) }, "{kind:?}");
        }
        // SAFETY: as above.
        assert!(!unsafe { off.put(Kind::List, 0, 0, block) || off.put_storage(Kind::Dict, block) });
        assert_eq!((on.len(), off.len(), on.drain_one()), (0, 0, None));
    }

    #[test]
    fn tuples_too_long_to_be_taken_stay_in_their_list() {
        let mut arena = arena(2);
        let mut lists = FreeLists::new(true, 19);
        for (slots, block) in [19, 20].into_iter().zip(&mut arena) {
            let block = Block { start: NonNull::from(block).cast(), size: 48 };
            // SAFETY: the blocks are 128 bytes of our own.
            assert!(unsafe { lists.put(Kind::Tuple, slots, 8, block) });
        }
        assert!(lists.has(Kind::Tuple, 19, 8) && !lists.has(Kind::Tuple, 20, 8));
        assert!(lists.take(Kind::Tuple, 20, 8).is_none() && lists.take(Kind::Tuple, 19, 8).is_some());
        assert_eq!(lists.len(), 1);
    }

    #[test]
    fn only_small_key_tables_are_kept_and_draining_tells_containers() {
        let mut arena = arena(3);
        let mut lists = FreeLists::new(true, LONGEST_TUPLE);
        let mut blocks = arena.iter_mut().map(|block| NonNull::from(block).cast::<u8>());
        let mut block = |size| Block { start: blocks.next().unwrap(), size };
        // SAFETY: the blocks are 128 bytes of our own.
        unsafe {
            assert!(lists.put_storage(Kind::Dict, block(120)) && !lists.put_storage(Kind::Dict, block(112)));
            assert!(lists.put(Kind::Dict, 0, 0, block(64)));
        }
        assert_eq!((lists.len(), lists.bytes()), (2, 184));
        let drained: Vec<_> =
            std::iter::from_fn(|| lists.drain_one()).map(|(block, is)| (block.size, is)).collect();
        assert_eq!((drained, lists.bytes()), (vec![(64, true), (120, false)], 0));
    }
}
