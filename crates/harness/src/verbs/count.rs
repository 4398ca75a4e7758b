//! `heapbench count`: hidden; runs the program of the job on standard input for valgrind. See [`crate::instructions`].

use crate::instructions;
use crate::job::Job;
use crate::trouble::Trouble;
use crate::verbs::cell::live_for_the_parent;

/// How much is put in.
#[derive(clap::Args, Clone, Debug)]
pub struct CountArguments {
    /// Rounds of work after the program
    pub rounds: u64,
}

/// Runs the program.
///
/// # Errors
/// Standard input has no job; the program does not end well.
pub fn run(arguments: &CountArguments) -> Result<(), Trouble> {
    live_for_the_parent()?;
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    instructions::run_counted(&Job::parse(&text)?, arguments.rounds)
}
