//! The CPythons on this machine: on the path, and where version managers put them.

use std::collections::BTreeMap;
use std::io::{Error, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Versions whose collector has three generations and clears weak references before finalizers: those that the
/// language of heap scripts follows.
const VERSIONS: [&str; 5] = ["3.11", "3.12", "3.13", "3.14", "3.15"];

/// A CPython of one of the versions.
pub(crate) struct Interpreter {
    program: PathBuf,
    /// `3.12.1`
    pub(crate) version: String,
}

/// One interpreter for each of the versions, the newest that is there, in order; and which others were found that have
/// another collector.
pub(crate) fn find() -> (Vec<Interpreter>, Vec<String>) {
    let (mut found, mut others) = (BTreeMap::new(), Vec::new());
    for program in candidates() {
        let Ok(answer) = describe(&program) else { continue };
        match answer.split_once(' ') {
            Some((version, "cpython generational")) => {
                let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
                found.insert(numbers, Interpreter { program, version: version.to_string() });
            }
            Some((version, what)) => others.push(format!("{version} ({what})")),
            None => {}
        }
    }
    // In order, so that the newest of each version comes last.
    let newest: BTreeMap<_, _> =
        found.into_iter().map(|(numbers, interpreter)| (numbers[..2].to_vec(), interpreter)).collect();
    (newest.into_values().collect(), others)
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .flat_map(|folder| VERSIONS.map(|version| folder.join(format!("python{version}"))));
    let mut all: Vec<_> = on_path.collect();
    if let Some(home) = std::env::var_os("HOME") {
        let versions = Path::new(&home).join(".pyenv/versions");
        let installed = std::fs::read_dir(versions).into_iter().flatten().flatten();
        let is_known = |name: &str| VERSIONS.iter().any(|version| name.starts_with(&format!("{version}.")));
        let installed = installed.filter(|entry| entry.file_name().to_str().is_some_and(is_known));
        let mut installed: Vec<_> = installed.map(|entry| entry.path().join("bin/python")).collect();
        installed.sort();
        all.extend(installed);
    }
    all.retain(|program| program.is_file());
    all
}

/// The version and which collector it has. 3.14.0 to 3.14.4 have the incremental one, builds without the lock another.
const DESCRIBE: &str = "\
import sys, sysconfig
free = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))
incremental = (3, 14, 0) <= sys.version_info[:3] < (3, 14, 5)
collector = 'free-threaded' if free else 'incremental' if incremental else 'generational'
print('.'.join(map(str, sys.version_info[:3])), sys.implementation.name, collector)
";

fn describe(program: &Path) -> Result<String, Error> {
    run(program, DESCRIBE).map(|answer| answer.trim().to_string())
}

/// Runs a program that is read from standard input; what it printed.
fn run(program: &Path, text: &str) -> Result<String, Error> {
    let mut child = Command::new(program)
        .args(["-I", "-S", "-B", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Python reads all of it before it prints anything.
    child.stdin.take().expect("a pipe").write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = errors.lines().rev().take(3).collect();
    Err(Error::other(format!("{}: {}", output.status, last.join(" | "))))
}

impl Interpreter {
    /// Runs a translated case: the expectations that are false, and how many were checked.
    ///
    /// # Errors
    /// The program did not run to its end.
    pub(crate) fn run(&self, program: &str) -> Result<(Vec<String>, u64), Error> {
        let output = run(&self.program, program)?;
        let mut lines: Vec<_> = output.lines().map(str::to_string).collect();
        let last = lines.pop().unwrap_or_default();
        let checked = last.strip_prefix("checked ").and_then(|count| count.parse().ok());
        let checked =
            checked.ok_or_else(|| Error::other(format!("ended with '{last}', expected 'checked N'")))?;
        Ok((lines, checked))
    }
}
