//! How often the block of a `repeat` runs, without running it.

use crate::limit;
use crate::name::{Round, Value};

/// How often the block inside these `repeat`s runs, the outermost first; at most three. Rounds below 0 count as none.
/// Anything over [`limit::STATEMENTS`] stands for too much.
///
/// The work is bounded by the answer: what depends on the round `i` grows with it from its first value over 0, so
/// the sum is soon over the limit.
pub(crate) fn executions(counts: &[Value]) -> u64 {
    let Some((outermost, inner)) = counts.split_first() else { return 1 };
    let rounds = resolved(*outermost, 0);
    let on_outermost = |count: &Value| matches!(count, Value::Round(Round { level: 0, .. }));
    if !inner.iter().any(on_outermost) {
        return rounds.saturating_mul(one_round(inner, 0));
    }
    if rounds == 0 || one_round(inner, rounds - 1) == 0 {
        return 0;
    }
    let mut total = 0u64;
    for i in 0..rounds {
        total = total.saturating_add(one_round(inner, i));
        if total > limit::STATEMENTS {
            break;
        }
    }
    total
}

/// How often the block runs in round `i` of the outermost `repeat`.
fn one_round(inner: &[Value], i: u64) -> u64 {
    match inner {
        [] => 1,
        [second] => resolved(*second, i),
        // The sum of j + offset over all j below the second count.
        [second, Value::Round(Round { level: 1, offset }), ..] => {
            let behind = resolved(*second, i).saturating_add_signed(i64::from(*offset));
            behind.saturating_mul(behind.saturating_sub(1)) / 2
        }
        [second, third, ..] => resolved(*second, i).saturating_mul(resolved(*third, i)),
    }
}

/// A count that is fixed or follows `i`.
fn resolved(count: Value, i: u64) -> u64 {
    match count {
        Value::Fixed(count) => count,
        Value::Round(round) => i.saturating_add_signed(i64::from(round.offset)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(level: u8, offset: i8) -> Value {
        Value::Round(Round { level, offset })
    }

    /// The definition: every round of every level.
    fn by_hand(counts: &[Value]) -> u64 {
        let value = |count: Value, rounds: [u64; 2]| match count {
            Value::Fixed(count) => count,
            Value::Round(Round { level, offset }) => {
                rounds[usize::from(level)].saturating_add_signed(offset.into())
            }
        };
        let mut total = 0;
        for i in 0..value(counts[0], [0, 0]) {
            let second = counts.get(1).map_or(1, |count| value(*count, [i, 0]));
            total += (0..second).map(|j| counts.get(2).map_or(1, |c| value(*c, [i, j]))).sum::<u64>();
        }
        total
    }

    #[test]
    fn agrees_with_its_definition() {
        let offsets = [-1, 0, 1];
        let fixed = (0..5).map(Value::Fixed);
        let second: Vec<_> = fixed.chain(offsets.map(|o| round(0, o))).collect();
        let third: Vec<_> = second.iter().copied().chain(offsets.map(|o| round(1, o))).collect();
        for first in 0..7 {
            let first = Value::Fixed(first);
            assert_eq!(executions(&[first]), by_hand(&[first]));
            for second in &second {
                assert_eq!(executions(&[first, *second]), by_hand(&[first, *second]), "{first:?} {second:?}");
                for third in &third {
                    let counts = [first, *second, *third];
                    assert_eq!(executions(&counts), by_hand(&counts), "{counts:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_too_much_is_seen_at_once() {
        let most = Value::Fixed(limit::ROUNDS);
        assert!(executions(&[most, most, most]) > limit::STATEMENTS);
        assert!(executions(&[most, round(0, -1), round(1, -1)]) > limit::STATEMENTS);
        assert_eq!(executions(&[most, Value::Fixed(1), round(1, 0)]), 0);
        assert_eq!(executions(&[most, Value::Fixed(0), round(0, 0)]), 0);
        assert_eq!(executions(&[most, round(0, 1), Value::Fixed(0)]), 0);
    }
}
