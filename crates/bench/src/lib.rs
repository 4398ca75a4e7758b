//! What the benches share: the strategies they run over, their time budget, and the same programs written by hand.
//!
//! | file | concept |
//! |---|---|
//! | [`strategies`] | the heaps by name, for generic benches |
//! | [`by_hand`] | binary trees and a linked list without a memory manager: `Rc`, and raw bumpalo |
//!
//! Measured is a *warm* heap unless a bench says otherwise: inputs are made in small batches, because a large batch
//! keeps all its heaps alive and times the page faults of fresh memory.
#![forbid(unsafe_code)]

pub mod by_hand;
pub mod strategies;

use criterion::Criterion;
use std::time::Duration;

/// A time budget that keeps the whole of `cargo bench` under ten minutes on two cores; `HEAPBENCH_MEASURE_MS` and
/// Criterion's own options change it.
pub fn budget() -> Criterion {
    let measure =
        std::env::var("HEAPBENCH_MEASURE_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(measure))
        .configure_from_args()
}
