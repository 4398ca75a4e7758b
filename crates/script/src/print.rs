//! A script as text: loaded again it is the same script, but for positions.

use crate::name::Value;
use crate::{
    Action, Audience, Expectation, FinalizerAction, Name, Number, Part, Round, Script, SlotRange, Statement,
    Step,
};
use heapbench_heap::Family;
use std::fmt::{Display, Formatter, Result};

impl Display for Script {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "heap 1")?;
        // Blocks that are open: what is left of each.
        let mut open = vec![self.steps.iter()];
        while let Some(block) = open.last_mut() {
            let next = block.next();
            let indent = 2 * (open.len() - 1);
            match next {
                Some(Step::Statement(statement)) => writeln!(f, "{:indent$}{statement}", "")?,
                Some(Step::Repeat { rounds, body }) => {
                    writeln!(f, "{:indent$}repeat {rounds}", "")?;
                    open.push(body.iter());
                }
                None => {
                    open.pop();
                    if !open.is_empty() {
                        writeln!(f, "{:1$}end", "", indent - 2)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Display for Round {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let level = ["i", "j", "k"].get(usize::from(self.level)).unwrap_or(&"k");
        match self.offset {
            0 => write!(f, "{{{level}}}"),
            offset => write!(f, "{{{level}{offset:+}}}"),
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Round(round) => round.fmt(f),
        })
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.value {
            Value::Fixed(value) => value.fmt(f),
            Value::Round(round) => round.fmt(f),
        }
    }
}

impl Display for SlotRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}.{}..{}", self.object, self.start, self.end)
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.action.fmt(f)
    }
}

/// A value that may be nil.
fn or_nil(value: &Option<Name>) -> &dyn Display {
    match value {
        Some(name) => name,
        None => &"nil",
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Action::New { name, kind, slots, bytes } => {
                write!(f, "new {name} {}", kind.name())?;
                slots.iter().try_for_each(|slots| write!(f, " slots={slots}"))?;
                bytes.iter().try_for_each(|bytes| write!(f, " bytes={bytes}"))
            }
            Action::Set { object, slot, value } => write!(f, "set {object}.{slot} = {}", or_nil(value)),
            Action::Get { name, object, slot } => write!(f, "get {name} = {object}.{slot}"),
            Action::Copy { from, to, at } => write!(f, "copy {from} -> {to}.{at}"),
            Action::Fill { range, value } => write!(f, "fill {range} = {}", or_nil(value)),
            Action::Resize { object, slots } => write!(f, "resize {object} slots={slots}"),
            Action::Drop { name } => write!(f, "drop {name}"),
            Action::Weak { name, target, callback } => {
                write!(f, "weak {name} = {target}{}", if *callback { " callback" } else { "" })
            }
            Action::Upgrade { name, weak } => write!(f, "upgrade {name} = {weak}"),
            Action::Finalizer { object, action } => write!(f, "finalizer {object} = {action}"),
            Action::SavedDrop => f.write_str("saved drop"),
            Action::Collect { generation: None } => f.write_str("collect"),
            Action::Collect { generation: Some(generation) } => write!(f, "collect {generation}"),
            Action::Auto { on } => f.write_str(if *on { "auto on" } else { "auto off" }),
            Action::Threshold { thresholds } => {
                f.write_str("threshold")?;
                thresholds.iter().try_for_each(|threshold| write!(f, " {threshold}"))
            }
            Action::Freeze => f.write_str("freeze"),
            Action::Unfreeze => f.write_str("unfreeze"),
            Action::Limit { bytes: None } => f.write_str("limit none"),
            Action::Limit { bytes: Some(bytes) } => write!(f, "limit {bytes}"),
            Action::Check => f.write_str("check"),
            Action::Mark { label } => write!(f, "mark {label}"),
            Action::Expect { audience, expectation } => write!(f, "expect{audience} {expectation}"),
        }
    }
}

impl Display for FinalizerAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            FinalizerAction::Nothing => f.write_str("nothing"),
            FinalizerAction::Keep => f.write_str("keep"),
            FinalizerAction::Clear { slot } => write!(f, "clear {slot}"),
            FinalizerAction::Move { slot, to, at } => write!(f, "move {slot} -> {to}.{at}"),
            FinalizerAction::Read { weak } => write!(f, "read {weak}"),
            FinalizerAction::Collect => f.write_str("collect"),
            FinalizerAction::Allocate { objects } => write!(f, "allocate {objects}"),
            FinalizerAction::Fail => f.write_str("fail"),
        }
    }
}

impl Display for Audience {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Audience::Usual => Ok(()),
            Audience::All => f.write_str("[all]"),
            Audience::Families { families, generational } => {
                let word = |family: &Family| match family {
                    Family::RefCount => "refcount",
                    Family::Cycles => "cycles",
                    Family::Tracing => "tracing",
                    Family::Region => "region",
                };
                let words: Vec<_> =
                    families.iter().map(word).chain(generational.then_some("generational")).collect();
                write!(f, "[{}]", words.join(","))
            }
        }
    }
}

impl Display for Expectation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let gives = |alive: bool| if alive { "alive" } else { "nil" };
        let mut all = |word: &str, names: &[Name]| {
            f.write_str(word)?;
            names.iter().try_for_each(|name| write!(f, " {name}"))
        };
        match self {
            Expectation::Alive { names } => all("alive", names),
            Expectation::Dead { names } => all("dead", names),
            Expectation::Prompt { names } => all("prompt", names),
            Expectation::Order { names } => all("order", names),
            Expectation::Freed { objects } => write!(f, "freed {objects}"),
            Expectation::Finalized { name, times } => write!(f, "finalized {name} {times}"),
            Expectation::Gives { weak, alive } => write!(f, "{weak} {}", gives(*alive)),
            Expectation::Callbacks { weak, calls } => write!(f, "callbacks {weak} {calls}"),
            Expectation::Read { name, alive } => write!(f, "read {name} {}", gives(*alive)),
            Expectation::Live { objects } => write!(f, "live {objects}"),
            Expectation::Collections { at_least: true, count } => write!(f, "collections >= {count}"),
            Expectation::Collections { at_least: false, count } => write!(f, "collections {count}"),
            Expectation::OutOfMemory => f.write_str("error out-of-memory"),
            Expectation::Failures { count } => write!(f, "failures {count}"),
        }
    }
}
