//! Processes that append are killed at any time, and many append at once: what was acknowledged is there, nothing is
//! damaged, and nobody waits for the dead.
//!
//! A writer is this very program, run again with the test `writer` alone and told by its environment what to do. It
//! acknowledges each record on its standard output after `append` has returned.

mod synthetic;

use heapbench_results::store::{CELLS, read};
use heapbench_results::{Record, Store};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use synthetic::record;

/// The folder that a writer appends to.
const FOLDER: &str = "HEAPBENCH_TORTURE_FOLDER";
/// Its name and how many records it appends, as `name/count`.
const WORK: &str = "HEAPBENCH_TORTURE_WORK";

/// How often a writer is killed.
const KILLS: u64 = 200;

/// Records are of several sizes, up to many blocks, so that a kill finds a write at work.
fn cell(writer: &str, invocation: u32) -> Record {
    let length = [0, 100, 5000, 200_000][invocation as usize % 4];
    Record { error: "x".repeat(length), ..record(writer, "churn", invocation) }
}

#[test]
fn writer() {
    let (Some(folder), Ok(work)) = (std::env::var_os(FOLDER), std::env::var(WORK)) else { return };
    let (name, count) = work.split_once('/').unwrap();
    let mut store = Store::open(Path::new(&folder)).unwrap();
    let mut stdout = std::io::stdout();
    for invocation in 0..count.parse().unwrap() {
        store.append(&cell(name, invocation)).unwrap();
        writeln!(stdout, "ack {invocation}").unwrap();
        stdout.flush().unwrap();
    }
}

fn start(folder: &Path, name: &str, count: u32) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["writer", "--exact", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(WORK, format!("{name}/{count}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

/// What is acknowledged on a line of a writer's output. The test harness writes there too.
fn acknowledged(line: std::io::Result<String>) -> Option<u32> {
    line.unwrap().rsplit_once("ack ")?.1.parse().ok()
}

/// The cells that the folder has, by writer and invocation; each must be what was written.
fn found(folder: &Path) -> BTreeSet<(String, u32)> {
    let results = read(folder).unwrap();
    assert_eq!((results.superseded, results.conflicts, results.duplicates), (0, 0, 0));
    let cells = results.records.into_iter().map(|record| {
        assert_eq!(record, cell(&record.strategy, record.invocation));
        (record.strategy, record.invocation)
    });
    cells.collect()
}

#[test]
fn a_writer_that_is_killed_at_any_time_leaves_all_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut all: BTreeSet<(String, u32)> = BTreeSet::new();
    let mut torn = 0;
    // A writer may be killed before it has come to open the folder.
    Store::open(folder.path()).unwrap();
    for kill in 0..KILLS {
        let name = format!("writer{kill}");
        let (mut child, stdout) = start(folder.path(), &name, 1000);
        let mut lines = stdout.lines();
        let acks = random.random_range(0..4);
        let mut acknowledge = |acks: usize| {
            let these = lines.by_ref().filter_map(acknowledged).take(acks).map(|n| (name.clone(), n));
            all.extend(these);
        };
        acknowledge(acks);
        std::thread::sleep(Duration::from_micros(random.random_range(0..3000)));
        child.kill().unwrap();
        child.wait().unwrap();
        // Those that it had acknowledged before it was killed.
        acknowledge(usize::MAX);
        let results = read(folder.path()).unwrap();
        assert!(results.warnings.len() <= 1, "{:?}", results.warnings);
        torn += results.warnings.len();
        if kill % 10 == 9 {
            let found = found(folder.path());
            assert!(all.is_subset(&found), "kill {kill}: lost: {:?}", all.difference(&found).next());
            // Smaller files are read faster.
            std::fs::write(folder.path().join(CELLS), "").unwrap();
            all.clear();
        }
    }
    eprintln!("{KILLS} kills, {torn} of them in the middle of a line");
}

#[test]
fn eight_writers_at_once_lose_nothing_and_mix_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let writers: Vec<_> = (0..8).map(|n| start(folder.path(), &format!("writer{n}"), 1000)).collect();
    for (mut child, stdout) in writers {
        assert_eq!(stdout.lines().filter_map(acknowledged).count(), 1000);
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(read(folder.path()).unwrap().warnings, [""; 0]);
    assert_eq!(found(folder.path()).len(), 8000);
}

#[test]
fn whoever_dies_with_the_lock_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    Store::open(folder.path()).unwrap();
    // A process that takes the lock, says so, and never lets go of it.
    let script = "exec 9<>\"$0\"; flock 9; echo locked; exec sleep 600";
    let mut holder = Command::new("sh")
        .args(["-c", script])
        .arg(folder.path().join(CELLS))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line != "locked\n" {
        eprintln!("not tested: no flock command on this machine");
        holder.wait().unwrap();
        return;
    }
    let (mut child, stdout) = start(folder.path(), "waiting", 1);
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait for the lock");
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(stdout.lines().filter_map(acknowledged).count(), 1);
    assert!(child.wait().unwrap().success());
}
