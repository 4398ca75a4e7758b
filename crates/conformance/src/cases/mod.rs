//! The classic semantics, written down: each case is a short program with what must then be true, by family. Every
//! step is compared with the model as well, so a case and the model check each other.

mod collecting;
mod counting;
mod extent;
mod hooks;
mod script;

pub use script::Script;

use heapbench_heap::{Heap, HeapConfig, Introspect};

use crate::Deaths;

/// What a failed case expected and found, in one line.
pub type Outcome = Result<(), String>;

/// A case: its name and its program.
pub type Case<H> = (&'static str, fn(&mut Script<H>) -> Outcome);

/// All cases.
pub fn all<H: Heap<Recorder = Deaths> + Introspect>() -> Vec<Case<H>> {
    [counting::cases(), collecting::cases(), hooks::cases()].concat()
}

/// Runs every case on a fresh heap, and those of great depth and width on a stack of 256 KiB; how many there are.
///
/// # Errors
/// The first case that fails: its name, what was expected and what was found.
pub fn check_cases<H: Heap<Recorder = Deaths> + Introspect>(config: &HeapConfig) -> Result<usize, String> {
    let cases = all::<H>();
    for (name, case) in &cases {
        let run = || Script::new(config).and_then(|mut script| case(&mut script));
        run().map_err(|problem| format!("case {name}: {problem}"))?;
    }
    Ok(cases.len() + extent::check::<H>(config)?)
}
