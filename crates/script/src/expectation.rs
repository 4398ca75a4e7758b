//! `expect`: its audience, and what it says.

use heapbench_heap::Family;

use crate::grammar::{choice, unknown};
use crate::line::{Line, Token};
use crate::part::{name, number};
use crate::{Action, Audience, Expectation, LoadError, Name, limit};

/// What follows `expect`, the keyword's own brackets included.
pub(crate) fn expect(keyword: Token, line: &mut Line) -> Result<Action, LoadError> {
    let audience = audience(keyword)?;
    Ok(Action::Expect { audience, expectation: expectation(line)? })
}

/// `expect` or `expect[…]`.
fn audience(keyword: Token) -> Result<Audience, LoadError> {
    let (_, Some(tags)) = keyword.split("[") else { return Ok(Audience::Usual) };
    let (inside, behind) = tags.split("]");
    let (mut families, mut generational, mut all) = (Vec::new(), false, false);
    let mut rest = Some(inside);
    while let Some(tags) = rest {
        let (tag, others) = tags.split(",");
        match tag.text {
            "refcount" => families.push(Family::RefCount),
            "cycles" => families.push(Family::Cycles),
            "tracing" => families.push(Family::Tracing),
            "region" => families.push(Family::Region),
            "generational" => generational = true,
            "all" => all = true,
            _ => {
                return Err(unknown(tag, "family", "refcount, cycles, generational, tracing, region or all"));
            }
        }
        rest = others;
    }
    match behind {
        None => Err(LoadError::new(keyword.end(), "the bracket is open, expected ']'")),
        Some(behind) if !behind.text.is_empty() => {
            Err(behind.error(format!("{} is out of place, expected a blank behind ']'", behind.quoted())))
        }
        Some(_) if all => Ok(Audience::All),
        Some(_) => Ok(Audience::Families { families, generational }),
    }
}

fn expectation(line: &mut Line) -> Result<Expectation, LoadError> {
    let token = line.require("an expectation")?;
    match token.text {
        "alive" => Ok(Expectation::Alive { names: names(line)? }),
        "dead" => Ok(Expectation::Dead { names: names(line)? }),
        "prompt" => Ok(Expectation::Prompt { names: names(line)? }),
        "order" => Ok(Expectation::Order { names: names(line)? }),
        "freed" => Ok(Expectation::Freed { objects: line.number(limit::COUNT)? }),
        "finalized" => {
            let name = line.name()?;
            Ok(Expectation::Finalized { name, times: line.number(limit::COUNT)? })
        }
        "callbacks" => {
            let weak = line.name()?;
            Ok(Expectation::Callbacks { weak, calls: line.number(limit::COUNT)? })
        }
        "read" => {
            let name = line.name()?;
            Ok(Expectation::Read { name, alive: choice(line, "alive", "nil")? })
        }
        "live" => Ok(Expectation::Live { objects: line.number(limit::COUNT)? }),
        "collections" => collections(line),
        "error" => line.word("out-of-memory").map(|()| Expectation::OutOfMemory),
        "failures" => Ok(Expectation::Failures { count: line.number(limit::COUNT)? }),
        _ => {
            let weak = name(token, line.levels)?;
            Ok(Expectation::Gives { weak, alive: choice(line, "alive", "nil")? })
        }
    }
}

/// One name or more.
fn names(line: &mut Line) -> Result<Vec<Name>, LoadError> {
    let mut names = vec![line.name()?];
    while let Some(token) = line.next()? {
        names.push(name(token, line.levels)?);
    }
    Ok(names)
}

fn collections(line: &mut Line) -> Result<Expectation, LoadError> {
    let token = line.require("a number or '>='")?;
    let at_least = token.text == ">=";
    let count = if at_least { line.number(limit::COUNT)? } else { number(token, limit::COUNT, line.levels)? };
    Ok(Expectation::Collections { at_least, count })
}
