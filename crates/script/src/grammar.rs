//! Statements from tokens: what follows each keyword.

use heapbench_heap::Kind;

use crate::line::{Line, Token};
use crate::part::{number, size};
use crate::{Action, FinalizerAction, LoadError, Number, expectation, limit};

/// The statement that this keyword begins; the line is read as far as the statement goes.
pub(crate) fn action(keyword: Token, line: &mut Line) -> Result<Action, LoadError> {
    match keyword.text {
        "new" => new(line),
        "set" => {
            let (object, slot) = line.slot()?;
            line.word("=")?;
            Ok(Action::Set { object, slot, value: line.name_or_nil()? })
        }
        "get" => {
            let name = line.name()?;
            line.word("=")?;
            let (object, slot) = line.slot()?;
            Ok(Action::Get { name, object, slot })
        }
        "copy" => {
            let from = line.slot_range()?;
            line.word("->")?;
            let (to, at) = line.slot()?;
            Ok(Action::Copy { from, to, at })
        }
        "fill" => {
            let range = line.slot_range()?;
            line.word("=")?;
            Ok(Action::Fill { range, value: line.name_or_nil()? })
        }
        "resize" => resize(line),
        "drop" => Ok(Action::Drop { name: line.name()? }),
        "weak" => weak(line),
        "upgrade" => {
            let name = line.name()?;
            line.word("=")?;
            Ok(Action::Upgrade { name, weak: line.name()? })
        }
        "finalizer" => {
            let object = line.name()?;
            line.word("=")?;
            Ok(Action::Finalizer { object, action: finalizer_action(line)? })
        }
        _ if keyword.text == "expect" || keyword.text.starts_with("expect[") => {
            expectation::expect(keyword, line)
        }
        _ => control(keyword, line),
    }
}

/// Statements that name no object.
fn control(keyword: Token, line: &mut Line) -> Result<Action, LoadError> {
    match keyword.text {
        "saved" => line.word("drop").map(|()| Action::SavedDrop),
        "collect" => {
            let token = line.next()?;
            let generation = token.map(|token| number(token, limit::GENERATION, line.levels)).transpose()?;
            Ok(Action::Collect { generation })
        }
        "auto" => {
            let on = choice(line, "on", "off")?;
            Ok(Action::Auto { on })
        }
        "threshold" => {
            let mut thresholds = vec![line.number(limit::THRESHOLD)?];
            while thresholds.len() < 3
                && let Some(token) = line.next()?
            {
                thresholds.push(number(token, limit::THRESHOLD, line.levels)?);
            }
            Ok(Action::Threshold { thresholds })
        }
        "freeze" => Ok(Action::Freeze),
        "unfreeze" => Ok(Action::Unfreeze),
        "limit" => {
            let token = line.require("a size or 'none'")?;
            let bytes = if token.text == "none" { None } else { Some(size(token, line.levels)?) };
            Ok(Action::Limit { bytes })
        }
        "check" => Ok(Action::Check),
        "mark" => Ok(Action::Mark { label: line.name()? }),
        _ => Err(unknown(
            keyword,
            "statement",
            "new, set, get, copy, fill, resize, drop, weak, upgrade, finalizer, saved, collect, auto, threshold, \
             freeze, unfreeze, limit, repeat, end, check, mark or expect",
        )),
    }
}

/// An error that names what is known.
pub(crate) fn unknown(token: Token, what: &str, known: &str) -> LoadError {
    token.error(format!("{} is no {what}, expected {known}", token.quoted()))
}

/// One of two words: true for the first.
pub(crate) fn choice(line: &mut Line, first: &str, second: &str) -> Result<bool, LoadError> {
    let expected = format!("'{first}' or '{second}'");
    let token = line.require(&expected)?;
    if token.text == first || token.text == second {
        return Ok(token.text == first);
    }
    Err(token.error(format!("{} is out of place, expected {expected}", token.quoted())))
}

/// `slots=` or `bytes=`: the key and its value's token.
fn key_value<'t>(token: Token<'t>, keys: &[&str], expected: &str) -> Result<(&'t str, Token<'t>), LoadError> {
    let (key, value) = token.split("=");
    if !keys.contains(&key.text) {
        return Err(token.error(format!("{} is out of place, expected {expected}", token.quoted())));
    }
    let missing = || LoadError::new(token.end(), format!("the value is missing, expected {}=N", key.text));
    Ok((key.text, value.ok_or_else(missing)?))
}

fn new(line: &mut Line) -> Result<Action, LoadError> {
    let name = line.name()?;
    let token = line.require("a kind")?;
    let Some(kind) = Kind::ALLOCATABLE.into_iter().find(|kind| kind.name() == token.text) else {
        let known = Kind::ALLOCATABLE.map(Kind::name).join(", ");
        return Err(unknown(token, "kind", &known));
    };
    let (mut slots, mut bytes) = (None, None);
    while let Some(token) = line.next()? {
        let (key, value) = key_value(token, &["slots", "bytes"], "slots=N, bytes=N or the end of the line")?;
        let (place, is_slots): (&mut Option<Number>, bool) =
            if key == "slots" { (&mut slots, true) } else { (&mut bytes, false) };
        if place.is_some() {
            return Err(token.error(format!("a second '{key}=', expected it at most once")));
        }
        // Leaf kinds hold no references.
        let most = if kind.is_leaf() { 0 } else { limit::SLOTS };
        *place = Some(if is_slots { number(value, most, line.levels)? } else { size(value, line.levels)? });
    }
    Ok(Action::New { name, kind, slots, bytes })
}

fn resize(line: &mut Line) -> Result<Action, LoadError> {
    let object = line.name()?;
    let token = line.require("slots=N")?;
    let (_, value) = key_value(token, &["slots"], "slots=N")?;
    Ok(Action::Resize { object, slots: number(value, limit::SLOTS, line.levels)? })
}

fn weak(line: &mut Line) -> Result<Action, LoadError> {
    let name = line.name()?;
    line.word("=")?;
    let target = line.name()?;
    let callback = match line.next()? {
        None => false,
        Some(token) if token.text == "callback" => true,
        Some(token) => {
            let message =
                format!("{} is out of place, expected 'callback' or the end of the line", token.quoted());
            return Err(token.error(message));
        }
    };
    Ok(Action::Weak { name, target, callback })
}

fn finalizer_action(line: &mut Line) -> Result<FinalizerAction, LoadError> {
    let token = line.require("an action")?;
    match token.text {
        "nothing" => Ok(FinalizerAction::Nothing),
        "keep" => Ok(FinalizerAction::Keep),
        "clear" => Ok(FinalizerAction::Clear { slot: line.number(limit::SLOTS)? }),
        "move" => {
            let slot = line.number(limit::SLOTS)?;
            line.word("->")?;
            let (to, at) = line.slot()?;
            Ok(FinalizerAction::Move { slot, to, at })
        }
        "read" => Ok(FinalizerAction::Read { weak: line.name()? }),
        "collect" => Ok(FinalizerAction::Collect),
        "allocate" => Ok(FinalizerAction::Allocate { objects: line.number(limit::ALLOCATE)? }),
        "fail" => Ok(FinalizerAction::Fail),
        _ => {
            let known = "nothing, keep, clear I, move I -> B.J, read W, collect, allocate N or fail";
            Err(unknown(token, "action", known))
        }
    }
}
