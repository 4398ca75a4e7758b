//! Random operations. Each seed draws its own mix (swarm testing): weights of operations, sizes, locals.

use heapbench_heap::{Family, Kind, Local, Shape};
use heapbench_model::{Model, Promise, Slot};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::action::{Action, SHELF};
use crate::operation::{Operation, SPARE, spares};
use crate::{Deaths, Plan};

/// Kinds of operation that the generator draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Enter,
    Leave,
    LeaveWith,
    Copy,
    Take,
    Clear,
    Allocate,
    Load,
    Store,
    StoreTake,
    TakeSlot,
    CopySlots,
    FillSlots,
    Resize,
    Write,
    Read,
    Weak,
    Upgrade,
    Finalizer,
    Immortalize,
    LoadImmortal,
    DropSaved,
    Safepoint,
    Collect,
    Switch,
    Freeze,
    Limit,
    Thresholds,
    Reset,
}

/// The choices, each with its usual weight; a seed multiplies every one by 0, 1, 2 or 4.
const CHOICES: [(Choice, u32); 29] = [
    (Choice::Enter, 8),
    (Choice::Leave, 4),
    (Choice::LeaveWith, 4),
    (Choice::Copy, 10),
    (Choice::Take, 10),
    (Choice::Clear, 20),
    (Choice::Allocate, 60),
    (Choice::Load, 40),
    (Choice::Store, 50),
    (Choice::StoreTake, 20),
    (Choice::TakeSlot, 8),
    (Choice::CopySlots, 8),
    (Choice::FillSlots, 5),
    (Choice::Resize, 8),
    (Choice::Write, 12),
    (Choice::Read, 4),
    (Choice::Weak, 8),
    (Choice::Upgrade, 8),
    (Choice::Finalizer, 8),
    (Choice::Immortalize, 1),
    (Choice::LoadImmortal, 8),
    (Choice::DropSaved, 2),
    (Choice::Safepoint, 8),
    (Choice::Collect, 3),
    (Choice::Switch, 1),
    (Choice::Freeze, 1),
    (Choice::Limit, 1),
    (Choice::Thresholds, 1),
    (Choice::Reset, 1),
];

/// More immortals than these are not made: they stay for ever.
const IMMORTALS: usize = 8;
/// Frames deeper than this are not entered.
const DEPTH: usize = 12;

pub(crate) struct Generator {
    random: Pcg64Mcg,
    /// Each choice as often as it weighs: the quickest to draw from.
    choices: Vec<Choice>,
    /// Operations that come next, the last one first: to let go of everything before a reset.
    planned: Vec<Operation>,
    locals: u32,
    most_slots: u32,
    most_bytes: usize,
    /// Of a hundred allocations, so many have an edge size.
    edges: u32,
    kinds: Vec<Kind>,
    hooks: bool,
    live: usize,
    /// Thresholds are at most this.
    highest_threshold: u32,
}

impl Generator {
    pub(crate) fn new(plan: &Plan) -> Generator {
        let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
        let excluded = |choice| match choice {
            Choice::Limit => !plan.limits,
            Choice::Switch | Choice::Thresholds => !plan.automatic,
            Choice::Immortalize => !plan.immortals,
            Choice::Finalizer => !plan.hooks,
            _ => false,
        };
        let mut factor = |choice| match choice {
            _ if excluded(choice) => 0,
            // Nothing happens without these.
            Choice::Allocate | Choice::Clear => 1 + random.random_range(0..3),
            Choice::Collect if plan.stress => 10,
            Choice::Limit if plan.stress => 5,
            _ => [0, 1, 1, 2, 4][random.random_range(0..5)],
        };
        let weigh = |(choice, weight)| std::iter::repeat_n(choice, (weight * factor(choice)) as usize);
        let choices = CHOICES.into_iter().flat_map(weigh).collect();
        let mut kinds = Kind::ALLOCATABLE.to_vec();
        kinds.retain(|_| random.random_range(0..3) > 0);
        kinds.push(Kind::Instance);
        Generator {
            choices,
            planned: Vec::new(),
            kinds,
            locals: random.random_range(4..24),
            most_slots: [1, 3, 8, 40][random.random_range(0..4)],
            most_bytes: [0, 9, 64, 300][random.random_range(0..4)],
            edges: [0, 1, 5][random.random_range(0..3)],
            hooks: plan.hooks,
            live: plan.live,
            highest_threshold: if plan.stress { 8 } else { 1_000 },
            random,
        }
    }

    /// Locals of a new frame, spare ones left out.
    pub(crate) fn locals(&self) -> u32 {
        self.locals
    }

    /// Thresholds for a collector. A first one of 0 would keep it from ever starting on its own.
    pub(crate) fn thresholds(&mut self) -> [u32; 3] {
        let highest = self.highest_threshold;
        [1..highest + 1, 0..highest, 0..highest].map(|range| self.random.random_range(range))
    }

    /// The next operation, valid in the model's state.
    pub(crate) fn next<P: Promise>(&mut self, model: &Model<P, Deaths>) -> Operation {
        while let Some(operation) = self.planned.pop() {
            if operation.is_valid(model) {
                return operation;
            }
        }
        for _ in 0..32 {
            let choice = self.choices[self.random.random_range(0..self.choices.len())];
            if let Some(operation) = self.draw(choice, model).filter(|operation| operation.is_valid(model)) {
                return operation;
            }
        }
        Operation::Safepoint
    }

    fn draw<P: Promise>(&mut self, choice: Choice, model: &Model<P, Deaths>) -> Option<Operation> {
        let recorder = heapbench_heap::Heap::recorder(model);
        Some(match choice {
            Choice::Enter if recorder.frames.len() < DEPTH => {
                let arguments = self.random.random_range(0..4);
                Operation::Enter {
                    arguments,
                    locals: arguments + SPARE + self.random.random_range(0..self.locals),
                }
            }
            Choice::Leave => Operation::Leave,
            Choice::LeaveWith => Operation::LeaveWith { result: self.local(model) },
            Choice::Copy => Operation::Copy { dst: self.local(model), src: self.local(model) },
            Choice::Take => Operation::Take { dst: self.local(model), src: self.local(model) },
            Choice::Clear => Operation::Clear { local: self.local(model) },
            Choice::LoadImmortal => {
                // Not the suite's directory; but what hooks saved.
                let others = self.random.random_range(0..2);
                let immortal = 1 + others * self.random.random_range(1..IMMORTALS as u32 - 1);
                Operation::LoadImmortal { dst: self.local(model), immortal }
            }
            Choice::Immortalize if model.immortals().len() < IMMORTALS => {
                Operation::Immortalize { object: self.object(model)? }
            }
            Choice::DropSaved => Operation::DropSaved,
            Choice::Safepoint => Operation::Safepoint,
            Choice::Collect => Operation::Collect { generation: self.random.random_range(0..3) },
            Choice::Switch => [Operation::Enable, Operation::Disable][self.random.random_range(0..2)],
            Choice::Freeze => {
                [Operation::Freeze, Operation::Unfreeze, Operation::Unfreeze][self.random.random_range(0..3)]
            }
            Choice::Limit => {
                let more = [Some(0), Some(4 << 10), Some(256 << 10), None, None, None]
                    [self.random.random_range(0..6)];
                Operation::Limit { more }
            }
            Choice::Thresholds => Operation::Thresholds { thresholds: self.thresholds() },
            Choice::Reset => self.plan_reset(model),
            Choice::Allocate if model.live() < self.live => {
                Operation::Allocate { dst: self.local(model), shape: self.shape() }
            }
            _ => return self.draw_on_object(choice, model),
        })
    }

    fn draw_on_object<P: Promise>(&mut self, choice: Choice, model: &Model<P, Deaths>) -> Option<Operation> {
        let object = self.object(model)?;
        let shape = model.held(Local::new(object)).map(|id| model.nodes()[id].shape())?;
        let slot = self.random.random_range(0..shape.slots.max(1));
        let end = self.random.random_range(slot..shape.slots.max(slot) + 1);
        Some(match choice {
            Choice::Load => {
                // Nil is not what programs load.
                let slots = model.nodes()[model.held(Local::new(object))?].slots();
                let mut onward = (slot..shape.slots).chain(0..slot);
                let slot = onward.find(|slot| slots[*slot as usize] != Slot::NIL).unwrap_or(slot);
                Operation::Load { dst: self.local(model), object, slot }
            }
            Choice::Store => Operation::Store { object, slot, value: self.local(model) },
            Choice::StoreTake => Operation::StoreTake { object, slot, value: self.local(model) },
            Choice::TakeSlot => Operation::TakeSlot { dst: self.local(model), object, slot },
            Choice::CopySlots => {
                let dst = if self.random.random_range(0..2) == 0 { object } else { self.object(model)? };
                let room = model.held(Local::new(dst)).map(|id| model.nodes()[id].slots().len() as u32)?;
                let end = end.min(slot + room);
                let at = self.random.random_range(0..room - (end - slot) + 1);
                Operation::CopySlots { src: object, start: slot, end, dst, at }
            }
            Choice::FillSlots => Operation::FillSlots { object, start: slot, end, value: self.local(model) },
            Choice::Resize => {
                let bytes = if self.random.random_range(0..2) == 0 { shape.bytes } else { self.bytes() };
                let slots = if self.random.random_range(0..4) == 0 { shape.slots } else { self.slots() };
                let beyond = if self.random.random_range(0..500) == 0 { Shape::MAX_SLOTS + 1 } else { 0 };
                Operation::Resize { object, slots: slots + beyond, bytes }
            }
            Choice::Write => Operation::Write { object, seed: self.random.random() },
            Choice::Read => Operation::Read { object },
            Choice::Weak => {
                let callback = (self.hooks && self.random.random_range(0..2) == 0).then(|| self.action());
                Operation::Weak { dst: self.local(model), target: object, callback }
            }
            Choice::Upgrade => Operation::Upgrade { dst: self.local(model), weak: object },
            Choice::Finalizer => Operation::Finalizer { object, action: self.action() },
            _ => return None,
        })
    }

    /// Lets go of everything, so that the reset that comes last does something on a region heap without immortals.
    fn plan_reset<P: Promise>(&mut self, model: &Model<P, Deaths>) -> Operation {
        let frames = &heapbench_heap::Heap::recorder(model).frames;
        let locals = frames.first().map_or(0, |frame| frame.locals as u32);
        self.planned = vec![Operation::Reset];
        if P::CAPABILITIES.family == Family::Region && model.immortals().is_empty() {
            self.planned.extend((SPARE..locals).map(|local| Operation::Clear { local }));
            self.planned.extend((1..frames.len()).map(|_| Operation::Leave));
        }
        Operation::Safepoint
    }

    /// Any local but the spare ones.
    fn local<P: Promise>(&mut self, model: &Model<P, Deaths>) -> u32 {
        let spare = spares(heapbench_heap::Heap::recorder(model))[0].index();
        let own = (model.frame_len() - SPARE as usize).max(1);
        let index = self.random.random_range(0..own);
        (if index < spare { index } else { index + SPARE as usize }) as u32
    }

    /// A local that is not nil, if a few attempts find one.
    fn object<P: Promise>(&mut self, model: &Model<P, Deaths>) -> Option<u32> {
        (0..8).map(|_| self.local(model)).find(|index| model.held(Local::new(*index)).is_some())
    }

    fn slots(&mut self) -> u32 {
        // About 512 bytes, 1, 8 and 32 KiB of slots, headers included or not.
        const EDGES: [u32; 14] = [0, 1, 60, 62, 63, 64, 65, 127, 128, 255, 1021, 1024, 2000, 4096];
        match self.random.random_range(0..100) {
            point if point < self.edges => EDGES[self.random.random_range(0..EDGES.len())],
            _ => self.random.random_range(0..self.most_slots + 1),
        }
    }

    fn bytes(&mut self) -> usize {
        const EDGES: [usize; 16] =
            [0, 1, 7, 8, 480, 496, 511, 512, 513, 4096, 8144, 8191, 8192, 8200, 32_768, 65_536];
        match self.random.random_range(0..100) {
            point if point < self.edges => EDGES[self.random.random_range(0..EDGES.len())],
            _ => self.random.random_range(0..self.most_bytes + 1),
        }
    }

    fn shape(&mut self) -> Shape {
        let kind = self.kinds[self.random.random_range(0..self.kinds.len())];
        if self.random.random_range(0..1000) == 0 {
            // Beyond every limit, a leaf with a slot, and what only `weak` makes.
            let impossible = [(kind, Shape::MAX_SLOTS + 1, 0), (Kind::Str, 1, 0), (Kind::Weak, 0, 0)];
            let (kind, slots, bytes) = impossible[self.random.random_range(0..3)];
            return Shape::new(kind, slots, bytes);
        }
        Shape::new(kind, if kind.is_leaf() { 0 } else { self.slots() }, self.bytes())
    }

    fn action(&mut self) -> Action {
        let slot = self.random.random_range(0..self.most_slots.min(4));
        match self.random.random_range(0..10) {
            0 | 1 => Action::Keep,
            2 => Action::Clear(slot),
            3 | 4 => Action::Move { slot, shelf: self.random.random_range(0..SHELF) },
            5 => Action::Read(slot),
            6 => Action::Collect(self.random.random_range(0..3)),
            7 => Action::Allocate(self.random.random_range(0..4)),
            8 => Action::Fail,
            _ => Action::Nothing,
        }
    }
}
