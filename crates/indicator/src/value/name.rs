//! Names of hosts: domains below a public suffix, onion services.

use std::borrow::Cow;

use psl::Type;

use super::{DOMAIN_BYTES_MAX, Fault};

/// What a name of a host is, in its normal form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Domain(String),
    Onion(String),
}

/// Longest label (RFC 1035, §2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// A name below a public suffix, or of an onion service.
pub(crate) fn name(text: &str) -> Result<Named, Fault> {
    let name = ascii(text)?;
    let Some((above, top)) = name.rsplit_once('.') else {
        return Err(Fault::Form("a domain has at least two labels"));
    };
    if top == "onion" {
        return onion_label(above).map(|()| Named::Onion(name));
    }
    if top.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Form("the last label of a domain is not a number"));
    }
    let suffix = psl::suffix(name.as_bytes()).filter(psl::Suffix::is_known);
    let Some(suffix) = suffix else {
        return Err(Fault::Form("its last label is no public suffix"));
    };
    if suffix.as_bytes().len() == name.len() && suffix.typ() == Some(Type::Icann) {
        return Err(Fault::Form("it is a public suffix, and nobody's domain"));
    }
    // Underscores are for services and sloppy hosts, never in what a registry sells.
    let below = &name[..name.len() - suffix.as_bytes().len()];
    let registered = below.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    if registered.contains('_') {
        return Err(Fault::Form("no registry gives names with underscores"));
    }
    Ok(Named::Domain(name))
}

/// The name of an onion service, with what stands before it.
pub(crate) fn onion(text: &str) -> Result<String, Fault> {
    match name(text)? {
        Named::Onion(onion) => Ok(onion),
        Named::Domain(_) => Err(Fault::Form("it does not end in .onion")),
    }
}

/// The label before `.onion`: version 2 had 16 letters of base 32, version 3 has 56.
fn onion_label(above: &str) -> Result<(), Fault> {
    let label = above.rsplit('.').next().unwrap_or(above);
    let base32 = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'2'..=b'7');
    if matches!(label.len(), 16 | 56) && label.bytes().all(base32) {
        Ok(())
    } else {
        Err(Fault::Form(
            "an onion service has 16 or 56 letters of base 32",
        ))
    }
}

/// Whether a last label can be one: a word of the list of public suffixes.
pub(crate) fn is_top(label: &[u8]) -> bool {
    let mut lower = [0; 24];
    let Some(lower) = lower.get_mut(..label.len()) else {
        return label.len() <= LABEL_BYTES_MAX && psl_knows(&label.to_ascii_lowercase());
    };
    lower.copy_from_slice(label);
    lower.make_ascii_lowercase();
    psl_knows(lower)
}

fn psl_knows(label: &[u8]) -> bool {
    psl::suffix(label).is_some_and(|suffix| suffix.is_known())
}

/// Lower case, in the ASCII form of IDNA, without the final dot; checked label by label.
pub(crate) fn ascii(text: &str) -> Result<String, Fault> {
    let text = text.strip_suffix('.').unwrap_or(text);
    // Four bytes a character at most, and no letter is shorter as punycode.
    if text.len() > 4 * DOMAIN_BYTES_MAX {
        return Err(Fault::TooLong(DOMAIN_BYTES_MAX));
    }
    let name = if text.is_ascii() && !has_punycode(text) {
        text.to_ascii_lowercase()
    } else {
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY)
            .map(Cow::into_owned);
        ascii.map_err(|_| Fault::Form("it is no internationalised name"))?
    };
    if name.len() > DOMAIN_BYTES_MAX {
        return Err(Fault::TooLong(DOMAIN_BYTES_MAX));
    }
    for label in name.split('.') {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if label.is_empty() || label.len() > LABEL_BYTES_MAX || !label.bytes().all(inner) {
            return Err(Fault::Form(
                "a label is 1 to 63 letters, digits and hyphens",
            ));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(Fault::Form("no label begins or ends with a hyphen"));
        }
    }
    Ok(name)
}

/// Whether a label says that it is punycode, which must then be well formed.
fn has_punycode(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|four| four.eq_ignore_ascii_case(b"xn--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_stand_below_public_suffixes() {
        let check = |text: &str, expected: Option<&str>| {
            let found = name(text).ok().map(|named| match named {
                Named::Domain(name) | Named::Onion(name) => name,
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("Evil.Example.COM.", Some("evil.example.com"));
        check("bücher.de", Some("xn--bcher-kva.de"));
        check("xn--bcher-kva.de", Some("xn--bcher-kva.de"));
        check("пример.рф", Some("xn--e1afmkfd.xn--p1ai"));
        check("_dmarc.example.org", Some("_dmarc.example.org"));
        check("evil.github.io", Some("evil.github.io"));
        check("github.io", Some("github.io"));
        check("a.co.uk", Some("a.co.uk"));
        check("expyuzz4wqqyqhjn.onion", Some("expyuzz4wqqyqhjn.onion"));
        for wrong in [
            "co.uk",
            "com",
            "evil.exe",
            "a_b.com",
            "-a.com",
            "a-.com",
            "a..com",
            "1.2.3.4",
            "evil.notatld",
            "short.onion",
            "xn--a.com",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn last_labels_are_known() {
        for top in ["com", "DE", "рф", "photography"] {
            assert!(is_top(top.as_bytes()), "{top}");
        }
        for top in ["exe", "notatld", ""] {
            assert!(!is_top(top.as_bytes()), "{top}");
        }
    }
}
