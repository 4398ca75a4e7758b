//! Lower-bound overhead against the heap's limit: at least what a strategy costs, over all workloads.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Canvas, Drawn, Point};
use crate::evidence::{Evidence, Work};
use crate::look::Look;
use crate::multiples::{Beside, Multiples};
use crate::page::{Legend, Page, Plot, draw_grid, draw_nothing, ticks};
use heapbench_results::Record;
use heapbench_results::lower_bound::{Clock, Estimate, LowerBound, Mean, lower_bound};
use plotters::style::Color;
use std::collections::BTreeMap;

/// The panels.
const CLOCKS: [(Clock, &str); 2] = [(Clock::Cpu, "CPU time"), (Clock::Wall, "wall time")];

/// Draws the figure; `None` when there are not two multiples.
pub(crate) fn draw(records: &[Record], evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let unlimited = records.iter().any(|record| record.heap_limit.is_none() && !record.interpreted);
    let beside = Beside { before: "", after: if unlimited { "none" } else { "" } };
    let Some(x) = Multiples::of(records, beside) else { return Ok(None) };
    let bounds = CLOCKS.map(|(clock, _)| lower_bound(records, clock));
    let panel = |(_, title): (Clock, &str)| Work {
        title: title.to_string(),
        qualifier: String::new(),
        entries: Vec::new(),
    };
    let panels = CLOCKS.map(panel);
    let works: Vec<&Work> = panels.iter().collect();
    let ends = || bounds.iter().flat_map(|bound| &bound.means).map(|mean| mean.overhead);
    let y = Axis::logarithmic(Unit::Times, ends().map(|e| e.high).chain([1.0])).from(0.98);
    let page = Page {
        title: "At least what memory management costs",
        subtitle: "Lower-bound overhead: all of the time over the least that any strategy needs outside of its \
                   collections, under any limit. Geometric mean over workloads; both axes are logarithmic. Lower is \
                   better.",
        caption: caption(&bounds[0]),
        legend: Legend::Lines,
        columns: 2,
        plot_height: 300.0,
        gutter: 0.0,
        shared_gutter: 64.0,
        own_x: true,
        x_title: "limit on the heap, in least heaps",
        y_title: "lower-bound overhead",
    };
    let svg = page.draw(evidence, &works, |canvas, work, plot| {
        let bound = CLOCKS.iter().zip(&bounds).find(|((_, title), _)| *title == work.title);
        draw_grid(canvas, plot, &x.ticks(plot), true, &ticks(&y, 8), plot.leftmost)?;
        bound.map_or(Ok(()), |(_, bound)| draw_panel(canvas, bound, evidence, plot, (&x, &y)))
    });
    svg.map(Some)
}

/// What the means are over, and what they leave out.
fn caption(bound: &LowerBound) -> String {
    let mut works: BTreeMap<u64, usize> = BTreeMap::new();
    for mean in &bound.means {
        if let Some(multiple) = mean.heap_multiple {
            works.insert(multiple.to_bits(), mean.works);
        }
    }
    let all = bound.works.len();
    let counts: Vec<String> =
        works.iter().map(|(bits, count)| format!("{}× {count}", f64::from_bits(*bits))).collect();
    let mut text = format!(
        "Bars: 95 % bootstrap intervals over processes, the base found anew in each draw; too narrow for fewer than \
         ten processes. Means are over those of {all} workloads that all strategies finished: {}.",
        if counts.is_empty() { "none".to_string() } else { counts.join(", ") }
    );
    if !bound.never.is_empty() {
        text +=
            &format!(" Finished nothing under a limit, and is in no mean there: {}.", bound.never.join(", "));
    }
    text
}

fn draw_panel(
    canvas: &Canvas,
    bound: &LowerBound,
    evidence: &Evidence,
    plot: &Plot,
    (x, y): (&Multiples, &Axis),
) -> Drawn {
    if bound.means.is_empty() {
        return draw_nothing(canvas, plot, "no workload was finished by all strategies");
    }
    for (strategy, look) in &evidence.looks {
        let own: Vec<&Mean> = bound.means.iter().filter(|mean| mean.strategy == *strategy).collect();
        let limited = own.iter().filter_map(|mean| Some((mean.heap_multiple?, mean.overhead)));
        let points: Vec<(f64, Estimate)> =
            limited.map(|(multiple, overhead)| (x.place(multiple), overhead)).collect();
        let line: Vec<Point> = points.iter().map(|(place, e)| plot.point(*place, y.place(e.value))).collect();
        if line.len() > 1 {
            canvas.line(&line, look.colour.to_rgba(), 2.0)?;
        }
        let unlimited = own.iter().filter(|mean| mean.heap_multiple.is_none());
        let unlimited = unlimited.map(|mean| (x.after(), mean.overhead));
        points
            .into_iter()
            .chain(unlimited)
            .try_for_each(|point| draw_point(canvas, *look, point, plot, y))?;
    }
    Ok(())
}

fn draw_point(
    canvas: &Canvas,
    look: Look,
    (place, overhead): (f64, Estimate),
    plot: &Plot,
    y: &Axis,
) -> Drawn {
    let at = |value: f64| plot.point(place, y.place(value));
    canvas.line(&[at(overhead.low), at(overhead.high)], look.colour.mix(0.45), 4.0)?;
    canvas.look(look, at(overhead.value), 5.0)
}
