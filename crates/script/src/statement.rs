//! What a script is, loaded: statements, each with its place in the file.

use crate::{Name, Number, Position, limit};
use heapbench_heap::{Family, Kind, Shape};

/// A script that has been loaded: well-formed, and within all limits that do not depend on rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its statements, `heap 1` left out.
    pub steps: Vec<Step>,
    /// Statements that run when every `repeat` is unrolled.
    pub unrolled: u64,
}

impl Script {
    /// A script of statements that are built and not read, without `repeat`; at most [`limit::STATEMENTS`] of them.
    /// Printed, it can be loaded.
    pub fn from_actions(actions: impl IntoIterator<Item = Action>) -> Script {
        let steps: Vec<Step> = actions.into_iter().map(|action| Step::Statement(action.into())).collect();
        let unrolled = steps.len() as u64;
        Script { steps, unrolled }
    }
}

/// A statement, or a block of them that is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One statement.
    Statement(Statement),
    /// `repeat N` … `end`.
    Repeat {
        /// How often.
        rounds: Number,
        /// The block; at most three levels deep.
        body: Vec<Step>,
    },
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its first token.
    pub position: Position,
    /// One column behind its last token: where something is missing.
    pub end: Position,
    /// What it says.
    pub action: Action,
}

/// `A.I..J`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRange {
    /// The object.
    pub object: Name,
    /// The first slot.
    pub start: Number,
    /// The slot behind the last.
    pub end: Number,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parts of the statement, in its own words")]
pub enum Action {
    /// `new A KIND [slots=N] [bytes=N]`
    New { name: Name, kind: Kind, slots: Option<Number>, bytes: Option<Number> },
    /// `set A.I = B`, `set A.I = nil`
    Set { object: Name, slot: Number, value: Option<Name> },
    /// `get X = A.I`
    Get { name: Name, object: Name, slot: Number },
    /// `copy A.I..J -> B.K`
    Copy { from: SlotRange, to: Name, at: Number },
    /// `fill A.I..J = B`, `fill A.I..J = nil`
    Fill { range: SlotRange, value: Option<Name> },
    /// `resize A slots=N`
    Resize { object: Name, slots: Number },
    /// `drop A`
    Drop { name: Name },
    /// `weak W = A [callback]`
    Weak { name: Name, target: Name, callback: bool },
    /// `upgrade X = W`
    Upgrade { name: Name, weak: Name },
    /// `finalizer A = …`
    Finalizer { object: Name, action: FinalizerAction },
    /// `saved drop`
    SavedDrop,
    /// `collect [G]`
    Collect { generation: Option<Number> },
    /// `auto on`, `auto off`
    Auto { on: bool },
    /// `threshold T0 [T1 [T2]]`
    Threshold { thresholds: Vec<Number> },
    /// `freeze`
    Freeze,
    /// `unfreeze`
    Unfreeze,
    /// `limit SIZE`, `limit none`
    Limit { bytes: Option<Number> },
    /// `check`
    Check,
    /// `mark LABEL`
    Mark { label: Name },
    /// `expect[…] …`
    Expect { audience: Audience, expectation: Expectation },
}

impl Action {
    /// Whether it is one of those that `the statement just before` passes over.
    pub fn is_silent(&self) -> bool {
        matches!(self, Action::Check | Action::Mark { .. } | Action::Expect { .. })
    }
}

impl From<Action> for Statement {
    /// A statement without a place in a file.
    fn from(action: Action) -> Statement {
        Statement { position: Position::default(), end: Position::default(), action }
    }
}

impl Action {
    /// `new NAME KIND slots=… bytes=…`
    pub fn new_object(name: Name, shape: Shape) -> Action {
        let slots = (!shape.kind.is_leaf()).then(|| Number::fixed(shape.slots.into(), limit::SLOTS));
        let bytes = Some(Number::fixed(shape.bytes as u64, limit::BYTES));
        Action::New { name, kind: shape.kind, slots, bytes }
    }

    /// `set OBJECT.SLOT = VALUE`
    pub fn set(object: Name, slot: u64, value: Option<Name>) -> Action {
        Action::Set { object, slot: Number::fixed(slot, limit::SLOTS), value }
    }

    /// `get NAME = OBJECT.SLOT`
    pub fn get(name: Name, object: Name, slot: u64) -> Action {
        Action::Get { name, object, slot: Number::fixed(slot, limit::SLOTS) }
    }

    /// `copy FROM -> TO.AT`
    pub fn copy(from: SlotRange, to: Name, at: u64) -> Action {
        Action::Copy { from, to, at: Number::fixed(at, limit::SLOTS) }
    }

    /// `resize OBJECT slots=SLOTS`
    pub fn resize(object: Name, slots: u64) -> Action {
        Action::Resize { object, slots: Number::fixed(slots, limit::SLOTS) }
    }

    /// `collect GENERATION`
    pub fn collect(generation: u64) -> Action {
        Action::Collect { generation: Some(Number::fixed(generation, limit::GENERATION)) }
    }

    /// `limit BYTES`, `limit none`
    pub fn limit(bytes: Option<u64>) -> Action {
        Action::Limit { bytes: bytes.map(|bytes| Number::fixed(bytes, limit::BYTES)) }
    }

    /// `expect …`, for every family but `region`.
    pub fn expect(expectation: Expectation) -> Action {
        Action::Expect { audience: Audience::Usual, expectation }
    }
}

impl SlotRange {
    /// `OBJECT.START..END`
    pub fn fixed(object: Name, slots: std::ops::Range<u64>) -> SlotRange {
        let [start, end] = [slots.start, slots.end].map(|slot| Number::fixed(slot, limit::SLOTS));
        SlotRange { object, start, end }
    }
}

/// What a finalizer does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parts of the action, in its own words")]
pub enum FinalizerAction {
    /// `nothing`
    Nothing,
    /// `keep`
    Keep,
    /// `clear I`
    Clear { slot: Number },
    /// `move I -> B.J`
    Move { slot: Number, to: Name, at: Number },
    /// `read W`
    Read { weak: Name },
    /// `collect`
    Collect,
    /// `allocate N`
    Allocate { objects: Number },
    /// `fail`
    Fail,
}

/// For which heaps an expectation holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Every family but `region`.
    #[default]
    Usual,
    /// `[all]`
    All,
    /// Those named.
    Families {
        /// The families.
        families: Vec<Family>,
        /// `generational`: heaps of the family `cycles` with CPython's three generations.
        generational: bool,
    },
}

/// What an expectation says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parts of the expectation, in its own words")]
pub enum Expectation {
    /// `alive A B …`
    Alive { names: Vec<Name> },
    /// `dead A B …`
    Dead { names: Vec<Name> },
    /// `prompt A …`
    Prompt { names: Vec<Name> },
    /// `order A B …`
    Order { names: Vec<Name> },
    /// `freed N`
    Freed { objects: Number },
    /// `finalized A N`
    Finalized { name: Name, times: Number },
    /// `W alive`, `W nil`
    Gives { weak: Name, alive: bool },
    /// `callbacks W N`
    Callbacks { weak: Name, calls: Number },
    /// `read A alive`, `read A nil`
    Read { name: Name, alive: bool },
    /// `live N`
    Live { objects: Number },
    /// `collections N`, `collections >= N`
    Collections { at_least: bool, count: Number },
    /// `error out-of-memory`
    OutOfMemory,
    /// `failures N`
    Failures { count: Number },
}
