//! The harness: the `heapbench` command, and the one registry of strategies.
//!
//! | file | concept |
//! |---|---|
//! | [`registry`] | the list of strategies, and the way from configuration text to a type |
//! | [`request`] | a request to run cells, understood before anything runs |
//! | [`plan`] | which cells are run, in which order |
//! | [`job`] | what a process needs to know to run one cell |
//! | [`child`] | a cell's process, and what may become of it |
//! | [`cell`] | a cell: one strategy runs one workload once |
//! | [`cards`] | a workload's objects, counted; and those of real programs |
//! | [`checks`] | what must be true of a cell's record |
//! | [`guide`] | claims about Python's memory, and what was measured of them |
//! | [`proof`] | random operations on strategies against the model, in processes that may die of it |
//! | [`python`] | real Pythons, and the workloads' twins under them |
//! | [`validation`] | whether a strategy behaves as the Python that it mirrors |
//! | [`provenance`] | where and how a run is made |
//! | [`verbs`] | the verbs of the command |
//! | [`names`], [`folders`], [`units`], [`table`], [`output`], [`progress`], [`interruption`], [`trouble`] | talking with people |
#![forbid(unsafe_code)]

pub mod cards;
pub mod cell;
pub mod checks;
pub mod child;
pub mod folders;
pub mod guide;
pub mod interruption;
pub mod job;
pub mod names;
pub mod output;
pub mod plan;
pub mod progress;
pub mod proof;
pub mod provenance;
pub mod python;
pub mod registry;
pub mod request;
pub mod table;
pub mod trouble;
pub mod units;
pub mod validation;
pub mod verbs;
