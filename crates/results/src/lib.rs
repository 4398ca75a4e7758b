//! Results: the record of a cell, the append-only store, and what is computed from records.
//!
//! [`store`] keeps records, [`group`] lays those side by side that may be compared, [`distribution`] and
//! [`statistics`] reduce many numbers to few, and [`summary`] puts it together, a row for each strategy. [`card`] says
//! what a workload asks of a heap.
#![forbid(unsafe_code)]

pub mod card;
pub mod distribution;
pub mod floating;
pub mod footprint;
pub mod group;
pub mod latency;
pub mod pauses;
pub mod record;
pub mod stalls;
pub mod statistics;
pub mod store;
pub mod summary;

pub use card::{AllocationRate, Card, Cards, Demographics, RealPrograms};
pub use distribution::Distribution;
pub use floating::{Floating, FloatingSample};
pub use footprint::{CellFootprint, Drained, Sample};
pub use group::{CellKey, Group, Setting};
pub use latency::Latency;
pub use pauses::{Pauses, RawPause};
pub use record::{Injected, Layout, Record, RunInfo, SCHEMA, Status};
pub use stalls::Stalls;
pub use store::{Results, Store, StoreError, read};
pub use summary::{Measured, Row, Summary};
