//! A strategy's heap and the model, performing the same operations, compared after each.

use heapbench_heap::{Family, Generation, Heap, HeapConfig, HeapError, Introspect, Kind, Local, OutOfMemory};
use heapbench_model::{Event, Id, Model};

use super::Side;
use super::names::{Label, make_room};
use super::operation::Operation;
use crate::compare::{Difference, compare_counters, compare_footprint};
use crate::pair::As;

/// Heap and model.
pub(super) struct Both<H: Heap> {
    pub(super) heap: H,
    pub(super) model: Model<As<H>, Side>,
    /// Bytes that no script may use more of: the limit where the script has none.
    pub(super) cap: usize,
    /// The script's own limit is in force.
    limited: bool,
    /// Live bytes that are allowed.
    allowed: usize,
    enabled: bool,
}

impl<H: Heap<Recorder = Side> + Introspect> Both<H> {
    pub(super) fn new(config: &HeapConfig, cap: usize) -> Result<Self, HeapError> {
        let config = HeapConfig { limit: Some(cap), ..config.clone() };
        let heap = H::new(&config, Side::of_heap())?;
        let mut model = Model::new(&config, Side::of_model())?;
        model.set_limit(None);
        Ok(Both { heap, model, cap, limited: false, allowed: cap, enabled: true })
    }

    /// Sees to it that the next operation finds a local for a name, and its finalizers for what they save, as far as
    /// that can be; whether there is room for a name.
    pub(super) fn make_room(&mut self) -> bool {
        let wanted = self.model.recorder().may_save() + 1;
        make_room(&mut self.heap, wanted) > 0 && make_room(&mut self.model, wanted) > 0
    }

    /// Performs an operation on both, and compares what can be seen of it; the error where it had no effect for want of
    /// memory.
    pub(super) fn step(&mut self, operation: &Operation) -> Result<Option<OutOfMemory>, Difference> {
        let failed = operation.perform(&mut self.heap).err();
        match *operation {
            Operation::Auto { on } => self.enabled = on,
            Operation::Limit { bytes, is_cap } => {
                self.limited = !is_cap;
                // What is in use already may stay.
                self.allowed = bytes.max(self.heap.footprint().held_bytes);
            }
            _ => {}
        }
        self.follow(operation)?;
        Ok(failed)
    }

    /// A safe point; whether anything happened there.
    pub(super) fn safepoint(&mut self) -> Result<bool, Difference> {
        self.heap.safepoint();
        let happened = !self.heap.recorder().deaths.events().is_empty();
        if happened {
            self.follow(&Operation::Safepoint)?;
        }
        Ok(happened)
    }

    /// What the heap did in the last operation.
    pub(super) fn events(&self) -> &[Event] {
        self.model.recorder().deaths.followed()
    }

    /// Performs on the model what the heap has performed, and compares.
    fn follow(&mut self, operation: &Operation) -> Result<(), Difference> {
        if let Some(problem) = self.heap.recorder().deaths.problem() {
            return Err(("possible events".into(), problem.to_string()));
        }
        self.model.recorder_mut().deaths.follow(&mut self.heap.recorder_mut().deaths);
        // Under a limit an allocation may collect even where nothing else does. The cap is one that is seldom near.
        let asked = matches!(operation, Operation::Collect { .. });
        let collects = self.events().iter().any(|event| matches!(event, Event::CollectionStarted(_)));
        let limited = self.limited || collects && !self.enabled && !asked && self.is_near_the_cap(operation);
        self.model.set_limit(limited.then_some(self.cap));
        // Whether it fails is among the events.
        _ = operation.perform(&mut self.model);
        self.compare_events()?;
        self.check_memory(operation)?;
        compare_counters(&self.model.counters(), &self.heap.counters())
    }

    fn is_near_the_cap(&self, operation: &Operation) -> bool {
        let used = self.heap.peak_live_bytes().max(self.heap.footprint().held_bytes);
        used.saturating_add(operation.bytes()) > self.cap / 2
    }

    /// Memory runs out only under a limit, and only after a full collection.
    fn check_memory(&self, operation: &Operation) -> Result<(), Difference> {
        let events = self.events();
        let Some(place) = events.iter().position(|event| *event == Event::OutOfMemory) else { return Ok(()) };
        if !self.limited && !self.is_near_the_cap(operation) {
            return Err(("memory without a limit".into(), "out of memory".into()));
        }
        let collects = matches!(H::CAPABILITIES.family, Family::Cycles | Family::Tracing);
        // More than there could ever be needs no collection to be refused.
        let hopeless = operation.bytes() > self.cap;
        let collected = events[..place].contains(&Event::CollectionStarted(Generation::FULL));
        if collects && !hopeless && !collected {
            return Err(("a full collection first".into(), "out of memory".into()));
        }
        Ok(())
    }

    fn compare_events(&self) -> Result<(), Difference> {
        let (expected, actual) = (self.model.recorder().deaths.events(), self.events());
        if expected == actual {
            return Ok(());
        }
        let place = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
        let tell =
            |event: Option<&Event>| event.map_or("nothing more".to_string(), |event| format!("{event:?}"));
        let reason = match actual.get(place) {
            Some(Event::Died(object)) if self.model.nodes().contains(*object) => {
                if self.model.unreachable().contains(object) { "" } else { " of a reachable object" }
            }
            _ => "",
        };
        let expected = format!("event {} of the statement: {}", place + 1, tell(expected.get(place)));
        Err((expected, format!("{}{reason}", tell(actual.get(place)))))
    }

    /// Checks what the heap says of itself, by every means it has.
    pub(super) fn verify(&self) -> Result<(), Difference> {
        self.heap.verify().map_err(|corruption| ("a sound heap".into(), corruption.to_string()))?;
        self.model.verify().map_err(|corruption| ("a sound model".into(), corruption.to_string()))
    }

    /// Compares bytes in use with counters and limit. General allocators take long to tell, however small the heap.
    pub(super) fn compare_footprint(&self) -> Result<(), Difference> {
        compare_footprint(&self.heap, Some(self.allowed))
    }
}

impl<H: Heap<Recorder = Side> + Introspect> Both<H> {
    /// The local of a name that is held.
    pub(super) fn local(&self, name: Label) -> Option<Local> {
        self.model.recorder().names.get(name)
    }

    /// The object that a name holds.
    pub(super) fn holds(&self, name: Label) -> Option<Id> {
        self.model.held(self.local(name)?)
    }

    /// Whether a living object is a weak reference.
    pub(super) fn is_weak(&self, object: Id) -> bool {
        self.model.nodes().get(object).is_some_and(|node| node.kind() == Kind::Weak)
    }

    /// Fills the payload of a new object, in the heap only.
    pub(super) fn write_payload(&mut self, name: Label) {
        if let (Some(local), Some(object)) = (self.local(name), self.holds(name)) {
            super::pattern::write(object, self.heap.payload_mut(local));
        }
    }
}
