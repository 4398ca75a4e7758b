//! Sizes, growth, hashes and iteration order: ours against what CPython 3.11, 3.12 and 3.13 say.
//!
//! `facts.py` prints the facts; `3.11.txt` and so on are what it printed. Ours must be equal to those, and those to what
//! each CPython on this machine prints.

mod interpreters;
mod ours;

use heapbench_objects::Version;
use ours::Ours;

/// One line of a facts file.
struct Fact<'a> {
    name: &'a str,
    number: usize,
    answer: &'a str,
}

fn facts(version: Version) -> &'static str {
    match version {
        Version::V3_11 => include_str!("3.11.txt"),
        Version::V3_12 => include_str!("3.12.txt"),
        Version::V3_13 => include_str!("3.13.txt"),
    }
}

fn parse(text: &str) -> impl Iterator<Item = Fact<'_>> {
    text.lines().map(|line| {
        let mut words = line.split(' ');
        let mut word = || words.next().expect("three words a line");
        Fact { name: word(), number: word().parse().expect("a number"), answer: word() }
    })
}

#[test]
fn ours_are_cpythons() {
    for version in Version::ALL {
        let mut ours = Ours::new(version);
        for Fact { name, number, answer } in parse(facts(version)) {
            if !ours::GROWING.contains(&name) {
                assert_eq!(ours.answer(name, number), answer, "{name} {number} of {}", version.name());
            }
        }
        ours.assert_empty();
    }
}

#[test]
fn ours_grow_as_cpythons() {
    for version in Version::ALL {
        for name in ours::GROWING {
            let mut expected = Vec::new();
            for fact in parse(facts(version)).filter(|fact| fact.name == name) {
                // Sizes stay until the next fact.
                expected.resize(fact.number, expected.last().copied().unwrap_or_default());
                expected.push(fact.answer.parse().expect("a size"));
            }
            assert!(expected.len() > 40, "{name}: facts about growth");
            let sizes = Ours::new(version).growth(name);
            let last = *expected.last().expect("facts");
            expected.resize(sizes.len(), last);
            let first = sizes.iter().zip(&expected).position(|(ours, theirs)| ours != theirs);
            assert_eq!(first.map(|at| (at, sizes[at], expected[at])), None, "{name} of {}", version.name());
        }
    }
}

#[test]
fn the_facts_are_what_cpython_says() {
    let found = interpreters::found();
    if found.is_empty() {
        println!("no CPython 3.11, 3.12 or 3.13 found: the facts on file stand alone");
    }
    for (version, program) in found {
        let said = interpreters::facts(&program);
        let known = facts(version);
        let first = said.lines().zip(known.lines()).find(|(said, known)| said != known);
        assert_eq!(first, None, "{}: what {} says, and what is on file", version.name(), program.display());
        assert_eq!(said.len(), known.len(), "{}: as many facts", program.display());
    }
}
