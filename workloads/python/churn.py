"""Random replacement: a list of live objects, of which a random one gives way to a new one at each step."""

import twin

CHOICES = 1 << 20
# Times a number: the only list that is made. `[None] * number` makes two.
NONE = [None]


class Item:
    __slots__ = ("first", "second", "number")


def prepare(parameters, seed):
    live, steps = parameters["live"], parameters["steps"]
    return live, steps, twin.Generator(seed).indices(min(CHOICES, steps), live)


def run(prepared, census):
    live, steps, choices = prepared
    checksum = twin.Checksum()
    items = NONE * live
    for place in range(live):
        items[place] = make(place)
    census(items)
    for step in range(steps):
        place = choices[step % CHOICES]
        checksum.add(items[place].number)
        items[place] = make(live + step)
    return checksum.value, steps


def make(number):
    item = Item()
    item.number = number
    return item


if __name__ == "__main__":
    twin.main(prepare, run)
