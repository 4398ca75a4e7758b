"""Pairs of an allocation and a death: a ring of live objects of Python's sizes, the oldest replaced at each step."""

import sizes
import twin

CHOICES = 1 << 20


def prepare(parameters, seed):
    ring, steps = parameters["ring"], parameters["steps"]
    drawn = twin.Generator(seed).indices(min(CHOICES, ring + steps), len(sizes.MIX))
    return ring, steps, [sizes.MIX[place] for place in drawn]


def run(prepared, census):
    length, steps, choices = prepared
    checksum = twin.Checksum()
    ring = sizes.NONE * length
    for place in range(length):
        kind, size = choices[place % CHOICES]
        ring[place] = sizes.make(kind, size, sizes.FIRST_NUMBER + place)
    census(ring)
    for step in range(steps):
        place = step % length
        kind, size = choices[(length + step) % CHOICES]
        checksum.add(sizes.read(ring[place]))
        ring[place] = sizes.make(kind, size, sizes.FIRST_NUMBER + length + step)
    return checksum.value, steps


if __name__ == "__main__":
    twin.main(prepare, run)
