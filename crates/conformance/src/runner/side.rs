//! What the runner remembers of each side, heap and model, in its recorder: there hooks can reach it.
//!
//! Each side has its own names, saved list and finalizers, changed by the same code in the same order: what differs is
//! seen in the events.

use heapbench_heap::{Pause, Recorder, Shape, Work};
use heapbench_model::{Event, Guide, Id};
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

use super::hooks::Finalizer;
use super::names::Names;
use crate::Deaths;

/// The recorder of the heaps that the runner runs.
#[derive(Debug, Default)]
pub struct Side {
    pub(super) deaths: Deaths,
    pub(super) names: Names,
    /// Finalizers that have not run, by their hook's `data`.
    finalizers: HashMap<u64, Finalizer, FxBuildHasher>,
    /// References that they may save.
    may_save: usize,
    /// Hooks that are running.
    pub(super) nested: u32,
    /// What finalizers read: the hook's `data`, and whether the weak reference gave its target.
    pub(super) reads: Vec<(u64, bool)>,
    /// What a hook could not do and the script must stop for.
    pub(super) stop: Option<String>,
    /// Payloads are written and read here; the model's stay zero.
    pub(super) has_payloads: bool,
}

impl Side {
    pub(super) fn of_heap() -> Side {
        Side { has_payloads: true, ..Side::default() }
    }

    pub(super) fn of_model() -> Side {
        Side { deaths: Deaths::of_model(), ..Side::default() }
    }

    pub(super) fn attach(&mut self, hook: u64, finalizer: Finalizer) {
        self.may_save += finalizer.action.may_save();
        self.finalizers.insert(hook, finalizer);
    }

    pub(super) fn detach(&mut self, hook: u64) -> Option<Finalizer> {
        let finalizer = self.finalizers.remove(&hook)?;
        self.may_save -= finalizer.action.may_save();
        Some(finalizer)
    }

    /// References that finalizers which have not run may save.
    pub(super) fn may_save(&self) -> usize {
        self.may_save
    }

    pub(super) fn push(&mut self, event: Event) {
        self.deaths.push(event);
    }

    /// Whether the payload is the object's own, as far as a glance tells.
    pub(super) fn is_intact(&self, owner: Id, payload: &[u8]) -> bool {
        !self.has_payloads || super::pattern::glance(owner, payload)
    }
}

impl Recorder for Side {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, bytes: usize) {
        self.deaths.allocated(address, shape, bytes);
    }

    fn died(&mut self, address: usize) {
        self.deaths.died(address);
    }

    fn moved(&mut self, from: usize, to: usize) {
        self.deaths.moved(from, to);
    }

    fn pause_started(&mut self, pause: Pause) {
        self.deaths.pause_started(pause);
    }

    fn pause_stopped(&mut self, pause: Pause, work: Work) {
        self.deaths.pause_stopped(pause, work);
    }
}

impl Guide for Side {
    fn ahead(&self) -> Option<&[Event]> {
        self.deaths.ahead()
    }
}
