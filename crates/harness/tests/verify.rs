//! The verb `verify` as people and scripts meet it: the same whatever the number of threads, and whatever becomes of the
//! processes that carry out its plans.

mod program;

use program::{Output, children, finish, heapbench, kill, spawn, wait_for};
use rustix::process::Signal;
use std::path::Path;

/// More operations than anybody waits for.
const ENDLESS: [&str; 5] = ["verify", "--ops", "1000000000000", "--strategies", "refcount"];

fn objects(output: &Output) -> Vec<serde_json::Value> {
    output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn strings<'a>(objects: &'a [serde_json::Value], key: &str) -> Vec<&'a str> {
    objects.iter().map(|object| object[key].as_str().unwrap()).collect()
}

/// What was said, without what depends on time.
fn timeless(folder: &Path, arguments: &[&str]) -> String {
    let output = heapbench(folder, &[&["verify"], arguments].concat());
    assert_eq!(output.status, Some(0), "{}{}", output.text, output.error());
    let without_rate =
        |line: &str| line.split(", ").filter(|part| !part.ends_with("a core")).collect::<Vec<_>>().join(", ");
    output.text.lines().map(without_rate).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let proven = |threads: &str, more: &[&str]| {
        let arguments = ["--strategies", "bump,refcount*+pymalloc,mark-sweep", "--ops", "25000", "--threads"];
        timeless(folder.path(), &[&arguments[..], &[threads], more].concat())
    };
    let one = proven("1", &[]);
    assert_eq!(one.lines().count(), 7, "{one}");
    assert_eq!(proven("3", &[]), one);
    assert_eq!(proven("64", &["--seed", "0"]), one);
    assert_ne!(proven("3", &["--seed", "1"]), one);
    // Seed 7 is for exhaustion.
    let stress = ["--stress", "--seed", "6"];
    assert_eq!(proven("3", &stress), proven("2", &stress));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was saved");
}

#[test]
fn json_is_an_object_a_strategy_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let output = heapbench(folder.path(), &["verify", "--ops", "12000", "--seed", "7", "--json"]);
    assert_eq!(output.status, Some(0), "{}{}", output.text, output.error());
    let objects = objects(&output);
    let expected = heapbench_harness::registry::measured_configurations();
    assert_eq!(strings(&objects, "strategy"), expected);
    for object in &objects {
        let number = |key: &str| object[key].as_u64().unwrap_or_else(|| panic!("{key}: {object}"));
        assert_eq!(object["status"], "passed", "{object}");
        assert_eq!((number("seed"), number("plans")), (7, 2));
        assert!(number("operations") >= 12_000 && number("allocated") > 500 && number("cpu_ns") > 0);
        assert!(number("died") <= number("allocated") && number("out_of_memory") > 0);
        assert!(object["violation"].is_null());
        let strategy = object["strategy"].as_str().unwrap();
        let never_collects = ["bump", "manual+", "refcount+"].iter().any(|never| strategy.starts_with(never));
        assert_eq!(number("collections") == 0, never_collects, "{object}");
        assert_eq!(object["hash"].as_str().unwrap().len(), 16);
    }
}

#[test]
fn plans_are_what_their_numbers_say_wherever_they_run() {
    let folder = tempfile::tempdir().unwrap();
    let count = |seed: &str, ops: &str| {
        let arguments = ["verify", "--strategies", "mark-sweep", "--seed", seed, "--ops", ops, "--json"];
        let object = &objects(&heapbench(folder.path(), &arguments))[0];
        ["operations", "allocated", "died", "collections", "hooks", "out_of_memory"]
            .map(|key| object[key].as_u64().unwrap())
    };
    let [both, first, second] = [count("5", "20000"), count("5", "10000"), count("6", "10000")];
    assert_eq!(both, std::array::from_fn(|i| first[i] + second[i]));
}

#[test]
fn what_is_asked_for_wrongly_is_told_in_a_line_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str], expected: &str| {
        let output = heapbench(folder.path(), &[&["verify"], arguments].concat());
        assert_eq!(output.status, Some(2), "{arguments:?}: {}", output.error());
        assert!(output.error().contains(expected), "{arguments:?}: {}", output.error());
        assert_eq!((output.error().lines().count(), output.text.as_str()), (1, ""));
    };
    told(&["--strategies", "refcont"], "did you mean 'refcount'?");
    told(&["--strategies", "nothing*"], "unknown strategy 'nothing*'");
    told(&["--strategies", "refcount+guardd"], "did you mean 'guarded'?");
    told(&["--strategies", "mark-sweep:heap=banana"], "banana");
    told(&["--ops", "0"], "1..=");
    told(&["--ops", "many"], "many");
    told(&["--threads", "0"], "1..=1024");
    told(&["--timeout", "0"], "1..=");
    told(&["--stres"], "'--stress'");
}

#[test]
fn sources_that_look_for_mistakes_are_proven_and_never_measured() {
    let folder = tempfile::tempdir().unwrap();
    let sources = "refcount+poisoned,refcount+guarded,refcount+failing";
    let arguments = ["verify", "--stress", "--ops", "4000", "--json", "--strategies", sources];
    let output = heapbench(folder.path(), &arguments);
    assert_eq!(output.status, Some(0), "{}{}", output.text, output.error());
    assert_eq!(strings(&objects(&output), "strategy").join(","), sources);
    for strategy in ["refcount+poisoned", "mark-sweep:poison=yes"] {
        let output = program::run(folder.path(), &["--strategies", strategy]);
        assert_eq!(output.status, Some(2), "{}", output.error());
        assert!(output.error().contains("for check and verify only"), "{}", output.error());
        assert_eq!(output.error().lines().count(), 1);
    }
    let listed = heapbench(folder.path(), &["list", "strategies", "--json"]);
    let refcount = objects(&listed).into_iter().find(|object| object["name"] == "refcount").unwrap();
    assert_eq!(refcount["proof_memory"], serde_json::json!(["poisoned", "guarded", "failing"]));
    assert_eq!(refcount["memory"], serde_json::json!(["pymalloc", "mimalloc", "system"]));
}

#[test]
fn an_interruption_finishes_the_plans_under_way_and_says_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let harness = spawn(folder.path(), &[&ENDLESS[..], &["--threads", "2", "--json"]].concat());
    wait_for("the processes of the plans", || (children(harness.id()).len() == 2).then_some(()));
    std::thread::sleep(std::time::Duration::from_millis(500));
    kill(harness.id(), Signal::INT);
    let output = finish(harness);
    assert_eq!(output.status, Some(130), "{}", output.error());
    let objects = objects(&output);
    assert_eq!(strings(&objects, "status"), ["interrupted"]);
    let (plans, operations) =
        (objects[0]["plans"].as_u64().unwrap(), objects[0]["operations"].as_u64().unwrap());
    assert!(plans > 0 && operations >= plans * 10_000, "{}", output.text);
    // What was done is what the same request over so many operations does.
    let ops = (plans * 10_000).to_string();
    let again = heapbench(folder.path(), &["verify", "--strategies", "refcount", "--ops", &ops, "--json"]);
    let again: serde_json::Value = serde_json::from_str(again.text.trim()).unwrap();
    assert_eq!((&again["hash"], &again["operations"]), (&objects[0]["hash"], &objects[0]["operations"]));
}

#[test]
fn a_process_that_dies_is_a_violation_with_strategy_and_seed() {
    let folder = tempfile::tempdir().unwrap();
    let harness =
        spawn(folder.path(), &[&ENDLESS[..], &["--threads", "1", "--seed", "40", "--json"]].concat());
    let process = wait_for("the process of the plans", || children(harness.id()).first().copied());
    // The first one meets the handler that every Rust program has for stack overflows, which then steps aside.
    wait_for("the crash", || {
        kill(process, Signal::SEGV);
        (!children(harness.id()).contains(&process)).then_some(())
    });
    let output = finish(harness);
    assert_eq!(output.status, Some(1), "{}", output.error());
    let objects = objects(&output);
    assert_eq!(strings(&objects, "status"), ["failed"]);
    let violation = &objects[0]["violation"];
    assert!(violation["actual"].as_str().unwrap().starts_with("SIGSEGV"), "{violation}");
    // The plan is innocent: in a process of its own it does not die.
    assert_eq!(violation["alone"], false);
    let seed = violation["seed"].as_u64().unwrap();
    assert_eq!(seed, 40 + objects[0]["plans"].as_u64().unwrap());
    let command = format!("heapbench verify --strategies refcount+pymalloc --seed {seed} --ops 10000");
    assert_eq!(violation["replay"], command);
    let saved = folder.path().join(violation["file"].as_str().unwrap());
    assert!(std::fs::read_to_string(saved).unwrap().contains(&command));
}

#[test]
fn a_plan_that_takes_too_long_is_a_violation() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--threads", "1", "--timeout", "1", "--regressions", "kept"];
    let harness = spawn(folder.path(), &[&ENDLESS[..], &arguments].concat());
    let stopped = wait_for("the process of the plans", || children(harness.id()).first().copied());
    kill(stopped, Signal::STOP);
    let output = finish(harness);
    assert_eq!(output.status, Some(1), "{}", output.error());
    assert!(output.text.contains("actual no answer within 1s"), "{}", output.text);
    assert!(
        output.text.contains("replay: heapbench verify --strategies refcount+pymalloc"),
        "{}",
        output.text
    );
    assert!(output.text.ends_with("1 broke the contract\n"), "{}", output.text);
    assert_eq!(std::fs::read_dir(folder.path().join("kept")).unwrap().count(), 1);
}
