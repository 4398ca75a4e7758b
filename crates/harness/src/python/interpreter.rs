//! One Python: where it is, what it says that it is, and how it is started so that two runs are alike.

use crate::child::{self, Conversation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The oldest Python that runs twins.
pub const OLDEST: (u32, u32) = (3, 11);

/// How long a Python may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks a Python, of any age, what it is.
const QUESTION: &str = "\
import json, sys
implementation = getattr(sys, 'implementation', None)
name = getattr(implementation, 'name', 'cpython')
release = sys.version.split()[0] + getattr(sys, 'abiflags', '')
if name == 'pypy':
    release = '%d.%d-v%d.%d.%d' % (sys.version_info[:2] + tuple(sys.pypy_version_info[:3]))
print(json.dumps({'implementation': name, 'version': sys.version_info[:3], 'release': release}))
";

/// Variables that change how a Python runs begin with these.
const PREFIXES: [&str; 2] = ["PYTHON", "PYPY"];

/// A Python's implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Implementation {
    /// The reference implementation.
    CPython,
    /// The one with a tracing collector and a just-in-time compiler.
    PyPy,
}

/// A Python that can run twins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The program.
    pub path: PathBuf,
    /// Its implementation.
    pub implementation: Implementation,
    /// The version of the language: major, minor, micro.
    pub version: (u32, u32, u32),
    /// Full version text: `3.13.0`, `3.14.2t` (free-threaded), `3.11-v7.3.20` (PyPy).
    pub release: String,
}

/// What a Python answers.
#[derive(Deserialize)]
struct Identity {
    implementation: String,
    version: (u32, u32, u32),
    release: String,
}

impl Interpreter {
    /// Asks the program what it is.
    ///
    /// # Errors
    /// It is no Python, none that can run twins, or does not answer: said without its path.
    pub fn ask(path: &Path) -> Result<Interpreter, String> {
        let mut command = bare(path);
        let conversation = child::converse(command.args(["-c", QUESTION]), "", PATIENCE)
            .map_err(|error| error.to_string())?;
        let (exit, text, last_words) = match conversation {
            Conversation::Ended { exit, text, last_words } => (exit, text, last_words),
            Conversation::TimedOut => return Err(child::stopped_after(PATIENCE)),
            Conversation::Interrupted => return Err("interrupted".to_string()),
        };
        if !exit.success() {
            return Err(child::ending(exit, &last_words));
        }
        let identity: Identity = serde_json::from_str(text.trim())
            .map_err(|_| "it does not say which Python it is, expected a Python".to_string())?;
        let Identity { implementation, version, release } = identity;
        let implementation = match implementation.as_str() {
            "cpython" => Implementation::CPython,
            "pypy" => Implementation::PyPy,
            other => return Err(format!("it is {other} {release}, expected CPython or PyPy")),
        };
        if (version.0, version.1) < OLDEST {
            return Err(format!("it is Python {release}, expected {}.{} or newer", OLDEST.0, OLDEST.1));
        }
        Ok(Interpreter { path: path.to_path_buf(), implementation, version, release })
    }

    /// As cells name it: `cpython:3.13.0`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.implementation, self.release)
    }

    /// What tells it from other minor versions: `cpython:3.13`, and `cpython:3.13t` of a free-threaded build.
    pub fn family(&self) -> String {
        let (major, minor, _) = self.version;
        let threads = if self.is_free_threaded() { "t" } else { "" };
        format!("{}:{major}.{minor}{threads}", self.implementation)
    }

    /// Whether it has no global lock, and so another collector.
    pub fn is_free_threaded(&self) -> bool {
        self.implementation == Implementation::CPython
            && self.release.trim_end_matches(|c: char| c != 't' && c.is_ascii_lowercase()).ends_with('t')
    }

    /// This Python, about to run a script. Its environment has nothing that changes how it runs, its hashes are the same each
    /// time, and no packages are installed for it.
    pub fn command(&self, script: &Path) -> Command {
        let mut command = bare(&self.path);
        command.args(["-X", "utf8"]).arg(script).env("PYTHONHASHSEED", "0");
        command
    }
}

/// A Python in a clean environment: without `site` (and so without packages and their start-up code), and writing no
/// compiled files. Isolated mode (`-I`) would ignore PYTHONHASHSEED and hide what lies beside the script.
fn bare(path: &Path) -> Command {
    let mut command = Command::new(path);
    let variables = std::env::vars_os().map(|(name, _)| name);
    for name in
        variables.filter(|name| PREFIXES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)))
    {
        command.env_remove(name);
    }
    command.args(["-S", "-B"]);
    command
}

impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Implementation::CPython => "cpython",
            Implementation::PyPy => "pypy",
        })
    }
}
