//! The three classes, and what their methods do.

use heapbench_heap::{Heap, Immortal, Local, OutOfMemory, Recorder};
use heapbench_objects::instance::Class;
use heapbench_objects::{Statics, cell, function, int, iterator, list, method, tuple};

/// Attributes of a publisher, and its methods.
pub(super) mod publisher {
    use super::*;

    const TOPIC: usize = 0;
    pub(super) const LISTENERS: usize = 1;
    pub(super) const ATTRIBUTES: u32 = 2;

    /// Arguments and locals of a method.
    const SELF: Local = Local::new(0);
    const ARGUMENT: Local = Local::new(1);
    const LIST: Local = Local::new(2);
    const ITERATOR: Local = Local::new(3);
    const REFERENCE: Local = Local::new(4);
    /// Arguments of a call.
    const CALLED: Local = Local::new(5);
    const EVENT: Local = Local::new(6);
    const COUNT: usize = 7;

    /// `Publisher.__init__` of the instance in `publisher`.
    pub(super) fn initialize<H: Heap>(
        heap: &mut H,
        statics: &Statics,
        publisher: Local,
        value: Local,
        topic: u32,
    ) -> Result<(), OutOfMemory> {
        statics.int(heap, value, i128::from(topic))?;
        heap.store_take(publisher, TOPIC, value);
        list::new(heap, value, 0)?;
        heap.store_take(publisher, LISTENERS, value);
        Ok(())
    }

    /// `publisher.subscribe(listener)`: the caller's last two locals, nil afterwards.
    pub(in super::super) fn subscribe<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
        let frame = heap.enter(2, 3)?;
        heap.safepoint();
        heap.recorder_mut().at("listeners.py:subscribe");
        heap.load(LIST, SELF, LISTENERS);
        list::append(heap, LIST, ARGUMENT)?;
        heap.leave(frame);
        Ok(())
    }

    /// `publisher.unsubscribe(listener)`: the caller's last two locals, nil afterwards.
    pub(super) fn unsubscribe<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
        let frame = heap.enter(2, 4)?;
        heap.safepoint();
        heap.load(LIST, SELF, LISTENERS);
        let length = list::len(heap, LIST);
        let place = (0..length).find(|place| heap.is_in_slot(ARGUMENT, LIST, *place));
        if let Some(place) = place {
            remove_item(heap, place, length)?;
        }
        heap.safepoint();
        heap.leave(frame);
        Ok(())
    }

    /// `del list[place]`: the items behind it move up, uncounted, as C moves them.
    fn remove_item<H: Heap>(heap: &mut H, place: usize, length: usize) -> Result<(), OutOfMemory> {
        const ITEM: Local = ITERATOR;
        for behind in place + 1..length {
            heap.take_slot(ITEM, LIST, behind);
            heap.store_take(LIST, behind - 1, ITEM);
        }
        heap.resize(LIST, length as u32 - 1, 0)
    }

    /// `publisher.publish(event)`: the caller's last two locals, nil afterwards.
    pub(in super::super) fn publish<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        let frame = heap.enter(2, COUNT)?;
        heap.safepoint();
        heap.load(LIST, SELF, LISTENERS);
        iterator::new_list(heap, ITERATOR, LIST)?;
        heap.clear(LIST);
        while iterator::next_list(heap, CALLED, ITERATOR, LIST) {
            heap.copy(EVENT, ARGUMENT);
            call_listener(heap, module)?;
            heap.safepoint();
        }
        heap.leave(frame);
        Ok(())
    }

    /// `listener(event)`: `CALLED` and `EVENT`, nil afterwards.
    fn call_listener<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        if heap.shape(CALLED) == function::SHAPE {
            return component::handle(heap, module);
        }
        heap.load(CALLED, CALLED, method::RECEIVER);
        component::on_event(heap, module)
    }

    /// `publisher.publish_to_living(event)`: the caller's last two locals, nil afterwards.
    pub(in super::super) fn publish_to_living<H: Heap>(
        heap: &mut H,
        module: &Module,
    ) -> Result<(), OutOfMemory> {
        const LIVING: Local = LIST;
        let frame = heap.enter(2, COUNT)?;
        heap.safepoint();
        heap.recorder_mut().at("listeners.py:publish_to_living");
        list::new(heap, LIVING, 0)?;
        heap.load(REFERENCE, SELF, LISTENERS);
        iterator::new_list(heap, ITERATOR, REFERENCE)?;
        heap.clear(REFERENCE);
        while iterator::next_list(heap, REFERENCE, ITERATOR, CALLED) {
            let alive = heap.upgrade(CALLED, REFERENCE);
            heap.safepoint();
            if alive {
                heap.copy(EVENT, ARGUMENT);
                component::on_event(heap, module)?;
                list::append(heap, LIVING, REFERENCE)?;
            }
            heap.safepoint();
        }
        heap.store_take(SELF, LISTENERS, LIVING);
        heap.leave(frame);
        Ok(())
    }
}

/// Attributes of a component, and its methods.
pub(super) mod component {
    use super::*;

    pub(super) const PUBLISHER: usize = 0;
    pub(super) const ROWS: usize = 1;
    pub(super) const IS_OPEN: usize = 2;
    pub(in super::super) const RECEIVED: usize = 3;
    pub(super) const ATTRIBUTES: u32 = 4;

    const SELF: Local = Local::new(0);
    const EVENT: Local = Local::new(1);

    /// `component.on_event(event)`: the caller's last two locals, nil afterwards.
    pub(super) fn on_event<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        const VALUE: Local = Local::new(2);
        let frame = heap.enter(2, 3)?;
        heap.safepoint();
        heap.load(VALUE, SELF, IS_OPEN);
        if int::value(heap, VALUE) != 0 {
            heap.load(VALUE, SELF, RECEIVED);
            let received = int::value(heap, VALUE) + int::value(heap, EVENT);
            module.statics.int(heap, VALUE, received)?;
            heap.store_take(SELF, RECEIVED, VALUE);
        }
        heap.leave(frame);
        Ok(())
    }

    /// `handler(event)`, a function that closes over its component: the caller's last two locals, nil afterwards.
    pub(super) fn handle<H: Heap>(heap: &mut H, module: &Module) -> Result<(), OutOfMemory> {
        const CALLED: Local = Local::new(2);
        const ARGUMENT: Local = Local::new(3);
        let frame = heap.enter(2, 4)?;
        heap.safepoint();
        heap.load(CALLED, SELF, function::CLOSURE);
        heap.load(CALLED, CALLED, 0);
        heap.load(CALLED, CALLED, 0);
        heap.copy(ARGUMENT, EVENT);
        on_event(heap, module)?;
        heap.leave(frame);
        Ok(())
    }
}

/// Attributes of a subscription, and its methods.
pub(super) mod subscription {
    use super::*;

    pub(super) const PUBLISHER: usize = 0;
    pub(in super::super) const COMPONENT: usize = 1;
    pub(super) const LISTENER: usize = 2;
    pub(super) const ATTRIBUTES: u32 = 3;

    /// `subscription.close(forgets)`: the caller's last local, then the number of events received.
    pub(in super::super) fn close<H: Heap>(
        heap: &mut H,
        module: &Module,
        forgets: bool,
    ) -> Result<(), OutOfMemory> {
        const SELF: Local = Local::new(0);
        const VALUE: Local = Local::new(1);
        const CALLED: Local = Local::new(2);
        const ARGUMENT: Local = Local::new(3);
        let frame = heap.enter(1, 4)?;
        heap.safepoint();
        module.statics.truth(heap, VALUE, false);
        heap.load(CALLED, SELF, COMPONENT);
        heap.store_take(CALLED, component::IS_OPEN, VALUE);
        if !forgets {
            heap.load(CALLED, SELF, PUBLISHER);
            heap.load(ARGUMENT, SELF, LISTENER);
            publisher::unsubscribe(heap)?;
        }
        heap.load(VALUE, SELF, COMPONENT);
        heap.load(VALUE, VALUE, component::RECEIVED);
        heap.leave_with(frame, VALUE);
        Ok(())
    }
}

/// Locals of `open_component`. The last two are the arguments of its calls.
pub(super) mod opening {
    use heapbench_heap::Local;
    pub(in super::super) const PUBLISHER: Local = Local::new(0);
    pub(in super::super) const COMPONENT: Local = Local::new(1);
    pub(in super::super) const LISTENER: Local = Local::new(2);
    pub(super) const VALUE: Local = Local::new(3);
    pub(in super::super) const ROWS: Local = Local::new(4);
    pub(in super::super) const SUBSCRIPTION: Local = Local::new(5);
    pub(in super::super) const COUNT: usize = 6;
}

/// What the module's names stand for.
pub(super) struct Module {
    pub(super) statics: Statics,
    publisher: Class,
    component: Class,
    subscription: Class,
    on_event: Immortal,
    handler: Immortal,
}

impl Module {
    /// Makes them. The locals are nil before and after.
    pub(super) fn new<H: Heap>(heap: &mut H, [made, code, nil]: [Local; 3]) -> Result<Module, OutOfMemory> {
        let mut statics = Statics::new(heap, made)?;
        let handler = statics.intern(heap, "handler", made)?;
        let on_event = statics.intern(heap, "on_event", made)?;
        heap.load_immortal(code, on_event);
        function::new(heap, made, code, nil)?;
        heap.clear(code);
        Ok(Module {
            statics,
            publisher: Class::new(publisher::ATTRIBUTES),
            component: Class::new(component::ATTRIBUTES),
            subscription: Class::new(subscription::ATTRIBUTES),
            on_event: heap.immortalize(made)?,
            handler,
        })
    }

    /// `dst = Publisher(topic)`. `value` is nil before and after.
    pub(super) fn new_publisher<H: Heap>(
        &mut self,
        heap: &mut H,
        dst: Local,
        value: Local,
        topic: u32,
    ) -> Result<(), OutOfMemory> {
        heap.recorder_mut().at("listeners.py:Publisher");
        self.publisher.instantiate(heap, dst)?;
        heap.safepoint();
        publisher::initialize(heap, &self.statics, dst, value, topic)
    }

    /// In `open_component`: `component = Component(publisher if cyclic else None, rows)`; takes `ROWS`.
    pub(super) fn new_component<H: Heap>(&mut self, heap: &mut H, cyclic: bool) -> Result<(), OutOfMemory> {
        use opening::{COMPONENT, PUBLISHER, ROWS, VALUE};
        self.component.instantiate(heap, COMPONENT)?;
        heap.safepoint();
        if cyclic {
            heap.store(COMPONENT, component::PUBLISHER, PUBLISHER);
        } else {
            self.statics.none(heap, VALUE);
            heap.store_take(COMPONENT, component::PUBLISHER, VALUE);
        }
        heap.store_take(COMPONENT, component::ROWS, ROWS);
        self.statics.truth(heap, VALUE, true);
        heap.store_take(COMPONENT, component::IS_OPEN, VALUE);
        self.statics.int(heap, VALUE, 0)?;
        heap.store_take(COMPONENT, component::RECEIVED, VALUE);
        Ok(())
    }

    /// In `open_component`: `listener = make_handler(component)`.
    pub(super) fn make_handler<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        use opening::{COMPONENT, LISTENER, ROWS as CELLS, SUBSCRIPTION as CODE, VALUE as CELL};
        heap.recorder_mut().at("listeners.py:make_handler");
        heap.copy(LISTENER, COMPONENT);
        cell::new(heap, CELL, LISTENER)?;
        heap.safepoint();
        tuple::new(heap, CELLS, 1)?;
        heap.store_take(CELLS, 0, CELL);
        heap.load_immortal(CODE, self.handler);
        function::new(heap, LISTENER, CODE, CELLS)?;
        heap.clear(CODE);
        Ok(())
    }

    /// `dst = component.on_event`. `scratch` is nil before and after.
    pub(super) fn bind_on_event<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        component: Local,
        scratch: Local,
    ) -> Result<(), OutOfMemory> {
        heap.load_immortal(scratch, self.on_event);
        method::new(heap, dst, scratch, component)?;
        heap.clear(scratch);
        Ok(())
    }

    /// In `open_component`: `SUBSCRIPTION = Subscription(publisher, component, listener)`.
    pub(super) fn new_subscription<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        use opening::{COMPONENT, LISTENER, PUBLISHER, SUBSCRIPTION};
        heap.recorder_mut().at("listeners.py:open_component");
        self.subscription.instantiate(heap, SUBSCRIPTION)?;
        heap.safepoint();
        heap.store(SUBSCRIPTION, subscription::PUBLISHER, PUBLISHER);
        heap.store(SUBSCRIPTION, subscription::COMPONENT, COMPONENT);
        heap.store(SUBSCRIPTION, subscription::LISTENER, LISTENER);
        Ok(())
    }
}
