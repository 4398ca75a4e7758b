//! Explicit frees at exact deaths: thousands of random programs, each told when its objects die by the model; and what
//! becomes of a heap that is told something else.

use heapbench_conformance::Deaths;
use heapbench_conformance::operation::Injection;
use heapbench_conformance::scheduled::Scheduled;
use heapbench_heap::HeapConfig;
use heapbench_memory::injection::Request;
use heapbench_memory::{Failing, Guarded, MemorySource, Mimalloc, Poisoned, Pools, System};
use heapbench_strategy_manual::Manual;
use std::ops::Range;

const OPERATIONS: usize = 300;

fn config(settings: &[(&str, &str)]) -> HeapConfig {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    HeapConfig { settings, ..HeapConfig::default() }
}

fn program(seed: u64) -> Scheduled {
    Scheduled::random(seed, OPERATIONS).unwrap()
}

/// The living are the reachable after every allocation, and nothing else differs.
fn frees_exactly_the_dead<M: MemorySource>(settings: &[(&str, &str)], seeds: Range<u64>) {
    let (config, programs) = (config(settings), seeds.end - seeds.start);
    let mut deaths = 0;
    for seed in seeds {
        let program = program(seed);
        let ran = program.check::<Manual<M, Deaths>>(&config, program.schedule().unwrap(), None);
        ran.unwrap_or_else(|difference| panic!("seed {seed}: {difference}"));
        deaths += program.deaths();
    }
    assert!(deaths as u64 > 15 * programs, "the programs do let go: {deaths} deaths of {programs} programs");
}

#[test]
fn on_pools() {
    frees_exactly_the_dead::<Pools>(&[], 0..1000);
}

#[test]
#[ignore = "minutes"]
fn soak() {
    frees_exactly_the_dead::<Poisoned<Pools>>(&[("check", "yes")], 10_000..20_000);
}

#[test]
fn on_mimalloc_with_padding() {
    frees_exactly_the_dead::<Mimalloc>(&[("header", "8"), ("container-header", "16")], 1500..1700);
}

#[test]
fn on_the_system() {
    frees_exactly_the_dead::<System>(&[("header", "64")], 2500..2700);
}

#[test]
fn on_poisoned_memory() {
    frees_exactly_the_dead::<Poisoned<Pools>>(&[], 3000..3500);
}

#[test]
fn on_guarded_memory() {
    frees_exactly_the_dead::<Guarded>(&[], 4000..4060);
}

#[test]
fn each_free_is_proven_where_that_is_asked_for() {
    frees_exactly_the_dead::<Pools>(&[("check", "yes")], 5000..5300);
}

#[test]
fn a_request_that_fails_changes_nothing() {
    let mut struck = 0;
    for seed in 0..4 {
        let program = program(seed);
        for request in [Request::Object, Request::Metadata] {
            for number in 1.. {
                let injection = Some(Injection { request, number, forever: false });
                let schedule = program.schedule().unwrap();
                let ran = program.check::<Manual<Failing<Poisoned<System>>, Deaths>>(
                    &HeapConfig::default(),
                    schedule,
                    injection,
                );
                match ran.unwrap_or_else(|difference| panic!("seed {seed}, {injection:?}: {difference}")) {
                    0 => break,
                    one => struck += one,
                }
            }
        }
    }
    assert!(struck > 300, "{struck} requests failed");
}

#[test]
fn a_death_one_allocation_too_early_is_proven_false() {
    let config = config(&[("check", "yes")]);
    let mut caught = 0;
    for seed in 0..60 {
        let program = program(seed);
        for death in 0..program.deaths() {
            let Some(early) = program.hastened(death) else { continue };
            let told = program.check::<Manual<Pools, Deaths>>(&config, early, None);
            let told = told.expect_err("the object is in use");
            assert!(told.contains("expected one that cannot be reached"), "seed {seed}: {told}");
            caught += 1;
        }
    }
    assert!(caught > 1_500, "{caught} planted");
}

#[test]
fn another_programs_deaths_are_told_from_its_own_by_the_first_kind_that_differs() {
    for seed in 0..200 {
        let program = program(seed);
        let object = seed as usize % 20;
        let Some(mistaken) = program.mistaken(object) else { continue };
        let told = program.check::<Manual<Poisoned<Pools>, Deaths>>(&HeapConfig::default(), mistaken, None);
        let told = told.expect_err("the kind is another");
        assert!(told.contains(&format!("allocation {object} is of kind")), "seed {seed}: {told}");
    }
    let (short, long) = (Scheduled::random(1, 100).unwrap(), program(1));
    let told = long.check::<Manual<Pools, Deaths>>(&HeapConfig::default(), short.schedule().unwrap(), None);
    assert!(told.unwrap_err().contains("expected no more than"));
}
