//! Runs the command in a folder of its own, and looks at its processes.
#![allow(dead_code, reason = "each test program uses its own part")]

use heapbench_results::{Record, store};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the command did.
pub(crate) struct Output {
    /// Its exit status; none when a signal ended it.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) text: String,
    error: String,
}

impl Output {
    /// Standard error.
    pub(crate) fn error(&self) -> &str {
        &self.error
    }
}

/// Runs the command to its end.
pub(crate) fn heapbench(folder: &Path, arguments: &[&str]) -> Output {
    finish(spawn(folder, arguments))
}

/// Runs cells of the smoke profile into the folder `cells`.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    finish(start(folder, arguments))
}

/// Begins to run cells of the smoke profile into the folder `cells`.
pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Child {
    let run = ["run", "--profile", "smoke", "--allow-debug", "--out", "cells"];
    spawn(folder, &[&run[..], arguments].concat())
}

/// Waits for the end of the command.
pub(crate) fn finish(harness: Child) -> Output {
    let output = harness.wait_with_output().unwrap();
    Output {
        status: output.status.code(),
        text: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The records in the folder `cells`.
pub(crate) fn records(folder: &Path) -> Vec<Record> {
    store::read(&folder.join("cells")).unwrap().records
}

/// The processes of cells, or of a proof's plans, that the command runs just now. (A zombie has no arguments: it is none.)
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |process: &u32| {
        let read =
            |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let behind_name =
            read("stat").rsplit_once(") ").map(|(_, rest)| rest.to_string()).unwrap_or_default();
        let verb = read("cmdline");
        behind_name.split(' ').nth(1) == Some(&parent.to_string())
            && ["\0cell\0", "\0prove\0"].iter().any(|known| verb.ends_with(known))
    };
    numbers.filter(is_child).collect()
}

/// Sends a signal to a process, which may be gone already.
pub(crate) fn kill(process: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(process as i32).unwrap(), signal);
}

/// Waits until something is there. The minute is a safety net, not an expectation.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Begins to run the command.
pub(crate) fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_heapbench"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
