"""An event loop with tasks in trees: futures, callbacks, coroutines; some tasks fail, some wait in vain and are cancelled.

The loop is our own: that of asyncio is written in C, where its allocations cannot be seen. It works as asyncio's does.
"""

import twin

# Choices are drawn beforehand, this many at most, and used in turn, again and again.
CHOICES = 1 << 18
ANSWERS, FAILS, HANGS = range(3)


class Failure(Exception):
    pass


class Cancelled(Exception):
    pass


class Handle:
    """A call that is due."""

    __slots__ = ("callback", "argument", "context")

    def __init__(self, callback, argument, context):
        self.callback = callback
        self.argument = argument
        self.context = context

    def run(self):
        self.callback(self.argument)


class Loop:
    def __init__(self):
        self.ready = []

    def call_soon(self, callback, argument, context):
        self.ready.append(Handle(callback, argument, context))

    def run_until_complete(self, task):
        while not task.is_done:
            self.run_tick()

    def run_ticks(self, count):
        for _ in range(count):
            self.run_tick()

    def run_tick(self):
        ready = self.ready
        self.ready = []
        for handle in ready:
            handle.run()


class Future:
    def __init__(self, loop, context):
        self.loop = loop
        self.context = context
        self.is_done = False
        self.result = None
        self.error = None
        self.callbacks = []

    def add_done_callback(self, callback):
        self.callbacks.append(callback)

    def finish(self, result, error):
        self.is_done = True
        self.result = result
        self.error = error
        for callback in self.callbacks:
            self.loop.call_soon(callback, self, self.context)
        self.callbacks = None

    def __await__(self):
        if not self.is_done:
            yield self
        if self.error is not None:
            raise self.error
        return self.result


class Task(Future):
    def __init__(self, loop, context, coroutine):
        Future.__init__(self, loop, context)
        self.coroutine = coroutine
        self.waits_for = None
        loop.call_soon(self.step, None, context)

    def step(self, _future):
        try:
            future = self.coroutine.send(None)
        except StopIteration as stop:
            self.finish(stop.value, None)
        except (Failure, Cancelled) as error:
            self.finish(None, error)
        else:
            self.waits_for = future
            future.add_done_callback(self.step)

    def cancel(self):
        self.waits_for.finish(None, Cancelled())


def wake(future):
    future.finish(None, None)


async def sleep(loop, context):
    future = Future(loop, context)
    loop.call_soon(wake, future, context)
    await future


def gather(loop, context, children):
    """A future that is done when all children are."""
    outer = Future(loop, context)
    waiting = len(children)

    def child_done(_child):
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            outer.finish(None, None)

    for child in children:
        child.add_done_callback(child_done)
    return outer


async def leaf(loop, context, number, outcome):
    await sleep(loop, context)
    if outcome == FAILS:
        raise Failure(number)
    if outcome == HANGS:
        await Future(loop, context)
    return number


async def node(loop, context, number, depth, plan, branches):
    children = []
    for branch in range(branches):
        child = number * branches + branch
        request = {"number": child, "depth": depth}
        if depth == 1:
            coroutine = leaf(loop, request, child, plan[child % len(plan)])
        else:
            coroutine = node(loop, request, child, depth - 1, plan, branches)
        children.append(Task(loop, request, coroutine))
    everyone = gather(loop, context, children)
    if depth == 1:
        await sleep(loop, context)
        await sleep(loop, context)
        for child in children:
            if not child.is_done:
                child.cancel()
    await everyone
    total = 0
    for child in children:
        if child.error is None:
            total += child.result
        else:
            total -= 1
    return total


def prepare(parameters, seed):
    generator = twin.Generator(seed)
    plan = []
    for _ in range(min(CHOICES, parameters["trees"] * parameters["branches"] ** parameters["depth"])):
        fails, hangs = generator.chance(parameters["failure_rate"]), generator.chance(parameters["hang_rate"])
        plan.append(FAILS if fails else HANGS if hangs else ANSWERS)
    tasks = sum(parameters["branches"] ** level for level in range(parameters["depth"] + 1))
    return parameters, plan, parameters["trees"] * tasks


def run(prepared, census):
    parameters, plan, tasks = prepared
    checksum = twin.Checksum()
    trees, depth, branches = parameters["trees"], parameters["depth"], parameters["branches"]
    for tree in range(trees):
        loop = Loop()
        context = {"number": tree, "depth": depth}
        root = Task(loop, context, node(loop, context, tree, depth, plan, branches))
        if tree == 0:
            loop.run_ticks(depth)
            census(loop, root)
        loop.run_until_complete(root)
        checksum.add(root.result)
    return checksum.value, tasks


if __name__ == "__main__":
    twin.main(prepare, run)
