//! A cell's process: the command executes itself, hands the job over on standard input, reads the record from
//! standard output, and makes a record of whatever else happens: a crash, a panic, a time limit.

use crate::interruption;
use crate::job::Job;
use crate::layout;
use crate::trouble::Trouble;
use heapbench_results::{Record, Status};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The hidden verb under which the command runs one cell.
pub const VERB: &str = "cell";

/// How often the parent looks whether it was interrupted.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// What became of a process that was given its input and a time limit.
#[derive(Debug)]
pub(crate) enum Conversation {
    /// It ended by itself.
    Ended {
        /// How.
        exit: ExitStatus,
        /// Its standard output.
        text: String,
        /// The last line of its standard error.
        last_words: String,
    },
    /// It was stopped after its time limit.
    TimedOut,
    /// The user interrupted it.
    Interrupted,
}

/// Runs a job in a process of its own. `None` when the user interrupted it.
///
/// # Errors
/// The process cannot be started.
pub fn run(job: &Job, timeout: Duration) -> Result<Option<Record>, Trouble> {
    let cannot = |error| Trouble::failure(format!("a cell's process: {error}"));
    let mut command = command(&[VERB]).map_err(cannot)?;
    layout::pad(&mut command, job.layout);
    // To wait is no part of the work that the limit is for.
    let patience = timeout + job.idle_time();
    Ok(match converse(&mut command, &job.text(), patience).map_err(cannot)? {
        Conversation::Interrupted => None,
        Conversation::TimedOut => Some(job.ended(Status::Timeout, stopped_after(timeout))),
        Conversation::Ended { exit, text, last_words } => Some(record(job, exit, &text, &last_words)),
    })
}

/// Starts a process in a group of its own, gives it its input, and waits for its end.
///
/// # Errors
/// It cannot be started, or is lost.
pub(crate) fn converse(
    command: &mut Command,
    input: &str,
    timeout: Duration,
) -> std::io::Result<Conversation> {
    let deadline = Instant::now() + timeout;
    let command = command.process_group(0);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A process that died already reads nothing; its exit status says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let stdout = read_in_background(child.stdout.take(), |stream| {
        let mut bytes = Vec::new();
        stream
            .read_to_end(&mut bytes)
            .map(|_| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    });
    let stderr = read_in_background(child.stderr.take(), last_line);
    let stopped = wait(&stdout, deadline);
    if stopped.is_err() {
        kill_group(&mut child);
    }
    let exit = child.wait()?;
    match stopped {
        Ok(text) => Ok(Conversation::Ended { exit, text, last_words: stderr.recv().unwrap_or_default() }),
        Err(stopped) => Ok(stopped),
    }
}

/// Kills the process and what it started.
fn kill_group(child: &mut Child) {
    // They may have ended in this very moment: then there is nothing to kill.
    if let Some(group) = Pid::from_raw(child.id() as i32) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
}

/// What is told of a process that took too long.
pub(crate) fn stopped_after(timeout: Duration) -> String {
    format!("stopped after its time limit of {}", humantime::format_duration(timeout))
}

/// Starts this program under a verb that reads its standard input.
pub(crate) fn spawn(verb: &str) -> std::io::Result<Child> {
    command(&[verb])?.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// This program as a child: in a process group of its own, so that Ctrl-C at a terminal reaches the parent alone.
pub(crate) fn command(arguments: &[&str]) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).process_group(0);
    Ok(command)
}

/// Reads a stream in a thread of its own; what comes of it is sent when the stream ends.
pub(crate) fn read_in_background<S: Read + Send + 'static>(
    stream: Option<S>,
    read: fn(&mut BufReader<S>) -> String,
) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stream) = stream {
        std::thread::spawn(move || sender.send(read(&mut BufReader::new(stream))));
    }
    receiver
}

/// The last line that is not blank: a panic's, or the message of whoever aborted the process.
pub(crate) fn last_line<S: Read>(stream: &mut BufReader<S>) -> String {
    let (mut last, mut line) = (String::new(), Vec::new());
    while stream.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        let text = String::from_utf8_lossy(&line).trim().to_string();
        if !text.is_empty() {
            last = text;
        }
        line.clear();
    }
    last
}

/// Waits for the end of the standard output, which is the process's; or says why it was not waited for.
fn wait(stdout: &Receiver<String>, deadline: Instant) -> Result<String, Conversation> {
    loop {
        match stdout.recv_timeout(TICK) {
            Ok(text) => return Ok(text),
            Err(RecvTimeoutError::Disconnected) => return Ok(String::new()),
            Err(RecvTimeoutError::Timeout) if interruption::requested() => {
                return Err(Conversation::Interrupted);
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                return Err(Conversation::TimedOut);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn record(job: &Job, exit: ExitStatus, text: &str, last_words: &str) -> Record {
    if exit.success() {
        let parsed = serde_json::from_str(text);
        return parsed
            .unwrap_or_else(|error| job.ended(Status::Failed, format!("no record was written: {error}")));
    }
    job.ended(Status::Failed, ending(exit, last_words))
}

/// How a process ended, with its last words.
pub(crate) fn ending(exit: ExitStatus, last_words: &str) -> String {
    let how = match exit.signal() {
        Some(number) => signal_name(number),
        None => format!("exit status {}", exit.code().unwrap_or_default()),
    };
    let colon = if last_words.is_empty() { "" } else { ": " };
    format!("{how}{colon}{last_words}")
}

/// A signal's name. `SIGKILL` from nobody known is what the kernel does to a process when memory runs out.
fn signal_name(number: i32) -> String {
    let name = match Signal::from_named_raw(number) {
        Some(Signal::HUP) => "SIGHUP",
        Some(Signal::INT) => "SIGINT",
        Some(Signal::QUIT) => "SIGQUIT",
        Some(Signal::ILL) => "SIGILL",
        Some(Signal::TRAP) => "SIGTRAP",
        Some(Signal::ABORT) => "SIGABRT",
        Some(Signal::BUS) => "SIGBUS",
        Some(Signal::FPE) => "SIGFPE",
        Some(Signal::KILL) => "SIGKILL (the kernel may have run out of memory)",
        Some(Signal::SEGV) => "SIGSEGV",
        Some(Signal::PIPE) => "SIGPIPE",
        Some(Signal::TERM) => "SIGTERM",
        Some(Signal::XCPU) => "SIGXCPU",
        Some(Signal::SYS) => "SIGSYS",
        _ => return format!("signal {number}"),
    };
    name.to_string()
}
