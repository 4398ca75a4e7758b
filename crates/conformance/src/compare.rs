//! Comparisons of a heap with the model: locals, the reachable graph, counters, what the family promises.

use heapbench_heap::{Counters, Family, Heap, Immortal, Kind, Local};
use heapbench_model::{Id, Model, Promise};
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

fn expect<T: PartialEq + std::fmt::Debug>(
    what: impl Fn() -> String,
    expected: T,
    actual: T,
) -> Result<(), Difference> {
    if expected == actual { Ok(()) } else { differ(&what(), expected, actual) }
}

/// The objects that a local of both holds: nil or not, shape, payload, and the same as which other locals.
pub(crate) fn compare_local<H: Heap, P: Promise>(
    heap: &H,
    model: &Model<P, Deaths>,
    index: u32,
) -> Result<(), Difference> {
    let local = Local::new(index);
    compare_value(heap, local, model, model.held(local), &|| format!("local {index}"))?;
    for other in (0..model.frame_len() as u32).map(Local::new) {
        let what = || format!("local {index} is local {}:", other.index());
        expect(what, model.is_same(local, other), heap.is_same(local, other))?;
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
    expect(|| format!("{} is object {id} of kind", what()), node.kind, shape.kind)?;
    expect(|| format!("{} is object {id} with slots:", what()), node.slots.len(), shape.slots as usize)?;
    if node.kind != Kind::Weak && node.payload != heap.payload(local) {
        let actual = heap.payload(local);
        expect(|| format!("{} is object {id} with bytes:", what()), node.payload.len(), actual.len())?;
        let place = node.payload.iter().zip(actual).position(|(a, b)| a != b).unwrap_or(0);
        let byte = || format!("{} is object {id} with byte {place}:", what());
        return expect(byte, node.payload[place], actual[place]);
    }
    Ok(())
}

/// Nil or not, for all locals of the frame.
pub(crate) fn compare_frame<H: Heap, P: Promise>(
    heap: &H,
    model: &Model<P, Deaths>,
) -> Result<(), Difference> {
    for local in (0..model.frame_len() as u32).map(Local::new) {
        expect(|| format!("local {} nil:", local.index()), model.is_nil(local), heap.is_nil(local))?;
    }
    Ok(())
}

/// The counters that follow from events.
pub(crate) fn compare_counters(model: Counters, heap: Counters) -> Result<(), Difference> {
    let seen = |c: Counters| {
        let hooks = [("finalizers_run", c.finalizers_run), ("callbacks_run", c.callbacks_run)];
        let objects = [("objects_allocated", c.objects_allocated), ("objects_freed", c.objects_freed)];
        let others = [("hook_failures", c.hook_failures), ("collections", c.collections.iter().sum())];
        [objects, hooks, others].concat()
    };
    for ((name, expected), (_, actual)) in seen(model).into_iter().zip(seen(heap)) {
        expect(|| format!("counter {name}"), expected, actual)?;
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

/// Walks the graph that the current frame and the immortals reach, in heap and model together. Each object found is
/// held by the directory until the walk ends, so that every further reference to it is compared by identity.
pub(crate) fn compare_graph<H: Heap<Recorder = Deaths>, P: Promise>(
    heap: &mut H,
    model: &Model<P, Deaths>,
) -> Result<(), Difference> {
    let own = spares(heap.recorder());
    let [directory, object, value, spare] = own;
    let mut walk = Walk { heap, model, places: HashMap::new(), found: Vec::new(), directory, spare };
    walk.heap.load_immortal(directory, DIRECTORY);
    for local in (0..model.frame_len() as u32).map(Local::new).filter(|local| !own.contains(local)) {
        walk.meet(local, model.held(local), &|| format!("local {}", local.index()))?;
    }
    for (handle, id) in model.immortals().iter().enumerate() {
        walk.heap.load_immortal(value, Immortal(handle as u32));
        walk.meet(value, Some(*id), &|| format!("immortal {handle}"))?;
    }
    let mut next = 0;
    while let Some(&id) = walk.found.get(next) {
        walk.heap.load(object, directory, next);
        walk.visit(id, object, value)?;
        next += 1;
    }
    let found = walk.found.len();
    for local in [object, value, spare] {
        heap.clear(local);
    }
    heap.fill_slots(directory, 0..found, spare);
    heap.clear(directory);
    let events = heap.recorder_mut().take_events();
    if !events.is_empty() { differ("reading changes nothing:", (), events) } else { Ok(()) }
}

struct Walk<'a, H, P> {
    heap: &'a mut H,
    model: &'a Model<P, Deaths>,
    /// The directory's slot of each object found.
    places: HashMap<Id, usize>,
    found: Vec<Id>,
    directory: Local,
    spare: Local,
}

impl<H: Heap<Recorder = Deaths>, P: Promise> Walk<'_, H, P> {
    fn visit(&mut self, id: Id, object: Local, value: Local) -> Result<(), Difference> {
        // The directory is being used: its slots differ until the end of the walk.
        if Some(&id) == self.model.immortals().first() {
            return Ok(());
        }
        let node = &self.model.nodes()[id];
        for (slot, expected) in node.slots.iter().enumerate() {
            self.heap.load(value, object, slot);
            self.meet(value, *expected, &|| format!("slot {slot} of object {id}"))?;
        }
        if node.kind == Kind::Weak && !node.uncertain {
            let gives = self.heap.upgrade(value, object);
            expect(|| format!("weak reference {id} gives its target:"), node.target.is_some(), gives)?;
            if gives {
                self.meet(value, node.target, &|| format!("target of weak reference {id}"))?;
            }
        }
        self.heap.clear(value);
        Ok(())
    }

    /// Compares a value; a new one goes into the directory.
    fn meet(&mut self, local: Local, id: Option<Id>, what: &dyn Fn() -> String) -> Result<(), Difference> {
        let known = id.and_then(|id| self.places.get(&id).copied());
        if let Some(place) = known {
            self.heap.load(self.spare, self.directory, place);
            let same = self.heap.is_same(self.spare, local);
            return expect(|| format!("{} is object {id:?}:", what()), true, same);
        }
        compare_value(self.heap, local, self.model, id, what)?;
        if let Some(id) = id.filter(|_| self.found.len() < DIRECTORY_SLOTS as usize) {
            self.places.insert(id, self.found.len());
            self.heap.store(self.directory, self.found.len(), local);
            self.found.push(id);
        }
        Ok(())
    }
}

/// After the last reference is gone and full collections ran: what the family promises of the rest.
pub(crate) fn compare_residue<P: Promise>(model: &Model<P, Deaths>) -> Result<(), Difference> {
    let reached = model.reachable();
    let lost = || model.living().filter(|id| !reached[*id]);
    match P::CAPABILITIES.family {
        Family::Cycles | Family::Tracing => expect(|| "unreachable objects:".into(), 0, lost().count()),
        Family::Region => Ok(()),
        Family::RefCount => {
            // What is left must be held by a cycle: take away the unreferenced until there are none.
            let referrer = |id: &Id| model.nodes()[*id].count > 0;
            expect(|| "residue without references:".into(), 0, lost().filter(|id| !referrer(id)).count())
        }
    }
}
