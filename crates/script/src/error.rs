//! What is wrong with a script, and where.

use crate::Position;
use std::fmt;

/// A script that cannot be loaded: grammar, limits, unknown words. `Display` gives `LINE:COLUMN: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The offending part; for something missing, one column behind the last token.
    pub position: Position,
    /// `what is wrong, what was expected`, in one line of ASCII.
    pub message: String,
}

/// A name or number that a round makes impossible: found when it is resolved. `Display` gives
/// `LINE:COLUMN: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundError {
    /// The name or number.
    pub position: Position,
    /// `what is wrong, what was expected`, in one line of ASCII.
    pub message: String,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.message)
    }
}

impl fmt::Display for RoundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.message)
    }
}

impl std::error::Error for LoadError {}
impl std::error::Error for RoundError {}

impl LoadError {
    pub(crate) fn new(position: Position, message: impl Into<String>) -> LoadError {
        LoadError { position, message: message.into() }
    }
}
