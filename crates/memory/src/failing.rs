//! A source that fails on demand: each block is a request that [`injection`] may refuse.
//!
//! It stands around another source, for tests only: [`Request::Object`] is asked for nowhere else.

use crate::injection::{self, Request};
use crate::source::MemorySource;
use heapbench_heap::{Corruption, HeapError};
use std::ptr::NonNull;

/// The source `M`, with failures. It stands outermost: [`Poisoned`](crate::Poisoned) tries again when `M` fails.
#[derive(Debug)]
pub struct Failing<M> {
    source: M,
}

// SAFETY: blocks are the inner source's.
unsafe impl<M: MemorySource> MemorySource for Failing<M> {
    const NAME: &'static str = "failing";

    fn new() -> Result<Self, HeapError> {
        Ok(Failing { source: M::new()? })
    }

    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        if injection::fails(Request::Object) {
            return None;
        }
        self.source.allocate(size)
    }

    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        // SAFETY: by the contract.
        unsafe { self.source.free(block, size) }
    }

    fn live_bytes(&self) -> usize {
        self.source.live_bytes()
    }

    fn held_bytes(&self) -> usize {
        self.source.held_bytes()
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.source.set_limit(bytes);
    }

    fn verify(&self) -> Result<(), Corruption> {
        self.source.verify()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pools;

    #[test]
    fn the_chosen_block_is_refused_and_the_others_are_had() {
        let mut source = Failing::<Pools>::new().unwrap();
        injection::arm(Request::Object, 2, false);
        let blocks: Vec<_> = (0..4).map(|_| source.allocate(32)).collect();
        assert_eq!(injection::disarm(), 1);
        assert_eq!(blocks.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(source.live_bytes(), 96);
        source.verify().unwrap();
        // SAFETY: each is freed once, and not used.
        blocks.into_iter().flatten().for_each(|block| unsafe { source.free(block, 32) });
        assert_eq!(source.live_bytes(), 0);
        source.verify().unwrap();
    }
}
