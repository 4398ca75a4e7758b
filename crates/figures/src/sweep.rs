//! Time against the heap's limit, in multiples of the least heap: what memory buys each strategy.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Align, Canvas, Drawn, MUTED, Point};
use crate::evidence::{Entry, Evidence, Work};
use crate::font::Face;
use crate::multiples::{Beside, Multiples};
use crate::page::{Legend, Page, Plot, draw_grid, draw_nothing, ticks};
use heapbench_results::statistics::{Spread, spread};
use heapbench_results::{Record, Status};
use plotters::style::Color;
use std::collections::BTreeMap;

/// Seed of the intervals.
const SEED: u64 = 0x7377_6565_7073;

/// Height of a row of crosses above a plot's curves.
const CROSSES: f64 = 11.0;

/// One strategy's times on one work: by multiple, `None` where a process did not finish.
type Curve = Vec<(f64, Option<Spread>)>;

/// The records that were made at multiples, as if they had no limit: so that those of a workload make one work.
pub(crate) fn at_multiples(records: &[Record]) -> Vec<Record> {
    let limited = records.iter().filter(|record| record.heap_multiple.is_some());
    limited.map(|r| Record { heap_limit: None, samples: Vec::new(), ..r.clone() }).collect()
}

/// Draws the figure; `None` when there are not two multiples.
pub(crate) fn draw(records: &[Record], remark: &str) -> Result<Option<String>, FigureError> {
    let limited = at_multiples(records);
    let Some(x) = Multiples::of(&limited, Beside::default()) else { return Ok(None) };
    let evidence = Evidence::remarked(&limited, remark);
    let works: Vec<&Work> = evidence.works.iter().collect();
    let highest =
        works.iter().flat_map(|work| spreads(work).map(|s| s.high / best(work))).fold(1.0, f64::max);
    let y = Axis::logarithmic(Unit::Times, [1.0, highest]).from(0.93);
    let page = Page {
        title: "What memory buys",
        subtitle: "CPU time over the limit on the heap, both logarithmic. The limit is a multiple of the least heap \
                   that the reference finishes in, the time one of the best on the same workload. Lower is faster.",
        caption: "Marks: medians over processes. Bars: 95 % bootstrap intervals, or the whole range of fewer than six \
                  processes. Crosses above: a strategy, by its colour, did not finish under that limit."
            .to_string(),
        legend: Legend::Lines,
        columns: 3,
        plot_height: 240.0,
        gutter: 0.0,
        shared_gutter: 64.0,
        own_x: true,
        x_title: "limit on the heap, in least heaps",
        y_title: "time, in multiples of the best",
    };
    page.draw(&evidence, &works, |canvas, work, plot| draw_panel(canvas, work, plot, &x, &y)).map(Some)
}

fn curve(entry: &Entry) -> Curve {
    let mut points: BTreeMap<u64, Vec<&Record>> = BTreeMap::new();
    for cell in entry.cells() {
        let Some(multiple) = cell.heap_multiple else { continue };
        points.entry(multiple.to_bits()).or_default().push(cell);
    }
    let time = |cells: Vec<&Record>| {
        let all_ended_well = cells.iter().all(|cell| cell.status == Status::Ok);
        let times: Vec<f64> = cells.into_iter().map(cpu_ns_per_operation).collect();
        if all_ended_well { spread(&times, SEED) } else { None }
    };
    points.into_iter().map(|(bits, cells)| (f64::from_bits(bits), time(cells))).collect()
}

/// CPU time, as for lower-bound overhead and break-even: a busy machine disturbs it less than wall time.
fn cpu_ns_per_operation(cell: &Record) -> f64 {
    cell.cpu_ns.max(1) as f64 / cell.operations.max(1) as f64
}

fn spreads(work: &Work) -> impl Iterator<Item = Spread> {
    work.entries.iter().flat_map(curve).filter_map(|(_, spread)| spread)
}

/// The least median of a work; 1 of none.
fn best(work: &Work) -> f64 {
    spreads(work).map(|spread| spread.median).min_by(f64::total_cmp).unwrap_or(1.0)
}

fn draw_panel(canvas: &Canvas, work: &Work, plot: &Plot, x: &Multiples, y: &Axis) -> Drawn {
    let curves: Vec<(&Entry, Curve)> = work.entries.iter().map(|entry| (entry, curve(entry))).collect();
    let failing = curves.iter().filter(|(_, curve)| curve.iter().any(|(_, time)| time.is_none())).count();
    let inner = Plot { top: plot.top + CROSSES * failing as f64, ..*plot };
    draw_grid(canvas, &inner, &x.ticks(plot), true, &ticks(y, 7), plot.leftmost)?;
    let mut row = 0.0;
    for (entry, curve) in &curves {
        let failed = curve.iter().filter(|(_, time)| time.is_none());
        let before = row;
        for (multiple, _) in failed {
            let place = (plot.point(x.place(*multiple), 0.0).0, plot.top + CROSSES * (before + 0.5) - 4.0);
            canvas.cross(place, 3.5, entry.look.colour)?;
            row = before + 1.0;
        }
    }
    let best = best(work);
    match spreads(work).next() {
        Some(_) => {
            let text = format!("1× is {}", Unit::Nanoseconds.label(best));
            canvas.text(&text, (plot.left, plot.top - 14.0), Face::LABEL, MUTED, Align::Left)?;
        }
        None => draw_nothing(canvas, plot, "no strategy finished under any limit")?,
    }
    curves.iter().try_for_each(|(entry, curve)| draw_curve(canvas, entry, curve, &inner, (x, y), best))
}

fn draw_curve(
    canvas: &Canvas,
    entry: &Entry,
    curve: &Curve,
    plot: &Plot,
    (x, y): (&Multiples, &Axis),
    best: f64,
) -> Drawn {
    let at = |multiple: f64, ns: f64| -> Point { plot.point(x.place(multiple), y.place(ns / best)) };
    let colour = entry.look.colour;
    // A line joins neighbours only: where a limit between two was too small, it is broken.
    for pair in curve.windows(2) {
        if let [(left, Some(from)), (right, Some(to))] = pair {
            canvas.line(&[at(*left, from.median), at(*right, to.median)], colour.to_rgba(), 2.0)?;
        }
    }
    for (multiple, time) in curve.iter().filter_map(|(multiple, time)| Some((multiple, (*time)?))) {
        canvas.line(&[at(*multiple, time.low), at(*multiple, time.high)], colour.mix(0.45), 4.0)?;
        canvas.look(entry.look, at(*multiple, time.median), 4.5)?;
    }
    Ok(())
}
