//! The verbs of the command, a file each.

pub mod cell;
pub mod figures;
pub mod list;
pub mod run;
pub mod summary;
