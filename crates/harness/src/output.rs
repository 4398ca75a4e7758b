//! Standard output: text for people, or one JSON object a line and nothing else. Standard error: everything said
//! beside it.

use crate::trouble::Trouble;
use serde::Serialize;
use std::io::Write;

/// Prints text and ends the line.
///
/// # Errors
/// Standard output takes no more.
pub fn print(text: &str) -> Result<(), Trouble> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n"));
    written
        .and_then(|()| stdout.flush())
        .map_err(|error| Trouble::failure(format!("standard output: {error}")))
}

/// Prints an object as one line of JSON.
///
/// # Errors
/// Standard output takes no more.
pub fn print_json(object: &impl Serialize) -> Result<(), Trouble> {
    print(&serde_json::to_string(object).map_err(Trouble::failure)?)
}

/// Says a line on standard error. Where that is closed nobody listens, and the work goes on.
pub fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
