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
    // Where the parent dies, its measurement is over: nobody would read the record.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(Trouble::failure)?;
    panic_in_one_line();
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    let record = cell::run(&Job::parse(&text)?);
    print_json(&record)
}

/// A panic is told in one line, the last that the process writes: it goes into the record.
fn panic_in_one_line() {
    std::panic::set_hook(Box::new(|panic| {
        let told = panic.to_string();
        say(told.split_whitespace().collect::<Vec<_>>().join(" "));
    }));
}
