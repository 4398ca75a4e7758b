//! Names and the saved list as locals: which local of the one frame holds what, so that nothing of the runner's lives
//! in the heap.
//!
//! A held name has a local of its own, a name that is not held has none, and each saved reference has one. Locals that
//! nobody uses are nil.

use heapbench_heap::{Heap, Local};

use super::Side;
use super::hooks::MOST_NESTED;

/// Number of a name, in order of first use.
pub(super) type Label = u32;

/// Always nil.
pub(super) const NIL: Local = Local::new(0);
/// Nil but for moments in which no hook can run.
pub(super) const SCRATCH: Local = Local::new(1);
const FIRST: u32 = 2;

/// Locals that a frame can have: each hook that runs lengthens it by one.
const MOST_LOCALS: u32 = Local::MAX - MOST_NESTED;
/// References that can be held and saved.
pub(super) const MOST_HELD: u32 = MOST_LOCALS - FIRST;

/// Who uses which local.
#[derive(Debug)]
pub(super) struct Names {
    /// The local of each name; [`NIL`] for a name that is not held.
    held: Vec<Local>,
    /// The saved references, in order.
    pub(super) saved: Vec<Local>,
    /// Used once and free again.
    free: Vec<Local>,
    /// Locals from here on were never used.
    next: u32,
    /// Locals of the frame.
    locals: u32,
}

impl Default for Names {
    fn default() -> Names {
        Names { held: Vec::new(), saved: Vec::new(), free: Vec::new(), next: FIRST, locals: 0 }
    }
}

impl Names {
    /// The local of a name; `None` when it is not held.
    pub(super) fn get(&self, name: Label) -> Option<Local> {
        self.held.get(name as usize).copied().filter(|local| *local != NIL)
    }

    pub(super) fn hold(&mut self, name: Label, local: Local) {
        let name = name as usize;
        if name >= self.held.len() {
            self.held.resize(name + 1, NIL);
        }
        self.held[name] = local;
    }

    pub(super) fn unhold(&mut self, name: Label) -> Option<Local> {
        let local = self.get(name)?;
        self.held[name as usize] = NIL;
        Some(local)
    }

    /// A local for a new holder; `None` when there is no room.
    pub(super) fn take(&mut self) -> Option<Local> {
        self.free.pop().or_else(|| {
            let unused = self.next < self.locals;
            unused.then(|| {
                self.next += 1;
                Local::new(self.next - 1)
            })
        })
    }

    /// Gives a local back, which is nil again.
    pub(super) fn give_back(&mut self, local: Local) {
        self.free.push(local);
    }

    /// Every local that was ever used.
    pub(super) fn used(&self) -> impl Iterator<Item = Local> + use<> {
        (FIRST..self.next).map(Local::new)
    }

    /// The locals that were never used.
    pub(super) fn unused(&self) -> std::ops::Range<u32> {
        self.next..self.locals.max(self.next)
    }

    /// How many references more can be held.
    pub(super) fn room(&self) -> usize {
        self.free.len() + self.unused().len()
    }
}

/// Sees to it that `wanted` more locals can be taken, as far as there can be so many; how many can.
pub(super) fn make_room<H: Heap<Recorder = Side>>(heap: &mut H, wanted: usize) -> usize {
    let names = &heap.recorder().names;
    let room = names.room();
    if room >= wanted {
        return room;
    }
    let now = names.locals as usize;
    let more = (2 * now).max(now + wanted - room).clamp(64, MOST_LOCALS as usize);
    // The frame begins where the one before begins, with all its locals as arguments. It is never left: nothing runs at
    // the end of a script.
    if more > now && heap.enter(now, more).is_ok() {
        heap.recorder_mut().names.locals = more as u32;
    }
    heap.recorder().names.room()
}
