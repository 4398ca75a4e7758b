//! One strategy of each family, and what a script comes to under it.

pub(crate) use heapbench_conformance::runner::Side;
use heapbench_conformance::runner::{Outcome, run};
use heapbench_heap::{Heap, HeapConfig, Introspect};
use heapbench_memory::Mimalloc;
use heapbench_script::{Script, load};
use heapbench_strategy_bump::Bump;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;

pub(crate) type RefCount = Plain<Mimalloc, Side>;
pub(crate) type Cycles = Generational<Mimalloc, Side>;
pub(crate) type Tracing = MarkSweep<Side>;
pub(crate) type Region = Bump<Side>;

/// The script of these lines behind `heap 1`, which is line 1.
pub(crate) fn script(lines: &str) -> Script {
    let text = format!("heap 1\n{}", lines.trim_start());
    load(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What it comes to: `passed`, or a line for each failure and the stop.
pub(crate) fn told(outcome: &Outcome) -> String {
    let failures = outcome.failures.iter().map(|failure| {
        format!("{}: expected {}, actual {}", failure.position, failure.expected, failure.actual)
    });
    let stop = outcome.stop.iter().map(|stop| format!("{}: {}", stop.position, stop.message));
    let lines: Vec<String> = failures.chain(stop).collect();
    assert_eq!(lines.is_empty(), outcome.has_passed());
    if lines.is_empty() { "passed".to_string() } else { lines.join("\n") }
}

pub(crate) fn under<H: Heap<Recorder = Side> + Introspect>(lines: &str) -> String {
    told(&run::<H>(&script(lines), &HeapConfig::default()))
}

/// What the script comes to in each family: counting, counting and cycles, tracing, region.
pub(crate) fn everywhere(lines: &str) -> [String; 4] {
    [under::<RefCount>(lines), under::<Cycles>(lines), under::<Tracing>(lines), under::<Region>(lines)]
}

/// It is true in every family.
pub(crate) fn passes(lines: &str) {
    assert_eq!(everywhere(lines), ["passed"; 4], "{lines}");
}

/// It comes to the same in every family.
pub(crate) fn comes_to(lines: &str, expected: &str) {
    assert_eq!(everywhere(lines), [expected; 4], "{lines}");
}

/// It comes to the same in every family but the last.
pub(crate) fn comes_to_usually(lines: &str, expected: &str) {
    assert_eq!(everywhere(lines), [expected, expected, expected, "passed"], "{lines}");
}
