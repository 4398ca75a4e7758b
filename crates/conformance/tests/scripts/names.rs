//! Names: what they hold, what they mean, and what stops a script at them.

use crate::family::{Cycles, comes_to, everywhere, passes, under};

#[test]
fn a_name_that_is_not_held_stops_the_script_where_it_stands() {
    comes_to("drop a", "2:6: a is not held, expected a name that holds an object");
    comes_to("new a object\ndrop a\ndrop a", "4:6: a is not held, expected a name that holds an object");
    let message = "is not held, expected a name that holds an object";
    comes_to("new a object slots=1\nset a.0 = b", &format!("3:11: b {message}"));
    comes_to("set a.0 = b", &format!("2:5: a {message}"));
    comes_to("get x = a.0", &format!("2:9: a {message}"));
    comes_to("new a object slots=2\ncopy a.0..1 -> b.0", &format!("3:16: b {message}"));
    comes_to("weak w = a", &format!("2:10: a {message}"));
    comes_to("upgrade x = w", &format!("2:13: w {message}"));
    comes_to("new a object slots=1\nfinalizer a = move 0 -> b.0", &format!("3:25: b {message}"));
    comes_to("new a object slots=1\nfinalizer a = read w", &format!("3:20: w {message}"));
}

#[test]
fn nothing_runs_behind_a_stop_and_only_the_first_mistake_is_told() {
    comes_to("drop a\nexpect[all] live 7", "2:6: a is not held, expected a name that holds an object");
    comes_to("new a object slots=1\nset a.1 = b", "3:7: slot 1 of a is out of range, expected at most 0");
}

#[test]
fn a_failure_before_a_stop_is_told_too() {
    let expected =
        "2:18: expected 1 objects alive, actual 0\n3:6: a is not held, expected a name that holds an object";
    comes_to("expect[all] live 1\ndrop a", expected);
}

#[test]
fn slots_that_are_not_there_stop_the_script() {
    let new = "new a object slots=3\nnew b list slots=1\nnew s str bytes=1\n";
    let stops = |line: &str, expected: &str| comes_to(&format!("{new}{line}"), &format!("5:{expected}"));
    stops("set a.3 = b", "7: slot 3 of a is out of range, expected at most 2");
    stops("get x = s.0", "11: slot 0 of s is out of range, expected an object with slots");
    stops("get x = a.2", "11: slot 2 of a is nil, expected an object");
    stops("fill a.0..4 = nil", "11: slot 4 of a is out of range, expected at most 3");
    stops("fill a.2..1 = nil", "11: the range ends at 1, before its start, expected at least 2");
    stops("copy a.4..9 -> b.0", "8: slot 4 of a is out of range, expected at most 2");
    stops("copy a.0..2 -> b.0", "18: 2 slots from slot 0 of b, expected at most 1 slots in all");
    stops("copy a.0..0 -> b.2", "18: 0 slots from slot 2 of b, expected at most 1 slots in all");
    stops("finalizer a = clear 3", "21: slot 3 of a is out of range, expected at most 2");
    stops("finalizer a = move 0 -> b.1", "27: slot 1 of b is out of range, expected at most 0");
    stops("resize s slots=1", "16: s has kind str, expected slots=0");
    passes(&format!("{new}copy a.3..3 -> b.1\nfill a.3..3 = b\nresize s slots=0"));
}

#[test]
fn kinds_that_take_no_weak_reference_or_finalizer_stop_the_script() {
    comes_to("new s str\nweak w = s", "3:10: s has kind str, expected a kind that takes a weak reference");
    comes_to("new s int\nfinalizer s = keep", "3:11: s has kind int, expected a kind that takes a finalizer");
    let weak = "new a object\nweak w = a\n";
    comes_to(
        &format!("{weak}weak v = w"),
        "4:10: w has kind weak, expected a kind that takes a weak reference",
    );
    comes_to(
        &format!("{weak}finalizer w = fail"),
        "4:11: w has kind weak, expected a kind that takes a finalizer",
    );
    comes_to(&format!("{weak}upgrade x = a"), "4:13: a has kind object, expected a weak reference");
    comes_to(&format!("{weak}finalizer a = read a"), "4:20: a has kind object, expected a weak reference");
    comes_to(&format!("{weak}resize w slots=1"), "4:16: w has kind weak, expected slots=0");
}

#[test]
fn a_dead_target_stops_upgrade() {
    let script = "new a object\nweak w = a\ndrop a\nupgrade x = w";
    let dead = "5:13: the target of w is dead, expected it alive";
    assert_eq!(everywhere(script), [dead, dead, "passed", "passed"]);
}

#[test]
fn a_label_means_the_object_last_bound_held_or_not() {
    passes("new a object\nnew b object slots=1\nset b.0 = a\ndrop a\nexpect[all] alive a");
    passes("new a object\nnew a object\nexpect[all] alive a\ndrop a\ncollect\nexpect dead a");
    passes(
        "new a object slots=1\nnew b object\nset a.0 = b\ndrop b\nget c = a.0\ndrop a\ncollect\nexpect alive b c\nexpect dead a",
    );
    comes_to("expect[all] dead a", "2:18: a was never bound, expected the name of an object");
    comes_to(
        "new a object\nexpect[all] alive a b",
        "3:21: b was never bound, expected the name of an object",
    );
}

#[test]
fn each_hold_counts() {
    let twice = "new a object slots=1\nset a.0 = a\nget b = a.0\nset a.0 = nil\n";
    passes(&format!("{twice}drop a\ncollect\nexpect alive a b\ndrop b\nexpect[refcount,cycles] prompt a b"));
}

#[test]
fn rebinding_takes_the_new_reference_first_and_releases_the_old_last() {
    // The finalizer of the old object moves its child into what the name holds by then: the new one.
    let script = "new t object\nnew a object slots=1\nset a.0 = t\nfinalizer a = move 0 -> a.0\nnew a object slots=1\n\
                  collect\ndrop t\nget x = a.0\nexpect alive t x\ncollect\nexpect alive t";
    assert_eq!(under::<Cycles>(script), "passed");
    passes(
        "new a object slots=1\nnew b object slots=1\nset a.0 = b\ndrop b\nget a = a.0\ncollect\nexpect alive b",
    );
}

#[test]
fn drop_unholds_the_name_before_it_releases() {
    // The finalizer looks for a name that is not held any more: nothing happens.
    let script = "new t object\nnew a object slots=1\nset a.0 = t\nfinalizer a = move 0 -> a.0\ndrop a\n\
                  collect\nexpect finalized a 1\nexpect dead a\nexpect failures 0";
    passes(&script.replace("collect", "collect\ncollect"));
}

#[test]
fn rounds_are_resolved_inside_names_and_numbers() {
    passes(
        "repeat 3\nnew n{i} object slots={i+1}\nset n{i}.{i} = n{i}\nend\nexpect[all] alive n0 n1 n2\nexpect[all] live 3",
    );
    comes_to("repeat 2\nnew n{i-1} object\nend", "3:5: the round {i-1} is -1 here, expected 0 or more");
    comes_to("repeat 4\ncollect {i}\nend\n", "3:9: the number is 3 here, expected at most 2");
    passes(
        "repeat 3\nrepeat {i}\nrepeat {j}\nnew n{i}_{j}_{k} object\nend\nend\nend\nexpect[all] live 1\nexpect[all] alive n2_1_0",
    );
    passes("repeat 100000000\nrepeat 100000000\nrepeat 100000000\nend\nend\nend");
}

#[test]
fn an_expectation_for_another_family_is_only_parsed() {
    let script = "expect[region] live 7\nexpect[region] dead nobody\nexpect[region] dead n";
    let [counting, cycles, tracing, region] = everywhere(script);
    assert_eq!([counting, cycles, tracing], ["passed"; 3]);
    assert!(
        region.starts_with("2:21: expected 7 objects alive, actual 0\n3:21: nobody was never bound"),
        "{region}"
    );
    assert_eq!(
        under::<Cycles>("expect[generational] collections 1"),
        "2:34: expected 1 collections, actual 0"
    );
    passes("expect live 0");
}
