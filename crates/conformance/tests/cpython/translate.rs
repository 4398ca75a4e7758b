//! A heap script as a program for CPython: one line a statement, behind `heap.py`.

use heapbench_heap::Family;
use heapbench_script::{
    Action, Audience, Expectation, FinalizerAction, Name, Number, Script, Statement, Step, Value,
};
use std::fmt::Write;

/// CPython's own heap, as functions named after the statements.
const HEAP: &str = include_str!("heap.py");

/// As many members a class of Python can have in reasonable time.
const MOST_SLOTS: u64 = 100_000;

/// Why something is not compared with CPython.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Skipped {
    /// A whole case: CPython has no limit on its heap.
    Limit,
    /// A whole case: an object has more slots than a class can have members, or a number of them that only a round
    /// tells while objects are resized.
    Slots,
    /// An expectation on how many collections started on their own: the translated program allocates, too.
    AutomaticCollections,
}

/// A program, and the reasons for which expectations of it were left out.
pub(crate) struct Program {
    pub(crate) text: String,
    pub(crate) skipped: Vec<Skipped>,
}

/// Translates a script.
///
/// # Errors
/// What makes the script one that CPython cannot run.
pub(crate) fn translate(script: &Script) -> Result<Program, Skipped> {
    let mut translation = Translation::default();
    let mut open = vec![script.steps.iter()];
    while let Some(block) = open.last_mut() {
        let next = block.next();
        let level = open.len() - 1;
        match next {
            None => {
                // Python has no empty blocks.
                translation.line(level, "pass");
                open.pop();
            }
            Some(Step::Repeat { rounds, body }) => {
                let header = format!("for {} in range({}):", ["i", "j", "k"][level], number(rounds));
                translation.line(level, &header);
                open.push(body.iter());
            }
            Some(Step::Statement(statement)) => {
                if let Some(line) = translation.statement(statement)? {
                    translation.line(level, &line);
                }
            }
        }
    }
    Ok(translation.program())
}

/// What is known of a script that is read from the start.
#[derive(Default)]
struct Translation {
    text: String,
    skipped: Vec<Skipped>,
    /// `auto off` is in force.
    off: bool,
    /// The first threshold is 0.
    zero: bool,
    /// A collection may have started on its own.
    automatic: bool,
    /// An object is resized, so every object needs room for the most slots.
    resized: bool,
    most_slots: u64,
    /// A number of slots follows a round.
    slots_in_rounds: bool,
}

impl Translation {
    fn line(&mut self, level: usize, line: &str) {
        writeln!(self.text, "{:1$}{line}", "", 4 * level).expect("a string takes all text");
    }

    fn program(self) -> Program {
        let room = if self.resized { self.most_slots } else { 0 };
        let end = "print(f\"checked {checked}\", flush=True)\nimport os\nos._exit(0)\n";
        Program { text: format!("{HEAP}\ncapacity = {room}\n{}{end}", self.text), skipped: self.skipped }
    }

    fn statement(&mut self, statement: &Statement) -> Result<Option<String>, Skipped> {
        match &statement.action {
            Action::Check | Action::Mark { .. } => return Ok(None),
            Action::Expect { audience, expectation } if is_for_cpython(audience) => {
                if matches!(expectation, Expectation::OutOfMemory) {
                    return Err(Skipped::Limit);
                }
                return Ok(self.expect(statement, expectation));
            }
            Action::Expect { .. } => return Ok(None),
            Action::Limit { .. } => return Err(Skipped::Limit),
            Action::New { slots: Some(slots), .. } => self.slots(slots)?,
            Action::Resize { slots, .. } => {
                self.resized = true;
                self.slots(slots)?;
            }
            Action::Auto { on } => self.off = !on,
            Action::Threshold { thresholds } => self.zero = thresholds[0].value == Value::Fixed(0),
            _ => {}
        }
        let decides = matches!(statement.action, Action::Auto { .. } | Action::Threshold { .. });
        self.automatic |= !decides && !self.off && !self.zero;
        Ok(Some(call(&statement.action)))
    }

    fn slots(&mut self, slots: &Number) -> Result<(), Skipped> {
        match slots.value {
            Value::Fixed(slots) => self.most_slots = self.most_slots.max(slots),
            Value::Round(_) => self.slots_in_rounds = true,
        }
        let is_too_much = self.most_slots > MOST_SLOTS || self.resized && self.slots_in_rounds;
        if is_too_much { Err(Skipped::Slots) } else { Ok(()) }
    }

    fn expect(&mut self, statement: &Statement, expectation: &Expectation) -> Option<String> {
        // More are no contradiction where at least so many are expected.
        if self.automatic && matches!(expectation, Expectation::Collections { at_least: false, .. }) {
            self.skipped.push(Skipped::AutomaticCollections);
            return None;
        }
        Some(format!("expect(\"{}\", {})", statement.position, condition(expectation)))
    }
}

/// Whether an expectation holds for a counting heap with a cycle collector of three generations.
fn is_for_cpython(audience: &Audience) -> bool {
    match audience {
        Audience::Usual | Audience::All => true,
        Audience::Families { families, generational } => *generational || families.contains(&Family::Cycles),
    }
}

/// A name as a string of Python; rounds are written as an f-string has them.
fn name(name: &Name) -> String {
    format!("f\"{name}\"")
}

fn names(all: &[Name]) -> String {
    all.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn name_or_none(value: &Option<Name>) -> String {
    value.as_ref().map_or("None".into(), name)
}

fn number(number: &Number) -> String {
    number.to_string().trim_matches(['{', '}']).to_string()
}

fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// The call of the function that a statement is.
fn call(action: &Action) -> String {
    let text = |text: &str| text.to_string();
    match action {
        Action::New { name: a, slots, .. } => {
            format!("new({}, {})", name(a), slots.as_ref().map_or("0".into(), number))
        }
        Action::Set { object, slot, value } => {
            format!("set_slot({}, {}, {})", name(object), number(slot), name_or_none(value))
        }
        Action::Get { name: a, object, slot } => {
            format!("get({}, {}, {})", name(a), name(object), number(slot))
        }
        Action::Copy { from, to, at } => {
            let (start, end) = (number(&from.start), number(&from.end));
            format!("copy({}, {start}, {end}, {}, {})", name(&from.object), name(to), number(at))
        }
        Action::Fill { range, value } => {
            let (start, end) = (number(&range.start), number(&range.end));
            format!("fill({}, {start}, {end}, {})", name(&range.object), name_or_none(value))
        }
        Action::Resize { object, slots } => format!("resize({}, {})", name(object), number(slots)),
        Action::Drop { name: a } => format!("drop({})", name(a)),
        Action::Weak { name: a, target, callback } => {
            format!("weak({}, {}, {})", name(a), name(target), boolean(*callback))
        }
        Action::Upgrade { name: a, weak } => format!("upgrade({}, {})", name(a), name(weak)),
        Action::Finalizer { object, action } => {
            format!("finalizer({}, {})", name(object), finalizer_action(action))
        }
        Action::SavedDrop => text("saved_drop()"),
        Action::Collect { generation } => {
            format!("collect({})", generation.as_ref().map_or(String::new(), number))
        }
        Action::Auto { on } => format!("auto({})", boolean(*on)),
        Action::Threshold { thresholds } => {
            let all: Vec<_> = thresholds.iter().map(number).collect();
            format!("threshold({})", all.join(", "))
        }
        Action::Freeze => text("freeze()"),
        Action::Unfreeze => text("unfreeze()"),
        Action::Limit { .. } | Action::Check | Action::Mark { .. } | Action::Expect { .. } => text("pass"),
    }
}

fn finalizer_action(action: &FinalizerAction) -> String {
    match action {
        FinalizerAction::Clear { slot } => format!("\"clear\", {}", number(slot)),
        FinalizerAction::Move { slot, to, at } => {
            format!("\"move\", {}, {}, {}", number(slot), name(to), number(at))
        }
        FinalizerAction::Read { weak } => format!("\"read\", {}", name(weak)),
        FinalizerAction::Allocate { objects } => format!("\"allocate\", {}", number(objects)),
        word @ (FinalizerAction::Nothing
        | FinalizerAction::Keep
        | FinalizerAction::Collect
        | FinalizerAction::Fail) => format!("\"{word}\""),
    }
}

/// The call of the function that an expectation is.
fn condition(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Alive { names: all } => format!("alive({})", names(all)),
        Expectation::Dead { names: all } => format!("dead({})", names(all)),
        Expectation::Prompt { names: all } => format!("prompt({})", names(all)),
        Expectation::Order { names: all } => format!("order({})", names(all)),
        Expectation::Freed { objects } => format!("freed_is({})", number(objects)),
        Expectation::Finalized { name: a, times } => format!("finalized_is({}, {})", name(a), number(times)),
        Expectation::Gives { weak, alive } => format!("gives({}, {})", name(weak), boolean(*alive)),
        Expectation::Callbacks { weak, calls } => format!("callbacks({}, {})", name(weak), number(calls)),
        Expectation::Read { name: a, alive } => format!("read({}, {})", name(a), boolean(*alive)),
        Expectation::Live { objects } => format!("live({})", number(objects)),
        Expectation::Collections { at_least, count } => {
            format!("collections_are({}, {})", number(count), boolean(*at_least))
        }
        Expectation::OutOfMemory => "\"never\"".into(),
        Expectation::Failures { count } => format!("failures_are({})", number(count)),
    }
}
