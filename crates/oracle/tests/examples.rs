//! Deaths that can be counted by hand, and the contract of counting heaps, which the oracle's keeps.

use heapbench_conformance::{Deaths as Log, Plan, check_random};
use heapbench_heap::{Deaths, Heap, HeapConfig, Kind, Local, NoRecorder, Shape};
use heapbench_memory::Pools;
use heapbench_oracle::{OracleHeap, deaths};

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const NODE: Shape = Shape::new(Kind::Instance, 2, 0);

/// What is dead before each allocation, and at the end.
fn told(program: impl FnOnce(&mut OracleHeap)) -> Vec<Vec<u32>> {
    let mut heap = OracleHeap::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    program(&mut heap);
    let deaths: Deaths = deaths(heap).unwrap();
    (0..=deaths.objects()).map(|next| deaths.before(next).to_vec()).collect()
}

#[test]
fn a_local_keeps_its_object_until_its_next_one_is_there() {
    let told = told(|heap| {
        heap.allocate(A, NODE).unwrap();
        heap.allocate(B, NODE).unwrap();
        heap.allocate(A, NODE).unwrap();
        heap.clear(B);
    });
    assert_eq!(told, [&[][..], &[], &[], &[0, 1]]);
}

#[test]
fn a_ring_dies_with_what_it_holds_when_its_last_local_goes() {
    let told = told(|heap| {
        // 0 and 1 are a ring; 1 holds the float 2, which another local lets go of before.
        heap.allocate(A, NODE).unwrap();
        heap.allocate(B, NODE).unwrap();
        heap.store(A, 0, B);
        heap.store(B, 0, A);
        heap.clear(A);
        heap.allocate(A, Shape::new(Kind::Float, 0, 8)).unwrap();
        heap.store_take(B, 1, A);
        heap.allocate(A, NODE).unwrap();
        heap.clear(B);
        heap.allocate(A, NODE).unwrap();
    });
    assert_eq!(told, [&[][..], &[], &[], &[], &[1, 0, 2], &[3]]);
}

#[test]
fn a_dead_ring_takes_what_it_holds_with_it_but_not_what_is_held_by_others() {
    let told = told(|heap| {
        // 0 refers to itself and to 1, which a local lets go of later.
        heap.allocate(A, NODE).unwrap();
        heap.store(A, 0, A);
        heap.allocate(B, NODE).unwrap();
        heap.store(A, 1, B);
        heap.clear(A);
        heap.allocate(A, NODE).unwrap();
        heap.clear(B);
        heap.allocate(B, NODE).unwrap();
    });
    assert_eq!(told, [&[][..], &[], &[0], &[1], &[]]);
}

#[test]
fn an_object_moved_into_itself_is_dead() {
    let told = told(|heap| {
        heap.allocate(A, NODE).unwrap();
        heap.allocate(B, NODE).unwrap();
        heap.store_take(A, 0, A);
        heap.allocate(A, NODE).unwrap();
    });
    assert_eq!(told, [&[][..], &[], &[0], &[]]);
}

#[test]
fn what_a_weak_reference_gives_back_dies_later() {
    let told = told(|heap| {
        heap.allocate(A, NODE).unwrap();
        heap.weak(B, A, None).unwrap();
        heap.store(A, 0, A);
        heap.clear(A);
        heap.allocate(A, NODE).unwrap();
        assert!(heap.upgrade(A, B));
        heap.allocate(Local::new(2), NODE).unwrap();
        heap.clear(A);
        heap.clear(B);
    });
    assert_eq!(told, [&[][..], &[], &[], &[2], &[1, 0]]);
}

#[test]
fn immortal_objects_and_what_they_hold_never_die() {
    let told = told(|heap| {
        heap.allocate(A, NODE).unwrap();
        heap.allocate(B, NODE).unwrap();
        heap.store_take(A, 0, B);
        heap.immortalize(A).unwrap();
        heap.allocate(A, NODE).unwrap();
        heap.clear(A);
    });
    assert_eq!(told, [&[][..], &[], &[], &[2]]);
}

#[test]
fn its_heap_keeps_the_contract_of_counting() {
    for seed in 0..40 {
        check_random::<OracleHeap<Pools, Log>>(&HeapConfig::default(), &Plan::new(seed, 3_000)).unwrap();
    }
}
