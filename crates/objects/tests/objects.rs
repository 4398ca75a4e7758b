//! Functions, cells, methods, iterators, generators, instances with a `__dict__`, and keys of all kinds.

mod support;

use heapbench_heap::{Heap, Local};
use heapbench_objects::instance::{self, Class};
use heapbench_objects::{
    Statics, bytes, cell, dict, exception, function, generator, int, iterator, key, list, method, set, text,
    tuple,
};
use support::{A, B, C, D, SCRATCH, TestHeap, assert_empty, heap};

const E: Local = Local::new(4);
const F: Local = Local::new(5);

fn number(heap: &TestHeap, local: Local) -> i128 {
    int::value(heap, local)
}

#[test]
fn a_closure_shares_a_cell() {
    let mut heap = heap();
    int::new(&mut heap, B, 1).unwrap();
    cell::new(&mut heap, A, B).unwrap();
    assert!(heap.is_nil(B), "the value is taken");
    tuple::new(&mut heap, B, 1).unwrap();
    heap.store(B, 0, A);
    text::new(&mut heap, C, "code").unwrap();
    function::new(&mut heap, D, C, B).unwrap();
    assert!(heap.is_nil(B) && !heap.is_nil(C), "the closure is taken, the code copied");
    int::new(&mut heap, B, 2).unwrap();
    cell::set(&mut heap, A, B);
    heap.load(B, D, function::CLOSURE);
    heap.load(B, B, 0);
    assert!(heap.is_same(A, B));
    cell::get(&mut heap, E, B);
    assert_eq!(number(&heap, E), 2);
    method::new(&mut heap, F, D, C).unwrap();
    heap.load(B, F, method::FUNCTION);
    heap.load(E, F, method::RECEIVER);
    assert!(heap.is_same(B, D) && heap.is_same(E, C));
    [E, F].into_iter().for_each(|local| heap.clear(local));
    assert_empty(&mut heap);
}

#[test]
fn iterators_see_what_is_appended_and_let_go_at_the_end() {
    let mut heap = heap();
    list::new(&mut heap, A, 0).unwrap();
    iterator::new_list(&mut heap, B, A).unwrap();
    for value in 0..3 {
        int::new(&mut heap, C, value).unwrap();
        list::append(&mut heap, A, C).unwrap();
        assert!(iterator::next_list(&mut heap, D, B, SCRATCH));
        assert_eq!(number(&heap, D), value);
    }
    assert!(!iterator::next_list(&mut heap, D, B, SCRATCH));
    assert!(heap.peek(B, iterator::ITERABLE).is_none());
    heap.copy(C, A);
    list::append(&mut heap, A, C).unwrap();
    assert!(!iterator::next_list(&mut heap, D, B, SCRATCH), "an end is for ever");
    assert_eq!(number(&heap, D), 2, "unchanged");
    assert!(list::pop(&mut heap, C, A).unwrap(), "which cuts the cycle");

    dict::new(&mut heap, A).unwrap();
    for value in 0..9 {
        int::new(&mut heap, B, value).unwrap();
        heap.copy(C, B);
        dict::insert(&mut heap, A, B, C, SCRATCH).unwrap();
    }
    int::new(&mut heap, B, 4).unwrap();
    assert!(dict::pop(&mut heap, C, A, B, SCRATCH) && number(&heap, C) == 4);
    assert!(!dict::pop(&mut heap, C, A, B, SCRATCH) && number(&heap, C) == 4);
    iterator::new_dict(&mut heap, B, A).unwrap();
    let mut seen = Vec::new();
    while iterator::next_dict(&mut heap, C, D, B, SCRATCH) {
        assert!(heap.is_same(C, D));
        seen.push(number(&heap, C));
    }
    assert_eq!(seen, [0, 1, 2, 3, 5, 6, 7, 8]);
    assert!(!iterator::next_dict(&mut heap, C, D, B, SCRATCH));
    dict::clear(&mut heap, A).unwrap();
    assert_eq!((dict::len(&heap, A), heap.shape(A).slots), (0, 0));
    assert_empty(&mut heap);
}

#[test]
fn a_generator_keeps_its_locals_uncounted() {
    let mut heap = heap();
    text::new(&mut heap, A, "function").unwrap();
    generator::new(&mut heap, D, A, 3).unwrap();
    heap.clear(A);
    for value in 0..5 {
        let before = heap.counters();
        generator::load_locals(&mut heap, D, 3);
        assert_eq!(heap.is_nil(A), value == 0);
        assert_eq!(heap.counters().increments, before.increments);
        if value > 0 {
            assert_eq!(number(&heap, A), value - 1);
        }
        int::new(&mut heap, A, value).unwrap();
        let before = heap.counters();
        generator::save_locals(&mut heap, D, 3);
        assert!(heap.is_nil(A));
        assert_eq!(heap.counters().increments, before.increments);
    }
    assert_empty(&mut heap);
}

#[test]
fn an_instance_gets_a_dict_and_then_one_of_its_own() {
    let mut heap = heap();
    let mut statics = Statics::new(&mut heap, SCRATCH).unwrap();
    let names = ["x", "y", "z"].map(|name| statics.intern(&mut heap, name, SCRATCH).unwrap());
    let mut class = Class::new(3);
    class.instantiate(&mut heap, A).unwrap();
    for attribute in [0, 2] {
        int::new(&mut heap, B, 1000 + attribute as i128).unwrap();
        heap.store_take(A, attribute, B);
    }
    instance::materialize(&mut heap, B, A).unwrap();
    instance::materialize(&mut heap, C, A).unwrap();
    assert!(heap.is_same(B, C), "the same dict again");
    assert_eq!(heap.shape(B).bytes, 0, "the values are still the instance's");
    heap.clear(C);
    instance::own_dict(&mut heap, B, A, &names, [C, D, SCRATCH]).unwrap();
    assert_eq!(dict::len(&heap, B), 2);
    assert!((0..3).all(|attribute| heap.peek(A, attribute).is_none()));
    let mut position = 0;
    for (name, value) in [(names[0], 1000), (names[2], 1002)] {
        position = dict::next(&mut heap, B, position, C, D).unwrap();
        heap.load_immortal(E, name);
        assert!(heap.is_same(C, E) && number(&heap, D) == value);
    }
    assert_eq!(heap.shape(B).slots, 2 * 10, "16 places: three times as many as names");
    [A, B, C, D].into_iter().for_each(|local| heap.clear(local));
    heap.verify().unwrap();
}

/// `A` becomes a dict of one value for a key; then for each other one, whether it finds it.
#[test]
fn keys_of_all_kinds() {
    let mut heap = heap();
    dict::new(&mut heap, A).unwrap();
    let mut class = Class::new(1);
    for (value, kind) in ["instance", "bytes", "function", "pair"].into_iter().enumerate() {
        make_key(&mut heap, &mut class, kind);
        assert!(!dict::contains(&mut heap, A, B, SCRATCH), "{kind}");
        heap.copy(C, B);
        int::new(&mut heap, D, value as i128).unwrap();
        dict::insert(&mut heap, A, B, D, SCRATCH).unwrap();
        assert!(dict::get(&mut heap, D, A, C, SCRATCH), "{kind}");
        assert_eq!(number(&heap, D), value as i128);
        heap.copy(E, C);
        make_key(&mut heap, &mut class, kind);
        assert_eq!(dict::contains(&mut heap, A, B, SCRATCH), kind == "bytes", "another {kind}");
        assert_eq!(key::equal(&heap, B, E), kind == "bytes");
    }
    // A tuple of the same function, and an equal str.
    tuple::new(&mut heap, B, 2).unwrap();
    heap.load(D, E, 1);
    heap.store_take(B, 1, D);
    text::new(&mut heap, D, "first").unwrap();
    heap.store_take(B, 0, D);
    assert!(dict::contains(&mut heap, A, B, SCRATCH));
    heap.clear(E);
    assert_empty(&mut heap);
}

/// `B =` a new key of a kind; `pair` is a tuple of a str and a new function.
fn make_key(heap: &mut TestHeap, class: &mut Class, kind: &str) {
    match kind {
        "instance" => class.instantiate(heap, B),
        "bytes" => bytes::new(heap, B, b"bytes"),
        "function" => function::new(heap, B, F, F),
        _ => {
            tuple::new(heap, B, 2).unwrap();
            text::new(heap, D, "first").unwrap();
            heap.store_take(B, 0, D);
            function::new(heap, D, F, F).unwrap();
            heap.store_take(B, 1, D);
            Ok(())
        }
    }
    .unwrap();
}

#[test]
fn many_instances_as_keys_have_hashes_of_their_own() {
    let mut heap = heap();
    let (mut class, mut hashes) = (Class::new(2), std::collections::HashSet::new());
    set::new(&mut heap, A).unwrap();
    list::new(&mut heap, C, 0).unwrap();
    for _ in 0..2000 {
        class.instantiate(&mut heap, B).unwrap();
        hashes.insert(key::hash(&mut heap, B));
        heap.copy(D, B);
        list::append(&mut heap, C, D).unwrap();
        set::add(&mut heap, A, B, SCRATCH).unwrap();
    }
    assert_eq!((hashes.len(), set::len(&heap, A)), (2000, 2000));
    assert_empty(&mut heap);
}

#[test]
fn a_lookup_counts_the_value_it_returns_and_nothing_else() {
    let mut heap = heap();
    dict::new(&mut heap, A).unwrap();
    set::new(&mut heap, D).unwrap();
    for value in 0..100 {
        match value % 2 {
            0 => int::new(&mut heap, B, value * 8).unwrap(),
            _ => text::new(&mut heap, B, &format!("key {value}")).unwrap(),
        }
        heap.copy(C, B);
        set::add(&mut heap, D, C, SCRATCH).unwrap();
        heap.copy(C, B);
        dict::insert(&mut heap, A, B, C, SCRATCH).unwrap();
    }
    let work = |heap: &TestHeap| [heap.counters().increments, heap.counters().decrements];
    for value in 0..100 {
        match value % 2 {
            0 => int::new(&mut heap, B, value * 8).unwrap(),
            _ => text::new(&mut heap, B, &format!("key {value}")).unwrap(),
        }
        heap.clear(C);
        let before = work(&heap);
        assert!(dict::contains(&mut heap, A, B, SCRATCH) && set::contains(&mut heap, D, B, SCRATCH));
        assert_eq!(work(&heap), before);
        assert!(dict::get(&mut heap, C, A, B, SCRATCH));
        assert_eq!(work(&heap), [before[0] + 1, before[1]]);
    }
    assert_empty(&mut heap);
}

#[test]
fn an_exception_without_its_traceback_keeps_nothing_alive() {
    let mut heap = heap();
    exception::new(&mut heap, A, SCRATCH).unwrap();
    exception::new_frame(&mut heap, B, C, D, 2).unwrap();
    exception::add_traceback(&mut heap, A, B, 3, [C, SCRATCH]).unwrap();
    heap.clear(B);
    assert!(heap.peek(A, exception::TRACEBACK).is_some());
    let freed = heap.counters().objects_freed;
    exception::clear_traceback(&mut heap, A, SCRATCH);
    assert_eq!(heap.counters().objects_freed - freed, 2, "traceback and frame");
    assert_empty(&mut heap);
}

#[test]
fn methods_are_equal_that_bind_the_same() {
    let mut heap = heap();
    set::new(&mut heap, A).unwrap();
    let mut class = Class::new(1);
    for function in [C, D] {
        function::new(&mut heap, function, F, F).unwrap();
    }
    let is_known = |heap: &mut TestHeap, function, receiver| {
        method::new(heap, B, function, receiver).unwrap();
        set::contains(heap, A, B, SCRATCH)
    };
    class.instantiate(&mut heap, E).unwrap();
    assert!(!is_known(&mut heap, C, E));
    set::add(&mut heap, A, B, SCRATCH).unwrap();
    assert!(is_known(&mut heap, C, E), "another bound method, of the same function and instance");
    assert!(!is_known(&mut heap, D, E));
    class.instantiate(&mut heap, E).unwrap();
    assert!(!is_known(&mut heap, C, E));
    heap.clear(E);
    assert_empty(&mut heap);
}
