//! The twins in a temporary folder, run one at a time in processes of their own.

use crate::child::{self, Conversation};
use crate::python::{Answer, Interpreter};
use crate::trouble::Trouble;
use heapbench_workload::{Parameters, twin};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// What looks on while a twin runs: each mode is a run of its own, so that none disturbs what another observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing.
    Plain,
    /// The collector's callbacks.
    Callbacks,
    /// A census of objects by kind.
    Census,
    /// `tracemalloc`.
    Memory,
}

impl Mode {
    /// All modes, plain first.
    pub const ALL: [Mode; 4] = [Mode::Plain, Mode::Callbacks, Mode::Census, Mode::Memory];
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The program has no twin.
    NoTwin,
    /// The Python crashed, or said something else: one line.
    Failed(String),
    /// It was stopped after its time limit: one line.
    TimedOut(String),
    /// The user interrupted it.
    Interrupted,
}

/// All twins in a folder that is gone when this is dropped.
#[derive(Debug)]
pub struct Twins {
    folder: TempDir,
}

impl Twins {
    /// Writes them.
    ///
    /// # Errors
    /// No temporary folder can be made or written.
    pub fn install() -> Result<Twins, Trouble> {
        let folder = tempfile::Builder::new().prefix("heapbench-twins-").tempdir();
        let folder = folder.map_err(|error| Trouble::failure(format!("no temporary folder: {error}")))?;
        twin::install(folder.path()).map_err(Trouble::failure)?;
        Ok(Twins { folder })
    }

    /// Where the program's twin is; `None` when it has none.
    pub fn script(&self, program: &str) -> Option<PathBuf> {
        Some(self.folder.path().join(twin::script(program)?))
    }

    /// Runs a program's twin once.
    ///
    /// # Errors
    /// There is no answer.
    pub fn run(
        &self,
        python: &Interpreter,
        program: &str,
        parameters: &Parameters,
        seed: u64,
        mode: Mode,
        timeout: Duration,
    ) -> Result<Answer, NoAnswer> {
        let script = self.script(program).ok_or(NoAnswer::NoTwin)?;
        let request = json!({"parameters": parameters, "seed": seed, "mode": mode}).to_string();
        let conversation = child::converse(&mut python.command(&script), &request, timeout);
        match conversation.map_err(|error| NoAnswer::Failed(format!("cannot be started: {error}")))? {
            Conversation::Interrupted => Err(NoAnswer::Interrupted),
            Conversation::TimedOut => Err(NoAnswer::TimedOut(child::stopped_after(timeout))),
            Conversation::Ended { exit, last_words, .. } if !exit.success() => {
                Err(NoAnswer::Failed(child::ending(exit, &last_words)))
            }
            Conversation::Ended { text, last_words, .. } => Answer::parse(&text).map_err(|why| {
                let colon = if last_words.is_empty() { "" } else { ": " };
                NoAnswer::Failed(format!("{why}{colon}{last_words}"))
            }),
        }
    }
}
