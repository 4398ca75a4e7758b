//! Time and pauses against memory: a strategy that another beats in all three is dominated; the others make the front.
//!
//! No strategy is best in one number, so each panel has two plots over the same memory: time above, the 99.9th percentile
//! of pauses below. A mark with a rim is on the front of the three together.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{AXIS, Align, Canvas, Drawn, INK, MUTED, Point};
use crate::evidence::{Entry, Evidence, Work};
use crate::font::Face;
use crate::look::Look;
use crate::page::{Legend, Page, Plot, draw_failures, draw_grid, draw_nothing, ticks};
use heapbench_results::Measured;
use plotters::style::Color;

/// Left of each plot, for its labels.
const GUTTER: f64 = 58.0;

/// Between the two plots of a panel.
const BETWEEN: f64 = 22.0;

/// Height of the lower plot.
const PAUSES: f64 = 130.0;

/// What the memory of an outside reference is.
const REFERENCES: &str = " Of an outside reference the memory is what the run added to the resident set.";

/// Draws the figure.
pub(crate) fn draw(evidence: &Evidence) -> Result<String, FigureError> {
    let page = Page {
        title: "Time and pauses against memory",
        subtitle: "Wall time of a unit of work (above) and the 99.9th percentile of pauses (below) over the most memory \
                   held, all logarithmic. Further left and lower is better; on a line are those that none beats in both; \
                   marks with a rim none beats in all three.",
        caption:
            "Marks: medians over processes. Bars: 95 % bootstrap intervals, or the whole range of fewer than \
                  six processes. On the floor: no pause. Each panel has its own axes."
                .to_string()
                + if evidence.has_references() { REFERENCES } else { "" },
        legend: Legend::Marks,
        columns: 3,
        plot_height: 200.0 + BETWEEN + PAUSES,
        gutter: GUTTER,
        shared_gutter: 20.0,
        own_x: true,
        x_title: "peak memory held",
        y_title: "99.9th percentile of pauses · time for a unit of work",
    };
    let works: Vec<&Work> = evidence.works.iter().collect();
    page.draw(evidence, &works, draw_panel)
}

/// What a mark is drawn from.
struct Mark {
    look: Look,
    memory: f64,
    time: f64,
    interval: (f64, f64),
    /// 0 without pauses; `None` where their distribution is not known.
    pause: Option<f64>,
    on_front: bool,
}

impl Mark {
    fn of(entry: &Entry, measured: &Measured) -> Mark {
        let time = &measured.ns_per_operation;
        let pause = match measured.pauses.count {
            0 => Some(0.0),
            _ => measured.pauses.p999_ns.map(|ns| ns as f64),
        };
        Mark {
            look: entry.look,
            memory: memory(entry, measured),
            time: time.median,
            interval: (time.low, time.high),
            // What an interpreter does not tell is not the same as none.
            pause: pause.filter(|_| !entry.look.hollow),
            on_front: false,
        }
    }

    /// Memory, time and pause; an unknown pause is worse than any.
    fn costs(&self) -> [f64; 3] {
        [self.memory, self.time, self.pause.unwrap_or(f64::INFINITY)]
    }
}

/// The marks of a work, those on the front of all three costs told from the others.
fn marks(work: &Work) -> Vec<Mark> {
    let mut marks: Vec<Mark> = work.measured().map(|(entry, measured)| Mark::of(entry, measured)).collect();
    let costs: Vec<[f64; 3]> = marks.iter().filter(|m| !m.look.hollow).map(Mark::costs).collect();
    for mark in marks.iter_mut().filter(|mark| !mark.look.hollow) {
        let own = mark.costs();
        mark.on_front = !costs.iter().any(|other| dominates(*other, own));
    }
    marks
}

/// Whether one is nowhere worse and somewhere better.
fn dominates(one: [f64; 3], other: [f64; 3]) -> bool {
    one != other && one.iter().zip(other).all(|(one, other)| *one <= other)
}

fn draw_panel(canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
    draw_failures(canvas, work, plot, plot.left - GUTTER)?;
    let marks = marks(work);
    if marks.is_empty() {
        draw_grid(canvas, plot, &Vec::new(), false, &Vec::new(), false)?;
        return draw_nothing(canvas, plot, "no strategy ended well");
    }
    let x = Axis::logarithmic(Unit::Bytes, marks.iter().map(|mark| mark.memory));
    let upper = Plot { bottom: plot.bottom - PAUSES - BETWEEN, ..*plot };
    let y = Axis::logarithmic(Unit::Nanoseconds, marks.iter().flat_map(|m| [m.interval.0, m.interval.1]));
    draw_grid(canvas, &upper, &ticks(&x, 5), false, &ticks(&y, 6), true)?;
    draw_front(canvas, &upper, &marks, (&x, &y), |mark| Some(mark.time))?;
    for mark in &marks {
        let at = |ns: f64| upper.at((&x, mark.memory), (&y, ns));
        let (low, high) = mark.interval;
        canvas.line(&[at(low), at(high)], mark.look.colour.mix(0.45), 4.0)?;
    }
    marks.iter().try_for_each(|m| draw_mark(canvas, m, upper.at((&x, m.memory), (&y, m.time))))?;
    draw_pauses(canvas, &Plot { top: plot.bottom - PAUSES, ..*plot }, &marks, &x)
}

fn draw_pauses(canvas: &Canvas, plot: &Plot, marks: &[Mark], x: &Axis) -> Drawn {
    let pauses: Vec<f64> = marks.iter().filter_map(|mark| mark.pause).filter(|ns| *ns > 0.0).collect();
    let y = Axis::logarithmic(Unit::Nanoseconds, pauses.iter().copied());
    let labels = if pauses.is_empty() { Vec::new() } else { ticks(&y, 4) };
    draw_grid(canvas, plot, &ticks(x, 5), true, &labels, true)?;
    if pauses.is_empty() {
        canvas.text("no pauses", plot.point(0.5, 0.5), Face::LABEL, MUTED, Align::Centre)?;
    }
    // None at all is the best there is, and lies on the floor.
    draw_front(canvas, plot, marks, (x, &y), |mark| mark.pause)?;
    for mark in marks {
        if let Some(pause) = mark.pause {
            draw_mark(canvas, mark, plot.at((x, mark.memory), (&y, pause)))?;
        }
    }
    Ok(())
}

/// The line of the strategies that none beats in both of a plot's costs.
fn draw_front(
    canvas: &Canvas,
    plot: &Plot,
    marks: &[Mark],
    (x, y): (&Axis, &Axis),
    cost: fn(&Mark) -> Option<f64>,
) -> Drawn {
    let strategies = marks.iter().filter(|mark| !mark.look.hollow);
    let points: Vec<(f64, f64)> = strategies.filter_map(|mark| Some((mark.memory, cost(mark)?))).collect();
    if points.is_empty() {
        return Ok(());
    }
    let corners = steps(&front(&points), (x.high(), y.high()));
    let line: Vec<Point> = corners.iter().map(|(bytes, ns)| plot.at((x, *bytes), (y, *ns))).collect();
    canvas.line(&line, AXIS.to_rgba(), 1.5)
}

fn draw_mark(canvas: &Canvas, mark: &Mark, place: Point) -> Drawn {
    if mark.on_front {
        canvas.fill(&mark.look.shape.outline(place, 8.2), INK.to_rgba())?;
    }
    canvas.look(mark.look, place, 5.5)
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

    #[test]
    fn what_is_nowhere_worse_and_somewhere_better_dominates() {
        let (one, other) = ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]);
        assert!(dominates(one, other) && !dominates(other, one) && !dominates(one, one));
        assert!(!dominates([1.0, 9.0, 0.0], [2.0, 8.0, 0.0]));
        assert!(dominates([1.0, 1.0, 5.0], [1.0, 1.0, f64::INFINITY]), "an unknown pause is worse than any");
    }
}
