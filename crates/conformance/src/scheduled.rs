//! Explicit frees against exact deaths: a random program is run on the model first, which tells when each object dies;
//! then on a heap that is told so, step by step beside the model again.
//!
//! The model collects fully before each allocation, and before a weak reference is looked at: so it holds exactly what is
//! reachable, and weak references give what is. That is what a heap that frees by schedule must do as well. Compared are, after
//! each allocation, the living; after each operation, what it answered and every local, byte by byte; at intervals the whole
//! graph, and the heap's own verifier.

use heapbench_heap::{
    Capabilities, Deaths as Schedule, Family, Generation, Heap, HeapConfig, Introspect, Kind, Level,
};
use heapbench_memory::injection;
use heapbench_model::{Event, Id, Model, Promise};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compare::{Difference, Walk, compare_frame, compare_local};
use crate::generate::Generator;
use crate::operation::{Injection, SPARE};
use crate::{Deaths, Operation, Plan};

/// Objects alive at most, about: so few that everything is compared all the time.
const LIVE: usize = 60;
/// Operations between two comparisons of everything.
const INTERVAL: usize = 16;

/// A heap that reclaims exactly what cannot be reached.
#[derive(Debug)]
struct Exact;

impl Promise for Exact {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Tracing,
        prompt: false,
        collects_cycles: true,
        moves: false,
        generations: 1,
        thresholds: false,
        freezes: false,
    };
}

type ExactModel = Model<Exact, Deaths>;

/// A program and the lives of its objects.
#[derive(Clone, Debug)]
pub struct Scheduled {
    operations: Vec<Operation>,
    kinds: Vec<Kind>,
    /// Objects and the number of allocations made when they died, in order.
    deaths: Vec<(u32, u32)>,
}

impl Scheduled {
    /// A random program, with the deaths that the model finds.
    ///
    /// # Errors
    /// The model cannot be made.
    pub fn random(seed: u64, operations: usize) -> Result<Scheduled, String> {
        let live = LIVE;
        let plan =
            Plan { limits: false, automatic: false, hooks: false, live, ..Plan::new(seed, operations) };
        let mut generator = Generator::new(&plan);
        let mut found = Scheduled { operations: Vec::new(), kinds: Vec::new(), deaths: Vec::new() };
        let mut model = model()?;
        found.perform(&mut model, Operation::Enter { arguments: 0, locals: SPARE + generator.locals() });
        found.perform(&mut model, Operation::Prepare);
        while found.operations.len() < operations {
            let operation = generator.next(&model);
            if !is_left_out(operation) {
                found.perform(&mut model, operation);
            }
        }
        model.collect(Generation::FULL);
        found.note(&mut model);
        Ok(found)
    }

    /// Performs an operation on the model, and notes what came to be and what died.
    fn perform(&mut self, model: &mut ExactModel, operation: Operation) {
        self.operations.push(operation);
        perform(model, operation);
        self.note(model);
    }

    fn note(&mut self, model: &mut ExactModel) {
        for event in model.recorder_mut().take_events() {
            match event {
                Event::Allocated(id) => self.kinds.push(model.nodes()[id].kind()),
                // An operation that allocates collects first.
                Event::Died(id) => self.deaths.push((id as u32, self.kinds.len() as u32)),
                _ => {}
            }
        }
    }

    /// How many objects die.
    pub fn deaths(&self) -> usize {
        self.deaths.len()
    }

    /// The lives of its objects.
    pub fn schedule(&self) -> Option<Schedule> {
        Schedule::new(self.kinds.clone(), &self.deaths)
    }

    /// The same with one of the deaths an allocation too early. `None` where the object would not have been born by then.
    pub fn hastened(&self, death: usize) -> Option<Schedule> {
        let mut deaths = self.deaths.clone();
        deaths.get_mut(death)?.1 -= 1;
        deaths.sort_by_key(|(_, clock)| *clock);
        Schedule::new(self.kinds.clone(), &deaths)
    }

    /// The same with another kind for one object.
    pub fn mistaken(&self, object: usize) -> Option<Schedule> {
        let mut kinds = self.kinds.clone();
        let kind = kinds.get_mut(object)?;
        *kind = if *kind == Kind::Cell { Kind::Frame } else { Kind::Cell };
        Schedule::new(kinds, &self.deaths)
    }

    /// Runs the program on a heap that is told this schedule, beside the model. Where requests are made to fail, an operation
    /// that fails for it is tried again. How many requests failed.
    ///
    /// # Errors
    /// The first difference, in a line.
    pub fn check<H: Heap<Recorder = Deaths> + Introspect>(
        &self,
        config: &HeapConfig,
        schedule: Schedule,
        injection: Option<Injection>,
    ) -> Result<u64, String> {
        let config = HeapConfig { deaths: Some(Arc::new(schedule)), ..config.clone() };
        let heap = H::new(&config, Deaths::default()).map_err(|error| error.to_string())?;
        let mut run = Run { heap, model: model()?, living: BTreeSet::new(), walk: Walk::default() };
        let mut struck = 0;
        for (number, operation) in self.operations.iter().enumerate() {
            let refused = run.step(*operation).and_then(|refused| {
                if number % INTERVAL == 0 || number + 1 == self.operations.len() {
                    run.compare_all()?;
                }
                Ok(refused)
            });
            struck += refused.map_err(|(expected, actual)| {
                injection::disarm();
                format!("operation {number}, {operation}: expected {expected}, actual {actual}")
            })?;
            if *operation == Operation::Prepare
                && let Some(Injection { request, number, forever }) = injection
            {
                injection::arm(request, number, forever);
            }
        }
        Ok(struck + injection::disarm())
    }
}

fn model() -> Result<ExactModel, String> {
    Model::new(&HeapConfig::default(), Deaths::of_model()).map_err(|error| error.to_string())
}

/// Operations in which a heap that frees by schedule and one that collects need not agree.
fn is_left_out(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::Collect { .. }
            | O::Enable
            | O::Disable
            | O::Freeze
            | O::Unfreeze
            | O::Limit { .. }
            | O::Reset
            | O::Thresholds { .. }
    )
}

/// Performs an operation on the model, which is exact whenever that shows.
fn perform(model: &mut ExactModel, operation: Operation) {
    if matches!(operation, Operation::Allocate { .. } | Operation::Weak { .. } | Operation::Upgrade { .. }) {
        model.collect(Generation::FULL);
    }
    operation.perform(model);
}

/// A heap and the model of it.
struct Run<H> {
    heap: H,
    model: ExactModel,
    /// What the heap has not freed.
    living: BTreeSet<Id>,
    walk: Walk,
}

impl<H: Heap<Recorder = Deaths> + Introspect> Run<H> {
    /// Performs an operation on both; how many requests failed in it.
    fn step(&mut self, operation: Operation) -> Result<u64, Difference> {
        operation.perform(&mut self.heap);
        self.verify(Level::Counters)?;
        let mut struck = 0;
        if self.heap.recorder().events().contains(&Event::OutOfMemory)
            && !operation.is_impossible(&self.model)
        {
            struck = injection::disarm();
            if struck == 0 {
                return Err(("memory".into(), "out of memory".into()));
            }
            self.bury();
            self.verify(Level::Exact)?;
            operation.perform(&mut self.heap);
        }
        perform(&mut self.model, operation);
        let (expected, actual) = (answers(self.model.recorder_mut().take_events()), self.bury());
        if expected != actual {
            return Err((format!("{expected:?}"), format!("{actual:?}")));
        }
        if matches!(actual.first(), Some(Event::Allocated(_))) {
            self.compare_living()?;
        }
        compare_frame(&self.heap, &self.model)?;
        let spare = SPARE.min(self.model.frame_len() as u32);
        for local in spare..self.model.frame_len() as u32 {
            compare_local(&self.heap, &self.model, local)?;
        }
        Ok(struck)
    }

    /// Takes the heap's events, and notes who lives. What the operation answered.
    fn bury(&mut self) -> Vec<Event> {
        let events = self.heap.recorder_mut().take_events();
        for event in &events {
            match event {
                Event::Allocated(id) => _ = self.living.insert(*id),
                Event::Died(id) => _ = self.living.remove(id),
                _ => {}
            }
        }
        answers(events)
    }

    fn compare_living(&self) -> Result<(), Difference> {
        let expected: BTreeSet<Id> = self.model.living().collect();
        if let Some(lost) = expected.difference(&self.living).next() {
            return Err((format!("object {lost} alive"), "it freed".into()));
        }
        match self.living.difference(&expected).next() {
            None => Ok(()),
            Some(kept) => Err((format!("object {kept} freed"), "it alive".into())),
        }
    }

    fn verify(&self, level: Level) -> Result<(), Difference> {
        let problem = self.heap.recorder().problem().map(str::to_string);
        let found = self.heap.verify_to(level).map_err(|corruption| corruption.to_string());
        problem.map_or(found, Err).map_err(|what| ("a sound heap".into(), what))
    }

    /// Runs the verifier and compares everything that can be reached.
    fn compare_all(&mut self) -> Result<(), Difference> {
        self.verify(Level::Exact)?;
        let (counters, living) = (self.heap.counters(), self.living.len() as u64);
        if counters.objects_allocated - counters.objects_freed != living {
            return Err((format!("{living} objects alive as told"), format!("{counters:?}")));
        }
        self.model.collect(Generation::FULL);
        self.model.recorder_mut().take_events();
        match self.model.recorder().saved {
            Some(_) => self.walk.compare_graph(&mut self.heap, &self.model),
            None => Ok(()),
        }
    }
}

/// The events that any heap must agree on: deaths have moments of their own.
fn answers(mut events: Vec<Event>) -> Vec<Event> {
    events.retain(|event| {
        !matches!(event, Event::Died(_) | Event::CollectionStarted(_) | Event::CollectionStopped)
    });
    events
}
