//! The comparison, for people: each metric of each cell with its direction, size and certainty, and what could not be compared.

use crate::grid::Grid;
use crate::units;
use heapbench_results::Setting;
use heapbench_results::compare::{Compared, Comparison, Difference, NullComparison, Row, Rule};
use heapbench_results::metric::{Unit, metric};
use heapbench_results::statistics::{Ratio, Verdict};

/// Stands behind a metric that was compared block by block.
const PAIRS: &str = "pairs";

/// The text of a comparison, in Markdown or plain.
pub fn comparison(comparison: &Comparison, rule: &Rule, markdown: bool) -> String {
    let write = |grid: &Grid| if markdown { grid.markdown() } else { grid.plain() };
    let same_strategies = comparison.rows.iter().all(|row| row.strategy_a == row.strategy_b);
    let mut parts = vec![write(&verdicts(&comparison.rows, same_strategies))];
    let exact = differences(&comparison.rows);
    match (exact.rows.len(), same_strategies) {
        (0, true) => parts.push("Exact counts: no difference.".to_string()),
        (0, false) => {}
        (_, true) => parts.push(format!("Exact counts that differ:\n\n{}", write(&exact))),
        (count, false) => {
            parts.push(format!(
                "Exact counts: {count} differ, as those of two configurations do; --json lists them."
            ));
        }
    }
    parts.push(totals(comparison, rule));
    parts.push(legend(rule));
    parts.join("\n\n")
}

fn verdicts(rows: &[Row], same_strategies: bool) -> Grid {
    let mut titles = vec!["workload", "metric", "verdict", "A", "B", "B to A", "interval", "p", "processes"];
    if same_strategies {
        titles.insert(1, "strategy");
    }
    let mut grid = Grid { texts: titles.len() - 6, titles, rows: Vec::new() };
    for row in rows {
        let mut named = vec![work(&row.setting, rows)];
        if same_strategies {
            named.push(row.strategy_b.clone());
        }
        let mut lines: Vec<Vec<String>> =
            row.metrics.iter().map(|compared| measures(compared, row.paired)).collect();
        if !row.reason.is_empty() || lines.is_empty() {
            let reason = if row.reason.is_empty() { "no metric that both sides have" } else { &row.reason };
            lines.push(vec!["-".to_string(), format!("{} {reason}", if row.failed { "✗" } else { "–" })]);
        }
        for (number, line) in lines.into_iter().enumerate() {
            let mut cells = if number == 0 { named.clone() } else { vec![String::new(); named.len()] };
            cells.extend(line);
            grid.rows.push(cells);
        }
    }
    grid
}

/// The workload, with what tells its setting from others of it.
fn work(setting: &Setting, rows: &[Row]) -> String {
    let mut text = setting.workload.clone();
    let differ = |differs: &dyn Fn(&Setting) -> bool| {
        rows.iter().any(|row| row.setting.workload == setting.workload && differs(&row.setting))
    };
    if differ(&|other| other.profile != setting.profile) {
        text += &format!(" {}", setting.profile);
    }
    if differ(&|other| other.parameters != setting.parameters) {
        setting.parameters.iter().for_each(|(name, value)| text += &format!(" {name}={value}"));
    }
    match setting.heap_limit {
        Some(limit) => format!("{text}, limit {}", units::bytes(limit)),
        None => text,
    }
}

fn measures(compared: &Compared, in_pairs: bool) -> Vec<String> {
    let (of_a, of_b) = compared.cells;
    let processes = if in_pairs { format!("{of_a} {PAIRS}") } else { format!("{of_a} + {of_b}") };
    let mut cells = vec![
        compared.metric.to_string(),
        judged(compared.verdict),
        amount(compared.metric, compared.a),
        amount(compared.metric, compared.b),
    ];
    match (&compared.ratio, compared.p_adjusted) {
        (Some(ratio), Some(p)) => cells.extend([change(ratio.ratio), interval(ratio), probability(p)]),
        _ => cells.extend(["-", "-", "-"].map(str::to_string)),
    }
    cells.push(processes);
    cells
}

fn judged(verdict: Verdict) -> String {
    let sign = match verdict {
        Verdict::Better => '▼',
        Verdict::Worse => '▲',
        Verdict::Same => '=',
        Verdict::CannotTell => '?',
    };
    format!("{sign} {}", verdict.name())
}

/// A value in the unit of its metric; what lies at the metric's floor is less than can be told.
fn amount(name: &str, value: f64) -> String {
    match metric(name) {
        Some(metric) if value <= metric.floor && metric.floor > 1.0 => {
            format!("≤ {}", units::duration(metric.floor))
        }
        Some(metric) if metric.unit == Unit::Nanoseconds => units::duration(value),
        Some(metric) if metric.unit == Unit::Bytes => units::bytes(value.round() as u64),
        _ => units::count(value.round() as u64),
    }
}

/// A ratio as a reader takes it in: a percentage up to a factor of two, a multiple beyond.
pub fn change(ratio: f64) -> String {
    match ratio {
        // Below a two-thousandth there is no sign to show.
        near if (near - 1.0).abs() < 0.000_5 => "0.0 %".to_string(),
        near if (0.5..2.0).contains(&near) => format!("{:+.1} %", (near - 1.0) * 100.0),
        far => multiple(far),
    }
}

/// A ratio as a multiple, to three digits.
pub fn multiple(ratio: f64) -> String {
    match ratio {
        small if small < 0.1 => format!("{small:.4}x"),
        small if small < 9.995 => format!("{small:.2}x"),
        medium if medium < 99.95 => format!("{medium:.1}x"),
        large if large < 1e6 => format!("{large:.0}x"),
        huge => format!("{huge:.1e}x"),
    }
}

fn interval(ratio: &Ratio) -> String {
    if ratio.low == ratio.high {
        return "exact".to_string();
    }
    format!("{} to {}", change(ratio.low), change(ratio.high))
}

/// A threshold as it was given: `2 %`.
fn percent(share: f64) -> String {
    // Thousandths of a percent: what is beyond comes from the division by 100.
    format!("{} %", (share * 1e5).round() / 1e3)
}

fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_string() } else { format!("{p:.3}") }
}

fn differences(rows: &[Row]) -> Grid {
    let titles = vec!["workload", "strategy", "count", "A", "B", "B to A"];
    let values = |values: &[u64]| match values {
        [] => "-".to_string(),
        [value] => value.to_string(),
        [least, .., most] => format!("varies, {least} to {most}"),
    };
    let relation = |difference: &Difference| match (&*difference.a, &*difference.b) {
        ([a], [b]) if *a > 0 => change(*b as f64 / *a as f64),
        _ => "-".to_string(),
    };
    let line = |row: &Row, difference: &Difference| {
        vec![
            work(&row.setting, rows),
            row.strategy_b.clone(),
            difference.counter.clone(),
            values(&difference.a),
            values(&difference.b),
            relation(difference),
        ]
    };
    let lines = rows.iter().flat_map(|row| row.exact.iter().map(move |difference| line(row, difference)));
    Grid { titles, texts: 3, rows: lines.collect() }
}

fn totals(comparison: &Comparison, rule: &Rule) -> String {
    let count = |verdict| comparison.count(verdict);
    let apart = comparison.rows.iter().filter(|row| row.metrics.is_empty()).count();
    let failed = comparison.rows.iter().filter(|row| row.failed).count();
    format!(
        "{} worse, {} better, {} same within {}, {} cannot tell. Not compared: {apart} of {} cells; failed on one side only: \
         {failed}.",
        count(Verdict::Worse),
        count(Verdict::Better),
        count(Verdict::Same),
        percent(rule.threshold),
        count(Verdict::CannotTell),
        comparison.rows.len(),
    )
}

fn legend(rule: &Rule) -> String {
    format!(
        "A and B: medians over processes. B to A: ratio of the (trimmed) geometric means over processes, with its 95 % interval; less is \
         better.\np: adjusted for all comparisons above (Benjamini and Hochberg). better, worse: p < {} and B to A beyond {}; \
         same: the interval within it.",
        rule.alpha,
        percent(rule.threshold)
    )
}

/// What equal arms of one run said, in a line.
pub fn null_comparison(null: &NullComparison, rule: &Rule) -> String {
    format!(
        "the null comparison says: of {} comparisons of equal arms {} differ at p < {} (at most {} of such, at 95 %), the largest by {}",
        null.comparisons,
        null.different,
        rule.alpha,
        units::share(null.share_at_most),
        change(null.largest)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_percentages_up_to_a_factor_of_two() {
        let written = [1.0, 1.0004, 1.051, 0.949, 1.999, 2.0, 0.4, 0.0123, 1234.5, 1e9].map(change);
        let expected =
            ["0.0 %", "0.0 %", "+5.1 %", "-5.1 %", "+99.9 %", "2.00x", "0.40x", "0.0123x", "1234x", "1.0e9x"];
        assert_eq!(written, expected);
        assert_eq!(
            (amount("max-pause", 1000.0), amount("wall", 1.0)),
            ("≤ 1.00 µs".into(), "1.00 ns".into())
        );
    }
}
