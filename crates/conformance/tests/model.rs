//! The model alone, without a strategy to follow, meets the written cases of every family.

use heapbench_conformance::Deaths;
use heapbench_conformance::cases::check_cases;
use heapbench_heap::{Capabilities, Family, HeapConfig};
use heapbench_model::{Model, Promise};

macro_rules! families {
    ($($name:ident: $family:expr, $prompt:literal, $generations:literal;)*) => { $(
        #[test]
        fn $name() {
            struct Rules;
            impl Promise for Rules {
                const CAPABILITIES: Capabilities = Capabilities {
                    family: $family,
                    prompt: $prompt,
                    collects_cycles: matches!($family, Family::Cycles | Family::Tracing),
                    moves: false,
                    generations: $generations,
                    thresholds: false,
                    freezes: matches!($family, Family::Cycles | Family::Tracing),
                };
            }
            check_cases::<Model<Rules, Deaths>>(&HeapConfig::default()).unwrap_or_else(|problem| panic!("{problem}"));
        }
    )* };
}

families! {
    counting: Family::RefCount, true, 1;
    counting_and_cycles: Family::Cycles, true, 1;
    tracing: Family::Tracing, false, 1;
    region: Family::Region, false, 1;
}
