//! Memory over the allocation clock: held from the system, and live in objects.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{ALARM, Canvas, Drawn, Point};
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, Plot, draw_failures, draw_grid, draw_nothing, ticks};
use heapbench_results::{Record, Sample, Status};
use plotters::style::Color;

/// Left of each plot, for its labels.
const GUTTER: f64 = 66.0;

/// The axis begins at this part of the lowest peak of memory held.
const SHOWN: f64 = 8.0;

/// Draws the figure.
pub(crate) fn draw(evidence: &Evidence) -> Result<String, FigureError> {
    let page = Page {
        title: "Memory over time",
        subtitle: "Bytes taken from the system (thick) and bytes in objects not yet reclaimed (thin), on a \
                   logarithmic axis, over the bytes allocated so far. Lower is better.",
        caption: format!(
            "One process each: the one whose peak is the median. Each panel has its own axes; what is below 1/{SHOWN} \
             of the lowest peak held lies on the bottom line."
        ),
        legend: Legend::Lines,
        columns: 3,
        plot_height: 220.0,
        gutter: GUTTER,
        shared_gutter: 20.0,
        own_x: true,
        x_title: "bytes allocated so far",
        y_title: "memory",
    };
    let works: Vec<&Work> = evidence.works.iter().collect();
    page.draw(evidence, &works, draw_panel)
}

fn draw_panel(canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
    draw_failures(canvas, work, plot, plot.left - GUTTER)?;
    let drawn: Vec<(&Entry, &Record)> =
        work.entries.iter().filter_map(|entry| Some((entry, entry.representative()?))).collect();
    let Some((x, y)) = axes(&drawn) else {
        draw_grid(canvas, plot, &Vec::new(), false, &Vec::new(), false)?;
        return draw_nothing(canvas, plot, "no samples");
    };
    draw_grid(canvas, plot, &ticks(&x, 4), true, &ticks(&y, 7), true)?;
    for (index, (entry, record)) in drawn.iter().enumerate() {
        let samples = thin(&record.samples, plot.right - plot.left);
        let line = |value: fn(&Sample) -> u64| -> Vec<Point> {
            samples.iter().map(|s| plot.at((&x, s.clock as f64), (&y, value(s) as f64))).collect()
        };
        let (live, held) = (line(|s| s.live), line(|s| s.held));
        canvas.line(&live, entry.look.colour.mix(0.6), 1.0)?;
        canvas.line(&held, entry.look.colour.to_rgba(), 2.0)?;
        // Marks stand at different times, so that lines that coincide can still be told.
        let place = (held.len() * (2 * index + 1)) / (2 * drawn.len());
        canvas.mark(entry.look.shape, held[place.min(held.len() - 1)], 4.5, entry.look.colour)?;
        if let (true, Some(end)) = (record.status != Status::Ok, held.last()) {
            canvas.cross(*end, 5.0, ALARM)?;
        }
    }
    Ok(())
}

/// The axes of a panel; `None` without samples of any memory.
fn axes(drawn: &[(&Entry, &Record)]) -> Option<(Axis, Axis)> {
    let samples = || drawn.iter().flat_map(|(_, record)| &record.samples);
    let end = samples().map(|s| s.clock).max()?;
    let peaks = |value: fn(&Sample) -> u64| {
        drawn
            .iter()
            .filter_map(move |(_, record)| record.samples.iter().map(value).max())
            .filter(|peak| *peak > 0)
    };
    // Heaps grow from nothing: were that shown, the growth would fill a logarithmic axis.
    let lowest = peaks(|s| s.held).min().or_else(|| peaks(|s| s.live).min())? as f64 / SHOWN;
    let highest = peaks(|s| s.live).chain(peaks(|s| s.held)).max()? as f64;
    let y = Axis::logarithmic(Unit::Bytes, [lowest, highest]);
    Some((Axis::linear(Unit::Bytes, end as f64), y.from(lowest)))
}

/// At most two samples a pixel: of those in one, the ones that hold most and least.
fn thin(samples: &[Sample], pixels: f64) -> Vec<Sample> {
    let most = (pixels.max(1.0)) as usize;
    if samples.len() <= 2 * most {
        return samples.to_vec();
    }
    let bin = samples.len().div_ceil(most);
    samples
        .chunks(bin)
        .flat_map(|chunk| {
            let mut ends = [chunk.iter().min_by_key(|s| s.held), chunk.iter().max_by_key(|s| s.held)];
            ends.sort_by_key(|end| end.map(|s| s.clock));
            ends.into_iter().flatten().copied().collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_peaks_and_the_order() {
        let spike = |i: u64| if i == 70_001 { 9_999 } else { i % 100 };
        let samples: Vec<Sample> =
            (0..100_000).map(|i| Sample { clock: i, live: 1, held: spike(i), rss: 0 }).collect();
        let thinned = thin(&samples, 300.0);
        assert!(thinned.len() <= 600);
        assert_eq!(thinned.iter().map(|s| s.held).max(), Some(9_999));
        assert!(thinned.windows(2).all(|w| w[0].clock <= w[1].clock));
        assert_eq!(thin(&samples[..500], 300.0), &samples[..500]);
    }
}
