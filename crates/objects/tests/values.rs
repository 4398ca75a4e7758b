//! Sizes, hashes and values, against those of CPython.

mod support;

use heapbench_heap::{Heap, Shape};
use heapbench_objects::{Statics, exception, float, instance, int, key, list, text, tuple};
use support::{A, B, C, D, SCRATCH, assert_empty, heap};

const HEADER: usize = 16;
const GC_HEAD: usize = 16;

fn size(shape: Shape) -> usize {
    HEADER + 8 * shape.slots as usize + shape.bytes
}

#[test]
fn ints_are_cpythons() {
    let mut heap = heap();
    // Value, `sys.getsizeof`, `hash`.
    let cases: [(i128, usize, i64); 9] = [
        (0, 28, 0),
        (1, 28, 1),
        (-1, 28, -2),
        ((1 << 30) - 1, 28, (1 << 30) - 1),
        (1 << 30, 32, 1 << 30),
        ((1 << 61) - 1, 36, 0),
        (-(1 << 61), 36, -2),
        (10i128.pow(20), 36, 848_750_603_811_160_107),
        (-(10i128.pow(30)), 40, -465_258_685_558_744_706),
    ];
    for (value, bytes, hash) in cases {
        int::new(&mut heap, A, value).unwrap();
        assert_eq!(int::value(&heap, A), value);
        assert_eq!(size(heap.shape(A)), bytes, "{value}");
        assert_eq!(key::hash(&mut heap, A) as i64, hash, "{value}");
    }
    for value in [i128::MIN, i128::MAX, i128::MIN + 1, i64::MIN.into(), u64::MAX.into()] {
        int::new(&mut heap, A, value).unwrap();
        assert_eq!(int::value(&heap, A), value);
    }
    assert_empty(&mut heap);
}

#[test]
fn floats_are_cpythons() {
    let mut heap = heap();
    let cases: [(f64, i64); 11] = [
        (0.0, 0),
        (-0.0, 0),
        (1.0, 1),
        (-1.0, -2),
        (0.5, 1_152_921_504_606_846_976),
        (-2.75, -1_729_382_256_910_270_466),
        (1e300, 1_224_995_262_755_759_164),
        (5e-324, 16_777_216),
        (f64::INFINITY, 314_159),
        (f64::NEG_INFINITY, -314_159),
        (1e22, 1_864_712_049_423_028_464),
    ];
    for (value, hash) in cases {
        float::new(&mut heap, A, value).unwrap();
        assert_eq!(float::value(&heap, A), value);
        assert_eq!(size(heap.shape(A)), 24);
        assert_eq!(key::hash(&mut heap, A) as i64, hash, "{value}");
    }
    assert_empty(&mut heap);
}

#[test]
fn strs_are_cpythons() {
    let mut heap = heap();
    // Text, `sys.getsizeof` of 3.13, `hash` under PYTHONHASHSEED=0 of a build with SipHash-1-3.
    let cases: [(&str, usize, i64); 7] = [
        ("", 41, 0),
        ("abc", 44, -4_594_863_902_769_663_758),
        ("x", 42, -3_368_204_716_105_132_637),
        ("session", 48, 6_143_612_009_027_348_692),
        ("\u{e9}t\u{e9}", 60, -1_033_370_291_238_291_217),
        ("\u{986}\u{9ae}\u{9bf}", 64, -115_776_833_595_986_421),
        ("\u{1f600}!", 68, 8_079_344_741_099_293_211),
    ];
    for (value, bytes, hash) in cases {
        text::new(&mut heap, A, value).unwrap();
        assert_eq!(size(heap.shape(A)), bytes, "{value}");
        for _ in 0..2 {
            assert_eq!(key::hash(&mut heap, A) as i64, hash, "{value}");
        }
        let view = text::view(&heap, A);
        assert_eq!(view.len(), value.chars().count());
        assert!(view.chars().eq(value.chars()));
        text::new(&mut heap, B, value).unwrap();
        assert!(key::equal(&heap, A, B) && !heap.is_same(A, B));
        text::new(&mut heap, B, &format!("{value} ")).unwrap();
        assert!(!key::equal(&heap, A, B));
    }
    assert_empty(&mut heap);
}

#[test]
fn numbers_are_equal_across_their_types() {
    let mut heap = heap();
    let cases = [
        (3, 3.0, true),
        (3, 3.5, false),
        (1 << 53, 9_007_199_254_740_992.0, true),
        ((1 << 53) + 1, 9_007_199_254_740_992.0, false),
        (i128::MAX, 2f64.powi(127), false),
        (i128::MIN, -(2f64.powi(127)), true),
        (0, f64::NAN, false),
        (0, f64::INFINITY, false),
    ];
    for (number, real, equal) in cases {
        int::new(&mut heap, A, number).unwrap();
        float::new(&mut heap, B, real).unwrap();
        assert_eq!(key::equal(&heap, A, B), equal, "{number} == {real}");
        assert_eq!(key::equal(&heap, B, A), equal, "{real} == {number}");
        assert!(!equal || key::hash(&mut heap, A) == key::hash(&mut heap, B), "{number}");
    }
    assert_empty(&mut heap);
}

#[test]
fn containers_are_as_large_as_cpythons() {
    let mut heap = heap();
    tuple::new(&mut heap, A, 3).unwrap();
    assert_eq!(GC_HEAD + size(heap.shape(A)), 64);
    assert_eq!(tuple::len(&heap, A), 3);
    for (attributes, bytes) in [(0, 72), (2, 88), (10, 160)] {
        assert_eq!(GC_HEAD + size(instance::plain(attributes)), bytes);
    }
    assert_eq!(GC_HEAD + size(instance::slotted(2, 0)), 48);
    exception::new(&mut heap, A, B).unwrap();
    assert_eq!(GC_HEAD + size(heap.shape(A)), 88);
    exception::new_frame(&mut heap, C, A, B, 3).unwrap();
    assert_eq!(GC_HEAD + size(heap.shape(C)), 152 + 8 * 3);
    exception::add_traceback(&mut heap, A, C, 12, [B, SCRATCH]).unwrap();
    heap.load(B, A, exception::TRACEBACK);
    assert_eq!(GC_HEAD + size(heap.shape(B)), 56);
    heap.clear(B);
    // The exception stands in for the frame's code here, which closes a cycle: cut by hand.
    heap.store(C, exception::CODE, B);
    assert_empty(&mut heap);
}

#[test]
fn a_traceback_leads_to_the_deepest_frame() {
    let mut heap = heap();
    exception::new(&mut heap, A, B).unwrap();
    for line in [30, 20, 10] {
        let locals = heap.enter(0, 4).unwrap();
        int::new(&mut heap, A, line).unwrap();
        exception::new_frame(&mut heap, C, B, D, 1).unwrap();
        exception::own_locals(&mut heap, C, 1);
        assert!(heap.is_nil(A));
        heap.take(A, C);
        heap.leave_with(locals, B);
        exception::new_frame(&mut heap, C, B, D, 0).unwrap();
        exception::add_traceback(&mut heap, A, C, line as u32, [B, SCRATCH]).unwrap();
    }
    heap.load(B, A, exception::TRACEBACK);
    let mut lines = Vec::new();
    while !heap.is_nil(B) {
        lines.push(exception::line(&heap, B));
        heap.load(B, B, exception::NEXT);
    }
    assert_eq!(lines, [10, 20, 30]);
    assert_empty(&mut heap);
}

#[test]
fn lists_are_stacks() {
    let mut heap = heap();
    list::new(&mut heap, A, 0).unwrap();
    let mut model = Vec::new();
    for step in 0..5000i128 {
        // Three appended, one popped; then all popped.
        if step < 4000 && step % 4 != 3 {
            int::new(&mut heap, B, step).unwrap();
            list::append(&mut heap, A, B).unwrap();
            assert!(heap.is_nil(B), "the value is taken");
            model.push(step);
        } else {
            let popped = list::pop(&mut heap, B, A).unwrap();
            assert_eq!(popped.then(|| int::value(&heap, B)), model.pop());
        }
        assert_eq!(list::len(&heap, A), model.len());
    }
    while list::pop(&mut heap, B, A).unwrap() {
        assert_eq!(Some(int::value(&heap, B)), model.pop());
    }
    assert!(model.is_empty());
    assert_empty(&mut heap);
}

#[test]
fn statics_are_one_object_each() {
    let mut heap = heap();
    let mut statics = Statics::new(&mut heap, SCRATCH).unwrap();
    let allocated = heap.counters().objects_allocated;
    for (value, shared) in [(-6, false), (-5, true), (0, true), (256, true), (257, false)] {
        statics.int(&mut heap, A, value).unwrap();
        statics.int(&mut heap, B, value).unwrap();
        assert_eq!(int::value(&heap, A), value);
        assert_eq!(heap.is_same(A, B), shared, "{value}");
    }
    for (value, shared) in [("", true), ("a", true), ("\u{ff}", true), ("\u{100}", false), ("ab", false)] {
        statics.text(&mut heap, A, value).unwrap();
        statics.text(&mut heap, B, value).unwrap();
        assert!(text::view(&heap, A).chars().eq(value.chars()));
        assert_eq!(heap.is_same(A, B), shared, "{value}");
    }
    assert_eq!(heap.counters().objects_allocated - allocated, 8, "only what is not shared is made");
    statics.none(&mut heap, A);
    assert!(statics.is_none(&mut heap, A, SCRATCH));
    statics.truth(&mut heap, A, true);
    statics.int(&mut heap, B, 1).unwrap();
    assert!(key::equal(&heap, A, B) && !heap.is_same(A, B), "True == 1, True is not 1");
    assert!(!statics.is_none(&mut heap, A, SCRATCH));
    let names = ["visits", "path", "visits"].map(|name| statics.intern(&mut heap, name, SCRATCH).unwrap());
    assert!(names[0] == names[2] && names[0] != names[1]);
    heap.verify().unwrap();
}
