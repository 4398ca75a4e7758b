//! `compare`, `rank`, `summary` and `tables` as people and scripts meet them: on made-up results, the real program, its output, its
//! exit status.

mod program;

use heapbench_results::{CellFootprint, Pauses, Record, RunInfo, SCHEMA, Status, Store};
use program::{Output, heapbench};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// One configuration's cells in a made-up run.
#[derive(Clone, Copy)]
struct Made {
    strategy: &'static str,
    workload: &'static str,
    wall_us: f64,
    /// Spread of the wall time over processes, in thousandths.
    spread: f64,
    processes: u32,
}

const BASE: Made = Made { strategy: "bump", workload: "rings", wall_us: 1000.0, spread: 3.0, processes: 6 };

fn cells(made: Made, run: &str) -> Vec<Record> {
    let noise = [0.1, -1.2, 0.8, 1.3, -0.4, -0.6, 1.0, -1.0];
    let cell = |invocation: u32| {
        let place = (invocation as usize + 3 * run.len() + made.strategy.len()) % noise.len();
        let nanoseconds = (made.wall_us * 1e3 * (1.0 + made.spread * 1e-3 * noise[place])) as u64;
        Record {
            schema: SCHEMA,
            run: run.into(),
            strategy: made.strategy.into(),
            workload: made.workload.into(),
            profile: "quick".into(),
            parameters: [("nodes".to_string(), 100.into())].into(),
            invocation,
            seed: 1,
            status: Status::Ok,
            checksum: "00000000deadbeef".into(),
            operations: 1000,
            wall_ns: nanoseconds,
            cpu_ns: nanoseconds,
            footprint: CellFootprint { peak_held_bytes: 1 << 20, ..CellFootprint::default() },
            pauses: Pauses { count: 9, p999_ns: 50_000, ..Pauses::default() },
            counters: [("edges".to_string(), 7)].into(),
            ..Record::default()
        }
    };
    (0..made.processes).map(cell).collect()
}

/// Writes results of one run into a folder of this name, changed as told.
fn write(parent: &Path, name: &str, made: &[Made], change: impl Fn(&mut Record)) {
    let mut store = Store::open(&parent.join(name)).unwrap();
    store.append_run(&RunInfo { run: name.into(), ..RunInfo::default() }).unwrap();
    for mut cell in made.iter().flat_map(|made| cells(*made, name)) {
        change(&mut cell);
        store.append(&cell).unwrap();
    }
}

fn lines(output: &Output) -> Vec<Value> {
    output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The first line's verdict on wall time, and the exit status.
fn judged(folder: &Path, b: Made, arguments: &[&str]) -> (String, Option<i32>) {
    let parent = tempfile::tempdir_in(folder).unwrap();
    write(parent.path(), "old", &[BASE], |_| {});
    write(parent.path(), "newer", &[b], |_| {});
    let output = heapbench(parent.path(), &[&["compare", "old", "newer", "--json"], arguments].concat());
    let verdict = lines(&output)[0]["metrics"][0]["verdict"].as_str().unwrap().to_string();
    (verdict, output.status)
}

#[test]
fn every_verdict_has_its_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let said = |b: Made, arguments: &[&str]| judged(folder.path(), b, arguments);
    assert_eq!(said(Made { wall_us: 1100.0, ..BASE }, &[]), ("worse".into(), Some(1)));
    assert_eq!(said(Made { wall_us: 900.0, ..BASE }, &[]), ("better".into(), Some(0)));
    assert_eq!(said(Made { wall_us: 1002.0, ..BASE }, &[]), ("same".into(), Some(0)));
    assert_eq!(said(Made { wall_us: 1030.0, spread: 100.0, ..BASE }, &[]), ("cannot-tell".into(), Some(0)));
    assert_eq!(said(Made { spread: 0.0, processes: 2, ..BASE }, &[]), ("cannot-tell".into(), Some(0)));
    assert_eq!(said(Made { wall_us: 1100.0, ..BASE }, &["--threshold", "15%"]), ("same".into(), Some(0)));
    assert_eq!(said(Made { wall_us: 1012.0, ..BASE }, &["--threshold", "0%"]), ("worse".into(), Some(1)));
}

#[test]
fn a_cell_that_failed_on_one_side_is_a_row_and_the_status_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str, change: &dyn Fn(&mut Record)| write(folder.path(), name, &[BASE], change);
    with("old", &|_| {});
    with("failed", &|cell| {
        if cell.invocation == 1 {
            (cell.status, cell.error) = (Status::Failed, "SIGSEGV".into());
        }
    });
    with("full", &|cell| cell.status = Status::OutOfMemory);
    with("wrong", &|cell| cell.checksum = "1".into());
    with("other", &|cell| {
        cell.parameters.insert("nodes".into(), 200.into());
    });
    let told = |b: &str, reason: &str, status: i32| {
        let output = heapbench(folder.path(), &["compare", "old", b]);
        assert_eq!(output.status, Some(status), "{b}: {}{}", output.text, output.error());
        assert!(output.text.contains(reason), "{b}: {}", output.text);
    };
    told("failed", "✗ B: 1 failed, 5 ok (SIGSEGV)", 1);
    told("full", "✗ B: 6 out-of-memory", 1);
    told("wrong", "✗ checksums differ", 1);
    told("other", "– other parameters: nodes 100 in A, 200 in B", 0);
    let both = heapbench(folder.path(), &["compare", "full", "full"]);
    assert_eq!((both.status, both.text.contains("A: 6 out-of-memory; B: 6 out-of-memory")), (Some(0), true));
}

#[test]
fn what_cannot_be_understood_is_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "old", &[BASE, Made { strategy: "mark-sweep", ..BASE }], |_| {});
    write(folder.path(), "python", &[BASE], |cell| cell.interpreted = true);
    write(folder.path(), "elsewhere", &[Made { workload: "orm", ..BASE }], |_| {});
    std::fs::create_dir(folder.path().join("broken")).unwrap();
    std::fs::write(folder.path().join("broken/cells.jsonl"), "{\"schema\":2,\"run\":7}\n").unwrap();
    std::fs::write(folder.path().join("a.md"), "<!-- BEGIN t: heapbench rank old --markdown -->\n").unwrap();
    let told = |arguments: &[&str], expected: &str| {
        let output = heapbench(folder.path(), arguments);
        let faults: Vec<&str> = output.error().lines().filter(|line| !line.starts_with("warning")).collect();
        assert_eq!(output.status, Some(2), "{arguments:?}: {faults:?}");
        assert!(faults.len() == 1 && faults[0].contains(expected), "{arguments:?}: {faults:?}");
        assert_eq!(output.text, "");
    };
    told(&["compare", "old"], "<B>");
    told(&["compare", "old", "old", "--between", "bump", "mark-sweep"], "cannot be used with");
    told(&["compare", "old", "absent"], "absent: no results here");
    told(&["compare", "old", "broken"], "cells.jsonl:1:");
    told(&["compare", "old", "elsewhere", "--workloads", "orn"], "did you mean 'orm'?");
    told(&["compare", "old", "elsewhere"], "nothing to compare");
    told(&["compare", "old", "old", "--metric", "wal"], "did you mean 'wall'?");
    told(&["compare", "old", "old", "--threshold", "2"], "such as 2%");
    told(&["compare", "old", "old", "--threshold=-1%"], "0% to 100%");
    told(&["compare", "old", "--between", "bump", "mark-swep"], "did you mean 'mark-sweep'?");
    told(&["compare", "python", "--between", "bump", "bump"], "unknown strategy of these results 'bump'");
    told(&["rank", "old", "--baseline", "refcount"], "unknown strategy of these results");
    told(&["rank", "python"], "no workload that all strategies completed");
    told(&["summary", "old", "--json", "--markdown"], "cannot be used with");
    told(&["tables", "a.md"], "a.md:1: BEGIN t without its end");
}

#[test]
fn two_configurations_of_one_run_are_compared_in_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let slower = Made { strategy: "refcount+pymalloc", wall_us: 1050.0, ..BASE };
    write(folder.path(), "run", &[BASE, slower, Made { workload: "orm", ..BASE }], |_| {});
    let output = heapbench(folder.path(), &["compare", "run", "--between", "bump", "refcount"]);
    assert_eq!(output.status, Some(1), "{}", output.error());
    let row = |start: &str| output.text.lines().find(|line| line.starts_with(start)).unwrap().to_string();
    assert!(row("rings").contains("▲ worse") && row("rings").contains("6 pairs"), "{}", output.text);
    assert!(row("orm").contains("– only in A"), "{}", output.text);
    assert!(output.text.contains("1 of 2 cells"), "{}", output.text);
}

#[test]
fn the_keys_of_the_json_are_stable() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "old", &[BASE], |_| {});
    let arms = [BASE, Made { wall_us: 1001.0, ..BASE }];
    let mut store = Store::open(&folder.path().join("newer")).unwrap();
    for (arm, made) in (0..).zip(arms) {
        for cell in cells(made, "newer") {
            store.append(&Record { arm, counters: [("edges".into(), 8)].into(), ..cell }).unwrap();
        }
    }
    let output = heapbench(folder.path(), &["compare", "old", "newer", "--json", "--metric", "all"]);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let lines = lines(&output);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let set = |names: &str| names.split(' ').map(String::from).collect::<BTreeSet<_>>();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["cell", "null", "total"]);
    let cell = "kind workload profile parameters heap_limit strategy_a strategy_b statuses_a statuses_b reason failed paired \
        metrics exact";
    assert_eq!(keys(&lines[0]), set(cell));
    let wall = &lines[0]["metrics"][0];
    assert_eq!(keys(wall), set("metric a b cells ratio p_adjusted verdict"));
    assert_eq!(keys(&wall["ratio"]), set("ratio low high p"));
    assert_eq!(wall["cells"], serde_json::json!([6, 6]), "the other arm is no result");
    let exact = &lines[0]["exact"][0];
    assert_eq!(exact, &serde_json::json!({"counter": "counters.edges", "seed": 1, "a": [7], "b": [8]}));
    assert_eq!(keys(&lines[1]), set("kind results comparisons different share_at_most largest"));
    assert_eq!(keys(&lines[2]), set("kind worse better same cannot_tell failed well"));
    assert!(
        heapbench(folder.path(), &["compare", "old", "newer"]).text.contains("the null comparison says: of")
    );
}

#[test]
fn a_ranking_comes_with_its_front_and_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let made = [
        BASE,
        Made { strategy: "slow", wall_us: 2000.0, ..BASE },
        Made { workload: "orm", ..BASE },
        Made { strategy: "slow", workload: "orm", ..BASE },
    ];
    write(folder.path(), "run", &made, |cell| {
        if (cell.strategy.as_str(), cell.workload.as_str()) == ("slow", "orm") {
            cell.status = Status::OutOfMemory;
        }
    });
    let output = heapbench(folder.path(), &["rank", "run", "--json"]);
    assert_eq!(output.status, Some(0), "{}", output.error());
    let lines = lines(&output);
    assert_eq!((&lines[0]["strategy"], &lines[0]["on_front"]), (&"bump".into(), &true.into()));
    assert_eq!(
        (&lines[1]["beaten_by"], &lines[1]["time"]["rank_low"]),
        (&serde_json::json!(["bump"]), &2.into())
    );
    assert!((lines[1]["time"]["ratio"].as_f64().unwrap() - 2.0).abs() < 0.02);
    assert_eq!((&lines[2]["workload"], &lines[2]["reason"]), (&"orm".into(), &"slow: out-of-memory".into()));
    assert_eq!(lines[3]["settings"].as_array().unwrap().len(), 1);
    let text = heapbench(folder.path(), &["rank", "run", "--baseline", "bump", "--markdown"]).text;
    assert!(text.contains("| ○ bump") && text.contains("- orm: slow: out-of-memory"), "{text}");
    let alone = heapbench(folder.path(), &["rank", "run", "--strategies", "bump"]);
    assert!(alone.text.contains("Over 2 workloads"), "{}", alone.text);
}

#[test]
fn tables_in_documents_are_what_their_commands_print() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "run", &[BASE, Made { strategy: "slow", wall_us: 2000.0, ..BASE }], |_| {});
    let part = |name: &str, command: &str| {
        format!("Before.\n\n<!-- BEGIN {name}: heapbench {command} -->\nold\n<!-- END {name} -->\n")
    };
    let commands = [
        "summary run --workloads 'rin*' --markdown",
        "rank run --markdown",
        "compare run --between bump slow --markdown",
    ];
    let other = part("kept", "validate") + &part("plain", "summary run");
    let document: String = commands.map(|command| part(command.split(' ').next().unwrap(), command)).concat();
    let path = folder.path().join("a.md");
    std::fs::write(&path, document.clone() + &other).unwrap();
    let tables = |arguments: &[&str]| heapbench(folder.path(), &[&["tables", "a.md"], arguments].concat());
    assert_eq!(tables(&["--check"]).status, Some(1));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), document + &other, "checking writes nothing");
    assert_eq!(tables(&[]).status, Some(0));
    let made = std::fs::read_to_string(&path).unwrap();
    assert!(made.ends_with(&other), "what other commands make is kept: {made}");
    for command in commands {
        let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
        let printed = heapbench(folder.path(), &words).text;
        assert!(made.contains(&format!(" -->\n\n{printed}\n<!-- END {}", words[0])), "{command}: {made}");
        let table: Vec<&str> = printed.lines().filter(|line| line.starts_with('|')).collect();
        let width = table[0].chars().count();
        assert!(table.len() > 2 && table.iter().all(|line| line.chars().count() == width), "{printed}");
    }
    let again = tables(&["--check"]);
    assert_eq!((again.status, again.error()), (Some(0), ""));
    std::fs::write(&path, made.replacen("2.00x", "1.00x", 1)).unwrap();
    let stale = tables(&["--check"]);
    assert!(
        stale.status == Some(1) && stale.error().contains("is not what its command prints"),
        "{}",
        stale.error()
    );
}

#[test]
fn the_project_s_own_documents_have_the_tables_that_their_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = heapbench(&root, &["tables", "--check", "README.md", "METHODOLOGY.md", "results/README.md"]);
    assert_eq!(output.status, Some(0), "heapbench tables README.md METHODOLOGY.md: {}", output.error());
}
