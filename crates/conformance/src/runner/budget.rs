//! How often everything is compared: after every statement of a short script or while there is little, and else so
//! that it costs a bounded share of all the work.
//!
//! Each statement earns as much as it touches and a little more, and a comparison of everything spends what it takes. A
//! script starts with credit for thousands of comparisons of a small graph. The heap's own verifier, which may ask a
//! general allocator for its footprint and wait for milliseconds, runs with the first of them and then with every
//! sixty-fourth.

/// Slots that can be compared in the time of a statement, about.
const EARNED: u64 = 32;
const CREDIT: u64 = 1 << 22;
/// What the walk and the verifier cost of themselves, and the verifier for each object.
const FIXED: u64 = 64;
const OBJECT: u64 = 4;
/// Comparisons with which the verifier always runs, and then with one of so many.
const VERIFIED: u64 = 128;
const VERIFY_EVERY: u64 = 64;

#[derive(Debug)]
pub(super) struct Budget {
    credit: u64,
    /// What the last walk cost.
    last: u64,
    /// Comparisons so far.
    made: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { credit: CREDIT, last: 0, made: 0 }
    }
}

impl Budget {
    /// A statement ran that touched so many slots.
    pub(super) fn earn(&mut self, slots: usize) {
        self.credit = self.credit.saturating_add(EARNED + slots as u64);
    }

    /// Whether it is time to compare everything; the last walk tells what the next one will cost.
    pub(super) fn affords_check(&self, live: usize) -> bool {
        self.credit >= cost(self.last, live)
    }

    /// Whether the verifier runs with this comparison.
    pub(super) fn affords_verifier(&self) -> bool {
        self.made < VERIFIED || self.made.is_multiple_of(VERIFY_EVERY)
    }

    /// Everything was compared.
    pub(super) fn spend(&mut self, walk: u64, live: usize) {
        self.last = walk;
        self.made += 1;
        self.credit = self.credit.saturating_sub(cost(walk, live));
    }
}

fn cost(walk: u64, live: usize) -> u64 {
    FIXED + walk + OBJECT * live as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Comparisons while a graph grows by one object a statement.
    fn comparisons(statements: u64) -> (u64, u64) {
        let (mut budget, mut made, mut spent) = (Budget::default(), 0, 0);
        for live in 0..statements {
            budget.earn(1);
            if budget.affords_check(live as usize) {
                budget.spend(5 * live, live as usize);
                (made, spent) = (made + 1, spent + cost(5 * live, live as usize));
            }
        }
        (made, spent)
    }

    #[test]
    fn small_scripts_are_compared_after_every_statement_and_large_ones_in_linear_time() {
        assert_eq!(comparisons(500).0, 500);
        for statements in [10_000, 100_000, 1_000_000] {
            let (made, spent) = comparisons(statements);
            assert!(made > 20, "{made}");
            assert!(
                spent <= CREDIT + 2 * EARNED * statements + cost(5 * statements, statements as usize),
                "{spent}"
            );
        }
    }
}
