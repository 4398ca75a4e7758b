//! Words in payload bytes.

/// The eight bytes at an offset, as a number.
#[inline(always)]
pub(crate) fn read_word(payload: &[u8], offset: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&payload[offset..offset + 8]);
    u64::from_le_bytes(word)
}

/// Writes a number into the eight bytes at an offset.
#[inline(always)]
pub(crate) fn write_word(payload: &mut [u8], offset: usize, word: u64) {
    payload[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
}
