//! What a program read back, folded into one number: equal for every heap, and for the twin under CPython.
//!
//! For each word: `state = (rotate_left(state, 5) ^ word) * 0x517cc1b727220a95 mod 2^64`, from 0. The order counts.

const FACTOR: u64 = 0x517c_c1b7_2722_0a95;

/// A running checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(u64);

impl Checksum {
    /// Folds in a word.
    #[inline(always)]
    pub fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    }

    /// Folds in bytes: their number, then eight at a time in little-endian order, the last ones filled with zeros.
    #[inline]
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.add(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    /// The number.
    pub fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_length_count() {
        let fold = |words: &[u64]| {
            let mut sum = Checksum::default();
            words.iter().for_each(|word| sum.add(*word));
            sum.value()
        };
        assert_ne!(fold(&[1, 2]), fold(&[2, 1]));
        assert_eq!(fold(&[1]), FACTOR);
        let bytes = |bytes: &[u8]| {
            let mut sum = Checksum::default();
            sum.add_bytes(bytes);
            sum.value()
        };
        assert_ne!(bytes(b"a"), bytes(b"a\0"));
        assert_eq!(bytes(b"\x01\x02"), fold(&[2, 0x201]));
    }
}
