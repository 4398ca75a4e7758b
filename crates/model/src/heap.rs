//! The trait of strategies: each method does to the graph what its contract says, one sentence after the other.

use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Family, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Introspect, Kind, Level, Local, OutOfMemory, Refused, Shape, Unsupported,
};
use std::ops::Range;

use crate::{Event, Guide, Id, Model, Promise, Slot};

/// Weak references are objects of their own; how large, strategies decide.
const WEAK_SHAPE: Shape = Shape::new(Kind::Weak, 0, 0);

impl<P: Promise, R: Guide> Model<P, R> {
    /// Collections of this moment, and whether memory is then there.
    fn provide(&mut self, requested: usize) -> Result<(), OutOfMemory> {
        self.collect_as_guided();
        if self.recorder.next() == Some(Event::OutOfMemory) { Err(OutOfMemory { requested }) } else { Ok(()) }
    }

    /// The same where no object is allocated, but a table of the other heap's may grow: nothing collects on its own.
    fn provide_table(&mut self) -> Result<(), OutOfMemory> {
        if self.limited || self.scarce {
            return self.provide(0);
        }
        if self.recorder.next() == Some(Event::OutOfMemory) {
            Err(OutOfMemory { requested: 0 })
        } else {
            Ok(())
        }
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

    fn replace_slots(&mut self, object: Id, at: usize, mut values: Vec<Slot>) {
        values.iter().for_each(|value| _ = self.retain(value.get()));
        self.nodes[object].slots[at..at + values.len()].swap_with_slice(&mut values);
        self.release_all(values.into_iter().filter_map(Slot::get));
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
            self.forget(id);
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
        let value = self.node(object).slots[slot].get();
        self.retain(value);
        self.assign(dst, value);
    }

    fn store(&mut self, object: Local, slot: usize, value: Local) {
        let (object, value) = (self.object(object), self.held(value));
        self.retain(value);
        let old = std::mem::replace(&mut self.nodes[object].slots[slot], value.into());
        self.release(old.get());
    }

    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        let object = self.object(object);
        let value = self.stack[self.base + value.index()].take();
        let old = std::mem::replace(&mut self.nodes[object].slots[slot], value.into());
        self.release(old.get());
    }

    fn take_slot(&mut self, dst: Local, object: Local, slot: usize) {
        let object = self.object(object);
        let value = std::mem::replace(&mut self.nodes[object].slots[slot], None.into());
        self.assign(dst, value.get());
    }

    fn is_in_slot(&self, value: Local, object: Local, slot: usize) -> bool {
        self.node(object).slots[slot].get() == self.held(value)
    }

    fn peek(&self, object: Local, slot: usize) -> Option<(Kind, &[u8])> {
        let value = &self.nodes[self.node(object).slots[slot].get()?];
        Some((value.kind(), &value.payload))
    }

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        let values = self.node(src).slots[range].to_vec();
        let object = self.object(dst);
        self.replace_slots(object, at, values);
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let (object, value) = (self.object(object), self.held(value));
        self.replace_slots(object, range.start, vec![value.into(); range.len()]);
    }

    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        let object = self.object(object);
        let shape = Shape::new(self.nodes[object].kind, slots, bytes);
        if !shape.is_valid() || shape.kind.is_leaf() {
            return Err(OutOfMemory { requested: bytes });
        }
        self.provide(bytes)?;
        let node = &mut self.nodes[object];
        if bytes != node.payload.len() {
            let mut payload = std::mem::take(&mut node.payload).into_vec();
            payload.resize(bytes, 0);
            node.payload = payload.into_boxed_slice();
        }
        let cut = node.slots.split_off(node.slots.len().min(slots as usize));
        node.slots.resize(slots as usize, Slot::NIL);
        self.release_all(cut.into_iter().filter_map(Slot::get));
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
        let region = P::CAPABILITIES.family == Family::Region;
        self.deliver(dst, WEAK_SHAPE, |model, weak| {
            model.attach_weak(weak, target, callback.filter(|_| !region));
        });
        Ok(())
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        let weak = self.object(weak);
        self.upgrade_weak(dst, weak)
    }

    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) -> Result<(), OutOfMemory> {
        let id = self.object(object);
        let node = &self.nodes[id];
        let takes_none = node.kind.is_leaf() || node.kind == Kind::Weak || node.finalized;
        if takes_none || P::CAPABILITIES.family == Family::Region {
            return Ok(());
        }
        self.provide_table()?;
        if let Some(replaced) = self.nodes[id].rare_mut().finalizer.replace(finalizer) {
            self.hook_owners.remove(&replaced.data);
        }
        self.hook_owners.insert(finalizer.data, id);
        Ok(())
    }

    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory> {
        let id = self.object(object);
        self.provide_table()?;
        self.nodes[id].immortal = true;
        self.immortals.push(id);
        self.clear(object);
        Ok(Immortal(self.immortals.len() as u32 - 1))
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

    fn verify_to(&self, _: Level) -> Result<(), Corruption> {
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
        self.nodes.values_mut().for_each(|node| node.frozen = true);
        Ok(())
    }

    fn freeze_count(&self) -> Result<u64, Unsupported> {
        if !P::CAPABILITIES.freezes {
            return Err(Unsupported);
        }
        Ok(self.nodes.iter().filter(|(_, node)| node.frozen).count() as u64)
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        if !P::CAPABILITIES.freezes {
            return Err(Unsupported);
        }
        self.nodes.values_mut().for_each(|node| node.frozen = false);
        Ok(())
    }

    fn is_finalized(&self, object: Local) -> Result<bool, Unsupported> {
        Ok(self.node(object).finalized)
    }

    fn referents(&mut self, dst: Local, object: Local) -> Result<(), Refused> {
        let object = self.object(object);
        self.provide(0)?;
        let values: Vec<Slot> = self.nodes[object].values().map(|id| Some(id).into()).collect();
        let shape = Shape::new(Kind::List, values.len() as u32, 0);
        self.deliver(dst, shape, |model, list| model.replace_slots(list, 0, values));
        Ok(())
    }

    fn reference_count(&self, object: Local) -> Result<u64, Unsupported> {
        Ok(self.node(object).count)
    }
}
