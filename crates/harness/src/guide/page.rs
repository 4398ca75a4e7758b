//! The page: a table for each claim, and what became of it. Markdown; a function of the results.

use super::claim::{Claim, Expectation, Figure, Run};
use super::sizes;
use super::verdict::{self, Verdict};
use crate::cards::COUNTED_UNDER;
use crate::job::Job;
use crate::plan::Frame;
use crate::table;
use crate::trouble::Trouble;
use crate::units;
use crate::verbs::snapshot::{self, SnapshotArguments};
use heapbench_results::statistics::{Spread, median};
use heapbench_results::{CellKey, Record, Status};
use std::fmt::Write;

const OPENING: &str = "\
# What introductions say about Python's memory, measured

Each section takes a claim that introductions to Python's memory management make, runs it, and says what became of it.
A claim *holds* when the whole interval of the ratio keeps the bound that the claim was given before it was run, *does not
hold* when the whole interval is beyond it, and otherwise one *cannot tell*. Runs, bounds and texts are
`workloads/guide.toml`; the page is generated, with every number in it, by:

";

/// The whole page.
///
/// # Errors
/// A claim that names something that is not there.
pub fn page(claims: &[Claim], frame: &Frame, records: &[Record], command: &str) -> Result<String, Trouble> {
    let mut page = format!("{OPENING}```sh\n{command}\n```\n");
    for claim in claims {
        page += &section(claim, frame, records)?;
    }
    Ok(page)
}

fn section(claim: &Claim, frame: &Frame, records: &[Record]) -> Result<String, Trouble> {
    let mut rows = Vec::new();
    for run in &claim.runs {
        let jobs = claim.jobs(run, frame)?;
        rows.push((run, jobs[0].clone(), cells(&jobs, records)));
    }
    let found = |name: &str| {
        rows.iter().find(|(run, ..)| run.name == name).map_or(&[][..], |(_, _, cells)| cells.as_slice())
    };
    let judged: Vec<_> = claim
        .expect
        .iter()
        .map(|expectation| {
            let (ratio, verdict) =
                verdict::judge(expectation, found(&expectation.of), found(&expectation.over));
            (expectation, ratio, verdict)
        })
        .collect();
    let mut text = format!("\n## {}\n\n> {}\n\n{}\n\n", claim.title, claim.says, claim.shows);
    if claim.sizes {
        return Ok(text + &sizes::section()?);
    }
    let table = rows.iter().map(|(run, job, cells)| table_row(claim, run, job, cells)).collect();
    let mut titles = vec!["run", "strategy", "workload"];
    titles.extend(claim.columns.iter().map(|figure| title(*figure)));
    write!(text, "```text\n{}\n```\n\n", table::plain(&titles, table)).expect("text takes text");
    for (expectation, ratio, verdict) in &judged {
        text += &sentence(expectation, ratio.as_ref(), *verdict);
    }
    if let Some(set) = &claim.sites {
        text += &growing_sites(claim, frame, set)?;
    }
    let worst = judged.iter().map(|(_, _, verdict)| *verdict).max().unwrap_or(Verdict::NotMeasured);
    writeln!(text, "\n**The claim: {worst}.**").expect("text takes text");
    Ok(text)
}

/// Where memory grows in the claim's workload.
fn growing_sites(claim: &Claim, frame: &Frame, set: &[String]) -> Result<String, Trouble> {
    let arguments = SnapshotArguments {
        workload: claim.workload.clone(),
        profile: frame.profile.clone(),
        strategy: COUNTED_UNDER.to_string(),
        set: set.to_vec(),
        from: 50,
        to: 95,
        limit: 6,
        json: false,
    };
    Ok(format!("\n```text\n{}\n```\n", snapshot::report(&arguments)?.trim_end()))
}

/// The cells of a row that ended well.
fn cells<'a>(jobs: &[Job], records: &'a [Record]) -> Vec<&'a Record> {
    let keys: Vec<CellKey> = jobs.iter().map(Job::key).collect();
    records
        .iter()
        .filter(|record| record.status == Status::Ok && keys.contains(&CellKey::of(record)))
        .collect()
}

fn table_row(claim: &Claim, run: &Run, job: &Job, cells: &[&Record]) -> Vec<String> {
    let mut workload = job.workload.clone();
    for (key, value) in &run.set {
        write!(workload, " {key}={value}").expect("text takes text");
    }
    let mut row = vec![run.name.clone(), job.strategy.clone(), workload];
    row.extend(claim.columns.iter().map(|figure| {
        let middle = median(&verdict::numbers(*figure, cells));
        middle.map_or("-".to_string(), |number| value(*figure, number))
    }));
    row
}

fn title(figure: Figure) -> &'static str {
    match figure {
        Figure::Time => "time/op",
        Figure::PeakLive => "peak live",
        Figure::PeakHeld => "peak held",
        Figure::EndLive => "live at the end",
        Figure::EndHeld => "held at the end",
        Figure::LongestPause => "longest pause",
        Figure::Collections => "collections",
    }
}

fn value(figure: Figure, number: f64) -> String {
    match figure {
        Figure::Time | Figure::LongestPause => units::duration(number),
        Figure::Collections => units::count(number as u64),
        _ => units::bytes(number as u64),
    }
}

/// One expectation, as a line of a list.
fn sentence(expectation: &Expectation, ratio: Option<&Spread>, verdict: Verdict) -> String {
    let Expectation { of, over, figure, .. } = expectation;
    let bound = match (expectation.at_most, expectation.at_least) {
        (Some(most), None) => format!("at most {most}"),
        (None, Some(least)) => format!("at least {least}"),
        (Some(most), Some(least)) => format!("{least} to {most}"),
        (None, None) => "anything".to_string(),
    };
    let measured = ratio.map_or("not measured".to_string(), |ratio| match ratio.high - ratio.low {
        spread if spread.abs() < 5e-4 * ratio.median || ratio.median.is_infinite() => factor(ratio.median),
        _ => format!("{} ({} to {})", factor(ratio.median), factor(ratio.low), factor(ratio.high)),
    });
    format!("- {} of *{of}* over *{over}*: {measured}, expected {bound}: {verdict}\n", title(*figure))
}

fn factor(ratio: f64) -> String {
    if ratio.is_infinite() { "something over nothing".to_string() } else { format!("{ratio:.3}") }
}
