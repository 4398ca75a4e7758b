"""Cyclic garbage: rings of nodes, each dropped as soon as it has been read."""

import gc
import math

import twin


class Node:
    __slots__ = ("next", "payload")


def prepare(parameters, _seed):
    return parameters["nodes"], parameters["ring"], parameters["automatic"]


def run(prepared, census):
    nodes, ring, automatic = prepared
    if not automatic:
        gc.disable()
    checksum = twin.Checksum()
    built = 0
    while built < nodes:
        left = nodes - built
        length = ring if ring < left else left  # `min` makes a tuple of its arguments before 3.13
        first = build_ring(built, length)
        if built == 0:
            census(first)
        checksum.add(read_ring(first, length))
        del first
        built += length
    gc.collect()
    gc.enable()
    return checksum.value, nodes


def build_ring(start, length):
    first = last = None
    for number in range(start, start + length):
        node = Node()
        node.payload = float(number)
        if first is None:
            first = node
        else:
            last.next = node
        last = node
    last.next = first
    return first


def read_ring(node, length):
    total = 0
    for _ in range(length):
        total += math.floor(node.payload)  # so does `int`
        node = node.next
    return total


if __name__ == "__main__":
    twin.main(prepare, run)
