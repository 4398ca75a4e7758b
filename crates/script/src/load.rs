//! A script from text: lines, blocks, and how far they unroll.

use crate::line::{Line, Token};
use crate::unroll::executions;
use crate::{LoadError, Number, Position, Script, Statement, Step, grammar, limit};

/// Loads a script.
///
/// Any bytes are accepted; memory and time are linear in their number, and nothing recurses.
///
/// # Errors
/// The first mistake in reading order.
pub fn load(text: &[u8]) -> Result<Script, LoadError> {
    if text.starts_with("\u{feff}".as_bytes()) {
        return Err(LoadError::new(START, "a byte order mark, expected plain UTF-8"));
    }
    let mut loader = Loader::default();
    for (index, bytes) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let bytes = match bytes.strip_suffix(b"\n") {
            Some(bytes) => bytes.strip_suffix(b"\r").unwrap_or(bytes),
            None => bytes,
        };
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        loader.line(Line::new(bytes, number, loader.open.len()))?;
    }
    loader.finish()
}

const START: Position = Position { line: 1, column: 1 };

/// A `repeat` whose `end` is still to come.
struct Open {
    keyword: Position,
    rounds: Number,
    body: Vec<Step>,
}

#[derive(Default)]
struct Loader {
    /// `heap 1` was read.
    begun: bool,
    /// The steps outside of every `repeat`.
    steps: Vec<Step>,
    /// At most three.
    open: Vec<Open>,
    /// Where the count of the `repeat` stands that was closed last.
    closed: Option<Position>,
    /// How often a statement runs that stands here; none: not computed yet.
    executions: Option<u64>,
    unrolled: u64,
}

impl Loader {
    fn line(&mut self, mut line: Line) -> Result<(), LoadError> {
        let Some(keyword) = line.next()? else { return line.finish() };
        match keyword.text {
            _ if !self.begun => self.begin(keyword, &mut line),
            "heap" => Err(keyword.error("a second 'heap', expected it only as the first statement")),
            "repeat" => self.open(keyword, &mut line),
            "end" => self.close(keyword, &mut line),
            _ => self.statement(keyword, &mut line),
        }
    }

    fn begin(&mut self, keyword: Token, line: &mut Line) -> Result<(), LoadError> {
        if keyword.text != "heap" {
            return Err(keyword.error(format!("{} comes first, expected 'heap 1'", keyword.quoted())));
        }
        let version = line.require("the version '1'")?;
        if version.text != "1" {
            return Err(version.error(format!("{} is an unknown version, expected '1'", version.quoted())));
        }
        self.begun = true;
        line.finish()
    }

    fn open(&mut self, keyword: Token, line: &mut Line) -> Result<(), LoadError> {
        if self.open.len() == limit::LEVELS {
            return Err(keyword.error("a 'repeat' of level 4, expected at most 3 levels"));
        }
        let rounds = line.number(limit::ROUNDS)?;
        line.finish()?;
        self.open.push(Open { keyword: keyword.position, rounds, body: Vec::new() });
        self.executions = None;
        Ok(())
    }

    fn close(&mut self, keyword: Token, line: &mut Line) -> Result<(), LoadError> {
        let Some(Open { rounds, body, .. }) = self.open.pop() else {
            return Err(keyword.error("an 'end' without a 'repeat', expected a statement"));
        };
        line.finish()?;
        self.closed = Some(rounds.position);
        self.executions = None;
        self.block().push(Step::Repeat { rounds, body });
        Ok(())
    }

    fn block(&mut self) -> &mut Vec<Step> {
        self.open.last_mut().map_or(&mut self.steps, |open| &mut open.body)
    }

    fn statement(&mut self, keyword: Token, line: &mut Line) -> Result<(), LoadError> {
        let action = grammar::action(keyword, line)?;
        line.finish()?;
        self.count(keyword.position)?;
        let statement = Statement { position: keyword.position, end: line.end(), action };
        self.block().push(Step::Statement(statement));
        Ok(())
    }

    /// Counts the statement that stands here as often as it will run.
    fn count(&mut self, statement: Position) -> Result<(), LoadError> {
        let executions = match self.executions {
            Some(executions) => executions,
            None => {
                let counts: Vec<_> = self.open.iter().map(|open| open.rounds.value).collect();
                *self.executions.insert(executions(&counts))
            }
        };
        self.unrolled = self.unrolled.saturating_add(executions);
        if self.unrolled <= limit::STATEMENTS {
            return Ok(());
        }
        let innermost = self.open.last().map(|open| open.rounds.position);
        let position = innermost.or(self.closed).unwrap_or(statement);
        let message = "the script unrolls to too many statements, expected at most 100000000";
        Err(LoadError::new(position, message))
    }

    fn finish(self) -> Result<Script, LoadError> {
        if let Some(open) = self.open.last() {
            return Err(LoadError::new(open.keyword, "the 'repeat' has no end, expected 'end'"));
        }
        if !self.begun {
            return Err(LoadError::new(START, "the file has no statement, expected 'heap 1'"));
        }
        Ok(Script { steps: self.steps, unrolled: self.unrolled })
    }
}
