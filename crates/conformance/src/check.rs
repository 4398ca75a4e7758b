//! The random suite: operations performed on a strategy and on the model, step by step, and compared after each.

use heapbench_heap::{Capabilities, Family, Heap, HeapConfig, Introspect};
use heapbench_model::{Event, Model, Promise};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::compare::{
    Difference, compare_counters, compare_footprint, compare_frame, compare_graph, compare_local,
    compare_residue,
};
use crate::deaths::has_full_collection;
use crate::generate::Generator;
use crate::operation::SPARE;
use crate::{Deaths, Operation, shrink};

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Everything random follows from it.
    pub seed: u64,
    /// Operations.
    pub operations: usize,
    /// Collections may start on their own at times.
    pub automatic: bool,
    /// Limits on memory come and go.
    pub limits: bool,
    /// Immortal objects are made; the comparison of graphs and the saving of hooks need two of their own.
    pub immortals: bool,
    /// Finalizers and weak references with callbacks are made.
    pub hooks: bool,
    /// With this many live objects no more are allocated.
    pub live: usize,
    /// Operations between two comparisons of everything reachable.
    pub compare_every: usize,
}

impl Plan {
    /// The usual plan for a seed: modes alternate from seed to seed.
    pub fn new(seed: u64, operations: usize) -> Plan {
        let (automatic, limits, immortals) = (!seed.is_multiple_of(3), seed.is_multiple_of(2), seed % 5 != 4);
        Plan { seed, operations, automatic, limits, immortals, hooks: true, live: 2000, compare_every: 64 }
    }
}

/// What a run did. The same plan gives the same report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Operations performed.
    pub operations: usize,
    /// Objects allocated.
    pub allocated: u64,
    /// Objects that died.
    pub died: u64,
    /// Collections.
    pub collections: u64,
    /// Finalizers and callbacks called.
    pub hooks: u64,
    /// Operations that failed for want of memory.
    pub out_of_memory: u64,
    /// A hash of all operations and events, in order.
    pub hash: u64,
}

/// The contract broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// The operation's place in its list, from 0.
    pub number: usize,
    /// The operation.
    pub operation: Operation,
    /// What the model says.
    pub expected: String,
    /// What the strategy did.
    pub actual: String,
    /// A short list of operations that breaks the contract too: replay it with [`replay`].
    pub operations: Vec<Operation>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, number, operation, expected, actual, operations } = self;
        write!(
            f,
            "seed {seed}, operation {number}, {operation}: expected {expected}, actual {actual}; shrunk: "
        )?;
        operations.iter().enumerate().try_for_each(|(i, operation)| {
            f.write_str(if i == 0 { "" } else { "; " })?;
            write!(f, "{operation}")
        })
    }
}

impl std::error::Error for Violation {}

/// The promises of a strategy, for the model.
pub(crate) struct As<H>(PhantomData<H>);

impl<H: Heap> Promise for As<H> {
    const CAPABILITIES: Capabilities = H::CAPABILITIES;
}

/// A heap and the model of it, side by side.
pub(crate) struct Pair<H: Heap> {
    heap: H,
    model: Model<As<H>, Deaths>,
    limit: Option<usize>,
    hasher: DefaultHasher,
    report: Report,
}

impl<H: Heap<Recorder = Deaths> + Introspect> Pair<H> {
    pub(crate) fn new(config: &HeapConfig) -> Result<Self, Difference> {
        let refuse = |error| ("a heap".to_string(), format!("{error}"));
        let heap = H::new(config, Deaths::default()).map_err(refuse)?;
        let model = Model::new(config, Deaths::default()).map_err(refuse)?;
        Ok(Pair { heap, model, limit: config.limit, hasher: DefaultHasher::new(), report: Report::default() })
    }

    pub(crate) fn heap(&self) -> &H {
        &self.heap
    }

    pub(crate) fn model(&self) -> &Model<As<H>, Deaths> {
        &self.model
    }

    /// Performs an operation on both and compares what can be seen of it; the events.
    pub(crate) fn step(&mut self, operation: Operation) -> Result<Vec<Event>, Difference> {
        operation.perform(&mut self.heap);
        if let Some(problem) = self.heap.recorder().problem() {
            return Err(("possible events".into(), problem.to_string()));
        }
        let events = self.heap.recorder_mut().take_events();
        self.model.recorder_mut().follow(events.clone());
        operation.perform(&mut self.model);
        let expected = self.model.recorder_mut().take_events();
        self.compare_events(&expected, &events)?;
        self.check_out_of_memory(operation, &events)?;
        if let Operation::Limit { more } = operation {
            // What is held already may be used.
            let now = self.heap.footprint();
            self.limit = more.map(|more| now.held_bytes.max(now.live_bytes + more));
        }
        self.count(operation, &events);
        compare_frame(&self.heap, &self.model)?;
        for index in operation.touched().into_iter().flatten() {
            compare_local(&self.heap, &self.model, index)?;
        }
        compare_counters(self.model.counters(), self.heap.counters())?;
        Ok(events)
    }

    fn compare_events(&self, expected: &[Event], actual: &[Event]) -> Result<(), Difference> {
        let place = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
        if place == expected.len().max(actual.len()) {
            return Ok(());
        }
        let tell =
            |event: Option<&Event>| event.map_or("no more events".to_string(), |event| format!("{event:?}"));
        let reason = match actual.get(place) {
            Some(Event::Died(id)) if self.model.reachable().get(*id) == Some(&true) => {
                ", of a reachable object"
            }
            _ => "",
        };
        let expected = format!("event {place} of the operation {}", tell(expected.get(place)));
        Err((expected, format!("{}{reason}", tell(actual.get(place)))))
    }

    /// Memory runs out only under a limit or for an impossible shape, and only after a full collection.
    fn check_out_of_memory(&self, operation: Operation, events: &[Event]) -> Result<(), Difference> {
        let impossible = match operation {
            Operation::Allocate { shape, .. } => !shape.is_valid(),
            _ => false,
        };
        if events.last() != Some(&Event::OutOfMemory) || impossible {
            return Ok(());
        }
        if self.limit.is_none() {
            return Err(("memory without a limit".into(), "out of memory".into()));
        }
        let collects = matches!(H::CAPABILITIES.family, Family::Cycles | Family::Tracing);
        if collects && !has_full_collection(events) {
            return Err(("a full collection first".into(), "out of memory".into()));
        }
        Ok(())
    }

    fn count(&mut self, operation: Operation, events: &[Event]) {
        let number = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count() as u64;
        self.report.operations += 1;
        self.report.allocated += number(|event| matches!(event, Event::Allocated(_)));
        self.report.died += number(|event| matches!(event, Event::Died(_)));
        self.report.collections += number(|event| matches!(event, Event::CollectionStarted(_)));
        self.report.hooks += number(|event| matches!(event, Event::Hook(_)));
        self.report.out_of_memory += number(|event| matches!(event, Event::OutOfMemory));
        (operation.to_string(), events).hash(&mut self.hasher);
    }

    /// Compares everything that can be reached, and runs the verifiers.
    pub(crate) fn compare_all(&mut self) -> Result<(), Difference> {
        self.heap.verify().map_err(|corruption| ("a sound heap".into(), corruption.to_string()))?;
        self.model.verify().map_err(|corruption| ("a sound model".into(), corruption.to_string()))?;
        compare_footprint(&self.heap, self.limit)?;
        if self.model.recorder().saved.is_some() {
            compare_graph(&mut self.heap, &self.model)
        } else {
            Ok(())
        }
    }

    fn finish(&mut self) -> Result<Report, Difference> {
        self.compare_all()?;
        compare_residue(&self.model)?;
        Ok(Report { hash: self.hasher.finish(), ..self.report })
    }
}

/// Operations that let go of everything that can be let go of, and collect.
fn farewell<P: Promise>(model: &Model<P, Deaths>) -> Vec<Operation> {
    let mut operations = vec![Operation::Limit { more: None }, Operation::Unfreeze];
    operations.extend((1..model.recorder().frames.len()).map(|_| Operation::Leave));
    operations
        .extend((SPARE..model.recorder().frames.first().map_or(0, |frame| frame.locals as u32)).map(clear));
    // Finalizers of one collection may save what the next one finds.
    for _ in 0..4 {
        operations.extend([Operation::DropSaved, Operation::Collect { generation: 2 }]);
    }
    operations
}

fn clear(local: u32) -> Operation {
    Operation::Clear { local }
}

/// Runs one plan; every operation performed goes to `list`.
fn run<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
    list: &RefCell<Vec<Operation>>,
) -> Result<Report, Difference> {
    let mut pair = Pair::<H>::new(config)?;
    let mut generator = Generator::new(plan);
    let step = |pair: &mut Pair<H>, operation: Operation| {
        list.borrow_mut().push(operation);
        let collections = pair.report.collections;
        pair.step(operation)?;
        let due =
            list.borrow().len().is_multiple_of(plan.compare_every) || pair.report.collections > collections;
        if due { pair.compare_all() } else { Ok(()) }
    };
    step(&mut pair, Operation::Enter { arguments: 0, locals: SPARE + generator.locals() })?;
    let setup = [(plan.immortals, Operation::Prepare), (!plan.automatic, Operation::Disable)];
    for (_, operation) in setup.into_iter().filter(|(wanted, _)| *wanted) {
        step(&mut pair, operation)?;
    }
    while pair.report.operations < plan.operations {
        let operation = generator.next(&pair.model);
        step(&mut pair, operation)?;
    }
    for operation in farewell(&pair.model) {
        if operation.is_valid(&pair.model) {
            step(&mut pair, operation)?;
        }
    }
    pair.finish()
}

/// Performs a list of operations, those left out that are not valid in their place; the difference, if any, with its
/// operation's number.
fn run_list<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    operations: &[Operation],
) -> Result<(), (usize, Difference)> {
    let at = Cell::new(0);
    let run = || {
        let mut pair = Pair::<H>::new(config)?;
        for (number, operation) in operations.iter().enumerate() {
            at.set(number);
            if operation.is_valid(&pair.model) {
                pair.step(*operation)?;
                pair.compare_all()?;
            }
        }
        Ok(())
    };
    catching(run).map_err(|difference| (at.get(), difference))
}

/// A panic is a difference too.
fn catching<T>(run: impl FnOnce() -> Result<T, Difference>) -> Result<T, Difference> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text =
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default();
        Err(("no panic".into(), format!("panic '{text}'")))
    })
}

/// Runs a plan of random operations on the strategy and on the model.
///
/// # Errors
/// The first violation of the contract, with a shrunk list of operations that replays one.
pub fn check_random<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
) -> Result<Report, Box<Violation>> {
    let list = RefCell::new(Vec::new());
    catching(|| run::<H>(config, plan, &list)).map_err(|(expected, actual)| {
        let all = list.take();
        let fails = |operations: &[Operation]| match run_list::<H>(config, operations) {
            Err((number, _)) => Some(number),
            Ok(()) => None,
        };
        let operations = shrink::shrink(&all, &fails);
        let number = all.len().saturating_sub(1);
        let operation = all.last().copied().unwrap_or(Operation::Prepare);
        Box::new(Violation { seed: plan.seed, number, operation, expected, actual, operations })
    })
}

/// Performs a list of operations, as a [`Violation`] carries, on the strategy and on the model. Operations that are
/// not valid in their place are left out. A list begins with `Enter` and, for comparisons of graphs, `Prepare`.
///
/// # Errors
/// The first violation of the contract.
pub fn replay<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    operations: &[Operation],
) -> Result<(), Box<Violation>> {
    run_list::<H>(config, operations).map_err(|(number, (expected, actual))| {
        let operations = operations[..=number].to_vec();
        Box::new(Violation { seed: 0, number, operation: operations[number], expected, actual, operations })
    })
}
