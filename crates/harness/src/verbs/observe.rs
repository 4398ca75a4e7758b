//! `heapbench observe`: hidden; runs the one workload on standard input on a heap that is watched. See
//! [`crate::validation::observer`].

use crate::output::print_json;
use crate::trouble::Trouble;
use crate::validation::observer::observe;

/// Runs it and prints what was seen.
///
/// # Errors
/// Standard input has no request; it cannot be carried out; standard output takes no answer.
pub fn run() -> Result<(), Trouble> {
    super::cell::live_for_the_parent()?;
    let text = std::io::read_to_string(std::io::stdin()).map_err(Trouble::failure)?;
    let request = serde_json::from_str(&text)
        .map_err(|error| Trouble::request(format!("standard input: no request: {error}")))?;
    print_json(&observe(&request)?)
}
