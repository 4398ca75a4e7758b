"""Objects of the kinds and sizes that real programs make: what size-mix, fragmentation and load share."""

from math import floor  # unlike `int()`, which makes a tuple before 3.13

FIRST_NUMBER = 1000
INT_HEADS = (None, 0, 1 << 30, 1 << 60)
# Times a number: the only list that is made. `[None] * number` makes two.
NONE = [None]
SIZED = (str, bytes, tuple, list, dict)

# Of a thousand objects so many have this kind and this size.
SHARES = (
    (220, "int", 1), (120, "int", 2), (20, "int", 3), (180, "float", 1),
    (50, "str", 8), (30, "str", 15), (20, "str", 31), (8, "str", 79), (2, "str", 415),
    (30, "bytes", 8), (15, "bytes", 31), (10, "bytes", 63), (5, "bytes", 463),
    (60, "tuple", 2), (25, "tuple", 3), (10, "tuple", 4), (5, "tuple", 6),
    (8, "list", 0), (10, "list", 1), (12, "list", 4), (5, "list", 16), (5, "dict", 0), (10, "dict", 8),
    (50, "instance", 2), (40, "instance", 3), (30, "instance", 5), (15, "instance", 7), (5, "instance", 34),
)  # fmt: skip

MIX = [(kind, size) for share, kind, size in SHARES for _ in range(share)]
LEAVES = [(kind, size) for kind, size in MIX if kind in ("int", "float", "str", "bytes")]


def slotted(attributes):
    names = tuple(f"attribute{number}" for number in range(attributes))
    return type("Instance", (), {"__slots__": names, "__module__": "__main__"})


CLASSES = {size: slotted(size) for kind, size in MIX if kind == "instance"}


def make(kind, size, number):
    """A new object."""
    if kind == "int":
        return INT_HEADS[size] | number
    if kind == "float":
        return float(number)
    if kind == "str":
        return "-" * size
    if kind == "bytes":
        return b"-" * size
    if kind == "tuple":
        return (None,) * size
    if kind == "list":
        return NONE * size
    if kind == "dict":
        if size == 0:
            return {}
        key = "-" * size
        return {key: key}
    return CLASSES[size]()


def read(thing):
    """The value of a number, else how many characters, items or attributes there are."""
    if isinstance(thing, int):
        return thing
    if isinstance(thing, float):
        return floor(thing)
    if isinstance(thing, SIZED):
        return len(thing)
    return len(thing.__slots__)
