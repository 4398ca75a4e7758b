"""A load to be dialled: how much is alive, how fast it is allocated, how much of it is in cycles."""

import sizes
import twin

CHOICES = 1 << 20
STRIDE = 7919


class Node:
    __slots__ = ("value", "peer")


def prepare(parameters, seed):
    live, steps = parameters["live_objects"], parameters["steps"]
    leaves = sizes.LEAVES if parameters["sizes"] == "python" else [("bytes", int(parameters["sizes"]))]
    generator = twin.Generator(seed)
    choices = []
    for _ in range(min(CHOICES, live + steps)):
        leaf = leaves[generator.below(len(leaves))]
        container = generator.chance(parameters["containers"])
        cyclic = generator.chance(parameters["cyclic_fraction"])
        survives = generator.chance(parameters["survival"])
        choices.append((*leaf, container, cyclic, survives, generator.below(live)))
    return live, steps, parameters["reads"], choices


def run(prepared, census):
    live, steps, reads, choices = prepared
    checksum = twin.Checksum()
    things = sizes.NONE * live
    for place in range(live):
        kind, size, container, cyclic, _, _ = choices[place % CHOICES]
        things[place] = make(kind, size, container, cyclic, sizes.FIRST_NUMBER + place)
    census(things)
    reading = 0
    for number in range(live, live + steps):
        kind, size, container, cyclic, survives, place = choices[number % CHOICES]
        thing = make(kind, size, container, cyclic, sizes.FIRST_NUMBER + number)
        if survives:
            checksum.add(read(things[place]))
            things[place] = thing
        for _ in range(reads):
            reading = (reading + STRIDE) % live
            checksum.add(read(things[reading]))
    return checksum.value, steps


def make(kind, size, container, cyclic, number):
    if not container:
        return sizes.make(kind, size, number)
    node = Node()
    node.value = sizes.make(kind, size, number)
    node.peer = node if cyclic else None
    return node


def read(thing):
    return sizes.read(thing.value if isinstance(thing, Node) else thing)


if __name__ == "__main__":
    twin.main(prepare, run)
