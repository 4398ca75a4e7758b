//! Memory: limits, payloads, what is refused before it runs, and scripts of great extent.

use crate::family::{
    Cycles, RefCount, Region, Side, Tracing, comes_to, everywhere, passes, script, told, under,
};
use heapbench_conformance::runner::{DEFAULT_MEMORY, refusal, run};
use heapbench_heap::{Heap, HeapConfig, Introspect};

const OUT: &str = "expect[all] error out-of-memory\n";

#[test]
fn an_expected_out_of_memory_has_no_effect() {
    passes(&format!(
        "new a object slots=1\nlimit 1MiB\nnew a bytes bytes=64MiB\n{OUT}expect[all] alive a\nset a.0 = a\nexpect[all] live 1"
    ));
    passes(&format!("limit 1MiB\nnew a bytes bytes=64MiB\ncheck\nmark here\nexpect[all] live 0\n{OUT}{OUT}"));
    passes(&format!(
        "new a list slots=2\nlimit 1MiB\nresize a slots=10000000\n{OUT}set a.1 = a\nlimit none\nresize a slots=1000"
    ));
}

#[test]
fn an_unexpected_out_of_memory_fails_its_line() {
    let fails = |lines: &str, place: &str| {
        for told in everywhere(lines) {
            assert!(
                told.starts_with(&format!("{place}: expected enough memory, actual out of memory: ")),
                "{told}"
            );
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    };
    fails("limit 1MiB\nnew a bytes bytes=64MiB", "3:1");
    fails("limit 1MiB\nnew a bytes bytes=64MiB\nauto off\nnew b object", "3:1");
    fails(
        &format!(
            "limit 1MiB\nrepeat 1\n  new a bytes bytes=64MiB\nend\nnew a object\n{}",
            "expect[all] live 1"
        ),
        "4:3",
    );
}

#[test]
fn the_expectation_must_follow_and_must_be_for_this_family() {
    let late = under::<RefCount>(&format!("limit 1MiB\nnew a bytes bytes=64MiB\nnew b object\n{OUT}"));
    assert!(late.starts_with("3:1: expected enough memory"), "{late}");
    assert!(late.ends_with("5:1: expected an error out-of-memory in the statement before, actual the statement before did not fail"), "{late}");
    let others = "limit 1MiB\nnew a bytes bytes=64MiB\nexpect[region] error out-of-memory\nexpect[cycles] error out-of-memory";
    let [counting, cycles, tracing, region] = everywhere(others);
    assert_eq!((cycles.as_str(), region.as_str()), ("passed", "passed"));
    assert!(counting.starts_with("3:1") && tracing.starts_with("3:1"), "{counting} {tracing}");
}

#[test]
fn failures_are_in_the_order_of_their_lines() {
    let told = under::<RefCount>("limit 1MiB\nnew a bytes bytes=64MiB\nexpect live 5\nnew b object");
    let places: Vec<&str> = told.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["3:1", "4:13"]);
}

#[test]
fn out_of_memory_in_a_finalizer_is_its_error() {
    // Leaves that fill what is left of the limit, and a finalizer that wants more.
    let script = "auto off\nnew a object\nfinalizer a = allocate 1000000\nlimit 1MiB\ndrop a\ncollect\nexpect failures 1\n\
                  expect dead a\nlimit none\nsaved drop\ncollect\nexpect live 0";
    passes(script);
}

#[test]
fn memory_beyond_all_is_an_event_and_harms_nobody() {
    passes(&format!("new a bytes bytes=1024GiB\n{OUT}new a object\nexpect[all] live 1"));
    passes(&format!("repeat 3\nnew a{{i}} bytes bytes=1023GiB\n{OUT}end\nexpect[all] live 0"));
}

fn under_memory<H: Heap<Recorder = Side> + Introspect>(lines: &str, memory: usize) -> String {
    told(&run::<H>(&script(lines), &HeapConfig { limit: Some(memory), ..HeapConfig::default() }))
}

#[test]
fn the_cap_of_the_command_holds_where_the_script_has_no_limit_or_a_greater_one() {
    let hungry =
        format!("limit 1GiB\nnew a bytes bytes=32MiB\n{OUT}limit none\nnew a bytes bytes=32MiB\n{OUT}");
    assert_eq!(under_memory::<RefCount>(&hungry, 16 << 20), "passed");
    assert_eq!(under_memory::<Tracing>(&hungry, 16 << 20), "passed");
    assert!(under_memory::<RefCount>(&hungry, 1 << 30).starts_with("4:1: expected an error"));
}

#[test]
fn what_asks_for_more_than_there_may_be_is_refused_before_it_runs() {
    let refused = |lines: &str, memory| {
        refusal(&script(lines), memory).map(|stop| format!("{}: {}", stop.position, stop.message))
    };
    let told = |text: &str| Some(text.to_string());
    let greedy = "new a object\nrepeat 2\nnew b bytes bytes=5GiB\nend";
    assert_eq!(
        refused(greedy, DEFAULT_MEMORY),
        told("4:19: asks for 5368709120 bytes, expected at most 4294967296")
    );
    assert_eq!(refused(greedy, 8 << 30), None);
    assert_eq!(
        refused(&greedy.replace("\nend", "\ncheck\nexpect error out-of-memory\nend"), DEFAULT_MEMORY),
        None
    );
    assert_eq!(refused(&greedy.replace("repeat 2", "limit 1MiB\nrepeat 2"), DEFAULT_MEMORY), None);
    let lifted = greedy.replace("repeat 2", "limit 1MiB\nlimit none\nrepeat 2");
    assert!(refused(&lifted, DEFAULT_MEMORY).is_some_and(|told| told.starts_with("6:19")));
    assert_eq!(
        refused("new a list\nresize a slots=1000", 7999),
        told("3:16: asks for 8000 bytes, expected at most 7999")
    );
    assert_eq!(
        refused("repeat 20000000\nnew n{i} object\nend", DEFAULT_MEMORY),
        told("3:5: binds 20000000 names, expected at most 16777216")
    );
    assert_eq!(refused("repeat 20000000\nnew n object\nend", DEFAULT_MEMORY), None);
}

#[test]
fn payloads_keep_their_bytes_through_everything() {
    let script = "repeat 50\nnew n{i} list slots={i} bytes=1000\nend\ncollect 0\nrepeat 50\nresize n{i} slots=40\nend\ncheck\n\
                  new s str bytes=7\nnew l bytes bytes=3MiB\ncollect\ncheck\nresize n0 slots=100000\ncheck\nresize n0 slots=0\ncheck";
    passes(script);
}

#[test]
fn large_objects_do_not_make_every_statement_slow() {
    passes(
        "new a bytes bytes=64MiB\nnew w list slots=1000000\nrepeat 20000\nset w.{i} = a\nend\nrepeat 20000\nget x = w.{i}\nend\ncheck",
    );
}

#[test]
fn long_scripts_with_many_names_run_in_linear_time() {
    let many = "auto off\nrepeat 100000\nnew n{i} object slots=1\nset n{i}.0 = n{i}\nend\ncheck\nrepeat 100000\ndrop n{i}\nend\n\
                collect\nexpect[cycles,tracing] live 0\nexpect[cycles,tracing] dead n0 n99999\nexpect[cycles,tracing] freed 100000";
    passes(many);
}

#[test]
fn a_long_chain_dies_on_any_stack() {
    let chain = "auto off\nnew head list slots=1\nrepeat 300000\nnew next list slots=1\nset next.0 = head\nnew hold list slots=1\n\
                 set hold.0 = next\nget head = hold.0\nend\ndrop next\ndrop hold\ncheck\ndrop head\ncollect\nexpect live 0";
    passes(chain);
}

#[test]
fn saved_objects_of_many_finalizers_find_room() {
    let many = "repeat 3000\nnew n{i} object\nfinalizer n{i} = allocate 30\nend\nrepeat 3000\ndrop n{i}\nend\ncollect\n\
                expect live 90000\nsaved drop\ncollect\nexpect live 0";
    passes(many);
}

#[test]
fn a_limit_that_is_lifted_is_gone() {
    assert_eq!(under::<Region>("limit 64KiB\nlimit none\nnew a bytes bytes=1MiB"), "passed");
    assert_eq!(under::<Cycles>("limit 64KiB\nlimit none\nnew a bytes bytes=1MiB"), "passed");
    comes_to(
        "limit 1MiB\nlimit none\nexpect[all] error out-of-memory",
        "4:1: expected an error out-of-memory in the statement before, actual the statement before did not fail",
    );
}
