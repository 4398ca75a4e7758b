//! The self-test as people meet it: small, but with every part.

mod program;

use program::{heapbench, records, run};

#[test]
fn a_self_test_keeps_cells_judges_and_draws() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        heapbench(folder.path(), &["selftest", "--tiny", "--allow-debug", "--out", "cells", "--json"]);
    // Four processes a side may miss an effect: that is a fault, and status 1.
    assert!(matches!(output.status, Some(0 | 1)), "{:?} {}", output.status, output.error());
    let lines: Vec<serde_json::Value> =
        output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let nulls: Vec<_> = lines.iter().filter(|line| line.get("alarms").is_some()).collect();
    assert_eq!(nulls.iter().map(|line| line["comparisons"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 4]);
    let effects: Vec<_> = lines.iter().filter(|line| line.get("detected").is_some()).collect();
    assert_eq!(effects.len(), 8, "four effects by two clocks");
    let faults = lines.iter().filter(|line| line.get("fault").is_some()).count();
    assert_eq!(output.status == Some(1), faults > 0, "{}", output.text);
    let pause = effects.iter().find(|line| line["pause_us"] == 10_000).unwrap();
    assert_eq!(pause["pausing_cells"], 8);
    let records = records(folder.path());
    assert_eq!(records.len(), 2 * 2 * 2 * 4 + 4 * 2 * 2 * 4);
    for cell in records.iter().filter(|record| record.injected.pause_us > 0) {
        assert!(cell.pauses.max_ns >= 10_000_000, "{} on {}", cell.strategy, cell.workload);
        assert!(cell.collect_ns >= 10_000_000 && cell.wall_ns > 10_000_000);
    }
    for figure in ["selftest-equal.svg", "selftest-effects.png"] {
        assert!(folder.path().join("cells/figures").join(figure).metadata().unwrap().len() > 0);
    }
    // All is there: nothing is run, and the same is found.
    let arguments = ["selftest", "--tiny", "--allow-debug", "--out", "cells", "--json", "--resume"];
    assert_eq!(heapbench(folder.path(), &arguments).text, output.text);
}

#[test]
fn a_pilot_decides_how_many_processes_there_are_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--strategies", "bump,refcount", "--workloads", "rings", "--invocations", "auto:50"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status, Some(0), "{}", output.error());
    assert!(output.error().contains("rings: ") && output.error().contains("processes a strategy"));
    let text = std::fs::read_to_string(folder.path().join("cells/plan.jsonl")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    let invocations = plan["invocations"].as_u64().unwrap();
    assert!((6..=30).contains(&invocations) && invocations.is_multiple_of(2), "{text}");
    assert_eq!(records(folder.path()).len() as u64, 2 * invocations);
    let again = run(folder.path(), &[&arguments[..], &["--resume"]].concat());
    assert_eq!(again.status, Some(0), "{}", again.error());
    assert_eq!(records(folder.path()).len() as u64, 2 * invocations, "the same pilot decides the same");
}

#[test]
fn varied_seeds_do_other_work_in_each_invocation_and_the_same_under_each_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--strategies", "refcount,mark-sweep", "--workloads", "churn", "--invocations", "2", "--vary-seeds"];
    assert_eq!(run(folder.path(), &arguments).status, Some(0));
    let mut checksums: Vec<(u32, String)> =
        records(folder.path()).into_iter().map(|record| (record.invocation, record.checksum)).collect();
    checksums.sort();
    checksums.dedup();
    assert_eq!(checksums.len(), 2, "{checksums:?}");
    assert_ne!(checksums[0].1, checksums[1].1);
}

/// Where valgrind is installed.
#[test]
fn instructions_are_the_same_in_every_cell_of_a_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--strategies", "refcount", "--workloads", "rings", "--set", "nodes=2000", "--instructions"];
    let output = run(folder.path(), &[&arguments[..], &["--invocations", "2"]].concat());
    if output.status == Some(2) {
        assert!(output.error().contains("no valgrind found on PATH"), "{}", output.error());
        return;
    }
    assert_eq!(output.status, Some(0), "{}", output.error());
    let counts: Vec<u64> = records(folder.path()).iter().filter_map(|record| record.instructions).collect();
    assert_eq!(counts.len(), 2, "{}", output.error());
    assert!(counts[0] == counts[1] && counts[0] > 100_000, "{counts:?}");
    let table = heapbench(folder.path(), &["summary", "cells"]).text;
    assert!(table.contains("instr/op"), "{table}");
}
