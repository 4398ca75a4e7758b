//! `heapbench selftest`: comparisons whose answer is known, run, judged and drawn.

use super::run::{Ran, Runner, finished_cells};
use crate::child;
use crate::folders::RESULTS;
use crate::instructions::Instructions;
use crate::interruption;
use crate::job::Job;
use crate::output::{print, print_json, say};
use crate::plan::{Contender, Frame, schedule};
use crate::provenance;
use crate::registry;
use crate::request;
use crate::selftest::{EFFECTS, Pair, Size, cells, pairs};
use crate::table;
use crate::trouble::Trouble;
use crate::units;
use heapbench_results::selftest::{Clock, Effect, Nulls, effect_name, effects, faults, nulls};
use heapbench_results::{Record, Status, Store, store};
use heapbench_workload::Profile;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Time limit of a cell.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Counts of one program may differ by less than this part.
const COUNTS_AGREE: f64 = 1e-4;

/// What to test.
#[derive(clap::Args, Clone, Debug)]
pub struct SelftestArguments {
    /// A fifth of the comparisons: a look, not a proof
    #[arg(long)]
    pub quick: bool,
    /// Where the cells and the figures go; results/selftest-TIME when left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run only the cells that the folder does not have yet, and judge all
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Find the work also by instructions, counted by valgrind: exactly
    #[arg(long)]
    pub instructions: bool,
    /// Seed of the choice of pairs, the order of cells and their layouts
    #[arg(long, value_name = "N", default_value_t = heapbench_workload::DEFAULT_SEED)]
    pub seed: u64,
    /// One object a line
    #[arg(long)]
    pub json: bool,
    /// Record with a build that checks what the measuring one does not: for tests of the command
    #[arg(long, hide = true)]
    pub allow_debug: bool,
    /// The least that has every part: for tests of the command
    #[arg(long, hide = true)]
    pub tiny: bool,
}

/// How a self-test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tested {
    /// What speaks against the comparisons: so many things.
    pub faults: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Work found by instructions.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Counted {
    strategy: String,
    workload: String,
    work_permille: u32,
    /// Instructions of the program alone.
    program: u64,
    /// With the work in it.
    with_work: u64,
    /// The ratio that should be found.
    truth: f64,
    /// The one that is found.
    found: f64,
}

/// Tests, and says what came of it.
///
/// # Errors
/// A folder that cannot be written, a process that cannot be started, a pair that does not run at all.
pub fn run(arguments: &SelftestArguments) -> Result<Tested, Trouble> {
    provenance::expect_release_build(arguments.allow_debug)?;
    let started = SystemTime::now();
    let name = format!("selftest-{}", provenance::timestamp(started).replace(':', ""));
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new(RESULTS).join(&name));
    let finished = finished_cells(&folder, arguments.resume)?;
    let instructions = arguments.instructions.then(|| Instructions::new(TIMEOUT)).transpose()?;
    let size = size(arguments);
    let frame = Frame {
        run: name.clone(),
        profile: Profile::Smoke.name().to_string(),
        seed: arguments.seed,
        ..Frame::default()
    };
    interruption::listen()?;
    let Some(pairs) = scouted(chosen(size, arguments.seed)?, &frame)? else {
        return Ok(Tested { faults: 0, interrupted: true });
    };
    let mut jobs = cells(&pairs, size, &frame);
    jobs.retain(|job| !finished.contains(&job.key()));
    let mut store = Store::open(&folder).map_err(Trouble::request)?;
    if !jobs.is_empty() {
        store.append_run(&provenance::describe(&name, started)).map_err(Trouble::failure)?;
    }
    let runner = Runner { references: &[], timeout: TIMEOUT, json: false, floating: false };
    let Ran { folder, unwell, interrupted } = runner.run(&jobs, &mut store, folder)?;
    if interrupted {
        return Ok(Tested { faults: 0, interrupted });
    }
    let records = store::read(&folder).map_err(Trouble::failure)?.records;
    let counted = match &instructions {
        Some(instructions) => counted(instructions, &pairs[0], &frame)?,
        None => Vec::new(),
    };
    let mut faults = faults(&records);
    faults.extend((unwell > 0).then(|| format!("{unwell} cells did not end well")));
    faults.extend(counted.iter().filter(|c| !c.agrees()).map(|c| {
        format!("+{} ‰ work: {:.5} by instructions, expected {:.5}", c.work_permille, c.found, c.truth)
    }));
    report(&records, &counted, &faults, size, arguments.json)?;
    let drawn = heapbench_figures::draw_selftest(&records, &folder.join("figures"));
    drawn.map_err(Trouble::failure)?.iter().for_each(|file| say(file.display()));
    Ok(Tested { faults: faults.len(), interrupted })
}

fn size(arguments: &SelftestArguments) -> Size {
    match (arguments.tiny, arguments.quick) {
        (true, _) => Size { pairs: 2, rounds: 2, processes: 4, effect_pairs: 2, effect_processes: 4 },
        (_, true) => Size::QUICK,
        _ => Size::FULL,
    }
}

/// The pairs that are tested.
fn chosen(size: Size, seed: u64) -> Result<Vec<Pair>, Trouble> {
    let strategies: Vec<String> =
        registry::DEFAULT_CONFIGURATIONS.iter().map(|text| text.to_string()).collect();
    let works = request::works(&[], Profile::Smoke, &[], seed)?;
    Ok(pairs(&strategies, &works, size, seed))
}

/// Runs each pair once, to learn where its middle is. `None` when the user interrupted it.
fn scouted(mut pairs: Vec<Pair>, frame: &Frame) -> Result<Option<Vec<Pair>>, Trouble> {
    for pair in &mut pairs {
        let Some(record) = child::run(&job(pair, frame), TIMEOUT)? else { return Ok(None) };
        if record.status != Status::Ok {
            let (strategy, workload) = (&record.strategy, &record.workload);
            return Err(Trouble::failure(format!("{strategy} on {workload}: {}", record.error)));
        }
        pair.middle_bytes = record.bytes_allocated / 2;
    }
    Ok(Some(pairs))
}

/// A cell of a pair in which nothing is special.
fn job(pair: &Pair, frame: &Frame) -> Job {
    schedule(&[Contender::new(&pair.strategy, &pair.work)], frame, 0..1).swap_remove(0)
}

/// Counts a pair's program twice, then with rounds of work that are a known share of it. A round's instructions are
/// learnt from a million rounds.
fn counted(instructions: &Instructions, pair: &Pair, frame: &Frame) -> Result<Vec<Counted>, Trouble> {
    const ROUNDS: u64 = 1_000_000;
    let job = job(pair, frame);
    let count = |rounds: u64| {
        let none =
            || Trouble::failure(format!("{} on {} did not end under valgrind", job.strategy, job.workload));
        instructions.count(&job, rounds)?.ok_or_else(none)
    };
    let (program, with_rounds) = (count(0)?, count(ROUNDS)?);
    let of_round = with_rounds.saturating_sub(program) as f64 / ROUNDS as f64;
    let mut found = Vec::new();
    let shares = EFFECTS.iter().map(|effect| effect.work_permille).filter(|permille| *permille > 0);
    for work_permille in [0].into_iter().chain(shares) {
        let share = f64::from(work_permille) / 1e3;
        let with_work = count((program as f64 * share / of_round).round() as u64)?;
        found.push(Counted {
            strategy: job.strategy.clone(),
            workload: job.workload.clone(),
            work_permille,
            program,
            with_work,
            truth: 1.0 + share,
            found: with_work as f64 / program as f64,
        });
    }
    Ok(found)
}

impl Counted {
    fn agrees(&self) -> bool {
        (self.found / self.truth - 1.0).abs() < COUNTS_AGREE
    }
}

fn report(
    records: &[Record],
    counted: &[Counted],
    faults: &[String],
    size: Size,
    json: bool,
) -> Result<(), Trouble> {
    let nulls: Vec<Nulls> = Clock::ALL.into_iter().filter_map(|clock| nulls(records, clock)).collect();
    let effects: Vec<Effect> = Clock::ALL.into_iter().flat_map(|clock| effects(records, clock)).collect();
    if json {
        nulls.iter().try_for_each(print_json)?;
        effects.iter().try_for_each(print_json)?;
        counted.iter().try_for_each(print_json)?;
        return faults.iter().try_for_each(|fault| print_json(&serde_json::json!({"fault": fault})));
    }
    print(&format!(
        "Equal arms, {} processes a side: how many comparisons say that they differ, at the 5 % level",
        size.processes
    ))?;
    print(&table::plain(
        &["clock", "differ", "of", "rate", "at most (95 %)", "greatest"],
        null_rows(&nulls),
    ))?;
    print(&format!("\nInjected effects, {} processes a side", size.effect_processes))?;
    let titles = [
        "effect",
        "clock",
        "true",
        "found",
        "95 %",
        "of true",
        "power",
        "wrong sign",
        "truth held",
        "pauses seen",
    ];
    print(&table::plain(&titles, effects.iter().map(effect_row).collect()))?;
    for c in counted {
        let (strategy, workload) = (&c.strategy, &c.workload);
        let what = format!("{strategy} on {workload}, {} instructions", c.program);
        print(&format!("By instructions: +{} ‰ work found as {:.6} ({what})", c.work_permille, c.found))?;
    }
    if faults.is_empty() {
        return print("\nNothing speaks against the comparisons.");
    }
    faults.iter().try_for_each(|fault| print(&format!("\nFAULT: {fault}")))
}

fn null_rows(nulls: &[Nulls]) -> Vec<Vec<String>> {
    let row = |n: &Nulls| {
        vec![
            n.clock.name().to_string(),
            n.alarms.to_string(),
            n.comparisons.to_string(),
            units::share(n.rate),
            units::share(n.at_most),
            units::share(n.greatest),
        ]
    };
    nulls.iter().map(row).collect()
}

fn effect_row(e: &Effect) -> Vec<String> {
    let pauses =
        if e.pausing_cells > 0 { format!("{} of {}", e.pauses_seen, e.pausing_cells) } else { String::new() };
    vec![
        effect_name(e.injected),
        e.clock.name().to_string(),
        format!("{:.4}", e.truth),
        format!("{:.4}", e.found),
        format!("{:.4} to {:.4}", e.low, e.high),
        format!("{:.0} %", (e.found - 1.0) / (e.truth - 1.0) * 100.0),
        format!("{} of {}", e.detected, e.comparisons),
        e.reversed.to_string(),
        format!("{} of {}", e.covered, e.comparisons),
        pauses,
    ]
}
