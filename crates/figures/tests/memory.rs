//! The figures of memory after the end and after a fork hold every strategy, and survive any numbers.

mod synthetic;

use heapbench_figures::{FigureError, draw_prefork, draw_remarked};
use heapbench_results::prefork::{Action, Forked, Prefork};
use heapbench_results::{Drained, Record, Status};
use std::path::Path;
use synthetic::cell;

/// Draws into a folder that is gone afterwards, or into the one that `HEAPBENCH_FIGURES` names; gives the SVG.
fn svg(name: &str, draw: impl Fn(&Path)) -> Option<String> {
    let kept = std::env::var_os("HEAPBENCH_FIGURES").map(|folder| Path::new(&folder).join("memory"));
    let gone = tempfile::tempdir().unwrap();
    let folder = kept.as_deref().unwrap_or(gone.path());
    draw(folder);
    let svg = std::fs::read_to_string(folder.join(name).with_extension("svg")).ok()?;
    let png = std::fs::read(folder.join(name).with_extension("png")).unwrap();
    assert!(png.starts_with(b"\x89PNG") && !svg.contains("NaN") && !svg.contains("inf"));
    Some(svg)
}

fn waited(workload: usize, strategy: usize) -> Record {
    let cell = cell(workload, strategy, 0);
    let peak = cell.footprint.peak_held_bytes;
    let look = |after_ms, part| Drained { after_ms, live: 0, held: peak / part, rss: peak / part + 4096 };
    Record { drained: vec![look(100, 1), look(1000, 2), look(5000, 8)], ..cell }
}

#[test]
fn drained_memory_is_drawn_where_somebody_waited() {
    let draw = |records: &[Record]| svg("drain", |out| drop(draw_remarked(records, "", out).unwrap()));
    assert!(draw(&[cell(0, 1, 0)]).is_none() || std::env::var_os("HEAPBENCH_FIGURES").is_some());
    let drawn = draw(&[waited(0, 1), waited(0, 2), waited(3, 6), cell(1, 1, 0)]).unwrap();
    for text in ["peak", "end", "100 ms", "1 s", "5 s", "async-tasks", "json", "mark-sweep"] {
        assert!(drawn.contains(&format!(">\n{text}\n<")), "{text}");
    }
    assert!(!drawn.contains("binary-trees"), "nobody waited there");
    let nothing = Record { drained: vec![Drained::default()], ..cell(0, 1, 0) };
    assert!(draw(&[nothing]).is_some());
}

#[test]
fn an_unfit_machine_stands_in_every_caption() {
    let remark = "measured on an unfit machine: load 7.2 on 4 processors";
    for name in ["throughput", "footprint", "pareto"] {
        let draw =
            |remark: &str| svg(name, |out| drop(draw_remarked(&[cell(0, 1, 0)], remark, out).unwrap()));
        assert!(draw(remark).unwrap().contains("unfit machine"), "{name}");
        assert!(!draw("").unwrap().contains("unfit"), "{name}");
    }
}

fn forks(strategy: &str, workload: &str, read: Option<u64>) -> Prefork {
    let child = |action, frozen, pages| Forked { action, frozen, pages, faults: pages };
    Prefork {
        strategy: strategy.into(),
        workload: workload.into(),
        profile: "quick".into(),
        status: Status::Ok,
        heap_pages: 1000,
        page_bytes: 4096,
        children: vec![
            child(Action::Nothing, false, Some(3)),
            child(Action::Read, false, read),
            child(Action::Collect, false, Some(403)),
            child(Action::Nothing, true, Some(3)),
            child(Action::Read, true, read),
            child(Action::Collect, true, Some(0)),
        ],
        ..Prefork::default()
    }
}

#[test]
fn forks_have_a_row_each_and_failures_are_rows() {
    let failed = Prefork { status: Status::Failed, children: Vec::new(), ..forks("bump", "orm", None) };
    let lines = [
        forks("refcount", "json", Some(259)),
        forks("mark-sweep", "json", None),
        Prefork { interpreted: true, heap_pages: 0, ..forks("cpython:3.13.0", "json", Some(u64::MAX)) },
        failed,
    ];
    let drawn = svg("prefork", |out| drop(draw_prefork(&lines, out).unwrap())).unwrap();
    for text in
        ["refcount", "mark-sweep", "cpython:3.13.0", "json, quick", "orm, quick", "1 MiB", "failed", "–"]
    {
        assert!(drawn.contains(&format!(">\n{text}\n<")), "{text}");
    }
    let refused = draw_prefork(&[], Path::new("nowhere")).unwrap_err();
    assert!(matches!(refused, FigureError::NoForks) && !Path::new("nowhere").exists());
}
