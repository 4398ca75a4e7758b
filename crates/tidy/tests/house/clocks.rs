//! Only `measure`, `harness` and `bench` read a clock, and tests: all else counts, and so is deterministic.

use crate::tokens::tokens;
use crate::tree::{File, Tree};
use crate::{expect_none, expect_one};

/// Crates that measure.
const MAY_READ: [&str; 3] = ["measure", "harness", "bench"];

/// Names by which a clock is read.
const CLOCKS: [&str; 16] = [
    "Instant",
    "SystemTime",
    "UNIX_EPOCH",
    "ClockId",
    "clock",
    "clock_getres",
    "clock_gettime",
    "clock_gettime64",
    "gettimeofday",
    "getrusage",
    "times",
    "timespec_get",
    "_rdtsc",
    "__rdtscp",
    "mach_absolute_time",
    "perf_event_open",
];

/// Instructions that read one, in inline assembly.
const INSTRUCTIONS: [&str; 2] = ["rdtsc", "cntvct"];

fn violations(tree: &Tree) -> Vec<String> {
    let bound = |file: &&File| {
        let measures = file.member().is_some_and(|member| MAY_READ.contains(&member));
        !measures && !file.path.contains("/tests/") && !file.path.ends_with("/tests.rs")
    };
    tree.rust().filter(bound).flat_map(readings).collect()
}

fn readings(file: &File) -> Vec<String> {
    let tokens = match tokens(file) {
        Ok(tokens) => tokens,
        Err(violation) => return vec![violation],
    };
    let is_clock = |text: &str| {
        CLOCKS.contains(&text)
            || (text.starts_with('"') && INSTRUCTIONS.iter().any(|instruction| text.contains(instruction)))
    };
    // `clock` and `times` are words of their own as well; as clocks they come from the C library.
    let is_ambiguous = |text: &str| text == "clock" || text == "times";
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate().filter(|(_, token)| is_clock(&token.text)) {
        let from_libc = place >= 3 && tokens[place - 3].text == "libc";
        if !is_ambiguous(&token.text) || from_libc {
            let (path, line, name) = (&file.path, token.line, &token.text);
            found.push(format!("{path}:{line}: {name}: a clock, expected only in {}", MAY_READ.join(", ")));
        }
    }
    found
}

#[test]
fn only_those_that_measure_read_a_clock() {
    expect_none(&violations(&Tree::sources()));
}

#[test]
fn a_planted_clock_is_found() {
    let planted = |path: &str, text: &str| violations(&Tree::of(&[(path, text)]));
    let file = "crates/strategy-bump/src/lib.rs";
    expect_one(
        &planted(file, "fn f() {\n let now = std::time::Instant::now(); }"),
        &[file, ":2:", "Instant"],
    );
    expect_one(&planted(file, "fn f() { unsafe { libc::times(p) } }"), &["times"]);
    expect_one(&planted(file, "fn f() { asm!(\"rdtsc\") }"), &["rdtsc"]);
    expect_none(&planted(file, "// Instant\nfn f(clock: u64, times: u64) -> Duration { g(\"SystemTime\") }"));
    expect_none(&planted("crates/measure/src/lib.rs", "use std::time::Instant;"));
    expect_none(&planted("crates/heap/tests/a.rs", "use std::time::Instant;"));
}
