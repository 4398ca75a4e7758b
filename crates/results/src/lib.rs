//! Results: the record of a cell, the append-only store, and what is computed from records.
#![forbid(unsafe_code)]

pub mod record;

pub use record::{CellFootprint, Pauses, Record, RunInfo, SCHEMA, Sample, Status};
