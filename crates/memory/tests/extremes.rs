//! Every source at its edges: a huge block, sizes that no machine has, and the pattern that fragments the most.

use heapbench_memory::source::ALIGNMENT;
use heapbench_memory::{BumpChunks, Failing, Guarded, MemorySource, Mimalloc, Poisoned, Pools, System};
use std::ptr::NonNull;

/// Frees blocks of one size.
fn free<M: MemorySource>(source: &mut M, blocks: impl IntoIterator<Item = NonNull<u8>>, size: usize) {
    for block in blocks {
        // SAFETY: tests free what they allocated with this size, once.
        unsafe { source.free(block, size) }
    }
}

fn a_huge_block<M: MemorySource>() {
    let (mut source, size) = (M::new().unwrap(), 1 << 30);
    let block = source.allocate(size).unwrap();
    assert_eq!(block.addr().get() % ALIGNMENT, 0);
    // SAFETY: both bytes are the block's.
    unsafe {
        block.write(1);
        block.add(size - 1).write(2);
        assert_eq!((block.read(), block.add(size - 1).read()), (1, 2));
    }
    assert_eq!(source.live_bytes(), size);
    source.verify().unwrap();
    free(&mut source, [block], size);
    assert_eq!(source.live_bytes(), 0);
    source.verify().unwrap();
}

fn sizes_that_no_machine_has<M: MemorySource>() {
    let mut source = M::new().unwrap();
    let edges = [usize::MAX, isize::MAX as usize, 1 << 62, 1 << 56];
    let sizes = edges.into_iter().flat_map(|edge| [0, 1, 15, 16, 33, 4096].map(|less| edge - less));
    for size in sizes {
        assert_eq!(source.allocate(size), None, "{size:#x}");
    }
    assert_eq!(source.live_bytes(), 0);
    let block = source.allocate(100).unwrap();
    free(&mut source, [block], 100);
    source.verify().unwrap();
}

/// As many blocks as there are under the limit. Their first bytes are written.
fn fill<M: MemorySource>(source: &mut M, size: usize) -> Vec<NonNull<u8>> {
    let blocks: Vec<_> = std::iter::from_fn(|| source.allocate(size)).collect();
    // SAFETY: the blocks are ours.
    blocks.iter().for_each(|block| unsafe { block.write(7) });
    blocks
}

/// Robson's pattern (Robson, Worst case fragmentation of first fit and best fit storage allocation strategies, 1977):
/// blocks of a size up to the limit, all freed but every `every`th, then blocks of twice the size.
fn fragmentation<M: MemorySource>(size: usize, every: usize) {
    const LIMIT: usize = 8 << 20;
    let mut source = M::new().unwrap();
    source.set_limit(Some(LIMIT));
    let small = fill(&mut source, size);
    let (kept, freed): (Vec<_>, Vec<_>) =
        small.iter().enumerate().partition(|(number, _)| number % every == 0);
    let blocks =
        |numbered: Vec<(usize, &NonNull<u8>)>| numbered.into_iter().map(|(_, block)| *block).collect();
    let (kept, freed): (Vec<_>, Vec<_>) = (blocks(kept), blocks(freed));
    let freed_count = freed.len();
    free(&mut source, freed, size);
    source.verify().unwrap();
    let large = fill(&mut source, 2 * size);
    assert_eq!(source.allocate(2 * size), None, "a refusal stays one while nothing is freed");
    let (live, held) = (source.live_bytes(), source.held_bytes());
    assert_eq!(live, kept.len() * size + large.len() * 2 * size);
    assert!(live <= LIMIT && live <= held, "{live} live, {held} held");
    println!(
        "{:>9}: {} of {size} bytes, {freed_count} of them freed, then {} of {}: {live} live in {held} held",
        M::NAME,
        small.len(),
        large.len(),
        2 * size,
    );
    source.verify().unwrap();
    free(&mut source, kept, size);
    free(&mut source, large, 2 * size);
    assert_eq!(source.live_bytes(), 0);
    let again = fill(&mut source, size);
    // Bump chunks are not used again before a reset.
    assert!(
        again.len() * 10 >= small.len() * 9 || M::NAME == "bump",
        "{} after {}",
        again.len(),
        small.len()
    );
    free(&mut source, again, size);
    source.verify().unwrap();
}

macro_rules! sources {
    ($($name:ident: $source:ty;)*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn a_huge_block() {
                super::a_huge_block::<$source>();
            }

            #[test]
            fn sizes_that_no_machine_has() {
                super::sizes_that_no_machine_has::<$source>();
            }

            #[test]
            fn fragmentation() {
                for size in [48, 256, 2000] {
                    for every in [2, 16] {
                        super::fragmentation::<$source>(size, every);
                    }
                }
            }
        }
    )* };
}

sources! {
    system: System;
    pools: Pools;
    mimalloc: Mimalloc;
    bump: BumpChunks;
    guarded: Guarded;
    poisoned: Poisoned<Pools>;
    failing: Failing<System>;
}
