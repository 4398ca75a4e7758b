//! Pages dirtied after a fork: what a prefork server's workers cost that only read, or only collect, what they share.
//!
//! A workload runs in a process of its own up to the moment when its objects are at their most, where they are all held
//! by the current frame. There the process forks one child after the other; each does one thing and says how many pages
//! it has for itself by then. The workload then goes on to its end, and its checksum shows that nothing was harmed.
//!
//! | file | concept |
//! |---|---|
//! | [`walk`] | every reachable object, read through the trait without writing anything of one's own |
//! | [`forking`] | the recorder that forks where the objects are at their most |
//! | [`twin`] | the same of a workload's twin under CPython |

pub mod forking;
pub mod twin;
pub mod walk;

use crate::child::{self, Conversation};
use crate::job::Job;
use heapbench_results::Status;
use heapbench_results::prefork::{Forked, Prefork};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The hidden verb under which the command forks.
pub const VERB: &str = "fork";

/// What came of it: the answer of a process of ours, and of a twin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forks {
    /// What the workload read back in the end: 16 hexadecimal digits.
    #[serde(default)]
    pub checksum: String,
    /// Objects that the program can reach at the fork.
    pub objects: u64,
    /// Pages that the parent has written since before the heap was made.
    pub heap_pages: u64,
    /// Bytes of a page.
    pub page_bytes: u64,
    /// The children.
    pub children: Vec<Forked>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoForks {
    /// The user interrupted it.
    Interrupted,
    /// Anything else, in a line.
    Ended(Status, String),
}

/// Forks under a strategy, in a process of its own.
///
/// # Errors
/// There is no answer.
pub fn ask(job: &Job, timeout: Duration) -> Result<Forks, NoForks> {
    let conversed =
        child::command(&[VERB]).and_then(|mut command| child::converse(&mut command, &job.text(), timeout));
    understand(conversed, timeout)
}

/// What a process answered in its last line.
fn understand(conversed: std::io::Result<Conversation>, timeout: Duration) -> Result<Forks, NoForks> {
    let failed = |why: String| NoForks::Ended(Status::Failed, why);
    match conversed.map_err(|error| failed(error.to_string()))? {
        Conversation::Interrupted => Err(NoForks::Interrupted),
        Conversation::TimedOut => Err(NoForks::Ended(Status::Timeout, child::stopped_after(timeout))),
        Conversation::Ended { exit, last_words, .. } if !exit.success() => {
            Err(failed(child::ending(exit, &last_words)))
        }
        Conversation::Ended { text, .. } => {
            let last = text.lines().last().unwrap_or_default();
            serde_json::from_str(last).map_err(|error| failed(format!("no answer was written: {error}")))
        }
    }
}

/// The line that is kept of it. `expected` is the workload's checksum, where it is known.
pub fn line(
    job: &Job,
    interpreted: bool,
    forks: Result<Forks, (Status, String)>,
    expected: Option<u64>,
) -> Prefork {
    let (forks, mut status, mut error) = match forks {
        Ok(forks) => (forks, Status::Ok, String::new()),
        Err((status, error)) => (Forks::default(), status, error),
    };
    if let (Status::Ok, Some(expected)) = (status, expected.map(|checksum| format!("{checksum:016x}")))
        && forks.checksum != expected
    {
        status = Status::Invalid;
        error = format!("checksum {} after the forks, expected {expected}", forks.checksum);
    }
    Prefork {
        run: job.run.clone(),
        strategy: job.strategy.clone(),
        workload: job.workload.clone(),
        profile: job.profile.clone(),
        parameters: job.parameters.clone(),
        seed: job.seed,
        interpreted,
        status,
        error,
        objects: forks.objects,
        heap_pages: forks.heap_pages,
        page_bytes: forks.page_bytes,
        children: forks.children,
    }
}
