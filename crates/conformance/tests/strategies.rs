//! Every strategy against the whole suite: one line a strategy.

use heapbench_conformance::cases::check_cases;
use heapbench_conformance::{Deaths, Exhaustion, Plan, Report, check_exhaustion, check_random};
use heapbench_heap::{Configuration, Family, Heap, HeapConfig, Introspect};
use heapbench_memory::{Failing, Mimalloc, Poisoned, Pools, System};
use heapbench_strategy_bump::Bump;
use heapbench_strategy_manual::Manual;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;

/// Seeds a strategy, and operations a seed; many seeds find more than long runs.
const SEEDS: u64 = 60;
const OPERATIONS: usize = 6_000;

fn configured(configuration: &str) -> HeapConfig {
    let Configuration { policy, settings, .. } = configuration.parse().expect("a well-formed configuration");
    HeapConfig { policy, settings, ..HeapConfig::default() }
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

fn stressed<H: Heap<Recorder = Deaths> + Introspect>(config: &HeapConfig) {
    let mut total = Report::default();
    for seed in 0..SEEDS {
        let report = check_random::<H>(config, &Plan::stress(seed, 2_000));
        let report = report.unwrap_or_else(|violation| panic!("{violation}"));
        total.collections += report.collections;
        total.out_of_memory += report.out_of_memory;
    }
    let collects = matches!(H::CAPABILITIES.family, Family::Cycles | Family::Tracing);
    assert!(total.out_of_memory > 100, "{total:?}");
    assert_eq!(total.collections > 3_000, collects, "{total:?}");
}

/// Every request fails once, and for ever.
fn exhausted<H: Heap<Recorder = Deaths> + Introspect>(config: &HeapConfig) {
    let mut total = Exhaustion::default();
    for seed in 0..12 {
        let plan = Plan { live: 60, limits: false, ..Plan::new(seed, 300) };
        let tried = check_exhaustion::<H>(config, &plan).unwrap_or_else(|violation| panic!("{violation}"));
        (0..3).for_each(|kind| total.runs[kind] += tried.runs[kind]);
        total.struck += tried.struck;
        total.out_of_memory += tried.out_of_memory;
        total.out_of_memory_in_hooks += tried.out_of_memory_in_hooks;
    }
    println!("{total:?}");
    assert!(total.struck > 0 && total.out_of_memory > 0, "{total:?}");
    if H::CAPABILITIES.family != Family::Region && total.runs[0] > 0 {
        assert!(total.out_of_memory_in_hooks > 0, "a hook's allocation failed: {total:?}");
    }
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
            fn frequent_collections() {
                stressed::<$heap>(&configured($configuration));
            }

            #[test]
            fn out_of_memory_at_every_request() {
                exhausted::<$heap>(&configured($configuration));
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
    manual_pools: Manual<Pools, Deaths>, "manual";
    manual_failing: Manual<Failing<Poisoned<Mimalloc>>, Deaths>, "manual:header=8,container-header=16";
    refcount_mimalloc: Plain<Mimalloc, Deaths>, "refcount";
    refcount_system: Plain<System, Deaths>, "refcount";
    refcount_pools: Plain<Pools, Deaths>, "refcount";
    refcount_failing: Plain<Failing<Poisoned<Mimalloc>>, Deaths>, "refcount";
    refcount_free_lists: Plain<Failing<Poisoned<Mimalloc>>, Deaths>, "refcount:free-lists=true";
    generational_failing: Generational<Failing<Poisoned<System>>, Deaths>, "refcount-generational";
    generational: Generational<Mimalloc, Deaths>, "refcount-generational@3.13";
    generational_often: Generational<Pools, Deaths>, "refcount-generational:threshold0=7,threshold1=2,threshold2=2";
    generational_3_12: Generational<Mimalloc, Deaths>, "refcount-generational@3.12:free-lists=true";
    generational_3_11: Generational<Pools, Deaths>, "refcount-generational@3.11:threshold0=7,threshold1=2,threshold2=2";
    generational_free_lists: Generational<Failing<Poisoned<System>>, Deaths>, "refcount-generational@3.11:free-lists=true,threshold0=20";
    mark_sweep: MarkSweep<Deaths>, "mark-sweep";
    mark_sweep_tiny: MarkSweep<Deaths>, "mark-sweep:queue=1,block=4KiB,poison=yes,heap=1.1x,min=4KiB";
    mark_sweep_often: MarkSweep<Deaths>, "mark-sweep:heap=1.1x,min=4KiB";
}
