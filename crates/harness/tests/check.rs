//! `heapbench check` as people and scripts meet it: the real program, its output, its exit status.

mod program;

use program::{Output, heapbench};
use serde_json::Value;
use std::path::Path;

const RIGHT: &str =
    "heap 1\nnew a object\ndrop a\nexpect[refcount,cycles] prompt a\ncollect\nexpect dead a\n";
const FALSE: &str = "heap 1\nnew a object\nexpect[refcount] dead a\nexpect[refcount] live 2\n";
const STOPS: &str = "heap 1\ncollect\ndrop a\n";
const MALFORMED: &str = "heap 1\nnew a objekt\n";

/// Checks files of these texts, which are named a.heap, b.heap and so on.
fn check(folder: &Path, texts: &[&str], more: &[&str]) -> Output {
    let names = ["a.heap", "b.heap", "c.heap", "d.heap"];
    for (name, text) in names.iter().zip(texts) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    heapbench(folder, &[&["check"], &names[..texts.len()], more].concat())
}

fn objects(output: &Output) -> Vec<Value> {
    output.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_right_passes_with_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), &[RIGHT, RIGHT], &[]);
    assert_eq!((output.status, output.error()), (Some(0), ""));
    assert_eq!(output.text, "2 files, 5 strategies: 10 passed\n");
}

#[test]
fn what_is_false_is_told_with_its_place_and_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(
        folder.path(),
        &[RIGHT, FALSE],
        &["--strategies", "refcount+system,refcount-generational,mark-sweep"],
    );
    assert_eq!((output.status, output.error()), (Some(1), ""));
    let expected = "b.heap:3:23: expected a dead, actual a alive [refcount+system]\n\
                    b.heap:4:23: expected 2 objects alive, actual 1 [refcount+system]\n\
                    2 files, 3 strategies: 5 passed, 1 failed\n";
    assert_eq!(output.text, expected);
}

#[test]
fn what_cannot_be_loaded_or_run_is_told_once_and_the_others_run() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), &[MALFORMED, STOPS, FALSE, RIGHT], &["--strategies", "refcount,bump"]);
    assert_eq!(output.status, Some(2));
    let told: Vec<&str> = output.error().lines().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("a.heap:2:7: 'objekt'"), "{told:?}");
    assert_eq!(told[1], "b.heap:3:6: a is not held, expected a name that holds an object");
    assert!(
        output.text.ends_with("4 files, 2 strategies: 3 passed, 1 failed, 4 errors\n"),
        "{}",
        output.text
    );
}

#[test]
fn json_is_an_object_for_each_file_and_strategy_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [RIGHT, FALSE, STOPS, MALFORMED];
    let output = check(folder.path(), &texts, &["--strategies", "refcount,mark-sweep", "--json"]);
    assert_eq!(output.status, Some(2));
    let objects = objects(&output);
    let told = objects.iter().map(|o| ["file", "strategy", "status"].map(|key| o[key].as_str().unwrap()));
    let (refcount, sweep) = ("refcount+pymalloc", "mark-sweep");
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ["a.heap", refcount, "passed"],
            ["a.heap", sweep, "passed"],
            ["b.heap", refcount, "failed"],
            ["b.heap", sweep, "passed"],
            ["c.heap", refcount, "error"],
            ["c.heap", sweep, "error"],
            ["d.heap", refcount, "error"],
            ["d.heap", sweep, "error"],
        ]
    );
    assert_eq!(objects[0]["failures"], serde_json::json!([]));
    let failure = &objects[2]["failures"][0];
    assert_eq!(
        (&failure["line"], &failure["expected"], &failure["actual"]),
        (&3.into(), &"a dead".into(), &"a alive".into())
    );
    assert_eq!(objects[2]["failures"].as_array().unwrap().len(), 2);
    let stop = &objects[4]["failures"][0];
    assert_eq!((&stop["line"], &stop["column"]), (&3.into(), &6.into()));
    assert_eq!(stop["actual"], "a is not held");
    assert_eq!(stop["expected"], "a name that holds an object");
}

#[test]
fn a_file_that_cannot_be_read_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder.heap")).unwrap();
    for name in ["absent.heap", "folder.heap"] {
        let output = heapbench(folder.path(), &["check", name]);
        assert_eq!(output.status, Some(2));
        assert_eq!(output.error().lines().count(), 1, "{}", output.error());
        assert!(output.error().starts_with(&format!("{name}: cannot be read: ")), "{}", output.error());
        assert_eq!(output.text, "1 file, 5 strategies: 0 passed, 5 errors\n");
    }
    let output = heapbench(folder.path(), &["check", "absent.heap", "--json", "--strategies", "bump"]);
    assert_eq!((output.status, objects(&output)[0]["status"].as_str()), (Some(2), Some("error")));
}

#[test]
fn what_asks_for_too_much_is_refused_before_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let text = "heap 1\ndrop a\nnew b bytes bytes=1024GiB\n";
    let output = check(folder.path(), &[text], &[]);
    assert_eq!(output.status, Some(2));
    assert_eq!(output.error(), "a.heap:3:19: asks for 1099511627776 bytes, expected at most 4294967296\n");
    let small = "heap 1\nnew b bytes bytes=2MiB\n";
    assert_eq!(check(folder.path(), &[small], &[]).status, Some(0));
    let refused = check(folder.path(), &[small], &["--memory", "1MiB"]);
    assert_eq!(refused.error(), "a.heap:2:19: asks for 2097152 bytes, expected at most 1048576\n");
}

#[test]
fn a_request_that_cannot_be_understood_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let told = |more: &[&str], expected: &str| {
        let output = check(folder.path(), &[RIGHT], more);
        assert_eq!((output.status, output.text.as_str()), (Some(2), ""));
        assert_eq!(output.error().lines().count(), 1, "{}", output.error());
        assert!(output.error().contains(expected), "{}", output.error());
    };
    told(&["--strategies", "mark-swep"], "did you mean 'mark-sweep'?");
    told(&["--memory", "lots"], "--memory 'lots': expected a size such as 4GiB");
    told(&["--memory", "1"], "from 64 to 1024GiB");
    let output = heapbench(folder.path(), &["check"]);
    assert_eq!(output.status, Some(2));
}
