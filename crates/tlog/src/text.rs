//! The small pieces that C2SP's text formats share: decimals, base64, lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Hash;

/// A decimal without sign and without leading zeros; `None` for any other text.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // Parsing can still fail: the number may be beyond 64 bits.
    canonical.then(|| text.parse().ok()).flatten()
}

/// Standard base64 with padding, RFC 4648 §4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of standard base64; `None` when padding is missing or bits are left over, so that
/// each value has exactly one text.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A hash from its base64; `None` when it is not exactly 32 bytes.
pub(crate) fn hash_of_base64(text: &str) -> Option<Hash> {
    if text.len() != 44 {
        return None;
    }
    from_base64(text)?.try_into().ok()
}

/// Splits off the first line, without its newline; `None` when there is no newline.
pub(crate) fn line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_one_form() {
        let check = |text: &str, value: Option<u64>| assert_eq!(decimal(text), value, "{text:?}");
        check("0", Some(0));
        check("18446744073709551615", Some(u64::MAX));
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "١"] {
            check(text, None);
        }
        check("18446744073709551616", None);
    }

    #[test]
    fn base64_has_one_form() {
        assert_eq!(from_base64("AA=="), Some(vec![0]));
        for text in ["AA", "AA=", "AB==", "AA==\n", "A-=="] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }
}
