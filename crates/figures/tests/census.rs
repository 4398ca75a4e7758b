//! The census figure has a row for every program and survives any numbers.

use heapbench_figures::{FigureError, draw_census};
use heapbench_results::card::{AGES, Counts, Deaths, Share, Sizes, Survival};
use heapbench_results::{Card, Demographics, RealPrograms};
use std::path::Path;

fn card(workload: &str, group: &str, counts: Counts) -> Card {
    Card { workload: workload.into(), group: group.into(), counts, ..Card::default() }
}

fn counts(size: u64, containers: u64, alive: u64, collected: u64) -> Counts {
    Counts {
        objects: 100,
        bytes: 100 * size,
        sizes: Sizes { p50: size, p90: 2 * size, p99: 3 * size, classes: Vec::new() },
        survival: AGES.map(|age| Survival { age, objects: 100, alive }).to_vec(),
        containers: Share { objects: containers, bytes: containers * size },
        deaths: Deaths { counted: 100 - collected, collected, alive_at_end: 0 },
        ..Counts::default()
    }
}

fn real() -> RealPrograms {
    let program = |name: &str, p50_bytes, containers| Demographics {
        name: name.into(),
        p50_bytes,
        p90_bytes: p50_bytes * 2,
        containers,
        survival: [Some(0.1); AGES.len()],
        ..Demographics::default()
    };
    RealPrograms {
        source: "some programs".into(),
        programs: vec![program("a", 24, 0.1), program("b", 88, 0.9)],
    }
}

fn svg(cards: &[Card], real: &RealPrograms) -> String {
    let folder = tempfile::tempdir().unwrap();
    let written = draw_census(cards, real, folder.path()).unwrap();
    let names: Vec<_> = written.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["census.svg", "census.png"]);
    assert!(std::fs::read(&written[1]).unwrap().starts_with(b"\x89PNG"));
    let svg = std::fs::read_to_string(&written[0]).unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("2147483647"));
    svg
}

#[test]
fn every_program_has_a_row_in_its_group() {
    let cards = [
        card("mine", "program", counts(40, 50, 20, 10)),
        card("one", "mechanism", counts(48, 100, 100, 100)),
    ];
    let drawn = svg(&cards, &real());
    let at = |text: &str| drawn.find(&format!(">\n{text}\n<")).unwrap_or_else(|| panic!("{text}"));
    let order = ["real programs", "a", "b", "our programs", "mine", "our mechanisms", "one"].map(at);
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(drawn, svg(&cards, &real()), "the same cards give the same bytes");
}

#[test]
fn empty_and_huge_numbers_stay_on_the_page() {
    let nothing = card("nothing", "program", Counts::default());
    svg(std::slice::from_ref(&nothing), &RealPrograms::default());
    let huge = card("huge", "mechanism", counts(u64::MAX / 300, 100, 100, 0));
    svg(&[nothing, huge], &real());
}

#[test]
fn no_card_is_one_line() {
    let error = draw_census(&[], &real(), Path::new("nowhere")).unwrap_err();
    assert!(matches!(error, FigureError::NoCards) && error.to_string().lines().count() == 1);
    assert!(!Path::new("nowhere").exists());
}
