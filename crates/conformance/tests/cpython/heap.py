"""CPython's own heap behind the statements of heap scripts. A translated case follows these lines.

A slot is a member of a class with `__slots__`: CPython releases members in the order of their names, as a heap
script releases slots. The first member of every object is its token: it dies when the object is reclaimed, before
the first slot, and a callback notes it. Tokens are code objects, because these are weakly referenceable and no
concern of the collector: others would lose their callbacks to the collection that finds their object unreachable,
also where a finalizer then resurrects it. A finalizer is the `__del__` of a second class of the same layout, which
the object is given when one is attached.
"""

import gc
import sys
import weakref

held = {}  # name -> object: what the program holds
labels = {}  # name -> number of the object it was last bound to
saved = []
watches = {}  # number -> watch of the object's token
deaths = {}  # number -> (how many died before, statement, collection it died in)
finalizers = {}  # number -> action
finalized = {}  # number -> how often
calls = {}  # number of a weak reference -> how often
seen = {}  # number -> what `read` gave
objects = 0
statement = 0
collections = 0
collecting = None
failures = 0
freed = 0
checked = 0
classes = {}
capacity = 0  # slots that every object has room for
TEMPLATE = compile("0", "", "eval")


class Watch(weakref.ref):
    """Lives as long as the token that it watches."""

    __slots__ = ("number",)


def note_death(watch):
    deaths[watch.number] = (len(deaths), statement, collecting)
    del watches[watch.number]


class Referable:
    """Apart from the members, so that an object can change between two classes that have the same members."""

    __slots__ = ("__weakref__",)


class Weak(weakref.ref):
    __slots__ = ("a_token",)


def watch(phase, info):
    global collections, collecting
    if phase == "start":
        collecting = collections
    else:
        collecting = None
        collections += 1


def count_failure(unraisable):
    global failures
    failures += 1


def number(value):
    return value.a_token.co_firstlineno


def slot(index):
    return f"s{index:07d}"


def classes_of(slots):
    """The class of objects with this many slots, and the same with a finalizer."""
    if slots not in classes:
        members = ["a_token", "b_slots", *map(slot, range(slots))]
        plain = type("Plain", (Referable,), {"__slots__": members})
        finalized = type("Finalized", (Referable,), {"__slots__": members, "__del__": run_finalizer})
        classes[slots] = plain, finalized
    return classes[slots]


def token():
    global objects
    objects += 1
    made = TEMPLATE.replace(co_firstlineno=objects)
    watch = watches[objects] = Watch(made, note_death)
    watch.number = objects
    return made


def made(slots):
    """A new object that nothing holds yet."""
    room = max(slots, capacity)
    value = classes_of(room)[0]()
    value.a_token = token()
    value.b_slots = slots
    for index in range(room):
        setattr(value, slot(index), None)
    return value


def release(values):
    """Lets go of the values of a list, the first one first."""
    values.reverse()
    while values:
        values.pop()


def bind(name, value):
    labels[name] = number(value)
    held[name] = value


def begin():
    global statement
    statement += 1


# Statements.


def new(name, slots):
    begin()
    bind(name, made(slots))


def set_slot(name, index, value):
    begin()
    setattr(held[name], slot(index), None if value is None else held[value])


def get(name, owner, index):
    begin()
    bind(name, getattr(held[owner], slot(index)))


def store(owner, at, values):
    """Stores all, then releases what was there in slot order. `values` is emptied."""
    old = [getattr(owner, slot(at + index)) for index in range(len(values))]
    for index in range(len(values)):
        setattr(owner, slot(at + index), values[index])
    values.clear()
    release(old)


def copy(source, start, end, target, at):
    begin()
    store(held[target], at, [getattr(held[source], slot(index)) for index in range(start, end)])


def fill(name, start, end, value):
    begin()
    store(held[name], start, [None if value is None else held[value]] * (end - start))


def resize(name, slots):
    begin()
    owner = held[name]
    before, owner.b_slots = owner.b_slots, slots
    if slots < before:
        store(owner, slots, [None] * (before - slots))


def drop(name):
    begin()
    held.pop(name)


def count_call(weak):
    calls[number(weak)] += 1


def weak(name, target, callback):
    begin()
    value = Weak(held[target], count_call if callback else None)
    value.a_token = token()
    calls[number(value)] = 0
    bind(name, value)


def upgrade(name, weak):
    begin()
    bind(name, held[weak]())


def finalizer(name, action, *parts):
    begin()
    value = held[name]
    finalizers[number(value)] = (action, *parts)
    value.__class__ = classes_of(max(value.b_slots, capacity))[1]


def run_finalizer(self):
    global collections
    finalized[number(self)] = finalized.get(number(self), 0) + 1
    action, *parts = finalizers[number(self)]
    if action == "keep":
        saved.append(self)
    elif action == "clear" and parts[0] < self.b_slots:
        setattr(self, slot(parts[0]), None)
    elif action == "move" and parts[0] < self.b_slots:
        own, other, at = parts
        if other in held and at < held[other].b_slots:
            setattr(held[other], slot(at), getattr(self, slot(own)))
    elif action == "read" and isinstance(held.get(parts[0]), Weak):
        seen[number(self)] = held[parts[0]]() is not None
    elif action == "collect":
        gc.collect()
    elif action == "allocate":
        for _ in range(parts[0]):
            saved.append(made(0))
    elif action == "fail":
        raise RuntimeError


def saved_drop():
    global saved
    begin()
    old, saved = saved, []
    release(old)


def collect(generation=2):
    global freed
    begin()
    before = len(deaths)
    gc.collect(generation)
    freed = len(deaths) - before


def auto(on):
    begin()
    gc.enable() if on else gc.disable()


def threshold(*thresholds):
    begin()
    gc.set_threshold(*thresholds)


def freeze():
    begin()
    gc.freeze()


def unfreeze():
    begin()
    gc.unfreeze()


# Expectations: each gives None where it holds, and what is there instead where it does not.


def unless(holds, actual):
    return None if holds else actual


def alive(*names):
    return unless(all(labels[name] not in deaths for name in names), "dead")


def dead(*names):
    return unless(all(labels[name] in deaths for name in names), "alive")


def prompt(*names):
    died = [deaths.get(labels[name], (0, None, None))[1] for name in names]
    return unless(all(then == statement for then in died), f"died in {died} of {statement} statements")


def order(*names):
    died = [deaths.get(labels[name]) for name in names]
    if None in died:
        return "alive"
    later = [a[0] < b[0] and (a[2] is None or a[2] != b[2]) for a, b in zip(died, died[1:])]
    return unless(all(later), f"died in the order {[a[0] for a in died]}")


def freed_is(count):
    return unless(freed == count, freed)


def finalized_is(name, count):
    times = finalized.get(labels[name], 0)
    return unless(times == count, times)


def weak_object(name):
    """The weak reference of a label, held or not."""
    if isinstance(held.get(name), Weak):
        return held[name]
    candidates = [value for value in gc.get_objects() if type(value) is Weak]
    return next(value for value in candidates if number(value) == labels[name])


def gives(name, expected):
    if labels[name] in deaths:
        return "reclaimed"
    actual = weak_object(name)() is not None
    return unless(actual == expected, "alive" if actual else "nil")


def callbacks(name, count):
    return unless(calls[labels[name]] == count, calls[labels[name]])


def read(name, expected):
    actual = seen.get(labels[name], "nothing read")
    return unless(actual is expected, actual)


def live(count):
    return unless(objects - len(deaths) == count, objects - len(deaths))


def collections_are(count, at_least):
    return unless(collections >= count if at_least else collections == count, collections)


def failures_are(count):
    return unless(failures == count, failures)


def expect(place, actual):
    global checked
    checked += 1
    if actual is not None:
        print(f"{place}: {actual}")


gc.collect()
gc.callbacks.append(watch)
sys.unraisablehook = count_failure
gc.enable()
gc.set_threshold(700, 10, 10)
