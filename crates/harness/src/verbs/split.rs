//! `heapbench split`: where the time of each strategy goes, a table for each workload, or a split a line.

use crate::output::{print, print_json, say};
use crate::reading::Reading;
use crate::table;
use crate::trouble::Trouble;
use crate::units;
use heapbench_results::split::{self, Incomplete, Part};
use heapbench_results::{Component, Interval, Split};

/// What to split.
#[derive(clap::Args, Clone, Debug)]
pub struct SplitArguments {
    /// What to read
    #[command(flatten)]
    pub reading: Reading,
    /// One object a line
    #[arg(long)]
    pub json: bool,
}

/// Splits, and says what cannot be split.
///
/// # Errors
/// No results, results that cannot be read, or of which nothing can be split.
pub fn run(arguments: &SplitArguments) -> Result<(), Trouble> {
    let splits = split::split(&arguments.reading.read()?.records);
    let told = |found: &Incomplete| {
        format!("{} on {} cannot be split: {}", found.strategy, found.setting.workload, found.missing)
    };
    if splits.complete.is_empty() {
        let missing = splits.incomplete.first().map(told);
        let missing = missing.unwrap_or_else(|| "no strategy of the split was run".to_string());
        return Err(Trouble::request(format!("{missing}; expected a run with --strategies split")));
    }
    splits.incomplete.iter().for_each(|found| say(told(found)));
    if arguments.json {
        return splits.complete.iter().try_for_each(print_json);
    }
    let mut works = splits.complete.chunk_by(|a, b| a.setting == b.setting);
    works.try_for_each(|work| print(&work_table(work)))?;
    let least = splits.complete.iter().map(|split| split.confidence).fold(1.0, f64::min);
    print(&format!(
        "ns a unit of work: median over processes, and in brackets the interval that covers {} of them at \
         least. Components add up to the total, and may be negative.",
        units::share(least)
    ))
}

/// One work: a row a component, a column a strategy.
fn work_table(splits: &[Split]) -> String {
    let work = splits.first().map_or("", |split| split.setting.workload.as_str());
    let titles: Vec<&str> =
        [work].into_iter().chain(splits.iter().map(|split| split.strategy.as_str())).collect();
    let row = |component: Component| {
        let part = |split: &Split| split.parts.iter().find(|part| part.component == component).map(cell);
        let parts: Vec<Option<String>> = splits.iter().map(part).collect();
        let cells = parts.iter().map(|part| part.clone().unwrap_or_else(|| "-".to_string()));
        let cells = [component.name().to_string()].into_iter().chain(cells).collect::<Vec<_>>();
        parts.iter().any(Option::is_some).then_some(cells)
    };
    let totals = splits.iter().map(|split| interval(&split.total));
    let totals = ["total".to_string()].into_iter().chain(totals).collect();
    table::plain(&titles, Component::ALL.into_iter().filter_map(row).chain([totals]).collect()) + "\n"
}

/// A component, and what one of its counted steps takes.
fn cell(part: &Part) -> String {
    let each = part.ns_each.map(|each| format!("{:.2} each, ", each.value)).unwrap_or_default();
    format!("{each}{}", interval(&part.time))
}

fn interval(time: &Interval) -> String {
    format!("{:.1} [{:.1}, {:.1}]", time.value, time.low, time.high)
}
