//! When each object of a program dies: what an oracle run found out, for who frees at exactly that time.
//!
//! The clock counts allocations (weak references included), so it is the same under every strategy. Hertz and Berger,
//! Quantifying the performance of garbage collection vs. explicit memory management (OOPSLA 2005).

use crate::Kind;

/// The deaths of one program's objects, which are numbered from 0 in the order of their allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deaths {
    kinds: Vec<Kind>,
    /// Numbers of the objects that die, in the order of their deaths.
    order: Vec<u32>,
    /// For each allocation, how many of `order` are dead when it is made.
    dead: Vec<u32>,
}

impl Deaths {
    /// Of objects of these kinds, by number; `deaths` pairs an object's number with the number of allocations made when
    /// it died, in the order of the deaths. Objects without a pair live to the end.
    ///
    /// `None`: an object dies twice, or before it was allocated, or the deaths are not in order, or there are more than
    /// 2^32 objects.
    pub fn new(kinds: Vec<Kind>, deaths: &[(u32, u32)]) -> Option<Deaths> {
        let objects = u32::try_from(kinds.len()).ok()?;
        let mut seen = vec![false; kinds.len()];
        for &(object, clock) in deaths {
            let twice = std::mem::replace(seen.get_mut(object as usize)?, true);
            if twice || clock <= object || clock > objects {
                return None;
            }
        }
        let clocks = deaths.iter().map(|&(_, clock)| clock);
        if !clocks.is_sorted() {
            return None;
        }
        let dead = (0..objects).map(|n| deaths.partition_point(|&(_, clock)| clock <= n) as u32).collect();
        Some(Deaths { kinds, order: deaths.iter().map(|&(object, _)| object).collect(), dead })
    }

    /// How many objects the program allocates.
    pub fn objects(&self) -> usize {
        self.kinds.len()
    }

    /// The kind of the object of this number; `None` beyond the last: the program is another one.
    pub fn kind(&self, object: usize) -> Option<Kind> {
        self.kinds.get(object).copied()
    }

    /// The objects that have died when object `next` is to be allocated and had not when the one before it was. Beyond
    /// the last object: those that died after its allocation.
    pub fn before(&self, next: usize) -> &[u32] {
        let upto = |n: usize| self.dead.get(n).map_or(self.order.len(), |dead| *dead as usize);
        &self.order[next.checked_sub(1).map_or(0, upto)..upto(next)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_told_before_the_next_allocation() {
        let kinds = vec![Kind::List, Kind::Int, Kind::Tuple];
        let deaths = Deaths::new(kinds, &[(1, 2), (0, 3), (2, 3)]).unwrap();
        assert_eq!((deaths.objects(), deaths.kind(1), deaths.kind(3)), (3, Some(Kind::Int), None));
        let told: Vec<&[u32]> = (0..5).map(|next| deaths.before(next)).collect();
        assert_eq!(told, [&[][..], &[], &[1], &[0, 2], &[]]);
    }

    #[test]
    fn impossible_deaths_are_refused() {
        let two = || vec![Kind::List; 2];
        for deaths in
            [&[(0, 1), (0, 2)][..], &[(1, 1)], &[(0, 3)], &[(0, 2), (1, 1)], &[(2, 2)], &[(1, 2), (0, 1)]]
        {
            assert_eq!(Deaths::new(two(), deaths), None, "{deaths:?}");
        }
        assert_eq!(Deaths::new(two(), &[]).unwrap().before(2), &[] as &[u32]);
    }
}
