//! The same allocations on raw bumpalo: what is left of a run under `bump` is the mutator's own share.
//!
//! The replay makes as many allocations as the run had objects, each of their mean size, zeroed as heaps do,
//! and recycles the region whenever it holds as much as the run's peak: where the run reset its heap, so does
//! the replay. It is one figure for one run, and an estimate: sizes differ less in cost than pages touched
//! for the first time, which the replay has as many of.

use crate::stopwatch::nanoseconds;
use bumpalo::Bump;
use std::hint::black_box;
use std::time::Instant;

const WORD: usize = size_of::<u64>();

/// Nanoseconds that raw bumpalo takes for `objects` allocations of `bytes` in all, holding at most
/// `peak_live_bytes` (and one object) at a time.
pub fn raw_allocation_ns(objects: u64, bytes: u64, peak_live_bytes: u64) -> u64 {
    if objects == 0 {
        return 0;
    }
    let words = (bytes / objects).div_ceil(WORD as u64) as usize;
    let region = (peak_live_bytes / (words.max(1) * WORD) as u64).max(1);
    let mut bump = Bump::<WORD>::with_min_align();
    let begun = Instant::now();
    let mut left = objects;
    while left > 0 {
        for _ in 0..region.min(left) {
            black_box(bump.alloc_slice_fill_copy(black_box(words), 0_u64));
        }
        left = left.saturating_sub(region);
        if left > 0 {
            bump.reset();
        }
    }
    nanoseconds(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_do_no_harm() {
        assert_eq!(raw_allocation_ns(0, 0, 0), 0);
        assert!(raw_allocation_ns(1000, 0, 0) > 0);
        assert!(raw_allocation_ns(1, 1 << 20, 0) > 0);
        assert!(raw_allocation_ns(1000, 48_000, 480) > 0);
    }
}
