//! Every strategy against the whole suite: one line a strategy.

use heapbench_conformance::cases::check_cases;
use heapbench_conformance::{Deaths, Plan, Report, check_random};
use heapbench_heap::{Configuration, Heap, HeapConfig, Introspect};
use heapbench_memory::{Mimalloc, Pools, System};
use heapbench_strategy_bump::Bump;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;

/// Seeds a strategy, and operations a seed; many seeds find more than long runs.
const SEEDS: u64 = 60;
const OPERATIONS: usize = 6_000;

fn configured(configuration: &str) -> HeapConfig {
    let Configuration { policy, settings, .. } = configuration.parse().expect("a well-formed configuration");
    HeapConfig { policy, settings, limit: None }
}

fn random<H: Heap<Recorder = Deaths> + Introspect>(config: &HeapConfig, seeds: std::ops::Range<u64>) {
    let mut total = Report::default();
    for seed in seeds {
        let plan = Plan::new(seed, OPERATIONS);
        match check_random::<H>(config, &plan) {
            Ok(report) => {
                total.allocated += report.allocated;
                total.out_of_memory += report.out_of_memory;
            }
            Err(violation) => panic!("{violation}"),
        }
    }
    assert!(total.allocated > 10_000 && total.out_of_memory > 100, "the suite does its work: {total:?}");
}

fn deterministic<H: Heap<Recorder = Deaths> + Introspect>(config: &HeapConfig) {
    for seed in 0..4 {
        let report = || check_random::<H>(config, &Plan::new(seed, 2_000)).expect("the contract is kept");
        assert_eq!(report(), report(), "the same seed gives the same events");
    }
}

macro_rules! strategies {
    ($($name:ident: $heap:ty, $configuration:literal;)*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn written_cases() {
                check_cases::<$heap>(&configured($configuration)).unwrap_or_else(|problem| panic!("{problem}"));
            }

            #[test]
            fn random_operations() {
                random::<$heap>(&configured($configuration), 0..SEEDS);
            }

            #[test]
            #[ignore = "a minute or more"]
            fn soak() {
                random::<$heap>(&configured($configuration), SEEDS..SEEDS + 2_000);
            }

            #[test]
            fn same_seed_same_events() {
                deterministic::<$heap>(&configured($configuration));
            }
        }
    )* };
}

strategies! {
    bump: Bump<Deaths>, "bump";
    refcount_mimalloc: Plain<Mimalloc, Deaths>, "refcount";
    refcount_system: Plain<System, Deaths>, "refcount";
    refcount_pools: Plain<Pools, Deaths>, "refcount";
    generational: Generational<Mimalloc, Deaths>, "refcount-generational@3.13";
    generational_often: Generational<Pools, Deaths>, "refcount-generational:threshold0=7,threshold1=2,threshold2=2";
    mark_sweep: MarkSweep<Deaths>, "mark-sweep";
    mark_sweep_often: MarkSweep<Deaths>, "mark-sweep:heap=1.1x,min=4KiB";
}
