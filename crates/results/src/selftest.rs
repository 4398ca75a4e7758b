//! How far comparisons can be trusted, found out with comparisons whose answer is known.
//!
//! *Null comparisons* (A/A): two arms of one configuration on one workload, in which nothing differs. Whatever is found is a
//! false alarm, and of many comparisons at most 5 % may give one. *Injected effects*: one of two arms does work that was added,
//! or pauses once. It must be found, with the right sign and size.
//!
//! Arms `2k` and `2k + 1` of one configuration in one setting are the two sides of comparison `k`; an effect is in the odd
//! one. So what was found is a function of records alone.

use crate::compare;
use crate::group::Setting;
use crate::pilot::student;
use crate::statistics::{CONFIDENCE, Ratio, median, upper_bound};
use crate::{Injected, Record, Status};
use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};
use std::collections::BTreeMap;

/// Level of the comparisons: false alarms may be so frequent.
pub const ALPHA: f64 = 1.0 - CONFIDENCE;

/// So improbable must a number of false alarms be, at a rate of [`ALPHA`], to be a fault of the comparisons.
pub const SIGNIFICANT: f64 = 0.01;

/// An injected pause is seen in a cell whose longest pause is that, or longer by at most this part: the machine may
/// take the processor away meanwhile.
const PAUSE_TOLERANCE: f64 = 0.05;

/// Which time is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// `wall_ns`.
    Wall,
    /// `cpu_ns`.
    Cpu,
}

/// One comparison whose answer is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Full configuration text, of both sides.
    pub strategy: String,
    /// The work of both sides.
    pub setting: Setting,
    /// Which, of those of this configuration and work.
    pub number: u32,
    /// What differs: nothing in a null comparison.
    pub injected: Injected,
    /// The ratio that should be found.
    pub truth: f64,
    /// The one that is found, the odd arm over the even one.
    pub found: Ratio,
}

impl Clock {
    /// Both.
    pub const ALL: [Clock; 2] = [Clock::Wall, Clock::Cpu];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Clock::Wall => "wall",
            Clock::Cpu => "CPU",
        }
    }

    fn of(self, record: &Record) -> f64 {
        match self {
            Clock::Wall => record.wall_ns as f64,
            Clock::Cpu => record.cpu_ns as f64,
        }
    }
}

impl Comparison {
    /// Whether it says that the sides differ.
    pub fn differs(&self) -> bool {
        self.found.p < ALPHA
    }

    /// Whether the interval holds the truth.
    pub fn covers(&self) -> bool {
        (self.found.low..=self.found.high).contains(&self.truth)
    }
}

/// The two sides of a comparison: cells that ended well.
struct Sides<'a> {
    first: &'a Record,
    even: Vec<&'a Record>,
    odd: Vec<&'a Record>,
}

/// The sides of all comparisons, by work, configuration and number. Where there is no odd arm there is none.
fn sides(records: &[Record]) -> Vec<Sides<'_>> {
    let mut found: BTreeMap<_, Sides<'_>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.status == Status::Ok) {
        let key = (Setting::of(record).order(), &record.strategy, record.arm / 2);
        let sides = found.entry(key).or_insert(Sides { first: record, even: Vec::new(), odd: Vec::new() });
        if record.arm % 2 == 0 { &mut sides.even } else { &mut sides.odd }.push(record);
    }
    found.into_values().filter(|sides| !sides.odd.is_empty()).collect()
}

/// All comparisons of known answer among the records, by one clock. Those with too few cells are left out.
pub fn comparisons(records: &[Record], clock: Clock) -> Vec<Comparison> {
    let compared = |sides: Sides| {
        let values = |side: &[&Record]| side.iter().map(|cell| clock.of(cell)).collect::<Vec<f64>>();
        let (even, odd) = (values(&sides.even), values(&sides.odd));
        let injected = sides.odd[0].injected;
        let added = f64::from(injected.pause_us) * 1e3 / median(&even)?;
        Some(Comparison {
            strategy: sides.first.strategy.clone(),
            setting: Setting::of(sides.first),
            number: sides.first.arm / 2,
            injected,
            truth: 1.0 + f64::from(injected.work_permille) / 1e3 + added,
            found: compare::ratio(&odd, &even, u64::from(sides.first.arm / 2))?,
        })
    };
    sides(records).into_iter().filter_map(compared).collect()
}

/// What null comparisons found, by one clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Nulls {
    /// The clock.
    pub clock: Clock,
    /// How many comparisons.
    pub comparisons: u64,
    /// How many said that equal arms differ.
    pub alarms: u64,
    /// Their rate.
    pub rate: f64,
    /// What the rate is at most, with a certainty of 95 % (Clopper and Pearson).
    pub at_most: f64,
    /// How probable so many alarms or more are, if the rate is 5 %.
    pub p: f64,
    /// The greatest difference that was found, as a part: 0.02 is 2 %.
    pub greatest: f64,
}

/// What comparisons with one injected effect found, by one clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The clock.
    pub clock: Clock,
    /// The effect.
    #[serde(flatten)]
    pub injected: Injected,
    /// How many comparisons.
    pub comparisons: usize,
    /// The ratio that should be found (geometric mean: a pause is another part of each cell).
    pub truth: f64,
    /// The ratio that is found (geometric mean).
    pub found: f64,
    /// Lower end of its 95 % interval, over comparisons.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// How many comparisons found the effect by themselves: its power is this over all.
    pub detected: usize,
    /// How many found one of the opposite sign.
    pub reversed: usize,
    /// How many intervals hold the truth.
    pub covered: usize,
    /// Cells that were to pause.
    pub pausing_cells: usize,
    /// Those whose longest pause is the injected one, to 5 %.
    pub pauses_seen: usize,
}

/// Sums up the null comparisons; `None` without one.
pub fn nulls(records: &[Record], clock: Clock) -> Option<Nulls> {
    let mut found = comparisons(records, clock);
    found.retain(|comparison| comparison.injected == Injected::default());
    let comparisons = found.len() as u64;
    let alarms = found.iter().filter(|comparison| comparison.differs()).count() as u64;
    let by_chance = Binomial::new(ALPHA, comparisons).ok()?;
    Some(Nulls {
        clock,
        comparisons,
        alarms,
        rate: alarms as f64 / comparisons as f64,
        at_most: upper_bound(alarms as usize, comparisons as usize, CONFIDENCE),
        p: if alarms == 0 { 1.0 } else { by_chance.sf(alarms - 1) },
        greatest: found.iter().map(|c| (c.found.ratio - 1.0).abs()).max_by(f64::total_cmp)?,
    })
}

/// Sums up the comparisons with injected effects, an entry for each effect, the least first.
pub fn effects(records: &[Record], clock: Clock) -> Vec<Effect> {
    let mut by_effect: BTreeMap<Injected, Vec<Comparison>> = BTreeMap::new();
    for comparison in comparisons(records, clock) {
        if comparison.injected != Injected::default() {
            by_effect.entry(comparison.injected).or_default().push(comparison);
        }
    }
    by_effect.into_iter().map(|(injected, found)| effect(records, clock, injected, &found)).collect()
}

fn effect(records: &[Record], clock: Clock, injected: Injected, found: &[Comparison]) -> Effect {
    let count = |is: &dyn Fn(&Comparison) -> bool| found.iter().filter(|c| is(c)).count();
    let logs = |of: fn(&Comparison) -> f64| found.iter().map(|c| of(c).ln()).collect::<Vec<f64>>();
    let (middle, half) = mean(&logs(|c| c.found.ratio));
    let length = f64::from(injected.pause_us) * 1e3;
    let pausing = || {
        let injected = records.iter().filter(|r| r.status == Status::Ok && r.injected == injected);
        injected.filter(|r| r.injected.pause_us > 0).map(|r| r.pauses.max_ns as f64)
    };
    Effect {
        clock,
        injected,
        comparisons: found.len(),
        truth: mean(&logs(|c| c.truth)).0.exp(),
        found: middle.exp(),
        low: (middle - half).exp(),
        high: (middle + half).exp(),
        detected: count(&|c| c.differs() && c.found.ratio > 1.0),
        reversed: count(&|c| c.differs() && c.found.ratio < 1.0),
        covered: count(&Comparison::covers),
        pausing_cells: pausing().count(),
        pauses_seen: pausing().filter(|ns| (length..=length * (1.0 + PAUSE_TOLERANCE)).contains(ns)).count(),
    }
}

/// The mean, and half of its 95 % interval: infinite of fewer than two values.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return (mean, f64::INFINITY);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, student(values.len()) * (squares / (count - 1.0) / count).sqrt())
}

/// What speaks against the comparisons, a line each: equal arms differ too often; an effect has the wrong sign, or is found
/// by neither clock.
pub fn faults(records: &[Record]) -> Vec<String> {
    let nulls = Clock::ALL.into_iter().filter_map(|clock| nulls(records, clock));
    let mut faults: Vec<String> = nulls
        .filter(|nulls| nulls.p < SIGNIFICANT)
        .map(|n| format!("{} time: {} of {} equal arms differ", n.clock.name(), n.alarms, n.comparisons))
        .collect();
    let of_clocks = Clock::ALL.map(|clock| effects(records, clock));
    for effect in of_clocks.iter().flatten().filter(|effect| effect.high < 1.0) {
        let clock = effect.clock.name();
        faults.push(format!("{clock} time: {} has the wrong sign", effect_name(effect.injected)));
    }
    for effect in &of_clocks[0] {
        let same = |other: &&Effect| other.injected == effect.injected;
        if of_clocks.iter().flatten().filter(same).all(|effect| effect.detected == 0) {
            faults.push(format!("{} is never found", effect_name(effect.injected)));
        }
        if effect.pausing_cells > 0 && effect.pauses_seen == 0 {
            faults.push(format!("{} is in no cell's pauses", effect_name(effect.injected)));
        }
    }
    faults
}

/// An effect in words: `+1 % work`, `+10 ms pause`.
pub fn effect_name(injected: Injected) -> String {
    let mut parts = Vec::new();
    if injected.work_permille > 0 {
        parts.push(format!("+{} % work", f64::from(injected.work_permille) / 10.0));
    }
    if injected.pause_us > 0 {
        parts.push(format!("+{} ms pause", f64::from(injected.pause_us) / 1e3));
    }
    if parts.is_empty() { "nothing".to_string() } else { parts.join(", ") }
}

/// What the null comparisons of a run found, in one line; `None` when it had none.
pub fn null_line(records: &[Record]) -> Option<String> {
    let found: Vec<Nulls> = Clock::ALL.into_iter().filter_map(|clock| nulls(records, clock)).collect();
    let parts: Vec<String> = found
        .iter()
        .map(|n| {
            let (clock, greatest) = (n.clock.name(), n.greatest * 100.0);
            format!("{} of {} by {clock} time (greatest difference {greatest:.1} %)", n.alarms, n.comparisons)
        })
        .collect();
    (!parts.is_empty()).then(|| {
        format!("null comparison: of pairs of equal arms these differ at the 5 % level: {}", parts.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Cells of one comparison; the odd arm takes `factor` times as long.
    fn cells(number: u32, factor: f64, injected: Injected, random: &mut Pcg64Mcg) -> Vec<Record> {
        let cell = |index: u32| {
            let odd = index % 2;
            let noise = 1.0 + (0..6).map(|_| random.random_range(-0.005..0.005)).sum::<f64>();
            let wall_ns = (1e8 * noise * if odd == 1 { factor } else { 1.0 }) as u64;
            let mut cell = Record {
                strategy: "bump".into(),
                workload: "rings".into(),
                status: Status::Ok,
                invocation: index / 2,
                arm: 2 * number + odd,
                injected: if odd == 1 { injected } else { Injected::default() },
                wall_ns,
                cpu_ns: wall_ns,
                ..Record::default()
            };
            cell.pauses.max_ns = u64::from(cell.injected.pause_us) * 1001;
            cell
        };
        (0..20).map(cell).collect()
    }

    fn many(count: u32, factor: f64, injected: Injected, seed: u64) -> Vec<Record> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        (0..count).flat_map(|number| cells(number, factor, injected, &mut random)).collect()
    }

    const WORK: Injected = Injected { work_permille: 20, pause_us: 0 };

    #[test]
    fn equal_arms_differ_about_as_often_as_the_level_says() {
        let found = nulls(&many(400, 1.0, Injected::default(), 3), Clock::Wall).unwrap();
        assert_eq!(found.comparisons, 400);
        assert!((5..40).contains(&found.alarms) && found.at_most > found.rate, "{found:?}");
        assert!(found.p > SIGNIFICANT && found.greatest < 0.05, "{found:?}");
    }

    #[test]
    fn arms_that_are_not_equal_are_a_fault() {
        let records = many(50, 1.02, Injected::default(), 3);
        assert!(nulls(&records, Clock::Cpu).unwrap().p < 1e-9);
        let faults = faults(&records);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].ends_with("of 50 equal arms differ"), "{faults:?}");
    }

    #[test]
    fn an_effect_is_found_with_its_size() {
        let records = many(40, 1.02, WORK, 5);
        let effect = &effects(&records, Clock::Wall)[0];
        assert!((effect.truth - 1.02).abs() < 1e-9 && effect.comparisons == 40, "{effect:?}");
        assert!(effect.low < 1.02 && 1.02 < effect.high, "{effect:?}");
        assert!(effect.detected > 35 && effect.reversed == 0 && effect.covered > 33, "{effect:?}");
        assert_eq!(faults(&records), Vec::<String>::new());
    }

    #[test]
    fn an_effect_that_is_not_there_or_the_wrong_way_round_is_a_fault() {
        let reversed = faults(&many(10, 0.97, WORK, 5));
        assert!(
            reversed.iter().any(|fault| fault == "wall time: +2 % work has the wrong sign"),
            "{reversed:?}"
        );
        assert!(reversed.iter().any(|fault| fault == "+2 % work is never found"), "{reversed:?}");
    }

    #[test]
    fn a_pause_is_looked_for_among_the_pauses() {
        let pause = Injected { work_permille: 0, pause_us: 10_000 };
        let mut records = many(5, 1.1, pause, 5);
        let found = &effects(&records, Clock::Wall)[0];
        assert!((found.truth - 1.1).abs() < 0.01, "{found:?}");
        assert_eq!((found.pausing_cells, found.pauses_seen), (50, 50));
        records.iter_mut().for_each(|record| record.pauses.max_ns = 9_999_999);
        assert_eq!(faults(&records), ["+10 ms pause is in no cell's pauses"]);
    }

    #[test]
    fn cells_without_a_second_arm_or_a_good_end_are_no_comparison() {
        let mut records = many(2, 1.0, Injected::default(), 1);
        records.iter_mut().filter(|record| record.arm == 1).for_each(|record| record.status = Status::Failed);
        records.retain(|record| record.arm < 3);
        assert_eq!(comparisons(&records, Clock::Wall), []);
        assert_eq!((nulls(&records, Clock::Wall), null_line(&records)), (None, None));
        assert!(null_line(&many(1, 1.0, Injected::default(), 1)).unwrap().contains("of 1 by wall time"));
    }

    #[test]
    fn effects_have_names() {
        let effect = |work_permille, pause_us| effect_name(Injected { work_permille, pause_us });
        assert_eq!(effect(10, 0), "+1 % work");
        assert_eq!(effect(5, 10_000), "+0.5 % work, +10 ms pause");
        assert_eq!(effect(0, 0), "nothing");
    }
}
