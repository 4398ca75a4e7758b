//! `heapbench cell`: hidden; runs the one job on standard input and prints its record. See [`crate::child`].

use crate::cell;
use crate::job::Job;
use crate::output::{print_json, say};
use crate::trouble::Trouble;
use rustix::process::Signal;

/// Runs the job.
///
/// # Errors
/// Standard input has no job; standard output takes no record.
pub fn run() -> Result<(), Trouble> {
    live_for_the_parent()?;
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    let record = cell::run(&Job::parse(&text)?);
    print_json(&record)
}

/// Where the parent dies, this process does: nobody would read what it finds out. A panic is told in one line, the last
/// that the process writes: the parent keeps it.
pub(crate) fn live_for_the_parent() -> Result<(), Trouble> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(Trouble::failure)?;
    std::panic::set_hook(Box::new(|panic| {
        let told = panic.to_string();
        say(told.split_whitespace().collect::<Vec<_>>().join(" "));
    }));
    Ok(())
}
