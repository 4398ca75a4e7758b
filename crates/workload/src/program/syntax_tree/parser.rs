//! The parser: a function for each rule of the grammar. Each has the parser in the caller's last local, and leaves its
//! node there. Tokens are the program's input, and no objects.

use super::Running;
use super::tree::{Class, adopt};
use super::writer::{Token, Word};
use crate::program::call::{SELF, construct};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::int;

/// Attributes of the parser: its tokens, and where it is.
pub(super) const ATTRIBUTES: u32 = 2;
const POSITION: usize = 1;

const NODE: Local = Local::new(1);
const LEFT: Local = Local::new(2);
/// The arguments of a call, the last ones; the first of them gets its result.
const CALL: [Local; 2] = [Local::new(3), Local::new(4)];
const LOCALS: usize = 5;

impl Running<'_> {
    /// `Parser(tokens)`: the caller's last two locals are one that gets the parser, and the argument.
    pub(super) fn new_parser<H: Heap>(&mut self, heap: &mut H, tokens: Local) -> Result<(), OutOfMemory> {
        self.statics.none(heap, tokens);
        let statics = &self.statics;
        construct(heap, &mut self.parser, 1, |heap, value| {
            statics.int(heap, value, 0)?;
            heap.store_take(SELF, POSITION, value);
            Ok(())
        })
    }

    /// `parser.tokens[parser.position]`. `scratch` is nil before and after.
    fn peek<H: Heap>(&self, heap: &mut H, scratch: Local) -> Token {
        heap.load(scratch, SELF, POSITION);
        let token = self.tokens[int::value(heap, scratch) as usize];
        heap.clear(scratch);
        token
    }

    /// `parser.take()`: the next token.
    pub(super) fn take<H: Heap>(&self, heap: &mut H) -> Result<Token, OutOfMemory> {
        const VALUE: Local = Local::new(1);
        let frame = heap.enter(1, 2)?;
        heap.safepoint();
        let token = self.peek(heap, VALUE);
        heap.load(VALUE, SELF, POSITION);
        self.statics.int(heap, VALUE, int::value(heap, VALUE) + 1)?;
        heap.store_take(SELF, POSITION, VALUE);
        heap.leave(frame);
        Ok(token)
    }

    /// `self.take()`, in one of the functions below.
    fn next<H: Heap>(&self, heap: &mut H) -> Result<Token, OutOfMemory> {
        heap.copy(CALL[1], SELF);
        self.take(heap)
    }

    /// `NODE = Class(token)`.
    fn new_node<H: Heap>(&mut self, heap: &mut H, class: Class, token: Token) -> Result<(), OutOfMemory> {
        self.word(heap, CALL[1], token);
        self.node(heap, class)?;
        heap.take(NODE, CALL[0]);
        Ok(())
    }

    /// `node.adopt(self.rule())`.
    fn adopt<H: Heap>(
        &mut self,
        heap: &mut H,
        rule: impl FnOnce(&mut Self, &mut H) -> Result<(), OutOfMemory>,
    ) -> Result<(), OutOfMemory> {
        heap.copy(CALL[0], NODE);
        heap.copy(CALL[1], SELF);
        rule(self, heap)?;
        adopt(heap)
    }

    /// `parser.block()`.
    pub(super) fn block<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        let frame = heap.enter(1, LOCALS)?;
        heap.safepoint();
        self.new_node(heap, Class::Block, Token::Word(Word::Begin))?;
        while self.peek(heap, CALL[0]) != Token::Word(Word::End) {
            self.adopt(heap, Self::statement)?;
            heap.safepoint();
        }
        self.next(heap)?;
        heap.leave_with(frame, NODE);
        Ok(())
    }

    fn statement<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        let frame = heap.enter(1, LOCALS)?;
        heap.safepoint();
        let token = self.next(heap)?;
        if token == Token::Word(Word::While) {
            self.new_node(heap, Class::While, token)?;
            self.adopt(heap, Self::expression)?;
            self.next(heap)?;
            self.adopt(heap, Self::block)?;
        } else {
            self.new_node(heap, Class::Assign, token)?;
            self.next(heap)?;
            self.adopt(heap, Self::expression)?;
            self.next(heap)?;
        }
        heap.leave_with(frame, NODE);
        Ok(())
    }

    fn expression<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        let frame = heap.enter(1, LOCALS)?;
        heap.safepoint();
        match self.next(heap)? {
            Token::Word(_) => {
                heap.copy(CALL[1], SELF);
                self.expression(heap)?;
                heap.take(LEFT, CALL[1]);
                let operator = self.next(heap)?;
                self.new_node(heap, Class::Binary, operator)?;
                heap.copy(CALL[0], NODE);
                heap.copy(CALL[1], LEFT);
                adopt(heap)?;
                self.adopt(heap, Self::expression)?;
                self.next(heap)?;
            }
            Token::Number(number) => {
                heap.safepoint();
                self.statics.int(heap, CALL[1], i128::from(number))?;
                heap.safepoint();
                self.node(heap, Class::Number)?;
                heap.take(NODE, CALL[0]);
            }
            name => {
                heap.safepoint();
                self.new_node(heap, Class::Name, name)?;
            }
        }
        heap.leave_with(frame, NODE);
        Ok(())
    }
}
