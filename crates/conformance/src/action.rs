//! What finalizers and callbacks do, run on the heap and on the model alike.

use heapbench_heap::{Generation, Heap, Hook, HookFailed, Kind, Local, Shape};
use heapbench_model::Event;
use siphasher::sip::SipHasher13;
use std::hash::{Hash, Hasher};

use crate::Deaths;

/// The slots of the immortal tuple that hooks save references in.
pub(crate) const SAVED_SLOTS: u32 = 64;
/// The first ones are overwritten by [`Action::Move`]; `Keep` and `Allocate` use up the others.
pub(crate) const SHELF: u32 = 8;

/// The action of a hook. Where a slot does not exist or is nil, nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Saves the object: resurrection.
    Keep,
    /// Sets the object's own slot to nil.
    Clear(u32),
    /// Copies the object's own slot to a shelf that all hooks share, which may kill what stood there.
    Move {
        /// The object's own slot.
        slot: u32,
        /// The shelf's slot.
        shelf: u32,
    },
    /// Reads the weak reference in the object's own slot.
    Read(u32),
    /// Collects this generation.
    Collect(u8),
    /// Allocates so many objects and saves them.
    Allocate(u32),
    /// Fails.
    Fail,
}

impl Action {
    /// The hook that does it; `heap` remembers the action.
    pub(crate) fn hook<H: Heap<Recorder = Deaths>>(self, heap: &mut H) -> Hook<H> {
        let hooks = &mut heap.recorder_mut().hooks;
        hooks.push(self);
        Hook { run: run::<H>, data: hooks.len() as u64 - 1 }
    }
}

const OBJECT: Local = Local::new(0);
const VALUE: Local = Local::new(1);
const SAVED: Local = Local::new(2);

/// The hook's code: a function of three locals, called with the object, which it returns to where it was.
fn run<H: Heap<Recorder = Deaths>>(heap: &mut H, object: Local, data: u64) -> Result<(), HookFailed> {
    heap.recorder_mut().push(Event::Hook(data));
    if heap.is_nil(object) {
        return Err(HookFailed);
    }
    let action = heap.recorder().hooks[data as usize];
    let frame = heap.enter(1, 3).map_err(|_| HookFailed)?;
    heap.recorder_mut().hooks_running += 1;
    let seen = digest(heap, OBJECT, VALUE);
    heap.recorder_mut().push(Event::Read(seen));
    let result = act(heap, action);
    heap.leave_with(frame, OBJECT);
    heap.recorder_mut().hooks_running -= 1;
    result
}

fn act<H: Heap<Recorder = Deaths>>(heap: &mut H, action: Action) -> Result<(), HookFailed> {
    let slots = heap.shape(OBJECT).slots;
    match action {
        Action::Keep => save(heap, OBJECT),
        Action::Clear(slot) if slot < slots => heap.store(OBJECT, slot as usize, VALUE),
        Action::Move { slot, shelf } if slot < slots => {
            if let Some(saved) = heap.recorder().saved {
                heap.load(VALUE, OBJECT, slot as usize);
                heap.load_immortal(SAVED, saved);
                if shelf < heap.shape(SAVED).slots {
                    heap.store(SAVED, shelf as usize, VALUE);
                }
            }
        }
        Action::Read(slot) if slot < slots => {
            heap.load(VALUE, OBJECT, slot as usize);
            if !heap.is_nil(VALUE) && heap.shape(VALUE).kind == Kind::Weak {
                let gives = heap.upgrade(SAVED, VALUE);
                heap.recorder_mut().push(Event::Upgraded(gives));
            }
        }
        Action::Collect(generation) => {
            let freed = heap.collect(Generation::new(generation)).map(|collected| collected.objects);
            heap.recorder_mut().push(Event::Collected(freed));
        }
        Action::Allocate(objects) => {
            for _ in 0..objects {
                if heap.allocate(VALUE, Shape::new(Kind::Object, 0, 0)).is_err() {
                    heap.recorder_mut().push(Event::OutOfMemory);
                    break;
                }
                // A collection that follows belongs to what comes next, not to this allocation.
                heap.recorder_mut().push(Event::Read(0));
                save(heap, VALUE);
            }
        }
        Action::Fail => return Err(HookFailed),
        _ => {}
    }
    Ok(())
}

fn save<H: Heap<Recorder = Deaths>>(heap: &mut H, object: Local) {
    let (saved, next) = (heap.recorder().saved, heap.recorder().saved_len);
    let Some(saved) = saved else { return };
    heap.load_immortal(SAVED, saved);
    // The program may have resized it.
    if next < heap.shape(SAVED).slots as usize {
        heap.recorder_mut().saved_len += 1;
        heap.store(SAVED, next, object);
    }
    heap.clear(SAVED);
}

/// A digest of an object's shape, payload and slots; each value by its shape and payload. The payload of a weak
/// reference is the strategy's own and left out. `spare` is nil before and after.
pub(crate) fn digest<H: Heap>(heap: &mut H, object: Local, spare: Local) -> u64 {
    let mut hasher = SipHasher13::new();
    digest_one(heap, object, &mut hasher);
    for slot in 0..heap.shape(object).slots.min(16) as usize {
        heap.load(spare, object, slot);
        digest_one(heap, spare, &mut hasher);
        looked_at(heap, object, slot, spare).hash(&mut hasher);
    }
    heap.clear(spare);
    hasher.finish()
}

/// Whether a look at the slot sees the object that was loaded from it.
fn looked_at<H: Heap>(heap: &H, object: Local, slot: usize, loaded: Local) -> bool {
    let seen = match heap.peek(object, slot) {
        None => heap.is_nil(loaded),
        Some((Kind::Weak, _)) => !heap.is_nil(loaded) && heap.shape(loaded).kind == Kind::Weak,
        Some((kind, payload)) => {
            !heap.is_nil(loaded) && heap.shape(loaded).kind == kind && heap.payload(loaded) == payload
        }
    };
    seen && heap.is_in_slot(loaded, object, slot)
}

fn digest_one<H: Heap>(heap: &H, object: Local, hasher: &mut SipHasher13) {
    if heap.is_nil(object) {
        return 0u8.hash(hasher);
    }
    let shape = heap.shape(object);
    hasher.write_u64(u64::from(shape.slots) << 8 | shape.kind as u64);
    if shape.kind != Kind::Weak {
        hasher.write(heap.payload(object));
    }
}
