//! Hashes: exact ones in hexadecimal, ssdeep, TLSH; and ids that are made like them.

use super::Fault;

/// A hash of `digits` hexadecimal digits, in lower case.
pub(crate) fn hex(text: &str, digits: usize) -> Result<String, Fault> {
    if text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Fault::Form(match digits {
            32 => "it is not 32 hexadecimal digits",
            40 => "it is not 40 hexadecimal digits",
            62 => "it is not 62 hexadecimal digits",
            64 => "it is not 64 hexadecimal digits",
            _ => "it is not 128 hexadecimal digits",
        }))
    }
}

/// TLSH, in upper case with the `T1` of version 4 in front; the 70 digits of older programs get it.
pub(crate) fn tlsh(text: &str) -> Result<String, Fault> {
    let digits = match text.as_bytes() {
        [b'T' | b't', b'1', ..] if text.len() == 72 => &text[2..],
        _ => text,
    };
    if digits.len() == 70 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(format!("T1{}", digits.to_ascii_uppercase()))
    } else {
        Err(Fault::Form("TLSH is T1 and 70 hexadecimal digits"))
    }
}

/// Longest half of an ssdeep hash.
pub(crate) const SSDEEP_HALF_BYTES_MAX: usize = 64;

/// ssdeep: `blocksize:hash:hash`, the block size three times a power of two. A file name behind is taken off.
pub(crate) fn ssdeep(text: &str) -> Result<String, Fault> {
    const FORM: Fault =
        Fault::Form("ssdeep is a block size and two hashes in base 64, with colons between");
    let text = text.split(',').next().unwrap_or(text);
    let mut parts = text.split(':');
    let (Some(size), Some(one), Some(two), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(FORM);
    };
    let half = |half: &str| {
        half.len() <= SSDEEP_HALF_BYTES_MAX
            && half
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    };
    let plain = !size.starts_with(['0', '+']) && size.len() <= 10;
    let size: u64 = size.parse().map_err(|_| FORM)?;
    let sized = size.is_multiple_of(3) && (size / 3).is_power_of_two();
    if plain && sized && half(one) && half(two) && !one.is_empty() {
        Ok(text.to_owned())
    } else {
        Err(FORM)
    }
}

/// The id of an extension: 16 bytes, with the letters a to p for hexadecimal digits.
pub(crate) fn chrome_extension(text: &str) -> Result<String, Fault> {
    let lower = text.to_ascii_lowercase();
    if lower.len() == 32 && lower.bytes().all(|byte| matches!(byte, b'a'..=b'p')) {
        Ok(lower)
    } else {
        Err(Fault::Form("an extension's id is 32 letters from a to p"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn piecewise_hashes() {
        let check = |text: &str, good: bool| assert_eq!(ssdeep(text).is_ok(), good, "{text}");
        check(
            "96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO",
            true,
        );
        check("3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C,\"a.txt\"", true);
        check("100:abcdefgh:abcdefgh", false);
        check("96:abc", false);
        check("12:30:45", true); // `parse` was told what it is; `extract` asks for more.
        let digits = "0".repeat(70);
        assert_eq!(tlsh(&digits), tlsh(&format!("t1{digits}")));
        assert!(tlsh("T1").is_err());
    }
}
