//! A moving heap through the whole suite: the proof that the trait carries a copying collector, and, with a fault
//! planted, that the suite notices.
#![forbid(unsafe_code)]

mod collect;
mod space;

use heapbench_conformance::cases::check_cases;
use heapbench_conformance::{Deaths, Plan, check_random};
use heapbench_heap::HeapConfig;
use space::{Fault, Semispace};

fn config(fault: &str) -> HeapConfig {
    HeapConfig { settings: vec![("fault".into(), fault.into())], ..HeapConfig::default() }
}

#[test]
fn written_cases() {
    check_cases::<Semispace<Deaths>>(&HeapConfig::default()).unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn random_operations() {
    let mut collections = 0;
    for seed in 0..60 {
        let report = check_random::<Semispace<Deaths>>(&HeapConfig::default(), &Plan::new(seed, 6_000));
        collections += report.unwrap_or_else(|violation| panic!("{violation}")).collections;
    }
    assert!(collections > 1_000, "{collections} collections");
}

#[test]
fn same_seed_same_events() {
    let report = || check_random::<Semispace<Deaths>>(&HeapConfig::default(), &Plan::new(7, 4_000));
    assert_eq!(report(), report());
}

#[test]
fn every_planted_fault_is_found() {
    for (name, fault) in Fault::ALL {
        let config = config(name);
        let random = |seed| check_random::<Semispace<Deaths>>(&config, &Plan::new(seed, 6_000)).err();
        match (0..20).find_map(random) {
            Some(violation) => assert!(!violation.operations.is_empty(), "{fault:?} has a list to replay"),
            None => assert!(check_cases::<Semispace<Deaths>>(&config).is_err(), "{fault:?} was not found"),
        }
    }
}
