//! The verbs of the command, a file each.

pub mod card;
pub mod cell;
pub mod check;
pub mod figures;
pub mod guide;
pub mod list;
pub mod observe;
pub mod prove;
pub mod run;
pub mod snapshot;
pub mod summary;
pub mod validate;
pub mod verify;
