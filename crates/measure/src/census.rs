//! The census of a run: every object's birth and death, counted. What comes of it is exact: the same run gives the same
//! counts on every machine.
//!
//! The clock is the bytes of object blocks allocated so far, the storage of lists and dicts left out; an object's age is
//! what the clock has advanced since its own birth. An object lives to an age when it is not dead before, and counts
//! for that age when so much is allocated after its birth: at the end of a run nobody knows how long the youngest
//! would have lived. So the youngest of all objects, dead or not, are noted until they are old enough.
//!
//! Out-degrees need a heap that tells them ([`Recorder::references`]): those that count.

use heapbench_heap::{Kind, Pause, Recorder, Shape, Work};
use heapbench_results::card::{
    AGES, Counts, Deaths, KindShare, Memory, OUT_DEGREES, Share, SizeClass, Sizes, Survival,
};
use rustc_hash::FxBuildHasher;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Bytes of a reference.
const WORD: usize = size_of::<u64>();

/// The greatest age that is looked at.
const OLDEST: u64 = AGES[AGES.len() - 1];

/// Size classes below the powers of two.
const SMALL_CLASSES: [u64; 6] = [16, 32, 48, 64, 96, 128];

/// A live object.
#[derive(Clone, Copy, Debug)]
struct Living {
    /// The clock at its birth, its own bytes counted.
    born: u64,
    /// The most references that it was told to hold; `None` for leaves.
    references: Option<u64>,
}

/// Counts objects.
#[derive(Debug, Default)]
pub struct Census {
    clock: u64,
    objects: u64,
    living: HashMap<usize, Living, FxBuildHasher>,
    /// The clock at the births of the last objects: those younger than [`OLDEST`].
    young: VecDeque<u64>,
    /// Objects by the exact size of their blocks.
    sizes: BTreeMap<u64, u64>,
    kinds: BTreeMap<Kind, Share>,
    /// The dead that lived to each age.
    survived: [u64; AGES.len()],
    out_degree: [u64; OUT_DEGREES.len() + 1],
    deaths: Deaths,
    collecting: bool,
}

impl Census {
    /// What was counted so far, for a run that ends here.
    pub fn counts(&self, memory: Memory) -> Counts {
        let containers = self.kinds.iter().filter(|(kind, _)| !kind.is_leaf()).map(|(_, share)| share);
        Counts {
            objects: self.objects,
            bytes: self.clock,
            sizes: self.sizes(),
            survival: self.survival(),
            out_degree: self.out_degree,
            containers: containers.fold(Share::default(), |sum, share| Share {
                objects: sum.objects + share.objects,
                bytes: sum.bytes + share.bytes,
            }),
            kinds: self.kinds(),
            deaths: Deaths { alive_at_end: self.living.len() as u64, ..self.deaths },
            memory,
        }
    }

    fn sizes(&self) -> Sizes {
        let mut classes: Vec<SizeClass> = Vec::new();
        for (size, objects) in &self.sizes {
            let up_to = size_class(*size);
            match classes.last_mut() {
                Some(class) if class.up_to == up_to => class.objects += objects,
                _ => classes.push(SizeClass { up_to, objects: *objects }),
            }
        }
        let [p50, p90, p99] = [50, 90, 99].map(|percent| self.percentile(percent));
        Sizes { p50, p90, p99, classes }
    }

    /// The least size that this share of all blocks do not exceed.
    fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.objects * percent).div_ceil(100);
        let mut below = 0;
        let reaches = |(_, objects): &(&u64, &u64)| {
            below += **objects;
            below >= rank
        };
        self.sizes.iter().find(reaches).map_or(0, |(size, _)| *size)
    }

    fn survival(&self) -> Vec<Survival> {
        let row = |(age, dead): (u64, u64)| {
            let old = |born: u64| self.clock - born >= age;
            let too_young = self.young.iter().filter(|born| !old(**born)).count() as u64;
            let living = self.living.values().filter(|object| old(object.born)).count() as u64;
            Survival { age, objects: self.objects - too_young, alive: dead + living }
        };
        AGES.into_iter().zip(self.survived).map(row).collect()
    }

    /// The most frequent first, in the order of their declaration among equals.
    fn kinds(&self) -> Vec<KindShare> {
        let mut kinds: Vec<KindShare> = self
            .kinds
            .iter()
            .map(|(kind, share)| KindShare { kind: kind.name().to_string(), share: *share })
            .collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.share.objects));
        kinds
    }
}

impl Recorder for Census {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, bytes: usize) {
        let size = block_bytes(shape, bytes) as u64;
        self.clock += size;
        self.objects += 1;
        *self.sizes.entry(size).or_default() += 1;
        let kind = self.kinds.entry(shape.kind).or_default();
        kind.objects += 1;
        kind.bytes += size;
        while self.young.front().is_some_and(|born| self.clock - born >= OLDEST) {
            self.young.pop_front();
        }
        self.young.push_back(self.clock);
        let references = (!shape.kind.is_leaf()).then_some(0);
        self.living.insert(address, Living { born: self.clock, references });
    }

    fn references(&mut self, address: usize, count: usize) {
        if let Some(most) = self.living.get_mut(&address).and_then(|object| object.references.as_mut()) {
            *most = (*most).max(count as u64);
        }
    }

    fn died(&mut self, address: usize) {
        let Some(dead) = self.living.remove(&address) else { return };
        let age = self.clock - dead.born;
        for (survived, least) in self.survived.iter_mut().zip(AGES) {
            *survived += u64::from(age >= least);
        }
        if let Some(references) = dead.references {
            self.out_degree[OUT_DEGREES.partition_point(|most| *most < references)] += 1;
        }
        let deaths = &mut self.deaths;
        *(if self.collecting { &mut deaths.collected } else { &mut deaths.counted }) += 1;
    }

    fn moved(&mut self, from: usize, to: usize) {
        if let Some(object) = self.living.remove(&from) {
            self.living.insert(to, object);
        }
    }

    fn pause_started(&mut self, pause: Pause) {
        self.collecting = matches!(pause, Pause::Collection(_));
    }

    fn pause_stopped(&mut self, _pause: Pause, _work: Work) {
        self.collecting = false;
    }
}

/// Bytes of a new object without its storage: growable kinds have their slots and payload there from birth.
pub(crate) fn block_bytes(shape: Shape, bytes: usize) -> usize {
    let storage = if shape.kind.is_growable() { shape.slots as usize * WORD + shape.bytes } else { 0 };
    bytes.saturating_sub(storage)
}

/// The largest block of the class that a block belongs to.
fn size_class(size: u64) -> u64 {
    let small = SMALL_CLASSES.into_iter().find(|class| size <= *class);
    small.unwrap_or_else(|| size.next_power_of_two())
}
