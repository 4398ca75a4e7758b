//! Floating garbage over the allocation clock: bytes that are unreachable and not yet reclaimed.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Canvas, Drawn, Point};
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, Plot, Ticks, draw_failures, draw_grid, draw_nothing, ticks};
use heapbench_results::{Floating, FloatingSample};
use plotters::style::Color;

/// Left of each plot, for its labels.
const GUTTER: f64 = 66.0;

/// The axis begins at this part of the lowest peak.
const SHOWN: f64 = 8.0;

/// Points of a line.
const BINS: u128 = 60;

/// Draws the figure; `None` when nobody counted.
pub(crate) fn draw(evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let counted = |work: &&Work| work.entries.iter().any(|entry| floating(entry).is_some());
    let works: Vec<&Work> = evidence.works.iter().filter(counted).collect();
    if works.is_empty() {
        return Ok(None);
    }
    let page = Page {
        title: "Floating garbage",
        subtitle: "Bytes of objects that the program cannot reach any more and that are not yet reclaimed, on a \
                   logarithmic axis, over the bytes allocated so far. Lower is better; at 0 every object is reclaimed \
                   when it dies.",
        caption: format!(
            "Counted at every allocation of a run that is not timed, against the exact deaths that an oracle run of the \
             same program found; the same in every run. A point is the most within 1/{BINS} of the axis. Each panel has its \
             own axes; what is below 1/{SHOWN} of the lowest peak lies on the line of 0. Lines that coincide are told by \
             their marks."
        ),
        legend: Legend::Lines,
        columns: 3,
        plot_height: 220.0,
        gutter: GUTTER,
        shared_gutter: 20.0,
        own_x: true,
        x_title: "bytes allocated so far",
        y_title: "floating garbage",
    };
    page.draw(evidence, &works, draw_panel).map(Some)
}

/// What was counted, which is the same in all cells.
fn floating<'a>(entry: &Entry<'a>) -> Option<&'a Floating> {
    entry.good().into_iter().find_map(|record| record.floating.as_ref())
}

fn draw_panel(canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
    draw_failures(canvas, work, plot, plot.left - GUTTER)?;
    let drawn: Vec<(&Entry, &Floating)> =
        work.entries.iter().filter_map(|entry| Some((entry, floating(entry)?))).collect();
    let peaks = || drawn.iter().map(|(_, floating)| floating.peak_bytes).filter(|peak| *peak > 0);
    let clocks = drawn.iter().flat_map(|(_, floating)| &floating.samples).map(|sample| sample.clock);
    let (Some(lowest), Some(highest), Some(end)) = (peaks().min(), peaks().max(), clocks.max()) else {
        draw_grid(canvas, plot, &Ticks::new(), false, &Ticks::new(), false)?;
        return draw_nothing(canvas, plot, "nothing floats");
    };
    let lowest = lowest as f64 / SHOWN;
    let x = Axis::linear(Unit::Bytes, end as f64);
    let y = Axis::logarithmic(Unit::Bytes, [lowest, highest as f64]).from(lowest);
    // A label beside that of 0 would lie over it.
    let mut y_ticks: Ticks = ticks(&y, 6).into_iter().filter(|(place, _)| *place > 0.06).collect();
    y_ticks.insert(0, (0.0, "0".to_string()));
    draw_grid(canvas, plot, &ticks(&x, 4), true, &y_ticks, true)?;
    for (index, (entry, floating)) in drawn.iter().enumerate() {
        let samples = envelope(&floating.samples, end);
        let place = |sample: &FloatingSample| plot.at((&x, sample.clock as f64), (&y, bytes(sample) as f64));
        let line: Vec<Point> = samples.iter().map(place).collect();
        canvas.line(&line, entry.look.colour.to_rgba(), 2.0)?;
        // Marks stand at different times, so that lines that coincide can still be told.
        let place = (line.len() * (2 * index + 1)) / (2 * drawn.len());
        if let Some(point) = line.get(place.min(line.len().saturating_sub(1))) {
            canvas.look(entry.look, *point, 4.5)?;
        }
    }
    Ok(())
}

/// Bytes that float.
fn bytes(sample: &FloatingSample) -> u64 {
    sample.live.saturating_sub(sample.reachable)
}

/// The sample with the most floating garbage in each of [`BINS`] stretches of the axis.
fn envelope(samples: &[FloatingSample], end: u64) -> Vec<FloatingSample> {
    let bin = |sample: &FloatingSample| u128::from(sample.clock) * BINS / (u128::from(end) + 1);
    let most = |chunk: &[FloatingSample]| chunk.iter().copied().max_by_key(bytes);
    samples.chunk_by(|a, b| bin(a) == bin(b)).filter_map(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_keeps_the_peaks_and_the_order() {
        let sample = |clock: u64| {
            let floating = if clock == 701 { 9_999 } else { clock % 50 };
            FloatingSample { clock, live: 100_000 + floating, reachable: 100_000 }
        };
        let samples: Vec<FloatingSample> = (0..1_000).map(sample).collect();
        let envelope = envelope(&samples, 999);
        assert_eq!(envelope.len(), BINS as usize);
        assert!(envelope.contains(&sample(701)));
        assert!(envelope.windows(2).all(|pair| pair[0].clock < pair[1].clock));
    }
}
