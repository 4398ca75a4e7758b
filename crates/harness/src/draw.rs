//! Random choices of a run: for each purpose and each thing a generator of its own, all from one seed. So what is drawn for
//! one thing does not depend on what else is run.

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// The generator for a thing, by its purpose and name.
pub fn stream(seed: u64, purpose: &str, name: &str) -> Pcg64Mcg {
    let mut hasher = SipHasher13::new_with_keys(seed, purpose.len() as u64);
    hasher.write(purpose.as_bytes());
    hasher.write(name.as_bytes());
    Pcg64Mcg::seed_from_u64(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_differ_by_seed_purpose_and_name_and_repeat() {
        let first = |seed, purpose, name| stream(seed, purpose, name).random::<u64>();
        let one = first(1, "order", "a");
        assert_eq!(one, first(1, "order", "a"));
        for other in
            [first(2, "order", "a"), first(1, "layout", "a"), first(1, "order", "b"), first(1, "orde", "ra")]
        {
            assert_ne!(one, other);
        }
    }
}
