//! Addresses of coins, with their checksums.

use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

use super::Fault;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// A Bitcoin address: base 58 with checksum (P2PKH, P2SH), or bech32 and bech32m (BIP 173, BIP 350).
pub(crate) fn bitcoin(text: &str) -> Result<String, Fault> {
    let lower = text.to_ascii_lowercase();
    let one_case = text == lower || text == text.to_ascii_uppercase();
    if lower.starts_with("bc1") && one_case {
        return if segwit(lower.as_bytes()) {
            Ok(lower)
        } else {
            Err(Fault::Form("its checksum does not fit"))
        };
    }
    let begins = text.starts_with(['1', '3']);
    if begins && (26..=35).contains(&text.len()) && base58_fits(text.as_bytes()) {
        Ok(text.to_owned())
    } else {
        Err(Fault::Form(
            "a Bitcoin address begins with 1, 3 or bc1, and its checksum fits",
        ))
    }
}

/// 25 bytes: version, hash, and the first four bytes of SHA-256 twice over both.
fn base58_fits(text: &[u8]) -> bool {
    let mut number = [0u8; 25];
    for byte in text {
        let Some(digit) = ALPHABET.iter().position(|letter| letter == byte) else {
            return false;
        };
        let mut carry = digit;
        for place in number.iter_mut().rev() {
            carry += usize::from(*place) * 58;
            *place = u8::try_from(carry & 0xff).unwrap_or_default();
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let ones = text.iter().take_while(|byte| **byte == b'1').count();
    let (payload, checksum) = number.split_at(21);
    let twice = Sha256::digest(Sha256::digest(payload));
    matches!(payload[0], 0 | 5) && zeros == ones && twice[..4] == *checksum
}

/// Witness version and program, closed by six letters of a BCH code.
fn segwit(text: &[u8]) -> bool {
    if !(14..=74).contains(&text.len()) {
        return false;
    }
    let mut values = Vec::with_capacity(text.len());
    for byte in &text[3..] {
        let place = BECH32.iter().position(|letter| letter == byte);
        let Some(Ok(value)) = place.map(u8::try_from) else {
            return false;
        };
        values.push(value);
    }
    let expanded = [3, 3, 0, 2, 3]; // "bc", its high bits and its low bits.
    let mut check: u32 = 1;
    for value in expanded.into_iter().chain(values.iter().copied()) {
        let top = check >> 25;
        check = (check & 0x01ff_ffff) << 5 ^ u32::from(value);
        for (bit, generator) in [
            0x3b6a_57b2,
            0x2650_8e6d,
            0x1ea1_19fa,
            0x3d42_33dd,
            0x2a14_62b3,
        ]
        .into_iter()
        .enumerate()
        {
            if top >> bit & 1 == 1 {
                check ^= generator;
            }
        }
    }
    let expected = if values[0] == 0 { 1 } else { 0x2bc8_30a3 };
    values[0] <= 16 && check == expected
}

/// An Ethereum address in lower case; a mixture of cases must be the checksum of EIP-55.
pub(crate) fn ethereum(text: &str) -> Result<String, Fault> {
    const FORM: Fault = Fault::Form("an Ethereum address is 0x and 40 hexadecimal digits");
    let digits = text.strip_prefix("0x").ok_or(FORM)?;
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(FORM);
    }
    let lower = digits.to_ascii_lowercase();
    let one_case = digits == lower || digits == digits.to_ascii_uppercase();
    if !one_case && !eip55_fits(digits, &lower) {
        return Err(Fault::Form("its capitals do not fit (EIP-55)"));
    }
    Ok(format!("0x{lower}"))
}

fn eip55_fits(digits: &str, lower: &str) -> bool {
    let hash = Keccak256::digest(lower);
    digits.bytes().enumerate().all(|(place, digit)| {
        let nibble = hash[place / 2] >> if place % 2 == 0 { 4 } else { 0 } & 15;
        !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (nibble & 8 != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first block's address, BIP 173's and BIP 350's examples, EIP-55's.
    #[test]
    fn checksums_are_checked() {
        for good in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            assert!(bitcoin(good).is_ok(), "{good}");
            let mut wrong = good.to_owned();
            let last = if wrong.pop() == Some('4') { '5' } else { '4' };
            wrong.push(last);
            assert!(bitcoin(&wrong).is_err(), "{wrong}");
        }
        assert!(ethereum("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").is_ok());
        assert!(ethereum("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").is_err());
        assert!(ethereum("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed").is_ok());
    }
}
