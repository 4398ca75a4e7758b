"""Rows of data: read, selected, grouped, totalled, changed, sorted, copied and cut into pages."""

import twin

NAMES = 200
TAGS = 24


def prepare(parameters, seed):
    generator = twin.Generator(seed)
    lines = []
    for _ in range(parameters["rows"]):
        number, name, cents = generator.below(1 << 30), generator.below(NAMES), generator.below(1_000_000)
        tags = [generator.below(TAGS) for _ in range(generator.below(4) + 1)]
        words = " ".join(f"tag-{tag:02}" for tag in tags)
        lines.append(f"{number},customer-{name:03},{cents / 64.0},{words}")
    return parameters, lines


def run(prepared, census):
    parameters, lines = prepared
    rounds = parameters["rounds"]
    limit = parameters["limit"]
    page = parameters["page"]
    checksum = twin.Checksum()
    for number in range(rounds):
        rows = load(lines)
        chosen = select(rows, limit)
        groups = group_by_name(chosen)
        if number == 0:
            census(rows, chosen, groups)
        for name, count, total in totals(groups):
            checksum.add(count)
            checksum.add(int(total))
        del groups
        tags = count_tags(rows)
        for tag in tags:
            checksum.add(tags[tag])
        raise_amounts(rows, 1.25)
        chosen.sort(key=amount)
        copy = rows.copy()
        copy.sort(key=number_of)
        checksum.add(read_pages(chosen, page))
        checksum.add(read_pages(copy, page))
    return checksum.value, rounds * len(lines)


def load(lines):
    rows = []
    for line in lines:
        number, name, amount, words = line.split(",")
        rows.append((int(number), name, float(amount), tuple(words.split(" "))))
    return rows


def select(rows, limit):
    chosen = []
    for row in rows:
        if row[2] >= limit:
            chosen.append(row)
    return chosen


def group_by_name(rows):
    groups = {}
    for row in rows:
        name = row[1]
        if name in groups:
            groups[name].append(row)
        else:
            groups[name] = [row]
    return groups


def totals(groups):
    result = []
    for name in groups:
        rows = groups[name]
        total = 0.0
        for row in rows:
            total += row[2]
        result.append((name, len(rows), total))
    return result


def count_tags(rows):
    counts = {}
    for row in rows:
        for tag in row[3]:
            counts[tag] = counts.get(tag, 0) + 1
    return counts


def raise_amounts(rows, factor):
    for index in range(len(rows)):
        number, name, amount, tags = rows[index]
        rows[index] = (number, name, amount * factor, tags)


def amount(row):
    return row[2]


def number_of(row):
    return row[0]


def read_pages(rows, page):
    total = 0
    for start in range(0, len(rows), page):
        for row in rows[start : start + page]:
            total = total * 3 + row[0] & 0xFFFFFFFF
    return total


if __name__ == "__main__":
    twin.main(prepare, run)
