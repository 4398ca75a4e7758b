//! The search for the least limit that is enough: out from a guess until it lies between two limits, then in by halves.
//!
//! What finishes under a limit is taken to finish under every greater one. It mostly does; where it does not (a collection
//! that falls elsewhere, other fragmentation) the search ends all the same, between a limit that was too small and one
//! that was enough.

/// A least limit, between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    /// The highest limit that was too small; 0 when none was.
    pub low: u64,
    /// The lowest limit that was enough; `None` when none was, up to the greatest that was asked for.
    pub high: Option<u64>,
}

/// The least distance between the two ends: a page, and no heap takes less from the system.
pub const FINEST: u64 = 4 << 10;

/// Whether the two ends are near enough: 1 % of the upper one, or [`FINEST`].
fn is_narrow(low: u64, high: u64) -> bool {
    high - low <= (high / 100).max(FINEST)
}

/// Searches from `guess`, up to `most` at most. `None` when `is_enough` gave up.
///
/// # Errors
/// That of `is_enough`.
pub fn search<E>(
    guess: u64,
    most: u64,
    mut is_enough: impl FnMut(u64) -> Result<Option<bool>, E>,
) -> Result<Option<Bracket>, E> {
    let (mut low, mut high) = (0, None);
    let mut limit = guess.clamp(1, most);
    loop {
        match is_enough(limit)? {
            None => return Ok(None),
            Some(true) => high = Some(limit),
            Some(false) => low = limit,
        }
        limit = match high {
            None if limit == most => return Ok(Some(Bracket { low, high })),
            None => limit.saturating_mul(2).min(most),
            Some(high) if is_narrow(low, high) => return Ok(Some(Bracket { low, high: Some(high) })),
            // Down from a guess that was enough a step of a quarter at first: it is seldom far off.
            Some(high) if low == 0 => high - (high / 4).max(1),
            Some(high) => u64::midpoint(low, high),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches for a known least limit; the bracket and how many limits were asked for.
    fn find(least: u64, guess: u64, most: u64) -> (Bracket, u32) {
        let mut asked = 0;
        let found = search(guess, most, |limit| {
            asked += 1;
            assert!((1..=most).contains(&limit) && asked < 200);
            Ok::<_, ()>(Some(limit >= least))
        });
        (found.unwrap().unwrap(), asked)
    }

    #[test]
    fn the_least_limit_lies_in_the_bracket_whatever_the_guess() {
        for least in [1, 100, 65_537, 1 << 20, 3_333_333, 1 << 30] {
            for guess in [0, 1, 64, least, least - 1, least * 3, 1 << 34] {
                let (Bracket { low, high }, asked) = find(least, guess, 1 << 34);
                let high = high.unwrap();
                assert!(
                    low < least && least <= high && is_narrow(low, high),
                    "{least} from {guess}: {low} {high}"
                );
                assert!(asked < 90, "{least} from {guess}: {asked}");
            }
        }
    }

    #[test]
    fn a_good_guess_is_cheap() {
        assert!(find(10_000_000, 10_000_000, 1 << 34).1 <= 7);
        assert!(find(10_000_000, 13_000_000, 1 << 34).1 <= 8);
    }

    #[test]
    fn what_no_limit_is_enough_for_has_no_upper_end() {
        assert_eq!(find(u64::MAX, 1000, 10_000).0, Bracket { low: 10_000, high: None });
        assert_eq!(search(1, 10, |_| Ok::<_, ()>(None)), Ok(None));
        assert_eq!(search(1, 10, |_| Err("lost")), Err("lost"));
    }

    /// Success that is not monotonic still ends between a failure and a success.
    #[test]
    fn a_hole_in_what_is_enough_does_not_keep_the_search_from_ending() {
        let fails = |limit: u64| limit < 5_000_000 || (6_000_000..6_500_000).contains(&limit);
        let found = search(6_200_000, 1 << 34, |limit| Ok::<_, ()>(Some(!fails(limit)))).unwrap().unwrap();
        assert!(fails(found.low) && !fails(found.high.unwrap()));
    }
}
