//! A statement as an operation: names and numbers of this round, checked against what is held and how many slots it
//! has. Only the first mistake in reading order is told.

use heapbench_heap::{Generation, Heap, Introspect, Kind, Local, Shape};
use heapbench_script::{Action, FinalizerAction, Name, Number, SlotRange};
use std::ops::Range;

use super::Side;
use super::history::MOST_NAMES;
use super::hooks::{Act, Finalizer};
use super::interpreter::{Halt, Interpreter};
use super::names::Label;
use super::operation::{Operation, with_slot};

/// A name that is held, and what it holds.
struct Held {
    label: Label,
    local: Local,
    shape: Shape,
}

impl<H: Heap<Recorder = Side> + Introspect> Interpreter<'_, H> {
    pub(super) fn operation(&mut self, action: &Action) -> Result<Operation, Halt> {
        Ok(match action {
            Action::New { name, kind, slots, bytes } => {
                let name = self.label(name)?;
                let slots = self.optional(slots)? as u32;
                Operation::New { name, shape: Shape::new(*kind, slots, self.optional(bytes)? as usize) }
            }
            Action::Set { object, slot, value } => {
                let object = self.held(object)?;
                let slot = self.slot(slot, &object)?;
                Operation::Set { object: object.label, slot, value: self.value(value)? }
            }
            Action::Get { name, object, slot } => self.get(name, object, slot)?,
            Action::Copy { from, to, at } => self.copy(from, to, at)?,
            Action::Fill { range, value } => {
                let (object, slots) = self.range(range)?;
                Operation::Fill { object, slots, value: self.value(value)? }
            }
            Action::Resize { object, slots } => self.resize(object, slots)?,
            Action::Drop { name } => Operation::Drop { name: self.held(name)?.label },
            Action::Weak { name, target, callback } => {
                let name = self.label(name)?;
                let target = self.carrier(target, "weak reference")?;
                let callback = callback.then(|| self.history.next_hook());
                Operation::Weak { name, target: target.label, callback }
            }
            Action::Upgrade { name, weak } => {
                Operation::Upgrade { name: self.label(name)?, weak: self.weak(weak)?.label }
            }
            Action::Finalizer { object, action } => self.finalizer(object, action)?,
            _ => self.control(action)?,
        })
    }

    fn control(&mut self, action: &Action) -> Result<Operation, Halt> {
        Ok(match action {
            Action::Collect { generation } => {
                let number = generation.map(|number| number.resolve(self.rounds)).transpose()?;
                let generation = number.map_or(Generation::FULL, |number| Generation::new(number as u8));
                Operation::Collect { generation }
            }
            Action::Auto { on } => Operation::Auto { on: *on },
            Action::Threshold { thresholds } => {
                let mut resolved = [None; 3];
                for (place, number) in resolved.iter_mut().zip(thresholds) {
                    *place = Some(number.resolve(self.rounds)? as u32);
                }
                Operation::Threshold { thresholds: resolved }
            }
            Action::Freeze => Operation::Freeze,
            Action::Unfreeze => Operation::Unfreeze,
            Action::Limit { bytes } => {
                let own = bytes.map(|bytes| bytes.resolve(self.rounds)).transpose()?;
                let cap = self.both.cap;
                let bytes = own.map_or(cap, |own| cap.min(usize::try_from(own).unwrap_or(cap)));
                Operation::Limit { bytes, is_cap: own.is_none() }
            }
            Action::SavedDrop => Operation::SavedDrop,
            _ => unreachable!("silent statements and those that name objects are not resolved here"),
        })
    }

    fn get(&mut self, name: &Name, object: &Name, slot: &Number) -> Result<Operation, Halt> {
        let name = self.label(name)?;
        let held = self.held(object)?;
        let place = self.slot(slot, &held)?;
        if with_slot(&mut self.both.model, held.local, place, |model, local| model.is_nil(local)) {
            let text = self.history.name(held.label);
            return Err(Halt::stop(
                slot.position,
                format!("slot {place} of {text} is nil, expected an object"),
            ));
        }
        Ok(Operation::Get { name, object: held.label, slot: place })
    }

    fn copy(&mut self, from: &SlotRange, to: &Name, at: &Number) -> Result<Operation, Halt> {
        let (from, slots) = self.range(from)?;
        let to = self.held(to)?;
        let place = at.resolve(self.rounds)? as usize;
        let (count, room) = (slots.len(), to.shape.slots as usize);
        if place > room || place + count > room {
            let text = self.history.name(to.label);
            let message =
                format!("{count} slots from slot {place} of {text}, expected at most {room} slots in all");
            return Err(Halt::stop(at.position, message));
        }
        Ok(Operation::Copy { from, slots, to: to.label, at: place })
    }

    fn resize(&mut self, object: &Name, slots: &Number) -> Result<Operation, Halt> {
        let held = self.held(object)?;
        let number = slots.resolve(self.rounds)? as u32;
        let kind = held.shape.kind;
        if number > 0 && (kind.is_leaf() || kind == Kind::Weak) {
            let message =
                format!("{} has kind {}, expected slots=0", self.history.name(held.label), kind.name());
            return Err(Halt::stop(slots.position, message));
        }
        Ok(Operation::Resize { object: held.label, slots: number })
    }

    fn finalizer(&mut self, object: &Name, action: &FinalizerAction) -> Result<Operation, Halt> {
        let held = self.carrier(object, "finalizer")?;
        let action = match action {
            FinalizerAction::Nothing => Act::Nothing,
            FinalizerAction::Keep => Act::Keep,
            FinalizerAction::Clear { slot } => Act::Clear { slot: self.slot(slot, &held)? },
            FinalizerAction::Move { slot, to, at } => {
                let slot = self.slot(slot, &held)?;
                let to = self.held(to)?;
                Act::Move { slot, to: to.label, at: self.slot(at, &to)? }
            }
            FinalizerAction::Read { weak } => Act::Read { weak: self.weak(weak)?.label },
            FinalizerAction::Collect => Act::Collect,
            FinalizerAction::Allocate { objects } => {
                Act::Allocate { objects: objects.resolve(self.rounds)? as usize }
            }
            FinalizerAction::Fail => Act::Fail,
        };
        let Some(owner) = self.both.holds(held.label) else {
            return Err(Halt::stop(object.position, "the name holds nothing, expected an object"));
        };
        let replaced = self.history.hook(owner);
        let hook = self.history.next_hook();
        Ok(Operation::Finalizer {
            object: held.label,
            hook,
            finalizer: Finalizer { owner, action },
            replaced,
        })
    }

    fn optional(&self, number: &Option<Number>) -> Result<u64, Halt> {
        Ok(number.map_or(Ok(0), |number| number.resolve(self.rounds))?)
    }

    /// A name that is to be bound.
    fn label(&mut self, name: &Name) -> Result<Label, Halt> {
        name.resolve(self.rounds, &mut self.text)?;
        self.history.label_or_new(&self.text).ok_or_else(|| {
            Halt::stop(
                name.position,
                format!("{} is one name too many, expected at most {MOST_NAMES}", self.text),
            )
        })
    }

    /// A name that is held.
    fn held(&mut self, name: &Name) -> Result<Held, Halt> {
        name.resolve(self.rounds, &mut self.text)?;
        let label = self.history.label(&self.text);
        match label.and_then(|label| Some((label, self.both.local(label)?))) {
            Some((label, local)) => Ok(Held { label, local, shape: self.both.model.shape(local) }),
            None => {
                let message = format!("{} is not held, expected a name that holds an object", self.text);
                Err(Halt::stop(name.position, message))
            }
        }
    }

    /// A held name whose object can have finalizers and weak references.
    fn carrier(&mut self, name: &Name, what: &str) -> Result<Held, Halt> {
        let held = self.held(name)?;
        let kind = held.shape.kind;
        if kind.is_leaf() || kind == Kind::Weak {
            let text = self.history.name(held.label);
            let message = format!("{text} has kind {}, expected a kind that takes a {what}", kind.name());
            return Err(Halt::stop(name.position, message));
        }
        Ok(held)
    }

    /// A held name of a weak reference.
    fn weak(&mut self, name: &Name) -> Result<Held, Halt> {
        let held = self.held(name)?;
        if held.shape.kind != Kind::Weak {
            let (text, kind) = (self.history.name(held.label), held.shape.kind.name());
            return Err(Halt::stop(
                name.position,
                format!("{text} has kind {kind}, expected a weak reference"),
            ));
        }
        Ok(held)
    }

    fn value(&mut self, name: &Option<Name>) -> Result<Option<Label>, Halt> {
        name.as_ref().map(|name| Ok(self.held(name)?.label)).transpose()
    }

    /// A slot that the object has.
    fn slot(&self, number: &Number, object: &Held) -> Result<usize, Halt> {
        let slot = number.resolve(self.rounds)?;
        if slot < u64::from(object.shape.slots) {
            return Ok(slot as usize);
        }
        Err(self.no_such_slot(number, slot, object, object.shape.slots.checked_sub(1)))
    }

    fn no_such_slot(&self, number: &Number, slot: u64, object: &Held, last: Option<u32>) -> Halt {
        let name = self.history.name(object.label);
        let expected = last.map_or("an object with slots".into(), |last| format!("at most {last}"));
        Halt::stop(number.position, format!("slot {slot} of {name} is out of range, expected {expected}"))
    }

    /// A range of slots that the object has.
    fn range(&mut self, range: &SlotRange) -> Result<(Label, Range<usize>), Halt> {
        let object = self.held(&range.object)?;
        let (start, end) = (range.start.resolve(self.rounds)?, range.end.resolve(self.rounds)?);
        let slots = object.shape.slots;
        if start > u64::from(slots) || start == u64::from(slots) && end > start {
            return Err(self.no_such_slot(&range.start, start, &object, slots.checked_sub(1)));
        }
        if end < start {
            let message = format!("the range ends at {end}, before its start, expected at least {start}");
            return Err(Halt::stop(range.end.position, message));
        }
        if end > u64::from(slots) {
            return Err(self.no_such_slot(&range.end, end, &object, Some(slots)));
        }
        Ok((object.label, start as usize..end as usize))
    }
}
