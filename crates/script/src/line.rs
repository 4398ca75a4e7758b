//! A line and its tokens, and the rules of the text: which bytes may stand where.
//!
//! A line is cut where its text stops being acceptable. Tokens are taken one by one from the left, so a mistake of
//! grammar before the cut is found first, and the cut is found when something would have to be read across it.

use crate::{LoadError, Position, limit};

/// A token, or a part of a composite one. ASCII, without blanks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) text: &'t str,
    pub(crate) position: Position,
}

/// How much of a token a message quotes.
const QUOTED: usize = 40;

impl<'t> Token<'t> {
    /// The token in quotes, for a message.
    pub(crate) fn quoted(&self) -> String {
        match self.text.get(QUOTED..) {
            Some(rest) if !rest.is_empty() => format!("'{}...'", &self.text[..QUOTED]),
            _ => format!("'{}'", self.text),
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> LoadError {
        LoadError::new(self.position, message)
    }

    /// What comes from this byte on; `at` is within the token or its length.
    pub(crate) fn from(&self, at: usize) -> Token<'t> {
        let column = self.position.column.saturating_add(at as u32);
        Token { text: &self.text[at..], position: Position { column, ..self.position } }
    }

    /// What stands before a separator, and what behind it where there is one.
    pub(crate) fn split(&self, separator: &str) -> (Token<'t>, Option<Token<'t>>) {
        match self.text.find(separator) {
            Some(at) => (Token { text: &self.text[..at], ..*self }, Some(self.from(at + separator.len()))),
            None => (*self, None),
        }
    }

    /// One column behind it.
    pub(crate) fn end(&self) -> Position {
        self.from(self.text.len()).position
    }
}

/// The first thing in a line that may not stand there.
struct Fault {
    /// Bytes before it.
    at: usize,
    message: &'static str,
}

/// A line, read from left to right.
pub(crate) struct Line<'t> {
    /// Up to the fault, if there is one.
    text: &'t str,
    fault: Option<Fault>,
    number: u32,
    /// Bytes that are read.
    at: usize,
    /// Where the last token ended.
    end: usize,
    /// Open `repeat`s: the rounds that may be used.
    pub(crate) levels: usize,
}

impl<'t> Line<'t> {
    /// A line without its end.
    pub(crate) fn new(bytes: &'t [u8], number: u32, levels: usize) -> Line<'t> {
        let (text, fault) = acceptable(bytes);
        Line { text, fault, number, at: 0, end: 0, levels }
    }

    fn position(&self, at: usize) -> Position {
        // A column beyond the limit of a line is never asked for.
        Position { line: self.number, column: at as u32 + 1 }
    }

    /// One column behind the last token.
    pub(crate) fn end(&self) -> Position {
        self.position(self.end)
    }

    fn check_fault(&self) -> Result<(), LoadError> {
        match &self.fault {
            Some(fault) => Err(LoadError::new(self.position(fault.at), fault.message)),
            None => Ok(()),
        }
    }

    /// The next token; none at the end of the line or before a comment.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'t>>, LoadError> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(|c| c != ' ' && c != '\t').unwrap_or(rest.len());
        let rest = &self.text[start..];
        let length = rest.find([' ', '\t', '#']).unwrap_or(rest.len());
        self.at = start + length;
        if self.at == self.text.len() {
            // The text goes on behind a fault: as this token, or as another.
            self.check_fault()?;
        }
        if length == 0 {
            return Ok(None);
        }
        self.end = self.at;
        Ok(Some(Token { text: &rest[..length], position: self.position(start) }))
    }

    /// The next token, which must be there.
    pub(crate) fn require(&mut self, expected: &str) -> Result<Token<'t>, LoadError> {
        match self.next()? {
            Some(token) => Ok(token),
            None => Err(LoadError::new(self.end(), format!("the line ends here, expected {expected}"))),
        }
    }

    /// The next token, which must be this word.
    pub(crate) fn word(&mut self, word: &str) -> Result<(), LoadError> {
        let token = self.require(&format!("'{word}'"))?;
        if token.text == word {
            return Ok(());
        }
        Err(token.error(format!("{} is out of place, expected '{word}'", token.quoted())))
    }

    /// Nothing but a comment follows.
    pub(crate) fn finish(&mut self) -> Result<(), LoadError> {
        if let Some(token) = self.next()? {
            return Err(token.error(format!("{} is too much, expected the end of the line", token.quoted())));
        }
        self.check_fault()
    }
}

/// The acceptable beginning of a line, all of it where nothing is wrong.
fn acceptable(bytes: &[u8]) -> (&str, Option<Fault>) {
    let (text, mut fault) = match bytes.utf8_chunks().next() {
        None => ("", None),
        Some(chunk) if chunk.invalid().is_empty() => (chunk.valid(), None),
        Some(chunk) => {
            let message = "these bytes are no UTF-8, expected UTF-8";
            (chunk.valid(), Some(Fault { at: chunk.valid().len(), message }))
        }
    };
    let mut in_comment = false;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        let message = match c {
            _ if at + c.len_utf8() > limit::LINE => {
                end = at;
                break;
            }
            '\r' => "a carriage return, expected one only before a line feed",
            '\0' => "a NUL, expected text",
            '\t' => continue,
            _ if c.is_control() => "a control character, expected text",
            _ if !c.is_ascii() && !in_comment => "a character beyond ASCII, expected one only in a comment",
            _ => {
                in_comment |= c == '#';
                continue;
            }
        };
        (end, fault) = (at, Some(Fault { at, message }));
        break;
    }
    if bytes.len() > limit::LINE && fault.as_ref().is_none_or(|fault| fault.at >= limit::LINE) {
        fault =
            Some(Fault { at: limit::LINE, message: "the line is too long, expected at most 65536 bytes" });
    }
    (&text[..end], fault)
}
