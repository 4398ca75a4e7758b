//! The policy, step by step; everything against a model; and damage that `verify` must find.

use super::arena::{ARENA_POOLS, ARENA_SIZE, Arena};
use super::pool::{HEADER_SIZE, POOL_SIZE};
use super::*;
use crate::injection::{self, Request};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::collections::BTreeMap;

type Block = NonNull<u8>;

fn pools() -> Pools {
    Pools::new().unwrap()
}

fn blocks_in_pool(size: usize) -> usize {
    (POOL_SIZE - HEADER_SIZE) / size
}

fn fill(pools: &mut Pools, size: usize, count: usize) -> Vec<Block> {
    (0..count).map(|_| pools.allocate(size).unwrap()).collect()
}

fn free(pools: &mut Pools, size: usize, blocks: impl IntoIterator<Item = Block>) {
    for block in blocks {
        // SAFETY: tests free what they allocated with this size, once.
        unsafe { pools.free(block, size) }
    }
}

/// Fills so many pools with blocks of 512 bytes; the blocks of each.
fn fill_pools(pools: &mut Pools, count: usize) -> Vec<Vec<Block>> {
    (0..count).map(|_| fill(pools, 512, blocks_in_pool(512))).collect()
}

fn pool_of(block: Block) -> usize {
    block.addr().get() & !(POOL_SIZE - 1)
}

#[test]
fn constants_are_cpythons() {
    let expected = [(16, 1021), (32, 510), (64, 255), (112, 145), (512, 31)];
    assert_eq!(expected.map(|(size, _)| blocks_in_pool(size)), expected.map(|(_, blocks)| blocks));
    assert_eq!((CLASSES, ARENA_POOLS), (32, 63));
    let classes = [0, 1, 16, 17, 32, 512, 513, usize::MAX].map(class_of);
    assert_eq!(classes, [None, Some(0), Some(0), Some(1), Some(1), Some(31), None, None]);
}

#[test]
fn a_pool_is_carved_in_order_and_reused_in_reverse() {
    let mut pools = pools();
    let blocks = fill(&mut pools, 40, 5);
    let start = pool_of(blocks[0]) + HEADER_SIZE;
    let places: Vec<_> = blocks.iter().map(|block| block.addr().get() - start).collect();
    assert_eq!(places, [0, 48, 96, 144, 192]);
    free(&mut pools, 40, [blocks[1], blocks[3]]);
    assert_eq!(fill(&mut pools, 48, 2), [blocks[3], blocks[1]]);
    pools.verify().unwrap();
}

#[test]
fn a_full_pool_returns_to_the_front() {
    let mut pools = pools();
    let full = fill_pools(&mut pools, 2);
    assert_eq!(pools.used[31], None);
    let third = pools.allocate(512).unwrap();
    free(&mut pools, 512, [full[0][7]]);
    free(&mut pools, 512, [full[1][9]]);
    pools.verify().unwrap();
    // The second pool returned last, so it is the first to be used, and the third is the last.
    assert_eq!(fill(&mut pools, 512, 2), [full[1][9], full[0][7]]);
    assert_eq!(pool_of(pools.allocate(512).unwrap()), pool_of(third));
    pools.verify().unwrap();
}

#[test]
fn a_free_pool_serves_another_size_or_keeps_its_list() {
    let mut pools = pools();
    let _other = pools.allocate(500).unwrap();
    let blocks = fill(&mut pools, 32, 3);
    free(&mut pools, 32, blocks.iter().copied());
    pools.verify().unwrap();
    // The same size finds the list as it was left, not carved anew.
    assert_eq!(fill(&mut pools, 32, 3), [blocks[2], blocks[1], blocks[0]]);
    free(&mut pools, 32, blocks.iter().copied());
    let larger = pools.allocate(64).unwrap();
    assert_eq!(larger, blocks[0], "the pool given back last starts again with its first block");
    pools.verify().unwrap();
}

#[test]
fn an_arena_is_returned_when_free_unless_it_is_the_last() {
    let mut pools = pools();
    assert_eq!(pools.held_bytes(), 0);
    let filled = fill_pools(&mut pools, 3 * ARENA_POOLS);
    let vector = 16 * size_of::<Arena>();
    assert_eq!(pools.held_bytes(), 3 * ARENA_SIZE + vector);
    assert_eq!(pools.live_bytes(), 3 * ARENA_POOLS * 31 * 512);
    for (count, blocks) in filled.into_iter().enumerate() {
        free(&mut pools, 512, blocks);
        pools.verify().unwrap();
        // The first stays, the only one with free pools; it is behind the others when they become wholly free.
        assert_eq!(pools.arenas.mapped, 4 - ((count + 1) / ARENA_POOLS).max(1));
    }
    assert_eq!((pools.arenas.mapped, pools.live_bytes()), (1, 0));
    assert_eq!(pools.held_bytes(), ARENA_SIZE + vector);
    fill_pools(&mut pools, 17 * ARENA_POOLS);
    assert_eq!(pools.held_bytes(), 17 * ARENA_SIZE + 2 * vector, "entries are reused, the vector doubles");
    pools.verify().unwrap();
}

#[test]
fn new_pools_come_from_the_fullest_arena() {
    let mut pools = pools();
    let mut filled = fill_pools(&mut pools, 3 * ARENA_POOLS);
    let arena_of = |pools: &Pools, block: Block| {
        let inside = |arena: &Arena| {
            arena.mapping.is_some_and(|at| {
                (at.addr().get()..at.addr().get() + ARENA_SIZE).contains(&block.addr().get())
            })
        };
        pools.arenas.all.iter().position(inside)
    };
    // Arena 0 gets five free pools, arena 1 two, arena 2 three.
    for (arena, count) in [(0, 5), (1, 2), (2, 3)] {
        for pool in 0..count {
            free(&mut pools, 512, std::mem::take(&mut filled[arena * ARENA_POOLS + pool]));
            pools.verify().unwrap();
        }
    }
    let mut order = Vec::new();
    for _ in 0..10 {
        let block = fill(&mut pools, 512, 31)[0];
        order.push(arena_of(&pools, block));
        pools.verify().unwrap();
    }
    assert_eq!(order, [1, 1, 2, 2, 2, 0, 0, 0, 0, 0].map(Some));
    assert_eq!((pools.arenas.usable, pools.arenas.mapped), (None, 3));
}

#[test]
fn large_requests_are_mallocs() {
    let mut pools = pools();
    let block = pools.allocate(513).unwrap();
    assert_eq!((pools.live_bytes(), pools.arenas.mapped), (513, 0));
    assert!((521..600).contains(&pools.held_bytes()), "{}", pools.held_bytes());
    free(&mut pools, 513, [block]);
    assert_eq!((pools.live_bytes(), pools.held_bytes()), (0, 0));
    assert_eq!(pools.allocate(usize::MAX), None);
    assert_eq!(pools.allocate(isize::MAX as usize), None);
    pools.verify().unwrap();
}

#[test]
fn a_refused_arena_or_vector_changes_nothing() {
    for request in [Request::Block, Request::Metadata] {
        let mut pools = pools();
        for arenas in 0..17 {
            injection::arm(request, 1, false);
            let refused = pools.allocate(512).is_none();
            // The vector grows at the first arena and at the seventeenth.
            assert_eq!(refused, request == Request::Block || arenas % 16 == 0);
            assert_eq!(
                (injection::disarm(), pools.arenas.mapped),
                (refused.into(), arenas + !refused as usize)
            );
            pools.verify().unwrap();
            fill_pools(&mut pools, ARENA_POOLS - 1);
            fill(&mut pools, 512, 31 - !refused as usize);
            assert_eq!((pools.arenas.mapped, pools.arenas.usable), (arenas + 1, None));
        }
        pools.verify().unwrap();
    }
}

#[test]
fn the_limit_is_on_held_bytes() {
    let mut pools = pools();
    let limit = 2 * ARENA_SIZE + 5000;
    pools.set_limit(Some(limit));
    let large = pools.allocate(3000).unwrap();
    let mut blocks = Vec::new();
    while let Some(block) = pools.allocate(100) {
        blocks.push(block);
    }
    assert_eq!(blocks.len(), 2 * ARENA_POOLS * blocks_in_pool(112));
    assert_eq!(pools.allocate(3000), None);
    assert_eq!(pools.allocate(1), None);
    assert!(pools.held_bytes() <= limit);
    assert_eq!(pools.live_bytes(), 3000 + blocks.len() * 100);
    pools.verify().unwrap();
    free(&mut pools, 3000, [large]);
    free(&mut pools, 100, blocks.drain(..));
    pools.set_limit(Some(0));
    assert!(pools.allocate(1).is_some(), "what is held already may be used");
    pools.verify().unwrap();
}

/// A block of the model: its size and the byte that fills it.
type Model = BTreeMap<usize, (Block, usize, u8)>;

fn add(pools: &mut Pools, model: &mut Model, size: usize, byte: u8) {
    let block = pools.allocate(size).unwrap();
    let start = block.addr().get();
    assert_eq!(start % ALIGNMENT, 0);
    let before = model.range(..start + size).next_back();
    assert!(before.is_none_or(|(at, (_, size, _))| at + size <= start), "blocks overlap");
    // SAFETY: the block is as large as asked for, and ours.
    unsafe { block.write_bytes(byte, size) };
    model.insert(start, (block, size, byte));
}

fn remove(pools: &mut Pools, model: &mut Model, number: usize) {
    let start = *model.keys().nth(number % model.len()).unwrap();
    let (block, size, byte) = model.remove(&start).unwrap();
    // SAFETY: the block was filled by `add`, and is freed once.
    unsafe {
        let bytes = std::slice::from_raw_parts(block.as_ptr(), size);
        assert!(bytes.iter().all(|found| *found == byte), "a block's content changed");
        pools.free(block, size);
    }
}

fn compare(pools: &Pools, model: &Model) {
    pools.verify().unwrap();
    assert_eq!(pools.live_bytes(), model.values().map(|(_, size, _)| size).sum::<usize>());
}

#[test]
fn random_blocks_agree_with_a_model() {
    for seed in 0..4 {
        let mut random = Pcg64::seed_from_u64(seed);
        let (mut pools, mut model) = (pools(), Model::new());
        for phase in 0..8 {
            // Phases of one range of sizes each, growing or shrinking: pools and arenas change hands.
            let largest = [600, 16, 128, 512][random.random_range(0..4)];
            for step in 0..1500 {
                if model.is_empty() || random.random_bool(if phase % 2 == 0 { 0.9 } else { 0.2 }) {
                    add(&mut pools, &mut model, random.random_range(1..=largest), step as u8);
                } else {
                    remove(&mut pools, &mut model, random.random_range(0..1 << 20));
                }
                if step % 100 == 0 {
                    compare(&pools, &model);
                }
            }
        }
        while !model.is_empty() {
            remove(&mut pools, &mut model, random.random_range(0..1 << 20));
        }
        compare(&pools, &model);
        assert!(pools.arenas.mapped <= 1 && pools.large == 0);
    }
}

#[test]
fn random_arenas_come_and_go() {
    let mut random = Pcg64::seed_from_u64(7);
    let (mut pools, mut kept) = (pools(), Vec::new());
    let mut most = 0;
    for round in 0..6000 {
        let grow = round % 2000 < 1000;
        if kept.is_empty() || random.random_bool(if grow { 0.8 } else { 0.2 }) {
            kept.push(fill(&mut pools, 512, 31));
        } else {
            let blocks = kept.swap_remove(random.random_range(0..kept.len()));
            free(&mut pools, 512, blocks);
        }
        most = most.max(pools.arenas.mapped);
        if round % 50 == 0 {
            pools.verify().unwrap();
        }
    }
    assert!(most > 8, "{most}");
    assert!(pools.arenas.mapped < most, "arenas were returned");
}

/// What `verify` says of full, used and free pools in three arenas after `damage`.
fn damaged(damage: fn(&mut Pools)) -> String {
    let mut pools = pools();
    let mut filled = fill_pools(&mut pools, 2 * ARENA_POOLS + 2);
    for (pool, blocks) in [(0, 31), (1, 31), (2, 5), (ARENA_POOLS, 31), (ARENA_POOLS + 1, 4)] {
        free(&mut pools, 512, filled[pool].drain(..blocks));
    }
    fill(&mut pools, 32, 9);
    pools.verify().unwrap();
    damage(&mut pools);
    pools.verify().expect_err("the damage is found").what
}

fn first_used(pools: &Pools) -> Pool {
    pools.used[31].unwrap()
}

#[test]
fn verify_finds_planted_damage() {
    type Damage = (&'static str, fn(&mut Pools));
    let cases: [Damage; 16] = [
        ("used and", |pools| first_used(pools).used.set(3)),
        ("expected one of its", |pools| {
            let pool = first_used(pools);
            pool.free.set(pool.free.get().map(|block| block.map_addr(|at| at.saturating_add(8))));
        }),
        // SAFETY: a free block's link is written: the list becomes a ring.
        ("expected one of its", |pools| unsafe {
            let block = first_used(pools).free.get().unwrap();
            sanitizer::unpoison(block, 8);
            block.cast().write(Some(block));
        }),
        // SAFETY: as above: use after free.
        ("expected one of its", |pools| unsafe {
            let block = first_used(pools).free.get().unwrap();
            sanitizer::unpoison(block, 8);
            block.cast().write(0xdead_usize)
        }),
        ("used and", |pools| first_used(pools).free.set(None)),
        ("linked wrongly", |pools| pools.used.swap(1, 31)),
        ("is found Nowhere", |pools| pools.used[1] = None),
        ("carved up to", |pools| first_used(pools).carved.set(1000)),
        ("has class", |pools| first_used(pools).class.set(32)),
        ("listed as Used", |pools| pools.used[3] = pools.arenas.all[0].free_pools),
        ("expected a carved pool", |pools| {
            let at = pools.arenas.all[0].mapping.unwrap();
            // SAFETY: no pool, but `verify` compares the address first.
            pools.used[3] = Some(unsafe { Pool::at(at.add(8)) });
        }),
        ("free pools, counted", |pools| pools.arenas.all[0].carved -= 1),
        ("free pools behind one with 62", |pools| pools.arenas.all[0].free_count = 62),
        ("arenas are mapped, counted", |pools| pools.arenas.mapped += 1),
        ("last arena of a number", |pools| pools.arenas.last_with[2] = None),
        ("bytes are live", |pools| pools.live += 1 << 20),
    ];
    for (expected, damage) in cases {
        let what = damaged(damage);
        assert!(what.contains(expected), "expected '{expected}', found '{what}'");
    }
}
