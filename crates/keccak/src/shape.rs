//! How messages become blocks, and in which order they share the lanes. No vector code here.

/// First byte of a Merkle leaf's input, RFC 6962 section 2.1.
pub(crate) const LEAF_PREFIX: u8 = 0;
/// First byte of a Merkle node's input.
pub(crate) const NODE_PREFIX: u8 = 1;

/// Bytes of a message that one permutation absorbs: 1600 bits less twice the digest's 256.
pub(crate) const BLOCK_BYTES: usize = 136;
/// The same in words of 64 bits.
pub(crate) const BLOCK_WORDS: usize = BLOCK_BYTES / 8;
/// The byte after the message: SHA-3's domain bits 01 and the first bit of the padding.
pub(crate) const PAD_FIRST: u8 = 0x06;
/// The last bit of the last block; may share its byte with [`PAD_FIRST`].
pub(crate) const PAD_LAST: u8 = 0x80;

/// Blocks of a message of `len` bytes. At least one: the padding needs a byte of its own.
pub(crate) const fn blocks(len: usize) -> usize {
    len / BLOCK_BYTES + 1
}

/// What remains after the full blocks (less than one block), with the padding.
pub(crate) fn last_block(rest: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] = PAD_FIRST;
    block[BLOCK_BYTES - 1] |= PAD_LAST;
    block
}

/// The order in which messages share the lanes: neighbours have the same number of blocks where
/// possible, so that no lane idles while another works. `None` if the given order does already,
/// because all are alike, which is the usual batch and then costs no memory.
///
/// # Panics
/// Beyond 2³² messages, which would be 128 GiB of digests.
pub(crate) fn order(count: usize, len: impl Fn(usize) -> usize) -> Option<Vec<u32>> {
    let first = (count > 0).then(|| blocks(len(0)))?;
    if (1..count).all(|i| blocks(len(i)) == first) {
        return None;
    }
    let count = u32::try_from(count).expect("fewer than 2^32 messages in one call");
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_unstable_by_key(|&i| (blocks(len(i as usize)), i));
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_padding_always_has_a_byte() {
        let check = |len, expected| assert_eq!(blocks(len), expected, "{len} bytes");
        check(0, 1);
        check(135, 1);
        check(136, 2);
        check(137, 2);
        check(271, 2);
        check(272, 3);
    }

    #[test]
    fn both_ends_of_the_padding_may_share_a_byte() {
        assert_eq!(last_block(&[7; 135])[134..], [7, 0x86]);
        assert_eq!(last_block(&[7; 134])[133..], [7, 0x06, 0x80]);
        assert_eq!(last_block(&[])[..2], [0x06, 0]);
    }

    #[test]
    fn the_order_puts_equal_counts_of_blocks_together() {
        let check = |lens: &[usize], expected: Option<&[u32]>| {
            assert_eq!(
                order(lens.len(), |i| lens[i]).as_deref(),
                expected,
                "{lens:?}"
            );
        };
        check(&[], None);
        check(&[5], None);
        check(&[0, 135, 3], None);
        check(&[136, 0, 300, 1], Some(&[1, 3, 0, 2]));
    }
}
