//! Time against memory: a strategy that another beats in both is dominated; the others make the front.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{AXIS, Canvas, Drawn, Point};
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, Plot, draw_failures, draw_grid, draw_nothing, ticks};
use heapbench_results::Measured;
use plotters::style::Color;

/// Left of each plot, for its labels.
const GUTTER: f64 = 58.0;

/// What the memory of an outside reference is.
const REFERENCES: &str = " Of an outside reference the memory is what the run added to the resident set.";

/// Draws the figure.
pub(crate) fn draw(evidence: &Evidence) -> Result<String, FigureError> {
    let page = Page {
        title: "Time against memory",
        subtitle: "Wall time of a unit of work over the most memory held, both logarithmic. Further left and lower \
                   is better; on the line are those that none beats in both.",
        caption:
            "Marks: medians over processes. Bars: 95 % bootstrap intervals, or the whole range of fewer than \
                  six processes. Each panel has its own axes."
                .to_string()
                + if evidence.has_references() { REFERENCES } else { "" },
        legend: Legend::Marks,
        columns: 3,
        plot_height: 230.0,
        gutter: GUTTER,
        shared_gutter: 20.0,
        own_x: true,
        x_title: "peak memory held",
        y_title: "time for a unit of work",
    };
    let works: Vec<&Work> = evidence.works.iter().collect();
    page.draw(evidence, &works, draw_panel)
}

fn draw_panel(canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
    draw_failures(canvas, work, plot, plot.left - GUTTER)?;
    let measured: Vec<(&Entry, &Measured)> = work.measured().collect();
    if measured.is_empty() {
        draw_grid(canvas, plot, &Vec::new(), false, &Vec::new(), false)?;
        return draw_nothing(canvas, plot, "no strategy ended well");
    }
    let x = Axis::logarithmic(Unit::Bytes, measured.iter().map(|(entry, m)| memory(entry, m)));
    let times = measured.iter().flat_map(|(_, m)| [m.ns_per_operation.low, m.ns_per_operation.high]);
    let y = Axis::logarithmic(Unit::Nanoseconds, times);
    draw_grid(canvas, plot, &ticks(&x, 5), true, &ticks(&y, 6), true)?;
    let strategies = measured.iter().filter(|(entry, _)| !entry.look.hollow);
    let points: Vec<(f64, f64)> =
        strategies.map(|(entry, m)| (memory(entry, m), m.ns_per_operation.median)).collect();
    let corners = steps(&front(&points), (x.high(), y.high()));
    let line: Vec<Point> = corners.iter().map(|(bytes, ns)| plot.at((&x, *bytes), (&y, *ns))).collect();
    canvas.line(&line, AXIS.to_rgba(), 1.5)?;
    for (entry, m) in &measured {
        let at = |ns| plot.at((&x, memory(entry, m)), (&y, ns));
        canvas.line(
            &[at(m.ns_per_operation.low), at(m.ns_per_operation.high)],
            entry.look.colour.mix(0.45),
            4.0,
        )?;
    }
    for (entry, m) in &measured {
        let place = plot.at((&x, memory(entry, m)), (&y, m.ns_per_operation.median));
        canvas.look(entry.look, place, 5.5)?;
    }
    Ok(())
}

/// Peak memory; one byte when none was recorded, which a logarithm can take.
fn memory(entry: &Entry, measured: &Measured) -> f64 {
    let bytes = if entry.look.hollow { measured.peak_rss_bytes } else { measured.peak_held_bytes };
    bytes.max(1) as f64
}

/// The points that no other beats in one coordinate without losing in the other; from left to right, downwards.
fn front(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut lowest = f64::INFINITY;
    sorted.retain(|(_, y)| {
        let better = *y < lowest;
        lowest = lowest.min(*y);
        better
    });
    sorted
}

/// The corners of the front's step line, from the top edge over each point to the right edge.
fn steps(front: &[(f64, f64)], (right, top): (f64, f64)) -> Vec<(f64, f64)> {
    let mut corners = Vec::new();
    let mut height = top;
    for (x, y) in front {
        corners.extend([(*x, height), (*x, *y)]);
        height = *y;
    }
    corners.push((right, height));
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_what_nothing_dominates() {
        let points = [(4.0, 1.0), (1.0, 9.0), (2.0, 9.0), (2.0, 5.0), (3.0, 6.0), (5.0, 1.0), (1.0, 9.5)];
        assert_eq!(front(&points), [(1.0, 9.0), (2.0, 5.0), (4.0, 1.0)]);
        let corners = steps(&front(&points), (8.0, 20.0));
        assert_eq!(corners.first(), Some(&(1.0, 20.0)));
        assert_eq!(corners.last(), Some(&(8.0, 1.0)));
        assert!(corners.windows(2).all(|w| (w[0].0 == w[1].0) != (w[0].1 == w[1].1)));
    }
}
