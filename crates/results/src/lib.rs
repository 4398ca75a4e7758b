//! Results: the record of a cell, the append-only store, and what is computed from records.
//!
//! [`store`] keeps records, [`export`] makes tables of them, [`group`] lays those side by side that may be compared,
//! [`distribution`] and [`statistics`] reduce many numbers to few, as [`mutator_utilization`] and [`latency_summary`] do for
//! pauses and requests, and [`summary`] puts it together, a row for each strategy. [`compare`] lays two sets of records side
//! by side, by the metrics of [`metric`]; [`rank`] says who leads over all workloads. [`pilot`] says how many processes a
//! comparison needs, [`selftest`] how far comparisons can be trusted, and [`machines`] which cells no comparison may lay side
//! by side. [`card`] says what a workload asks of a heap.
#![forbid(unsafe_code)]

pub mod card;
pub mod compare;
pub mod crossing;
pub mod distribution;
pub mod export;
pub mod fitness;
pub mod floating;
pub mod footprint;
pub mod group;
pub mod interval;
pub mod latency;
pub mod latency_summary;
pub mod lower_bound;
pub mod machines;
pub mod memory;
pub mod metric;
pub mod minheap;
pub mod mutator_utilization;
pub mod pauses;
pub mod pilot;
mod points;
pub mod prefork;
pub mod rank;
pub mod record;
pub mod selftest;
pub mod split;
pub mod stalls;
pub mod statistics;
pub mod store;
pub mod summary;

pub use card::{AllocationRate, Card, Cards, Demographics, RealPrograms};
pub use distribution::Distribution;
pub use fitness::{Finding, Harmed, Verdict};
pub use floating::{Floating, FloatingSample, FloatingSummary};
pub use footprint::{CellFootprint, Drained, Sample};
pub use group::{CellKey, Group, Setting};
pub use interval::Interval;
pub use latency::Latency;
pub use latency_summary::{LatencySummary, Percentiles};
pub use minheap::{Evidence, Probe};
pub use mutator_utilization::UtilizationSummary;
pub use pauses::{Pauses, RawPause};
pub use prefork::Prefork;
pub use record::{Injected, Layout, Record, RunInfo, SCHEMA, Status};
pub use split::{Component, Split, Splits};
pub use stalls::Stalls;
pub use store::{Results, Store, StoreError, read};
pub use summary::{Measured, Row, Summary};
