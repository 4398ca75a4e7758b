"""A word index over a real text: built document by document, searched, and merged without what was removed."""

import pathlib
import re

import twin

DOCUMENT = pathlib.Path(__file__).parent.parent / "inputs" / "python-topics.txt"
# A position is the number of its document times this power of two, and its place in it.
PLACES = 12
# Choices are drawn beforehand, this many at most, and used in turn, again and again.
CHOICES = 1 << 16


def prepare(parameters, seed):
    text = pathlib.Path(parameters["input"] or DOCUMENT).read_text(encoding="utf-8")
    documents = []
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", text):
        words = re.findall("[a-z]+", re.sub("[A-Z]+", lambda letters: letters[0].lower(), paragraph))
        if len(words) >= 2:
            documents.append(" ".join(words[: 1 << PLACES]))
    words = [word for document in documents for word in document.split()]
    generator = twin.Generator(seed)
    queries = []
    for _ in range(min(CHOICES, parameters["rounds"] * parameters["queries"])):
        queries.append(words[generator.below(len(words))] + " " + words[generator.below(len(words))])
    removals = [generator.chance(parameters["removed"]) for _ in documents]
    return parameters, documents, queries, removals


def build(documents):
    index = {}
    for number in range(len(documents)):
        position = number << PLACES
        for word in documents[number].split():
            if word in index:
                index[word].append(position)
            else:
                index[word] = [position]
            position += 1
    return index


def documents_with(index, word):
    found = set()
    if word in index:
        for position in index[word]:
            found.add(position >> PLACES)
    return found


def search(index, first, second):
    """The documents that have both words."""
    found = documents_with(index, first)
    return found & documents_with(index, second)


def merge(index, removed):
    """A new index without the documents removed."""
    merged = {}
    for word in index:
        kept = []
        for position in index[word]:
            if position >> PLACES not in removed:
                kept.append(position)
        if kept:
            merged[word] = kept
    return merged


def removed_documents(removals):
    removed = set()
    for number in range(len(removals)):
        if removals[number]:
            removed.add(number)
    return removed


def answer(index, queries, start, count, checksum):
    for query in range(start, start + count):
        words = queries[query % len(queries)].split()
        found = search(index, words[0], words[1])
        checksum.add(len(found))
        checksum.add(sum(found))


def run(prepared, census):
    parameters, documents, queries, removals = prepared
    checksum = twin.Checksum()
    rounds, count = parameters["rounds"], parameters["queries"]
    operations = 0
    for number in range(rounds):
        index = build(documents)
        if number == 0:
            census(index)
        first_half = count // 2
        answer(index, queries, number * count, first_half, checksum)
        index = merge(index, removed_documents(removals))
        answer(index, queries, number * count + first_half, count - first_half, checksum)
        checksum.add(len(index))
        operations += len(documents) + count
    return checksum.value, operations


if __name__ == "__main__":
    twin.main(prepare, run)
