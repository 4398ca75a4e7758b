//! The trait of strategies: each method does to the graph what its contract says, one sentence after the other.

use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Family, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Introspect, Kind, Local, OutOfMemory, Shape, Unsupported,
};
use std::ops::Range;

use crate::{Event, Guide, Id, Model, Promise};

/// Weak references are objects of their own; how large, strategies decide.
const WEAK_SHAPE: Shape = Shape::new(Kind::Weak, 0, 0);

impl<P: Promise, R: Guide> Model<P, R> {
    /// Collections of this moment, and whether memory is then there.
    fn provide(&mut self, requested: usize) -> Result<(), OutOfMemory> {
        self.collect_as_guided();
        if self.recorder.next() == Some(Event::OutOfMemory) { Err(OutOfMemory { requested }) } else { Ok(()) }
    }

    /// A new object, on its way to a local while collections of this moment run.
    fn deliver(&mut self, dst: Local, shape: Shape, attach: impl FnOnce(&mut Self, Id)) {
        let id = self.create(shape);
        self.nodes[id].count = 1;
        self.in_flight.push(id);
        attach(self, id);
        self.collect_as_guided();
        let value = self.in_flight.pop();
        self.assign(dst, value);
    }

    /// Whether a partial collection, under way or past, may have cleared the weak reference without a call.
    fn may_be_cleared(&self, weak: Id) -> bool {
        let node = &self.nodes[weak];
        let touched = node.target.is_some_and(|target| self.found.contains(&target));
        node.uncertain || self.found.contains(&weak) || touched && node.callback.is_none()
    }

    fn replace_slots(&mut self, object: Id, at: usize, values: Vec<Option<Id>>) {
        values.iter().for_each(|value| _ = self.retain(*value));
        let old = self.nodes[object].slots.splice(at..at + values.len(), values).collect();
        self.release_all(old);
    }
}

impl<P: Promise, R: Guide> Heap for Model<P, R> {
    const CAPABILITIES: Capabilities = P::CAPABILITIES;
    type Recorder = R;

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        let mut model = Model::empty(recorder);
        model.set_limit(config.limit);
        Ok(model)
    }

    fn reset(&mut self) -> bool {
        let held = self.stack.iter().flatten().next().is_some() || !self.immortals.is_empty();
        if P::CAPABILITIES.family != Family::Region || held {
            return false;
        }
        for id in self.living().collect::<Vec<_>>() {
            self.nodes[id].alive = false;
            self.nodes[id].slots.clear();
            self.nodes[id].count = 0;
            self.report_death(id);
        }
        true
    }

    fn enter(&mut self, arguments: usize, locals: usize) -> Result<Frame, OutOfMemory> {
        assert!(
            arguments <= locals && arguments <= self.frame_len(),
            "arguments are the caller's last locals"
        );
        let frame = Frame { caller_base: self.base, base: self.stack.len() - arguments, arguments, locals };
        self.base = frame.base;
        self.stack.resize(frame.base + locals, None);
        Ok(frame)
    }

    fn leave(&mut self, frame: Frame) {
        for index in 0..frame.locals {
            self.clear(Local::new(index as u32));
        }
        self.stack.truncate(frame.base + frame.arguments);
        self.base = frame.caller_base;
    }

    fn leave_with(&mut self, frame: Frame, result: Local) {
        let value = self.stack[self.base + result.index()].take();
        let (base, arguments) = (frame.base, frame.arguments);
        let settled = self.in_flight.len();
        self.in_flight.extend(value);
        self.leave(frame);
        self.in_flight.truncate(settled);
        if arguments > 0 {
            self.stack[base] = value;
        } else {
            self.release(value);
        }
    }

    fn is_nil(&self, local: Local) -> bool {
        self.held(local).is_none()
    }

    fn is_same(&self, a: Local, b: Local) -> bool {
        self.held(a) == self.held(b)
    }

    fn copy(&mut self, dst: Local, src: Local) {
        let value = self.held(src);
        self.retain(value);
        self.assign(dst, value);
    }

    fn take(&mut self, dst: Local, src: Local) {
        let value = self.stack[self.base + src.index()].take();
        self.assign(dst, value);
    }

    fn clear(&mut self, local: Local) {
        self.assign(local, None);
    }

    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        if !shape.is_valid() {
            return Err(OutOfMemory { requested: shape.bytes });
        }
        self.provide(shape.bytes)?;
        self.deliver(dst, shape, |_, _| ());
        Ok(())
    }

    fn shape(&self, object: Local) -> Shape {
        self.node(object).shape()
    }

    fn load(&mut self, dst: Local, object: Local, slot: usize) {
        let value = self.node(object).slots[slot];
        self.retain(value);
        self.assign(dst, value);
    }

    fn store(&mut self, object: Local, slot: usize, value: Local) {
        let (object, value) = (self.object(object), self.held(value));
        self.replace_slots(object, slot, vec![value]);
    }

    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        let object = self.object(object);
        let value = self.stack[self.base + value.index()].take();
        let old = std::mem::replace(&mut self.nodes[object].slots[slot], value);
        self.release(old);
    }

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        let values = self.node(src).slots[range].to_vec();
        let object = self.object(dst);
        self.replace_slots(object, at, values);
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let (object, value) = (self.object(object), self.held(value));
        self.replace_slots(object, range.start, vec![value; range.len()]);
    }

    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let object = self.object(object);
        let shape = Shape::new(self.nodes[object].kind, slots, bytes);
        if !shape.is_valid() {
            return Err(OutOfMemory { requested: bytes });
        }
        self.provide(bytes)?;
        let node = &mut self.nodes[object];
        node.payload.resize(bytes, 0);
        let cut = node.slots.split_off(node.slots.len().min(slots as usize));
        node.slots.resize(slots as usize, None);
        self.release_all(cut);
        Ok(())
    }

    fn payload(&self, object: Local) -> &[u8] {
        &self.node(object).payload
    }

    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        let object = self.object(object);
        &mut self.nodes[object].payload
    }

    fn weak(&mut self, dst: Local, target: Local, callback: Option<Hook<Self>>) -> Result<(), OutOfMemory> {
        let target = self.object(target);
        self.provide(WEAK_SHAPE.bytes)?;
        self.deliver(dst, WEAK_SHAPE, |model, weak| {
            model.nodes[weak].target = Some(target);
            model.nodes[target].weak_references.push(weak);
            if P::CAPABILITIES.family != Family::Region {
                model.nodes[weak].callback = callback;
            }
            callback.into_iter().for_each(|hook| _ = model.hook_owners.insert(hook.data, weak));
        });
        Ok(())
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        let weak = self.object(weak);
        if self.may_be_cleared(weak) && self.recorder.next() == Some(Event::Upgraded(false)) {
            self.clear_weak(weak);
            self.nodes[weak].callback = None;
        }
        let target = self.nodes[weak].target;
        self.nodes[weak].uncertain = false;
        if target.is_some() {
            self.retain(target);
            self.assign(dst, target);
        }
        target.is_some()
    }

    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) {
        let id = self.object(object);
        let node = &mut self.nodes[id];
        let takes_one = !node.kind.is_leaf() && node.kind != Kind::Weak && !node.finalized;
        if takes_one && P::CAPABILITIES.family != Family::Region {
            node.finalizer = Some(finalizer);
            self.hook_owners.insert(finalizer.data, id);
        }
    }

    fn immortalize(&mut self, object: Local) -> Immortal {
        let id = self.object(object);
        self.nodes[id].immortal = true;
        self.immortals.push(id);
        self.clear(object);
        Immortal(self.immortals.len() as u32 - 1)
    }

    fn load_immortal(&mut self, dst: Local, immortal: Immortal) {
        let value = self.retain(Some(self.immortals[immortal.0 as usize]));
        self.assign(dst, value);
    }

    fn safepoint(&mut self) {
        self.collect_as_guided();
    }

    fn collect(&mut self, generation: Generation) -> Option<Collected> {
        self.collect_now(generation).map(|objects| Collected { objects })
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.limited = bytes.is_some();
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }

    fn peak_live_bytes(&self) -> usize {
        0
    }

    fn recorder(&self) -> &R {
        &self.recorder
    }

    fn recorder_mut(&mut self) -> &mut R {
        &mut self.recorder
    }

    fn verify(&self) -> Result<(), Corruption> {
        self.check()
    }
}

impl<P: Promise, R: Guide> Introspect for Model<P, R> {
    fn enable(&mut self) {
        self.enabled = true;
    }

    fn disable(&mut self) {
        self.enabled = false;
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn freeze(&mut self) -> Result<(), Unsupported> {
        if !P::CAPABILITIES.freezes {
            return Err(Unsupported);
        }
        self.nodes.iter_mut().for_each(|node| node.frozen = node.alive);
        Ok(())
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        if !P::CAPABILITIES.freezes {
            return Err(Unsupported);
        }
        self.nodes.iter_mut().for_each(|node| node.frozen = false);
        Ok(())
    }
}
