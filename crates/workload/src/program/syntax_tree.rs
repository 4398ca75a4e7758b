//! A syntax tree with links to parents: parsed, copied, simplified, printed, dropped.
//!
//! ```python
//! parser = Parser(tokens)                      class Node:
//! parser.take()                                    def adopt(self, child):
//! tree = parser.block()                                child.parent = self
//! copy = tree.copy()                                   self.children.append(child)
//! Folder().visit(copy)
//! for root in (tree, copy):                    class Visitor:
//!     printer = Printer()                          def visit(self, node):
//!     printer.visit(root)                              method = getattr(self, "visit_" + type(node).__name__)
//!     text = "".join(printer.parts)                    return method(node)
//! ```
//! The parser descends recursively; visitors are those of the module `ast`. A parent and its children are a cycle, so
//! nothing of a tree dies by counting: neither what is simplified nor, in the end, all of it.

mod parser;
mod tree;
mod visitors;
mod writer;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::program::call::{Callable, SELF, construct};
use crate::random;
use heapbench_heap::{Heap, Immortal, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::{Statics, bytes, function, int, list, text};
use tree::{CLASSES, Class};
use visitors::Visitor;
use writer::{NAMES, Token, Writer};

/// Parameters, and the program that is parsed.
#[derive(Debug)]
pub struct SyntaxTree {
    rounds: u32,
    tokens: Vec<Token>,
}

impl SyntaxTree {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<SyntaxTree, WorkloadError> {
        let rounds = parameters.count("rounds", 1..=1_000_000)?;
        let statements = parameters.count("statements", 1..=10_000_000)?;
        let depth = parameters.count("depth", 0..=20)?;
        let tokens = Writer::new(random::generator(seed), depth).write(statements);
        Ok(SyntaxTree { rounds, tokens })
    }
}

/// The running program.
struct Running<'a> {
    tokens: &'a [Token],
    statics: Statics,
    /// The strs of names, and of all other tokens.
    names: Vec<Immortal>,
    words: Vec<Immortal>,
    mask: Immortal,
    /// What stands for the visitors' functions.
    function: Immortal,
    parser: Callable,
    nodes: [Callable; CLASSES.len()],
    folder: Callable,
    printer: Callable,
}

/// Locals of `run`.
mod run {
    use heapbench_heap::Local;
    pub(super) const PARSER: Local = Local::new(0);
    pub(super) const TREE: Local = Local::new(1);
    pub(super) const COPY: Local = Local::new(2);
    pub(super) const PRINTER: Local = Local::new(3);
    pub(super) const SCRATCH: Local = Local::new(4);
    /// The arguments of a call, the last ones; the first of them gets its result.
    pub(super) const CALL: [Local; 2] = [Local::new(5), Local::new(6)];
    pub(super) const COUNT: usize = 7;
}

impl Program for SyntaxTree {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        use run::{CALL, COPY, PARSER, TREE};
        let main = heap.enter(0, run::COUNT)?;
        let mut running = Running::new(heap, &self.tokens)?;
        let mut checksum = Checksum::default();
        for round in 0..self.rounds {
            running.new_parser(heap, CALL[1])?;
            heap.take(PARSER, CALL[0]);
            heap.copy(CALL[1], PARSER);
            running.take(heap)?;
            heap.copy(CALL[1], PARSER);
            running.block(heap)?;
            heap.take(TREE, CALL[1]);
            heap.copy(CALL[1], TREE);
            running.copy(heap)?;
            heap.take(COPY, CALL[1]);
            if round == 0 {
                H::Recorder::at_most(heap);
            }
            construct(heap, &mut running.folder, 0, |_, _| Ok(()))?;
            heap.take(CALL[0], CALL[1]);
            heap.copy(CALL[1], COPY);
            running.visit(heap, Visitor::Folder)?;
            heap.clear(CALL[0]);
            for root in [TREE, COPY] {
                running.print(heap, root, &mut checksum)?;
                heap.safepoint();
            }
            heap.safepoint();
        }
        heap.leave(main);
        let operations = u64::from(self.rounds) * self.tokens.len() as u64;
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}

impl<'a> Running<'a> {
    fn new<H: Heap>(heap: &mut H, tokens: &'a [Token]) -> Result<Running<'a>, OutOfMemory> {
        let scratch = run::SCRATCH;
        let mut statics = Statics::new(heap, scratch)?;
        let mut intern = |text: &str| statics.intern(heap, text, scratch);
        let names = (0..NAMES).map(|number| intern(&format!("x{number}"))).collect::<Result<_, _>>()?;
        let words = writer::WORDS.into_iter().map(intern).collect::<Result<_, _>>()?;
        int::new(heap, scratch, visitors::MASK)?;
        let mask = heap.immortalize(scratch)?;
        heap.allocate(scratch, function::SHAPE)?;
        let function = heap.immortalize(scratch)?;
        let nodes = CLASSES.map(|class| Callable::tagged(class.attributes(), class as u8));
        Ok(Running {
            tokens,
            statics,
            names,
            words,
            mask,
            function,
            parser: Callable::new(parser::ATTRIBUTES),
            nodes,
            folder: Callable::new(0),
            printer: Callable::new(1),
        })
    }

    /// Prints the tree in a local of `run` and folds in the text.
    fn print<H: Heap>(
        &mut self,
        heap: &mut H,
        root: Local,
        checksum: &mut Checksum,
    ) -> Result<(), OutOfMemory> {
        use run::{CALL, PRINTER, SCRATCH};
        construct(heap, &mut self.printer, 0, |heap, value| {
            list::new(heap, value, 0)?;
            heap.store_take(SELF, visitors::PARTS, value);
            Ok(())
        })?;
        heap.take(PRINTER, CALL[1]);
        heap.copy(CALL[0], PRINTER);
        heap.copy(CALL[1], root);
        self.visit(heap, Visitor::Printer)?;
        heap.clear(CALL[0]);
        heap.load(CALL[0], PRINTER, visitors::PARTS);
        let mut joined = String::new();
        for index in 0..list::len(heap, CALL[0]) {
            heap.load(SCRATCH, CALL[0], index);
            joined.extend(text::view(heap, SCRATCH).chars());
        }
        text::new(heap, SCRATCH, &joined)?;
        heap.safepoint();
        heap.clear(CALL[0]);
        bytes::new(heap, CALL[0], joined.as_bytes())?;
        heap.safepoint();
        heap.clear(SCRATCH);
        checksum.add_bytes(bytes::view(heap, CALL[0]));
        heap.clear(CALL[0]);
        Ok(())
    }

    /// The str of a class's node.
    fn word<H: Heap>(&self, heap: &mut H, dst: Local, token: Token) {
        match token {
            Token::Name(number) => heap.load_immortal(dst, self.names[number as usize]),
            Token::Word(word) => heap.load_immortal(dst, self.words[word as usize]),
            Token::Number(_) => {}
        }
    }

    /// Calls the class of a node: its value is the argument.
    fn node<H: Heap>(&mut self, heap: &mut H, class: Class) -> Result<(), OutOfMemory> {
        tree::construct_node(heap, &self.statics, &mut self.nodes[class as usize], class)
    }
}
