//! `heapbench compare`: the same configurations over time, or two configurations of one run, with verdicts.

use crate::cautions;
use crate::comparison_table;
use crate::names;
use crate::output::{print, print_json, say};
use crate::reading::Reading;
use crate::recorded;
use crate::trouble::Trouble;
use heapbench_results::Record;
use heapbench_results::compare::{self, Comparison, NullComparison, Row, Rule, Verdict};
use heapbench_results::metric::{DEFAULT_METRICS, METRICS, Metric, metric};
use heapbench_results::store::Results;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How often a difference may be seen where there is none.
const ALPHA: f64 = 0.05;

/// What to compare.
///
/// Two uses: `compare OLD NEW` judges each configuration of NEW by the same one of OLD; `compare RESULTS --between X Y`
/// judges configuration Y by configuration X of the same run.
#[derive(clap::Args, Clone, Debug)]
pub struct CompareArguments {
    /// Results that are judged by (A): a folder or a .jsonl file
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// Results that are judged (B), the same configurations; left out with --between
    #[arg(value_name = "B", required_unless_present = "between", conflicts_with = "between")]
    pub b: Option<PathBuf>,
    /// Two configurations of the one results folder: Y is judged by X
    #[arg(long, num_args = 2, value_names = ["X", "Y"])]
    pub between: Vec<String>,
    /// How much a difference must be to matter; with 0% certainty alone decides
    #[arg(long, value_name = "PERCENT", default_value = "2%", value_parser = threshold)]
    pub threshold: f64,
    /// Metrics, separated by commas, or all: wall, cpu, collect, pauses, p50-pause, p99-pause, p99.9-pause, max-pause,
    /// p99-latency, p99.9-latency, peak-live, peak-held, peak-rss, end-live, end-held, drained-held, floating, instructions
    #[arg(long, value_name = "M,N,…", value_delimiter = ',', default_values_t = DEFAULT_METRICS.map(String::from))]
    pub metric: Vec<String>,
    /// Only these configurations (names or globs, separated by commas)
    #[arg(long, value_name = "X,Y,…", conflicts_with = "between")]
    pub strategies: Option<String>,
    /// Only these workloads (names or globs, separated by commas)
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    pub workloads: Vec<String>,
    /// One object a line
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// A table in Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// A line of `--json`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line<'a> {
    /// A cell of A and one of B.
    Cell(&'a Row),
    /// Equal arms of one of the results.
    Null {
        results: &'a Path,
        #[serde(flatten)]
        null: NullComparison,
    },
    /// How many of each verdict.
    Total { worse: usize, better: usize, same: usize, cannot_tell: usize, failed: usize, well: bool },
}

/// What was compared.
struct Found<'a> {
    comparison: Comparison,
    rule: Rule,
    nulls: Vec<(&'a Path, NullComparison)>,
}

/// Compares and prints; true when nothing is worse and nothing failed on one side only.
///
/// # Errors
/// No results, results that cannot be read, a name that they do not have, nothing to compare.
pub fn run(arguments: &CompareArguments) -> Result<bool, Trouble> {
    let found = compare(arguments)?;
    let well = found.comparison.is_well();
    if !arguments.json {
        print(&written(&found, arguments.markdown))?;
        return Ok(well);
    }
    found.comparison.rows.iter().try_for_each(|row| print_json(&Line::Cell(row)))?;
    found.nulls.iter().try_for_each(|(results, null)| print_json(&Line::Null { results, null: *null }))?;
    let count = |verdict| found.comparison.count(verdict);
    print_json(&Line::Total {
        worse: count(Verdict::Worse),
        better: count(Verdict::Better),
        same: count(Verdict::Same),
        cannot_tell: count(Verdict::CannotTell),
        failed: found.comparison.rows.iter().filter(|row| row.failed).count(),
        well,
    })?;
    Ok(well)
}

/// The text that [`run`] prints without `--json`.
///
/// # Errors
/// As `run`.
pub fn text(arguments: &CompareArguments) -> Result<String, Trouble> {
    Ok(written(&compare(arguments)?, arguments.markdown))
}

fn written(found: &Found, markdown: bool) -> String {
    let mut text = comparison_table::comparison(&found.comparison, &found.rule, markdown);
    for (results, null) in &found.nulls {
        text += &format!("\n{}: {}", results.display(), comparison_table::null_comparison(null, &found.rule));
    }
    text
}

fn compare(arguments: &CompareArguments) -> Result<Found<'_>, Trouble> {
    let rule = Rule { metrics: metrics(&arguments.metric)?, threshold: arguments.threshold, alpha: ALPHA };
    let mut a = Reading::of(&arguments.a).read()?;
    let mut b = arguments.b.as_deref().map(|b| Reading::of(b).read()).transpose()?;
    select(arguments, &mut a, b.as_mut())?;
    let null = |path, results: &Results| Some((path, compare::null(&results.records, &rule)?));
    let mut nulls = Vec::from_iter(null(arguments.a.as_path(), &a));
    let comparison = match (&b, &*arguments.between) {
        (Some(b), _) => {
            nulls.extend(arguments.b.as_deref().and_then(|path| null(path, b)));
            cautions::of(&a.runs).iter().chain(&cautions::between(&a.runs, &b.runs)).for_each(caution);
            compare::over_time(&a.records, &b.records, &rule)
        }
        (None, [x, y]) => {
            cautions::of(&a.runs).iter().for_each(caution);
            let [x, y] = [configuration(x, &a)?, configuration(y, &a)?];
            compare::between(&a.records, &x, &y, &rule)
        }
        (None, _) => return Err(Trouble::request("compare: one side only, expected B or --between X Y")),
    };
    if !comparison.found_pairs() {
        let what =
            "nothing to compare: no configuration and workload that both sides have, expected at least one";
        return Err(Trouble::request(what));
    }
    Ok(Found { comparison, rule, nulls })
}

fn caution(caution: &String) {
    say(format_args!("warning: {caution}"));
}

/// The metrics of these names.
fn metrics(given: &[String]) -> Result<Vec<&'static Metric>, Trouble> {
    if given == ["all"] {
        return Ok(METRICS.iter().collect());
    }
    let known: Vec<String> = METRICS.iter().map(|metric| metric.name.to_string()).collect();
    let given = names::without_repetitions(given.to_vec());
    given.iter().map(|name| metric(name).ok_or_else(|| names::unknown("metric", name, &known))).collect()
}

/// Leaves only the records that are asked for.
fn select(arguments: &CompareArguments, a: &mut Results, b: Option<&mut Results>) -> Result<(), Trouble> {
    let mut sides: Vec<&mut Results> = std::iter::once(a).chain(b).collect();
    let all = || sides.iter().flat_map(|side| &side.records);
    let strategies = recorded::strategies(arguments.strategies.as_deref(), all())?;
    let workloads = recorded::workloads(&arguments.workloads, all())?;
    for side in &mut sides {
        side.records.retain(|r| strategies.contains(&r.strategy) && workloads.contains(&r.workload));
    }
    Ok(())
}

/// The configuration of these results that a name stands for. Outside references do more than manage memory: no
/// configuration is compared with them.
fn configuration(name: &str, results: &Results) -> Result<String, Trouble> {
    let is_ours = |record: &&Record| !record.interpreted && record.is_result();
    recorded::strategy(name, results.records.iter().filter(is_ours))
}

/// Reads `2%`.
fn threshold(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    match percent {
        Some(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("expected a percentage from 0% to 100%, such as 2%".to_string()),
    }
}
