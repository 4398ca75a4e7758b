//! The Pythons of this machine, and those that a user names.

use crate::names;
use crate::python::Interpreter;
use crate::python::interpreter::{Implementation, OLDEST};
use crate::trouble::Trouble;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The newest minor version that is looked for by its own name.
const NEWEST_MINOR: u32 = 15;

/// How the names of outside references begin.
const IMPLEMENTATIONS: [Implementation; 2] = [Implementation::CPython, Implementation::PyPy];

/// The Pythons on PATH and in pyenv's folder that can run twins: of each minor version the newest, the first found of two
/// alike. CPython's come first, the oldest first.
pub fn everywhere() -> Vec<Interpreter> {
    let asked = std::thread::scope(|scope| {
        let threads: Vec<_> =
            candidates().into_iter().map(|path| scope.spawn(move || Interpreter::ask(&path).ok())).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect::<Vec<_>>()
    });
    newest_of_each_family(asked)
}

/// The Pythons that a user names, by path or by a name on PATH.
///
/// # Errors
/// The first that is none, or none that can run twins.
pub fn named(given: &[PathBuf]) -> Result<Vec<Interpreter>, Trouble> {
    let mut found: Vec<Interpreter> = Vec::new();
    for path in given {
        let refused = |why| Trouble::request(format!("--python {}: {why}", path.display()));
        let interpreter = Interpreter::ask(path).map_err(refused)?;
        if !found.iter().any(|known| known.path == interpreter.path) {
            found.push(interpreter);
        }
    }
    Ok(found)
}

/// Whether a name in a list of strategies is that of an outside reference.
pub fn is_reference(name: &str) -> bool {
    let starts = |implementation: &Implementation| {
        let rest = name.strip_prefix(&implementation.to_string());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    IMPLEMENTATIONS.iter().any(starts)
}

/// The Pythons that a name selects: `cpython` the newest, `cpython:3.13` the newest of that version, `cpython:*` all.
///
/// # Errors
/// None is selected; a glob is malformed.
pub fn select(name: &str, found: &[Interpreter]) -> Result<Vec<Interpreter>, Trouble> {
    let texts: Vec<String> = found.iter().map(Interpreter::name).collect();
    let selected: Vec<Interpreter> = if names::is_glob(name) {
        let matching = names::matching(name, &texts)?;
        found.iter().filter(|interpreter| matching.contains(&interpreter.name())).cloned().collect()
    } else {
        let answering = found.iter().filter(|interpreter| answers_to(interpreter, name));
        answering.max_by_key(|interpreter| interpreter.version).cloned().into_iter().collect()
    };
    if selected.is_empty() {
        let (major, minor) = OLDEST;
        let there = if texts.is_empty() {
            "none was found".to_string()
        } else {
            format!("found {}", texts.join(", "))
        };
        let what = format!(
            "no Python for '{name}', expected one of {major}.{minor} or newer on PATH or in pyenv: {there}"
        );
        return Err(Trouble::request(what));
    }
    Ok(selected)
}

/// Whether a name is this Python's, or the beginning of it: `cpython:3.1` does not stand for `cpython:3.13.0`, and a build
/// without the global lock is meant only where its `t` is named.
fn answers_to(interpreter: &Interpreter, name: &str) -> bool {
    let full = interpreter.name();
    let begins = || full.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', '.', '-']));
    name == full || name == interpreter.family() || (!interpreter.is_free_threaded() && begins())
}

/// Programs that may be Pythons, each once, in the order in which they are preferred.
fn candidates() -> Vec<PathBuf> {
    let minors = OLDEST.1..=NEWEST_MINOR;
    let names: Vec<String> = minors
        .map(|minor| format!("python3.{minor}"))
        .chain(["python3", "pypy3"].map(str::to_string))
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>());
    let mut seen = HashSet::new();
    on_path
        .chain(pyenv())
        .filter(|path| path.is_file())
        .filter(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())))
        .collect()
}

/// The Pythons that pyenv has built.
fn pyenv() -> Vec<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv").into_os_string());
    let root: Option<OsString> = std::env::var_os("PYENV_ROOT").or_else(home);
    let folders = root.and_then(|root| std::fs::read_dir(Path::new(&root).join("versions")).ok());
    let mut found: Vec<PathBuf> =
        folders.into_iter().flatten().flatten().map(|version| version.path().join("bin/python")).collect();
    found.sort();
    found
}

fn newest_of_each_family(asked: Vec<Interpreter>) -> Vec<Interpreter> {
    let mut families: BTreeMap<_, Interpreter> = BTreeMap::new();
    for interpreter in asked {
        let key =
            (interpreter.implementation, interpreter.version.0, interpreter.version.1, interpreter.family());
        match families.get(&key) {
            Some(known) if known.version >= interpreter.version => {}
            _ => _ = families.insert(key, interpreter),
        }
    }
    families.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(implementation: Implementation, release: &str) -> Interpreter {
        let mut numbers = release.split(['.', '-']).map(|part| {
            part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
        });
        let version = [(); 3].map(|()| numbers.next().unwrap_or(0)).into();
        Interpreter { path: release.into(), implementation, version, release: release.into() }
    }

    fn found() -> Vec<Interpreter> {
        let cpython = |release| python(Implementation::CPython, release);
        let asked = ["3.13.0", "3.12.1", "3.13.9", "3.13.9t", "3.15.0b2", "3.13.9"].map(cpython);
        newest_of_each_family(
            asked.into_iter().chain([python(Implementation::PyPy, "3.11-v7.3.20")]).collect(),
        )
    }

    #[test]
    fn of_each_minor_version_the_newest_is_kept() {
        let names: Vec<String> = found().iter().map(Interpreter::name).collect();
        let expected =
            ["cpython:3.12.1", "cpython:3.13.9", "cpython:3.13.9t", "cpython:3.15.0b2", "pypy:3.11-v7.3.20"];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_name_selects_the_newest_that_begins_with_it_and_a_glob_all() {
        let selected = |name: &str| -> Vec<String> {
            select(name, &found()).unwrap().iter().map(Interpreter::name).collect()
        };
        assert_eq!(selected("cpython"), ["cpython:3.15.0b2"]);
        assert_eq!(selected("cpython:3.13"), ["cpython:3.13.9"]);
        assert_eq!(selected("cpython:3.13.9"), ["cpython:3.13.9"]);
        assert_eq!(selected("cpython:3.13t"), ["cpython:3.13.9t"]);
        assert_eq!(selected("pypy:3.11"), ["pypy:3.11-v7.3.20"]);
        assert_eq!(selected("cpython:*").len(), 4);
        for unknown in ["cpython:3.1", "cpython:3.11", "pypy:*5"] {
            let told = select(unknown, &found()).unwrap_err().to_string();
            assert!(
                told.contains(&format!("no Python for '{unknown}'")) && told.contains("cpython:3.12.1"),
                "{told}"
            );
        }
        assert!(select("cpython", &[]).unwrap_err().to_string().ends_with("none was found"));
        assert!(select("cpython:[", &found()).unwrap_err().to_string().starts_with("malformed glob"));
    }

    #[test]
    fn references_are_told_from_strategies() {
        for name in ["cpython", "cpython:3.13", "pypy", "cpython:*"] {
            assert!(is_reference(name), "{name}");
        }
        for name in ["bump", "cpythonic", "refcount@3.13", "*"] {
            assert!(!is_reference(name), "{name}");
        }
    }
}
