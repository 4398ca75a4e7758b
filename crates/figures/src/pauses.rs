//! The distribution of pauses on a percentile axis: the length that a share of the pauses does not exceed.
//!
//! A percentile with fewer than ten pauses beyond it says more about luck than about the strategy: from there
//! to the longest pause a line is thin.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Canvas, Drawn, Point};
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, Plot, Ticks, draw_failures, draw_grid, ticks};
use heapbench_results::{Distribution, summary};
use plotters::style::Color;

/// Nines before the percentile axis ends at the latest: 99.9999 %.
const MOST_NINES: f64 = 6.0;
/// Where the axis begins: 50 %, in nines.
const FIRST: f64 = std::f64::consts::LOG10_2;
/// Pauses that must lie beyond a percentile for it to be trusted.
const BEYOND: f64 = 10.0;

/// The pauses of each strategy of a work that has any.
type Pauses<'e, 'a> = Vec<(&'e Entry<'a>, Distribution)>;

/// Draws the figure; `None` when no strategy paused.
pub(crate) fn draw(evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let (works, quiet): (Vec<&Work>, Vec<&Work>) =
        evidence.works.iter().partition(|work| !pauses(work).is_empty());
    if works.is_empty() {
        return Ok(None);
    }
    let all = || works.iter().flat_map(|work| pauses(work));
    let most = all().map(|(_, distribution)| nines(&distribution)).fold(2.0, f64::max).min(MOST_NINES);
    let lengths = all().flat_map(|(_, d)| [d.quantile_ns(0.5), d.max_ns()]).map(|ns| ns.max(1) as f64);
    let y = Axis::logarithmic(Unit::Nanoseconds, lengths);
    let mut caption =
        "Pauses: collections, sweeps, and free cascades of many objects, pooled over processes. Thin: \
                       fewer than ten pauses lie beyond; the last mark is the longest pause."
            .to_string();
    if !quiet.is_empty() {
        let names: Vec<&str> = quiet.iter().map(|work| work.title.as_str()).collect();
        caption = format!("{caption} Without pauses: {}.", names.join(", "));
    }
    let page = Page {
        title: "How long the program waits",
        subtitle: "Pause length that a share of the pauses does not exceed. Lower is better; both axes are \
                   logarithmic, the horizontal one in the share that is longer.",
        caption,
        legend: Legend::Lines,
        columns: 3,
        plot_height: 230.0,
        gutter: 0.0,
        shared_gutter: 84.0,
        own_x: false,
        x_title: "percentile of pauses",
        y_title: "pause",
    };
    let percentiles = percentile_ticks(most);
    let svg = page.draw(evidence, &works, |canvas, work, plot| {
        draw_grid(canvas, plot, &percentiles, plot.lowest, &ticks(&y, 7), plot.leftmost)?;
        draw_failures(canvas, work, plot, plot.left)?;
        pauses(work).iter().try_for_each(|(entry, d)| draw_line(canvas, entry, d, plot, &y, most))
    })?;
    Ok(Some(svg))
}

fn pauses<'e, 'a>(work: &'e Work<'a>) -> Pauses<'e, 'a> {
    // A damaged histogram is a warning of the summary; here its strategy has no line.
    let read = |entry: &'e Entry<'a>| Some((entry, summary::pooled_pauses(&entry.good()).ok()??));
    work.entries.iter().filter_map(read).collect()
}

/// The nines of the longest of so many pauses: 3 for a thousand.
fn nines(distribution: &Distribution) -> f64 {
    (distribution.count() as f64).log10().max(FIRST)
}

/// Where a percentile, in nines, lies on the axis; the ends leave room for half a mark.
fn place(nines: f64, most: f64) -> f64 {
    0.02 + 0.96 * (nines - FIRST) / (most - FIRST)
}

fn percentile_ticks(most: f64) -> Ticks {
    let labels = ["50", "90", "99", "99.9", "99.99", "99.999", "99.9999"];
    let at = |index: usize| if index == 0 { FIRST } else { index as f64 };
    labels
        .iter()
        .enumerate()
        .filter(|(index, _)| at(*index) <= most + 1e-9)
        .map(|(index, label)| (place(at(index), most), label.to_string()))
        .collect()
}

fn draw_line(canvas: &Canvas, entry: &Entry, d: &Distribution, plot: &Plot, y: &Axis, most: f64) -> Drawn {
    let end = nines(d).min(most);
    let trusted = (nines(d) - BEYOND.log10()).clamp(FIRST, end);
    let point = |nines: f64| -> Point {
        let ns = d.quantile_ns(1.0 - 10f64.powf(-nines)).max(1) as f64;
        plot.point(place(nines, most), y.place(ns))
    };
    let curve = |from: f64, to: f64| -> Vec<Point> {
        let steps = ((to - from) * 40.0).ceil().max(1.0) as u32;
        (0..=steps).map(|i| point(from + (to - from) * f64::from(i) / f64::from(steps))).collect()
    };
    canvas.line(&curve(trusted, end), entry.look.colour.mix(0.55), 1.0)?;
    canvas.line(&curve(FIRST, trusted), entry.look.colour.to_rgba(), 2.0)?;
    let whole = [FIRST, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0].into_iter().filter(|nines| *nines <= trusted);
    for nines in whole.chain([end]) {
        canvas.look(entry.look, point(nines), 4.0)?;
    }
    Ok(())
}
