//! A short list of operations that still fails: chunks are taken out as long as the rest fails too.

use crate::Operation;

/// Operations that all attempts together may perform.
const BUDGET: usize = 2_000_000;

/// Shrinks a failing list. `fails` performs a list and tells the number of the operation that failed; the first two
/// operations, which set the stage, stay.
pub(crate) fn shrink(all: &[Operation], fails: &dyn Fn(&[Operation]) -> Option<usize>) -> Vec<Operation> {
    let Some(last) = fails(all).filter(|last| *last < all.len()) else { return all.to_vec() };
    let mut list = all[..=last].to_vec();
    let (mut chunk, mut spent) = (list.len() / 2, all.len());
    while chunk > 0 && spent < BUDGET {
        let mut start = 2;
        while start < list.len() && spent < BUDGET {
            let mut shorter = list[..start].to_vec();
            shorter.extend_from_slice(&list[(start + chunk).min(list.len())..]);
            spent += shorter.len();
            match fails(&shorter) {
                Some(last) => list = shorter[..=last].to_vec(),
                None => start += chunk,
            }
        }
        chunk /= 2;
    }
    list
}
