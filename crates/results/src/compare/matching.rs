//! Which cells are laid side by side, and what keeps them from being compared.

use super::{statuses, well};
use crate::{Group, Record, Setting, group};
use std::collections::{BTreeMap, BTreeSet};

/// The cells of A and of B that answer each other. One side may be empty.
pub(super) struct Sides<'a> {
    pub(super) setting: Setting,
    pub(super) strategy_a: &'a str,
    pub(super) strategy_b: &'a str,
    pub(super) a: Vec<&'a Record>,
    pub(super) b: Vec<&'a Record>,
}

/// All cells of one strategy in one setting.
type Cells<'a> = (Setting, &'a str, Vec<&'a Record>);

pub(super) fn over_time<'a>(a: &'a [Record], b: &'a [Record]) -> Vec<Sides<'a>> {
    let same = |a: &str, b: &str| a == b;
    matched(cells(a, |_| true), cells(b, |_| true), same)
}

pub(super) fn between<'a>(records: &'a [Record], a: &'a str, b: &'a str) -> Vec<Sides<'a>> {
    let mut sides = matched(cells(records, |name| name == a), cells(records, |name| name == b), |_, _| true);
    // A side that has no cells has a name all the same.
    sides.iter_mut().for_each(|sides| (sides.strategy_a, sides.strategy_b) = (a, b));
    sides
}

fn cells(records: &[Record], is_meant: impl Fn(&str) -> bool) -> Vec<Cells<'_>> {
    let in_group = |Group { setting, strategies }| {
        strategies.into_iter().map(move |(name, cells)| (Setting::clone(&setting), name, cells))
    };
    group::group(records).into_iter().flat_map(in_group).filter(|(_, name, _)| is_meant(name)).collect()
}

/// Each of A with that of B in the same setting; else with one whose setting differs in its parameters only; else alone.
fn matched<'a>(
    a: Vec<Cells<'a>>,
    mut b: Vec<Cells<'a>>,
    same_name: fn(&str, &str) -> bool,
) -> Vec<Sides<'a>> {
    let (mut sides, mut left): (Vec<Sides>, Vec<Cells>) = (Vec::new(), Vec::new());
    let mut join = |(setting, strategy_a, a): Cells<'a>, (_, strategy_b, b): Cells<'a>| {
        sides.push(Sides { setting, strategy_a, strategy_b, a, b });
    };
    for one in a {
        match b.iter().position(|(setting, name, _)| *setting == one.0 && same_name(one.1, name)) {
            Some(place) => join(one, b.remove(place)),
            None => left.push(one),
        }
    }
    for one in left {
        let is_like = |(setting, name, _): &Cells| {
            Setting { parameters: BTreeMap::new(), ..setting.clone() }
                == Setting { parameters: BTreeMap::new(), ..one.0.clone() }
                && same_name(one.1, name)
        };
        let nothing = (one.0.clone(), one.1, Vec::new());
        match b.iter().position(is_like) {
            Some(place) => join(one, b.remove(place)),
            None => join(one, nothing),
        }
    }
    for one in b {
        join((one.0.clone(), one.1, Vec::new()), one);
    }
    sides.sort_by_cached_key(|sides| (sides.setting.order(), sides.strategy_a, sides.strategy_b));
    sides
}

impl Sides<'_> {
    /// Whether both sides did the same work; true where one has no cells.
    pub(super) fn same_parameters(&self) -> bool {
        self.a.first().zip(self.b.first()).is_none_or(|(a, b)| a.parameters == b.parameters)
    }

    /// Whether cells of the same seed read back different values.
    pub(super) fn checksums_differ(&self) -> bool {
        let mut seeds: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        for cell in well(&self.a).into_iter().chain(well(&self.b)) {
            seeds.entry(cell.seed).or_default().insert(&cell.checksum);
        }
        seeds.values().any(|checksums| checksums.len() > 1)
    }

    /// Why nothing, or not everything, can be compared, and whether something failed on one side only. Empty when
    /// nothing is wrong.
    pub(super) fn fault(&self) -> (String, bool) {
        if self.b.is_empty() {
            return ("only in A".to_string(), false);
        }
        if self.a.is_empty() {
            return ("only in B".to_string(), false);
        }
        if !self.same_parameters() {
            return (format!("other parameters: {}", self.parameters()), false);
        }
        if self.checksums_differ() {
            return ("checksums differ: the sides did not do the same".to_string(), true);
        }
        let unwell = [("A", &self.a), ("B", &self.b)].map(|(side, cells)| {
            let failed = cells.len() - well(cells).len();
            (failed > 0).then(|| format!("{side}: {}", ended(cells)))
        });
        let failed = unwell.iter().flatten().count() == 1;
        (unwell.into_iter().flatten().collect::<Vec<_>>().join("; "), failed)
    }

    /// The parameters that differ: `nodes 100 in A, 200 in B`.
    fn parameters(&self) -> String {
        let of = |cells: &[&Record], name: &String| {
            let value = cells.first().and_then(|cell| cell.parameters.get(name));
            value.map_or("none".to_string(), ToString::to_string)
        };
        let names: BTreeSet<&String> =
            self.a.iter().chain(&self.b).flat_map(|cell| cell.parameters.keys()).collect();
        let pairs = names.into_iter().map(|name| (name, of(&self.a, name), of(&self.b, name)));
        let differing = pairs.filter(|(_, a, b)| a != b);
        differing.map(|(name, a, b)| format!("{name} {a} in A, {b} in B")).collect::<Vec<_>>().join(", ")
    }
}

/// How cells ended: `1 failed, 2 ok (SIGSEGV)`.
fn ended(cells: &[&Record]) -> String {
    let counts: Vec<String> = statuses(cells).iter().map(|(name, count)| format!("{count} {name}")).collect();
    let error = cells.iter().map(|cell| cell.error.as_str()).find(|error| !error.is_empty());
    format!("{}{}", counts.join(", "), error.map_or(String::new(), |error| format!(" ({error})")))
}
