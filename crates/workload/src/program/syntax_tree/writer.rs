//! The program that is parsed: drawn as tokens.

use rand::{Rng, RngExt};

/// Different names: `x0`, `x1`, ….
pub(super) const NAMES: u32 = 50;

/// Tokens that are neither names nor numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Begin,
    End,
    While,
    Is,
    Semicolon,
    Left,
    Right,
    Plus,
    Minus,
    Times,
}

/// Their texts, in the same order.
pub(super) const WORDS: [&str; 10] = ["{", "}", "while", "=", ";", "(", ")", "+", "-", "*"];

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name(u32),
    Number(u32),
    Word(Word),
}

/// Draws a program.
pub(super) struct Writer<R> {
    generator: R,
    depth: u32,
    tokens: Vec<Token>,
}

impl<R: Rng> Writer<R> {
    pub(super) fn new(generator: R, depth: u32) -> Writer<R> {
        Writer { generator, depth, tokens: Vec::new() }
    }

    /// A block of so many statements.
    pub(super) fn write(mut self, statements: u32) -> Vec<Token> {
        self.block(statements, self.depth);
        self.tokens
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.generator.random_range(0..bound)
    }

    fn word(&mut self, word: Word) {
        self.tokens.push(Token::Word(word));
    }

    fn block(&mut self, statements: u32, depth: u32) {
        self.word(Word::Begin);
        (0..statements).for_each(|_| self.statement(depth));
        self.word(Word::End);
    }

    fn statement(&mut self, depth: u32) {
        if depth > 0 && self.below(8) == 0 {
            self.word(Word::While);
            self.expression(self.depth);
            let statements = self.below(4) + 1;
            self.block(statements, depth - 1);
        } else {
            let name = Token::Name(self.below(NAMES));
            self.tokens.push(name);
            self.word(Word::Is);
            self.expression(self.depth);
            self.word(Word::Semicolon);
        }
    }

    fn expression(&mut self, depth: u32) {
        let choice = self.below(8);
        if depth > 0 && choice >= 3 {
            self.word(Word::Left);
            self.expression(depth - 1);
            let operator = [Word::Plus, Word::Minus, Word::Times][self.below(3) as usize];
            self.word(operator);
            self.expression(depth - 1);
            self.word(Word::Right);
        } else if choice == 0 {
            let name = Token::Name(self.below(NAMES));
            self.tokens.push(name);
        } else {
            let number = Token::Number(self.below(100_000));
            self.tokens.push(number);
        }
    }
}
