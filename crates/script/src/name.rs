//! Names and numbers, which inside a `repeat` may contain the round: `node{i+1}`, `{j}`.

use crate::{RoundError, limit};
use std::fmt::Write;

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// 1 + the number of bytes before it in its line.
    pub column: u32,
}

/// `{i}`, `{j+1}`, `{k-1}`: the round of an enclosing `repeat`, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    /// Which one: 0 for `i`, the outermost, to 2 for `k`.
    pub level: u8,
    /// -1, 0 or 1.
    pub offset: i8,
}

/// A piece of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Characters as they are.
    Text(String),
    /// The digits of a round.
    Round(Round),
}

/// A name as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where.
    pub position: Position,
    /// Its pieces; the first is text. One piece: the name is the same in every round.
    pub parts: Vec<Part>,
}

/// A number as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Where.
    pub position: Position,
    /// Its value.
    pub value: Value,
    /// The highest value that is allowed here. What is fixed has been checked.
    pub most: u64,
}

/// The value of a [`Number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The same in every round.
    Fixed(u64),
    /// The round, or its neighbour.
    Round(Round),
}

impl Round {
    /// The round that is meant, when `rounds` are those of the levels; `None` when that is below 0.
    pub fn resolve(self, rounds: [u64; 3]) -> Option<u64> {
        rounds[usize::from(self.level)].checked_add_signed(i64::from(self.offset))
    }

    fn below_zero(self, position: Position) -> RoundError {
        RoundError { position, message: format!("the round {self} is -1 here, expected 0 or more") }
    }
}

impl Name {
    /// A name that is the same in every round, for scripts that are built and not read. It is not checked: printed
    /// and loaded again it will be.
    pub fn fixed(text: impl Into<String>) -> Name {
        Name { position: Position::default(), parts: vec![Part::Text(text.into())] }
    }

    /// The name in these rounds, of levels `i`, `j` and `k`; it replaces what is in `into`.
    ///
    /// # Errors
    /// A round below 0; a name that becomes longer than [`limit::NAME`].
    pub fn resolve(&self, rounds: [u64; 3], into: &mut String) -> Result<(), RoundError> {
        into.clear();
        for part in &self.parts {
            match part {
                Part::Text(text) => into.push_str(text),
                Part::Round(round) => {
                    let value = round.resolve(rounds).ok_or_else(|| round.below_zero(self.position))?;
                    write!(into, "{value}").expect("a string takes all text");
                }
            }
        }
        if into.len() > limit::NAME {
            let message =
                format!("the name is {} bytes long here, expected at most {}", into.len(), limit::NAME);
            return Err(RoundError { position: self.position, message });
        }
        Ok(())
    }
}

impl Number {
    /// A number that is the same in every round, for scripts that are built and not read; `most` is one of
    /// [`limit`]'s. It is not checked: printed and loaded again it will be.
    pub const fn fixed(value: u64, most: u64) -> Number {
        Number { position: Position { line: 0, column: 0 }, value: Value::Fixed(value), most }
    }

    /// The number in these rounds, of levels `i`, `j` and `k`.
    ///
    /// # Errors
    /// A round below 0, or over the limit of the number.
    pub fn resolve(&self, rounds: [u64; 3]) -> Result<u64, RoundError> {
        let value = match self.value {
            Value::Fixed(value) => value,
            Value::Round(round) => round.resolve(rounds).ok_or_else(|| round.below_zero(self.position))?,
        };
        if value <= self.most {
            return Ok(value);
        }
        let message = format!("the number is {value} here, expected at most {}", self.most);
        Err(RoundError { position: self.position, message })
    }
}
