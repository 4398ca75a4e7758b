//! A breach kept as a file, and the one command that shows it again.

use crate::output::shell_word;
use crate::proof::{Breach, process};
use crate::trouble::Trouble;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Characters of a line of comment, at most: what an operation shows can be long.
const LINE: usize = 400;

/// The command that repeats the plan.
pub fn verify_command(breach: &Breach) -> String {
    let task = &breach.task;
    let stress = if task.stress { " --stress" } else { "" };
    format!(
        "heapbench verify --strategies {} --seed {} --ops {}{stress}",
        shell_word(&task.strategy),
        task.seed,
        task.operations
    )
}

/// The command that shows the breach with the saved file, if it does; else the one that repeats the plan.
pub fn replay_command(breach: &Breach, file: &Path, timeout: Duration) -> String {
    let strategy = &breach.task.strategy;
    match breach.script.is_some() && process::check_fails(file, strategy, timeout) {
        true => {
            let file = shell_word(&file.display().to_string());
            format!("heapbench check {file} --strategies {}", shell_word(strategy))
        }
        false => verify_command(breach),
    }
}

/// Saves a breach as `STRATEGY-SEED.heap`, with a number behind it where another one has that name; the file. Where the
/// language cannot say what the operations do, they stand in a comment, and the script does nothing.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn save(folder: &Path, breach: &Breach) -> Result<PathBuf, Trouble> {
    let text = text(breach);
    let cannot = |path: &Path, error| Trouble::failure(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    let stem = format!("{}-{}", file_name(&breach.task.strategy), breach.task.seed);
    let names = (1_u64..).map(|number| if number == 1 { stem.clone() } else { format!("{stem}-{number}") });
    for name in names {
        let path = folder.join(name + ".heap");
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                let written = std::io::Write::write_all(&mut file, text.as_bytes());
                return written.map(|()| path.clone()).map_err(|error| cannot(&path, error));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
                    return Ok(path);
                }
            }
            Err(error) => return Err(cannot(&path, error)),
        }
    }
    unreachable!("there is always a next name")
}

/// The configuration with only such characters as every file system takes.
fn file_name(strategy: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.+@=".contains(c) { c } else { '-' };
    strategy.chars().map(plain).collect()
}

fn text(breach: &Breach) -> String {
    let mut text = String::new();
    let mut comment = |line: &str| text.extend(["# ", &one_line(line), "\n"]);
    comment(&format!("A breach of the contract by {}. Repeat the plan that found it:", breach.task.strategy));
    comment(&format!("  {}", verify_command(breach)));
    comment(&format!(
        "{}expected {}",
        breach.operation.as_ref().map_or(String::new(), |o| format!("{o}: ")),
        breach.expected
    ));
    comment(&format!("actual {}", breach.actual));
    if !breach.shrunk.is_empty() {
        comment("Operations that break it too:");
        breach.shrunk.iter().for_each(|operation| comment(&format!("  {operation}")));
    }
    match &breach.script {
        Some(script) => text + script,
        None => text + "# A heap script cannot say this; the one below does nothing.\nheap 1\n",
    }
}

/// A line of comment that a heap script takes: no control characters, not too long.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::Task;

    fn breach(script: Option<&str>) -> Breach {
        let strategy = "mark-sweep:heap=1.1x,min=4KiB".to_string();
        Breach {
            task: Task { strategy, seed: 17, operations: 300, stress: true },
            operation: Some("operation 3, Clear".into()),
            expected: "a\nb".into(),
            actual: "c".repeat(1000),
            shrunk: vec!["Enter".into(), "Clear".into()],
            script: script.map(str::to_string),
            alone: true,
        }
    }

    #[test]
    fn a_breach_is_saved_once_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let first = save(&folder, &breach(Some("heap 1\nnew a tuple\n"))).unwrap();
        assert_eq!(first.file_name().unwrap(), "mark-sweep-heap=1.1x-min=4KiB-17.heap");
        assert_eq!(save(&folder, &breach(Some("heap 1\nnew a tuple\n"))).unwrap(), first);
        let second = save(&folder, &breach(Some("heap 1\n"))).unwrap();
        assert_eq!(second.file_name().unwrap(), "mark-sweep-heap=1.1x-min=4KiB-17-2.heap");
        let text = std::fs::read_to_string(&first).unwrap();
        assert!(text.ends_with("#   Clear\nheap 1\nnew a tuple\n"), "{text}");
        assert!(
            text.contains("verify --strategies mark-sweep:heap=1.1x,min=4KiB --seed 17 --ops 300 --stress\n")
        );
        assert!(text.contains("operation 3, Clear: expected a b\n"));
        assert!(text.lines().all(|line| line.len() <= LINE + 2));
    }

    #[test]
    fn what_no_script_can_say_is_a_comment_and_repeated_as_a_plan() {
        let folder = tempfile::tempdir().unwrap();
        let file = save(folder.path(), &breach(None)).unwrap();
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("does nothing.\nheap 1\n"));
        assert_eq!(replay_command(&breach(None), &file, Duration::ZERO), verify_command(&breach(None)));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(save(&file.join("below"), &breach(None)).unwrap_err().to_string().contains("below"));
    }
}
