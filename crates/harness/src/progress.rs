//! Progress, on standard error. Of a run or a validation: a bar with an estimate on a terminal, a line a cell elsewhere. Of a proof: a bar
//! with a rate on a terminal, a line now and then elsewhere.

use crate::output::say;
use crate::units;
use heapbench_results::{Record, Status};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Shows how far a run has come.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    done: usize,
    total: usize,
}

impl Progress {
    /// Of a run of `total` cells.
    pub fn new(total: usize) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len}, {eta} left  {msg}");
            let bar = ProgressBar::new(total as u64);
            bar.set_style(style.expect("the template names known fields"));
            bar
        });
        Progress { bar, done: 0, total }
    }

    /// A cell begins.
    pub fn begins(&self, strategy: &str, workload: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{strategy}  {workload}"));
        }
    }

    /// A cell has ended. On a terminal only what did not end well gets a line.
    pub fn ended(&mut self, record: &Record) {
        let line = line(record);
        if let Some(bar) = self.bar.as_ref().filter(|_| record.status != Status::Ok) {
            bar.println(self.numbered(&line, self.done + 1));
        }
        self.step(&line);
    }

    /// One of the steps has ended: what it was is told where there is no terminal.
    pub fn step(&mut self, line: &str) {
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => say(self.numbered(line, self.done)),
        }
    }

    /// No more cells will come.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn numbered(&self, line: &str, number: usize) -> String {
        let width = self.total.to_string().len();
        format!("[{number:width$}/{}] {line}", self.total)
    }
}

fn line(record: &Record) -> String {
    let result = match record.status {
        Status::Ok => units::duration(record.wall_ns as f64),
        status => format!("{}: {}", status.name(), record.error),
    };
    format!("{}  {}  {result}", record.strategy, record.workload)
}

/// Where there is no terminal, a proof's progress is told this often.
const TELLING: Duration = Duration::from_secs(10);

/// Shows how far a proof has come.
#[derive(Debug)]
pub struct ProofProgress {
    bar: Option<ProgressBar>,
    strategy: String,
    done: u64,
    total: u64,
    begun: Instant,
    told: Instant,
}

impl ProofProgress {
    /// Of a proof of `total` operations.
    pub fn new(total: u64) -> ProofProgress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{bar:30} {human_pos}/{human_len} operations, {per_sec}, {eta} left  {msg}",
            );
            let bar = ProgressBar::new(total);
            bar.set_style(style.expect("the template names known fields"));
            bar
        });
        let now = Instant::now();
        ProofProgress { bar, strategy: String::new(), done: 0, total, begun: now, told: now }
    }

    /// A strategy's turn begins.
    pub fn begins(&mut self, strategy: &str) {
        self.strategy = strategy.to_string();
        if let Some(bar) = &self.bar {
            bar.set_message(self.strategy.clone());
        }
    }

    /// So many operations more are done.
    pub fn advance(&mut self, operations: u64) {
        self.done += operations;
        match &self.bar {
            Some(bar) => bar.inc(operations),
            None if self.told.elapsed() >= TELLING => {
                self.told = Instant::now();
                let rate = self.done as f64 / self.begun.elapsed().as_secs_f64();
                let (done, total) = (units::count(self.done), units::count(self.total));
                say(format_args!(
                    "{done} of {total} operations, {} a second  {}",
                    units::count(rate as u64),
                    self.strategy
                ));
            }
            None => {}
        }
    }

    /// Does something with the bar out of the way: printing, say.
    pub fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// No more will come.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
