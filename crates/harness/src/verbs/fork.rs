//! `heapbench fork`: hidden; runs the one workload on standard input and forks on its way. See [`crate::prefork`].

use crate::job::Job;
use crate::output::print_json;
use crate::prefork::forking;
use crate::trouble::Trouble;

/// Runs it and prints what came of the forks.
///
/// # Errors
/// Standard input has no job; it cannot be carried out; standard output takes no answer.
pub fn run() -> Result<(), Trouble> {
    super::cell::live_for_the_parent()?;
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    print_json(&forking::run(&Job::parse(&text)?)?)
}
