"""Two lifetimes, and sizes that change: of each phase's objects a few live on; those of the next phase are larger."""

import sizes
import twin

CHOICES = 1 << 20
LEAST = 16
DIFFERENT = 48
KINDS = ("str",) * 4 + ("bytes",) * 3 + ("tuple",) * 2 + ("list",)
WORD = 8


def prepare(parameters, seed):
    objects, survivors = parameters["objects"], parameters["survivors"]
    generator = twin.Generator(seed)
    choices = []
    for _ in range(min(CHOICES, objects)):
        kind = KINDS[generator.below(len(KINDS))]
        contents = LEAST + generator.below(DIFFERENT)
        choices.append((kind, contents, generator.chance(survivors)))
    return objects, parameters["phases"], choices


def run(prepared, census):
    objects, phases, choices = prepared
    kept = []
    operations = 0
    for phase in range(phases):
        operations += pass_through(objects >> phase or 1, phase, choices, kept, census)
    checksum = twin.Checksum()
    for place in range(len(kept)):
        checksum.add(sizes.read(kept[place]))
    checksum.add(len(kept))
    return checksum.value, operations


def pass_through(count, phase, choices, kept, census):
    """Makes the objects of a phase, and lets those die that do not live on."""
    passing = sizes.NONE * count
    for place in range(count):
        kind, contents, lives_on = choices[place % len(choices)]
        contents <<= phase
        size = contents // WORD if kind in ("tuple", "list") else contents
        thing = sizes.make(kind, size, sizes.FIRST_NUMBER)
        if lives_on:
            kept.append(thing)
        passing[place] = thing
    if phase == 0:
        census(passing, kept)
    return count


if __name__ == "__main__":
    twin.main(prepare, run)
