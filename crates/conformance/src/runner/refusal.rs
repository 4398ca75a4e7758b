//! What is refused before anything runs: scripts of which one statement asks for more memory than there may be, or that
//! have more names than can be told apart.

use heapbench_script::{Action, Expectation, Name, Number, Part, Round, Script, Statement, Step, Value};

use super::Stop;
use super::history::MOST_NAMES;

/// The first reason not to run the script with so many bytes of memory, if there is one. What depends on rounds, or on
/// a `limit` of the script's own, or is expected to fail, shows when it runs.
pub fn refusal(script: &Script, memory: usize) -> Option<Stop> {
    let statements = Statements { open: vec![(script.steps.as_slice(), None)] };
    let mut limited = false;
    let mut greedy: Option<Stop> = None;
    for (statement, rounds) in statements {
        match &statement.action {
            Action::Expect { expectation: Expectation::OutOfMemory, .. } => greedy = None,
            action if action.is_silent() => {}
            action => {
                if greedy.is_some() {
                    return greedy;
                }
                if let Action::Limit { bytes } = action {
                    limited = bytes.is_some();
                }
                if !limited {
                    greedy = asks_for_more_than(memory, action);
                }
                if let Some(stop) = bound(action).and_then(|name| too_many(name, rounds)) {
                    return Some(stop);
                }
            }
        }
    }
    greedy
}

/// The statements of a script in reading order, each with the fixed counts of the `repeat`s around it.
struct Statements<'s> {
    open: Vec<(&'s [Step], Option<u64>)>,
}

impl<'s> Iterator for Statements<'s> {
    type Item = (&'s Statement, [Option<u64>; 3]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (steps, _) = self.open.last_mut()?;
            let Some((first, rest)) = steps.split_first() else {
                self.open.pop();
                continue;
            };
            *steps = rest;
            match first {
                Step::Statement(statement) => {
                    let rounds =
                        std::array::from_fn(|level| self.open.get(level + 1).and_then(|(_, rounds)| *rounds));
                    return Some((statement, rounds));
                }
                Step::Repeat { rounds, body } => self.open.push((body, fixed(rounds))),
            }
        }
    }
}

fn fixed(number: &Number) -> Option<u64> {
    match number.value {
        Value::Fixed(value) => Some(value),
        Value::Round(_) => None,
    }
}

fn asks_for_more_than(memory: usize, action: &Action) -> Option<Stop> {
    let (slots, bytes) = match action {
        Action::New { slots, bytes, .. } => (*slots, *bytes),
        Action::Resize { slots, .. } => (Some(*slots), None),
        _ => return None,
    };
    let of = |number: Option<Number>| number.as_ref().and_then(fixed).unwrap_or(0);
    let total = of(slots).saturating_mul(8).saturating_add(of(bytes));
    // The greater part is the offending one.
    let greater = if of(bytes) >= of(slots).saturating_mul(8) { bytes.or(slots) } else { slots };
    let message = format!("asks for {total} bytes, expected at most {memory}");
    greater.filter(|_| total > memory as u64).map(|number| Stop { position: number.position, message })
}

fn bound(action: &Action) -> Option<&Name> {
    match action {
        Action::New { name, .. }
        | Action::Get { name, .. }
        | Action::Weak { name, .. }
        | Action::Upgrade { name, .. } => Some(name),
        _ => None,
    }
}

/// A name with one round in it is another name in every round.
fn too_many(name: &Name, rounds: [Option<u64>; 3]) -> Option<Stop> {
    let mut levels = name.parts.iter().filter_map(|part| match part {
        Part::Round(Round { level, .. }) => Some(usize::from(*level)),
        Part::Text(_) => None,
    });
    let (Some(level), None) = (levels.next(), levels.next()) else { return None };
    let times = rounds.get(level).copied().flatten()?;
    let message = format!("binds {times} names, expected at most {MOST_NAMES}");
    (times > MOST_NAMES as u64).then_some(Stop { position: name.position, message })
}
