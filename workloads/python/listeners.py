"""The forgotten listener: components subscribe to publishers, are closed and dropped, and some forget to unsubscribe."""

import gc
import weakref

import twin

# Choices are drawn beforehand, this many at most, and used in turn, again and again.
CHOICES = 1 << 18


class Publisher:
    """What changes, and whom it tells."""

    def __init__(self, topic):
        self.topic = topic
        self.listeners = []

    def subscribe(self, listener):
        self.listeners.append(listener)  # listeners.py:subscribe

    def unsubscribe(self, listener):
        self.listeners.remove(listener)

    def publish(self, event):
        for listener in self.listeners:
            listener(event)

    def publish_to_living(self, event):
        """The mended program: listeners are weak references to components."""
        living = []  # listeners.py:publish_to_living
        for reference in self.listeners:
            component = reference()
            if component is not None:
                component.on_event(event)
                living.append(reference)
        self.listeners = living


class Component:
    """A part of a window, say: it is told of changes as long as it is open."""

    def __init__(self, publisher, rows):
        self.publisher = publisher
        self.rows = rows
        self.is_open = True
        self.received = 0

    def on_event(self, event):
        if self.is_open:
            self.received += event


class Subscription:
    """What the owner of a component keeps, to close it."""

    def __init__(self, publisher, component, listener):
        self.publisher = publisher
        self.component = component
        self.listener = listener

    def close(self, forgets):
        self.component.is_open = False
        if not forgets:
            self.publisher.unsubscribe(self.listener)
        return self.component.received


def make_rows(number, count):
    rows = []  # listeners.py:make_rows
    for row in range(count):
        rows.append(number + row * 0.5)
    return rows


def make_handler(component):
    def handler(event):  # listeners.py:make_handler
        component.on_event(event)

    return handler


def open_component(publisher, number, as_function, parameters):
    rows = make_rows(number, parameters["rows"])
    owner = publisher if parameters["cyclic"] else None
    component = Component(owner, rows)  # listeners.py:open_component
    if parameters["weak"]:
        listener = weakref.ref(component)  # listeners.py:open_component
    elif as_function:
        listener = make_handler(component)
    else:
        listener = component.on_event  # listeners.py:open_component
    publisher.subscribe(listener)
    return Subscription(publisher, component, listener)  # listeners.py:open_component


def prepare(parameters, seed):
    generator = twin.Generator(seed)
    choices = [
        (generator.below(parameters["publishers"]), generator.chance(parameters["forget"]), generator.chance(0.5))
        for _ in range(min(CHOICES, parameters["components"]))
    ]
    return parameters, choices


def run(prepared, census):
    parameters, choices = prepared
    components, most_open, lifetime = parameters["components"], parameters["open"], parameters["lifetime"]
    publish_every, weak = parameters["publish_every"], parameters["weak"]
    checksum = twin.Checksum()
    publishers = [None] * parameters["publishers"]
    for topic in range(len(publishers)):
        publishers[topic] = Publisher(topic)
    subscriptions = [None] * most_open
    for number in range(components):
        topic, _, as_function = choices[number % len(choices)]
        if number % lifetime == lifetime - 1:
            publishers[topic] = Publisher(topic)
        place = number % most_open
        if number >= most_open:
            forgets = choices[(number - most_open) % len(choices)][1]
            checksum.add(subscriptions[place].close(forgets))
        subscriptions[place] = open_component(publishers[topic], number, as_function, parameters)
        if number % publish_every == 0:
            if weak:
                publishers[topic].publish_to_living(number & 255)
            else:
                publishers[topic].publish(number & 255)
    gc.collect()
    census(publishers, subscriptions)
    for subscription in subscriptions:
        if subscription is not None:
            checksum.add(subscription.component.received)
    return checksum.value, components


if __name__ == "__main__":
    twin.main(prepare, run)
