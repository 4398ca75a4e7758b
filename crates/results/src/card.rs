//! The nominal card of a workload: what it asks of a heap, exact and the same on every machine; and what a card has in
//! common with the census of a real program, so that the two can be laid side by side.
//!
//! Sizes are those of object blocks: the object with what is in front of it, the storage of a list or dict left out. The
//! clock of survival counts the same bytes. (The census of real programs was taken so.)

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this schema.
pub const CARD_SCHEMA: u32 = 1;

/// Ages at which survival is looked at, in bytes allocated since the object's birth.
pub const AGES: [u64; 6] = [1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

/// What is counted of out-degrees: the most references in each class; the last class has no bound.
pub const OUT_DEGREES: [u64; 9] = [0, 1, 2, 3, 5, 8, 16, 32, 128];

/// A file of cards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cards {
    /// [`CARD_SCHEMA`] when it was written.
    pub schema: u32,
    /// The command that writes the file.
    pub command: String,
    /// A card for each workload.
    pub cards: Vec<Card>,
}

/// The card of one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The workload's name.
    pub workload: String,
    /// `mechanism` or `program`.
    pub group: String,
    /// The profile that its parameters come from.
    pub profile: String,
    /// The workload's parameters, by name.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Seed of its random choices.
    pub seed: u64,
    /// The configuration under which it was counted.
    pub strategy: String,
    /// What was counted.
    pub counts: Counts,
}

/// What a run of a workload did, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Objects allocated.
    pub objects: u64,
    /// Bytes of their blocks.
    pub bytes: u64,
    /// Sizes of blocks.
    pub sizes: Sizes,
    /// A row for each of [`AGES`].
    pub survival: Vec<Survival>,
    /// Containers by the references that they held when they died: the classes of [`OUT_DEGREES`], and more.
    pub out_degree: [u64; OUT_DEGREES.len() + 1],
    /// Objects that can hold references.
    pub containers: Share,
    /// Objects by kind, the most frequent first.
    pub kinds: Vec<KindShare>,
    /// How they died.
    pub deaths: Deaths,
    /// Memory, storage of lists and dicts included.
    pub memory: Memory,
}

/// Sizes of object blocks in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The median: half of the objects are not larger.
    pub p50: u64,
    /// The 90th percentile.
    pub p90: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The classes of size that have objects, the smallest first.
    pub classes: Vec<SizeClass>,
}

/// Objects of one class of size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeClass {
    /// The largest block in it, in bytes: 16, 32, 48, 64, 96, 128, and then the powers of two.
    pub up_to: u64,
    /// Objects.
    pub objects: u64,
}

/// How many objects live to an age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survival {
    /// The age: bytes allocated since the object's birth.
    pub age: u64,
    /// Objects after which so much was allocated: of the others nobody knows.
    pub objects: u64,
    /// Those of them that were alive then.
    pub alive: u64,
}

/// A part of all objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Objects.
    pub objects: u64,
    /// Bytes of their blocks.
    pub bytes: u64,
}

/// The objects of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindShare {
    /// The kind's name.
    pub kind: String,
    /// How many, and their bytes.
    #[serde(flatten)]
    pub share: Share,
}

/// How objects died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deaths {
    /// By counting.
    pub counted: u64,
    /// In a collection: members of dead cycles, and what only they held.
    pub collected: u64,
    /// Alive when the program had ended.
    pub alive_at_end: u64,
}

/// Memory of a run in bytes, storage included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Allocated in all.
    pub allocated_bytes: u64,
    /// Live at most.
    pub peak_live_bytes: u64,
}

/// Objects and bytes allocated in a second: a time, and so no part of a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllocationRate {
    /// Objects a second.
    pub objects_per_second: f64,
    /// Bytes a second, storage included.
    pub bytes_per_second: f64,
}

/// The census of real programs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RealPrograms {
    /// Which programs, under which Python.
    pub source: String,
    /// A row for each.
    pub programs: Vec<Demographics>,
}

/// What the objects of a program are like: what a card and a real program's census have in common. Shares are from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demographics {
    /// The program's name.
    pub name: String,
    /// Objects allocated.
    pub objects: u64,
    /// Mean size of a block in bytes.
    pub mean_bytes: f64,
    /// Median size of a block in bytes.
    pub p50_bytes: u64,
    /// 90th percentile of the size.
    pub p90_bytes: u64,
    /// 99th percentile of the size.
    pub p99_bytes: u64,
    /// Share of containers in objects.
    pub containers: f64,
    /// Share of containers in bytes.
    pub container_bytes: f64,
    /// Share of objects that live to each of [`AGES`]; `None` where none can be told.
    pub survival: [Option<f64>; AGES.len()],
    /// Share of deaths that happen in a collection.
    pub collected: f64,
    /// Share of each class of out-degree in the containers that died: the classes of [`OUT_DEGREES`], and more.
    pub out_degree: [f64; OUT_DEGREES.len() + 1],
}

impl Card {
    /// What the card has in common with the census of a real program.
    pub fn demographics(&self) -> Demographics {
        let counts = &self.counts;
        let mut survival = [None; AGES.len()];
        for (place, age) in survival.iter_mut().zip(AGES) {
            *place = counts.survival.iter().find(|row| row.age == age).and_then(Survival::share);
        }
        let dead_containers = counts.out_degree.iter().sum();
        Demographics {
            name: self.workload.clone(),
            objects: counts.objects,
            mean_bytes: ratio(counts.bytes, counts.objects),
            p50_bytes: counts.sizes.p50,
            p90_bytes: counts.sizes.p90,
            p99_bytes: counts.sizes.p99,
            containers: ratio(counts.containers.objects, counts.objects),
            container_bytes: ratio(counts.containers.bytes, counts.bytes),
            survival,
            collected: counts.deaths.collected_share(),
            out_degree: counts.out_degree.map(|containers| ratio(containers, dead_containers)),
        }
    }
}

impl Share {
    /// Mean size of a block in bytes; 0 without objects.
    pub fn mean_bytes(self) -> f64 {
        ratio(self.bytes, self.objects)
    }
}

impl Survival {
    /// The share that lives to this age; `None` when there is no object to tell it by.
    pub fn share(&self) -> Option<f64> {
        (self.objects > 0).then(|| ratio(self.alive, self.objects))
    }
}

impl Deaths {
    /// Share of deaths that happened in a collection; 0 without deaths.
    pub fn collected_share(self) -> f64 {
        ratio(self.collected, self.counted + self.collected)
    }
}

impl Memory {
    /// How often the program allocated its peak: allocated over live.
    pub fn turnover(self) -> f64 {
        ratio(self.allocated_bytes, self.peak_live_bytes)
    }
}

/// The name of a class of out-degrees: `3`, `4-5`, `>128`.
pub fn out_degree_name(class: usize) -> String {
    let least = class.checked_sub(1).and_then(|before| OUT_DEGREES.get(before)).map_or(0, |most| most + 1);
    match OUT_DEGREES.get(class) {
        Some(most) if *most == least => most.to_string(),
        Some(most) => format!("{least}-{most}"),
        None => format!(">{}", least - 1),
    }
}

/// 0 where there is nothing to share.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_out_degrees_have_the_census_names() {
        let names: Vec<String> = (0..=OUT_DEGREES.len()).map(out_degree_name).collect();
        assert_eq!(names, ["0", "1", "2", "3", "4-5", "6-8", "9-16", "17-32", "33-128", ">128"]);
    }

    #[test]
    fn a_card_of_nothing_has_no_nan_and_comes_back_from_json() {
        let card = Card::default();
        let of_nothing = card.demographics();
        assert_eq!((of_nothing.mean_bytes, of_nothing.collected, of_nothing.survival[0]), (0.0, 0.0, None));
        assert_eq!(card.counts.memory.turnover(), 0.0);
        let text = serde_json::to_string(&card).unwrap();
        assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card);
    }

    #[test]
    fn survival_is_found_by_age_and_unknown_without_objects() {
        let row = |age, objects, alive| Survival { age, objects, alive };
        let counts = Counts { survival: vec![row(AGES[1], 4, 1), row(AGES[0], 0, 0)], ..Counts::default() };
        let survival = Card { counts, ..Card::default() }.demographics().survival;
        assert_eq!(survival, [None, Some(0.25), None, None, None, None]);
    }
}
