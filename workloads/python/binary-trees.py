"""Trees built by function calls, walked with a call for each node, and dropped."""

import twin


class Node:
    __slots__ = ("left", "right")


def prepare(parameters, _seed):
    return parameters["depth"], parameters["iterations"]


def run(prepared, census):
    depth, iterations = prepared
    checksum = twin.Checksum()
    operations = 0
    for iteration in range(iterations):
        tree = build(depth)
        if iteration == 0:
            census(tree)
        nodes = walk(tree)
        checksum.add(nodes)
        operations += nodes
        del tree
    return checksum.value, operations


def build(depth):
    left = right = None
    if depth > 0:
        left = build(depth - 1)
        right = build(depth - 1)
    node = Node()
    node.left = left
    node.right = right
    return node


def walk(node):
    nodes = 1
    if node.left is not None:
        nodes += walk(node.left)
        nodes += walk(node.right)
    return nodes


if __name__ == "__main__":
    twin.main(prepare, run)
