"""What every twin shares: the seeded generator, the checksum, the measured run, the census.

A twin is a workload's program in Python. It defines two functions and hands them to `main`:

    def prepare(parameters, seed): ...      # draws the random choices; not measured
    def run(prepared, census): ...          # -> (checksum, operations); measured

`run` calls `census(root, ...)` once, where its objects are at their most, with all that holds them.

Standard input gives the request, a JSON object: `parameters`, `seed`, and `mode`, one of

    plain      clocks, and collections by generation from gc.get_stats(): nothing looks on
    callbacks  gc.callbacks (on PyPy gc.hooks) look on: each collection, what it collected, how long it took
    census     objects by kind at the census
    memory     the peak of memory in objects, from tracemalloc

Standard output's last line answers with a JSON object. Python 3.11 and newer, and PyPy.
"""

import sys

# A twin may have the name of a module (`json.py`): what is in this folder comes after what Python has.
sys.path.append(sys.path.pop(0))

import gc
import json
import resource
import time
import types

MASK32 = (1 << 32) - 1
MASK64 = (1 << 64) - 1
MASK128 = (1 << 128) - 1


class Generator:
    """PCG64 (MCG, XSL-RR) as the crate `rand_pcg` has it, and the distributions of `rand` 0.10 over it."""

    MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645

    def __init__(self, seed):
        words = []
        for _ in range(4):
            seed = (seed * 0x5851F42D4C957F2D + 0xA17654E46FBE17F3) & MASK64
            shifted, turn = (((seed >> 18) ^ seed) >> 27) & MASK32, seed >> 59
            words.append((shifted >> turn | shifted << (32 - turn)) & MASK32)
        self.state = sum(word << 32 * place for place, word in enumerate(words)) | 1

    def next64(self):
        self.state = self.state * self.MULTIPLIER & MASK128
        turn = self.state >> 122
        folded = (self.state >> 64) ^ (self.state & MASK64)
        return (folded >> turn | folded << (64 - turn)) & MASK64

    def below(self, bound, bits=32):
        """A number from 0 up to `bound`, as `random_range(0..bound)` of so many bits draws it."""
        mask = (1 << bits) - 1
        wide = (self.next64() & mask) * bound
        result, low = wide >> bits, wide & mask
        if low > (-bound & mask):
            result += low + ((self.next64() & mask) * bound >> bits) > mask
        return result

    def below_wide(self, bound):
        """The same for numbers of 64 bits."""
        return self.below(bound, 64)

    def chance(self, probability):
        """`random_bool`."""
        return probability == 1.0 or self.next64() < int(probability * 2.0**64)

    def indices(self, count, bound):
        return [self.below(bound) for _ in range(count)]

    def cycle(self, count):
        """A random permutation that is one single cycle."""
        successors = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.below(i)
            successors[i], successors[j] = successors[j], successors[i]
        return successors

    def skewed_indices(self, count, bound, skew):
        """Numbers below `bound` with a share that falls as the power `skew` of their rank."""
        from bisect import bisect_right

        cumulated, total = [], 0
        for rank in range(1, bound + 1):
            total += max(1, round_half_away(float(rank) ** -skew * 2.0**32))
            cumulated.append(total)
        return [bisect_right(cumulated, self.below_wide(total)) for _ in range(count)]


def round_half_away(number):
    """Rust's `f64::round` of a number that is not negative."""
    whole = int(number)
    return whole + (number - whole >= 0.5)


class Fold:
    """What a program read back, folded into 64 bits."""

    __slots__ = ("value",)

    def __init__(self):
        self.value = 0

    def add(self, word):
        value = self.value
        turned = (value << 5 | value >> 59) & MASK64
        self.value = (turned ^ word & MASK64) * 0x517CC1B727220A95 & MASK64

    def add_bytes(self, data):
        self.add(len(data))
        for at in range(0, len(data), 8):
            self.add(int.from_bytes(data[at : at + 8], "little"))


FOLDS = [Fold() for _ in range(16)]
UNUSED = iter(FOLDS)


def Checksum():
    """A new fold, made before the run: it is no object of the program's, so the collector must not count it."""
    return next(UNUSED)


KINDS = {
    int: "int", bool: "int", float: "float", str: "str", bytes: "bytes", tuple: "tuple", list: "list", dict: "dict",
    set: "set", frozenset: "set", types.FunctionType: "function", types.CellType: "cell", types.FrameType: "frame",
    types.GeneratorType: "generator", types.CoroutineType: "generator",
}  # fmt: skip


def kind(thing):
    """The kind of object that heapbench makes for it."""
    known = KINDS.get(type(thing))
    if known is not None:
        return known
    if isinstance(thing, BaseException):
        return "exception"
    if type(thing).__name__ in ("ReferenceType", "weakref"):
        return "weak"
    return "instance" if type(thing).__module__ == "__main__" else "object"


def is_furniture(thing):
    """Whether the interpreter has the object for ever: small integers, short strings, classes and modules."""
    if thing is None or thing is True or thing is False or (type(thing) is tuple and not thing):
        return True
    if type(thing) is int:
        return -5 <= thing <= 256
    if type(thing) in (str, bytes):
        return len(thing) == 0 or (len(thing) == 1 and ord(thing) < 256)
    return isinstance(thing, (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType))


def closure(roots, seen):
    """Every object that can be reached from the roots and is not in `seen`, which learns of them."""
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or is_furniture(thing):
            continue
        seen[id(thing)] = thing
        yield thing
        waiting.extend(gc.get_referents(thing))
        if type(thing) is dict:  # the collector need not know of keys that are strs
            waiting.extend(thing)


def program(namespace):
    """What a program is made of before it runs: its globals, the functions of its classes, the constants of its code."""
    parts = list(namespace.values())
    for part in parts:
        if isinstance(part, type) and part.__module__ == "__main__":
            parts.extend(vars(part).values())
        elif isinstance(part, types.FunctionType):
            parts.append(part.__code__)
        elif isinstance(part, types.CodeType):
            parts.extend(part.co_consts)
            parts.extend(part.co_names)
            parts.extend((part.co_name, part.co_qualname))
    return parts


def counter(counts, before):
    """A census that counts what was not there before."""

    def census(*roots):
        seen = dict(before)
        for root in roots:
            for thing in closure([root], seen):
                counts[kind(thing)] = counts.get(kind(thing), 0) + 1

    return census


def nobody(_1=None, _2=None, _3=None, _4=None, _5=None, _6=None, _7=None, _8=None):
    """The census of runs in which nothing is counted: without `*roots`, which would make a tuple."""


def watcher(log):
    """For gc.callbacks: logs generation, objects collected and nanoseconds of each collection, one after the other.

    It keeps the collector's count as it would be if nobody looked on: what it logs are no containers, and after a full
    collection, which empties the free lists, the dict that tells of it is a new object. For that one another dies.
    """
    reserve = [Fold() for _ in range(10_000)]
    started = 0

    def callback(phase, info):
        nonlocal started
        if phase == "start":
            started = time.perf_counter_ns()
            return
        stopped = time.perf_counter_ns()
        if info["generation"] == 2 and reserve:
            reserve.pop()
        log.append(info["generation"])
        log.append(info["collected"])
        log.append(stopped - started)

    return callback


def watch_pypy(log, collections):
    """The same with gc.hooks: minor collections, and the steps of major ones; and how many were completed."""

    def pauses(generation, stats):
        longest, others = stats.duration_max, stats.count - 1
        each = (stats.duration - longest) / others if others else 0
        for seconds in [longest] + [each] * others:
            log.extend((generation, 0, int(seconds * 1e9)))

    def minor(stats):
        collections[0] += stats.count
        pauses(0, stats)

    def done(stats):
        collections[2] += stats.count

    gc.hooks.on_gc_minor = minor
    gc.hooks.on_gc_collect_step = lambda stats: pauses(2, stats)
    gc.hooks.on_gc_collect = done


def highest_resident():
    """The most bytes of this process that were in memory at once, since the start or since it was forgotten."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_highest_resident():
    """Begins anew with what is in memory now, where the system can."""
    try:
        with open("/proc/self/clear_refs", "w") as clear:
            clear.write("5")
    except OSError:
        pass


def main(prepare, run):
    request = json.load(sys.stdin)
    prepared = prepare(request["parameters"], request.get("seed", 1))
    answer = measured(run, prepared, request.get("mode", "plain"))
    implementation = sys.implementation
    answer["implementation"] = implementation.name
    answer["version"] = ".".join(map(str, implementation.version[:3]))
    print(json.dumps(answer))


def measured(run, prepared, mode):
    answer, census, log = {}, nobody, []
    is_cpython = sys.implementation.name == "cpython"
    collections = None if is_cpython else [0, 0, 0]
    if mode == "census":
        answer["census"] = {}
        census = counter(answer["census"], {id(thing): thing for thing in closure([prepared, *program(run.__globals__)], {})})
    callback = watcher(log)
    forget_highest_resident()
    resident = highest_resident()
    stats = settle()
    if mode == "callbacks":
        gc.callbacks.append(callback) if is_cpython else watch_pypy(log, collections)
    if mode == "memory":
        import tracemalloc

        tracemalloc.start()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    checksum, operations = run(prepared, census)
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    if mode == "memory":
        answer["peak_live_bytes"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    answer["peak_rss_bytes"] = max(0, highest_resident() - resident)
    answer.update(checksum=f"{checksum & MASK64:016x}", operations=operations, wall_ns=wall, cpu_ns=cpu)
    if stats is not None:
        after = gc.get_stats()
        for what in ("collections", "collected", "uncollectable"):
            answer[what] = [now[what] - then[what] for now, then in zip(after, stats)]
    if mode == "callbacks":
        gc.callbacks.clear() if is_cpython else gc.hooks.reset()
        answer["log"] = [log[at : at + 3] for at in range(0, len(log), 3)]
        answer.setdefault("collections", collections)
    return answer


def settle():
    """Nothing is young, nothing old but what stays: the collector as at the start of a heap. Its statistics then."""
    gc.collect()
    if sys.implementation.name != "cpython":
        return None
    stats = gc.get_stats()
    gc.freeze()
    # The last collection makes the count zero: it comes after the statistics, which do not know of it yet.
    stats[2]["collections"] += 1
    gc.collect()
    return stats
