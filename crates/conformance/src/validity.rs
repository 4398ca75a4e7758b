//! When an operation is one that a mutator may perform, what it touches, and when it must fail.

use heapbench_heap::{Kind, Local, Shape};
use heapbench_model::{Id, Model, Promise};

use crate::operation::{SPARE, spares};
use crate::{Deaths, Operation};

fn local(index: u32) -> Local {
    Local::new(index)
}

impl Operation {
    /// Whether the mutator may perform the operation in the model's state: locals hold objects that have the slots.
    pub fn is_valid<P: Promise>(&self, model: &Model<P, Deaths>) -> bool {
        let recorder = heapbench_heap::Heap::recorder(model);
        let spare = spares(recorder)[0].index() as u32;
        let own =
            |index: u32| (index as usize) < model.frame_len() && !(spare..spare + SPARE).contains(&index);
        let shape = |index: u32| {
            let id = own(index).then(|| model.held(local(index))).flatten()?;
            Some(model.nodes()[id].shape())
        };
        let has = |object: u32, slot: u32| shape(object).is_some_and(|shape| slot < shape.slots);
        let fits = |object: u32, start: u32, end: u32| {
            start <= end && shape(object).is_some_and(|shape| end <= shape.slots)
        };
        let carries = |object: u32| shape(object).is_some_and(|s| !s.kind.is_leaf() && s.kind != Kind::Weak);
        match *self {
            Operation::Enter { arguments, locals } => {
                let free = model.frame_len().saturating_sub((spare + SPARE) as usize) as u32;
                let first = recorder.frames.is_empty();
                arguments + SPARE <= locals && (arguments <= free || first && arguments == 0)
            }
            Operation::Leave => recorder.frames.len() > 1,
            Operation::LeaveWith { result } => recorder.frames.len() > 1 && own(result),
            Operation::Copy { dst, src } => own(dst) && own(src),
            Operation::Take { dst, src } => own(dst) && own(src) && dst != src,
            Operation::Clear { local } => own(local),
            Operation::Allocate { dst, .. } => own(dst),
            Operation::Load { dst, object, slot } | Operation::TakeSlot { dst, object, slot } => {
                own(dst) && has(object, slot)
            }
            Operation::Store { object, slot, value } | Operation::StoreTake { object, slot, value } => {
                has(object, slot) && own(value)
            }
            Operation::CopySlots { src, start, end, dst, at } => {
                fits(src, start, end) && fits(dst, at, at.saturating_add(end - start))
            }
            Operation::FillSlots { object, start, end, value } => fits(object, start, end) && own(value),
            Operation::Immortalize { object } => carries(object),
            // Where nothing changes, the contract leaves open whether a leaf is refused.
            Operation::Resize { object, slots, bytes } => shape(object).is_some_and(|shape| {
                carries(object) || shape.slots != slots || shape.bytes != bytes && shape.kind != Kind::Weak
            }),
            Operation::Write { object, .. } => shape(object).is_some_and(|shape| shape.kind != Kind::Weak),
            Operation::Read { object } => shape(object).is_some(),
            Operation::Weak { dst, target, .. } => own(dst) && carries(target),
            Operation::Upgrade { dst, weak } => {
                own(dst) && shape(weak).is_some_and(|shape| shape.kind == Kind::Weak)
            }
            Operation::Finalizer { object, .. } => shape(object).is_some(),
            Operation::LoadImmortal { dst, immortal } => {
                own(dst) && (immortal as usize) < model.immortals().len()
            }
            Operation::DropSaved => recorder.saved.is_some(),
            Operation::Freeze => !model.living().any(|id| may_be_untracked(model, id)),
            _ => true,
        }
    }

    /// Whether the operation must fail in the model's state: no memory of the world would do.
    pub(crate) fn is_impossible<P: Promise>(&self, model: &Model<P, Deaths>) -> bool {
        match *self {
            Operation::Allocate { shape, .. } => !shape.is_valid(),
            Operation::Resize { object, slots, bytes } => {
                model.held(local(object)).and_then(|id| model.nodes().get(id)).is_some_and(|node| {
                    !Shape::new(node.kind(), slots, bytes).is_valid() || node.kind().is_leaf()
                })
            }
            _ => false,
        }
    }

    /// The locals that the operation touches, to be compared with the model's after it.
    pub(crate) fn touched(&self) -> [Option<u32>; 2] {
        match *self {
            Operation::Copy { dst, src } | Operation::Take { dst, src } => [Some(dst), Some(src)],
            Operation::Clear { local } => [Some(local), None],
            Operation::Allocate { dst, .. } | Operation::LoadImmortal { dst, .. } => [Some(dst), None],
            Operation::Load { dst, object, .. } | Operation::TakeSlot { dst, object, .. } => {
                [Some(dst), Some(object)]
            }
            Operation::Store { object, value, .. } | Operation::StoreTake { object, value, .. } => {
                [Some(object), Some(value)]
            }
            Operation::CopySlots { src, dst, .. } => [Some(src), Some(dst)],
            Operation::FillSlots { object, .. }
            | Operation::Resize { object, .. }
            | Operation::Write { object, .. }
            | Operation::Read { object }
            | Operation::Finalizer { object, .. }
            | Operation::Immortalize { object } => [Some(object), None],
            Operation::Weak { dst, target, .. } => [Some(dst), Some(target)],
            Operation::Upgrade { dst, weak } => [Some(dst), Some(weak)],
            _ => [None, None],
        }
    }
}

/// As in CPython, a collector need not track a tuple or dict that holds no container, and `freeze` then passes it by:
/// whether it counts as reachable is left open, so the suite freezes without any.
fn may_be_untracked<P: Promise>(model: &Model<P, Deaths>, id: Id) -> bool {
    let node = &model.nodes()[id];
    // What is garbage may refer to the dead.
    let leaf = |value| model.nodes().get(value).is_none_or(|node| node.kind().is_leaf());
    !node.is_immortal() && matches!(node.kind(), Kind::Tuple | Kind::Dict) && node.values().all(leaf)
}
