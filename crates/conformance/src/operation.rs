//! The operations of the trait as data: performed on a heap and on the model alike.

use heapbench_heap::{Generation, Heap, Immortal, Introspect, Kind, Local, Shape};
use heapbench_memory::injection::Request;
use heapbench_model::Event;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::Deaths;
use crate::action::{Action, SAVED_SLOTS, digest};

/// Locals that the suite keeps to itself in every frame, behind the arguments: nil between operations.
pub(crate) const SPARE: u32 = 4;
/// Slots of the immortal tuple that holds every object once while the suite compares graphs.
pub(crate) const DIRECTORY_SLOTS: u32 = 4096;
/// Its handle.
pub(crate) const DIRECTORY: Immortal = Immortal(0);

/// Requests of a heap for memory that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// What is asked for.
    pub request: Request,
    /// The first request that fails, counted from 1.
    pub number: u64,
    /// All later ones fail too.
    pub forever: bool,
}

impl Hash for Injection {
    fn hash<T: Hasher>(&self, state: &mut T) {
        (self.request as u8, self.number, self.forever).hash(state);
    }
}

/// One operation. Numbers of locals, slots and ranges are as in the trait's method of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are the parameters of the trait's methods, documented there")]
pub enum Operation {
    /// Makes the directory and the saved, once, before the others.
    Prepare,
    Enter {
        arguments: u32,
        locals: u32,
    },
    Leave,
    LeaveWith {
        result: u32,
    },
    Copy {
        dst: u32,
        src: u32,
    },
    Take {
        dst: u32,
        src: u32,
    },
    Clear {
        local: u32,
    },
    Allocate {
        dst: u32,
        shape: Shape,
    },
    Load {
        dst: u32,
        object: u32,
        slot: u32,
    },
    Store {
        object: u32,
        slot: u32,
        value: u32,
    },
    StoreTake {
        object: u32,
        slot: u32,
        value: u32,
    },
    TakeSlot {
        dst: u32,
        object: u32,
        slot: u32,
    },
    CopySlots {
        src: u32,
        start: u32,
        end: u32,
        dst: u32,
        at: u32,
    },
    FillSlots {
        object: u32,
        start: u32,
        end: u32,
        value: u32,
    },
    Resize {
        object: u32,
        slots: u32,
        bytes: usize,
    },
    /// Writes the payload: bytes that follow from `seed` and their place.
    Write {
        object: u32,
        seed: u8,
    },
    /// Reads the object and its slots.
    Read {
        object: u32,
    },
    Weak {
        dst: u32,
        target: u32,
        callback: Option<Action>,
    },
    Upgrade {
        dst: u32,
        weak: u32,
    },
    Finalizer {
        object: u32,
        action: Action,
    },
    Immortalize {
        object: u32,
    },
    LoadImmortal {
        dst: u32,
        immortal: u32,
    },
    /// Forgets what hooks saved.
    DropSaved,
    Safepoint,
    Collect {
        generation: u8,
    },
    Enable,
    Disable,
    Freeze,
    Unfreeze,
    /// Limits memory to what is live and so many bytes more, or lifts the limit.
    Limit {
        more: Option<usize>,
    },
    Reset,
    Thresholds {
        thresholds: [u32; 3],
    },
    /// Requests of the heap for memory fail from now on. Of the suite's, not of the trait's.
    Arm(Injection),
    /// Memory is given back.
    Disarm,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

fn local(index: u32) -> Local {
    Local::new(index)
}

/// The spare locals of the current frame.
pub(crate) fn spares(recorder: &Deaths) -> [Local; SPARE as usize] {
    let first = recorder.frames.last().map_or(0, |frame| frame.arguments);
    std::array::from_fn(|i| Local::new((first + i) as u32))
}

impl Operation {
    /// Performs the operation; what can be seen of it goes to the heap's recorder.
    pub fn perform<H: Heap<Recorder = Deaths> + Introspect>(self, heap: &mut H) {
        match self {
            Operation::Prepare => prepare(heap),
            Operation::Enter { arguments, locals } => match heap.enter(arguments as usize, locals as usize) {
                Ok(frame) => heap.recorder_mut().frames.push(frame),
                Err(_) => heap.recorder_mut().push(Event::OutOfMemory),
            },
            Operation::Leave => {
                if let Some(frame) = heap.recorder_mut().frames.pop() {
                    heap.leave(frame);
                }
            }
            Operation::LeaveWith { result } => {
                if let Some(frame) = heap.recorder_mut().frames.pop() {
                    heap.leave_with(frame, local(result));
                }
            }
            Operation::Copy { dst, src } => heap.copy(local(dst), local(src)),
            Operation::Take { dst, src } => heap.take(local(dst), local(src)),
            Operation::Clear { local: index } => heap.clear(local(index)),
            Operation::Safepoint => heap.safepoint(),
            Operation::Enable => heap.enable(),
            Operation::Disable => heap.disable(),
            Operation::Freeze => _ = heap.freeze(),
            Operation::Unfreeze => _ = heap.unfreeze(),
            Operation::Thresholds { thresholds } => _ = heap.set_thresholds(thresholds),
            Operation::Arm(_) | Operation::Disarm => {}
            Operation::Limit { more } => {
                let bytes = more.map(|more| heap.footprint().live_bytes + more);
                heap.set_limit(bytes);
            }
            Operation::Collect { generation } => {
                let freed = heap.collect(Generation::new(generation)).map(|collected| collected.objects);
                heap.recorder_mut().push(Event::Collected(freed));
            }
            Operation::Reset => {
                let done = heap.reset();
                heap.recorder_mut().push(Event::Reset(done));
            }
            _ => self.perform_on_objects(heap),
        }
    }

    fn perform_on_objects<H: Heap<Recorder = Deaths> + Introspect>(self, heap: &mut H) {
        let spare = spares(heap.recorder())[0];
        let mut outcome = Ok(());
        match self {
            Operation::Allocate { dst, shape } => outcome = heap.allocate(local(dst), shape),
            Operation::Load { dst, object, slot } => heap.load(local(dst), local(object), slot as usize),
            Operation::Store { object, slot, value } => {
                heap.store(local(object), slot as usize, local(value))
            }
            Operation::StoreTake { object, slot, value } => {
                heap.store_take(local(object), slot as usize, local(value));
            }
            Operation::TakeSlot { dst, object, slot } => {
                heap.take_slot(local(dst), local(object), slot as usize);
            }
            Operation::CopySlots { src, start, end, dst, at } => {
                heap.copy_slots(local(src), start as usize..end as usize, local(dst), at as usize);
            }
            Operation::FillSlots { object, start, end, value } => {
                heap.fill_slots(local(object), start as usize..end as usize, local(value));
            }
            Operation::Resize { object, slots, bytes } => outcome = heap.resize(local(object), slots, bytes),
            Operation::Write { object, seed } => {
                for (place, byte) in heap.payload_mut(local(object)).iter_mut().enumerate() {
                    *byte = seed ^ (place as u8).wrapping_mul(167) ^ (place >> 8) as u8;
                }
            }
            Operation::Read { object } => {
                let seen = digest(heap, local(object), spare);
                heap.recorder_mut().push(Event::Read(seen));
            }
            Operation::Weak { dst, target, callback } => {
                let callback = callback.map(|action| action.hook(heap));
                outcome = heap.weak(local(dst), local(target), callback);
            }
            Operation::Upgrade { dst, weak } => {
                let gives = heap.upgrade(local(dst), local(weak));
                heap.recorder_mut().push(Event::Upgraded(gives));
            }
            Operation::Finalizer { object, action } => {
                let hook = action.hook(heap);
                outcome = heap.set_finalizer(local(object), hook);
            }
            Operation::Immortalize { object } => {
                outcome = heap.immortalize(local(object)).map(|_| heap.recorder_mut().immortals += 1);
            }
            Operation::LoadImmortal { dst, immortal } => heap.load_immortal(local(dst), Immortal(immortal)),
            Operation::DropSaved => drop_saved(heap),
            _ => unreachable!("performed by `perform`"),
        }
        if outcome.is_err() {
            heap.recorder_mut().push(Event::OutOfMemory);
        }
    }
}

/// Makes the two immortal tuples that the suite needs for itself.
fn prepare<H: Heap<Recorder = Deaths>>(heap: &mut H) {
    let spare = spares(heap.recorder())[0];
    for slots in [DIRECTORY_SLOTS, SAVED_SLOTS] {
        let made = heap.allocate(spare, Shape::new(Kind::Tuple, slots, 0));
        let Ok(handle) = made.and_then(|()| heap.immortalize(spare)) else {
            heap.recorder_mut().push(Event::OutOfMemory);
            return;
        };
        let recorder = heap.recorder_mut();
        recorder.immortals += 1;
        recorder.saved_len = crate::action::SHELF as usize;
        recorder.saved = Some(handle);
    }
}

fn drop_saved<H: Heap<Recorder = Deaths>>(heap: &mut H) {
    let [tuple, nil, ..] = spares(heap.recorder());
    if let Some(saved) = heap.recorder().saved {
        heap.recorder_mut().saved_len = crate::action::SHELF as usize;
        heap.load_immortal(tuple, saved);
        let slots = heap.shape(tuple).slots as usize;
        heap.fill_slots(tuple, 0..slots, nil);
        heap.clear(tuple);
    }
}
