//! Which of many lines count, in whatever order the files were put together.
//!
//! A line that stands there twice is one. Two with the same id that are not the same contradict each other: somebody
//! changed one; both are kept, and told. Of several records of one cell one stands for it: the latest that ended
//! well, or the latest when none did. The latest is that of the run that began last, and in it the one written last.

use super::line::{Line, LineId};
use super::scan::Entry;
use crate::group::CellKey;
use crate::{Record, RunInfo, Status};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Entries without those that are there twice.
#[derive(Debug)]
pub(super) struct Distinct<T> {
    /// In the order in which they came.
    pub(super) entries: Vec<Entry<T>>,
    /// How many were there already.
    pub(super) duplicates: usize,
    /// Pairs that have the same id and are not the same.
    pub(super) conflicts: Vec<(usize, usize)>,
    first: HashMap<Identity, usize>,
}

/// What two copies of a line have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Identity {
    Id(LineId),
    /// Lines of schema 1 have no id: only the same text is the same line.
    Text(u32),
}

impl<T: Line> Distinct<T> {
    pub(super) fn new() -> Distinct<T> {
        Distinct { entries: Vec::new(), duplicates: 0, conflicts: Vec::new(), first: HashMap::new() }
    }

    /// Takes an entry, unless it is there already.
    pub(super) fn push(&mut self, entry: Entry<T>) -> bool {
        let identity = entry.id.map_or(Identity::Text(entry.crc), Identity::Id);
        let first = *self.first.entry(identity).or_insert(self.entries.len());
        let is_same = |other: usize| {
            self.entries.get(other).is_some_and(|o| (o.crc, &o.value) == (entry.crc, &entry.value))
        };
        let others = self.conflicts.iter().filter(|pair| pair.0 == first).map(|pair| pair.1);
        if is_same(first) || others.into_iter().any(is_same) {
            self.duplicates += 1;
            return false;
        }
        if first < self.entries.len() && entry.id.is_some() {
            self.conflicts.push((first, self.entries.len()));
        }
        self.entries.push(entry);
        true
    }
}

/// When runs began, by name.
pub(super) type Begun<'a> = BTreeMap<&'a str, &'a str>;

/// When each run began.
pub(super) fn begun(runs: &[Entry<RunInfo>]) -> Begun<'_> {
    runs.iter().map(|run| (run.value.run.as_str(), run.value.started.as_str())).collect()
}

/// Which of two lines is older, whichever file they stand in. Lines of schema 1 of one run are of one age.
pub(super) fn by_age<T: Line>(one: &Entry<T>, other: &Entry<T>, begun: &Begun) -> Ordering {
    let age = |entry: &Entry<T>| entry.id.map(|id| (id, entry.crc));
    let run = |entry: &Entry<T>| begun.get(entry.value.run()).copied();
    (run(one), one.value.run(), age(one)).cmp(&(run(other), other.value.run(), age(other)))
}

/// What stands for the cells.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Which records, in the order in which their cells first appeared.
    pub(super) kept: Vec<usize>,
    /// How many cells have another record that ended well too.
    pub(super) repeated: usize,
}

/// One record for each cell.
pub(super) fn standing(records: &[Entry<Record>], begun: &Begun) -> Standing {
    let mut places: HashMap<(u64, u64), usize> = HashMap::new();
    let mut standing = Standing::default();
    let mut repeated = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let place = *places.entry(fingerprint(&CellKey::of(&record.value))).or_insert(standing.kept.len());
        let Some(kept) = standing.kept.get_mut(place) else {
            standing.kept.push(index);
            repeated.push(false);
            continue;
        };
        let is_ok = |index: usize| records[index].value.status == Status::Ok;
        repeated[place] |= is_ok(*kept) && is_ok(index);
        let order = is_ok(*kept).cmp(&is_ok(index));
        if order.then_with(|| by_age(&records[*kept], record, begun)).is_le() {
            *kept = index;
        }
    }
    standing.repeated = repeated.into_iter().filter(|repeated| *repeated).count();
    standing
}

/// 128 bits that stand for a cell: keys themselves would take more memory than the records.
fn fingerprint(key: &CellKey) -> (u64, u64) {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, key).hash(&mut hasher);
        hasher.finish()
    };
    (half(0), half(1))
}
