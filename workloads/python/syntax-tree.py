"""A syntax tree with links to parents: parsed, copied, simplified, printed, dropped."""

import twin

MASK = 0xFFFFFFFF


class Leaf:
    def __init__(self, value):
        self.value = value
        self.parent = None

    def copy(self):
        return type(self)(self.value)


class Number(Leaf):
    pass


class Name(Leaf):
    pass


class Node:
    def __init__(self, value):
        self.value = value
        self.parent = None
        self.children = []

    def adopt(self, child):
        child.parent = self
        self.children.append(child)

    def copy(self):
        node = type(self)(self.value)
        for child in self.children:
            node.adopt(child.copy())
        return node


class Block(Node):
    """Statements."""


class Assign(Node):
    """`value = child;`"""


class While(Node):
    """`while child { block }`"""


class Binary(Node):
    """`(child value child)`"""


class Parser:
    def __init__(self, tokens):
        self.tokens = tokens
        self.position = 0

    def take(self):
        token = self.tokens[self.position]
        self.position += 1
        return token

    def block(self):
        block = Block("{")
        while self.tokens[self.position] != "}":
            block.adopt(self.statement())
        self.take()
        return block

    def statement(self):
        token = self.take()
        if token == "while":
            node = While(token)
            node.adopt(self.expression())
            self.take()
            node.adopt(self.block())
        else:
            node = Assign(token)
            self.take()
            node.adopt(self.expression())
            self.take()
        return node

    def expression(self):
        token = self.take()
        if token == "(":
            left = self.expression()
            node = Binary(self.take())
            node.adopt(left)
            node.adopt(self.expression())
            self.take()
            return node
        if token.isdigit():
            return Number(int(token))
        return Name(token)


class Visitor:
    def visit(self, node):
        method = getattr(self, "visit_" + type(node).__name__)
        return method(node)


class Folder(Visitor):
    """Replaces operations on two numbers by their result, in 32 bits."""

    def visit_Number(self, node):
        return node

    def visit_Name(self, node):
        return node

    def visit_Binary(self, node):
        self.visit_children(node)
        left, right = node.children
        if type(left) is not Number or type(right) is not Number:
            return node
        if node.value == "+":
            return Number(left.value + right.value & MASK)
        if node.value == "-":
            return Number(left.value - right.value & MASK)
        return Number(left.value * right.value & MASK)

    def visit_children(self, node):
        children = node.children
        for index in range(len(children)):
            child = children[index]
            result = self.visit(child)
            if result is not child:
                result.parent = node
                children[index] = result
        return node

    visit_Block = visit_Assign = visit_While = visit_children


class Printer(Visitor):
    def __init__(self):
        self.parts = []

    def visit_Number(self, node):
        self.parts.append(str(node.value))

    def visit_Name(self, node):
        self.parts.append(node.value)

    def visit_Binary(self, node):
        left, right = node.children
        self.parts.append("(")
        self.visit(left)
        self.parts.append(node.value)
        self.visit(right)
        self.parts.append(")")

    def visit_Assign(self, node):
        self.parts.append(node.value)
        self.parts.append("=")
        self.visit(node.children[0])
        self.parts.append(";")

    def visit_While(self, node):
        self.parts.append(node.value)
        self.visit(node.children[0])
        self.visit(node.children[1])

    def visit_Block(self, node):
        self.parts.append("{")
        for child in node.children:
            self.visit(child)
        self.parts.append("}")


NAMES = [f"x{number}" for number in range(50)]
OPERATORS = ["+", "-", "*"]


class Writer:
    """Draws a program."""

    def __init__(self, generator, depth):
        self.generator = generator
        self.depth = depth
        self.tokens = []

    def block(self, statements, depth):
        self.tokens.append("{")
        for _ in range(statements):
            self.statement(depth)
        self.tokens.append("}")

    def statement(self, depth):
        if depth > 0 and self.generator.below(8) == 0:
            self.tokens.append("while")
            self.expression(self.depth)
            self.block(self.generator.below(4) + 1, depth - 1)
        else:
            self.tokens.append(NAMES[self.generator.below(len(NAMES))])
            self.tokens.append("=")
            self.expression(self.depth)
            self.tokens.append(";")

    def expression(self, depth):
        choice = self.generator.below(8)
        if depth > 0 and choice >= 3:
            self.tokens.append("(")
            self.expression(depth - 1)
            self.tokens.append(OPERATORS[self.generator.below(3)])
            self.expression(depth - 1)
            self.tokens.append(")")
        elif choice == 0:
            self.tokens.append(NAMES[self.generator.below(len(NAMES))])
        else:
            self.tokens.append(str(self.generator.below(100_000)))


def prepare(parameters, seed):
    writer = Writer(twin.Generator(seed), parameters["depth"])
    writer.block(parameters["statements"], parameters["depth"])
    return parameters["rounds"], writer.tokens


def run(prepared, census):
    rounds, tokens = prepared
    checksum = twin.Checksum()
    for number in range(rounds):
        parser = Parser(tokens)
        parser.take()
        tree = parser.block()
        copy = tree.copy()
        if number == 0:
            census(parser, tree, copy)
        Folder().visit(copy)
        for root in (tree, copy):
            printer = Printer()
            printer.visit(root)
            checksum.add_bytes("".join(printer.parts).encode())
    return checksum.value, rounds * len(tokens)


if __name__ == "__main__":
    twin.main(prepare, run)
