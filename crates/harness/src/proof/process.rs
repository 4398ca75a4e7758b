//! A process that carries out tasks, one after the other: a task a line on its standard input, an answer a line on its
//! standard output. It ends with its input, or dies of a task.

use crate::child;
use crate::proof::{Answer, Task};
use crate::trouble::Trouble;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The hidden verb under which the command carries out tasks.
pub const VERB: &str = "prove";

/// The parent's end of such a process. Dropped, it ends the process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    tasks: Option<ChildStdin>,
    answers: Receiver<String>,
    last_words: Receiver<String>,
    asked: u64,
}

/// How a process died of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// A signal's name or an exit status, and what the process said last; or that it took too long.
    pub how: String,
    /// Whether it took too long.
    pub hung: bool,
}

impl Process {
    /// Starts one.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn start() -> Result<Process, Trouble> {
        let started = child::spawn(VERB);
        let mut child = started
            .map_err(|error| Trouble::failure(format!("a process for proof cannot start: {error}")))?;
        let (sender, answers) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        let last_words = child::read_in_background(child.stderr.take(), child::last_line);
        let tasks = child.stdin.take();
        Ok(Process { child, tasks, answers, last_words, asked: 0 })
    }

    /// How many tasks it was given.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Gives it a task and waits for the answer.
    ///
    /// # Errors
    /// The process died of it, or was stopped after its time. It is no more then.
    pub fn ask(&mut self, task: &Task, timeout: Duration) -> Result<Answer, Death> {
        self.asked += 1;
        let line = serde_json::to_string(task).expect("a task is strings and numbers") + "\n";
        // A process that died already reads nothing; then there is no answer either.
        let _ = self.tasks.as_mut().map(|tasks| tasks.write_all(line.as_bytes()));
        match self.answers.recv_timeout(timeout) {
            Ok(line) => {
                serde_json::from_str(&line).map_err(|_| self.death(false, format!("an answer: {line}")))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let exit = self.child.wait();
                let last_words = self.last_words.recv().unwrap_or_default();
                let how = exit.map(|exit| child::ending(exit, &last_words));
                Err(Death { how: how.unwrap_or_else(|error| error.to_string()), hung: false })
            }
            Err(RecvTimeoutError::Timeout) => {
                let limit = humantime::format_duration(timeout);
                Err(self.death(true, format!("no answer within {limit}")))
            }
        }
    }

    fn death(&mut self, hung: bool, how: String) -> Death {
        // It may have ended in this very moment: then there is nothing to kill.
        let _ = self.child.kill();
        Death { how, hung }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // No more tasks: the process ends by itself, if it is there at all.
        self.tasks = None;
        let _ = self.child.wait();
    }
}

/// Whether the verb `check` finds fault with a heap script on a strategy. What it needs longer for than `timeout` it does
/// not find.
pub fn check_fails(file: &Path, strategy: &str, timeout: Duration) -> bool {
    let started = child::command(&["check", "--strategies", strategy, "--"]).and_then(|mut command| {
        command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    });
    let Ok(mut child) = started else { return false };
    let deadline = Instant::now() + timeout;
    while Instant::now() < deadline {
        match child.try_wait() {
            // Without an exit status a signal ended it: that is a fault too. Status 2 means that nothing was checked.
            Ok(Some(exit)) => return exit.code().is_none_or(|status| status == 1),
            Ok(None) => std::thread::sleep(child::TICK),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}
