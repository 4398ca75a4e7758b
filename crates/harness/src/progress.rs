//! Progress of a run, on standard error: a bar with an estimate on a terminal, a line a cell elsewhere.

use crate::output::say;
use crate::units;
use heapbench_results::{Record, Status};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

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
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} cells, {eta} left  {msg}");
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
        self.done += 1;
        match &self.bar {
            Some(bar) => {
                if record.status != Status::Ok {
                    bar.println(self.line(record));
                }
                bar.inc(1);
            }
            None => say(self.line(record)),
        }
    }

    /// No more cells will come.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, record: &Record) -> String {
        let width = self.total.to_string().len();
        let number = format!("[{:width$}/{}]", self.done, self.total);
        let result = match record.status {
            Status::Ok => units::duration(record.wall_ns as f64),
            status => format!("{}: {}", status.name(), record.error),
        };
        format!("{number} {}  {}  {result}", record.strategy, record.workload)
    }
}
