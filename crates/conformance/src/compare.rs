//! Comparisons of a heap with the model: locals, the reachable graph, counters, what the family promises.

use heapbench_heap::{Counters, Family, Heap, Immortal, Introspect, Kind, Local};
use heapbench_model::{Id, Model, Promise, Slot};
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

use crate::Deaths;
use crate::operation::{DIRECTORY, DIRECTORY_SLOTS, spares};

/// What differs: expected, actual.
pub(crate) type Difference = (String, String);

fn differ(
    what: &str,
    expected: impl std::fmt::Debug,
    actual: impl std::fmt::Debug,
) -> Result<(), Difference> {
    Err((format!("{what} {expected:?}"), format!("{actual:?}")))
}

#[inline]
fn expect<T: PartialEq + std::fmt::Debug>(
    what: impl Fn() -> String,
    expected: T,
    actual: T,
) -> Result<(), Difference> {
    if expected == actual { Ok(()) } else { differ(&what(), expected, actual) }
}

/// The objects that a local of both holds: nil or not, shape, payload, finalized, counted, and the same as which other
/// locals.
pub(crate) fn compare_local<H: Heap + Introspect, P: Promise>(
    heap: &H,
    model: &Model<P, Deaths>,
    index: u32,
) -> Result<(), Difference> {
    let local = Local::new(index);
    let held = model.held(local);
    compare_value(heap, local, model, held, &|| format!("local {index}"))?;
    if let Some(node) = held.map(|id| &model.nodes()[id]) {
        if let Ok(finalized) = heap.is_finalized(local) {
            expect(|| format!("local {index} finalized:"), model.is_finalized(local), Ok(finalized))?;
        }
        // An immortal object's count is no number of references.
        if !node.is_immortal()
            && let Ok(count) = heap.reference_count(local)
        {
            expect(|| format!("local {index} references:"), node.count(), count)?;
        }
    }
    for other in (0..model.frame_len() as u32).map(Local::new) {
        let what = || format!("local {index} is local {}:", other.index());
        expect(what, held == model.held(other), heap.is_same(local, other))?;
    }
    Ok(())
}

/// Compares what a local of the heap holds with an object of the model.
fn compare_value<H: Heap, P: Promise>(
    heap: &H,
    local: Local,
    model: &Model<P, Deaths>,
    value: Option<Id>,
    what: &dyn Fn() -> String,
) -> Result<(), Difference> {
    expect(|| format!("{} nil:", what()), value.is_none(), heap.is_nil(local))?;
    let Some(id) = value else { return Ok(()) };
    let node = &model.nodes()[id];
    let shape = heap.shape(local);
    expect(|| format!("{} is object {id} of kind", what()), node.kind(), shape.kind)?;
    expect(|| format!("{} is object {id} with slots:", what()), node.slots().len(), shape.slots as usize)?;
    if node.kind() != Kind::Weak && node.payload() != heap.payload(local) {
        let (payload, actual) = (node.payload(), heap.payload(local));
        expect(|| format!("{} is object {id} with bytes:", what()), payload.len(), actual.len())?;
        let place = payload.iter().zip(actual).position(|(a, b)| a != b).unwrap_or(0);
        let byte = || format!("{} is object {id} with byte {place}:", what());
        return expect(byte, payload[place], actual[place]);
    }
    Ok(())
}

/// Nil or not, for all locals of the frame.
pub(crate) fn compare_frame<H: Heap, P: Promise>(
    heap: &H,
    model: &Model<P, Deaths>,
) -> Result<(), Difference> {
    for local in (0..model.frame_len() as u32).map(Local::new) {
        expect(|| format!("local {} nil:", local.index()), model.held(local).is_none(), heap.is_nil(local))?;
    }
    Ok(())
}

/// The counters that follow from events.
pub(crate) fn compare_counters(model: &Counters, heap: &Counters) -> Result<(), Difference> {
    let pairs = [
        ("objects_allocated", model.objects_allocated, heap.objects_allocated),
        ("objects_freed", model.objects_freed, heap.objects_freed),
        ("finalizers_run", model.finalizers_run, heap.finalizers_run),
        ("callbacks_run", model.callbacks_run, heap.callbacks_run),
        ("hook_failures", model.hook_failures, heap.hook_failures),
        ("collections", model.collections.iter().sum(), heap.collections.iter().sum()),
    ];
    pairs
        .iter()
        .try_for_each(|(name, expected, actual)| expect(|| format!("counter {name}"), expected, actual))
}

/// What the heap says of its collector: as far as the model knows better, and as far as it must agree with itself.
pub(crate) fn compare_introspection<H: Heap + Introspect, P: Promise>(
    heap: &H,
    model: &Model<P, Deaths>,
) -> Result<(), Difference> {
    let capabilities = H::CAPABILITIES;
    expect(|| "enabled:".into(), model.is_enabled(), heap.is_enabled())?;
    expect(|| "thresholds supported:".into(), capabilities.thresholds, heap.thresholds().is_ok())?;
    expect(|| "freezing supported:".into(), capabilities.freezes, heap.freeze_count().is_ok())?;
    if let Ok(count @ 1..) = heap.freeze_count() {
        let frozen = model.nodes().iter().filter(|(_, node)| node.is_frozen()).count() as u64;
        if count > frozen {
            return differ("freeze_count at most", frozen, count);
        }
    }
    if let Ok(stats) = heap.stats() {
        let counters = heap.counters();
        expect(|| "stats, collections:".into(), counters.collections, stats.map(|one| one.collections))?;
        let collected: u64 = stats.iter().map(|one| one.collected).sum();
        if collected > counters.objects_freed {
            return differ("stats, collected at most", counters.objects_freed, collected);
        }
    }
    Ok(())
}

/// Bytes: what was allocated and not freed is live and held, and within the limit. (What is held beyond that is not
/// compared with the limit: a source on a general allocator cannot tell it often enough to keep to it.)
pub(crate) fn compare_footprint<H: Heap>(heap: &H, limit: Option<usize>) -> Result<(), Difference> {
    let (counters, footprint) = (heap.counters(), heap.footprint());
    let live = counters.bytes_allocated.wrapping_sub(counters.bytes_freed);
    expect(|| "live_bytes, bytes allocated less bytes freed:".into(), live, footprint.live_bytes as u64)?;
    if footprint.held_bytes < footprint.live_bytes {
        return differ("held_bytes at least", footprint.live_bytes, footprint.held_bytes);
    }
    if limit.is_some_and(|limit| footprint.live_bytes > limit) {
        return differ("live_bytes within the limit of", limit, footprint.live_bytes);
    }
    if heap.peak_live_bytes() < footprint.live_bytes {
        return differ("peak_live_bytes at least", footprint.live_bytes, heap.peak_live_bytes());
    }
    Ok(())
}

/// A walk through the graph, in heap and model together. Kept from one walk to the next for its memory.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The directory's slot of each object found.
    places: HashMap<Id, usize, FxBuildHasher>,
    found: Vec<Id>,
}

impl Walk {
    /// Compares the graph that the current frame and the immortals reach. Each object found is held by the directory
    /// until the walk ends, so that every further reference to it is compared by identity.
    pub(crate) fn compare_graph<H: Heap<Recorder = Deaths>, P: Promise>(
        &mut self,
        heap: &mut H,
        model: &Model<P, Deaths>,
    ) -> Result<(), Difference> {
        self.places.clear();
        self.found.clear();
        let own = spares(heap.recorder());
        let [directory, object, value, spare] = own;
        let mut step = Step { heap, model, walk: self, directory, spare };
        step.heap.load_immortal(directory, DIRECTORY);
        for local in (0..model.frame_len() as u32).map(Local::new).filter(|local| !own.contains(local)) {
            step.meet(local, model.held(local), &|| format!("local {}", local.index()))?;
        }
        for (handle, id) in model.immortals().iter().enumerate() {
            step.heap.load_immortal(value, Immortal(handle as u32));
            step.meet(value, Some(*id), &|| format!("immortal {handle}"))?;
        }
        let mut next = 0;
        while let Some(&id) = step.walk.found.get(next) {
            step.heap.load(object, directory, next);
            step.visit(id, object, value)?;
            next += 1;
        }
        let found = self.found.len();
        for local in [object, value, spare] {
            heap.clear(local);
        }
        heap.fill_slots(directory, 0..found, spare);
        heap.clear(directory);
        match heap.recorder().events() {
            [] => Ok(()),
            events => differ("reading changes nothing:", (), events),
        }
    }
}

struct Step<'a, H, P> {
    heap: &'a mut H,
    model: &'a Model<P, Deaths>,
    walk: &'a mut Walk,
    directory: Local,
    spare: Local,
}

impl<H: Heap<Recorder = Deaths>, P: Promise> Step<'_, H, P> {
    fn visit(&mut self, id: Id, object: Local, value: Local) -> Result<(), Difference> {
        // The directory is being used: its slots differ until the end of the walk.
        if Some(&id) == self.model.immortals().first() {
            return Ok(());
        }
        let node = &self.model.nodes()[id];
        for (slot, expected) in node.slots().iter().enumerate() {
            self.heap.load(value, object, slot);
            if *expected != Slot::NIL || !self.heap.is_nil(value) {
                self.meet(value, expected.get(), &|| format!("slot {slot} of object {id}"))?;
            }
        }
        if node.kind() == Kind::Weak && !node.is_uncertain() {
            let gives = self.heap.upgrade(value, object);
            let target = node.target();
            expect(|| format!("weak reference {id} gives its target:"), target.is_some(), gives)?;
            if gives {
                self.meet(value, target, &|| format!("target of weak reference {id}"))?;
            }
        }
        self.heap.clear(value);
        Ok(())
    }

    /// Compares a value; a new one goes into the directory.
    fn meet(&mut self, local: Local, id: Option<Id>, what: &dyn Fn() -> String) -> Result<(), Difference> {
        let known = id.and_then(|id| self.walk.places.get(&id).copied());
        if let Some(place) = known {
            self.heap.load(self.spare, self.directory, place);
            let same = self.heap.is_same(self.spare, local);
            return expect(|| format!("{} is object {id:?}:", what()), true, same);
        }
        compare_value(self.heap, local, self.model, id, what)?;
        if let Some(id) = id.filter(|_| self.walk.found.len() < DIRECTORY_SLOTS as usize) {
            self.walk.places.insert(id, self.walk.found.len());
            self.heap.store(self.directory, self.walk.found.len(), local);
            self.walk.found.push(id);
        }
        Ok(())
    }
}

/// After the last reference is gone and full collections ran: what the family promises of the rest.
pub(crate) fn compare_residue<P: Promise>(model: &Model<P, Deaths>) -> Result<(), Difference> {
    let lost = model.unreachable();
    match P::CAPABILITIES.family {
        Family::Cycles | Family::Tracing => expect(|| "unreachable objects:".into(), 0, lost.len()),
        Family::Region => Ok(()),
        Family::RefCount => {
            // What is left must be held by a cycle: take away the unreferenced until there are none.
            let unreferenced = lost.iter().filter(|id| model.nodes()[**id].count() == 0).count();
            expect(|| "residue without references:".into(), 0, unreferenced)
        }
    }
}
