//! A statement whose names and numbers are known: performed on heap and model alike.

use heapbench_heap::{Generation, Heap, Introspect, Kind, Local, OutOfMemory, Shape};
use heapbench_model::Event;
use std::ops::Range;

use super::Side;
use super::hooks::{self, Finalizer};
use super::names::{Label, NIL, SCRATCH};

/// One operation.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    New {
        name: Label,
        shape: Shape,
    },
    Set {
        object: Label,
        slot: usize,
        value: Option<Label>,
    },
    Get {
        name: Label,
        object: Label,
        slot: usize,
    },
    Copy {
        from: Label,
        slots: Range<usize>,
        to: Label,
        at: usize,
    },
    Fill {
        object: Label,
        slots: Range<usize>,
        value: Option<Label>,
    },
    Resize {
        object: Label,
        slots: u32,
    },
    Drop {
        name: Label,
    },
    Weak {
        name: Label,
        target: Label,
        callback: Option<u64>,
    },
    Upgrade {
        name: Label,
        weak: Label,
    },
    Finalizer {
        object: Label,
        hook: u64,
        finalizer: Finalizer,
        replaced: Option<u64>,
    },
    SavedDrop,
    Collect {
        generation: Generation,
    },
    Safepoint,
    Auto {
        on: bool,
    },
    Threshold {
        thresholds: [Option<u32>; 3],
    },
    Freeze,
    Unfreeze,
    Limit {
        bytes: usize,
        is_cap: bool,
    },
    /// Not a statement: whether a weak reference gives its target.
    Ask {
        weak: Label,
    },
}

impl Operation {
    /// The name that it binds.
    pub(super) fn binds(&self) -> Option<Label> {
        match *self {
            Operation::New { name, .. }
            | Operation::Get { name, .. }
            | Operation::Weak { name, .. }
            | Operation::Upgrade { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Bytes that it asks for, headers left out.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Operation::New { shape, .. } => shape.bytes + 8 * shape.slots as usize,
            Operation::Resize { slots, .. } => 8 * *slots as usize,
            _ => 0,
        }
    }

    /// Slots that it touches.
    pub(super) fn width(&self) -> usize {
        match self {
            Operation::Copy { slots, .. } | Operation::Fill { slots, .. } => slots.len(),
            Operation::New { shape, .. } => shape.slots as usize,
            Operation::Resize { slots, .. } => *slots as usize,
            _ => 1,
        }
    }

    /// Performs it; what can be seen of it goes to the heap's recorder.
    ///
    /// # Errors
    /// Out of memory: it had no effect.
    pub(super) fn perform<H: Heap<Recorder = Side> + Introspect>(
        &self,
        heap: &mut H,
    ) -> Result<(), OutOfMemory> {
        let done = self.perform_on_objects(heap);
        if done.is_err() {
            heap.recorder_mut().push(Event::OutOfMemory);
        }
        done
    }

    fn perform_on_objects<H: Heap<Recorder = Side> + Introspect>(
        &self,
        heap: &mut H,
    ) -> Result<(), OutOfMemory> {
        // A name that is not held is nil: the statement was refused before it came here.
        let local = |heap: &H, name: Label| heap.recorder().names.get(name).unwrap_or(NIL);
        let value = |heap: &H, name: Option<Label>| name.map_or(NIL, |name| local(heap, name));
        match *self {
            Operation::New { name, shape } => {
                bind(heap, name, |heap, dst| heap.allocate(dst, shape).map(|()| true))?
            }
            Operation::Set { object, slot, value: to } => {
                heap.store(local(heap, object), slot, value(heap, to))
            }
            Operation::Get { name, object, slot } => {
                let object = local(heap, object);
                bind(heap, name, |heap, dst| {
                    heap.load(dst, object, slot);
                    Ok(true)
                })?;
            }
            Operation::Copy { from, ref slots, to, at } => {
                heap.copy_slots(local(heap, from), slots.clone(), local(heap, to), at);
            }
            Operation::Fill { object, ref slots, value: to } => {
                heap.fill_slots(local(heap, object), slots.clone(), value(heap, to));
            }
            Operation::Resize { object, slots } => {
                let object = local(heap, object);
                let Shape { kind, bytes, .. } = heap.shape(object);
                // Objects that never have slots stay without; heaps resize no such kinds.
                if !kind.is_leaf() && kind != Kind::Weak {
                    heap.resize(object, slots, bytes)?;
                }
            }
            Operation::Weak { name, target, callback } => {
                let target = local(heap, target);
                bind(heap, name, |heap, dst| {
                    heap.weak(dst, target, callback.map(hooks::callback)).map(|()| true)
                })?;
            }
            Operation::Upgrade { name, weak } => {
                let weak = local(heap, weak);
                bind(heap, name, |heap, dst| {
                    let gives = heap.upgrade(dst, weak);
                    heap.recorder_mut().push(Event::Upgraded(gives));
                    Ok(gives)
                })?;
            }
            Operation::Finalizer { object, hook, finalizer, replaced } => {
                heap.set_finalizer(local(heap, object), hooks::finalizer(hook))?;
                replaced.and_then(|replaced| heap.recorder_mut().detach(replaced));
                heap.recorder_mut().attach(hook, finalizer);
            }
            Operation::Ask { weak } => _ = hooks::ask(heap, local(heap, weak)),
            _ => self.perform_on_the_whole(heap),
        }
        Ok(())
    }

    fn perform_on_the_whole<H: Heap<Recorder = Side> + Introspect>(&self, heap: &mut H) {
        match *self {
            Operation::Drop { name } => {
                if let Some(local) = heap.recorder_mut().names.unhold(name) {
                    release(heap, local);
                }
            }
            Operation::SavedDrop => {
                let saved = std::mem::take(&mut heap.recorder_mut().names.saved);
                saved.into_iter().for_each(|local| release(heap, local));
            }
            Operation::Collect { generation } => {
                let freed = heap.collect(generation).map(|collected| collected.objects);
                heap.recorder_mut().push(Event::Collected(freed));
            }
            Operation::Auto { on: true } => heap.enable(),
            Operation::Auto { on: false } => heap.disable(),
            // Heaps without thresholds, or without freezing, are as before.
            Operation::Threshold { thresholds } => {
                if let Ok(now) = heap.thresholds() {
                    let wanted = std::array::from_fn(|i| thresholds[i].unwrap_or(now[i]));
                    _ = heap.set_thresholds(wanted);
                }
            }
            Operation::Freeze => _ = heap.freeze(),
            Operation::Unfreeze => _ = heap.unfreeze(),
            Operation::Limit { bytes, .. } => heap.set_limit(Some(bytes)),
            Operation::Safepoint => heap.safepoint(),
            _ => unreachable!("performed on objects"),
        }
    }
}

/// Makes a name hold what `make` puts into its local, if it does. The old value is released last, by `make`.
fn bind<H: Heap<Recorder = Side>>(
    heap: &mut H,
    name: Label,
    make: impl FnOnce(&mut H, Local) -> Result<bool, OutOfMemory>,
) -> Result<(), OutOfMemory> {
    if let Some(held) = heap.recorder().names.get(name) {
        return make(heap, held).map(|_| ());
    }
    let local = heap.recorder_mut().names.take().expect("room for one name is made before each statement");
    let made = make(heap, local);
    let names = &mut heap.recorder_mut().names;
    if matches!(made, Ok(true)) {
        names.hold(name, local);
    } else {
        names.give_back(local);
    }
    made.map(|_| ())
}

/// Releases the reference in a local that nobody holds any more.
fn release<H: Heap<Recorder = Side>>(heap: &mut H, local: Local) {
    heap.clear(local);
    heap.recorder_mut().names.give_back(local);
}

/// Reads a slot of heap and model by way of [`SCRATCH`], which is nil before and after.
pub(super) fn with_slot<H: Heap<Recorder = Side>, T>(
    heap: &mut H,
    object: Local,
    slot: usize,
    look: impl FnOnce(&H, Local) -> T,
) -> T {
    heap.load(SCRATCH, object, slot);
    let seen = look(heap, SCRATCH);
    heap.clear(SCRATCH);
    seen
}

impl Operation {
    /// Names whose objects are to be compared after it.
    pub(super) fn touched(&self) -> [Option<Label>; 2] {
        match *self {
            Operation::New { name, .. } => [Some(name), None],
            Operation::Get { name, object, .. } => [Some(name), Some(object)],
            Operation::Set { object, value, .. } | Operation::Fill { object, value, .. } => {
                [Some(object), value]
            }
            Operation::Copy { from, to, .. } => [Some(from), Some(to)],
            Operation::Resize { object, .. } | Operation::Finalizer { object, .. } => [Some(object), None],
            Operation::Weak { name, target, .. } => [Some(name), Some(target)],
            Operation::Upgrade { name, weak } => [Some(name), Some(weak)],
            _ => [None, None],
        }
    }

    /// Slots of an object that are to be compared after it: of many, those at either end.
    pub(super) fn touched_slots(&self) -> Option<Slots> {
        let ends = |object, slots: Range<usize>, value| {
            let tail = slots.end.saturating_sub(8).max(slots.start + 8);
            Some(Slots { object, slots: slots.clone().take(8).chain(tail..slots.end).collect(), value })
        };
        match *self {
            Operation::Set { object, slot, value } => ends(object, slot..slot + 1, value),
            Operation::Get { name, object, slot } if name != object => {
                ends(object, slot..slot + 1, Some(name))
            }
            Operation::Copy { to, at, ref slots, .. } => ends(to, at..at + slots.len(), None),
            Operation::Fill { object, ref slots, value } => ends(object, slots.clone(), value),
            Operation::Resize { object, slots } => ends(object, 0..slots as usize, None),
            _ => None,
        }
    }
}

/// Slots to be compared, and the name whose object may be in them.
pub(super) struct Slots {
    pub(super) object: Label,
    pub(super) slots: Vec<usize>,
    pub(super) value: Option<Label>,
}
