"""A document loaded, walked, changed and dropped: json.loads and two recursive functions."""

import twin  # first: from here on `json` is Python's, not this file

import json
import pathlib
import struct

VISITS = "visits"


def prepare(parameters, _seed):
    name = parameters["input"] or pathlib.Path(__file__).parent.parent / "inputs" / "emojibase-bn.json"
    text = pathlib.Path(name).read_text(encoding="utf-8")
    return text, parameters["rounds"], count(json.loads(text))


def count(item):
    """How many values a document has, containers included and keys not."""
    if isinstance(item, dict):
        return 1 + sum(map(count, item.values()))
    return 1 + sum(map(count, item)) if isinstance(item, list) else 1


def run(prepared, census):
    text, rounds, values = prepared
    checksum = twin.Checksum()
    for number in range(rounds):
        document = json.loads(text)
        fold_item(document, checksum)
        if isinstance(document, (list, dict)):
            change(document)
        if number == 0:
            census(document)
        fold_item(document, checksum)
        del document
    return checksum.value, rounds * values


def fold(container, checksum):
    """Reads a list or dict, and everything in it."""
    checksum.add(len(container))
    if isinstance(container, list):
        for item in container:
            fold_item(item, checksum)
    else:
        for key, item in container.items():
            fold_text(key, checksum)
            fold_item(item, checksum)


def fold_item(item, checksum):
    if isinstance(item, (list, dict)):
        fold(item, checksum)
    elif isinstance(item, str):
        fold_text(item, checksum)
    elif isinstance(item, int):
        checksum.add(item)
    elif isinstance(item, float):
        checksum.add_bytes(struct.pack("<d", item))
    else:
        checksum.add(0)


def fold_text(text, checksum):
    checksum.add(len(text))
    checksum.add(text.count(" "))


def change(container):
    """Adds 1000 to ints, moves the first key of each dict to its end, and notes former lengths."""
    length = len(container)
    if isinstance(container, list):
        for index in range(length):
            item = container[index]
            if isinstance(item, (list, dict)):
                change(item)
            elif isinstance(item, int):
                container[index] = item + 1000
        container.append(length)
    else:
        for key, item in container.items():
            if isinstance(item, (list, dict)):
                change(item)
            elif isinstance(item, int):
                container[key] = item + 1000
        if container:
            first = next(iter(container))
            container[first] = container.pop(first)
        container[VISITS] = length


if __name__ == "__main__":
    twin.main(prepare, run)
