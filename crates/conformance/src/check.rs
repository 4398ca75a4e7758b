//! The random suite: operations performed on a strategy and on the model, step by step, and compared after each.
//!
//! # What is compared when
//! After every operation: all events (allocations, deaths in order, hooks, collections, answers), the counters that
//! follow from them, which locals are nil, and the touched locals' objects: shape, every byte, and the same as which
//! other locals. At intervals everything: the verifier at its highest level, and the whole reachable graph, object by
//! object. That costs as much as the heap is large, so it is done once in as many operations (and `compare_every`
//! more): the cost an operation stays the same for any heap. A full collection counts for a quarter of the interval, and
//! is followed by the verifier up to the closure; a partial one by the verifier up to the roots.

use heapbench_heap::{Generation, Heap, HeapConfig, Introspect, Level};
use heapbench_model::{Event, Model, Promise};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::compare::{Difference, compare_residue};
use crate::generate::Generator;
use crate::operation::{Injection, SPARE};
use crate::pair::Pair;
use crate::{Deaths, Operation, Plan, Report, Violation, regression, shrink};

/// Compare everything after every operation, as long as that is little.
const EAGER: usize = 0;

/// A pair under a plan: operations are listed as they are performed.
struct Run<'a, H: Heap> {
    pair: Pair<H>,
    plan: &'a Plan,
    list: &'a RefCell<Vec<Operation>>,
    /// Operations, as it were, since everything was compared.
    since: usize,
}

impl<H: Heap<Recorder = Deaths> + Introspect> Run<'_, H> {
    fn step(&mut self, operation: Operation) -> Result<(), Difference> {
        self.list.borrow_mut().push(operation);
        self.pair.step(operation)?;
        self.since += 1;
        let collected = collected(self.pair.events());
        let interval = match self.plan.compare_every {
            EAGER => self.pair.model().live() / 100,
            every => every + self.pair.model().live(),
        };
        if collected == Some(Generation::FULL) {
            self.since += interval / 4;
        }
        if self.since >= interval {
            self.since = 0;
            self.pair.compare_all()?;
            return if self.plan.compare_every == EAGER { self.pair.compare_footprint() } else { Ok(()) };
        }
        match collected {
            Some(Generation::FULL) => self.pair.verify(Level::Closure),
            Some(_) => self.pair.verify(Level::Roots),
            None => Ok(()),
        }
    }

    /// Operations that set the stage.
    fn begin(&mut self, generator: &mut Generator) -> Result<(), Difference> {
        self.step(Operation::Enter { arguments: 0, locals: SPARE + generator.locals() })?;
        let plan = self.plan;
        let thresholds = plan.stress.then(|| Operation::Thresholds { thresholds: generator.thresholds() });
        let setup =
            [plan.immortals.then_some(Operation::Prepare), (!plan.automatic).then_some(Operation::Disable)];
        setup.into_iter().chain([thresholds]).flatten().try_for_each(|operation| self.step(operation))
    }

    fn operate(&mut self, generator: &mut Generator, operations: usize) -> Result<(), Difference> {
        while self.list.borrow().len() < operations {
            let operation = generator.next(self.pair.model());
            self.step(operation)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Report, Difference> {
        for operation in farewell(self.pair.model()) {
            if operation.is_valid(self.pair.model()) {
                self.step(operation)?;
            }
        }
        self.pair.compare_all()?;
        self.pair.compare_footprint()?;
        compare_residue(self.pair.model())?;
        Ok(self.pair.report())
    }
}

/// The oldest generation that was collected.
fn collected(events: &[Event]) -> Option<Generation> {
    let collection = |event: &Event| match event {
        Event::CollectionStarted(generation) => Some(*generation),
        _ => None,
    };
    events.iter().filter_map(collection).max()
}

/// Operations that let go of everything that can be let go of, and collect.
fn farewell<P: Promise>(model: &Model<P, Deaths>) -> Vec<Operation> {
    let frames = &model.recorder().frames;
    let mut operations = vec![Operation::Disarm, Operation::Limit { more: None }, Operation::Unfreeze];
    operations.extend((1..frames.len()).map(|_| Operation::Leave));
    let locals = SPARE..frames.first().map_or(0, |frame| frame.locals as u32);
    operations.extend(locals.map(|local| Operation::Clear { local }));
    // Finalizers of one collection may save what the next one finds.
    for _ in 0..4 {
        operations.extend([Operation::DropSaved, Operation::Collect { generation: 2 }]);
    }
    operations.push(Operation::Reset);
    operations
}

/// Runs one plan, with requests that fail in its middle third if any are to; every operation goes to `list`.
fn run<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
    injection: Option<Injection>,
    list: &RefCell<Vec<Operation>>,
) -> Result<Report, Difference> {
    let mut generator = Generator::new(plan);
    let mut run = Run { pair: Pair::<H>::new(config)?, plan, list, since: 0 };
    run.begin(&mut generator)?;
    if let Some(injection) = injection {
        run.step(Operation::Arm(injection))?;
        run.operate(&mut generator, plan.operations * 2 / 3)?;
        run.step(Operation::Disarm)?;
    }
    run.operate(&mut generator, plan.operations)?;
    run.finish()
}

/// Performs a list of operations under a plan, those left out that are not valid in their place; the difference, if any,
/// with its operation's number. `watch` sees each operation before and after it is performed.
pub(crate) fn run_list<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
    operations: &[Operation],
    watch: &mut dyn FnMut(&Pair<H>, Operation, bool),
) -> Result<(), (usize, Difference)> {
    let (at, list) = (Cell::new(0), RefCell::new(Vec::new()));
    let perform = || {
        let mut run = Run { pair: Pair::<H>::new(config)?, plan, list: &list, since: 0 };
        for (number, operation) in operations.iter().enumerate() {
            at.set(number);
            if operation.is_valid(run.pair.model()) {
                watch(&run.pair, *operation, false);
                run.step(*operation)?;
                watch(&run.pair, *operation, true);
            }
        }
        run.pair.compare_all()
    };
    catching(perform).map_err(|difference| (at.get(), difference))
}

/// The plans under which a list of operations is tried again: with everything compared every time, and as it was. What
/// a comparison reads may itself hide a difference or bring it about.
fn retries(plan: &Plan) -> [Plan; 2] {
    [Plan { compare_every: EAGER, ..plan.clone() }, plan.clone()]
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
    check::<H>(config, plan, None)
}

/// Runs a plan with requests that fail.
pub(crate) fn check<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
    injection: Option<Injection>,
) -> Result<Report, Box<Violation>> {
    let list = RefCell::new(Vec::new());
    catching(|| run::<H>(config, plan, injection, &list)).map_err(|(expected, actual)| {
        let all = list.take();
        let (number, operation) = (all.len().saturating_sub(1), all.last().copied());
        let operation = operation.unwrap_or(Operation::Prepare);
        let fails = |plan: &Plan, operations: &[Operation]| {
            run_list::<H>(config, plan, operations, &mut |_, _, _| ()).err().map(|(number, _)| number)
        };
        let again = retries(plan).into_iter().find(|plan| fails(plan, &all).is_some());
        let again = again.unwrap_or_else(|| plan.clone());
        let operations = shrink::shrink(&all, &|operations| fails(&again, operations));
        let script = regression::script::<H>(config, &again, &operations);
        let (plan, seed) = (plan.clone(), plan.seed);
        Box::new(Violation { plan, seed, number, operation, expected, actual, operations, script })
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
    for plan in retries(&Plan::new(0, operations.len())) {
        let performed = run_list::<H>(config, &plan, operations, &mut |_, _, _| ());
        let Err((number, (expected, actual))) = performed else { continue };
        let operations = operations[..=number].to_vec();
        let script = regression::script::<H>(config, &plan, &operations);
        let (seed, operation) = (plan.seed, operations[number]);
        return Err(Box::new(Violation {
            plan,
            seed,
            number,
            operation,
            expected,
            actual,
            operations,
            script,
        }));
    }
    Ok(())
}
