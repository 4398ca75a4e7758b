//! The harness: the `heapbench` command, and the one registry of strategies.
//!
//! | file | concept |
//! |---|---|
//! | [`registry`] | the list of strategies, and the way from configuration text to a type |
//! | [`request`] | a request to run cells, understood before anything runs |
//! | [`plan`] | which cells are run, in which order |
//! | [`draw`], [`layout`] | random choices from one seed; where stacks and heaps lie |
//! | [`invocations`], [`shard`] | how often cells are run, and on which of several machines |
//! | [`stretch`], [`instructions`] | what is timed, and its instructions counted |
//! | [`selftest`] | whether comparisons find what is there, and nothing else |
//! | [`preset`] | names for configurations that are only of use together |
//! | [`limit`] | limits on heaps, as sizes and as multiples of the least heap |
//! | [`bisection`] | the search for the least limit that is enough |
//! | [`job`] | what a process needs to know to run one cell |
//! | [`child`] | a cell's process, and what may become of it |
//! | [`cell`] | a cell: one strategy runs one workload once |
//! | [`oracle`] | when each object of a job's program dies, in a file |
//! | [`floating`] | floating garbage of a cell: the same run once more, watched |
//! | [`cards`] | a workload's objects, counted; and those of real programs |
//! | [`checks`] | what must be true of a cell's record |
//! | [`doctor`] | whether this machine is fit to measure on |
//! | [`guide`] | claims about Python's memory, and what was measured of them |
//! | [`proof`] | random operations on strategies against the model, in processes that may die of it |
//! | [`python`] | real Pythons, and the workloads' twins under them |
//! | [`validation`] | whether a strategy behaves as the Python that it mirrors |
//! | [`mod@prefork`] | pages dirtied after a fork |
//! | [`provenance`] | where and how a run is made |
//! | [`overheads`] | lower-bound overheads as a table |
//! | [`verbs`] | the verbs of the command |
//! | [`cautions`] | what must be known of the runs behind a table |
//! | [`grid`], [`table`], [`comparison_table`], [`rank_table`] | tables, plain and in Markdown |
//! | [`recorded`] | what results have, by the names that people ask for it |
//! | [`names`], [`folders`], [`units`], [`output`], [`progress`], [`interruption`], [`trouble`] | talking with people |
//! | [`reading`] | the results that a verb is given, read |
//! | [`names`], [`folders`], [`units`], [`table`], [`output`], [`progress`], [`interruption`], [`trouble`] | talking with people |
#![forbid(unsafe_code)]

pub mod bisection;
pub mod cards;
pub mod cautions;
pub mod cell;
pub mod checks;
pub mod child;
pub mod comparison_table;
pub mod doctor;
pub mod draw;
pub mod floating;
pub mod folders;
pub mod grid;
pub mod guide;
pub mod instructions;
pub mod interruption;
pub mod invocations;
pub mod job;
pub mod layout;
pub mod limit;
pub mod names;
pub mod oracle;
pub mod output;
pub mod overheads;
pub mod plan;
pub mod prefork;
pub mod preset;
pub mod progress;
pub mod proof;
pub mod provenance;
pub mod python;
pub mod rank_table;
pub mod reading;
pub mod recorded;
pub mod registry;
pub mod request;
pub mod selftest;
pub mod shard;
pub mod stretch;
pub mod table;
pub mod trouble;
pub mod units;
pub mod validation;
pub mod verbs;
