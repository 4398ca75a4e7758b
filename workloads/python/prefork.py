"""Pages dirtied after a fork: runs a twin up to its census, and forks there, as a prefork server does under CPython.

Standard input gives the request, a JSON object: `twin` (the twin's file), `parameters` and `seed`. Standard output's last
line answers with a JSON object: the checksum of the run, the objects that the program can reach at the fork, the pages that
the process had written by then (an interpreter's own objects lie among the program's), and each child: what it did, whether `gc.freeze()` was called before, the
pages that it had for itself at its end and the page faults that it took. Linux only.
"""

import twin  # first: from here on `json` is Python's, not the twin of that name

import gc
import importlib.util
import json
import os
import sys

ACTIONS = ("nothing", "read", "collect", "read-and-collect")
PAGE = os.sysconf("SC_PAGESIZE")


def dirtied():
    """Pages that this process alone has and has written, and page faults so far that needed no disk."""
    private, writable = 0, False
    with open("/proc/self/smaps", "rb") as smaps:
        for line in smaps:
            name, second = line.split(None, 2)[:2]
            if not name.endswith(b":"):
                writable = b"w" in second
            elif writable and name == b"Private_Dirty:":
                private += int(second) * 1024
    with open("/proc/self/stat", "rb") as stat:
        faults = int(stat.read().rpartition(b") ")[2].split()[7])
    return private // PAGE, faults


def read(everything):
    """Takes a reference to every object and gives it back: what any use of it does."""
    for _thing in everything:
        pass


def act(action, everything):
    """A child's work: pages and faults that it cost."""
    pages, faults = dirtied()
    if action.startswith("read"):
        read(everything)
    if action.endswith("collect"):
        gc.collect()
    pages_after, faults_after = dirtied()
    return max(0, pages_after - pages), faults_after - faults


def fork(action, everything):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            os.write(writing, json.dumps(act(action, everything)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


class Forking:
    """A census that forks, the first time."""

    def __init__(self):
        self.answer = None

    def __call__(self, *roots):
        if self.answer is not None:
            return
        heap_pages = dirtied()[0]
        everything = list(twin.closure(roots, {}))
        children = []
        for frozen in (False, True):
            if frozen:
                gc.freeze()
            for action in ACTIONS:
                pages, faults = fork(action, everything)
                children.append({"action": action, "frozen": frozen, "pages": pages, "faults": faults})
        gc.unfreeze()
        self.answer = {"objects": len(everything), "heap_pages": heap_pages, "page_bytes": PAGE, "children": children}


def main():
    request = json.load(sys.stdin)
    spec = importlib.util.spec_from_file_location("workload", request["twin"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    prepared = module.prepare(request["parameters"], request.get("seed", 1))
    census = Forking()
    checksum, _operations = module.run(prepared, census)
    print(json.dumps({"checksum": f"{checksum & twin.MASK64:016x}", **census.answer}))


if __name__ == "__main__":
    main()
