//! The recorder of the suite: it names objects by serial number, logs what can be seen of a heap, in order, and keeps
//! what the mutator of the suite must remember: entered frames, hooks, the handle of the saved.

use heapbench_heap::{Frame, Generation, Immortal, Pause, Recorder, Shape, Work};
use heapbench_model::{Event, Guide, Id};
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

use crate::Action;

/// Logs one heap's events, or the model's.
#[derive(Debug, Default)]
pub struct Deaths {
    /// Who lives at an address.
    serials: HashMap<usize, Id, FxBuildHasher>,
    /// Addresses are serial numbers, as the model's are: no need to keep them.
    numbered: bool,
    allocated: Id,
    events: Vec<Event>,
    /// What the other heap did in the operation that is being repeated; nothing when `guided` is false.
    guide: Vec<Event>,
    guided: bool,
    problem: Option<String>,
    /// The actions of finalizers and callbacks; a hook's `data` is its index here.
    pub(crate) hooks: Vec<Action>,
    /// Hooks that are being run.
    pub(crate) hooks_running: u32,
    /// Operations that failed for want of memory inside hooks.
    pub(crate) failed_in_hooks: u64,
    /// The frames that are entered, the innermost last.
    pub(crate) frames: Vec<Frame>,
    /// Immortal objects so far: the next handle.
    pub(crate) immortals: u32,
    /// The immortal tuple whose slots are the `saved` references of hooks.
    pub(crate) saved: Option<Immortal>,
    /// Its slots in use.
    pub(crate) saved_len: usize,
}

impl Deaths {
    /// A recorder for the reference model.
    pub fn of_model() -> Deaths {
        Deaths { numbered: true, ..Deaths::default() }
    }

    /// Adds an event that only the mutator sees.
    pub fn push(&mut self, event: Event) {
        if event == Event::OutOfMemory && self.hooks_running > 0 {
            self.failed_in_hooks += 1;
        }
        self.events.push(event);
    }

    /// The events since they were last taken or followed.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Begins the repetition of an operation that another heap performed: its events are the guide from now on, and
    /// are no longer the other recorder's.
    pub fn follow(&mut self, other: &mut Deaths) {
        self.guided = true;
        self.events.clear();
        std::mem::swap(&mut self.guide, &mut other.events);
        other.events.clear();
    }

    /// All events of the other heap in the operation that is or was repeated.
    pub fn followed(&self) -> &[Event] {
        &self.guide
    }

    /// The first impossible event: a death of something that was not alive, say.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn report(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

impl Recorder for Deaths {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, _bytes: usize) {
        let serial = self.allocated;
        self.allocated += 1;
        self.events.push(Event::Allocated(serial));
        if self.numbered {
            return;
        }
        if let Some(tenant) = self.serials.insert(address, serial) {
            let kind = shape.kind.name();
            self.report(format!(
                "object {serial} ({kind}) was allocated where object {tenant} lives, expected free memory"
            ));
        }
    }

    fn died(&mut self, address: usize) {
        if self.numbered {
            return self.events.push(Event::Died(address));
        }
        match self.serials.remove(&address) {
            Some(serial) => self.events.push(Event::Died(serial)),
            None => self.report(format!("a death at {address:#x}, expected the address of a live object")),
        }
    }

    fn moved(&mut self, from: usize, to: usize) {
        match self.serials.remove(&from) {
            Some(serial) => {
                if let Some(tenant) = self.serials.insert(to, serial) {
                    self.report(format!(
                        "object {serial} moved to where object {tenant} lives, expected free memory"
                    ));
                }
            }
            None => self.report(format!("a move from {from:#x}, expected the address of a live object")),
        }
    }

    fn pause_started(&mut self, pause: Pause) {
        if let Pause::Collection(generation) = pause {
            self.events.push(Event::CollectionStarted(generation));
        }
    }

    fn pause_stopped(&mut self, pause: Pause, _: Work) {
        if let Pause::Collection(_) = pause {
            self.events.push(Event::CollectionStopped);
        }
    }
}

impl Guide for Deaths {
    #[inline]
    fn ahead(&self) -> Option<&[Event]> {
        if self.guided { Some(&self.guide[self.events.len().min(self.guide.len())..]) } else { None }
    }
}

/// Whether the events contain a full collection.
pub(crate) fn has_full_collection(events: &[Event]) -> bool {
    events.contains(&Event::CollectionStarted(Generation::FULL))
}
