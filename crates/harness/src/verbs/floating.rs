//! `heapbench floating`: hidden; counts the floating garbage of the one job on standard input. See [`crate::floating`].

use crate::floating;
use crate::job::Job;
use crate::output::print_json;
use crate::trouble::Trouble;

/// Watches the job and prints what was seen.
///
/// # Errors
/// Standard input has no job; it cannot be watched; standard output takes no answer.
pub fn run() -> Result<(), Trouble> {
    super::cell::live_for_the_parent()?;
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    print_json(&floating::watch(&Job::parse(&text)?)?)
}
