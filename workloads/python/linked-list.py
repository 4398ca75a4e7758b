"""Deep destruction: a long list that is dropped by its head."""

import twin


class Node:
    __slots__ = ("next", "number")


def prepare(parameters, _seed):
    return parameters["length"], parameters["walk"]


def run(prepared, census):
    length, walk = prepared
    head = build(length)
    census(head)
    checksum = twin.Checksum()
    checksum.add(head.number)
    if walk:
        node = head.next
        while node is not None:
            checksum.add(node.number)
            node = node.next
    del head
    return checksum.value, length


def build(length):
    head = None
    for number in range(length):
        node = Node()
        node.number = number
        node.next = head
        head = node
    return head


if __name__ == "__main__":
    twin.main(prepare, run)
