//! Tests only: what the house promises about its own sources, held mechanically. Nothing depends on this crate.
//!
//! The rules are in `tests/house/`, one a file. Each is a checker that takes a tree of files and gives back its
//! violations, a line each; a test that the sources have none; and tests that a planted violation is found.
//!
//! | file | rule |
//! |---|---|
//! | `edges` | which crate may depend on which |
//! | `manifests` | versions, lints and dependencies are said once, in the workspace |
//! | `clocks` | only `measure`, `harness` and `bench` read a clock |
//! | `unsafe_code` | where `unsafe` may be, and what must be written beside it |
//! | `shape` | lengths, names and headers of files; the same file names in every strategy |
//! | `text` | no machine's paths, no registry's hosts, no notes to self, no lint silenced without a reason |
//! | `documents` | paths named in documents exist; generated parts say how they were made |
//! | `workloads` | every definition is complete and built in; every input has an origin and a licence |
//! | `record` | `results/README.md` has the columns of the record, as its source describes them |
#![forbid(unsafe_code)]
