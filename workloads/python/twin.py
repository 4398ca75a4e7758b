"""What every twin shares: the seeded generator, the checksum, the measured run, the census.

A twin is a workload's program in Python. It defines two functions and hands them to `main`:

    def prepare(parameters, seed): ...      # draws the random choices; not measured
    def run(prepared, census): ...          # -> (checksum, operations); measured

`run` calls `census(root, ...)` once, where its objects are at their most, with all that holds them.

Standard input gives the request, a JSON object: `parameters`, `seed`, and `mode`, one of

    plain      clocks, and collections by generation from gc.get_stats(): nothing looks on
    callbacks  gc.callbacks look on: each collection with what it collected and how long it took
    census     objects by kind at the census
    memory     the peak of memory in objects, from tracemalloc

Standard output's last line answers with a JSON object. Python 3.11 and newer, and PyPy.
"""

import gc
import json
import resource
import sys
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


class Checksum:
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


def counter(counts, before):
    """A census that counts what was not there before."""

    def census(*roots):
        seen = dict(before)
        for root in roots:
            for thing in closure([root], seen):
                counts[kind(thing)] = counts.get(kind(thing), 0) + 1

    return census


def nobody(*_roots):
    """The census of runs in which nothing is counted."""


def watcher(log):
    """A function for gc.callbacks that logs generation, objects collected and nanoseconds."""
    started = 0

    def watch(phase, info):
        nonlocal started
        if phase == "start":
            started = time.perf_counter_ns()
        else:
            log.append((info["generation"], info["collected"], time.perf_counter_ns() - started))

    return watch


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
    if mode == "census":
        answer["census"] = {}
        census = counter(answer["census"], {id(thing): thing for thing in closure([prepared, run.__globals__], {})})
    if mode == "callbacks":
        gc.callbacks.append(watcher(log))
    stats = settle()
    if mode == "memory":
        import tracemalloc

        tracemalloc.start()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    checksum, operations = run(prepared, census)
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    if mode == "memory":
        answer["peak_live_bytes"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    answer.update(checksum=f"{checksum & MASK64:016x}", operations=operations, wall_ns=wall, cpu_ns=cpu)
    if stats is not None:
        after = gc.get_stats()
        for what in ("collections", "collected", "uncollectable"):
            answer[what] = [now[what] - then[what] for now, then in zip(after, stats)]
    if mode == "callbacks":
        answer["log"] = log
    answer["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return answer


def settle():
    """Nothing is young, nothing old but what stays: the collector as at the start of a heap. Its statistics."""
    gc.collect()
    if not hasattr(gc, "freeze") or sys.implementation.name != "cpython":
        return None
    gc.freeze()
    gc.collect()
    return gc.get_stats()
