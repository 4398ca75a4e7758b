//! What a case is written in: operations on numbered locals, and expectations by family.

use heapbench_heap::{Family, Heap, HeapConfig, Introspect, Kind, Shape};
use heapbench_model::{Event, Id};

use super::Outcome;
use crate::operation::SPARE;
use crate::pair::Pair;
use crate::{Action, Deaths, Operation};

/// The first local that a case may use; there are [`LOCALS`].
const FIRST: u32 = SPARE;
const LOCALS: u32 = 12;

/// A heap beside its model, in a frame of locals 0 to 11, with nothing collecting on its own.
pub struct Script<H: Heap> {
    pair: Pair<H>,
    next: Id,
    /// Events of the last operation.
    now: Vec<Event>,
    /// Deaths so far, in order.
    dead: Vec<Id>,
    hooks: Vec<u64>,
    hooks_made: u64,
}

impl<H: Heap<Recorder = Deaths> + Introspect> Script<H> {
    /// An empty heap.
    ///
    /// # Errors
    /// The heap cannot be made.
    pub fn new(config: &HeapConfig) -> Result<Self, String> {
        let pair = Pair::new(config)
            .map_err(|(expected, actual)| format!("expected {expected}, actual {actual}"))?;
        let mut script =
            Script { pair, next: 2, now: Vec::new(), dead: Vec::new(), hooks: Vec::new(), hooks_made: 0 };
        script.perform(Operation::Enter { arguments: 0, locals: FIRST + LOCALS })?;
        script.perform(Operation::Prepare)?;
        script.perform(Operation::Disable)?;
        Ok(script)
    }

    /// The family whose expectations hold.
    pub fn family(&self) -> Family {
        H::CAPABILITIES.family
    }

    /// Deaths by counting are immediate.
    pub fn prompt(&self) -> bool {
        H::CAPABILITIES.prompt
    }

    /// A full collection reclaims cycles.
    pub fn collects(&self) -> bool {
        matches!(self.family(), Family::Cycles | Family::Tracing)
    }

    /// Performs an operation on heap and model, and compares everything.
    pub(super) fn perform(&mut self, operation: Operation) -> Outcome {
        let tell = |(expected, actual)| format!("{operation}: expected {expected}, actual {actual}");
        if !operation.is_valid(self.pair.model()) {
            return Err(format!("{operation}: expected an operation that is valid here"));
        }
        self.pair.step(operation).map_err(tell)?;
        self.now = self.pair.events().to_vec();
        // Everything, every time, as long as that is little.
        if self.pair.model().live() < 500 {
            self.pair.compare_all().map_err(tell)?;
        }
        for event in &self.now {
            match event {
                Event::Died(id) => self.dead.push(*id),
                Event::Hook(data) => self.hooks.push(*data),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn new_object(&mut self, local: u32, slots: u32) -> Result<Id, String> {
        self.new_of(local, Kind::Instance, slots)
    }

    pub(super) fn new_of(&mut self, local: u32, kind: Kind, slots: u32) -> Result<Id, String> {
        self.perform(Operation::Allocate { dst: FIRST + local, shape: Shape::new(kind, slots, 8) })?;
        self.next += 1;
        Ok(self.next - 1)
    }

    pub(super) fn set(&mut self, object: u32, slot: u32, value: u32) -> Outcome {
        self.perform(Operation::Store { object: FIRST + object, slot, value: FIRST + value })
    }

    pub(super) fn set_take(&mut self, object: u32, slot: u32, value: u32) -> Outcome {
        self.perform(Operation::StoreTake { object: FIRST + object, slot, value: FIRST + value })
    }

    /// Sets a slot to nil; local 11 is nil in every case.
    pub(super) fn set_nil(&mut self, object: u32, slot: u32) -> Outcome {
        self.set(object, slot, LOCALS - 1)
    }

    pub(super) fn get(&mut self, dst: u32, object: u32, slot: u32) -> Outcome {
        self.perform(Operation::Load { dst: FIRST + dst, object: FIRST + object, slot })
    }

    pub(super) fn drop(&mut self, local: u32) -> Outcome {
        self.perform(Operation::Clear { local: FIRST + local })
    }

    pub(super) fn weak(&mut self, dst: u32, target: u32, callback: Option<Action>) -> Result<Id, String> {
        self.hooks_made += u64::from(callback.is_some());
        self.perform(Operation::Weak { dst: FIRST + dst, target: FIRST + target, callback })?;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Whether a weak reference gives its target, which local 10 then holds for a moment.
    pub(super) fn gives(&mut self, weak: u32) -> Result<bool, String> {
        self.perform(Operation::Upgrade { dst: FIRST + LOCALS - 2, weak: FIRST + weak })?;
        let gives = self.now.contains(&Event::Upgraded(true));
        self.drop(LOCALS - 2)?;
        Ok(gives)
    }

    /// Attaches a finalizer; its number.
    pub(super) fn finalizer(&mut self, object: u32, action: Action) -> Result<u64, String> {
        self.perform(Operation::Finalizer { object: FIRST + object, action })?;
        self.hooks_made += 1;
        Ok(self.hooks_made - 1)
    }

    /// A full collection; objects reclaimed, where the heap collects.
    pub(super) fn collect(&mut self) -> Result<Option<u64>, String> {
        self.collect_generation(2)
    }

    pub(super) fn collect_generation(&mut self, generation: u8) -> Result<Option<u64>, String> {
        self.perform(Operation::Collect { generation })?;
        match self.now.last() {
            Some(Event::Collected(freed)) => Ok(*freed),
            other => Err(format!("collect ended with {other:?}, expected an answer")),
        }
    }

    /// A full collection that reclaims so many objects on heaps that collect, and does nothing on others.
    pub(super) fn expect_collect(&mut self, cycles: u64, tracing: u64) -> Outcome {
        let expected = match self.family() {
            Family::Cycles => Some(cycles),
            Family::Tracing => Some(tracing),
            Family::RefCount | Family::Region => None,
        };
        let freed = self.collect()?;
        self.expect("collect", expected, freed)
    }

    /// These objects died in the last operation, in this order, on prompt heaps; on others they are alive.
    pub(super) fn expect_prompt(&self, objects: &[Id]) -> Outcome {
        if !self.prompt() {
            return self.expect_alive(objects);
        }
        let died = |event: &Event| if let Event::Died(id) = event { Some(*id) } else { None };
        self.expect("deaths", objects.to_vec(), self.now.iter().filter_map(died).collect())
    }

    pub(super) fn expect_alive(&self, objects: &[Id]) -> Outcome {
        let dead: Vec<_> = objects.iter().filter(|id| self.dead.contains(id)).collect();
        if dead.is_empty() { Ok(()) } else { Err(format!("objects {dead:?} are dead, expected alive")) }
    }

    pub(super) fn expect_dead(&self, objects: &[Id]) -> Outcome {
        let alive: Vec<_> = objects.iter().filter(|id| !self.dead.contains(id)).collect();
        if alive.is_empty() { Ok(()) } else { Err(format!("objects {alive:?} are alive, expected dead")) }
    }

    /// Dead, where the family reclaims cycles, and alive elsewhere.
    pub(super) fn expect_collected(&self, objects: &[Id]) -> Outcome {
        if self.collects() { self.expect_dead(objects) } else { self.expect_alive(objects) }
    }

    /// Dead but for region heaps: at once by counting, or by the full collection before.
    pub(super) fn expect_reclaimed(&self, objects: &[Id]) -> Outcome {
        if self.family() == Family::Region { self.expect_alive(objects) } else { self.expect_dead(objects) }
    }

    /// How often a hook ran.
    pub(super) fn runs(&self, hook: u64) -> usize {
        self.hooks.iter().filter(|data| **data == hook).count()
    }

    /// Whether the last operation has this event.
    pub(super) fn saw(&self, event: Event) -> bool {
        self.now.contains(&event)
    }

    pub(super) fn heap(&self) -> &H {
        self.pair.heap()
    }

    pub(super) fn expect<T: PartialEq + std::fmt::Debug>(
        &self,
        what: &str,
        expected: T,
        actual: T,
    ) -> Outcome {
        if expected == actual { Ok(()) } else { Err(format!("{what} {actual:?}, expected {expected:?}")) }
    }

    /// An operation on locals as the case numbers them.
    pub(super) fn local(&self, local: u32) -> u32 {
        FIRST + local
    }
}
