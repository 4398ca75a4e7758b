"""Computes the totals of every exported column anew from the JSON lines, knowing nothing of the program.

Usage: recompute.py CELLS.jsonl EXPORT_FOLDER. Each cell must have one line. Prints `equal` and the number of columns.
"""

import csv
import json
import math
import sys

TABLES = {
    "samples": lambda cell: cell.get("samples", []),
    "raw_pauses": lambda cell: cell["pauses"].get("raw", []),
    "drained": lambda cell: cell.get("drained", []),
    "floating": lambda cell: (cell.get("floating") or {}).get("samples", []),
}


def flat(value, prefix=""):
    """The numbers and texts of an object, by the names that their columns have."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}_{key}" if prefix else key)
    elif isinstance(value, list) and prefix == "collections":
        for place, inner in enumerate(value):
            yield f"{prefix}_{place}", inner
    elif not isinstance(value, list):
        yield prefix, value


def total(rows):
    """By column: the sum of its numbers and the length of its texts."""
    sums = {}
    for row in rows:
        for name, value in row:
            if value is None:
                continue
            number = value if isinstance(value, (int, float)) else len(value)
            sums.setdefault(name, []).append(number)
    return {name: math.fsum(numbers) for name, numbers in sums.items() if any(numbers)}


def typed(name, text, texts):
    """A CSV field as what it is in JSON."""
    if text in ("true", "false"):
        return text == "true"
    if name in texts:
        return text
    return None if text == "" else float(text) if "." in text or "e" in text else int(text)


def main(cells_path, folder):
    cells = [json.loads(line) for line in open(cells_path, encoding="utf-8")]
    expected = {"cells": [[pair for pair in flat(cell) if pair[0] not in ("id", "crc")] for cell in cells]}
    for table, rows in TABLES.items():
        expected[table] = [list(flat(row)) for cell in cells for row in rows(cell)]
    columns = 0
    for table, rows in expected.items():
        texts = {name for row in rows for name, value in row if isinstance(value, str)}
        with open(f"{folder}/{table}.csv", newline="", encoding="utf-8") as file:
            read = [[(n, typed(n, v, texts)) for n, v in row.items() if n != "cell"] for row in csv.DictReader(file)]
        if len(read) != len(rows):
            sys.exit(f"{table}: {len(read)} rows, {len(rows)} were expected")
        found, wanted = total(read), total(rows)
        if found != wanted:
            different = sorted(n for n in found.keys() | wanted.keys() if found.get(n) != wanted.get(n))
            sys.exit(f"{table}: not equal: {[(n, found.get(n), wanted.get(n)) for n in different]}")
        columns += len(wanted)
    print(f"equal: {columns} columns")


main(*sys.argv[1:])
