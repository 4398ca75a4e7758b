//! The same allocations on raw bumpalo: what is left of a run under `bump` is the mutator's own share.
//!
//! The replay makes as many allocations as the run had objects, each of their mean size, zeroed as heaps do,
//! and recycles the region whenever it holds as much as the run's peak: where the run reset its heap, so does
//! the replay. The region has been touched before, so that the replay is allocation and nothing else: what the run
//! under `bump` paid for fresh pages stays in the mutator's share, which is therefore an upper bound.

use crate::stopwatch::nanoseconds;
use bumpalo::Bump;
use std::hint::black_box;
use std::time::Instant;

const WORD: usize = size_of::<u64>();

/// Nanoseconds that raw bumpalo takes for `objects` allocations of `bytes` in all, holding at most
/// `peak_live_bytes` (and one object) at a time. `None`: there is no memory for the replay beside the run.
pub fn raw_allocation_ns(objects: u64, bytes: u64, peak_live_bytes: u64) -> Option<u64> {
    if objects == 0 {
        return Some(0);
    }
    let words = (bytes / objects).div_ceil(WORD as u64) as usize;
    let region = (peak_live_bytes / (words.max(1) * WORD) as u64).max(1);
    let capacity = (region as usize + 1) * words.max(1) * WORD;
    let mut bump = Bump::<WORD>::try_with_min_align_and_capacity(capacity).ok()?;
    allocate(&mut bump, region.min(objects), words);
    let begun = Instant::now();
    let mut left = objects;
    while left > 0 {
        bump.reset();
        allocate(&mut bump, region.min(left), words);
        left = left.saturating_sub(region);
    }
    Some(nanoseconds(begun.elapsed()))
}

fn allocate(bump: &mut Bump<WORD>, objects: u64, words: usize) {
    for _ in 0..objects {
        black_box(bump.alloc_slice_fill_copy(black_box(words), 0_u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_do_no_harm() {
        assert_eq!(raw_allocation_ns(0, 0, 0), Some(0));
        assert!(raw_allocation_ns(1000, 0, 0) > Some(0));
        assert!(raw_allocation_ns(1, 1 << 20, 0) > Some(0));
        assert!(raw_allocation_ns(1000, 48_000, 480) > Some(0));
        assert_eq!(raw_allocation_ns(1, 1 << 40, 1 << 60), None);
    }
}
