//! Dicts against a plain model, under random operations.

mod support;

use heapbench_heap::{Heap, Kind, Local};
use heapbench_objects::{dict, float, int, key, text};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use support::{A, B, C, D, SCRATCH, TestHeap, assert_empty, heap};

const DICT: Local = A;
const KEY: Local = B;
const VALUE: Local = C;

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Text(String),
    Number(i128),
    Real(i32),
}

impl Key {
    fn random(random: &mut Pcg64Mcg, bound: u32, general: bool) -> Key {
        let number = random.random_range(0..bound);
        match random.random_range(0..if general { 3 } else { 1 }) {
            0 => Key::Text(if number % 3 == 0 { format!("é{number}") } else { format!("key {number}") }),
            1 => Key::Number(i128::from(number) - 20),
            _ => Key::Real(number as i32),
        }
    }

    fn put(&self, heap: &mut TestHeap) {
        match self {
            Key::Text(text) => text::new(heap, KEY, text).unwrap(),
            Key::Number(number) => int::new(heap, KEY, *number).unwrap(),
            Key::Real(number) => float::new(heap, KEY, f64::from(*number)).unwrap(),
        }
    }

    /// Equality as Python has it.
    fn is(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Number(a), Key::Real(b)) | (Key::Real(b), Key::Number(a)) => *a == i128::from(*b),
            _ => self == other,
        }
    }
}

/// An ordered map: slow and plainly right.
#[derive(Default)]
struct Model(Vec<(Key, i128)>);

impl Model {
    fn at(&self, key: &Key) -> Option<usize> {
        self.0.iter().position(|(known, _)| known.is(key))
    }

    fn insert(&mut self, key: Key, value: i128) {
        match self.at(&key) {
            Some(at) => self.0[at].1 = value,
            None => self.0.push((key, value)),
        }
    }
}

fn assert_same(heap: &mut TestHeap, model: &Model) {
    assert_eq!(dict::len(heap, DICT), model.0.len());
    let mut position = 0;
    for (key, value) in &model.0 {
        position = dict::next(heap, DICT, position, D, VALUE).expect("an entry more");
        key.put(heap);
        assert!(key::equal(heap, D, KEY), "{key:?} is next in order");
        assert_eq!(int::value(heap, VALUE), *value);
    }
    assert_eq!(dict::next(heap, DICT, position, D, VALUE), None);
}

/// In a starved run the heap refuses memory now and then; an insertion that fails must have changed nothing.
fn random_operations(seed: u64, bound: u32, general: bool, removals: u32, starved: bool) -> u32 {
    let (mut random, mut heap, mut model) = (Pcg64Mcg::seed_from_u64(seed), heap(), Model::default());
    let mut refusals = 0;
    dict::new(&mut heap, DICT).unwrap();
    for step in 0..6000i128 {
        let key = Key::random(&mut random, bound, general);
        key.put(&mut heap);
        match random.random_range(0..100) {
            choice if choice < removals => {
                let at = model.at(&key);
                let removed = at.map(|at| model.0.remove(at).1);
                if step % 2 == 0 {
                    assert_eq!(dict::remove(&mut heap, DICT, KEY, SCRATCH), at.is_some());
                } else {
                    let popped = dict::pop(&mut heap, VALUE, DICT, KEY, SCRATCH);
                    assert_eq!(popped.then(|| int::value(&heap, VALUE)), removed);
                }
            }
            90.. => {
                let expected = model.at(&key).map(|at| model.0[at].1);
                let found = dict::get(&mut heap, VALUE, DICT, KEY, SCRATCH);
                assert_eq!(found.then(|| int::value(&heap, VALUE)), expected);
                assert_eq!(dict::contains(&mut heap, DICT, KEY, SCRATCH), found);
            }
            _ => {
                int::new(&mut heap, VALUE, step).unwrap();
                let spare = random.random_range(0..4000);
                heap.set_limit(starved.then_some(heap.footprint().live_bytes + spare));
                let inserted = dict::insert(&mut heap, DICT, KEY, VALUE, SCRATCH).is_ok();
                heap.set_limit(None);
                assert!(inserted || starved);
                assert_eq!([heap.is_nil(KEY), heap.is_nil(VALUE)], [inserted; 2], "taken unless refused");
                refusals += u32::from(!inserted);
                if inserted {
                    model.insert(key, step);
                }
            }
        }
        if step % 500 == 0 {
            assert_same(&mut heap, &model);
            heap.verify().unwrap();
        }
    }
    assert_same(&mut heap, &model);
    assert_empty(&mut heap);
    refusals
}

#[test]
fn random_operations_agree_with_a_model() {
    let mut refusals = 0;
    for (seed, bound) in [(1, 8), (2, 60), (3, 400), (4, 3000)] {
        for general in [false, true] {
            for removals in [0, 45, 80] {
                assert_eq!(random_operations(seed, bound, general, removals, false), 0);
                refusals += random_operations(seed, bound, general, removals, true);
            }
        }
    }
    assert!(refusals > 100, "starved runs are refused memory: {refusals}");
}

#[test]
fn a_large_dict_uses_wide_indices() {
    let mut heap = heap();
    dict::new(&mut heap, DICT).unwrap();
    for number in 0..100_000 {
        int::new(&mut heap, KEY, number * 7919).unwrap();
        int::new(&mut heap, VALUE, number).unwrap();
        dict::insert(&mut heap, DICT, KEY, VALUE, SCRATCH).unwrap();
    }
    for number in 0..100_000 {
        int::new(&mut heap, KEY, number * 7919).unwrap();
        assert!(dict::get(&mut heap, VALUE, DICT, KEY, SCRATCH));
        assert_eq!(int::value(&heap, VALUE), number);
    }
    assert_empty(&mut heap);
}

/// Bytes as `sys.getsizeof` gives them for CPython 3.13, GC head included.
fn python_size(heap: &TestHeap) -> usize {
    let shape = heap.shape(DICT);
    assert_eq!(shape.kind, Kind::Dict);
    64 + 8 * shape.slots as usize + shape.bytes
}

#[test]
fn sizes_grow_as_cpythons() {
    // Sizes by length from CPython 3.13, at the lengths where they change.
    let texts = [(0, 64), (1, 184), (6, 272), (11, 464), (22, 832), (43, 1584), (86, 3328), (171, 6576)];
    let general = [(0, 64), (1, 224), (6, 352), (11, 632), (22, 1168), (43, 2264), (86, 4688), (171, 9304)];
    for (expected, is_general) in [(texts, false), (general, true)] {
        let mut heap = heap();
        dict::new(&mut heap, DICT).unwrap();
        for length in 0..=200 {
            let size = expected.iter().rev().find(|(from, _)| *from <= length).unwrap().1;
            assert_eq!(python_size(&heap), size, "{length} keys, general {is_general}");
            match is_general {
                true => int::new(&mut heap, KEY, length).unwrap(),
                false => text::new(&mut heap, KEY, &format!("key {length}")).unwrap(),
            }
            heap.copy(VALUE, KEY);
            dict::insert(&mut heap, DICT, KEY, VALUE, SCRATCH).unwrap();
        }
        assert_empty(&mut heap);
    }
}

#[test]
fn a_refused_conversion_changes_nothing() {
    // A str-only table with gaps, for which an int asks for a smaller, general one.
    let mut heap = heap();
    dict::new(&mut heap, DICT).unwrap();
    for number in 0..20 {
        text::new(&mut heap, KEY, &format!("key {number}")).unwrap();
        heap.copy(VALUE, KEY);
        dict::insert(&mut heap, DICT, KEY, VALUE, SCRATCH).unwrap();
    }
    for number in 0..18 {
        text::new(&mut heap, KEY, &format!("key {number}")).unwrap();
        assert!(dict::remove(&mut heap, DICT, KEY, SCRATCH));
    }
    int::new(&mut heap, KEY, 18).unwrap();
    int::new(&mut heap, VALUE, 18).unwrap();
    heap.set_limit(Some(heap.footprint().live_bytes));
    assert!(dict::insert(&mut heap, DICT, KEY, VALUE, SCRATCH).is_err());
    heap.set_limit(None);
    for number in 0..20 {
        text::new(&mut heap, D, &format!("key {number}")).unwrap();
        assert_eq!(dict::contains(&mut heap, DICT, D, SCRATCH), number >= 18);
    }
    dict::insert(&mut heap, DICT, KEY, VALUE, SCRATCH).unwrap();
    assert_eq!((dict::len(&heap, DICT), python_size(&heap)), (3, 224));
    assert_empty(&mut heap);
}
