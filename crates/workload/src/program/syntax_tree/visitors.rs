//! Visitors. `visit` finds the method by the name of the node's class, as `ast.NodeVisitor` does. All have visitor and
//! node in the caller's last two locals; the first of them gets the result, which is nil where Python's is `None`.

use super::Running;
use super::tree::{CHILDREN, Class, PARENT, VALUE};
use super::writer::{Token, Word};
use crate::program::call::SELF;
use crate::program::stack::Stack;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{int, iterator, list, method, text};
use std::ops::{Add, BitAnd, Mul, Sub};

/// What is left of a result.
pub(super) const MASK: i128 = 0xFFFF_FFFF;

/// The printer's attribute.
pub(super) const PARTS: usize = 0;

/// The visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visitor {
    /// Replaces operations on two numbers by their result, in 32 bits.
    Folder,
    /// Makes a list of strs.
    Printer,
}

/// The second argument of all functions here.
const NODE: Local = Local::new(1);

impl Running<'_> {
    /// `visitor.visit(node)`.
    pub(super) fn visit<H: Heap>(&mut self, heap: &mut H, visitor: Visitor) -> Result<(), OutOfMemory> {
        const METHOD: Local = Local::new(2);
        /// The arguments of a call, the last ones; the first of them gets its result.
        const CALL: [Local; 2] = [Local::new(3), Local::new(4)];
        let frame = heap.enter(2, 5)?;
        heap.safepoint();
        let class = Class::of(heap, NODE);
        text::new(heap, CALL[0], class.visitor())?;
        text::hash(heap, CALL[0]);
        heap.load_immortal(CALL[1], self.function);
        method::new(heap, METHOD, CALL[1], SELF)?;
        heap.clear(CALL[1]);
        heap.clear(CALL[0]);
        heap.safepoint();
        heap.copy(CALL[0], SELF);
        heap.copy(CALL[1], NODE);
        match (visitor, class) {
            (Visitor::Folder, Class::Number | Class::Name) => keep(heap)?,
            (Visitor::Folder, Class::Binary) => self.fold(heap)?,
            (Visitor::Folder, _) => self.visit_children(heap)?,
            (Visitor::Printer, _) => self.print_node(heap, class)?,
        }
        heap.leave_with(frame, CALL[0]);
        Ok(())
    }

    /// `folder.visit_children(node)`.
    fn visit_children<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const LIST: Local = Local::new(2);
        const CHILD: Local = Local::new(3);
        const RESULT: Local = Local::new(4);
        /// The arguments of a call, the last ones; the first of them gets its result.
        const CALL: [Local; 2] = [Local::new(5), Local::new(6)];
        let frame = heap.enter(2, 7)?;
        heap.safepoint();
        heap.load(LIST, NODE, CHILDREN);
        for index in 0..list::len(heap, LIST) {
            heap.load(CHILD, LIST, index);
            heap.copy(CALL[0], SELF);
            heap.copy(CALL[1], CHILD);
            self.visit(heap, Visitor::Folder)?;
            heap.take(RESULT, CALL[0]);
            if !heap.is_same(RESULT, CHILD) {
                heap.store(RESULT, PARENT, NODE);
                heap.store(LIST, index, RESULT);
            }
            heap.safepoint();
        }
        heap.leave_with(frame, NODE);
        Ok(())
    }

    /// `folder.visit_Binary(node)`.
    fn fold<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const LEFT: Local = Local::new(2);
        const RIGHT: Local = Local::new(3);
        const STACK: u32 = 4;
        /// The arguments of a call, the last ones; the first of them gets its result.
        const CALL: [Local; 2] = [Local::new(STACK), Local::new(STACK + 1)];
        let frame = heap.enter(2, STACK as usize + 2)?;
        heap.safepoint();
        heap.copy(CALL[0], SELF);
        heap.copy(CALL[1], NODE);
        self.visit_children(heap)?;
        heap.clear(CALL[0]);
        unpack_children(heap, LEFT, RIGHT, CALL[0]);
        if [LEFT, RIGHT].into_iter().any(|side| Class::of(heap, side) != Class::Number) {
            heap.leave_with(frame, NODE);
            return Ok(());
        }
        let operator = Self::operator(heap, CALL[0]);
        let mut stack = Stack::above(STACK);
        stack.load_item(heap, LEFT, VALUE);
        stack.load_item(heap, RIGHT, VALUE);
        stack.ints(heap, &self.statics, operator)?;
        stack.load_constant(heap, self.mask);
        stack.ints(heap, &self.statics, i128::bitand)?;
        heap.take(CALL[1], CALL[0]);
        self.node(heap, Class::Number)?;
        heap.leave_with(frame, CALL[0]);
        Ok(())
    }

    /// What the value of `NODE` means. `scratch` is nil before and after.
    fn operator<H: Heap>(heap: &mut H, scratch: Local) -> fn(i128, i128) -> i128 {
        heap.load(scratch, NODE, VALUE);
        let operator = match text::view(heap, scratch).data {
            b"+" => i128::add,
            b"-" => i128::sub,
            _ => i128::mul,
        };
        heap.clear(scratch);
        operator
    }

    /// `printer.visit_Class(node)`.
    fn print_node<H: Heap>(&mut self, heap: &mut H, class: Class) -> Result<(), OutOfMemory> {
        const LEFT: Local = Local::new(2);
        const RIGHT: Local = Local::new(3);
        const ITERATOR: Local = Local::new(4);
        const CHILD: Local = Local::new(5);
        /// The arguments of a call, the last ones; the first of them gets its result.
        const CALL: [Local; 2] = [Local::new(6), Local::new(7)];
        let frame = heap.enter(2, 8)?;
        heap.safepoint();
        let visit = |running: &mut Self, heap: &mut H, child: Local| {
            heap.copy(CALL[0], SELF);
            heap.copy(CALL[1], child);
            running.visit(heap, Visitor::Printer)?;
            heap.clear(CALL[0]);
            Ok(())
        };
        match class {
            Class::Number => {
                heap.load(CALL[0], NODE, VALUE);
                let digits = int::value(heap, CALL[0]).to_string();
                self.statics.text(heap, CALL[1], &digits)?;
                heap.clear(CALL[0]);
                heap.safepoint();
                append(heap, CALL)?;
            }
            Class::Name => append_value(heap, CALL)?,
            Class::Binary => {
                unpack_children(heap, LEFT, RIGHT, CALL[0]);
                self.append_word(heap, Word::Left, CALL)?;
                visit(self, heap, LEFT)?;
                append_value(heap, CALL)?;
                visit(self, heap, RIGHT)?;
                self.append_word(heap, Word::Right, CALL)?;
            }
            Class::Assign => {
                append_value(heap, CALL)?;
                self.append_word(heap, Word::Is, CALL)?;
                self.print_child(heap, 0, CALL)?;
                self.append_word(heap, Word::Semicolon, CALL)?;
            }
            Class::While => {
                append_value(heap, CALL)?;
                self.print_child(heap, 0, CALL)?;
                self.print_child(heap, 1, CALL)?;
            }
            Class::Block => {
                self.append_word(heap, Word::Begin, CALL)?;
                heap.load(CALL[0], NODE, CHILDREN);
                iterator::new_list(heap, ITERATOR, CALL[0])?;
                heap.clear(CALL[0]);
                while iterator::next_list(heap, CHILD, ITERATOR, CALL[0]) {
                    visit(self, heap, CHILD)?;
                    heap.safepoint();
                }
                heap.clear(ITERATOR);
                self.append_word(heap, Word::End, CALL)?;
            }
        }
        heap.leave(frame);
        Ok(())
    }

    /// `self.visit(node.children[index])`; `call` is the caller's last two locals.
    fn print_child<H: Heap>(
        &mut self,
        heap: &mut H,
        index: usize,
        call: [Local; 2],
    ) -> Result<(), OutOfMemory> {
        heap.copy(call[0], SELF);
        heap.load(call[1], NODE, CHILDREN);
        heap.load(call[1], call[1], index);
        self.visit(heap, Visitor::Printer)?;
        heap.clear(call[0]);
        Ok(())
    }

    /// `self.parts.append(word)`.
    fn append_word<H: Heap>(&self, heap: &mut H, word: Word, scratch: [Local; 2]) -> Result<(), OutOfMemory> {
        self.word(heap, scratch[1], Token::Word(word));
        append(heap, scratch)
    }
}

/// A method that returns its node.
fn keep<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    let frame = heap.enter(2, 2)?;
    heap.safepoint();
    heap.leave_with(frame, NODE);
    Ok(())
}

/// `left, right = node.children`.
fn unpack_children<H: Heap>(heap: &mut H, left: Local, right: Local, scratch: Local) {
    heap.load(scratch, NODE, CHILDREN);
    heap.load(left, scratch, 0);
    heap.load(right, scratch, 1);
    heap.clear(scratch);
}

/// `self.parts.append(…)`, of what is in the second local, which is taken. The first one is nil before and after.
fn append<H: Heap>(heap: &mut H, [parts, part]: [Local; 2]) -> Result<(), OutOfMemory> {
    heap.load(parts, SELF, PARTS);
    list::append(heap, parts, part)?;
    heap.clear(parts);
    Ok(())
}

/// `self.parts.append(node.value)`.
fn append_value<H: Heap>(heap: &mut H, scratch: [Local; 2]) -> Result<(), OutOfMemory> {
    heap.load(scratch[1], NODE, VALUE);
    append(heap, scratch)
}
