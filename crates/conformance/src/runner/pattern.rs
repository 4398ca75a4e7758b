//! What is written into payloads: every word follows from the object's number and its place, so that nothing of it
//! need be remembered, and a word of another object or of another place is a wrong one.

use heapbench_model::Id;

/// Bytes at either end that a glance looks at.
const GLANCE: usize = 64;

/// The word at a place: a bijection of the golden ratio's multiples (Steele, Lea & Flood's SplitMix64).
fn word(object: Id, place: usize) -> [u8; 8] {
    let mut mixed = (object as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ place as u64;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).to_le_bytes()
}

/// Fills an object's payload.
pub(super) fn write(object: Id, payload: &mut [u8]) {
    for (place, bytes) in payload.chunks_mut(8).enumerate() {
        bytes.copy_from_slice(&word(object, place)[..bytes.len()]);
    }
}

/// The first byte that is not as written.
pub(super) fn first_wrong(object: Id, payload: &[u8]) -> Option<usize> {
    first_wrong_from(object, payload, 0)
}

/// Whether the first and last bytes are as written: of a large payload they must do after every statement.
pub(super) fn glance(object: Id, payload: &[u8]) -> bool {
    let tail = payload.len().saturating_sub(GLANCE) / 8;
    let head = &payload[..payload.len().min(GLANCE)];
    first_wrong_from(object, head, 0).is_none()
        && first_wrong_from(object, &payload[8 * tail..], tail).is_none()
}

fn first_wrong_from(object: Id, bytes: &[u8], first: usize) -> Option<usize> {
    let wrong = |(place, bytes): (usize, &[u8])| *bytes != word(object, first + place)[..bytes.len()];
    let place = bytes.chunks(8).enumerate().position(wrong)?;
    let expected = word(object, first + place);
    let byte = bytes[8 * place..].iter().zip(expected).position(|(found, expected)| *found != expected)?;
    Some(8 * (first + place) + byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_wrong_byte_is_found_and_at_the_ends_at_a_glance() {
        for len in [0, 1, 7, 8, 9, 63, 64, 65, 130, 1000] {
            let mut payload = vec![0; len];
            write(5, &mut payload);
            assert_eq!(first_wrong(5, &payload), None);
            assert!(glance(5, &payload));
            for place in 0..len {
                payload[place] ^= 1;
                assert_eq!(first_wrong(5, &payload), Some(place));
                let at_an_end = place < 64 || place + 64 >= len;
                assert!(!at_an_end || !glance(5, &payload), "byte {place} of {len}");
                payload[place] ^= 1;
            }
            assert!(len < 8 || first_wrong(6, &payload).is_some(), "another object's");
        }
    }
}
