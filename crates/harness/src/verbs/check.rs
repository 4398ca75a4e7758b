//! `heapbench check`: heap scripts on strategies, each compared with the reference model after every statement.

use crate::output::{print, print_json, say};
use crate::registry::{self, STRATEGIES, WithHeap};
use crate::request::configurations;
use crate::trouble::Trouble;
use heapbench_conformance::runner::{self, Outcome, Side, Stop};
use heapbench_heap::configuration::parse_size;
use heapbench_heap::{Configuration, Heap, HeapConfig, HeapError, Introspect};
use heapbench_script::{Position, Script};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that a script may have: 1 GiB.
const LARGEST: u64 = 1 << 30;

/// Bytes under which no heap can be made.
const LEAST_MEMORY: usize = 64;

/// What to check.
#[derive(clap::Args, Clone, Debug)]
pub struct CheckArguments {
    /// Heap scripts
    #[arg(required = true, value_name = "FILE.heap")]
    pub files: Vec<PathBuf>,
    /// Configurations or globs, separated by commas; every strategy as it is by default when left out
    #[arg(long, value_name = "A,B,…")]
    pub strategies: Option<String>,
    /// Memory that a script may use: digits and KiB, MiB or GiB
    #[arg(long, value_name = "SIZE", default_value = "4GiB")]
    pub memory: String,
    /// Print an object for each file and strategy as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// How many files came to what, strategy by strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Everything was true.
    pub passed: usize,
    /// Something was not.
    pub failed: usize,
    /// Not a script, or one that could not run to its end.
    pub errors: usize,
}

/// Checks, and prints what is wrong and a summary.
///
/// # Errors
/// A request that cannot be understood, output that cannot be written. What is wrong with a file is an answer.
pub fn run(arguments: &CheckArguments) -> Result<Checked, Trouble> {
    let memory = memory(&arguments.memory)?;
    let strategies = strategies(arguments.strategies.as_deref())?;
    let mut checked = Checked::default();
    for file in &arguments.files {
        let script = read(file).and_then(|text| load(&text, memory));
        let mut told = HashSet::new();
        for strategy in &strategies {
            let outcome = match &script {
                Ok(script) => run_one(script, strategy, memory)?,
                Err(stop) => Outcome::from(stop.clone()),
            };
            let report = Report { file, strategy: &strategy.to_string(), outcome: &outcome };
            match report.status() {
                "passed" => checked.passed += 1,
                "failed" => checked.failed += 1,
                _ => checked.errors += 1,
            }
            // What stops every strategy alike is told once.
            if let Some(line) = report.stop().filter(|line| told.insert(line.clone())) {
                say(line);
            }
            if arguments.json {
                print_json(&report.json())?
            } else {
                report.failures().try_for_each(|f| print(&f))?
            }
        }
    }
    if !arguments.json {
        print(&summary(arguments.files.len(), strategies.len(), checked))?;
    }
    Ok(checked)
}

fn memory(text: &str) -> Result<usize, Trouble> {
    parse_size(text).filter(|bytes| *bytes >= LEAST_MEMORY).ok_or_else(|| {
        Trouble::request(format!(
            "--memory '{text}': expected a size such as 4GiB, from {LEAST_MEMORY} to 1024GiB"
        ))
    })
}

/// The strategies that are asked for; without a list each once, with its default policy and memory source.
fn strategies(list: Option<&str>) -> Result<Vec<Configuration>, Trouble> {
    let text = |name: &str| Ok(registry::resolve(name)?.to_string());
    let defaults =
        STRATEGIES.iter().map(|strategy| text(strategy.name)).collect::<Result<Vec<_>, Trouble>>()?;
    let texts = configurations(list, &defaults, registry::resolve, None)?;
    texts.iter().map(|text| Ok(registry::resolve(text)?)).collect()
}

/// The bytes of a file. What keeps it from being read has no line.
fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    let nowhere = |message: String| Stop { position: Position::default(), message };
    let unreadable = |error| nowhere(format!("cannot be read: {error}, expected a heap script"));
    let file = File::open(path).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(nowhere(format!("is too large, expected at most {LARGEST} bytes")));
    }
    Ok(text)
}

fn load(text: &[u8], memory: usize) -> Result<Script, Stop> {
    let script = heapbench_script::load(text)
        .map_err(|error| Stop { position: error.position, message: error.message })?;
    runner::refusal(&script, memory).map_or(Ok(script), Err)
}

fn run_one(script: &Script, strategy: &Configuration, memory: usize) -> Result<Outcome, HeapError> {
    struct Check<'s>(&'s Script, HeapConfig);
    impl WithHeap<Side> for Check<'_> {
        type Output = Outcome;
        fn call<H: Heap<Recorder = Side> + Introspect>(self) -> Outcome {
            runner::run::<H>(self.0, &self.1)
        }
    }
    registry::dispatch(strategy, Check(script, registry::heap_config(strategy, Some(memory))))
}

/// What one script came to under one strategy.
struct Report<'a> {
    file: &'a Path,
    strategy: &'a str,
    outcome: &'a Outcome,
}

impl Report<'_> {
    fn status(&self) -> &'static str {
        match (&self.outcome.stop, self.outcome.failures.is_empty()) {
            (Some(_), _) => "error",
            (None, false) => "failed",
            (None, true) => "passed",
        }
    }

    /// The place in the file; the file alone where nothing of it could be read.
    fn place(&self, position: Position) -> String {
        let file = self.file.display();
        if position.line == 0 { file.to_string() } else { format!("{file}:{position}") }
    }

    fn stop(&self) -> Option<String> {
        let stop = self.outcome.stop.as_ref()?;
        Some(format!("{}: {}", self.place(stop.position), stop.message))
    }

    fn failures(&self) -> impl Iterator<Item = String> + '_ {
        let Outcome { failures, more, .. } = self.outcome;
        let more =
            (*more > 0).then(|| format!("{}: {more} more failures [{}]", self.file.display(), self.strategy));
        let lines = failures.iter().map(|failure| {
            let (expected, actual) = (&failure.expected, &failure.actual);
            format!(
                "{}: expected {expected}, actual {actual} [{}]",
                self.place(failure.position),
                self.strategy
            )
        });
        lines.chain(more)
    }

    fn json(&self) -> Value {
        let failures = self.outcome.failures.iter().map(|failure| {
            let Position { line, column } = failure.position;
            json!({"line": line, "column": column, "expected": failure.expected, "actual": failure.actual})
        });
        let stop = self.outcome.stop.iter().map(|Stop { position: Position { line, column }, message }| {
            // A message says what is wrong, and then what was expected.
            let (actual, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
            json!({"line": line, "column": column, "expected": expected, "actual": actual, "message": message})
        });
        json!({
            "file": self.file.display().to_string(),
            "strategy": self.strategy,
            "status": self.status(),
            "failures": failures.chain(stop).collect::<Vec<_>>(),
            "more_failures": self.outcome.more,
        })
    }
}

fn summary(files: usize, strategies: usize, checked: Checked) -> String {
    let count =
        |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut came_to = vec![format!("{} passed", checked.passed)];
    came_to.extend((checked.failed > 0).then(|| format!("{} failed", checked.failed)));
    came_to.extend((checked.errors > 0).then(|| count(checked.errors, "error", "errors")));
    let (files, strategies) = (count(files, "file", "files"), count(strategies, "strategy", "strategies"));
    format!("{files}, {strategies}: {}", came_to.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_there_is() {
        let checked = |passed, failed, errors| summary(12, 4, Checked { passed, failed, errors });
        assert_eq!(checked(48, 0, 0), "12 files, 4 strategies: 48 passed");
        assert_eq!(checked(46, 1, 1), "12 files, 4 strategies: 46 passed, 1 failed, 1 error");
        assert_eq!(summary(1, 1, Checked::default()), "1 file, 1 strategy: 0 passed");
    }

    #[test]
    fn every_strategy_is_checked_once_by_default() {
        let names =
            |list| strategies(list).unwrap().iter().map(|found| found.to_string()).collect::<Vec<_>>();
        assert_eq!(names(None).len(), STRATEGIES.len());
        assert!(
            names(Some("*")).len() == STRATEGIES.len()
                && names(Some("refcount+system")) == ["refcount+system"]
        );
        assert!(strategies(Some("refcont")).unwrap_err().to_string().contains("did you mean 'refcount'?"));
    }
}
