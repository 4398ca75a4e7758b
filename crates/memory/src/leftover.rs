//! Blocks of malloc's that are in use, so that they can be given back with their source.
//!
//! Heaps that leak on purpose (counting, and its cycles) leave blocks behind. In a process with one heap that is none
//! of malloc's business and costs nothing; a leak detector would report each. So under AddressSanitizer, and only
//! there, the blocks are known, and what is left is freed when the source is dropped.

use std::ptr::NonNull;

/// The blocks in use of one source.
#[derive(Debug, Default)]
pub(crate) struct Leftover {
    #[cfg(heapbench_asan)]
    blocks: std::collections::BTreeSet<usize>,
}

impl Leftover {
    /// The source gives a block out.
    #[inline(always)]
    pub(crate) fn allocated(&mut self, _block: NonNull<u8>) {
        #[cfg(heapbench_asan)]
        self.blocks.insert(_block.expose_provenance().get());
    }

    /// The source takes a block back.
    #[inline(always)]
    pub(crate) fn freed(&mut self, _block: NonNull<u8>) {
        #[cfg(heapbench_asan)]
        self.blocks.remove(&_block.addr().get());
    }
}

#[cfg(heapbench_asan)]
impl Drop for Leftover {
    fn drop(&mut self) {
        for address in &self.blocks {
            let block = NonNull::new(std::ptr::with_exposed_provenance_mut(*address));
            // SAFETY: the block is malloc's, in use, and with its source gone nobody uses it.
            block.into_iter().for_each(|block| unsafe { crate::system::free(block) });
        }
    }
}
