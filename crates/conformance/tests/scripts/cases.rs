//! The acceptance cases: every file of `cases/` for every strategy, one line a strategy.

use crate::family::told;
use heapbench_conformance::runner::{Side, run};
use heapbench_heap::{Configuration, Heap, HeapConfig, Introspect};
use heapbench_memory::{Mimalloc, Pools, System};
use heapbench_script::load;
use heapbench_strategy_bump::Bump;
use heapbench_strategy_manual::Manual;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;

/// Fewer would mean that they are not found.
const AT_LEAST: usize = 60;

fn configured(configuration: &str) -> HeapConfig {
    let Configuration { policy, settings, .. } = configuration.parse().expect("a well-formed configuration");
    HeapConfig { policy, settings, ..HeapConfig::default() }
}

fn check<H: Heap<Recorder = Side> + Introspect>(configuration: &str) {
    let config = configured(configuration);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("cases").flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "heap"));
    paths.sort();
    assert!(paths.len() >= AT_LEAST, "{} cases", paths.len());
    let mut problems = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_string();
        match load(&std::fs::read(&path).expect("a case")) {
            Ok(script) => {
                let told = told(&run::<H>(&script, &config));
                problems.extend(
                    told.lines().filter(|line| *line != "passed").map(|line| format!("{name}:{line}")),
                );
            }
            Err(error) => problems.push(format!("{name}:{error}")),
        }
    }
    assert!(problems.is_empty(), "{configuration}:\n{}", problems.join("\n"));
}

macro_rules! strategies {
    ($($name:ident: $heap:ty, $configuration:literal;)*) => { $(
        #[test]
        fn $name() {
            check::<$heap>($configuration);
        }
    )* };
}

strategies! {
    bump: Bump<Side>, "bump";
    manual: Manual<Pools, Side>, "manual";
    refcount_mimalloc: Plain<Mimalloc, Side>, "refcount";
    refcount_system: Plain<System, Side>, "refcount";
    refcount_pools: Plain<Pools, Side>, "refcount";
    generational_mimalloc: Generational<Mimalloc, Side>, "refcount-generational@3.13";
    generational_pools: Generational<Pools, Side>, "refcount-generational@3.13";
    mark_sweep: MarkSweep<Side>, "mark-sweep";
    mark_sweep_often: MarkSweep<Side>, "mark-sweep:heap=1.1x,min=4KiB";
}
