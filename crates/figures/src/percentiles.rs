//! A percentile axis: values against the share that does not exceed them, logarithmic in the share that does.

use crate::axis::Axis;
use crate::canvas::{Canvas, Drawn, Point, Stroke};
use crate::look::Look;
use crate::page::{Plot, Ticks};
use heapbench_results::Distribution;
use heapbench_results::distribution::TRUSTED_BEYOND;
use plotters::style::Color;

/// Nines before the percentile axis ends at the latest: 99.9999 %.
pub(crate) const MOST_NINES: f64 = 6.0;
/// Where the axis begins: 50 %, in nines.
const FIRST: f64 = std::f64::consts::LOG10_2;

/// The nines of the longest of so many pauses: 3 for a thousand.
pub(crate) fn nines(distribution: &Distribution) -> f64 {
    (distribution.count() as f64).log10().max(FIRST)
}

/// Where a percentile, in nines, lies on the axis; the ends leave room for half a mark.
fn place(nines: f64, most: f64) -> f64 {
    0.02 + 0.96 * (nines - FIRST) / (most - FIRST)
}

/// The percentiles that are worth a label, up to so many nines.
pub(crate) fn percentile_ticks(most: f64) -> Ticks {
    let labels = ["50", "90", "99", "99.9", "99.99", "99.999", "99.9999"];
    let at = |index: usize| if index == 0 { FIRST } else { index as f64 };
    labels
        .iter()
        .enumerate()
        .filter(|(index, _)| at(*index) <= most + 1e-9)
        .map(|(index, label)| (place(at(index), most), label.to_string()))
        .collect()
}

/// Draws a distribution: thin from where fewer than ten values lie beyond, with marks at whole nines and the longest.
pub(crate) fn draw_line(
    canvas: &Canvas,
    look: Look,
    d: &Distribution,
    plot: &Plot,
    y: &Axis,
    most: f64,
    stroke: Stroke,
) -> Drawn {
    let end = nines(d).min(most);
    let trusted = (nines(d) - TRUSTED_BEYOND.log10()).clamp(FIRST, end);
    let point = |nines: f64| -> Point {
        let ns = d.quantile_ns(1.0 - 10f64.powf(-nines)).max(1) as f64;
        plot.point(place(nines, most), y.place(ns))
    };
    let curve = |from: f64, to: f64| -> Vec<Point> {
        let steps = ((to - from) * 40.0).ceil().max(1.0) as u32;
        (0..=steps).map(|i| point(from + (to - from) * f64::from(i) / f64::from(steps))).collect()
    };
    canvas.stroke(&curve(trusted, end), look.colour.mix(0.55), 1.0, stroke)?;
    canvas.stroke(&curve(FIRST, trusted), look.colour.to_rgba(), 2.0, stroke)?;
    let whole = [FIRST, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0].into_iter().filter(|nines| *nines <= trusted);
    for nines in whole.chain([end]).filter(|_| stroke == Stroke::Solid) {
        canvas.look(look, point(nines), 4.0)?;
    }
    Ok(())
}
