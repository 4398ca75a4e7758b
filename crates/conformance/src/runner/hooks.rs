//! What finalizers and callbacks do, on heap and model alike. Names are looked up when the hook runs: it sees exactly
//! what the statement that it interrupts has done so far.

use heapbench_heap::{Generation, Heap, Hook, HookFailed, Kind, Local, Shape};
use heapbench_model::{Event, Id};

use super::Side;
use super::names::{Label, MOST_HELD, NIL, SCRATCH};

/// Hooks that may run inside one another: each takes native stack.
pub(super) const MOST_NESTED: u32 = 50_000;

/// A finalizer as it was attached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finalizer {
    pub(super) owner: Id,
    pub(super) action: Act,
}

/// What it does; names by their labels.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Nothing,
    Keep,
    Clear { slot: usize },
    Move { slot: usize, to: Label, at: usize },
    Read { weak: Label },
    Collect,
    Allocate { objects: usize },
    Fail,
}

impl Act {
    /// References that it may put into the saved list.
    pub(super) fn may_save(self) -> usize {
        match self {
            Act::Keep => 1,
            Act::Allocate { objects } => objects,
            _ => 0,
        }
    }
}

/// The hook of a finalizer, which the heap's side knows by `data`.
pub(super) fn finalizer<H: Heap<Recorder = Side>>(data: u64) -> Hook<H> {
    Hook { run: finalize, data }
}

/// The hook of a callback, which only counts.
pub(super) fn callback<H: Heap<Recorder = Side>>(data: u64) -> Hook<H> {
    Hook { run: call_back, data }
}

fn call_back<H: Heap<Recorder = Side>>(heap: &mut H, weak: Local, data: u64) -> Result<(), HookFailed> {
    heap.recorder_mut().push(Event::Hook(data));
    let is_weak = !heap.is_nil(weak) && heap.shape(weak).kind == Kind::Weak;
    heap.recorder_mut().push(Event::Read(is_weak.into()));
    Ok(())
}

fn finalize<H: Heap<Recorder = Side>>(heap: &mut H, object: Local, data: u64) -> Result<(), HookFailed> {
    heap.recorder_mut().push(Event::Hook(data));
    // A finalizer that runs twice, or for nobody, does what the model's does not.
    let finalizer = heap.recorder_mut().detach(data).filter(|_| !heap.is_nil(object));
    let Some(Finalizer { owner, action }) = finalizer else { return Err(HookFailed) };
    let seen = look(heap, object, owner);
    heap.recorder_mut().push(Event::Read(seen));
    if heap.recorder().nested == MOST_NESTED {
        let stop = format!("finalizers run inside finalizers, expected at most {MOST_NESTED} levels");
        heap.recorder_mut().stop = Some(stop);
        return Err(HookFailed);
    }
    heap.recorder_mut().nested += 1;
    let done = act(heap, object, data, action);
    heap.recorder_mut().nested -= 1;
    done
}

/// What can be seen of the object in a number: its shape, and whether its bytes are its own.
fn look<H: Heap<Recorder = Side>>(heap: &H, object: Local, owner: Id) -> u64 {
    let Shape { kind, slots, bytes } = heap.shape(object);
    let shape = (bytes as u64) << 37 ^ u64::from(slots) << 8 ^ kind as u64;
    if heap.recorder().is_intact(owner, heap.payload(object)) { shape } else { !shape }
}

fn act<H: Heap<Recorder = Side>>(
    heap: &mut H,
    object: Local,
    data: u64,
    action: Act,
) -> Result<(), HookFailed> {
    let slots = heap.shape(object).slots as usize;
    let name = |heap: &H, name| heap.recorder().names.get(name);
    match action {
        Act::Keep => save(heap, |heap, local| {
            heap.copy(local, object);
            true
        })?,
        Act::Clear { slot } if slot < slots => heap.store(object, slot, NIL),
        Act::Move { slot, to, at } if slot < slots => {
            if let Some(to) = name(heap, to).filter(|to| at < heap.shape(*to).slots as usize) {
                heap.load(SCRATCH, object, slot);
                heap.store_take(to, at, SCRATCH);
            }
        }
        Act::Read { weak } => {
            if let Some(weak) = name(heap, weak).filter(|weak| heap.shape(*weak).kind == Kind::Weak) {
                let gives = ask(heap, weak);
                heap.recorder_mut().reads.push((data, gives));
            }
        }
        Act::Collect => {
            let freed = heap.collect(Generation::FULL).map(|collected| collected.objects);
            heap.recorder_mut().push(Event::Collected(freed));
        }
        Act::Allocate { objects } => {
            for _ in 0..objects {
                save(heap, |heap, local| heap.allocate(local, Shape::new(Kind::Object, 0, 0)).is_ok())?;
            }
        }
        Act::Fail => return Err(HookFailed),
        Act::Nothing | Act::Clear { .. } | Act::Move { .. } => {}
    }
    Ok(())
}

/// Whether a weak reference gives its target.
pub(super) fn ask<H: Heap<Recorder = Side>>(heap: &mut H, weak: Local) -> bool {
    let gives = heap.upgrade(SCRATCH, weak);
    heap.recorder_mut().push(Event::Upgraded(gives));
    heap.clear(SCRATCH);
    gives
}

/// Adds a reference to the saved list, unless making it fails.
fn save<H: Heap<Recorder = Side>>(
    heap: &mut H,
    make: impl FnOnce(&mut H, Local) -> bool,
) -> Result<(), HookFailed> {
    let Some(local) = heap.recorder_mut().names.take() else {
        let stop =
            format!("a finalizer saves too much, expected at most {MOST_HELD} references held and saved");
        heap.recorder_mut().stop = Some(stop);
        return Err(HookFailed);
    };
    if make(heap, local) {
        heap.recorder_mut().names.saved.push(local);
        return Ok(());
    }
    heap.recorder_mut().push(Event::OutOfMemory);
    heap.recorder_mut().names.give_back(local);
    Err(HookFailed)
}
