//! The real command, killed in the middle of a run, on a full disk, with a limit on the size of files: what it said was
//! done is there, and `--resume` does the rest.

mod program;

use heapbench_results::store::{self, CELLS};
use heapbench_results::{CellKey, Record};
use program::{finish, heapbench, records, run, start};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Six cells.
const CELLS_OF_A_RUN: [&str; 5] =
    ["--strategies", "bump,refcount,mark-sweep", "--workloads", "rings,churn", "--json"];

/// The same as a shell's words.
const SHELL_RUN: &str = "run --profile smoke --allow-debug --out cells --strategies bump,refcount,mark-sweep \
     --workloads rings,churn --json";

/// The records that were printed, each of which was acknowledged before.
fn printed(text: &str) -> Vec<Record> {
    // The last line may be cut: the program was killed while it printed.
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn contains_all(folder: &Path, acknowledged: &[Record]) {
    let found = records(folder);
    for record in acknowledged {
        assert!(found.contains(record), "{} {} is gone", record.strategy, record.workload);
    }
}

#[test]
fn a_run_that_is_killed_keeps_what_it_printed_and_is_resumed_until_nothing_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut acknowledged = Vec::new();
    // An empty store to resume.
    assert_eq!(run(folder.path(), &["--strategies", "bump", "--workloads", "rings"]).status, Some(0));
    let resumed = [&CELLS_OF_A_RUN[..], &["--resume", "--invocations", "3"]].concat();
    for _ in 0..8 {
        let mut harness = start(folder.path(), &resumed);
        let mut lines = BufReader::new(harness.stdout.take().unwrap());
        let mut text = String::new();
        (0..random.random_range(0..3)).for_each(|_| _ = lines.read_line(&mut text).unwrap());
        std::thread::sleep(Duration::from_millis(random.random_range(0..60)));
        harness.kill().unwrap();
        harness.wait().unwrap();
        while lines.read_line(&mut text).unwrap() > 0 {}
        acknowledged.extend(printed(&text));
        contains_all(folder.path(), &acknowledged);
    }
    let rest = run(folder.path(), &resumed);
    assert_eq!(rest.status, Some(0), "{}", rest.error());
    contains_all(folder.path(), &acknowledged);
    let all = store::read(&folder.path().join("cells")).unwrap();
    let keys: HashSet<CellKey> = all.records.iter().map(CellKey::of).collect();
    assert_eq!((keys.len(), all.records.len()), (18, 18));
    assert_eq!((all.superseded, all.conflicts, all.warnings.len()), (0, 0, 0), "{:?}", all.warnings);
}

/// Runs the command after something that a shell does to its surroundings; `None` where that is not permitted.
fn run_after(folder: &Path, surroundings: &[&str]) -> Option<program::Output> {
    let (shell, script) = surroundings.split_at(surroundings.len() - 1);
    let script = format!("{} && echo ready >&2 && exec \"$0\" {SHELL_RUN}", script[0]);
    let child = Command::new(shell[0])
        .args(&shell[1..])
        .args(["-c", &script, env!("CARGO_BIN_EXE_heapbench")])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let output = finish(child);
    output.error().contains("ready\n").then_some(output)
}

/// The run stopped with one line that says why, and kept what it printed; the rest is run when there is room.
fn stopped_and_kept(folder: &Path, output: &program::Output, why: &str) {
    let last = output.error().lines().last().unwrap().to_string();
    assert_eq!(output.status, Some(1), "{}", output.error());
    assert!(last.contains("cells.jsonl: cannot append a line: ") && last.contains(why), "{last}");
    contains_all(folder, &printed(&output.text));
    let resumed = run(folder, &[&CELLS_OF_A_RUN[..], &["--resume"]].concat());
    assert_eq!(resumed.status, Some(0), "{}", resumed.error());
    assert_eq!(
        (records(folder).len(), resumed.error().contains("warning")),
        (6, false),
        "{}",
        resumed.error()
    );
}

#[test]
fn a_file_that_may_not_grow_stops_the_run_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    // In units of 512 or of 1024 bytes: a record or two.
    let output = run_after(folder.path(), &["sh", "ulimit -f 16"]).expect("a shell that sets limits");
    stopped_and_kept(folder.path(), &output, "File too large");
}

#[test]
fn a_full_disk_stops_the_run_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cells")).unwrap();
    // Mounted where nobody else sees it, and copied out before it goes.
    let mount = "mount -t tmpfs -o size=32k none cells && mkdir -p kept";
    let script = format!("{mount} && \"$0\" {SHELL_RUN}; s=$?; cp cells/* kept/; exit $s");
    let child = Command::new("unshare")
        .args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_heapbench")])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let output = child.ok().map(finish).filter(|output| output.error().contains("heapbench: "));
    let Some(output) = output else {
        eprintln!("not tested: no file system may be mounted on this machine");
        return;
    };
    std::fs::remove_dir(folder.path().join("cells")).unwrap();
    std::fs::rename(folder.path().join("kept"), folder.path().join("cells")).unwrap();
    stopped_and_kept(folder.path(), &output, "No space left");
}

#[test]
fn merged_and_exported_by_the_command() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["--strategies", "bump", "--workloads", "rings"]).status, Some(0));
    let command = |arguments: &[&str]| {
        let output = heapbench(folder.path(), arguments);
        assert_eq!(output.status, Some(0), "{arguments:?}: {}", output.error());
        output.text
    };
    assert_eq!(command(&["merge", "cells", "cells", "--out", "merged"]), "merged\n");
    let read = |name: &str| std::fs::read(folder.path().join(name).join(CELLS)).unwrap();
    assert_eq!(read("merged"), read("cells"));
    let again = heapbench(folder.path(), &["merge", "cells", "--out", "merged"]);
    assert_eq!((again.status, again.error().lines().count()), (Some(2), 1), "{}", again.error());
    let tables = command(&["export", "merged", "--out", "tables"]);
    assert_eq!(tables.lines().count(), 7);
    assert!(tables.lines().all(|table| folder.path().join(table).is_file()), "{tables}");
    // Damage is refused, unless the others are to be salvaged.
    let damaged = [&read("cells")[..], b"{\"schema\":2}\n"].concat();
    std::fs::write(folder.path().join("damaged.jsonl"), damaged).unwrap();
    for verb in ["summary", "figures", "export"] {
        let refused = heapbench(folder.path(), &[verb, "damaged.jsonl"]);
        assert_eq!((refused.status, refused.error().lines().count()), (Some(2), 1), "{}", refused.error());
        assert!(refused.error().contains("damaged.jsonl:2:") && refused.error().contains("--salvage"));
        let salvaged = heapbench(folder.path(), &[verb, "damaged.jsonl", "--salvage"]);
        assert_eq!(salvaged.status, Some(0), "{verb}: {}", salvaged.error());
        assert!(salvaged.error().contains("left out"), "{}", salvaged.error());
    }
}
