//! Addresses of mail: RFC 5321's `local-part@domain`, as people have them.

use super::name::{Named, name};
use super::{Fault, ipv4};

/// Longest local part (RFC 5321, §4.5.3.1.1).
pub(crate) const LOCAL_BYTES_MAX: usize = 64;

/// The domain in its normal form, the local part as it was written: only its host may say that case is nothing.
pub(crate) fn mail(text: &str) -> Result<String, Fault> {
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, host) = text
        .rsplit_once('@')
        .ok_or(Fault::Form("an address of mail has an @"))?;
    if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
        return Err(Fault::Form("what stands before the @ is 1 to 64 bytes"));
    }
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if dots || !local.bytes().all(is_atom) {
        return Err(Fault::Form("what stands before the @ is no local part"));
    }
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match literal {
        Some(address) => format!("[{}]", ipv4(address)?),
        None => match name(host)? {
            Named::Domain(name) | Named::Onion(name) => name,
        },
    };
    Ok(format!("{local}@{host}"))
}

/// Whether a byte may stand in a local part: `atext` of RFC 5322, the dot, and everything beyond ASCII (RFC 6532).
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(mail(text).ok().as_deref(), expected, "{text}");
        };
        check("Max.Muster+x@Example.COM", Some("Max.Muster+x@example.com"));
        check("mailto:a@bücher.de", Some("a@xn--bcher-kva.de"));
        check("a@[192.0.2.1]", Some("a@[192.0.2.1]"));
        for wrong in [
            "a@b",
            "@example.com",
            ".a@example.com",
            "a b@example.com",
            "a@evil.exe",
        ] {
            check(wrong, None);
        }
    }
}
