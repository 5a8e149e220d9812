//! Numbers with a word before them: autonomous systems, vulnerabilities, telephones, techniques.

use super::Fault;

/// `AS13335`; read as `AS 13335`, `ASN13335` or the bare number.
pub(crate) fn asn(text: &str) -> Result<String, Fault> {
    const FORM: Fault = Fault::Form("an autonomous system is AS and a number up to 4294967295");
    let upper = text.to_ascii_uppercase();
    let digits = upper
        .strip_prefix("ASN")
        .or_else(|| upper.strip_prefix("AS"))
        .unwrap_or(&upper)
        .trim_start_matches([' ', ':', '#']);
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FORM);
    }
    let number: u32 = digits.parse().map_err(|_| FORM)?;
    Ok(format!("AS{number}"))
}

/// `CVE-2021-44228`; a dash of typesetters or an underscore stands for the hyphen.
pub(crate) fn cve(text: &str) -> Result<String, Fault> {
    const FORM: Fault =
        Fault::Form("a vulnerability is CVE, a year and a number of four digits or more");
    let plain: String = text
        .chars()
        .map(|letter| match letter {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | ' ' => '-',
            other => other.to_ascii_uppercase(),
        })
        .collect();
    let rest = plain.strip_prefix("CVE-").ok_or(FORM)?;
    let (year, number) = rest.split_once('-').ok_or(FORM)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let dated = year.len() == 4 && matches!(year.as_bytes(), [b'1', b'9', ..] | [b'2', b'0', ..]);
    if dated && digits(year) && (4..=10).contains(&number.len()) && digits(number) {
        Ok(plain)
    } else {
        Err(FORM)
    }
}

/// `T1059` or `T1059.001`.
pub(crate) fn technique(text: &str) -> Result<String, Fault> {
    const FORM: Fault =
        Fault::Form("a technique is T and four digits, with a dot and three more below it");
    let upper = text.to_ascii_uppercase();
    let digits = upper.strip_prefix('T').ok_or(FORM)?;
    let (number, sub) = match digits.split_once('.') {
        Some((number, sub)) => (number, Some(sub)),
        None => (digits, None),
    };
    let all = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if all(number, 4) && sub.is_none_or(|sub| all(sub, 3)) {
        Ok(upper)
    } else {
        Err(FORM)
    }
}

/// Countries' codes of two digits; 1 and 7 have one digit, all others three (ITU-T E.164, annex).
const TWO: [u8; 42] = [
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94,
];

/// A telephone number with the code of its country: `+12025550147`.
pub(crate) fn phone(text: &str) -> Result<String, Fault> {
    const FORM: Fault = Fault::Form("a telephone number is + and 8 to 15 digits");
    let rest = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    let mut number = String::from("+");
    for byte in rest.ok_or(FORM)?.bytes() {
        match byte {
            b'0'..=b'9' if number.len() < 16 => number.push(char::from(byte)),
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {}
            _ => return Err(FORM),
        }
    }
    let digits = &number.as_bytes()[1..];
    let [first, second, third, ..] = *digits else {
        return Err(FORM);
    };
    let two = (first & 15) * 10 + (second & 15);
    let three_begin = matches!(two, 21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96..=99);
    let _ = third;
    let coded = matches!(first, b'1' | b'7')
        || TWO.contains(&two)
        || (two == 95 || two == 98)
        || three_begin;
    if (8..=15).contains(&digits.len()) && coded {
        Ok(number)
    } else {
        Err(FORM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(asn("asn 13335").as_deref(), Ok("AS13335"));
        assert_eq!(asn("AS4294967295").as_deref(), Ok("AS4294967295"));
        assert!(asn("AS4294967296").is_err());
        assert_eq!(cve("cve–2021‑44228").as_deref(), Ok("CVE-2021-44228"));
        assert!(cve("CVE-2021-123").is_err());
        assert_eq!(technique("t1059.001").as_deref(), Ok("T1059.001"));
        assert!(technique("T1059.01").is_err());
        assert_eq!(phone("+1 (202) 555-0147").as_deref(), Ok("+12025550147"));
        assert_eq!(phone("0049 30 901820").as_deref(), Ok("+4930901820"));
        assert!(phone("+0 1234 5678").is_err());
        assert!(phone("+1234").is_err());
    }
}
