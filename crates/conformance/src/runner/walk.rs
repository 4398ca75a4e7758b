//! Comparisons of the heap with the model: an object that a statement touched, and everything that names and the saved
//! list reach.
//!
//! A heap tells objects apart only by the locals that hold them. So the walk keeps each object that it found in a local
//! of its own, and every further reference to it is compared by identity. Such locals are few compared with a large
//! heap: those of objects whose slots have been compared are used again, and where all are in use the walk ends early
//! (a graph that is both wide and deep beyond [`PLACES`]).

use heapbench_heap::{Heap, Introspect, Kind, Local};
use heapbench_model::{Id, Model};
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;
use std::collections::VecDeque;

use super::both::Both;
use super::names::{SCRATCH, make_room};
use super::operation::with_slot;
use super::{Side, pattern};
use crate::compare::Difference;
use crate::pair::As;

/// Locals that a walk may use.
const PLACES: usize = 1 << 18;

/// Objects that are told apart from every other one at once; beyond, only references to one object are.
const APART: usize = 64;

fn expect<T: PartialEq + std::fmt::Debug>(
    what: impl Fn() -> String,
    expected: T,
    actual: T,
) -> Result<(), Difference> {
    if expected == actual { Ok(()) } else { Err((format!("{} {expected:?}", what()), format!("{actual:?}"))) }
}

/// How closely a payload is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Payload {
    Ends,
    Whole,
}

/// Compares what a local of the heap holds with an object of the model.
fn compare_value<H: Heap<Recorder = Side>>(
    heap: &H,
    local: Local,
    model: &Model<As<H>, Side>,
    value: Option<Id>,
    depth: Payload,
    what: &dyn Fn() -> String,
) -> Result<(), Difference> {
    expect(|| format!("{} nil:", what()), value.is_none(), heap.is_nil(local))?;
    let Some((id, node)) = value.and_then(|id| Some((id, model.nodes().get(id)?))) else { return Ok(()) };
    let (expected, actual) = (node.shape(), heap.shape(local));
    expect(|| format!("{} is object {id} of kind", what()), expected.kind, actual.kind)?;
    expect(|| format!("{} is object {id} with slots:", what()), expected.slots, actual.slots)?;
    if expected.kind == Kind::Weak {
        return Ok(());
    }
    let payload = heap.payload(local);
    expect(|| format!("{} is object {id} with bytes:", what()), expected.bytes, payload.len())?;
    if depth == Payload::Ends && pattern::glance(id, payload) {
        return Ok(());
    }
    expect(
        || format!("{} is object {id} with its first wrong byte:", what()),
        None,
        pattern::first_wrong(id, payload),
    )
}

impl<H: Heap<Recorder = Side> + Introspect> Both<H> {
    /// Compares the object that a local holds.
    pub(super) fn compare_local(&self, local: Local, what: &dyn Fn() -> String) -> Result<(), Difference> {
        compare_value(&self.heap, local, &self.model, self.model.held(local), Payload::Ends, what)
    }

    /// Compares a slot, if the object has it; where it holds what `value` holds it is the same object, and else
    /// another one.
    pub(super) fn compare_slot(
        &mut self,
        object: Local,
        slot: usize,
        value: Option<Local>,
        what: &dyn Fn() -> String,
    ) -> Result<(), Difference> {
        let model = &self.model;
        let node = model.held(object).and_then(|id| model.nodes().get(id));
        let Some(expected) = node.and_then(|node| node.slots().get(slot)) else { return Ok(()) };
        let expected = expected.get();
        with_slot(&mut self.heap, object, slot, |heap, found| {
            compare_value(heap, found, model, expected, Payload::Ends, what)?;
            let Some(value) = value else { return Ok(()) };
            let is = || format!("{} is what was stored there:", what());
            expect(is, model.held(value) == expected, heap.is_same(value, found))
        })
    }

    /// Walks everything that names and the saved list reach; what that cost, in slots and words.
    pub(super) fn compare_graph(&mut self) -> Result<u64, Difference> {
        make_room(&mut self.heap, self.model.live().min(PLACES));
        let roots = self.model.recorder().names.used();
        let unused = self.heap.recorder().names.unused();
        let mut walk = Walk {
            heap: &mut self.heap,
            model: &self.model,
            places: HashMap::default(),
            first: Vec::new(),
            queue: VecDeque::new(),
            done: VecDeque::new(),
            fresh: unused.start..unused.end.min(unused.start + PLACES as u32),
            cost: 0,
        };
        walk.roots(roots)?;
        walk.run()?;
        let (used, cost) = (unused.start..walk.fresh.start, walk.cost);
        self.heap.clear(SCRATCH);
        used.for_each(|local| self.heap.clear(Local::new(local)));
        let events = self.heap.recorder().deaths.events();
        if events.is_empty() {
            Ok(cost)
        } else {
            Err(("no event while reading".into(), format!("{events:?}")))
        }
    }
}

/// An object whose slots are to be compared from `next` on.
struct Visit {
    id: Id,
    local: Local,
    next: usize,
    /// The local is the walk's own.
    placed: bool,
}

struct Walk<'a, H: Heap> {
    heap: &'a mut H,
    model: &'a Model<As<H>, Side>,
    /// The local of each object found; `None` when it was used again.
    places: HashMap<Id, Option<Local>, FxBuildHasher>,
    /// The first places, for telling objects apart.
    first: Vec<Local>,
    queue: VecDeque<Visit>,
    /// Visited, the oldest first: their places may be used again.
    done: VecDeque<(Id, Local)>,
    /// Locals never used.
    fresh: std::ops::Range<u32>,
    cost: u64,
}

impl<H: Heap<Recorder = Side> + Introspect> Walk<'_, H> {
    fn roots(&mut self, roots: impl Iterator<Item = Local>) -> Result<(), Difference> {
        for local in roots {
            self.cost += 1;
            let value = self.model.held(local);
            let what = || format!("local {}", local.index());
            match value.and_then(|id| Some((id, *self.places.get(&id)?))) {
                Some((id, Some(place))) => {
                    expect(|| format!("{} is object {id}:", what()), true, self.heap.is_same(place, local))?;
                }
                _ => {
                    compare_value(self.heap, local, self.model, value, Payload::Whole, &what)?;
                    if let Some(id) = value {
                        self.found(id, local, false)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Visits all that was found. An object whose children find no place waits for others to be done with theirs.
    fn run(&mut self) -> Result<(), Difference> {
        let mut waiting = 0;
        while let Some(mut visit) = self.queue.pop_front() {
            let before = visit.next;
            if self.visit(&mut visit)? {
                if visit.placed {
                    self.done.push_back((visit.id, visit.local));
                }
                waiting = 0;
                continue;
            }
            waiting = if visit.next > before { 0 } else { waiting + 1 };
            self.queue.push_back(visit);
            if waiting == self.queue.len() {
                break;
            }
        }
        Ok(())
    }

    /// Compares the slots of an object; false when a child of it finds no place.
    fn visit(&mut self, visit: &mut Visit) -> Result<bool, Difference> {
        let Some(node) = self.model.nodes().get(visit.id) else { return Ok(true) };
        let id = visit.id;
        while let Some(expected) = node.slots().get(visit.next) {
            let slot = visit.next;
            self.heap.load(SCRATCH, visit.local, slot);
            if !self.meet(expected.get(), &|| format!("slot {slot} of object {id}"))? {
                return Ok(false);
            }
            visit.next += 1;
        }
        if node.kind() == Kind::Weak && !node.is_uncertain() {
            let gives = self.heap.upgrade(SCRATCH, visit.local);
            expect(|| format!("weak reference {id} gives its target:"), node.target().is_some(), gives)?;
            if gives && !self.meet(node.target(), &|| format!("target of weak reference {id}"))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Compares the value in [`SCRATCH`]; false when it is new and finds no place.
    fn meet(&mut self, value: Option<Id>, what: &dyn Fn() -> String) -> Result<bool, Difference> {
        self.cost += 1;
        if let Some((id, Some(place))) = value.and_then(|id| Some((id, *self.places.get(&id)?))) {
            expect(|| format!("{} is object {id}:", what()), true, self.heap.is_same(place, SCRATCH))?;
            return Ok(true);
        }
        let known = value.is_some_and(|id| self.places.contains_key(&id));
        let depth = if known { Payload::Ends } else { Payload::Whole };
        compare_value(self.heap, SCRATCH, self.model, value, depth, what)?;
        let Some(id) = value.filter(|_| !known) else { return Ok(true) };
        let Some(place) = self.place() else { return Ok(false) };
        self.heap.take(place, SCRATCH);
        self.found(id, place, true)?;
        Ok(true)
    }

    /// A local for an object that was found.
    fn place(&mut self) -> Option<Local> {
        if let Some(fresh) = self.fresh.next() {
            return Some(Local::new(fresh));
        }
        let (id, local) = self.done.pop_front()?;
        self.places.insert(id, None);
        Some(local)
    }

    fn found(&mut self, id: Id, local: Local, placed: bool) -> Result<(), Difference> {
        self.cost += 4 + self.model.nodes().get(id).map_or(0, |node| node.payload().len() as u64 / 64);
        if self.first.len() < APART {
            for other in &self.first {
                expect(|| format!("object {id} is another one:"), false, self.heap.is_same(*other, local))?;
            }
            self.first.push(local);
        }
        self.places.insert(id, Some(local));
        self.queue.push_back(Visit { id, local, next: 0, placed });
        Ok(())
    }
}
