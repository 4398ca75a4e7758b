"""What CPython says of its objects, one fact a line: a name, a number, and the answer.

Run with PYTHONHASHSEED=0. Facts about growth are printed where the answer changes.
"""

import array
import sys
import tracemalloc
import weakref

LENGTHS = [0, 1, 2, 3, 7, 8, 19, 20, 21, 100, 1000]
GROWTH = 2000


def fact(name, number, answer):
    print(name, number, answer)


def sizes():
    size = sys.getsizeof
    for digits in range(1, 41):
        fact("int", digits, size(1 << 30 * digits - 1))
    fact("float", 0, size(0.5))
    for length in LENGTHS:
        fact("bytes", length, size(b"x" * length))
        fact("str-ascii", length, size("x" * length))
        fact("tuple", length, size((None,) * length))
        fact("list", length, size([None] * length))
        if length > 1:
            fact("str-latin", length, size("\xe9" * length))
            fact("str-two-bytes", length, size("\u0986" * length))
            fact("str-four-bytes", length, size("\U0001f600" * length))
    fact("dict", 0, size({}))
    fact("set", 0, size(set()))
    fact("list-iterator", 0, size(iter([])))
    fact("dict-iterator", 0, size(iter({})))
    fact("exception", 0, size(ValueError()))


def code_sizes():
    def places(code):
        return code.co_nlocals + len(code.co_cellvars) + len(code.co_freevars) + code.co_stacksize

    def small():
        yield 1

    def large(a, b, c):
        d = yield a
        return b + c + d

    async def coroutine(a):
        return a

    class Class:
        def method(self):
            pass

    fact("function", 0, sys.getsizeof(small))
    fact("method", 0, sys.getsizeof(Class().method))
    fact("weak", 0, sys.getsizeof(weakref.ref(Class)))
    fact("cell", 0, sys.getsizeof((lambda: places).__closure__[0]))
    for generator in (small(), large(1, 2, 3)):
        fact("generator", places(generator.gi_code), sys.getsizeof(generator))
    waiting = coroutine(1)
    fact("generator", places(waiting.cr_code), sys.getsizeof(waiting))
    waiting.close()
    try:
        raise ValueError
    except ValueError as error:
        traceback = error.__traceback__
    fact("traceback", 0, sys.getsizeof(traceback))
    fact("frame", places(traceback.tb_frame.f_code), sys.getsizeof(traceback.tb_frame))


def growth(name, steps):
    """Sizes of what the steps give, by the number of the step, where they change."""
    last = None
    for number, thing in enumerate(steps):
        size = sys.getsizeof(thing)
        if size != last:
            fact(name, number, size)
            last = size


def appended():
    items = []
    yield items
    for _ in range(GROWTH):
        items.append(None)
        yield items


def popped():
    items = []
    for _ in range(GROWTH):
        items.append(None)
    yield items
    while items:
        items.pop()
        yield items


def inserted(key):
    table = {}
    yield table
    for number in range(GROWTH):
        table[key(number)] = None
        yield table


def replaced():
    """A dict whose oldest key goes when it has 40."""
    table = {}
    for number in range(GROWTH):
        table[number] = None
        if len(table) > 40:
            del table[number - 40]
        yield table


def added():
    keys = set()
    yield keys
    for number in range(GROWTH):
        keys.add(number)
        yield keys


def instances(attributes):
    """Bytes that the first instances of a class take."""
    body = "".join(f"  self.a{number} = None\n" for number in range(attributes))
    names = {}
    exec(f"class Class:\n def __init__(self):\n  pass\n{body}", names)
    make, kept, sizes = names["Class"], [None] * 40, array.array("q", [0]) * 40
    tracemalloc.start()
    traced = tracemalloc.get_traced_memory
    makers = [lambda: None] * 3 + [make] * 40
    # Three times without an instance, until the numbers below take as many bytes as they give back.
    for index, make in enumerate(makers, -3):
        before = traced()[0]
        kept[index] = make()
        after = traced()[0]
        sizes[index] = after - before
    tracemalloc.stop()
    for index, size in enumerate(sizes):
        fact(f"instance-{attributes}", index, size)


def hashes():
    for number in range(60):
        fact("hash-str", number, hash(f"key {number}"))
        fact("hash-latin", number, hash(f"\xe9{number}"))
        fact("hash-wide", number, hash(f"\u0986{number}"))
        fact("hash-bytes", number, hash(b"x" * number))
        fact("hash-int", number, hash(7919**number % (1 << 120) * (-1) ** number))
        fact("hash-float", number, hash((number - 30) / 7 * 2.0 ** (5 * number - 150)))
        fact("hash-tuple", number, hash((number, f"key {number}", number / 8) * (number % 3)))


def order():
    """Keys of a set in order, after random additions and removals: the same generator as in Rust."""
    for bound in (12, 60, 500, 5000):
        keys, state = set(), bound
        for _ in range(4 * bound):
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            # Multiples of 64 meet at the same places.
            key = (state >> 33) % bound * (64 if state >> 22 & 1 else 1)
            if state >> 20 & 3 == 0:
                keys.discard(key)
            else:
                keys.add(key)
        fact("set-size", bound, sys.getsizeof(keys))
        fact("set-order", bound, ",".join(map(str, keys)))


sizes()
code_sizes()
growth("list-append", appended())
growth("list-pop", popped())
growth("dict-str", inserted(lambda number: f"key {number}"))
growth("dict-int", inserted(lambda number: number))
growth("dict-replace", replaced())
growth("set-add", added())
for attributes in (0, 2, 10, 28, 29):
    instances(attributes)
hashes()
order()
