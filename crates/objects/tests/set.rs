//! Sets against the standard library's, under random operations.

mod support;

use heapbench_heap::{Heap, Local};
use heapbench_objects::{float, int, key, set, text, tuple};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashSet;
use support::{A, B, C, D, SCRATCH, TestHeap, assert_empty, heap};

const SET: Local = A;
const KEY: Local = B;

/// `KEY =` a key that stands for a number: equal for equal numbers only, of several types.
fn put(heap: &mut TestHeap, number: u32, random: &mut Pcg64Mcg) {
    match number % 4 {
        0 => text::new(heap, KEY, &format!("é{number}")).unwrap(),
        1 if random.random() => float::new(heap, KEY, f64::from(number)).unwrap(),
        1 => int::new(heap, KEY, number.into()).unwrap(),
        2 => text::new(heap, KEY, &format!("key {number}")).unwrap(),
        _ => {
            tuple::new(heap, KEY, 2).unwrap();
            int::new(heap, C, number.into()).unwrap();
            heap.store_take(KEY, 0, C);
            text::new(heap, C, "second").unwrap();
            heap.store_take(KEY, 1, C);
        }
    }
}

fn assert_same(heap: &mut TestHeap, model: &HashSet<u32>, bound: u32, random: &mut Pcg64Mcg) {
    assert_eq!(set::len(heap, SET), model.len());
    for number in 0..bound {
        put(heap, number, random);
        assert_eq!(set::contains(heap, SET, KEY, SCRATCH), model.contains(&number), "{number}");
    }
    let (mut position, mut seen) = (0, 0);
    while let Some(next) = set::next(heap, SET, position, D) {
        assert!(set::contains(heap, SET, D, SCRATCH));
        (position, seen) = (next, seen + 1);
    }
    assert!(heap.is_nil(D));
    assert_eq!(seen, model.len());
    heap.verify().unwrap();
}

/// In a starved run the heap refuses memory now and then; an addition that fails must have changed nothing.
fn random_operations(seed: u64, bound: u32, removals: u32, starved: bool) -> u32 {
    let (mut random, mut heap, mut model) = (Pcg64Mcg::seed_from_u64(seed), heap(), HashSet::new());
    let mut refusals = 0;
    set::new(&mut heap, SET).unwrap();
    for step in 0..4000 {
        let number = random.random_range(0..bound);
        put(&mut heap, number, &mut random);
        if random.random_range(0..100) < removals {
            assert_eq!(set::discard(&mut heap, SET, KEY, SCRATCH), model.remove(&number));
        } else {
            let spare = random.random_range(0..2000);
            heap.set_limit(starved.then_some(heap.footprint().live_bytes + spare));
            let is_added = set::add(&mut heap, SET, KEY, SCRATCH).is_ok();
            heap.set_limit(None);
            assert!(is_added || starved);
            assert_eq!(heap.is_nil(KEY), is_added, "taken unless refused");
            refusals += u32::from(!is_added);
            if is_added {
                model.insert(number);
            }
        }
        if step % 500 == 499 {
            assert_same(&mut heap, &model, bound, &mut random);
        }
    }
    assert_empty(&mut heap);
    refusals
}

#[test]
fn random_operations_agree_with_a_model() {
    let mut refusals = 0;
    for (seed, bound) in [(1, 8), (2, 60), (3, 400), (4, 3000)] {
        for removals in [0, 45, 80] {
            assert_eq!(random_operations(seed, bound, removals, false), 0);
            refusals += random_operations(seed, bound, removals, true);
        }
    }
    assert!(refusals > 50, "starved runs are refused memory: {refusals}");
}

#[test]
fn a_large_set_grows_twofold() {
    let mut heap = heap();
    set::new(&mut heap, SET).unwrap();
    let mut places = Vec::new();
    for number in 0..200_000 {
        int::new(&mut heap, KEY, number * 7919).unwrap();
        set::add(&mut heap, SET, KEY, SCRATCH).unwrap();
        let slots = heap.shape(SET).slots;
        if places.last() != Some(&slots) {
            places.push(slots);
        }
    }
    assert_eq!(places, [8, 32, 128, 512, 2048, 8192, 32_768, 131_072, 262_144, 524_288]);
    for number in 0..200_000 {
        int::new(&mut heap, KEY, number * 7919).unwrap();
        assert!(set::contains(&mut heap, SET, KEY, SCRATCH));
    }
    assert_empty(&mut heap);
}

#[test]
fn a_set_keeps_the_key_that_it_has() {
    let mut heap = heap();
    set::new(&mut heap, SET).unwrap();
    int::new(&mut heap, KEY, 7).unwrap();
    heap.copy(C, KEY);
    set::add(&mut heap, SET, KEY, SCRATCH).unwrap();
    float::new(&mut heap, KEY, 7.0).unwrap();
    set::add(&mut heap, SET, KEY, SCRATCH).unwrap();
    assert_eq!(set::next(&mut heap, SET, 0, D), Some(8));
    assert!(heap.is_same(C, D) && heap.is_nil(KEY));
    text::new(&mut heap, KEY, "").unwrap();
    assert!(!set::contains(&mut heap, SET, KEY, SCRATCH), "of hash 0, as places never in use");
    set::add(&mut heap, SET, KEY, SCRATCH).unwrap();
    int::new(&mut heap, KEY, 0).unwrap();
    assert!(!set::contains(&mut heap, SET, KEY, SCRATCH));
    assert!(!key::equal(&heap, KEY, C));
    assert_empty(&mut heap);
}
