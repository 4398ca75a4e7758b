//! Where counting and tracing cost the same: from how much memory on a tracing strategy is as fast as a counting one.

use crate::FigureError;
use crate::canvas::{AXIS, Align, Canvas, Drawn, INK};
use crate::evidence::{Evidence, Work};
use crate::font::Face;
use crate::multiples::{Beside, Multiples};
use crate::page::{Legend, Page, Plot, Ticks, draw_grid, draw_nothing};
use crate::sweep::at_multiples;
use heapbench_results::Record;
use heapbench_results::crossing::{BreakEven, Crossing, crossings};
use plotters::style::Color;
use std::collections::BTreeSet;

/// Height of one tracing strategy's mark in a row.
const LANE: f64 = 17.0;

/// Widest name of a counting strategy; longer ones are shortened.
const NAMES: f64 = 300.0;

/// Draws the figure; `None` when no counting and tracing strategy were run at two of the same multiples.
pub(crate) fn draw(records: &[Record], remark: &str) -> Result<Option<String>, FigureError> {
    let found = crossings(records);
    let limited = at_multiples(records);
    let beside = Beside { before: "always", after: "never" };
    let Some(x) = Multiples::of(&limited, beside).filter(|_| !found.is_empty()) else { return Ok(None) };
    let evidence = Evidence::remarked(&limited, remark);
    let counting: Vec<&str> =
        found.iter().map(|c| c.counting.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let tracing: Vec<&str> =
        found.iter().map(|c| c.tracing.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let names: Vec<String> = counting.iter().map(|name| Face::LABEL.fit(name, NAMES)).collect();
    let widest = names.iter().map(|name| Face::LABEL.width(name)).fold(0.0, f64::max);
    let row = LANE * tracing.len() as f64 + 8.0;
    let page = Page {
        title: "Where tracing is as fast as counting",
        subtitle: "The limit on the heap, in least heaps, from which on a tracing strategy (its mark) needs no more CPU \
                   time than the counting one of the row. Further left: it takes less memory to make up for tracing.",
        caption: "Between two measured multiples, straight lines in logarithms. Bars: 95 % bootstrap intervals over \
                  processes. Always: at every multiple measured. Never: not at the greatest."
            .to_string(),
        legend: Legend::Marks,
        columns: if widest > 200.0 { 2 } else { 3 },
        plot_height: row * counting.len() as f64,
        gutter: 0.0,
        shared_gutter: widest + 30.0,
        own_x: true,
        x_title: "limit on the heap, in least heaps",
        y_title: "",
    };
    let works: Vec<&Work> = evidence.works.iter().collect();
    let lines: Ticks =
        (1..counting.len()).map(|i| (1.0 - i as f64 / counting.len() as f64, String::new())).collect();
    let svg = page.draw(&evidence, &works, |canvas, work, plot| {
        draw_grid(canvas, plot, &x.ticks(plot), true, &lines, false)?;
        canvas.line(&[plot.point(0.0, 1.0), plot.point(1.0, 1.0)], AXIS.mix(0.5), 1.0)?;
        let on_it: Vec<&Crossing> = found.iter().filter(|crossing| work.is(&crossing.work)).collect();
        if on_it.is_empty() {
            draw_nothing(canvas, plot, "no two multiples were run")?;
        }
        for (index, name) in counting.iter().enumerate() {
            let top = plot.top + row * index as f64;
            if plot.leftmost {
                let y = top + row / 2.0;
                canvas.look(evidence.looks[*name], (plot.left - 16.0, y), 4.5)?;
                canvas.text(&names[index], (plot.left - 30.0, y), Face::LABEL, INK, Align::Right)?;
            }
            for crossing in on_it.iter().filter(|crossing| crossing.counting == *name) {
                let lane = tracing.iter().position(|tracing| *tracing == crossing.tracing).unwrap_or(0);
                draw_crossing(canvas, &evidence, crossing, plot, &x, top + 4.0 + LANE * (lane as f64 + 0.5))?;
            }
        }
        Ok(())
    });
    svg.map(Some)
}

fn draw_crossing(
    canvas: &Canvas,
    evidence: &Evidence,
    crossing: &Crossing,
    plot: &Plot,
    x: &Multiples,
    y: f64,
) -> Drawn {
    let place = |at: BreakEven| {
        let place = match at {
            BreakEven::Always => x.before(),
            BreakEven::From(multiple) => x.place(multiple),
            BreakEven::Never => x.after(),
        };
        (plot.point(place, 0.0).0, y)
    };
    let look = evidence.looks[&crossing.tracing];
    canvas.line(&[place(crossing.low), place(crossing.high)], look.colour.mix(0.45), 4.0)?;
    canvas.look(look, place(crossing.at), 5.0)
}
