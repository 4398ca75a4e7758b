//! What can be wrong with a request for a workload, each in one line: what, where, what was expected.

use std::fmt;

/// A workload cannot be found, read or prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// A name that nothing has.
    #[error("unknown {what} '{given}'{}", Hint { nearest, known })]
    Unknown {
        /// What kind of name: `workload`, `profile`, `program`, or a parameter of a workload.
        what: String,
        /// The name as given.
        given: String,
        /// The most similar known name, when one is similar.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// A parameter with a value that the program cannot run with.
    #[error("invalid value {given} of parameter '{key}' of {workload}, expected {expected}")]
    Invalid {
        /// The workload.
        workload: String,
        /// The parameter.
        key: String,
        /// The value as given.
        given: String,
        /// What was expected.
        expected: String,
    },
    /// A file that cannot be understood.
    #[error("{file}:{line}:{column}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The column, from 1; in bytes for JSON, in characters for definitions.
        column: usize,
        /// What is wrong there, and with which key.
        message: String,
    },
    /// A file that cannot be read.
    #[error("{file}: cannot be read: {message}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's reason.
        message: String,
    },
    /// A file that cannot be written.
    #[error("{file}: cannot be written: {message}")]
    Unwritable {
        /// The file.
        file: String,
        /// The system's reason.
        message: String,
    },
}

impl WorkloadError {
    /// An unknown name, with the nearest known one.
    pub fn unknown<'a>(
        what: impl Into<String>,
        given: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> WorkloadError {
        let known: Vec<String> = known.into_iter().map(str::to_string).collect();
        let similarity = |name: &String| strsim::jaro_winkler(name, given);
        let nearest = known
            .iter()
            .filter(|name| similarity(name) > 0.7)
            .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
            .cloned();
        WorkloadError::Unknown { what: what.into(), given: given.to_string(), nearest, known }
    }
}

struct Hint<'a> {
    nearest: &'a Option<String>,
    known: &'a [String],
}

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nearest, self.known) {
            (Some(nearest), _) => write!(f, ", did you mean '{nearest}'?"),
            (None, []) => write!(f, ", expected none"),
            (None, known) => write!(f, ", expected one of {}", known.join(", ")),
        }
    }
}
