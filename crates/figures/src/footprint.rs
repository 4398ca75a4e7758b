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

/// Points of a line.
const BINS: u128 = 60;

/// Why an outside reference has no line.
const REFERENCES: &str = " Of outside references only a peak is known.";

/// Draws the figure.
pub(crate) fn draw(evidence: &Evidence) -> Result<String, FigureError> {
    let page = Page {
        title: "Memory over time",
        subtitle: "Bytes taken from the system (thick) and bytes in objects not yet reclaimed (thin), on a \
                   logarithmic axis, over the bytes allocated so far. Lower is better.",
        caption: format!(
            "One process each: the one whose peak is the median. A point is the most within 1/{BINS} of the axis. Each \
             panel has its own axes; what is below 1/{SHOWN} of the lowest peak held lies on the bottom line.{}",
            if evidence.has_references() { REFERENCES } else { "" }
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
    let Some((x, y, end)) = axes(&drawn) else {
        draw_grid(canvas, plot, &Vec::new(), false, &Vec::new(), false)?;
        return draw_nothing(canvas, plot, "no samples");
    };
    draw_grid(canvas, plot, &ticks(&x, 4), true, &ticks(&y, 7), true)?;
    for (index, (entry, record)) in drawn.iter().enumerate() {
        let samples = envelope(&record.samples, end);
        let line = |value: fn(&Sample) -> u64| -> Vec<Point> {
            samples.iter().map(|s| plot.at((&x, s.clock as f64), (&y, value(s) as f64))).collect()
        };
        let (live, held) = (line(|s| s.live), line(|s| s.held));
        canvas.line(&live, entry.look.colour.mix(0.6), 1.0)?;
        canvas.line(&held, entry.look.colour.to_rgba(), 2.0)?;
        // Marks stand at different times, so that lines that coincide can still be told.
        let place = (held.len() * (2 * index + 1)) / (2 * drawn.len());
        canvas.look(entry.look, held[place.min(held.len() - 1)], 4.5)?;
        if let (true, Some(end)) = (record.status != Status::Ok, held.last()) {
            canvas.cross(*end, 5.0, ALARM)?;
        }
    }
    Ok(())
}

/// The axes of a panel, and the clock's end; `None` without samples of any memory.
fn axes(drawn: &[(&Entry, &Record)]) -> Option<(Axis, Axis, u64)> {
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
    Some((Axis::linear(Unit::Bytes, end as f64), y.from(lowest), end))
}

/// The most held and the most live in each of [`BINS`] stretches of the axis: a heap that is filled and emptied a
/// thousand times is a band otherwise, in which no line can be told from another.
fn envelope(samples: &[Sample], end: u64) -> Vec<Sample> {
    let bin = |sample: &Sample| u128::from(sample.clock) * BINS / (u128::from(end) + 1);
    let most = |chunk: &[Sample]| {
        chunk.iter().copied().reduce(|a, b| Sample {
            clock: b.clock,
            live: a.live.max(b.live),
            held: a.held.max(b.held),
            rss: a.rss.max(b.rss),
        })
    };
    samples.chunk_by(|a, b| bin(a) == bin(b)).filter_map(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_keeps_the_peaks_and_the_order() {
        let spike = |i: u64| if i == 70_001 { 9_999 } else { i % 100 };
        let samples: Vec<Sample> =
            (0..100_000).map(|i| Sample { clock: i, live: i % 7, held: spike(i), rss: 0 }).collect();
        let envelope = envelope(&samples, 99_999);
        assert_eq!(envelope.len(), BINS as usize);
        assert_eq!(envelope.iter().map(|s| s.held).max(), Some(9_999));
        assert!(envelope.iter().all(|s| s.live == 6 && s.held >= 99));
        assert!(envelope.windows(2).all(|w| w[0].clock < w[1].clock));
    }

    #[test]
    fn the_envelope_of_a_single_sample_is_that_sample() {
        let sample = Sample { clock: 0, live: 1, held: 2, rss: 3 };
        assert_eq!(envelope(&[sample], 0), [sample]);
        assert!(envelope(&[], 5).is_empty());
    }
}
