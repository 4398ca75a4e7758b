//! The default suite, run on a copy of the workspace: each test in a process of its own, because a bug may kill it.

use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Packages whose tests are the suite.
const PACKAGES: [&str; 7] = [
    "heapbench-conformance",
    "heapbench-memory",
    "heapbench-strategy-bump",
    "heapbench-strategy-manual",
    "heapbench-strategy-refcount",
    "heapbench-strategy-refcount-generational",
    "heapbench-strategy-mark-sweep",
];

/// Test files of the conformance crate that test the rig itself, or run no strategy.
const RIG: [&str; 5] = ["planted", "faults", "model", "semispace", "cpython"];

/// A bug must be found in this time.
const MOST: Duration = Duration::from_secs(60);

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Well.
    Passed,
    /// An assertion failed, or the process died.
    Failed,
    /// It was still running after [`MOST`].
    Hung,
}

impl Outcome {
    pub(crate) fn is_passed(self) -> bool {
        self == Outcome::Passed
    }
}

/// One test that was run.
pub(crate) struct Test {
    /// What kind of test it is: a column of the table.
    pub(crate) column: String,
    name: String,
    pub(crate) outcome: Outcome,
}

/// The tests that did not pass.
pub(crate) fn failed(tests: &[Test]) -> Vec<String> {
    let failed = tests.iter().filter(|test| !test.outcome.is_passed());
    failed.map(|test| format!("{} {} {:?}", test.column, test.name, test.outcome)).collect()
}

struct Binary {
    package: String,
    name: String,
    path: PathBuf,
}

/// Builds the suite and runs the tests that are wanted, by package and name. A copy that does not build is an error: that is no bug, that is a mistake.
pub(crate) fn run(
    workspace: &Workspace,
    is_wanted: impl Fn(&str, &str) -> bool,
) -> Result<Vec<Test>, String> {
    let mut waiting = Vec::new();
    for binary in build(workspace)? {
        let list = Command::new(&binary.path).args(["--list", "--format", "terse"]).output();
        let list = list.map_err(|error| format!("{}: {error}", binary.path.display()))?.stdout;
        let names = String::from_utf8_lossy(&list).into_owned();
        let names = names.lines().filter_map(|line| line.strip_suffix(": test"));
        let names = names.filter(|name| is_wanted(&binary.package, name));
        let test = |name: &str| (binary.path.clone(), column(&binary, name), name.to_string());
        waiting.extend(names.map(test));
    }
    let waiting = Mutex::new(waiting.into_iter());
    let tests = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((path, column, name)) = { waiting.lock().unwrap().next() } {
                    let mut command = Command::new(path);
                    let outcome = outcome(command.args(["--exact", &name]).current_dir(&workspace.root));
                    tests.lock().unwrap().push(Test { column, name, outcome });
                }
            });
        }
    });
    Ok(tests.into_inner().unwrap())
}

fn column(binary: &Binary, test: &str) -> String {
    match (binary.package.as_str(), binary.name.as_str()) {
        ("heapbench-conformance", "strategies") => test.rsplit("::").next().unwrap_or(test).replace('_', " "),
        ("heapbench-conformance", name) => name.replace('_', " "),
        _ => "own tests".to_string(),
    }
}

fn build(workspace: &Workspace) -> Result<Vec<Binary>, String> {
    let packages = PACKAGES.iter().flat_map(|package| ["-p", package]);
    let output = Command::new(env!("CARGO"))
        .args(["test", "--no-run", "--quiet", "--message-format=json"])
        .args(packages)
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target)
        // Half of the time would go into debug information.
        .env("CARGO_PROFILE_TEST_DEBUG", "0")
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("the copy does not build: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(binary).collect())
}

/// The test binary that a message of cargo's speaks of.
fn binary(message: &str) -> Option<Binary> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = PathBuf::from(message["executable"].as_str()?);
    let name = message["target"]["name"].as_str()?.to_string();
    let package = message["package_id"].as_str()?.rsplit_once('#')?.1.split('@').next()?.to_string();
    (!RIG.contains(&name.as_str())).then_some(Binary { package, name, path })
}

fn outcome(command: &mut Command) -> Outcome {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).spawn();
    let Ok(mut child) = child else { return Outcome::Failed };
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Outcome::Passed,
            Ok(None) if started.elapsed() < MOST => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Outcome::Hung;
            }
            Ok(Some(_)) | Err(_) => return Outcome::Failed,
        }
    }
}
