//! The parts of tokens: names, numbers, sizes, slots, ranges of slots.

use crate::line::{Line, Token};
use crate::name::Value;
use crate::{LoadError, Name, Number, Part, Round, SlotRange, limit};

/// Words that are no names.
const RESERVED: [&str; 16] = [
    "nil",
    "none",
    "all",
    "alive",
    "dead",
    "prompt",
    "order",
    "freed",
    "finalized",
    "callbacks",
    "read",
    "live",
    "collections",
    "error",
    "failures",
    "saved",
];

impl Line<'_> {
    /// The next token is a name.
    pub(crate) fn name(&mut self) -> Result<Name, LoadError> {
        let token = self.require("a name")?;
        name(token, self.levels)
    }

    /// The next token is a name or `nil`.
    pub(crate) fn name_or_nil(&mut self) -> Result<Option<Name>, LoadError> {
        let token = self.require("a name or 'nil'")?;
        if token.text == "nil" { Ok(None) } else { name(token, self.levels).map(Some) }
    }

    /// The next token is a number.
    pub(crate) fn number(&mut self, most: u64) -> Result<Number, LoadError> {
        let token = self.require("a number")?;
        number(token, most, self.levels)
    }

    /// The next token is `NAME.SLOT`.
    pub(crate) fn slot(&mut self) -> Result<(Name, Number), LoadError> {
        let token = self.require("NAME.SLOT")?;
        let (object, slot) = token.split(".");
        let object = name(object, self.levels)?;
        let slot =
            slot.ok_or_else(|| LoadError::new(token.end(), "the slot is missing, expected NAME.SLOT"))?;
        Ok((object, number(slot, limit::SLOTS, self.levels)?))
    }

    /// The next token is `NAME.I..J`.
    pub(crate) fn slot_range(&mut self) -> Result<SlotRange, LoadError> {
        let token = self.require("NAME.I..J")?;
        let missing = || LoadError::new(token.end(), "the range is incomplete, expected NAME.I..J");
        let (object, range) = token.split(".");
        let object = name(object, self.levels)?;
        let (start, end) = range.ok_or_else(missing)?.split("..");
        let start = number(start, limit::SLOTS, self.levels)?;
        let end = number(end.ok_or_else(missing)?, limit::SLOTS, self.levels)?;
        Ok(SlotRange { object, start, end })
    }
}

/// `[A-Za-z_][A-Za-z0-9_]*`, with rounds behind the first character.
pub(crate) fn name(token: Token, levels: usize) -> Result<Name, LoadError> {
    let malformed = || {
        let problem = if token.text.is_empty() { "the name is missing".into() } else { not_a(token, "name") };
        token.error(format!("{problem}, expected letters, digits, '_' and rounds, a letter or '_' first"))
    };
    if !token.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return Err(malformed());
    }
    if RESERVED.contains(&token.text) {
        return Err(token.error(format!("{} is a reserved word, expected a name", token.quoted())));
    }
    let mut parts = Vec::with_capacity(1);
    let mut rest = token.text;
    // Each round is at least a digit.
    let mut shortest = 0;
    while !rest.is_empty() {
        let length = rest.find('{').unwrap_or(rest.len());
        let text = &rest[..length];
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(malformed());
        }
        if length > 0 {
            parts.push(Part::Text(text.to_string()));
        }
        shortest += length;
        rest = &rest[length..];
        if let Some(open) = rest.strip_prefix('{') {
            let (round, behind) = open.split_once('}').ok_or_else(malformed)?;
            let round = parse_round(round).ok_or_else(malformed)?;
            parts.push(Part::Round(check_level(round, token, levels)?));
            shortest += 1;
            rest = behind;
        }
        if shortest > limit::NAME {
            return Err(token.error(format!("{} is too long, expected at most 64 bytes", token.quoted())));
        }
    }
    Ok(Name { position: token.position, parts })
}

fn not_a(token: Token, what: &str) -> String {
    format!("{} is not a {what}", token.quoted())
}

/// `i`, `j+1`, `k-1`: what stands between braces.
fn parse_round(text: &str) -> Option<Round> {
    let (level, offset) = text.split_at_checked(1)?;
    let level = match level {
        "i" => 0,
        "j" => 1,
        "k" => 2,
        _ => return None,
    };
    let offset = match offset {
        "" => 0,
        "+1" => 1,
        "-1" => -1,
        _ => return None,
    };
    Some(Round { level, offset })
}

/// The round of a `repeat` that is open.
fn check_level(round: Round, token: Token, levels: usize) -> Result<Round, LoadError> {
    if usize::from(round.level) < levels {
        return Ok(round);
    }
    let needed = round.level + 1;
    let message = format!("{round} is the round of a level {needed} 'repeat', expected it inside one");
    Err(token.error(message))
}

/// Digits, or a round alone.
pub(crate) fn number(token: Token, most: u64, levels: usize) -> Result<Number, LoadError> {
    if token.text.is_empty() {
        return Err(token.error("the number is missing, expected 1 to 20 digits or a round"));
    }
    let braced = token.text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    if let Some(round) = braced.and_then(parse_round) {
        let value = Value::Round(check_level(round, token, levels)?);
        return Ok(Number { position: token.position, value, most });
    }
    let is_number = token.text.len() <= limit::DIGITS && token.text.bytes().all(|b| b.is_ascii_digit());
    if !is_number {
        return Err(token.error(format!("{}, expected 1 to 20 digits or a round", not_a(token, "number"))));
    }
    // What 20 digits can say and 64 bits cannot is over every limit.
    let value = token.text.parse().ok().filter(|value| *value <= most);
    fixed(token, value, most)
}

/// A number with or without a unit, in bytes.
pub(crate) fn size(token: Token, levels: usize) -> Result<Number, LoadError> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let unit = units.iter().find_map(|(unit, shift)| Some((token.text.strip_suffix(unit)?, *shift)));
    let Some((digits, shift)) = unit else { return number(token, limit::BYTES, levels) };
    let is_number = (1..=limit::DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number {
        let expected = "1 to 20 digits and KiB, MiB or GiB";
        return Err(token.error(format!("{}, expected {expected}", not_a(token, "size"))));
    }
    let value = digits.parse::<u64>().ok().filter(|value| *value <= limit::BYTES >> shift);
    fixed(token, value.map(|value| value << shift), limit::BYTES)
}

fn fixed(token: Token, value: Option<u64>, most: u64) -> Result<Number, LoadError> {
    let Some(value) = value else {
        return Err(token.error(format!("{} is over the limit, expected at most {most}", token.quoted())));
    };
    Ok(Number { position: token.position, value: Value::Fixed(value), most })
}
