//! The verbs of the command, a file each.

pub mod cell;
pub mod check;
pub mod figures;
pub mod list;
pub mod prove;
pub mod run;
pub mod summary;
pub mod verify;
