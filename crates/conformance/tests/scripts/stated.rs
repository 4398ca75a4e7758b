//! Expectations: each is told with its place when it is false, and the script runs on.

use crate::family::{RefCount, comes_to, comes_to_usually, everywhere, passes, script, told, under};
use heapbench_conformance::runner::run;
use heapbench_heap::HeapConfig;

#[test]
fn false_statements_are_told_at_the_part_that_is_false() {
    comes_to(
        "new a object\nnew b object\nexpect[all] dead a b",
        "4:18: expected a b dead, actual a alive, b alive",
    );
    comes_to_usually(
        "new a object\nnew b object\ndrop b\ncollect\nexpect alive a b",
        "6:16: expected b alive, actual b dead",
    );
    comes_to(
        "new a object\nexpect[all] prompt a",
        "3:20: expected a reclaimed in the statement before, actual a alive",
    );
    comes_to("new a object\nexpect[all] order a", "3:19: expected a reclaimed in this order, actual a alive");
    comes_to("collect\nexpect[all] freed 1", "3:19: expected 1 objects freed by the last collect, actual 0");
    comes_to("new a object\nexpect[all] finalized a 1", "3:25: expected 1 finalizer runs of a, actual 0");
    comes_to("new a object\nweak w = a\nexpect[all] w nil", "4:13: expected w nil, actual alive");
    comes_to(
        "new a object\nweak w = a callback\nexpect[all] callbacks w 1",
        "4:25: expected 1 callbacks of w, actual 0",
    );
    comes_to("new a object\nexpect[all] live 2", "3:18: expected 2 objects alive, actual 1");
    comes_to("expect[all] collections 1", "2:25: expected 1 collections, actual 0");
    comes_to("expect[all] collections >= 1", "2:28: expected at least 1 collections, actual 0");
    comes_to("expect[all] failures 2", "2:22: expected 2 failed finalizers, actual 0");
}

#[test]
fn the_script_runs_on_behind_a_false_statement() {
    comes_to(
        "expect[all] live 1\nnew a object\nexpect[all] live 1\nexpect[all] live 2",
        "2:18: expected 1 objects alive, actual 0\n5:18: expected 2 objects alive, actual 1",
    );
}

#[test]
fn every_round_tells_what_is_false_in_it() {
    comes_to(
        "repeat 3\nnew n{i} object\nexpect[all] live 2\nend",
        "4:18: expected 2 objects alive, actual 1\n4:18: expected 2 objects alive, actual 3",
    );
}

#[test]
fn what_is_no_weak_reference_stops_the_script() {
    comes_to("new a object\nexpect[all] a nil", "3:13: a is not a weak reference, expected one");
    comes_to("new a object\nexpect[all] callbacks a 0", "3:23: a is not a weak reference, expected one");
}

#[test]
fn audiences_choose_families() {
    let wrong = |audience: &str| everywhere(&format!("expect{audience} live 1")).map(|told| told != "passed");
    assert_eq!(wrong(""), [true, true, true, false]);
    assert_eq!(wrong("[all]"), [true; 4]);
    assert_eq!(wrong("[refcount]"), [true, false, false, false]);
    assert_eq!(wrong("[cycles]"), [false, true, false, false]);
    assert_eq!(wrong("[generational]"), [false, true, false, false]);
    assert_eq!(wrong("[tracing,region]"), [false, false, true, true]);
    assert_eq!(wrong("[refcount,generational]"), [true, true, false, false]);
}

#[test]
fn true_statements_pass_and_check_and_mark_are_silent() {
    passes("mark begin\ncheck\nnew a object\nmark end\ncheck\nexpect[all] alive a");
}

#[test]
fn very_many_failures_are_counted() {
    let outcome = run::<RefCount>(&script("repeat 20000\nexpect live 1\nend"), &HeapConfig::default());
    assert_eq!((outcome.failures.len(), outcome.more), (10_000, 10_000));
}

#[test]
fn a_run_is_the_same_every_time() {
    let lines = "repeat 2000\nnew n{i} list slots=2\nset n{i}.0 = n{i}\nfinalizer n{i} = keep\ndrop n{i}\nend\ncollect\nexpect live 1\nexpect collections 7";
    assert_eq!(everywhere(lines), everywhere(lines));
    assert_ne!(under::<RefCount>(lines), "passed");
    assert_eq!(told(&run::<RefCount>(&script(""), &HeapConfig::default())), "passed");
}
