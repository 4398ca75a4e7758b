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

/// The word as a shell takes it.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./,:@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("refcount+mimalloc:a=1"), "refcount+mimalloc:a=1");
        assert_eq!(shell_word("refcount*"), "'refcount*'");
        assert_eq!(shell_word("a'b"), r"'a'\''b'");
        assert_eq!(shell_word(""), "''");
    }
}
