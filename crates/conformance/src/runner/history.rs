//! What a script may ask about later: which object a name was last bound to, and what became of it.
//!
//! An object has a record while a name refers to it, or while it is alive and has hooks or a past that a name may yet
//! come to ask about. Memory is in proportion to names and the living.

use heapbench_model::{Event, Id};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

use super::names::Label;

/// Names that a script can have.
pub(super) const MOST_NAMES: usize = 1 << 24;

/// What became of an object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    /// Names that were last bound to it.
    names: u32,
    pub(super) is_weak: bool,
    /// Its finalizer or callback, not called yet.
    hook: Option<u64>,
    /// How often its finalizer ran.
    pub(super) finalized: u64,
    /// How often its callback was called.
    pub(super) calls: u64,
    /// What its finalizer read.
    pub(super) read: Option<bool>,
    pub(super) death: Option<Death>,
}

/// When an object was reclaimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Death {
    /// In which statement, silent ones not counted.
    pub(super) statement: u64,
    /// Greater is later; objects of one collection share it.
    pub(super) instant: u64,
}

#[derive(Debug)]
pub(super) struct History {
    names: IndexSet<Box<str>>,
    /// The object that each name was last bound to.
    bound: Vec<Option<Id>>,
    records: HashMap<Id, Record, FxBuildHasher>,
    /// Whose hook it is.
    owners: HashMap<u64, Id, FxBuildHasher>,
    hooks: u64,
    /// Statements so far, silent ones not counted.
    pub(super) statement: u64,
    instant: u64,
    collecting: bool,
    /// Only collections reclaim, and what they found may be reported later.
    tracing: bool,
    /// Objects that the last `collect` statement reclaimed; 0 before the first.
    pub(super) freed: u64,
}

impl History {
    pub(super) fn new(tracing: bool) -> History {
        History {
            names: IndexSet::new(),
            bound: Vec::new(),
            records: HashMap::default(),
            owners: HashMap::default(),
            hooks: 0,
            statement: 0,
            instant: 0,
            collecting: false,
            tracing,
            freed: 0,
        }
    }

    /// The label of a name that was used before.
    pub(super) fn label(&self, name: &str) -> Option<Label> {
        self.names.get_index_of(name).map(|index| index as Label)
    }

    /// The label of a name, a new one when it is new; `None` when there are too many names.
    pub(super) fn label_or_new(&mut self, name: &str) -> Option<Label> {
        if let Some(label) = self.label(name) {
            return Some(label);
        }
        if self.names.len() == MOST_NAMES {
            return None;
        }
        self.bound.push(None);
        Some(self.names.insert_full(name.into()).0 as Label)
    }

    pub(super) fn name(&self, label: Label) -> &str {
        self.names.get_index(label as usize).map_or("", |name| name)
    }

    /// The object that a name was last bound to.
    pub(super) fn bound(&self, label: Label) -> Option<Id> {
        self.bound.get(label as usize).copied().flatten()
    }

    pub(super) fn record(&self, object: Id) -> Record {
        self.records.get(&object).copied().unwrap_or_default()
    }

    pub(super) fn bind(&mut self, label: Label, object: Id, is_weak: bool) {
        let Some(bound) = self.bound.get_mut(label as usize) else { return };
        if *bound == Some(object) {
            return;
        }
        let old = bound.replace(object);
        let record = self.records.entry(object).or_default();
        record.names += 1;
        record.is_weak = is_weak;
        if let Some(old) = old
            && let Some(record) = self.records.get_mut(&old)
        {
            record.names -= 1;
            self.forget_if_plain(old);
        }
    }

    /// The number of the next hook.
    pub(super) fn next_hook(&mut self) -> u64 {
        self.hooks += 1;
        self.hooks
    }

    /// The hook that an object has, not called yet.
    pub(super) fn hook(&self, object: Id) -> Option<u64> {
        self.records.get(&object)?.hook
    }

    /// An object has this hook now.
    pub(super) fn attach(&mut self, object: Id, is_weak: bool, hook: u64) {
        let record = self.records.entry(object).or_default();
        record.is_weak = is_weak;
        if let Some(replaced) = record.hook.replace(hook) {
            self.owners.remove(&replaced);
        }
        self.owners.insert(hook, object);
    }

    /// What a finalizer read.
    pub(super) fn read(&mut self, hook: u64, gives: bool) {
        let owner = self.owners.get(&hook).and_then(|owner| self.records.get_mut(owner));
        owner.into_iter().for_each(|record| record.read = Some(gives));
    }

    /// Notes what happened.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::Died(object) => self.note_death(object),
            Event::Hook(hook) => {
                if let Some(record) = self.owners.remove(&hook).and_then(|owner| self.records.get_mut(&owner))
                {
                    record.hook = None;
                    let count = if record.is_weak { &mut record.calls } else { &mut record.finalized };
                    *count += 1;
                }
            }
            Event::CollectionStarted(_) => {
                self.collecting = true;
                self.instant += 1;
            }
            Event::CollectionStopped => self.collecting = false,
            _ => {}
        }
    }

    fn note_death(&mut self, object: Id) {
        if !self.collecting && !self.tracing {
            self.instant += 1;
        }
        let Some(record) = self.records.get_mut(&object) else { return };
        record.death = Some(Death { statement: self.statement, instant: self.instant });
        if let Some(hook) = record.hook.take() {
            self.owners.remove(&hook);
        }
        self.forget_if_plain(object);
    }

    /// Forgets what nobody can ask about.
    fn forget_if_plain(&mut self, object: Id) {
        let Some(record) = self.records.get(&object) else { return };
        let has_past =
            record.hook.is_some() || record.finalized > 0 || record.calls > 0 || record.read.is_some();
        if record.names == 0 && (record.death.is_some() || !has_past) {
            self.records.remove(&object);
        }
    }
}
