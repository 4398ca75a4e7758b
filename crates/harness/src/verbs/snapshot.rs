//! `heapbench snapshot`: where a workload's memory was allocated, as `tracemalloc` tells it: the sites that grew between
//! two points of the run, which is where a leak is fed, and what is alive when the program has ended.
//!
//! A point is a share of the objects that the program allocates in all. The run is made twice, and is the same both
//! times: the first tells how many they are.

use crate::cards::{self, COUNTED_UNDER};
use crate::limit::Limit;
use crate::output::{print, print_json};
use crate::plan::Work;
use crate::request;
use crate::table;
use crate::trouble::Trouble;
use crate::units;
use heapbench_heap::{Heap, Site};
use heapbench_measure::Allocations;
use heapbench_measure::allocations::{Difference, Snapshot, Statistic, Traced};
use heapbench_workload::{Profile, find};
use serde_json::json;

/// What to look at.
#[derive(clap::Args, Clone, Debug)]
pub struct SnapshotArguments {
    /// The workload
    pub workload: String,
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "quick")]
    pub profile: String,
    /// The configuration of CPython's heap
    #[arg(long, value_name = "A", default_value = COUNTED_UNDER)]
    pub strategy: String,
    /// A parameter of the workload; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The earlier point: percent of the objects that the program allocates
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub from: u64,
    /// The later point
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub to: u64,
    /// Sites shown, at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// Print each site as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// What was found.
struct Found {
    /// Between the two points, what changed most first.
    differences: Vec<Difference>,
    /// Alive when the program has ended.
    left: Vec<(Site, Statistic)>,
    traced: Traced,
}

/// Runs the workload twice and prints what was found.
///
/// # Errors
/// Names that cannot be understood, points out of order, a workload that cannot run, output that cannot be written.
pub fn run(arguments: &SnapshotArguments) -> Result<(), Trouble> {
    if arguments.from >= arguments.to {
        let given = format!("--from {} --to {}", arguments.from, arguments.to);
        return Err(Trouble::request(format!("{given}: expected the earlier point first")));
    }
    let found = look(arguments)?;
    if arguments.json { print_lines(arguments, &found) } else { print(&text(arguments, &found)) }
}

/// What the verb prints for people.
///
/// # Errors
/// As `run`.
pub fn report(arguments: &SnapshotArguments) -> Result<String, Trouble> {
    Ok(text(arguments, &look(arguments)?))
}

fn look(arguments: &SnapshotArguments) -> Result<Found, Trouble> {
    let definition = find(&arguments.workload)?;
    let profile: Profile = arguments.profile.parse()?;
    let (parameters, limit) = (definition.parameters(profile), Limit::default());
    let mut work = [Work { definition, parameters, limit }];
    arguments.set.iter().try_for_each(|setting| request::apply(setting, &mut work))?;
    let [Work { definition, parameters, .. }] = work;
    let run = |recorder| cards::run(&definition, &parameters, &arguments.strategy, recorder);
    let objects = run(Allocations::default())?.counters().objects_allocated;
    let point =
        |percent: u64| u64::try_from(u128::from(objects) * u128::from(percent) / 100).unwrap_or(objects);
    let heap = run(Allocations::with_snapshots([point(arguments.from), point(arguments.to)]))?;
    let trace = heap.recorder();
    let [earlier, later] = match trace.snapshots() {
        [earlier, later] => [earlier.clone(), later.clone()],
        // A program without objects has no points.
        _ => [Snapshot::default(), Snapshot::default()],
    };
    Ok(Found {
        differences: later.compare_to(&earlier),
        left: trace.snapshot().statistics(),
        traced: trace.traced(),
    })
}

fn print_lines(arguments: &SnapshotArguments, found: &Found) -> Result<(), Trouble> {
    let SnapshotArguments { workload, profile, strategy, from, to, limit, .. } = arguments;
    for difference in found.differences.iter().take(*limit) {
        let mut line = json!({
            "workload": workload, "profile": profile, "strategy": strategy, "from_percent": from, "to_percent": to,
        });
        line["difference"] = json!(difference);
        print_json(&line)?;
    }
    for (site, statistic) in found.left.iter().take(*limit) {
        print_json(&json!({
            "workload": workload, "profile": profile, "strategy": strategy, "left": {"site": site, "size":
            statistic.size, "count": statistic.count}, "traced": found.traced,
        }))?;
    }
    Ok(())
}

fn text(arguments: &SnapshotArguments, found: &Found) -> String {
    let SnapshotArguments { workload, profile, strategy, set, from, to, limit, .. } = arguments;
    let set: String = set.iter().map(|setting| format!(" {setting}")).collect();
    let changed: Vec<&Difference> =
        found.differences.iter().filter(|d| d.size_diff != 0 || d.count_diff != 0).collect();
    let row = |d: &&Difference| {
        vec![
            d.site.to_string(),
            signed(d.size_diff),
            format!("{:+}", d.count_diff),
            units::bytes(d.size),
            d.count.to_string(),
        ]
    };
    let titles = ["site", "bytes", "blocks", "size", "count"];
    let mut text =
        format!("{workload}{set}, {profile}, under {strategy}: from {from} % to {to} % of its objects\n");
    text +=
        &section(&titles, changed.iter().take(*limit).map(row).collect(), changed.len(), "no site changed");
    let left = found.left.iter().take(*limit);
    let row = |(site, found): &(Site, Statistic)| {
        vec![site.to_string(), units::bytes(found.size), found.count.to_string()]
    };
    text += &format!(
        "\nalive when the program has ended: {}; {} at the peak\n",
        units::bytes(found.traced.current),
        units::bytes(found.traced.peak)
    );
    text += &section(&["site", "bytes", "blocks"], left.map(row).collect(), found.left.len(), "nothing");
    text
}

/// A table, and how many rows it leaves out; or why there is none.
fn section(titles: &[&str], rows: Vec<Vec<String>>, all: usize, nothing: &str) -> String {
    if rows.is_empty() {
        return format!("{nothing}\n");
    }
    let left_out = all - rows.len();
    let mut text = table::plain(titles, rows) + "\n";
    if left_out > 0 {
        text += &format!("and {left_out} more\n");
    }
    text
}

fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "+" };
    format!("{sign}{}", units::bytes(bytes.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(workload: &str) -> SnapshotArguments {
        SnapshotArguments {
            workload: workload.into(),
            profile: "smoke".into(),
            strategy: COUNTED_UNDER.into(),
            set: Vec::new(),
            from: 50,
            to: 100,
            limit: 10,
            json: false,
        }
    }

    #[test]
    fn cycles_that_nobody_collects_grow() {
        let collected = look(&arguments("rings")).unwrap();
        let strategy = format!("{COUNTED_UNDER}:disabled=true");
        let leaking = look(&SnapshotArguments { strategy, ..arguments("rings") }).unwrap();
        let growth = |found: &Found| found.differences[0].size_diff;
        assert!(growth(&leaking) > 1 << 20 && growth(&collected) < 1 << 20, "{:?}", leaking.differences);
        assert!(leaking.traced.peak > 10 * collected.traced.peak, "{:?}", leaking.traced);
        let text = text(&arguments("rings"), &leaking);
        assert!(
            text.contains("<unknown>  +") && text.contains("alive when the program has ended: 0 B"),
            "{text}"
        );
    }

    #[test]
    fn what_no_collection_reaches_is_left_at_the_end() {
        let found = look(&arguments("requests")).unwrap();
        let left: u64 = found.left.iter().map(|(_, statistic)| statistic.size).sum();
        assert!(left > 0 && left == found.traced.current && left <= found.traced.peak, "{:?}", found.traced);
    }

    #[test]
    fn points_out_of_order_are_one_line() {
        let refused = run(&SnapshotArguments { from: 60, to: 60, ..arguments("rings") }).unwrap_err();
        assert_eq!((refused.exit_status(), refused.to_string().lines().count()), (2, 1));
    }
}
