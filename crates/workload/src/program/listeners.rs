//! The forgotten listener: components subscribe to publishers, are closed and dropped, and some forget to unsubscribe.
//!
//! ```python
//! class Publisher:                              class Component:
//!     def subscribe(self, listener):                def on_event(self, event):
//!         self.listeners.append(listener)               if self.is_open:
//!     def unsubscribe(self, listener):                      self.received += event
//!         self.listeners.remove(listener)
//!     def publish(self, event):                 subscription.close(forgets):
//!         for listener in self.listeners:           component.is_open = False
//!             listener(event)                       if not forgets: publisher.unsubscribe(listener)
//! ```
//! A listener is a bound method, a function that closes over the component or, in the mended program, a weak reference.
//! What was forgotten lives as long as its publisher; a component that refers back to it is part of a cycle. Closed
//! components receive nothing, so the checksum does not tell when they die. The twin is `workloads/python/listeners.py`.

mod classes;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use classes::{Module, component, publisher, subscription};
use heapbench_heap::{Generation, Heap, Introspect, OutOfMemory, Recorder};
use heapbench_objects::{float, int, iterator, list};
use rand::RngExt;

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 18;

/// Parameters and choices.
#[derive(Debug)]
pub struct Listeners {
    components: u32,
    publishers: u32,
    open: u32,
    rows: u32,
    publish_every: u32,
    lifetime: u32,
    cyclic: bool,
    weak: bool,
    choices: Vec<Choice>,
}

/// What is drawn for a component.
#[derive(Clone, Copy, Debug)]
struct Choice {
    topic: u32,
    forgets: bool,
    /// Its listener is a function, not a bound method.
    as_function: bool,
}

impl Listeners {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Listeners, WorkloadError> {
        let components = parameters.count("components", 1..=1_000_000_000)?;
        let publishers = parameters.count("publishers", 1..=10_000_000)?;
        let forget = parameters.number("forget", 0.0..=1.0)?;
        let mut generator = random::generator(seed);
        let draw = |_| Choice {
            topic: generator.random_range(0..publishers),
            forgets: generator.random_bool(forget),
            as_function: generator.random_bool(0.5),
        };
        Ok(Listeners {
            components,
            publishers,
            open: parameters.count("open", 1..=10_000_000)?,
            rows: parameters.count("rows", 0..=1_000_000)?,
            publish_every: parameters.count("publish_every", 1..=1_000_000_000)?,
            lifetime: parameters.count("lifetime", 1..=1_000_000_000)?,
            cyclic: parameters.flag("cyclic")?,
            weak: parameters.flag("weak")?,
            choices: (0..CHOICES.min(components as usize)).map(draw).collect(),
        })
    }

    fn choice(&self, number: u32) -> Choice {
        self.choices[number as usize % self.choices.len()]
    }
}

/// Locals of `run`. The last two are the arguments of its calls.
mod main {
    use heapbench_heap::Local;
    pub(super) const PUBLISHERS: Local = Local::new(0);
    pub(super) const SUBSCRIPTIONS: Local = Local::new(1);
    pub(super) const SUBSCRIPTION: Local = Local::new(2);
    pub(super) const ITERATOR: Local = Local::new(3);
    /// Gets a call's result: the first argument of calls with two.
    pub(super) const CALLED: Local = Local::new(4);
    pub(super) const LAST_ARGUMENT: Local = Local::new(5);
    pub(super) const COUNT: usize = 6;
}

impl Program for Listeners {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        use main::{CALLED, PUBLISHERS, SUBSCRIPTIONS};
        let frame = heap.enter(0, main::COUNT)?;
        let mut module = Module::new(heap, [CALLED, main::ITERATOR, main::SUBSCRIPTION])?;
        list::new(heap, PUBLISHERS, self.publishers)?;
        for topic in 0..self.publishers {
            self.renew_publisher(heap, &mut module, topic)?;
            heap.safepoint();
        }
        list::new(heap, SUBSCRIPTIONS, self.open)?;
        let mut checksum = Checksum::default();
        for number in 0..self.components {
            let choice = self.choice(number);
            if number % self.lifetime == self.lifetime - 1 {
                self.renew_publisher(heap, &mut module, choice.topic)?;
            }
            if number >= self.open {
                let forgets = self.choice(number - self.open).forgets;
                checksum.add(self.close_oldest(heap, &module, number, forgets)?);
            }
            self.open_one(heap, &mut module, number, choice)?;
            if number % self.publish_every == 0 {
                self.publish(heap, &module, number, choice.topic)?;
            }
            heap.safepoint();
        }
        heap.collect(Generation::FULL);
        H::Recorder::at_most(heap);
        read_open(heap, &mut checksum)?;
        heap.leave(frame);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.components) })
    }
}

impl Listeners {
    /// `publishers[topic] = Publisher(topic)`.
    fn renew_publisher<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        topic: u32,
    ) -> Result<(), OutOfMemory> {
        module.new_publisher(heap, main::CALLED, main::LAST_ARGUMENT, topic)?;
        heap.store_take(main::PUBLISHERS, topic as usize, main::CALLED);
        Ok(())
    }

    /// `subscriptions[number % open].close(forgets)`: what its component has received.
    fn close_oldest<H: Heap>(
        &self,
        heap: &mut H,
        module: &Module,
        number: u32,
        forgets: bool,
    ) -> Result<u64, OutOfMemory> {
        heap.load(main::LAST_ARGUMENT, main::SUBSCRIPTIONS, (number % self.open) as usize);
        subscription::close(heap, module, forgets)?;
        let received = int::value(heap, main::LAST_ARGUMENT) as u64;
        heap.clear(main::LAST_ARGUMENT);
        Ok(received)
    }

    /// `subscriptions[number % open] = open_component(publishers[topic], number, as_function, parameters)`.
    fn open_one<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        number: u32,
        choice: Choice,
    ) -> Result<(), OutOfMemory> {
        heap.load(main::LAST_ARGUMENT, main::PUBLISHERS, choice.topic as usize);
        self.open_component(heap, module, number, choice.as_function)?;
        let place = (number % self.open) as usize;
        heap.store_take(main::SUBSCRIPTIONS, place, main::LAST_ARGUMENT);
        Ok(())
    }

    /// The publisher is in the caller's last local, and then the subscription.
    fn open_component<H: Heap>(
        &self,
        heap: &mut H,
        module: &mut Module,
        number: u32,
        as_function: bool,
    ) -> Result<(), OutOfMemory> {
        use classes::opening::{COMPONENT, COUNT, LISTENER, PUBLISHER, ROWS, SUBSCRIPTION};
        let frame = heap.enter(1, COUNT)?;
        heap.safepoint();
        make_rows(heap, number, self.rows)?;
        heap.recorder_mut().at("listeners.py:open_component");
        module.new_component(heap, self.cyclic)?;
        if self.weak {
            heap.weak(LISTENER, COMPONENT, None)?;
            heap.safepoint();
        } else if as_function {
            module.make_handler(heap)?;
        } else {
            module.bind_on_event(heap, LISTENER, COMPONENT, ROWS)?;
        }
        heap.copy(ROWS, PUBLISHER);
        heap.copy(SUBSCRIPTION, LISTENER);
        publisher::subscribe(heap)?;
        module.new_subscription(heap)?;
        heap.leave_with(frame, SUBSCRIPTION);
        Ok(())
    }

    /// `publishers[topic].publish(number & 255)`.
    fn publish<H: Heap>(
        &self,
        heap: &mut H,
        module: &Module,
        number: u32,
        topic: u32,
    ) -> Result<(), OutOfMemory> {
        heap.load(main::CALLED, main::PUBLISHERS, topic as usize);
        module.statics.int(heap, main::LAST_ARGUMENT, i128::from(number & 255))?;
        if self.weak { publisher::publish_to_living(heap, module) } else { publisher::publish(heap, module) }
    }
}

/// `make_rows(number, rows)`: leaves the list in the caller's last local but one, nil before.
fn make_rows<H: Heap>(heap: &mut H, number: u32, rows: u32) -> Result<(), OutOfMemory> {
    const ROWS: heapbench_heap::Local = heapbench_heap::Local::new(0);
    const ROW: heapbench_heap::Local = heapbench_heap::Local::new(1);
    let frame = heap.enter(2, 2)?;
    heap.safepoint();
    heap.recorder_mut().at("listeners.py:make_rows");
    list::new(heap, ROWS, 0)?;
    for row in 0..rows {
        float::new(heap, ROW, f64::from(number) + f64::from(row) * 0.5)?;
        list::append(heap, ROWS, ROW)?;
        heap.safepoint();
    }
    heap.leave_with(frame, ROWS);
    Ok(())
}

/// Folds in what each component that is still open has received.
fn read_open<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    use main::{CALLED, ITERATOR, LAST_ARGUMENT as SCRATCH, SUBSCRIPTION, SUBSCRIPTIONS};
    iterator::new_list(heap, ITERATOR, SUBSCRIPTIONS)?;
    while iterator::next_list(heap, SUBSCRIPTION, ITERATOR, SCRATCH) {
        if !heap.is_nil(SUBSCRIPTION) {
            heap.load(CALLED, SUBSCRIPTION, subscription::COMPONENT);
            heap.load(CALLED, CALLED, component::RECEIVED);
            checksum.add(int::value(heap, CALLED) as u64);
        }
        heap.safepoint();
    }
    Ok(())
}
