//! Operations as a heap script, so that a failure of the random suite can be kept, read and run as one.
//!
//! A script's names are locals without frames: each local that holds something has a name of its own, and a value that
//! moves from local to local takes its name along. A copy goes through a slot of a helper object, which the scripts'
//! `get` can read. An immortal object keeps its name to the end. What a script cannot say and what changes nothing in the
//! graph is left out: payloads, reads, safepoints, and limits (the suite's own objects count against them) with the
//! operations that failed. Without counterpart are the suite's own immortals, resets of
//! regions and failing requests: then there is no script.

use heapbench_heap::{Family, Heap, HeapConfig, Introspect, Kind, Local, Shape};
use heapbench_model::Event;
use heapbench_script::{Action as Say, FinalizerAction, Name, Number, Script, SlotRange, limit};

use crate::action::SHELF;
use crate::check::run_list;
use crate::pair::Pair;
use crate::{Action, Deaths, Operation, Plan};

/// The script of a list of operations, which is performed for that once more.
pub(crate) fn script<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
    operations: &[Operation],
) -> Option<Script> {
    let mut writer = Some(Writer::default());
    let mut before = (0, Names::default());
    _ = run_list::<H>(config, plan, operations, &mut |pair, operation, is_done| {
        let Some(writing) = &mut writer else { return };
        if !is_done {
            before = (writing.said.len(), writing.names.clone());
            if writing.say(pair, operation).is_none() {
                writer = None;
            }
        } else if pair.events().last() == Some(&Event::OutOfMemory) {
            // It had no effect.
            writing.said.truncate(before.0);
            writing.names.clone_from(&before.1);
        }
    });
    let mut said = writer?.said;
    if said.is_empty() {
        return None;
    }
    said.push(Say::Check);
    Some(Script::from_actions(said))
}

#[derive(Debug, Default)]
struct Writer {
    said: Vec<Say>,
    names: Names,
}

/// Who is called what.
#[derive(Clone, Debug, Default)]
struct Names {
    /// The name of each local that is not nil, over all frames.
    locals: Vec<Option<u32>>,
    /// Where each frame begins, and how many of its locals are arguments.
    frames: Vec<(usize, usize)>,
    /// The names of immortals, but for the suite's own.
    immortals: Vec<Option<u32>>,
    /// Names given.
    given: u32,
    /// The helpers have been made.
    helped: bool,
}

fn name(number: u32) -> Name {
    Name::fixed(format!("n{number}"))
}

/// An object with a slot that copies go through.
fn helper() -> Name {
    Name::fixed("helper")
}

/// An object whose slots finalizers move references to.
fn shelf() -> Name {
    Name::fixed("shelf")
}

/// Whether objects of this kind have slots that can be resized, and take finalizers.
fn carries(kind: Kind) -> bool {
    !kind.is_leaf() && kind != Kind::Weak
}

impl Writer {
    /// Says an operation that is about to be performed; `None` when a script cannot.
    fn say<H: Heap<Recorder = Deaths> + Introspect>(
        &mut self,
        pair: &Pair<H>,
        operation: Operation,
    ) -> Option<()> {
        match operation {
            Operation::Prepare => self.names.immortals.extend([None, None]),
            Operation::Enter { arguments, locals } => {
                let base = self.names.locals.len() - arguments as usize;
                self.names.frames.push((base, arguments as usize));
                self.names.locals.resize(base + locals as usize, None);
            }
            Operation::Leave => self.leave(None)?,
            Operation::LeaveWith { result } => self.leave(Some(result))?,
            Operation::Take { dst, src } => {
                let value = self.local(src)?.take();
                let old = std::mem::replace(self.local(dst)?, value);
                self.drop(old);
            }
            Operation::Copy { dst, src } => match *self.local(src)? {
                Some(value) => self.copy(dst, value)?,
                None => self.clear(dst)?,
            },
            Operation::Clear { local } => self.clear(local)?,
            Operation::Immortalize { object } => {
                let value = self.local(object)?.take();
                self.names.immortals.push(value);
            }
            Operation::LoadImmortal { dst, immortal } => {
                let value = self.names.immortals.get(immortal as usize).copied().flatten()?;
                self.copy(dst, value)?;
            }
            Operation::DropSaved => {
                self.said.push(Say::SavedDrop);
                if self.names.helped {
                    self.said
                        .push(Say::Fill { range: SlotRange::fixed(shelf(), 0..SHELF.into()), value: None });
                }
            }
            Operation::Collect { generation } => self.said.push(Say::collect(generation.into())),
            Operation::Enable => self.said.push(Say::Auto { on: true }),
            Operation::Disable => self.said.push(Say::Auto { on: false }),
            Operation::Freeze => self.said.push(Say::Freeze),
            Operation::Unfreeze => self.said.push(Say::Unfreeze),
            Operation::Thresholds { thresholds } => {
                let number = |threshold: u32| Number::fixed(threshold.into(), limit::THRESHOLD);
                self.said.push(Say::Threshold { thresholds: thresholds.map(number).to_vec() });
            }
            Operation::Reset if H::CAPABILITIES.family == Family::Region => return None,
            Operation::Arm(_) => return None,
            Operation::Safepoint | Operation::Write { .. } | Operation::Read { .. } => {}
            Operation::Limit { .. } | Operation::Reset | Operation::Disarm => {}
            _ => self.say_on_objects(pair, operation)?,
        }
        Some(())
    }

    fn say_on_objects<H: Heap<Recorder = Deaths> + Introspect>(
        &mut self,
        pair: &Pair<H>,
        operation: Operation,
    ) -> Option<()> {
        let node = |index: u32| pair.model().nodes().get(pair.model().held(Local::new(index))?);
        match operation {
            Operation::Allocate { dst, shape } if shape.is_valid() => {
                let name = self.bind(dst)?;
                self.said.push(Say::new_object(name, shape));
            }
            Operation::Load { dst, object, slot } => {
                let from = self.name(object)?;
                if node(object)?.slots().get(slot as usize)?.get().is_none() {
                    return self.clear(dst);
                }
                let name = self.bind(dst)?;
                self.said.push(Say::get(name, from, slot.into()));
            }
            Operation::Store { object, slot, value } => self.set(object, slot, value)?,
            Operation::StoreTake { object, slot, value } => {
                self.set(object, slot, value)?;
                self.clear(value)?;
            }
            Operation::TakeSlot { dst, object, slot } if dst != object => {
                let is_nil = node(object)?.slots().get(slot as usize)?.get().is_none();
                self.take_slot(dst, object, slot, is_nil)?;
            }
            Operation::CopySlots { src, start, end, dst, at } => {
                let from = SlotRange::fixed(self.name(src)?, start.into()..end.into());
                let to = self.name(dst)?;
                self.said.push(Say::copy(from, to, at.into()));
            }
            Operation::FillSlots { object, start, end, value } => {
                let range = SlotRange::fixed(self.name(object)?, start.into()..end.into());
                let value = self.local(value)?.map(name);
                self.said.push(Say::Fill { range, value });
            }
            Operation::Resize { object, slots, .. } => {
                let shape = node(object)?.shape();
                if slots != shape.slots && slots <= Shape::MAX_SLOTS && carries(shape.kind) {
                    let object = self.name(object)?;
                    self.said.push(Say::resize(object, slots.into()));
                }
            }
            Operation::Weak { dst, target, callback } => {
                let target = self.name(target)?;
                let name = self.bind(dst)?;
                self.said.push(Say::Weak { name, target, callback: callback.is_some() });
            }
            Operation::Upgrade { dst, weak } if node(weak)?.target().is_some() => {
                let weak = self.name(weak)?;
                let name = self.bind(dst)?;
                self.said.push(Say::Upgrade { name, weak });
            }
            Operation::Finalizer { object, action } => {
                let shape = node(object)?.shape();
                if carries(shape.kind) {
                    let action = self.finalizer(action, shape);
                    let object = self.name(object)?;
                    self.said.push(Say::Finalizer { object, action });
                }
            }
            _ => {}
        }
        Some(())
    }

    fn finalizer(&mut self, action: Action, shape: Shape) -> FinalizerAction {
        let number = |slot: u32| Number::fixed(slot.into(), limit::SLOTS);
        match action {
            Action::Keep => FinalizerAction::Keep,
            Action::Clear(slot) if slot < shape.slots => FinalizerAction::Clear { slot: number(slot) },
            Action::Move { slot, shelf: at } if slot < shape.slots => {
                self.help();
                FinalizerAction::Move { slot: number(slot), to: shelf(), at: number(at) }
            }
            Action::Collect(_) => FinalizerAction::Collect,
            Action::Allocate(objects @ 1..) => {
                FinalizerAction::Allocate { objects: Number::fixed(objects.into(), limit::ALLOCATE) }
            }
            Action::Fail => FinalizerAction::Fail,
            _ => FinalizerAction::Nothing,
        }
    }

    /// The current frame's local.
    fn local(&mut self, index: u32) -> Option<&mut Option<u32>> {
        let base = self.names.frames.last()?.0;
        self.names.locals.get_mut(base + index as usize)
    }

    /// The name of an object that a local holds.
    fn name(&mut self, index: u32) -> Option<Name> {
        self.local(index)?.map(name)
    }

    /// The name of a local that gets a new value.
    fn bind(&mut self, index: u32) -> Option<Name> {
        let next = self.names.given;
        let number = *self.local(index)?.get_or_insert(next);
        self.names.given += u32::from(number == next);
        Some(name(number))
    }

    fn drop(&mut self, value: Option<u32>) {
        self.said.extend(value.map(|value| Say::Drop { name: name(value) }));
    }

    fn clear(&mut self, index: u32) -> Option<()> {
        let value = self.local(index)?.take();
        self.drop(value);
        Some(())
    }

    fn set(&mut self, object: u32, slot: u32, value: u32) -> Option<()> {
        let (object, value) = (self.name(object)?, self.local(value)?.map(name));
        self.said.push(Say::set(object, slot.into(), value));
        Some(())
    }

    /// Moves a slot's value into a local.
    fn take_slot(&mut self, dst: u32, object: u32, slot: u32, is_nil: bool) -> Option<()> {
        if is_nil {
            return self.clear(dst);
        }
        let from = self.name(object)?;
        let name = self.bind(dst)?;
        self.said.push(Say::get(name, from.clone(), slot.into()));
        self.said.push(Say::set(from, slot.into(), None));
        Some(())
    }

    /// Gives a local what another name holds.
    fn copy(&mut self, dst: u32, value: u32) -> Option<()> {
        self.help();
        let bound = self.bind(dst)?;
        self.said.extend([
            Say::set(helper(), 0, Some(name(value))),
            Say::get(bound, helper(), 0),
            Say::set(helper(), 0, None),
        ]);
        Some(())
    }

    /// Makes the helpers, once.
    fn help(&mut self) {
        if !std::mem::replace(&mut self.names.helped, true) {
            let instance = |slots| Shape::new(Kind::Instance, slots, 0);
            self.said.push(Say::new_object(helper(), instance(1)));
            self.said.push(Say::new_object(shelf(), instance(SHELF)));
        }
    }

    fn leave(&mut self, result: Option<u32>) -> Option<()> {
        let value = match result {
            Some(result) => self.local(result)?.take(),
            None => None,
        };
        let (base, arguments) = self.names.frames.pop()?;
        let locals: Vec<Option<u32>> = self.names.locals.drain(base..).collect();
        locals.into_iter().for_each(|local| self.drop(local));
        self.names.locals.resize(base + arguments, None);
        if arguments > 0 {
            self.names.locals[base] = value;
        } else {
            self.drop(value);
        }
        Some(())
    }
}
