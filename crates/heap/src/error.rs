//! What can go wrong, each in one line.

use std::fmt;

/// An allocation could not be satisfied, even after a full collection. It had no effect; the heap is intact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// Bytes that the allocation asked for.
    pub requested: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out of memory: {} bytes could not be allocated", self.requested)
    }
}

impl std::error::Error for OutOfMemory {}

/// A heap could not be made as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeapError {
    /// A part of the configuration text that nobody knows: what kind of part, its text, and what is known.
    Unknown {
        /// `strategy`, `policy`, `memory source` or `key`.
        part: &'static str,
        /// The text as given.
        given: String,
        /// What would have been understood.
        known: Vec<String>,
    },
    /// A known key with a value that does not fit.
    Invalid {
        /// The key.
        key: String,
        /// The text as given.
        given: String,
        /// What was expected.
        expected: String,
    },
    /// Configuration text that does not follow `strategy[@policy][+memory-source][:key=value,…]`.
    Malformed {
        /// The whole text.
        given: String,
        /// 1 + bytes before the offending part.
        column: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// The operating system refused the memory that the heap starts with.
    Refused {
        /// Bytes asked for.
        requested: usize,
    },
}

impl fmt::Display for HeapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapError::Unknown { part, given, known } if known.is_empty() => {
                write!(f, "unknown {part} '{given}', expected none")
            }
            HeapError::Unknown { part, given, known } => {
                write!(f, "unknown {part} '{given}', expected one of {}", known.join(", "))
            }
            HeapError::Invalid { key, given, expected } => {
                write!(f, "invalid value '{given}' of {key}, expected {expected}")
            }
            HeapError::Malformed { given, column, expected } => {
                write!(f, "'{given}', column {column}: expected {expected}")
            }
            HeapError::Refused { requested } => {
                write!(f, "the operating system refused {requested} bytes of address space to start with")
            }
        }
    }
}

impl std::error::Error for HeapError {}

/// An invariant of a heap does not hold: a bug of the strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corruption {
    /// The invariant, where it fails, what was expected and what was found.
    pub what: String,
}

impl Corruption {
    /// A corruption described by this line.
    pub fn new(what: impl Into<String>) -> Corruption {
        Corruption { what: what.into() }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "heap corruption: {}", self.what)
    }
}

impl std::error::Error for Corruption {}
