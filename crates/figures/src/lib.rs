//! Figures: records in, SVG and PNG out. Knows no strategy and no workload by name.
//!
//! Figures of records, a panel for each workload, each drawn where the records have what it needs:
//!
//! | figure | what it shows |
//! |---|---|
//! | `throughput` | time for a unit of work |
//! | `pauses` | the distribution of pauses |
//! | `utilization` | the mutator's part of the worst windows |
//! | `latency` | of requests |
//! | `footprint` | memory over the allocation clock |
//! | `drain` | what becomes of memory after the end |
//! | `floating` | garbage that is not yet reclaimed |
//! | `pareto` | time against memory |
//! | `split` | where the time goes |
//! | `sweep`, `lower-bound`, `crossing` | of runs at multiples of the least heap |
//!
//! The same records give the same bytes. Cells that ended badly are marked with a cross and
//! counted; invalid ones are counted only. And one of cards: `census`, our workloads beside
//! real programs; and one of forks: `prefork`.
#![forbid(unsafe_code)]

mod axis;
mod canvas;
mod census;
mod crossing;
mod drain;
mod evidence;
mod floating;
mod font;
mod footprint;
mod latency;
mod look;
mod lower_bound;
mod multiples;
mod page;
mod pareto;
mod pauses;
mod percentiles;
mod prefork;
mod selftest;
mod split;
mod sweep;
mod throughput;
mod utilization;

use evidence::Evidence;
use heapbench_results::{Card, Prefork, RealPrograms, Record};
use resvg::{tiny_skia, usvg};
use std::path::{Path, PathBuf};

/// Pixels of the PNG to a pixel of the figure: sharp in print at 6 inches, and on dense screens.
const PNG_SCALE: f32 = 2.0;

/// Why figures could not be drawn. One line.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// There is nothing to draw.
    #[error("no figure: there is no record, at least one was expected")]
    NoRecords,
    /// There is no workload to lay beside the real programs.
    #[error("no figure: there is no card, at least one was expected")]
    NoCards,
    /// There is no process that forked.
    #[error("no figure: there is no fork, at least one was expected")]
    NoForks,
    /// The drawing itself failed.
    #[error("a figure could not be drawn: {0}")]
    Drawing(String),
    /// The system refused.
    #[error("{path}: cannot write the figure: {source}", path = path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl FigureError {
    fn drawing(cause: impl std::fmt::Display) -> FigureError {
        FigureError::Drawing(cause.to_string().lines().collect::<Vec<_>>().join(" "))
    }
}

/// Draws all figures of a run on a machine of which there is nothing to say: see [`draw_remarked`].
///
/// # Errors
/// No records; a folder or file that cannot be written.
pub fn draw_all(records: &[Record], out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    draw_remarked(records, "", out)
}

/// Draws all figures, with a remark on the machine in their captions, into the folder `out`, which is made if need be, and gives the files written, an SVG and
/// a PNG each: `throughput`, `pauses` (only if some strategy paused), `footprint`, `pareto`.
///
/// # Errors
/// No records; a folder or file that cannot be written.
pub fn draw_remarked(records: &[Record], remark: &str, out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    if records.is_empty() {
        return Err(FigureError::NoRecords);
    }
    let evidence = Evidence::remarked(records, remark);
    let apart = apart_from_sweeps(records);
    let single = Evidence::remarked(&apart, remark);
    let figures = [
        ("throughput", Some(throughput::draw(&single)?)),
        ("pauses", pauses::draw(&single)?),
        ("utilization", utilization::draw(&single)?),
        ("latency", latency::draw(&single)?),
        ("footprint", Some(footprint::draw(&single)?)),
        ("drain", drain::draw(&single)?),
        ("floating", floating::draw(&single)?),
        ("pareto", Some(pareto::draw(&single)?)),
        ("split", split::draw(records, &single)?),
        ("sweep", sweep::draw(records, remark)?),
        ("lower-bound", lower_bound::draw(records, &evidence)?),
        ("crossing", crossing::draw(records, remark)?),
    ];
    write(figures.into_iter().filter_map(|(name, svg)| Some((name, svg?))), out)
}

/// Draws what a self-test found into the folder `out`, which is made if need be: `selftest-equal` (null comparisons) and
/// `selftest-effects`, as SVG and PNG each; those of which there is nothing are left out.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn draw_selftest(records: &[Record], out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    let figures = [
        ("selftest-equal", selftest::draw_nulls(records)?),
        ("selftest-effects", selftest::draw_effects(records)?),
    ];
    write(figures.into_iter().filter_map(|(name, svg)| Some((name, svg?))), out)
}

/// The records that were not made at multiples of the least heap: the others have figures of their own, in which seven
/// limits are a curve and not seven panels. All of them where there are no others.
fn apart_from_sweeps(records: &[Record]) -> Vec<Record> {
    let single: Vec<Record> =
        records.iter().filter(|record| record.heap_multiple.is_none()).cloned().collect();
    if single.is_empty() { records.to_vec() } else { single }
}

/// Draws our workloads beside real programs into the folder `out`, which is made if need be: `census`, as SVG and PNG.
///
/// # Errors
/// No cards; a folder or file that cannot be written.
pub fn draw_census(cards: &[Card], real: &RealPrograms, out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    if cards.is_empty() {
        return Err(FigureError::NoCards);
    }
    write([("census", census::draw(cards, real)?)], out)
}

/// Draws pages dirtied after a fork into the folder `out`, which is made if need be: `prefork`, as SVG and PNG.
///
/// # Errors
/// No forks; a folder or file that cannot be written.
pub fn draw_prefork(forks: &[Prefork], out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    if forks.is_empty() {
        return Err(FigureError::NoForks);
    }
    write([("prefork", prefork::draw(forks)?)], out)
}

/// Writes each figure as SVG and PNG.
fn write<'a>(
    figures: impl IntoIterator<Item = (&'a str, String)>,
    out: &Path,
) -> Result<Vec<PathBuf>, FigureError> {
    std::fs::create_dir_all(out).map_err(|source| FigureError::System { path: out.into(), source })?;
    let mut written = Vec::new();
    for (name, svg) in figures {
        let png = rasterise(&svg)?;
        for (extension, bytes) in [("svg", svg.as_bytes()), ("png", &png)] {
            let path = out.join(name).with_extension(extension);
            std::fs::write(&path, bytes)
                .map_err(|source| FigureError::System { path: path.clone(), source })?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Draws an SVG as PNG.
fn rasterise(svg: &str) -> Result<Vec<u8>, FigureError> {
    let tree = usvg::Tree::from_str(svg, &font::options()).map_err(FigureError::drawing)?;
    let (width, height) = (tree.size().width() * PNG_SCALE, tree.size().height() * PNG_SCALE);
    let mut pixels = tiny_skia::Pixmap::new(width.ceil() as u32, height.ceil() as u32)
        .ok_or_else(|| FigureError::drawing(format!("{width} by {height} pixels are too many")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(PNG_SCALE, PNG_SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(FigureError::drawing)
}
