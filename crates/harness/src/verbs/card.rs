//! `heapbench card`: what workloads ask of a heap, counted object by object; and the figure that lays them beside real
//! programs.

use crate::cards::{self, COUNTED_UNDER, RATED_UNDER};
use crate::child;
use crate::interruption;
use crate::job::Job;
use crate::names;
use crate::output::{print, print_json, say};
use crate::provenance;
use crate::trouble::Trouble;
use crate::units;
use heapbench_results::card::{AllocationRate, CARD_SCHEMA, out_degree_name};
use heapbench_results::{Card, Cards, Status};
use heapbench_workload::{DEFAULT_SEED, Definition, Profile, definitions};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Processes that the rate is the median of.
const RATED: u32 = 3;

/// Time limit of each.
const RATED_WITHIN: Duration = Duration::from_secs(300);

/// Whose cards, and what becomes of them.
#[derive(clap::Args, Clone, Debug)]
pub struct CardArguments {
    /// Workloads or globs; all when left out
    pub workloads: Vec<String>,
    /// How much work: smoke, quick or full
    #[arg(long, default_value = "quick")]
    pub profile: String,
    /// Write the exact part of the cards into this file instead of printing them
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw the cards beside real programs into this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    pub figure: Option<PathBuf>,
    /// Print each card as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// A card as it is printed: the exact part, and the rate, which is a time.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    card: &'a Card,
    /// Under [`RATED_UNDER`]; `None` in a debug build, which measures no time.
    rate: Option<AllocationRate>,
}

/// Counts, and prints, writes or draws.
///
/// # Errors
/// Names that cannot be understood, a workload that cannot run, output that cannot be written.
pub fn run(arguments: &CardArguments) -> Result<(), Trouble> {
    let profile: Profile = arguments.profile.parse()?;
    let selected = selected(&arguments.workloads)?;
    let (files, prints) = (arguments.out.is_some() || arguments.figure.is_some(), arguments.json);
    interruption::listen()?;
    let mut all = Vec::new();
    for definition in &selected {
        if interruption::requested() {
            return Err(Trouble::failure("interrupted"));
        }
        let card = cards::card(definition, profile)?;
        if !files || prints {
            show(&Printed { rate: rate(definition, profile)?, card: &card }, prints)?;
        }
        all.push(card);
    }
    if let Some(file) = &arguments.out {
        write(file, arguments, &all)?;
        say(file.display());
    }
    if let Some(folder) = &arguments.figure {
        let real = cards::real_programs()?;
        let drawn = heapbench_figures::draw_census(&all, &real, folder).map_err(Trouble::request)?;
        drawn.iter().for_each(|file| say(file.display()));
    }
    Ok(())
}

fn selected(given: &[String]) -> Result<Vec<Definition>, Trouble> {
    let all = definitions()?;
    if given.is_empty() {
        return Ok(all);
    }
    let known: Vec<String> = all.iter().map(|definition| definition.name.clone()).collect();
    let selected = names::select("workload", given, &known)?;
    Ok(all.into_iter().filter(|definition| selected.contains(&definition.name)).collect())
}

/// The median of some processes; `None` in a debug build.
fn rate(definition: &Definition, profile: Profile) -> Result<Option<AllocationRate>, Trouble> {
    if provenance::is_debug_build() {
        return Ok(None);
    }
    let mut rates = Vec::new();
    for invocation in 0..RATED {
        let job = Job {
            run: "card".to_string(),
            strategy: RATED_UNDER.to_string(),
            workload: definition.name.clone(),
            profile: profile.name().to_string(),
            parameters: definition.parameters(profile),
            invocation,
            seed: DEFAULT_SEED,
            ..Job::default()
        };
        let record = child::run(&job, RATED_WITHIN)?.ok_or_else(|| Trouble::failure("interrupted"))?;
        if record.status != Status::Ok {
            return Err(Trouble::failure(format!("{} under {RATED_UNDER}: {}", job.workload, record.error)));
        }
        let seconds = record.wall_ns.max(1) as f64 / 1e9;
        rates.push(AllocationRate {
            objects_per_second: record.objects_allocated as f64 / seconds,
            bytes_per_second: record.bytes_allocated as f64 / seconds,
        });
    }
    rates.sort_by(|a, b| a.objects_per_second.total_cmp(&b.objects_per_second));
    Ok(rates.get(rates.len() / 2).copied())
}

fn write(file: &Path, arguments: &CardArguments, all: &[Card]) -> Result<(), Trouble> {
    let mut command = vec!["heapbench card".to_string()];
    command.extend(arguments.workloads.iter().cloned());
    command.extend(["--profile".to_string(), arguments.profile.clone(), "--out".to_string()]);
    command.push(file.display().to_string());
    let cards = Cards { schema: CARD_SCHEMA, command: command.join(" "), cards: all.to_vec() };
    let text = serde_json::to_string_pretty(&cards).map_err(Trouble::failure)?;
    std::fs::write(file, text + "\n")
        .map_err(|error| Trouble::request(format!("{}: cannot write the cards: {error}", file.display())))
}

fn show(printed: &Printed, json: bool) -> Result<(), Trouble> {
    if json { print_json(printed) } else { print(&text(printed)) }
}

/// A card for people: a title, and a line for each property.
fn text(printed: &Printed) -> String {
    let mut text = title(printed.card) + "\n";
    for (name, line) in lines(printed) {
        text += &format!("  {name:<10}  {line}\n");
    }
    text
}

fn title(card: &Card) -> String {
    let parameters: Vec<String> =
        card.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}, {} {}, counted under {COUNTED_UNDER}", card.workload, card.profile, parameters.join(" "))
}

fn lines(Printed { card, rate }: &Printed) -> Vec<(&'static str, String)> {
    let counts = &card.counts;
    let of = |part: u64, whole: u64| units::share(part as f64 / whole.max(1) as f64);
    let joined = |parts: Vec<String>| parts.join("   ");
    let dead: u64 = counts.out_degree.iter().sum();
    let degrees = counts.out_degree.iter().enumerate().filter(|(_, containers)| **containers > 0);
    let survival = counts.survival.iter().map(|row| {
        let share = row.share().map_or("-".to_string(), units::share);
        format!("{} {share}", units::bytes(row.age).replace(".00 ", " ").replace(".0 ", " "))
    });
    let sizes = counts.sizes.classes.iter();
    let kinds = counts.kinds.iter().map(|found| {
        let (share, mean) = (of(found.share.objects, counts.objects), found.share.mean_bytes());
        format!("{} {share} of {mean:.0} B", found.kind)
    });
    let containers = counts.containers;
    let (deaths, memory) = (counts.deaths, counts.memory);
    let rate = match rate {
        Some(rate) => format!(
            "{} objects/s, {}/s under {RATED_UNDER}: a time of this machine",
            units::count(rate.objects_per_second as u64),
            units::bytes(rate.bytes_per_second as u64)
        ),
        None => "a debug build measures no time".to_string(),
    };
    vec![
        ("objects", format!("{}, {} of blocks", units::count(counts.objects), units::bytes(counts.bytes))),
        (
            "size",
            format!("p50 {} B, p90 {} B, p99 {} B", counts.sizes.p50, counts.sizes.p90, counts.sizes.p99),
        ),
        (
            "histogram",
            joined(sizes.map(|c| format!("≤{} B {}", c.up_to, of(c.objects, counts.objects))).collect()),
        ),
        ("survival", joined(survival.collect())),
        (
            "out-degree",
            joined(
                degrees.map(|(class, n)| format!("{} {}", out_degree_name(class), of(*n, dead))).collect(),
            ),
        ),
        (
            "containers",
            format!(
                "{} of objects, {} of bytes",
                of(containers.objects, counts.objects),
                of(containers.bytes, counts.bytes)
            ),
        ),
        (
            "deaths",
            format!(
                "{} by counting, {} in collections ({}), {} alive at the end",
                units::count(deaths.counted),
                units::count(deaths.collected),
                units::share(deaths.collected_share()),
                units::count(deaths.alive_at_end)
            ),
        ),
        (
            "live",
            format!(
                "{} at the peak, allocated {:.1} times over",
                units::bytes(memory.peak_live_bytes),
                memory.turnover()
            ),
        ),
        ("types", joined(kinds.collect())),
        ("rate", rate),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_a_line_for_each_property() {
        let rings = heapbench_workload::find("rings").unwrap();
        let card = cards::card(&rings, Profile::Smoke).unwrap();
        let text = text(&Printed { card: &card, rate: None });
        assert!(text.starts_with("rings, smoke automatic=true nodes=100000 ring=10"), "{text}");
        for line in ["float 50.0 % of 24 B", "2 100 %", "in collections (100 %)", "measures no time"] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn a_name_that_nothing_has_is_one_line() {
        let refused = selected(&["rinks".to_string()]).unwrap_err();
        assert_eq!(refused.to_string(), "unknown workload 'rinks', did you mean 'rings'?");
    }
}
