"""Full collections with everything live: a random graph that only one root holds."""

import gc

import twin

# Times a number: the only list that is made. `[None] * number` makes two.
NONE = [None]


def prepare(parameters, seed):
    count, degree = parameters["objects"], parameters["degree"]
    names = tuple(f"edge{number}" for number in range(degree))
    node_class = type("Node", (), {"__slots__": (*names, "number")})
    generator = twin.Generator(seed)
    cycle = generator.cycle(count)
    edges = generator.indices(count * degree, count)
    edges[::degree] = cycle
    return count, names, node_class, edges, parameters["collections"]


def run(prepared, census):
    count, names, node_class, edges, collections = prepared
    root = build(count, names, node_class, edges)
    census(root)
    for _ in range(collections):
        gc.collect()
    return walk(root, count, names), count * collections


def build(count, names, node_class, edges):
    nodes = NONE * count
    for place in range(count):
        node = node_class()
        node.number = place
        nodes[place] = node
    degree = len(names)
    for place in range(count):
        node = nodes[place]
        for slot in range(degree):
            setattr(node, names[slot], nodes[edges[place * degree + slot]])
    return nodes[0]


def walk(root, count, names):
    """Goes around the cycle and reads every node and the nodes that it refers to."""
    checksum = twin.Checksum()
    node = root
    for _ in range(count):
        checksum.add(node.number)
        for slot in range(1, len(names)):
            checksum.add(getattr(node, names[slot]).number)
        node = getattr(node, names[0])
    checksum.add(node is root)
    return checksum.value


if __name__ == "__main__":
    twin.main(prepare, run)
