//! What a script states: true, or a failure that says what is true instead.

use heapbench_heap::{Heap, Introspect, Kind};
use heapbench_model::{Event, Id};
use heapbench_script::{Expectation, Name, Number};

use super::Side;
use super::history::Record;
use super::interpreter::{Halt, Interpreter};
use super::names::Label;
use super::operation::Operation;

/// A name that was bound once.
struct Bound {
    label: Label,
    text: String,
    object: Id,
    record: Record,
}

impl<H: Heap<Recorder = Side> + Introspect> Interpreter<'_, H> {
    pub(super) fn expect(&mut self, expectation: &Expectation) -> Result<(), Halt> {
        match expectation {
            Expectation::Alive { names } => {
                self.expect_each(names, "alive", |bound, _| match bound.record.death {
                    None => Ok(()),
                    Some(_) => Err("dead"),
                })
            }
            Expectation::Dead { names } => {
                self.expect_each(names, "dead", |bound, _| match bound.record.death {
                    Some(_) => Ok(()),
                    None => Err("alive"),
                })
            }
            Expectation::Prompt { names } => {
                self.expect_each(names, "reclaimed in the statement before", |bound, now| {
                    match bound.record.death {
                        Some(death) if death.statement == now => Ok(()),
                        Some(_) => Err("reclaimed earlier"),
                        None => Err("alive"),
                    }
                })
            }
            Expectation::Order { names } => self.expect_order(names),
            Expectation::Gives { weak, alive } => self.expect_gives(weak, *alive),
            Expectation::Finalized { name, times } => {
                let bound = self.bound(name)?;
                self.expect_count(times, &format!("finalizer runs of {}", bound.text), bound.record.finalized)
            }
            Expectation::Callbacks { weak, calls } => {
                let bound = self.bound_weak(weak)?;
                self.expect_count(calls, &format!("callbacks of {}", bound.text), bound.record.calls)
            }
            Expectation::Read { name, alive } => {
                let bound = self.bound(name)?;
                let (word, actual) = (gives(*alive), bound.record.read.map_or("nothing", gives));
                if bound.record.read != Some(*alive) {
                    let expected = format!("{word} read by the finalizer of {}", bound.text);
                    self.fail(name.position, expected, format!("{actual} read"));
                }
                Ok(())
            }
            _ => self.expect_of_the_whole(expectation),
        }
    }

    fn expect_of_the_whole(&mut self, expectation: &Expectation) -> Result<(), Halt> {
        match expectation {
            Expectation::Freed { objects } => {
                let freed = self.history.freed;
                self.expect_count(objects, "objects freed by the last collect", freed)
            }
            Expectation::Live { objects } => {
                let live = self.both.model.live() as u64;
                self.expect_count(objects, "objects alive", live)
            }
            Expectation::Collections { at_least, count } => {
                let actual: u64 = self.both.heap.counters().collections.iter().sum();
                let expected = count.resolve(self.rounds)?;
                if *at_least && actual < expected {
                    let expected = format!("at least {expected} collections");
                    self.fail(count.position, expected, actual.to_string());
                }
                if *at_least { Ok(()) } else { self.expect_count(count, "collections", actual) }
            }
            Expectation::Failures { count } => {
                let failures = self.both.heap.counters().hook_failures;
                self.expect_count(count, "failed finalizers", failures)
            }
            Expectation::OutOfMemory => {
                if !self.expect_out_of_memory() {
                    let actual = "the statement before did not fail";
                    self.fail(self.at(), "an error out-of-memory in the statement before", actual);
                }
                Ok(())
            }
            _ => unreachable!("an expectation that names objects"),
        }
    }

    /// One failure, at the first name of which it is not true.
    fn expect_each(
        &mut self,
        names: &[Name],
        what: &str,
        is: impl Fn(&Bound, u64) -> Result<(), &'static str>,
    ) -> Result<(), Halt> {
        let now = self.history.statement;
        let mut wrong = Vec::new();
        for name in names {
            let bound = self.bound(name)?;
            if let Err(actual) = is(&bound, now) {
                wrong.push((name.position, bound.text, actual));
            }
        }
        let Some((position, ..)) = wrong.first() else { return Ok(()) };
        let names: Vec<&str> = wrong.iter().map(|(_, text, _)| text.as_str()).collect();
        let actual: Vec<String> = wrong.iter().map(|(_, text, actual)| format!("{text} {actual}")).collect();
        self.fail(*position, format!("{} {what}", names.join(" ")), actual.join(", "));
        Ok(())
    }

    /// Each is reclaimed strictly later than the one before.
    fn expect_order(&mut self, names: &[Name]) -> Result<(), Halt> {
        let mut before: Option<(String, u64)> = None;
        let mut wrong = None;
        for name in names {
            let bound = self.bound(name)?;
            let actual = match (bound.record.death, &before) {
                (None, _) => Some(format!("{} alive", bound.text)),
                (Some(death), Some((earlier, instant))) if death.instant == *instant => {
                    Some(format!("{} together with {earlier}", bound.text))
                }
                (Some(death), Some((earlier, instant))) if death.instant < *instant => {
                    Some(format!("{} before {earlier}", bound.text))
                }
                _ => None,
            };
            if let Some(actual) = actual {
                wrong.get_or_insert((name.position, actual));
            }
            before = bound.record.death.map(|death| (bound.text, death.instant)).or(before);
        }
        if let Some((position, actual)) = wrong {
            let mut listed = Vec::new();
            for name in names {
                name.resolve(self.rounds, &mut self.text)?;
                listed.push(self.text.clone());
            }
            self.fail(position, format!("{} reclaimed in this order", listed.join(" ")), actual);
        }
        Ok(())
    }

    fn expect_gives(&mut self, weak: &Name, alive: bool) -> Result<(), Halt> {
        let bound = self.bound_weak(weak)?;
        let actual = if bound.record.death.is_some() {
            "a weak reference that was reclaimed"
        } else {
            gives(self.gives(&bound)?)
        };
        if actual != gives(alive) {
            self.fail(weak.position, format!("{} {}", bound.text, gives(alive)), actual);
        }
        Ok(())
    }

    /// What a living weak reference gives: the heap is asked where a name holds it; elsewhere the model, with which
    /// the heap was compared, knows.
    fn gives(&mut self, bound: &Bound) -> Result<bool, Halt> {
        if self.both.holds(bound.label) == Some(bound.object) {
            self.both.step(&Operation::Ask { weak: bound.label })?;
            return Ok(self.both.events().contains(&Event::Upgraded(true)));
        }
        Ok(self.both.model.nodes().get(bound.object).is_some_and(|node| node.target().is_some()))
    }

    fn expect_count(&mut self, number: &Number, what: &str, actual: u64) -> Result<(), Halt> {
        let expected = number.resolve(self.rounds)?;
        if expected != actual {
            self.fail(number.position, format!("{expected} {what}"), actual.to_string());
        }
        Ok(())
    }

    /// A name that was bound once, and what became of its object.
    fn bound(&mut self, name: &Name) -> Result<Bound, Halt> {
        name.resolve(self.rounds, &mut self.text)?;
        let label = self.history.label(&self.text);
        let Some((label, object)) = label.and_then(|label| Some((label, self.history.bound(label)?))) else {
            let message = format!("{} was never bound, expected the name of an object", self.text);
            return Err(Halt::stop(name.position, message));
        };
        Ok(Bound { label, text: self.text.clone(), object, record: self.history.record(object) })
    }

    fn bound_weak(&mut self, name: &Name) -> Result<Bound, Halt> {
        let bound = self.bound(name)?;
        if bound.record.is_weak {
            return Ok(bound);
        }
        let message = format!("{} is not a {} reference, expected one", bound.text, Kind::Weak.name());
        Err(Halt::stop(name.position, message))
    }
}

fn gives(alive: bool) -> &'static str {
    if alive { "alive" } else { "nil" }
}
