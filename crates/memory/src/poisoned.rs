//! A source that watches its blocks: bytes around each that must not change, and a while in which a freed one must not.
//!
//! ```text
//! block of the source below: [canary 16][block][canary 16]
//! ```
//!
//! Fresh bytes are 0xCD, so that who reads before writing sees it, and freed ones 0xDD. A freed block waits in a
//! *quarantine* and is not used again until others have pushed it out; then, and whenever `verify` is called, its bytes
//! must be what they were: else somebody wrote to freed memory. What is found is kept, and is what `verify` answers from
//! then on; nothing is ended by it.
//!
//! It stands around another source, for tests only: it is slow.
//!
//! *What it cannot do.* See a read of freed memory, or a write beyond a canary: `guarded` and AddressSanitizer do.

use crate::source::MemorySource;
use heapbench_heap::{Corruption, HeapError};
use indexmap::IndexMap;
use std::collections::VecDeque;
use std::ptr::NonNull;

/// Bytes of a canary.
const CANARY: usize = 16;
const BEFORE: u8 = 0xfb;
const BEHIND: u8 = 0xfd;
const FRESH: u8 = 0xcd;
const FREED: u8 = 0xdd;

/// Blocks in quarantine, at most.
const QUARANTINE: usize = 256;
/// Bytes in quarantine, at most; larger blocks pass through.
const QUARANTINE_BYTES: usize = 1 << 20;

/// The source `M`, watched.
#[derive(Debug)]
pub struct Poisoned<M: MemorySource> {
    source: M,
    /// The size of each block in use.
    blocks: IndexMap<NonNull<u8>, usize>,
    /// Freed blocks and their sizes, the oldest first.
    quarantine: VecDeque<(NonNull<u8>, usize)>,
    quarantined: usize,
    live: usize,
    /// What was found first.
    found: Option<Corruption>,
}

// SAFETY: blocks lie inside blocks of the inner source, 16 bytes from their start, so that they are aligned as those
// are; a block returns to the inner source when it leaves the quarantine, freed.
unsafe impl<M: MemorySource> MemorySource for Poisoned<M> {
    const NAME: &'static str = "poisoned";

    fn new() -> Result<Self, HeapError> {
        let quarantine = VecDeque::with_capacity(QUARANTINE + 1);
        let source = M::new()?;
        Ok(Poisoned { source, blocks: IndexMap::new(), quarantine, quarantined: 0, live: 0, found: None })
    }

    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        // Not by `injection`: this table is no heap's.
        self.blocks.try_reserve(1).ok()?;
        let whole = size.checked_add(2 * CANARY)?;
        let start = loop {
            match self.source.allocate(whole) {
                Some(start) => break start,
                // What is in quarantine is memory that the heap believes to be free.
                None if self.release_oldest() => {}
                None => return None,
            }
        };
        // SAFETY: canary, block and canary lie inside what was allocated.
        let block = unsafe {
            start.write_bytes(BEFORE, CANARY);
            let block = start.add(CANARY);
            block.write_bytes(FRESH, size);
            block.add(size).write_bytes(BEHIND, CANARY);
            block
        };
        self.blocks.insert(block, size);
        self.live += size;
        Some(block)
    }

    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        match self.blocks.get(&block) {
            Some(known) if *known == size => {}
            known => {
                let known = known.map_or("none".to_string(), |known| format!("one of {known}"));
                return self
                    .note(format!("a block of {size} bytes at {block:?} is freed, in use is {known}"));
            }
        }
        if let Some(what) = damaged_canary(block, size) {
            self.note(what);
        }
        self.blocks.swap_remove(&block);
        self.live -= size;
        // SAFETY: the block was in use until now.
        unsafe { block.write_bytes(FREED, size) };
        self.quarantine.push_back((block, size));
        self.quarantined += size;
        while self.quarantine.len() > QUARANTINE || self.quarantined > QUARANTINE_BYTES {
            self.release_oldest();
        }
    }

    fn live_bytes(&self) -> usize {
        self.live
    }

    fn held_bytes(&self) -> usize {
        let tables = self.blocks.capacity() * size_of::<(usize, NonNull<u8>, usize)>();
        self.source.held_bytes() + tables + self.quarantine.capacity() * size_of::<(NonNull<u8>, usize)>()
    }

    /// The limit is the inner source's, on blocks with their canaries.
    fn set_limit(&mut self, bytes: Option<usize>) {
        self.source.set_limit(bytes);
    }

    fn verify(&self) -> Result<(), Corruption> {
        let in_use = self.blocks.iter().find_map(|(block, size)| damaged_canary(*block, *size));
        let freed = || self.quarantine.iter().find_map(|(block, size)| written_after_free(*block, *size));
        match self.found.clone().or_else(|| in_use.or_else(freed).map(Corruption::new)) {
            Some(corruption) => Err(corruption),
            None => self.source.verify(),
        }
    }
}

impl<M: MemorySource> Poisoned<M> {
    fn note(&mut self, what: String) {
        self.found.get_or_insert_with(|| Corruption::new(what));
    }

    /// Gives the block that was freed first back to the inner source; false when there is none.
    fn release_oldest(&mut self) -> bool {
        let Some((block, size)) = self.quarantine.pop_front() else { return false };
        self.quarantined -= size;
        if let Some(what) = written_after_free(block, size) {
            self.note(what);
        }
        // SAFETY: the inner block starts with the canary and was allocated with this size; nobody uses it.
        unsafe { self.source.free(block.sub(CANARY), size + 2 * CANARY) };
        true
    }
}

impl<M: MemorySource> Drop for Poisoned<M> {
    fn drop(&mut self) {
        while self.release_oldest() {}
    }
}

/// What is wrong with the canaries around a block in use.
fn damaged_canary(block: NonNull<u8>, size: usize) -> Option<String> {
    // SAFETY: both canaries were written when the block was allocated, and it is not given back.
    let (before, behind) = unsafe { (bytes(block.sub(CANARY), CANARY), bytes(block.add(size), CANARY)) };
    let before = other(before, BEFORE).map(|(at, found)| (at as isize - CANARY as isize, BEFORE, found));
    let behind = || other(behind, BEHIND).map(|(at, found)| ((size + at) as isize, BEHIND, found));
    let (at, expected, found) = before.or_else(behind)?;
    Some(format!(
        "the block of {size} bytes at {block:?}: expected {expected:#x} outside of it, found {found:#x} at byte {at}"
    ))
}

/// What is wrong with a freed block.
fn written_after_free(block: NonNull<u8>, size: usize) -> Option<String> {
    // SAFETY: `free` filled the block, and it is not given back.
    let (at, found) = other(unsafe { bytes(block, size) }, FREED)?;
    let what = format!(
        "the freed block of {size} bytes at {block:?}: expected {FREED:#x}, found {found:#x} at byte {at}"
    );
    Some(what).or_else(|| damaged_canary(block, size))
}

/// The first byte that is not the expected one: where, and what it is.
fn other(bytes: &[u8], expected: u8) -> Option<(usize, u8)> {
    bytes.iter().copied().enumerate().find(|(_, byte)| *byte != expected)
}

/// Bytes of a block.
///
/// # Safety
/// They are initialised, and not written while they are looked at.
unsafe fn bytes<'a>(start: NonNull<u8>, size: usize) -> &'a [u8] {
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts(start.as_ptr(), size) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BumpChunks, Mimalloc, Pools, System};

    fn free<M: MemorySource>(source: &mut Poisoned<M>, block: NonNull<u8>, size: usize) {
        // SAFETY: tests free what they allocated; where they do not, the source must see it.
        unsafe { source.free(block, size) }
    }

    fn write<M: MemorySource>(_: &mut Poisoned<M>, block: NonNull<u8>, at: isize) {
        // SAFETY: the byte is the block's, or one of its canaries', and is not given back to the inner source.
        unsafe { block.offset(at).write(7) }
    }

    #[test]
    fn bytes_say_whether_they_are_fresh_or_freed() {
        let mut source = Poisoned::<Pools>::new().unwrap();
        let block = source.allocate(33).unwrap();
        // SAFETY: the block is in use, or in quarantine, and initialised.
        let content = || unsafe { bytes(block, 33) }.to_vec();
        assert_eq!(content(), [FRESH; 33]);
        free(&mut source, block, 33);
        assert_eq!((content(), source.live_bytes()), (vec![FREED; 33], 0));
        source.verify().unwrap();
    }

    fn quarantines<M: MemorySource>() {
        let mut source = Poisoned::<M>::new().unwrap();
        let first = source.allocate(40).unwrap();
        free(&mut source, first, 40);
        for _ in 0..QUARANTINE {
            let next = source.allocate(40).unwrap();
            assert_ne!(next, first, "a freed block is not used again");
            free(&mut source, next, 40);
        }
        assert_eq!((source.quarantine.len(), source.quarantined), (QUARANTINE, QUARANTINE * 40));
        let large = source.allocate(QUARANTINE_BYTES + 1).unwrap();
        free(&mut source, large, QUARANTINE_BYTES + 1);
        assert_eq!((source.quarantine.len(), source.quarantined, source.live_bytes()), (0, 0, 0));
        source.verify().unwrap();
    }

    #[test]
    fn freed_blocks_wait_until_others_push_them_out() {
        quarantines::<Pools>();
        quarantines::<System>();
        quarantines::<Mimalloc>();
        quarantines::<BumpChunks>();
    }

    #[test]
    fn the_quarantine_gives_way_before_memory_runs_out() {
        let mut source = Poisoned::<System>::new().unwrap();
        source.set_limit(Some(1000));
        for _ in 0..1000 {
            let block = source.allocate(400).unwrap();
            free(&mut source, block, 400);
        }
        assert!(source.allocate(1000).is_none() && source.allocate(usize::MAX).is_none());
        source.verify().unwrap();
    }

    type Damage = fn(&mut Poisoned<Pools>, NonNull<u8>);

    /// What `verify` says of a block of 20 bytes after `damage`, and again much later.
    fn found(damage: Damage) -> String {
        let mut source = Poisoned::<Pools>::new().unwrap();
        let block = source.allocate(20).unwrap();
        source.verify().unwrap();
        damage(&mut source, block);
        let what = source.verify().expect_err("the damage is found").what;
        for _ in 0..2 * QUARANTINE {
            let block = source.allocate(20).unwrap();
            free(&mut source, block, 20);
        }
        assert_eq!(
            source.verify().expect_err("it is not forgotten").what.split(':').next(),
            what.split(':').next()
        );
        what
    }

    #[test]
    fn verify_finds_planted_damage() {
        let cases: [(&str, Damage); 9] = [
            ("expected 0xfb outside of it, found 0x7 at byte -1", |source, block| write(source, block, -1)),
            ("expected 0xfb outside of it, found 0x7 at byte -16", |source, block| write(source, block, -16)),
            ("expected 0xfd outside of it, found 0x7 at byte 20", |source, block| write(source, block, 20)),
            ("expected 0xfd outside of it, found 0x7 at byte 35", |source, block| write(source, block, 35)),
            ("outside of it, found 0x7 at byte 20", |source, block| {
                write(source, block, 20);
                free(source, block, 20);
            }),
            ("expected 0xdd, found 0x7 at byte 0", |source, block| {
                free(source, block, 20);
                write(source, block, 0);
            }),
            ("expected 0xdd, found 0x7 at byte 19", |source, block| {
                free(source, block, 20);
                write(source, block, 19);
            }),
            ("in use is none", |source, block| {
                free(source, block, 20);
                free(source, block, 20);
            }),
            ("a block of 21 bytes", |source, block| free(source, block, 21)),
        ];
        for (expected, damage) in cases {
            let what = found(damage);
            assert!(what.contains(expected), "expected '{expected}', found '{what}'");
        }
    }
}
