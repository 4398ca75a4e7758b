//! What stops the command, each in one line, with its exit status.

use heapbench_heap::HeapError;
use heapbench_workload::WorkloadError;
use std::fmt;

/// Why the command did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request cannot be understood or its input is malformed: exit status 2.
    Request(String),
    /// It was understood and begun, and could not be finished: exit status 1.
    Failure(String),
}

impl Trouble {
    /// A request that cannot be carried out.
    pub fn request(what: impl fmt::Display) -> Trouble {
        Trouble::Request(what.to_string())
    }

    /// Work that could not be finished.
    pub fn failure(what: impl fmt::Display) -> Trouble {
        Trouble::Failure(what.to_string())
    }

    /// The exit status that says so.
    pub fn exit_status(&self) -> u8 {
        match self {
            Trouble::Request(_) => 2,
            Trouble::Failure(_) => 1,
        }
    }
}

impl fmt::Display for Trouble {
    /// One line, whatever the message was made of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Trouble::Request(message) | Trouble::Failure(message)) = self;
        f.write_str(&message.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl std::error::Error for Trouble {}

impl From<WorkloadError> for Trouble {
    fn from(error: WorkloadError) -> Trouble {
        Trouble::request(error)
    }
}

impl From<HeapError> for Trouble {
    fn from(error: HeapError) -> Trouble {
        match error {
            HeapError::Unknown { part, given, known } => crate::names::unknown(part, &given, &known),
            other => Trouble::request(other),
        }
    }
}
