//! `heapbench prove`: hidden; carries out the tasks on standard input and prints an answer for each. See
//! [`crate::proof`].

use super::cell::live_for_the_parent;
use crate::output::print_json;
use crate::proof::{Task, suite};
use crate::trouble::Trouble;

/// Carries out tasks until there are no more.
///
/// # Errors
/// A line that is no task; standard output takes no answer.
pub fn run() -> Result<(), Trouble> {
    live_for_the_parent()?;
    for line in std::io::stdin().lines() {
        let line = line.map_err(Trouble::failure)?;
        let task: Task = serde_json::from_str(&line)
            .map_err(|error| Trouble::request(format!("standard input: no task: {error}")))?;
        print_json(&suite::run(&task)?)?;
    }
    Ok(())
}
