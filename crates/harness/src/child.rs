//! A cell's process: the command executes itself, hands the job over on standard input, reads the record from
//! standard output, and makes a record of whatever else happens: a crash, a panic, a time limit.

use crate::interruption;
use crate::job::Job;
use crate::trouble::Trouble;
use heapbench_results::{Record, Status};
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The hidden verb under which the command runs one cell.
pub const VERB: &str = "cell";

/// How often the parent looks whether it was interrupted.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// Why a process was not left to end by itself.
enum Stopped {
    Timeout,
    Interrupted,
}

/// Runs a job in a process of its own. `None` when the user interrupted it.
///
/// # Errors
/// The process cannot be started.
pub fn run(job: &Job, timeout: Duration) -> Result<Option<Record>, Trouble> {
    let mut child =
        spawn(VERB).map_err(|error| Trouble::failure(format!("a cell's process cannot start: {error}")))?;
    let deadline = Instant::now() + timeout;
    if let Some(mut stdin) = child.stdin.take() {
        // A process that died already reads nothing; its exit status says why.
        let _ = stdin.write_all(job.text().as_bytes());
    }
    let stdout = read_in_background(child.stdout.take(), |stream| {
        let mut text = String::new();
        stream.read_to_string(&mut text).map(|_| text).unwrap_or_default()
    });
    let stderr = read_in_background(child.stderr.take(), last_line);
    let (stopped, text) = wait(&stdout, deadline);
    if stopped.is_some() {
        // It may have ended in this very moment: then there is nothing to kill.
        let _ = child.kill();
    }
    let exit =
        child.wait().map_err(|error| Trouble::failure(format!("a cell's process is lost: {error}")))?;
    let last_words = stderr.recv().unwrap_or_default();
    Ok(match stopped {
        Some(Stopped::Interrupted) => None,
        Some(Stopped::Timeout) => {
            let limit = humantime::format_duration(timeout);
            Some(job.ended(Status::Timeout, format!("stopped after its time limit of {limit}")))
        }
        None => Some(record(job, exit, &text, &last_words)),
    })
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

/// Waits for the end of the standard output, which is the process's.
fn wait(stdout: &Receiver<String>, deadline: Instant) -> (Option<Stopped>, String) {
    loop {
        match stdout.recv_timeout(TICK) {
            Ok(text) => return (None, text),
            Err(RecvTimeoutError::Disconnected) => return (None, String::new()),
            Err(RecvTimeoutError::Timeout) if interruption::requested() => {
                return (Some(Stopped::Interrupted), String::new());
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                return (Some(Stopped::Timeout), String::new());
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
