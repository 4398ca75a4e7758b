//! The ranking, for people: three standings side by side, and the front.

use crate::comparison_table::multiple;
use crate::grid::Grid;
use heapbench_results::rank::{Ranked, Ranking, Standing};

/// The text of a ranking, in Markdown or plain.
pub fn ranking(ranking: &Ranking, baseline: Option<&str>, markdown: bool) -> String {
    let titles = vec![
        "strategy",
        "front",
        "time",
        "interval",
        "rank",
        "held",
        "interval",
        "rank",
        "p99.9 pause",
        "interval",
        "rank",
    ];
    let grid = Grid { titles, texts: 2, rows: ranking.strategies.iter().map(cells).collect() };
    let mut parts = vec![if markdown { grid.markdown() } else { grid.plain() }];
    parts.push(format!(
        "Over {} workloads that all of them completed: geometric means of multiples of {}, less is better.\n\
         Rank: what it may be; ranges that meet are ties. \
         Front: none beats it in time, held memory and pauses at once; else who does.",
        ranking.settings.len(),
        baseline.unwrap_or("the best of each workload"),
    ));
    if !ranking.excluded.is_empty() {
        let excluded = ranking.excluded.iter().map(|e| format!("- {}: {}", e.setting.workload, e.reason));
        parts.push(format!("Left out:\n\n{}", excluded.collect::<Vec<_>>().join("\n")));
    }
    parts.join("\n\n")
}

fn cells(ranked: &Ranked) -> Vec<String> {
    let front =
        if ranked.on_front { "●".to_string() } else { format!("○ {}", ranked.beaten_by.join(", ")) };
    let standings = [&ranked.time, &ranked.memory, &ranked.pause].map(standing);
    [ranked.strategy.clone(), front].into_iter().chain(standings.into_iter().flatten()).collect()
}

fn standing(standing: &Standing) -> [String; 3] {
    let rank = match standing.rank_low == standing.rank_high {
        true => standing.rank_low.to_string(),
        false => format!("{}–{}", standing.rank_low, standing.rank_high),
    };
    [multiple(standing.ratio), format!("{} to {}", multiple(standing.low), multiple(standing.high)), rank]
}
