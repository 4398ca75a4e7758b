//! The CPythons on this machine.

use heapbench_objects::Version;
use std::path::{Path, PathBuf};
use std::process::Command;

/// At most one of each version: those that pyenv has, and `python3`.
pub(crate) fn found() -> Vec<(Version, PathBuf)> {
    let mut found = Vec::new();
    for program in pyenv().into_iter().chain([PathBuf::from("python3")]) {
        if let Some(version) = version(&program)
            && found.iter().all(|(known, _)| *known != version)
        {
            found.push((version, program));
        }
    }
    found
}

fn pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let mut programs: Vec<_> =
        versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python3")).collect();
    programs.sort();
    programs
}

fn version(program: &Path) -> Option<Version> {
    let code = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])";
    let output = Command::new(program).args(["-c", code]).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let name = said.trim().strip_prefix("cpython ")?;
    Version::ALL.into_iter().find(|version| version.name() == name)
}

/// What the facts program prints.
pub(crate) fn facts(program: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/facts/facts.py");
    let output = Command::new(program)
        .arg(script)
        .envs([("PYTHONHASHSEED", "0"), ("PYTHONDONTWRITEBYTECODE", "1")])
        .output()
        .expect("it ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("ASCII")
}
