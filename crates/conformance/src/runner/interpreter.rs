//! Runs the statements of a script, one after the other: resolved, performed on both sides, compared, remembered.

use heapbench_heap::{Family, Heap, HeapConfig, HeapError, Introspect, OutOfMemory};
use heapbench_model::Event;
use heapbench_script::{Action, Audience, Expectation, Position, RoundError, Script, Statement, Step};

use super::both::Both;
use super::budget::Budget;
use super::history::History;
use super::operation::{Operation, Slots};
use super::{DEFAULT_MEMORY, Failure, Progress, Side, Stop};
use crate::compare::Difference;

/// Why a script does not run on.
pub(super) enum Halt {
    /// It cannot: a name, a slot or a round is wrong.
    Stop(Stop),
    /// The contract is broken: nothing that follows would mean anything.
    Broken(Difference),
}

impl From<RoundError> for Halt {
    fn from(RoundError { position, message }: RoundError) -> Halt {
        Halt::stop(position, message)
    }
}

impl From<Difference> for Halt {
    fn from(difference: Difference) -> Halt {
        Halt::Broken(difference)
    }
}

impl Halt {
    pub(super) fn stop(position: Position, message: impl Into<String>) -> Halt {
        Halt::Stop(Stop { position, message: message.into() })
    }
}

/// An out-of-memory event that nobody has expected yet.
struct Unexpected {
    position: Position,
    error: OutOfMemory,
    /// Failures that were reported before it.
    before: usize,
}

pub(super) struct Interpreter<'o, H: Heap> {
    pub(super) both: Both<H>,
    pub(super) history: History,
    progress: &'o mut Progress,
    pub(super) rounds: [u64; 3],
    /// The name that was resolved last.
    pub(super) text: String,
    unexpected: Option<Unexpected>,
    /// The last statement failed for want of memory.
    pub(super) out_of_memory: bool,
    budget: Budget,
}

impl<'o, H: Heap<Recorder = Side> + Introspect> Interpreter<'o, H> {
    pub(super) fn new(config: &HeapConfig, progress: &'o mut Progress) -> Result<Self, HeapError> {
        let cap = config.limit.unwrap_or(DEFAULT_MEMORY);
        Ok(Interpreter {
            both: Both::new(config, cap)?,
            history: History::new(H::CAPABILITIES.family == Family::Tracing),
            progress,
            rounds: [0; 3],
            text: String::new(),
            unexpected: None,
            out_of_memory: false,
            budget: Budget::default(),
        })
    }

    /// Runs the script to its end, or as far as it goes.
    pub(super) fn run(&mut self, script: &Script) {
        self.both.make_room();
        let start =
            [Operation::Auto { on: true }, Operation::Threshold { thresholds: [700, 10, 10].map(Some) }];
        let started = start.iter().try_for_each(|operation| self.both.step(operation).map(drop));
        let ran = started.map_err(Halt::from).and_then(|()| self.block(&script.steps, 0));
        self.report_unexpected();
        match ran.and_then(|()| self.check_thoroughly()) {
            Ok(()) => {}
            Err(Halt::Stop(stop)) => self.progress.outcome.stop = Some(stop),
            Err(Halt::Broken((expected, actual))) => {
                self.progress.outcome.is_broken = true;
                self.fail(self.progress.at, expected, actual);
            }
        }
    }

    /// Levels are at most three, and so is the depth of this recursion.
    fn block(&mut self, steps: &[Step], level: usize) -> Result<(), Halt> {
        for step in steps {
            match step {
                Step::Statement(statement) => self.statement(statement)?,
                Step::Repeat { rounds, body } => {
                    self.progress.at = rounds.position;
                    if level == self.rounds.len() {
                        return Err(Halt::stop(
                            rounds.position,
                            "a 'repeat' of level 4, expected at most 3 levels",
                        ));
                    }
                    let times = if has_statement(body) { rounds.resolve(self.rounds)? } else { 0 };
                    for round in 0..times {
                        self.rounds[level] = round;
                        self.block(body, level + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Halt> {
        if let Action::Expect { audience, expectation } = &statement.action {
            return if applies::<H>(audience) {
                self.expectation(statement.position, expectation)
            } else {
                Ok(())
            };
        }
        self.progress.at = statement.position;
        match &statement.action {
            Action::Check => self.check_thoroughly(),
            Action::Mark { .. } => Ok(()),
            _ => self.perform(statement),
        }
    }

    fn perform(&mut self, statement: &Statement) -> Result<(), Halt> {
        self.report_unexpected();
        self.out_of_memory = false;
        self.history.statement += 1;
        if !self.both.make_room() {
            let message = format!(
                "too many references are held and saved, expected at most {}",
                super::names::MOST_HELD
            );
            return Err(Halt::stop(statement.position, message));
        }
        let operation = self.operation(&statement.action)?;
        let failed = self.both.step(&operation)?;
        self.remember(&operation, failed.is_some());
        if let Some(error) = failed {
            self.out_of_memory = true;
            let before = self.progress.outcome.failures.len();
            self.unexpected = Some(Unexpected { position: statement.position, error, before });
        }
        if let Some(message) = self.both.model.recorder_mut().stop.take() {
            return Err(Halt::stop(statement.position, message));
        }
        if let Action::Upgrade { weak, .. } = &statement.action
            && self.both.events().last() == Some(&Event::Upgraded(false))
        {
            weak.resolve(self.rounds, &mut self.text)?;
            let message = format!("the target of {} is dead, expected it alive", self.text);
            return Err(Halt::stop(weak.position, message));
        }
        if let Operation::New { name, .. } = operation
            && failed.is_none()
        {
            self.both.write_payload(name);
        }
        if self.both.safepoint()? {
            self.note();
        }
        self.compare_touched(&operation)?;
        self.budget.earn(operation.width());
        if self.budget.affords_check(self.both.model.live()) { self.check() } else { Ok(()) }
    }

    /// Compares everything, and at times asks the heap what it thinks of itself.
    fn check(&mut self) -> Result<(), Halt> {
        let cost = self.both.compare_graph()?;
        if self.budget.affords_verifier() {
            self.both.verify()?;
        }
        self.budget.spend(cost, self.both.model.live());
        Ok(())
    }

    fn check_thoroughly(&mut self) -> Result<(), Halt> {
        self.check()?;
        self.both.verify()?;
        Ok(self.both.compare_footprint()?)
    }

    /// Which object a name means now, whose hook was attached, and what happened.
    fn remember(&mut self, operation: &Operation, failed: bool) {
        if !failed {
            self.remember_objects(operation);
        }
        if matches!(operation, Operation::Collect { .. }) {
            let died = self.both.events().iter().filter(|event| matches!(event, Event::Died(_)));
            self.history.freed = died.count() as u64;
        }
        self.note();
    }

    fn remember_objects(&mut self, operation: &Operation) {
        if let Operation::Finalizer { hook, finalizer, .. } = operation {
            self.history.attach(finalizer.owner, false, *hook);
        }
        let Some(name) = operation.binds() else { return };
        let Some(object) = self.both.holds(name) else { return };
        if let Operation::Weak { callback: Some(hook), .. } = operation {
            self.history.attach(object, true, *hook);
        }
        let is_weak = self.both.is_weak(object);
        self.history.bind(name, object, is_weak);
    }

    fn note(&mut self) {
        for (hook, gives) in std::mem::take(&mut self.both.heap.recorder_mut().reads) {
            self.history.read(hook, gives);
        }
        self.both.events().iter().for_each(|event| self.history.note(*event));
    }

    /// Compares what the operation touched; where it failed, that it did not.
    fn compare_touched(&mut self, operation: &Operation) -> Result<(), Difference> {
        for label in operation.touched().into_iter().flatten() {
            if let Some(local) = self.both.local(label) {
                self.both.compare_local(local, &|| self.history.name(label).to_string())?;
            }
        }
        let Some(Slots { object, slots, value }) = operation.touched_slots() else { return Ok(()) };
        let Some(local) = self.both.local(object) else { return Ok(()) };
        let value = value.and_then(|value| self.both.local(value)).filter(|_| !self.out_of_memory);
        let Interpreter { both, history, .. } = self;
        slots.into_iter().try_for_each(|slot| {
            both.compare_slot(local, slot, value, &|| format!("{}, slot {slot},", history.name(object)))
        })
    }

    pub(super) fn fail(
        &mut self,
        position: Position,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) {
        self.progress.outcome.fail(Failure { position, expected: expected.into(), actual: actual.into() });
    }

    /// The out-of-memory event of the statement just before was expected.
    pub(super) fn expect_out_of_memory(&mut self) -> bool {
        self.unexpected = None;
        self.out_of_memory
    }

    fn report_unexpected(&mut self) {
        if let Some(Unexpected { position, error, before }) = self.unexpected.take() {
            let failure = Failure { position, expected: "enough memory".into(), actual: error.to_string() };
            self.progress.outcome.fail_before(before, failure);
        }
    }

    /// Where the script is.
    pub(super) fn at(&self) -> Position {
        self.progress.at
    }

    /// Whether the heap broke the contract.
    pub(super) fn is_broken(&self) -> bool {
        self.progress.outcome.is_broken
    }

    fn expectation(&mut self, position: Position, expectation: &Expectation) -> Result<(), Halt> {
        self.progress.at = position;
        self.expect(expectation)
    }
}

/// Whether an expectation is one for this heap.
fn applies<H: Heap>(audience: &Audience) -> bool {
    let capabilities = H::CAPABILITIES;
    match audience {
        Audience::Usual => capabilities.family != Family::Region,
        Audience::All => true,
        Audience::Families { families, generational } => {
            families.contains(&capabilities.family)
                || *generational && capabilities.family == Family::Cycles && capabilities.generations == 3
        }
    }
}

/// Whether a block does anything: empty ones may be repeated 10^24 times.
fn has_statement(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Statement(_) => true,
        Step::Repeat { rounds, body } => {
            rounds.value != heapbench_script::Value::Fixed(0) && has_statement(body)
        }
    })
}
