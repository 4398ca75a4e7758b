//! `heapbench oracle`: hidden; finds out when the objects of the one job on standard input die. See [`crate::oracle`].

use crate::job::Job;
use crate::oracle;
use crate::trouble::Trouble;

/// Runs the job's program and writes the job's file.
///
/// # Errors
/// Standard input has no job; the program fails; the file cannot be written.
pub fn run() -> Result<(), Trouble> {
    super::cell::live_for_the_parent()?;
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    oracle::consult(&Job::parse(&text)?)
}
