//! A pool: 16 KiB aligned to its size, with a header in front of blocks of one size.
//!
//! ```text
//! [header 48][block][block]…[not carved yet]
//! ```
//!
//! Free blocks are linked through their first words. Blocks are carved one by one as the list runs dry, so that a pool
//! touches no page before it needs it.

use super::class_size;
use crate::sanitizer;
use std::cell::Cell;
use std::ops::Deref;
use std::ptr::NonNull;

/// Bytes of a pool, and its alignment.
pub(super) const POOL_SIZE: usize = 16 << 10;
/// Bytes in front of the first block.
pub(super) const HEADER_SIZE: usize = size_of::<Header>();
/// Bytes of the link in a free block.
const LINK_SIZE: usize = size_of::<Option<NonNull<u8>>>();
/// The class of a pool that has never served.
const NO_CLASS: u32 = u32::MAX;

const _: () = assert!(HEADER_SIZE == 48, "as large as CPython's pool_header");

/// What a pool knows of itself.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Header {
    /// Blocks in use.
    pub(super) used: Cell<u32>,
    /// The class of its blocks; kept when the pool is free, because its list still serves that class.
    pub(super) class: Cell<u32>,
    /// The first free block.
    pub(super) free: Cell<Option<NonNull<u8>>>,
    /// The next pool of the class's list, or of the arena's list of free pools.
    pub(super) next: Cell<Option<Pool>>,
    /// The previous pool of the class's list.
    pub(super) previous: Cell<Option<Pool>>,
    /// Index of the pool's arena.
    pub(super) arena: u32,
    /// Where the next block is carved, from the pool's start.
    pub(super) carved: Cell<u32>,
    /// The last place where a whole block can be carved.
    last: Cell<u32>,
}

/// The address of a pool's header: of one in a mapped arena, for as long as anything refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Pool(NonNull<Header>);

impl Deref for Pool {
    type Target = Header;

    #[inline(always)]
    fn deref(&self) -> &Header {
        // SAFETY: `create` initialised the header. Arenas are unmapped only when all their pools are free, and such
        // pools are on no list but the arena's own, which goes with it. Changes go through cells, in one thread.
        unsafe { self.0.as_ref() }
    }
}

impl Pool {
    /// Makes a pool without blocks.
    ///
    /// # Safety
    /// `at` points to `POOL_SIZE` writable bytes, aligned to that, that belong to nobody else.
    pub(super) unsafe fn create(at: NonNull<u8>, arena: u32) -> Pool {
        let header = Header {
            used: Cell::new(0),
            class: Cell::new(NO_CLASS),
            free: Cell::new(None),
            next: Cell::new(None),
            previous: Cell::new(None),
            arena,
            carved: Cell::new(0),
            last: Cell::new(0),
        };
        // SAFETY: by the contract; the alignment is more than a header's.
        unsafe { at.cast().write(header) };
        Pool(at.cast())
    }

    /// The pool at an address.
    ///
    /// # Safety
    /// `create` made a pool there, in an arena that is mapped.
    pub(super) unsafe fn at(start: NonNull<u8>) -> Pool {
        Pool(start.cast())
    }

    /// The address of the pool.
    pub(super) fn address(self) -> usize {
        self.0.addr().get()
    }

    /// Makes a pool without used blocks serve a class. One that served it before keeps its list as it is.
    pub(super) fn serve(self, class: usize) {
        if self.class.get() == class as u32 {
            return;
        }
        self.class.set(class as u32);
        self.carved.set(HEADER_SIZE as u32);
        self.last.set((POOL_SIZE - class_size(class)) as u32);
        // SAFETY: only computes an address inside the pool.
        sanitizer::poison(unsafe { self.0.cast::<u8>().add(HEADER_SIZE) }, POOL_SIZE - HEADER_SIZE);
        self.carve_block();
    }

    /// Makes the next block the only one on the list; false when all are carved.
    pub(super) fn carve_block(self) -> bool {
        let at = self.carved.get();
        if at > self.last.get() {
            return false;
        }
        // SAFETY: a block that starts at the last place or before ends inside the pool, and nobody has it yet.
        unsafe {
            let block = self.0.cast::<u8>().add(at as usize);
            write_link(block, None);
            self.free.set(Some(block));
        }
        self.carved.set(at + class_size(self.class.get() as usize) as u32);
        true
    }

    /// Takes the first block off the list, and says whether there are more.
    ///
    /// # Safety
    /// The pool serves a class and is not full: its list is not empty.
    #[inline(always)]
    pub(super) unsafe fn pop(self) -> (NonNull<u8>, bool) {
        // SAFETY: by the contract; what is on the list is free.
        let (block, next) = unsafe {
            let block = self.free.get().unwrap_unchecked();
            (block, read_link(block))
        };
        self.used.set(self.used.get() + 1);
        self.free.set(next);
        (block, next.is_some())
    }

    /// Puts a block on its pool's list; the pool, and whether it was full.
    ///
    /// # Safety
    /// The block came from a pool and is not used afterwards.
    #[inline(always)]
    pub(super) unsafe fn push(block: NonNull<u8>) -> (Pool, bool) {
        let start = block.as_ptr().map_addr(|address| address & !(POOL_SIZE - 1));
        // SAFETY: pools are aligned to their size, so the block's pool starts there, and not at 0.
        let pool = Pool(unsafe { NonNull::new_unchecked(start.cast()) });
        let first = pool.free.get();
        // SAFETY: the block is free now.
        unsafe { write_link(block, first) };
        pool.free.set(Some(block));
        pool.used.set(pool.used.get() - 1);
        (pool, first.is_none())
    }
}

/// The block behind a block on its list.
///
/// # Safety
/// The block is free and on a list.
#[inline(always)]
pub(super) unsafe fn read_link(block: NonNull<u8>) -> Option<NonNull<u8>> {
    sanitizer::unpoison(block, LINK_SIZE);
    // SAFETY: by the contract, its first word is the link; blocks are aligned to 16.
    let next = unsafe { block.cast().read() };
    sanitizer::poison(block, LINK_SIZE);
    next
}

/// Writes what `read_link` reads.
///
/// # Safety
/// The block is free.
#[inline(always)]
unsafe fn write_link(block: NonNull<u8>, next: Option<NonNull<u8>>) {
    sanitizer::unpoison(block, LINK_SIZE);
    // SAFETY: by the contract nobody else uses it; blocks are aligned to 16.
    unsafe { block.cast().write(next) }
    sanitizer::poison(block, LINK_SIZE);
}
