//! A random program: a function of its seed and of what it reads from the heap, so that it is the same on every heap that
//! keeps the contract.

use heapbench_heap::{Frame, Heap, Hook, HookFailed, Immortal, Kind, Local, Shape};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A heap that is looked at after every operation.
pub(crate) trait Watched: Heap {
    /// An operation is over, or a hook begins.
    fn watch(&mut self);

    /// A number that is greater than all before: callbacks are called in the order in which hooks came to be, and the
    /// model sees it by their `data`.
    fn next_number(&mut self) -> u64;
}

/// What programs do.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    /// Finalizers and callbacks.
    pub(crate) hooks: bool,
}

const KINDS: [Kind; 6] = [Kind::Instance, Kind::Tuple, Kind::List, Kind::Dict, Kind::Generator, Kind::Float];

/// Locals of a frame.
const LOCALS: u32 = 6;
/// An immortal object that all hooks share, and where they have it.
const SHELF: Immortal = Immortal(0);
const SHELF_LOCAL: Local = Local::new(1);
/// Frames.
const DEPTH: usize = 5;
/// Hooks inside hooks.
const NESTED: u64 = 3;

/// Runs a program.
pub(crate) fn run<H: Watched>(heap: &mut H, seed: u64, operations: u32, mix: Mix) {
    let entered = vec![heap.enter(0, LOCALS as usize).unwrap()];
    heap.allocate(SHELF_LOCAL, Shape::new(Kind::Tuple, 3, 0)).unwrap();
    heap.immortalize(SHELF_LOCAL).unwrap();
    let random = Pcg64Mcg::seed_from_u64(seed);
    let mut program = Program { heap, random, first: 0, hooks: if mix.hooks { NESTED } else { 0 } };
    let mut frames = Frames { entered, immortals: 1 };
    for _ in 0..operations {
        program.call_or_step(&mut frames);
        program.heap.watch();
    }
}

struct Frames {
    entered: Vec<Frame>,
    immortals: u32,
}

struct Program<'a, H> {
    heap: &'a mut H,
    random: Pcg64Mcg,
    /// The first local that may get another value.
    first: u32,
    /// How deep hooks may be nested from here on.
    hooks: u64,
}

impl<H: Watched> Program<'_, H> {
    fn below(&mut self, end: u32) -> u32 {
        self.random.random_range(0..end)
    }

    fn local(&mut self) -> Local {
        Local::new(self.below(LOCALS))
    }

    /// A local that may get another value.
    fn place(&mut self) -> Local {
        Local::new(self.random.random_range(self.first..LOCALS))
    }

    /// A local with an object that takes references, weak ones too.
    fn container(&mut self) -> Option<Local> {
        let local = self.local();
        let kind = (!self.heap.is_nil(local)).then(|| self.heap.shape(local).kind)?;
        (!kind.is_leaf() && kind != Kind::Weak).then_some(local)
    }

    /// A local with an object that has slots, and one of these.
    fn slot(&mut self) -> Option<(Local, usize)> {
        let local = self.container()?;
        let slots = self.heap.shape(local).slots;
        (slots > 0).then(|| (local, self.below(slots) as usize))
    }

    /// What hooks do not do, because the frames are the program's.
    fn call_or_step(&mut self, frames: &mut Frames) {
        match self.below(40) {
            0 | 1 if frames.entered.len() < DEPTH => {
                let arguments = self.below(3) as usize;
                frames.entered.push(self.heap.enter(arguments, LOCALS as usize).unwrap());
            }
            2 | 3 if frames.entered.len() > 1 => {
                let result = self.local();
                let frame = frames.entered.pop().unwrap();
                if self.below(2) == 0 { self.heap.leave(frame) } else { self.heap.leave_with(frame, result) }
            }
            4 if frames.immortals < 4 && self.below(20) == 0 => {
                let Some(local) = self.container() else { return };
                self.heap.immortalize(local).unwrap();
                frames.immortals += 1;
            }
            5..8 => {
                let (dst, immortal) = (self.local(), self.below(frames.immortals));
                self.heap.load_immortal(dst, Immortal(immortal));
            }
            _ => _ = self.step(),
        }
    }

    fn step(&mut self) -> Option<()> {
        let other = self.place();
        match self.below(30) {
            0..6 => self.allocate(other),
            6..11 => {
                let (object, slot) = self.slot()?;
                self.heap.store(object, slot, other);
            }
            11..16 => {
                let (object, slot) = self.slot()?;
                self.heap.store_take(object, slot, other);
            }
            16..18 => {
                let (object, slot) = self.slot()?;
                self.heap.load(other, object, slot);
            }
            18 => {
                let (object, slot) = self.slot()?;
                self.heap.take_slot(other, object, slot);
            }
            19 => {
                let source = self.local();
                self.heap.copy(other, source);
            }
            20 => {
                let source = self.place();
                self.heap.take(other, source);
            }
            21..24 => self.heap.clear(other),
            24 => {
                let ((object, slot), target) = (self.slot()?, self.container()?);
                let (from, to) = (self.heap.shape(object).slots, self.heap.shape(target).slots);
                let length = (from as usize - slot).min(to as usize);
                self.heap.copy_slots(object, slot..slot + length, target, to as usize - length);
            }
            25 => {
                let (object, slot) = self.slot()?;
                self.heap.fill_slots(object, slot..self.heap.shape(object).slots as usize, other);
            }
            26 => {
                let (object, slots) = (self.container()?, self.below(5));
                self.heap.resize(object, slots, 0).unwrap();
            }
            27 => {
                let (target, callback) = (self.container()?, self.hook());
                self.heap.weak(other, target, callback).unwrap();
            }
            28 => {
                let weak = self.local();
                let is_weak = !self.heap.is_nil(weak) && self.heap.shape(weak).kind == Kind::Weak;
                is_weak.then(|| self.heap.upgrade(other, weak))?;
            }
            _ => {
                let (object, finalizer) = (self.container()?, self.hook()?);
                self.heap.set_finalizer(object, finalizer).unwrap();
            }
        }
        Some(())
    }

    fn allocate(&mut self, dst: Local) {
        let kind = KINDS[self.below(KINDS.len() as u32) as usize];
        let slots = if kind.is_leaf() { 0 } else { self.below(4) };
        self.heap.allocate(dst, Shape::new(kind, slots, 0)).unwrap();
    }

    fn hook(&mut self) -> Option<Hook<H>> {
        let below = self.hooks.checked_sub(1)?;
        Some(Hook { run: hook::<H>, data: self.heap.next_number() << 2 | below })
    }
}

/// Does a few operations with the object and what is on the shelf, in a frame of its own, where the object stays in its
/// local to the end.
fn hook<H: Watched>(heap: &mut H, object: Local, data: u64) -> Result<(), HookFailed> {
    heap.watch();
    debug_assert!(!heap.is_nil(object));
    let frame = heap.enter(1, LOCALS as usize).map_err(|_| HookFailed)?;
    let random = Pcg64Mcg::seed_from_u64(data);
    heap.load_immortal(SHELF_LOCAL, SHELF);
    let mut program = Program { heap, random, first: 1, hooks: data & 3 };
    for _ in 0..program.below(6) {
        program.step();
        program.heap.watch();
    }
    heap.leave_with(frame, Local::new(0));
    Ok(())
}
