"""Objects with back references, as an object-relational mapper has them: every entity is in a cycle."""

from array import array
from weakref import ref

import twin

CHOICES = 1 << 18


class Database:
    """Tables: what is not the program's objects."""

    def __init__(self, names, titles, prices, stock):
        self.names = names
        self.titles = titles
        self.prices = prices
        self.stock = stock


class Author:
    def __init__(self, session, key, name):
        self.session = session
        self.key = key
        self.name = name
        self.books = []


class Book:
    def __init__(self, author, key, title, price, stock):
        self.author = author
        self.key = key
        self.title = title
        self.price = price
        self.stock = stock
        self.dirty = False

    def sell(self, quantity):
        self.stock -= quantity
        if self.stock < 0:
            self.stock += 1000
        if not self.dirty:
            self.dirty = True
            self.author.session.dirty.append(self)


class Order:
    def __init__(self, key):
        self.key = key
        self.lines = []

    def add(self, book, quantity):
        self.lines.append(Line(self, book, quantity))

    def total(self):
        total = 0
        for line in self.lines:
            total += line.quantity * line.book.price
        return total


class Line:
    def __init__(self, order, book, quantity):
        self.order = order
        self.book = book
        self.quantity = quantity


class Session:
    def __init__(self, database, books_each, batch, weak):
        self.database = database
        self.books_each = books_each
        self.batch = batch
        self.weak = weak
        self.authors = {}
        self.books = {}
        self.dirty = []

    def find(self, identities, key):
        found = identities.get(key)
        if self.weak and found is not None:
            found = found()
        return found

    def keep(self, identities, key, entity):
        identities[key] = ref(entity) if self.weak else entity

    def book(self, key):
        book = self.find(self.books, key)
        if book is None:
            loaded = self.load(key // self.books_each // self.batch)
            book = self.find(self.books, key)
        return book

    def load(self, number):
        """A batch of authors, each with all books. Whoever needs one of them keeps the list until it has it."""
        loaded = []
        for key in range(number * self.batch, (number + 1) * self.batch):
            author = self.find(self.authors, key)
            if author is None:
                author = Author(self, key, self.database.names[key].decode())
                self.keep(self.authors, key, author)
                self.load_books(author)
            loaded.append(author)
        return loaded

    def load_books(self, author):
        database = self.database
        first = author.key * self.books_each
        for key in range(first, first + self.books_each):
            book = Book(author, key, database.titles[key].decode(), database.prices[key], database.stock[key])
            author.books.append(book)
            self.keep(self.books, key, book)

    def flush(self):
        stock = self.database.stock
        for book in self.dirty:
            stock[book.key] = book.stock
            book.dirty = False
        self.dirty.clear()

    def clear(self):
        self.authors = {}
        self.books = {}


def prepare(parameters, seed):
    generator = twin.Generator(seed)
    authors = parameters["batches"] * parameters["batch"]
    books = authors * parameters["books"]
    count = min(CHOICES, parameters["orders"] * parameters["lines"])
    choices = array("I", generator.skewed_indices(count, books, parameters["skew"]))
    names = [f"author {key:06}".encode() for key in range(authors)]
    titles = [f"the book with the number {key:08}".encode() for key in range(books)]
    prices = array("I", generator.indices(books, 5000))
    stock = array("q", generator.indices(books, 1000))
    return parameters, choices, Database(names, titles, prices, stock)


def run(prepared, census):
    parameters, choices, database = prepared
    orders = parameters["orders"]
    lines = parameters["lines"]
    span = parameters["span"]
    checksum = twin.Checksum()
    session = Session(database, parameters["books"], parameters["batch"], parameters["weak"])
    recent = [None] * parameters["recent"]
    for number in range(orders):
        order = place(session, choices, number, lines)
        checksum.add(order.total())
        recent[number % len(recent)] = order
        if number + 1 == min(len(recent), span, orders):
            census(session, recent)
        if (number + 1) % span == 0:
            session.clear()
    checksum.add(sum(database.stock))
    return checksum.value, orders


def place(session, choices, number, lines):
    order = Order(number)
    start = number * lines
    for at in range(start, start + lines):
        key = choices[at % len(choices)]
        quantity = key % 3 + 1
        book = session.book(key)
        order.add(book, quantity)
        book.sell(quantity)
    session.flush()
    return order


if __name__ == "__main__":
    twin.main(prepare, run)
