//! A page: title, how to read it, legend, a grid of panels of the same size, and a caption.

use crate::FigureError;
use crate::axis::Axis;
use crate::canvas::{ALARM, AXIS, Align, Canvas, Drawn, GRID, INK, MUTED, Point, draw_page};
use crate::evidence::{Evidence, Work, words};
use crate::font::Face;
use crate::look::in_order;
use plotters::style::Color;

/// Width of every figure in pixels.
const WIDTH: f64 = 1160.0;
const MARGIN: f64 = 24.0;
/// Between panels beside each other: room for the halves of two tick labels.
const GAP: f64 = 36.0;
/// Height of a line of small text.
const LINE: f64 = 19.0;
/// From a panel's top to its plot: the title, and under it one line of remarks.
const HEADER: f64 = 44.0;
/// Under a plot, for its tick labels.
const FOOT: f64 = 24.0;

/// What a page says and how its panels are laid out.
pub(crate) struct Page<'a> {
    /// What it shows, as a claim-free title.
    pub(crate) title: &'a str,
    /// How to read it.
    pub(crate) subtitle: &'a str,
    /// Behind the account of the cells.
    pub(crate) caption: String,
    /// How strategies are named above the panels.
    pub(crate) legend: Legend,
    /// Panels beside each other, at most.
    pub(crate) columns: usize,
    /// Height of a plot.
    pub(crate) plot_height: f64,
    /// Left of each plot, for the labels of its own vertical axis.
    pub(crate) gutter: f64,
    /// Left of the first column, for labels that all panels of a row share, beside a title that runs upwards.
    pub(crate) shared_gutter: f64,
    /// Whether every panel labels its horizontal axis, not only the lowest of each column.
    pub(crate) own_x: bool,
    /// What the horizontal axis measures.
    pub(crate) x_title: &'a str,
    /// What the vertical axis measures; empty when its labels say it.
    pub(crate) y_title: &'a str,
}

/// How strategies are named above the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Legend {
    /// Not at all: the panels do it.
    None,
    /// By their marks.
    Marks,
    /// By their marks on their lines.
    Lines,
}

/// One panel's plot, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    /// Whether it is in the first column.
    pub(crate) leftmost: bool,
    /// Whether no panel is below it.
    pub(crate) lowest: bool,
}

impl Plot {
    /// Shares of the two axes as a point in pixels.
    pub(crate) fn point(&self, x: f64, y: f64) -> Point {
        (self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top))
    }

    /// A pair of values as a point in pixels.
    pub(crate) fn at(&self, (x_axis, x): (&Axis, f64), (y_axis, y): (&Axis, f64)) -> Point {
        self.point(x_axis.place(x), y_axis.place(y))
    }
}

/// Ticks of an axis: places from 0 to 1, and labels.
pub(crate) type Ticks = Vec<(f64, String)>;

/// The ticks of an axis with their places on it.
pub(crate) fn ticks(axis: &Axis, most: usize) -> Ticks {
    axis.ticks(most).into_iter().map(|(value, label)| (axis.place(value), label)).collect()
}

impl Page<'_> {
    /// Draws the page; `panel` draws one work into its plot.
    pub(crate) fn draw(
        &self,
        evidence: &Evidence,
        works: &[&Work],
        panel: impl Fn(&Canvas, &Work, &Plot) -> Drawn,
    ) -> Result<String, FigureError> {
        let width = WIDTH - 2.0 * MARGIN;
        let subtitle = Face::SUBTITLE.wrap(self.subtitle, width);
        let legend = self.legend.lines(evidence, width);
        let caption = Face::LABEL.wrap(&format!("{} {}", evidence.account(), self.caption), width);
        let legend_top = 46.0 + LINE * subtitle.len() as f64 + 6.0;
        let grid_top = legend_top + 24.0 * legend.len() as f64 + if legend.is_empty() { 4.0 } else { 14.0 };
        let columns = self.balanced_columns(works.len());
        let caption_top = grid_top + self.grid_height(works.len().div_ceil(columns)) + 18.0;
        let height = (caption_top + LINE * caption.len() as f64 + 12.0).ceil();
        draw_page(WIDTH, height, |canvas| {
            canvas.text(self.title, (MARGIN, 28.0), Face::TITLE, INK, Align::Left)?;
            Self::paragraph(canvas, &subtitle, 54.0, Face::SUBTITLE)?;
            for (line, entries) in legend.iter().enumerate() {
                self.legend.draw_line(canvas, evidence, entries, legend_top + 24.0 * line as f64 + 12.0)?;
            }
            for (index, work) in works.iter().enumerate() {
                let plot = self.plot(index, works.len(), columns, grid_top);
                self.draw_frame(canvas, work, &plot)?;
                panel(canvas, work, &plot)?;
            }
            Self::paragraph(canvas, &caption, caption_top + LINE / 2.0, Face::LABEL)
        })
    }

    fn paragraph(canvas: &Canvas, lines: &[String], top: f64, face: Face) -> Drawn {
        for (index, line) in lines.iter().enumerate() {
            canvas.text(line, (MARGIN, top + LINE * index as f64), face, MUTED, Align::Left)?;
        }
        Ok(())
    }

    /// From the top of one row of panels to that of the next.
    fn row_height(&self) -> f64 {
        HEADER + self.plot_height + if self.own_x { FOOT + 20.0 } else { 14.0 }
    }

    /// The fewest columns that need no more rows than [`Page::columns`] would; two at least, so that one panel
    /// does not fill the page.
    fn balanced_columns(&self, panels: usize) -> usize {
        panels.div_ceil(panels.div_ceil(self.columns).max(1)).max(2)
    }

    fn grid_height(&self, rows: usize) -> f64 {
        let below_the_last = if self.own_x { -2.0 } else { FOOT + 4.0 };
        self.row_height() * rows as f64 + below_the_last
    }

    fn plot(&self, index: usize, panels: usize, columns: usize, grid_top: f64) -> Plot {
        let (row, column) = (index / columns, index % columns);
        let room = WIDTH - 2.0 * MARGIN - self.shared_gutter - GAP * (columns - 1) as f64;
        let width = room / columns as f64;
        let left = MARGIN + self.shared_gutter + (width + GAP) * column as f64 + self.gutter;
        let top = grid_top + self.row_height() * row as f64 + HEADER;
        Plot {
            left,
            top,
            right: left + width - self.gutter,
            bottom: top + self.plot_height,
            leftmost: column == 0,
            lowest: index + columns >= panels,
        }
    }

    /// A panel's titles: the work above, the axes beside.
    fn draw_frame(&self, canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
        let left = plot.left - self.gutter;
        let title = Face::PANEL.fit(&work.title, plot.right - left);
        let title_end = left + Face::PANEL.width(&title) + 8.0;
        canvas.text(&title, (left, plot.top - 33.0), Face::PANEL, INK, Align::Left)?;
        if !work.qualifier.is_empty() && plot.right - title_end > 40.0 {
            let qualifier = Face::LABEL.fit(&work.qualifier, plot.right - title_end);
            canvas.text(&qualifier, (title_end, plot.top - 33.0), Face::LABEL, MUTED, Align::Left)?;
        }
        if plot.lowest {
            let below = plot.bottom + FOOT + 10.0;
            let middle = f64::midpoint(plot.left, plot.right);
            canvas.text(self.x_title, (middle, below), Face::LABEL, MUTED, Align::Centre)?;
        }
        if plot.leftmost && !self.y_title.is_empty() {
            let middle = f64::midpoint(plot.top, plot.bottom);
            canvas.text(self.y_title, (MARGIN + 6.0, middle), Face::LABEL, MUTED, Align::Upwards)?;
        }
        Ok(())
    }
}

/// Grid lines at the ticks, with labels where wanted.
pub(crate) fn draw_grid(
    canvas: &Canvas,
    plot: &Plot,
    x: &Ticks,
    x_labels: bool,
    y: &Ticks,
    y_labels: bool,
) -> Drawn {
    for (place, label) in y {
        let (left, right) = (plot.point(0.0, *place), plot.point(1.0, *place));
        canvas.line(&[left, right], GRID.to_rgba(), 1.0)?;
        if y_labels {
            canvas.text(label, (left.0 - 7.0, left.1), Face::LABEL, MUTED, Align::Right)?;
        }
    }
    for (place, label) in x {
        let foot = plot.point(*place, 0.0);
        canvas.line(&[foot, plot.point(*place, 1.0)], GRID.to_rgba(), 1.0)?;
        if x_labels {
            canvas.line(&[foot, (foot.0, foot.1 + 4.0)], AXIS.to_rgba(), 1.0)?;
            // The last label of the last column must not leave the page.
            let middle = foot.0.min(WIDTH - 4.0 - Face::LABEL.width(label) / 2.0);
            canvas.text(label, (middle, foot.1 + 14.0), Face::LABEL, MUTED, Align::Centre)?;
        }
    }
    canvas.line(&[plot.point(0.0, 0.0), plot.point(1.0, 0.0)], AXIS.to_rgba(), 1.0)
}

/// The line of remarks under a panel's title: which strategies have no number here, and why. What does not fit
/// is counted.
pub(crate) fn draw_failures(canvas: &Canvas, work: &Work, plot: &Plot, left: f64) -> Drawn {
    let y = plot.top - 14.0;
    let end = plot.right - 30.0;
    let mut x = left;
    let mut left_out = 0;
    for (status, looks) in work.failures() {
        let text = words(status);
        let first = x + 14.0 + Face::LABEL.width(text) + 11.0;
        let fitting = looks.len().min(((end - first) / 13.0).max(0.0) as usize);
        left_out += looks.len() - fitting;
        if fitting == 0 {
            continue;
        }
        canvas.cross((x + 5.0, y), 4.0, ALARM)?;
        canvas.text(text, (x + 14.0, y), Face::LABEL, ALARM, Align::Left)?;
        for (index, look) in looks.iter().take(fitting).enumerate() {
            canvas.look(*look, (first + 13.0 * index as f64, y), 4.5)?;
        }
        x = first + 13.0 * fitting as f64 + 6.0;
    }
    if left_out > 0 {
        canvas.text(&format!("+{left_out}"), (x - 6.0, y), Face::LABEL, ALARM, Align::Left)?;
    }
    Ok(())
}

/// Failures among cells that ended well: a cross and their number in the gap beside a row of a plot.
pub(crate) fn draw_failed_count(canvas: &Canvas, plot: &Plot, y: f64, count: usize) -> Drawn {
    let text = count.to_string();
    // In the last column many digits move into the plot rather than off the page.
    let x = (plot.right + 12.0).min(WIDTH - 3.0 - Face::LABEL.width(&text));
    canvas.cross((x - 6.0, y), 3.0, ALARM)?;
    canvas.text(&text, (x, y), Face::LABEL, ALARM, Align::Left)
}

/// Says in the middle of a plot that there is nothing in it.
pub(crate) fn draw_nothing(canvas: &Canvas, plot: &Plot, why: &str) -> Drawn {
    canvas.text(why, plot.point(0.5, 0.5), Face::LABEL, MUTED, Align::Centre)
}

/// Between two names of a legend.
const KEY_GAP: f64 = 22.0;

impl Legend {
    /// Width of a line and mark, and the space before the name.
    fn key(self) -> f64 {
        if self == Legend::Lines { 32.0 } else { 18.0 }
    }

    /// Breaks the strategies into lines: their names, and what is shown of them.
    fn lines(self, evidence: &Evidence, width: f64) -> Vec<Vec<(String, String)>> {
        let mut lines: Vec<Vec<(String, String)>> = Vec::new();
        let mut x = f64::INFINITY;
        for (name, _) in in_order(&evidence.looks).into_iter().filter(|_| self != Legend::None) {
            let shown = Face::LABEL.fit(name, width - self.key());
            let wanted = self.key() + Face::LABEL.width(&shown);
            if x + wanted > width {
                lines.push(Vec::new());
                x = 0.0;
            }
            x += wanted + KEY_GAP;
            if let Some(line) = lines.last_mut() {
                line.push((name.clone(), shown));
            }
        }
        lines
    }

    fn draw_line(self, canvas: &Canvas, evidence: &Evidence, entries: &[(String, String)], y: f64) -> Drawn {
        let mut x = MARGIN;
        for (name, shown) in entries {
            let look = evidence.looks[name];
            let middle = x + (self.key() - 8.0) / 2.0;
            if self == Legend::Lines {
                canvas.line(&[(middle - 12.0, y), (middle + 12.0, y)], look.colour.to_rgba(), 2.0)?;
            }
            canvas.look(look, (middle, y), 5.0)?;
            canvas.text(shown, (x + self.key(), y), Face::LABEL, INK, Align::Left)?;
            x += self.key() + Face::LABEL.width(shown) + KEY_GAP;
        }
        Ok(())
    }
}
