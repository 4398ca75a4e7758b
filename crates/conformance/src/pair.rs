//! A heap and the model of it, side by side: every operation is performed on both, and what can be seen is compared.

use heapbench_heap::{Capabilities, Family, Heap, HeapConfig, Introspect, Level};
use heapbench_memory::injection;
use heapbench_model::{Event, Model, Promise};
use siphasher::sip::SipHasher13;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::compare::{
    Difference, Walk, compare_counters, compare_footprint, compare_frame, compare_introspection,
    compare_local,
};
use crate::deaths::has_full_collection;
use crate::operation::Injection;
use crate::{Deaths, Operation, Report};

/// The promises of a strategy, for the model.
#[derive(Debug)]
pub(crate) struct As<H>(PhantomData<H>);

impl<H: Heap> Promise for As<H> {
    const CAPABILITIES: Capabilities = H::CAPABILITIES;
}

/// A heap and the model of it.
pub(crate) struct Pair<H: Heap> {
    heap: H,
    model: Model<As<H>, Deaths>,
    limit: Option<usize>,
    /// Requests of the heap that are made to fail.
    armed: Option<Injection>,
    walk: Walk,
    /// How often everything was compared.
    compared: u64,
    hasher: SipHasher13,
    report: Report,
}

impl<H: Heap<Recorder = Deaths> + Introspect> Pair<H> {
    pub(crate) fn new(config: &HeapConfig) -> Result<Self, Difference> {
        let refuse = |error| ("a heap".to_string(), format!("{error}"));
        Ok(Pair {
            heap: H::new(config, Deaths::default()).map_err(refuse)?,
            model: Model::new(config, Deaths::of_model()).map_err(refuse)?,
            limit: config.limit,
            armed: None,
            walk: Walk::default(),
            compared: 0,
            hasher: SipHasher13::new(),
            report: Report::default(),
        })
    }

    pub(crate) fn heap(&self) -> &H {
        &self.heap
    }

    pub(crate) fn model(&self) -> &Model<As<H>, Deaths> {
        &self.model
    }

    /// What the heap did in the last operation.
    pub(crate) fn events(&self) -> &[Event] {
        self.model.recorder().followed()
    }

    /// What was done so far.
    pub(crate) fn report(&self) -> Report {
        let out_of_memory_in_hooks = self.heap.recorder().failed_in_hooks;
        Report { hash: self.hasher.finish(), out_of_memory_in_hooks, ..self.report }
    }

    /// Performs an operation on both and compares what can be seen of it.
    pub(crate) fn step(&mut self, operation: Operation) -> Result<(), Difference> {
        match operation {
            Operation::Arm(injection) => self.arm(injection),
            Operation::Disarm => self.disarm(),
            _ => {}
        }
        operation.perform(&mut self.heap);
        if let Some(problem) = self.heap.recorder().problem() {
            return Err(("possible events".into(), problem.to_string()));
        }
        self.model.recorder_mut().follow(self.heap.recorder_mut());
        operation.perform(&mut self.model);
        self.compare_events()?;
        self.check_out_of_memory(operation)?;
        if let Operation::Limit { more } = operation {
            // What is held already may be used.
            let now = self.heap.footprint();
            self.limit = more.map(|more| now.held_bytes.max(now.live_bytes + more));
        }
        self.count(operation);
        compare_frame(&self.heap, &self.model)?;
        for index in operation.touched().into_iter().flatten() {
            compare_local(&self.heap, &self.model, index)?;
        }
        compare_counters(&self.model.counters(), &self.heap.counters())
    }

    fn compare_events(&self) -> Result<(), Difference> {
        let (expected, actual) = (self.model.recorder().events(), self.events());
        if expected == actual {
            return Ok(());
        }
        let place = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
        let tell =
            |event: Option<&Event>| event.map_or("no more events".to_string(), |event| format!("{event:?}"));
        let is_reachable =
            |id| self.model.nodes().contains(id) && self.model.unreachable().binary_search(&id).is_err();
        let reason = match actual.get(place) {
            Some(Event::Died(id)) if is_reachable(*id) => ", of a reachable object",
            _ => "",
        };
        let expected = format!("event {place} of the operation {}", tell(expected.get(place)));
        Err((expected, format!("{}{reason}", tell(actual.get(place)))))
    }

    /// Memory runs out only under a limit, for an impossible request or where a request was made to fail; and an
    /// operation fails only after a full collection.
    fn check_out_of_memory(&mut self, operation: Operation) -> Result<(), Difference> {
        let failed = self.events().last() == Some(&Event::OutOfMemory);
        let impossible = failed && operation.is_impossible(&self.model);
        if !self.events().contains(&Event::OutOfMemory) || impossible || self.is_struck() {
            return Ok(());
        }
        if self.limit.is_none() {
            return Err(("memory without a limit".into(), "out of memory".into()));
        }
        let collects = matches!(H::CAPABILITIES.family, Family::Cycles | Family::Tracing);
        if failed && collects && !has_full_collection(self.events()) {
            return Err(("a full collection first".into(), "out of memory".into()));
        }
        Ok(())
    }

    /// From now on a request of the heap fails. (The model asks nobody for memory.)
    fn arm(&mut self, injection: Injection) {
        self.disarm();
        injection::arm(injection.request, injection.number, injection.forever);
        self.armed = Some(injection);
        self.model.set_scarce(true);
    }

    /// Gives memory back.
    pub(crate) fn disarm(&mut self) {
        self.report.struck += injection::disarm();
        self.armed = None;
        self.model.set_scarce(false);
    }

    /// Whether the failed requests explain that memory ran out. One that fails once explains that once.
    fn is_struck(&mut self) -> bool {
        let Some(armed) = self.armed else { return false };
        let struck = injection::disarm();
        self.report.struck += struck;
        if armed.forever && struck > 0 {
            self.armed = Some(Injection { number: 1, ..armed });
            injection::arm(armed.request, 1, true);
        } else {
            self.armed = None;
        }
        struck > 0
    }

    fn count(&mut self, operation: Operation) {
        let Pair { model, report, hasher, .. } = self;
        report.operations += 1;
        let events = model.recorder().followed();
        for event in events {
            match event {
                Event::Allocated(_) => report.allocated += 1,
                Event::Died(_) => report.died += 1,
                Event::CollectionStarted(_) => report.collections += 1,
                Event::Hook(_) => report.hooks += 1,
                Event::OutOfMemory => report.out_of_memory += 1,
                _ => {}
            }
        }
        (operation, events).hash(hasher);
    }

    /// Runs the heap's verifier up to a level, and compares what the heap says of its collector.
    pub(crate) fn verify(&self, level: Level) -> Result<(), Difference> {
        self.heap
            .verify_to(level)
            .map_err(|corruption| ("a sound heap".to_string(), corruption.to_string()))?;
        compare_introspection(&self.heap, &self.model)
    }

    /// Compares bytes with counters and limit. Some sources ask the system for each of their pages: not for every
    /// operation.
    pub(crate) fn compare_footprint(&self) -> Result<(), Difference> {
        compare_footprint(&self.heap, self.limit)
    }

    /// Compares everything that can be reached, and runs the verifiers.
    pub(crate) fn compare_all(&mut self) -> Result<(), Difference> {
        self.verify(Level::Exact)?;
        self.compared += 1;
        if self.compared % 4 == 1 {
            self.compare_footprint()?;
        }
        self.model.check().map_err(|corruption| ("a sound model".into(), corruption.to_string()))?;
        match self.model.recorder().saved {
            Some(_) => self.walk.compare_graph(&mut self.heap, &self.model),
            None => Ok(()),
        }
    }
}

impl<H: Heap> Drop for Pair<H> {
    /// The next heap of this thread gets all the memory it asks for.
    fn drop(&mut self) {
        injection::disarm();
    }
}
