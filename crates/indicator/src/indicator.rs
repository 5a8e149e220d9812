//! An indicator: a kind and a value in its normal form; reading one from a text that holds nothing else.

use std::borrow::Cow;
use std::fmt;

use crate::clean::Clean;
use crate::defang::defang;
use crate::kind::{Kind, KindSet};
use crate::value::{self, Fault, FileEnding, Scheme};

/// Longest text that [`parse`] and [`detect`] look at, in bytes.
pub const VALUE_BYTES_MAX: usize = 4 * value::URL_BYTES_MAX;

/// A kind and a value in its normal form. Two indicators are the same exactly when they are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Indicator {
    kind: Kind,
    value: String,
}

impl Indicator {
    /// A value that is known to be normal.
    pub(crate) fn new(kind: Kind, value: String) -> Self {
        Self { kind, value }
    }

    /// A value that was in its normal form when it was written down. [`parse`] would undo defanging
    /// that is part of it.
    pub fn from_stored(kind: Kind, value: String) -> Self {
        Self { kind, value }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The normal form: what sources are asked for. Show [`Indicator::defanged`] to people.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The value without the kind.
    pub fn into_value(self) -> String {
        self.value
    }

    /// The form that nobody follows by accident.
    pub fn defanged(&self) -> Cow<'_, str> {
        defang(self.kind, &self.value)
    }
}

impl fmt::Display for Indicator {
    /// Prints the value defanged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.defanged())
    }
}

/// A text that is no value of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no {}: {fault}", kind.title())]
pub struct ParseError {
    /// What was asked for.
    pub kind: Kind,
    /// Why it is none.
    pub fault: Fault,
}

/// Undoes defanging of a single value: `hxxps[:]//evil[.]com` is `https://evil.com`.
///
/// Blanks around are taken off, and schemes get their real names. It makes no sense of the value: [`parse`] does.
pub fn refang(text: &str) -> String {
    let text = text.trim();
    let mut clean = Clean::default();
    clean.clean(text.as_bytes(), 0..text.len());
    let text = String::from_utf8(clean.bytes).unwrap_or_else(|_| text.to_owned());
    match text.split_once("://") {
        Some((word, rest)) => match Scheme::of(word.as_bytes()) {
            Some(scheme) if scheme.defanged => format!("{}://{rest}", scheme.name),
            _ => text,
        },
        None => text,
    }
}

/// Reads one value of a kind, defanged or not, and brings it into its normal form.
///
/// # Errors
///
/// When the text is no value of the kind, with the reason; always when it has more than [`VALUE_BYTES_MAX`] bytes.
pub fn parse(kind: Kind, text: &str) -> Result<Indicator, ParseError> {
    let failed = |fault| ParseError { kind, fault };
    let text = text.trim();
    if text.len() > VALUE_BYTES_MAX {
        return Err(failed(Fault::TooLong(VALUE_BYTES_MAX)));
    }
    let value = if kind.is_live() || kind == Kind::Filename {
        value::normal(kind, &refang(text))
    } else {
        value::normal(kind, text)
    };
    Ok(Indicator::new(kind, value.map_err(failed)?))
}

/// In which order kinds are tried: those that say most about themselves come first.
const BY_CERTAINTY: [Kind; 22] = [
    Kind::Url,
    Kind::Email,
    Kind::Cidr,
    Kind::Ipv4,
    Kind::Ipv6,
    Kind::Mac,
    Kind::Md5,
    Kind::Sha1,
    Kind::Sha256,
    Kind::Sha512,
    Kind::Jarm,
    Kind::Tlsh,
    Kind::Ssdeep,
    Kind::Cve,
    Kind::AttackTechnique,
    Kind::RegistryKey,
    Kind::Bitcoin,
    Kind::Ethereum,
    Kind::ChromeExtension,
    Kind::Onion,
    Kind::Domain,
    Kind::Phone,
];

/// What a text that holds one value most likely is.
///
/// A hash of 32 digits is an MD5, never JA3 or an imphash: only its surroundings could say so. [`fitting`] lists them.
pub fn detect(text: &str) -> Option<Indicator> {
    let text = text.trim();
    let found = BY_CERTAINTY
        .into_iter()
        .find_map(|kind| match parse(kind, text) {
            // A file's name is no domain, though somebody could sell it as one.
            Ok(found) if kind == Kind::Domain && names_a_file(found.value()) => None,
            Ok(found) => Some(found),
            Err(_) => None,
        });
    found.or_else(|| guessed(text))
}

/// Whether a name ends as files do: certainly, or likely with nothing between name and ending.
fn names_a_file(name: &str) -> bool {
    let ending = name
        .rsplit_once('.')
        .and_then(|(before, last)| Some((before, value::is_ending(last.as_bytes())?)));
    match ending {
        Some((_, FileEnding::Certain)) => true,
        Some((before, FileEnding::Doubtful)) => !before.contains('.'),
        None => false,
    }
}

/// Kinds whose values could be almost anything.
fn guessed(text: &str) -> Option<Indicator> {
    let upper = text
        .get(..2)
        .is_some_and(|two| two.eq_ignore_ascii_case("AS"));
    if upper && let Ok(asn) = parse(Kind::Asn, text) {
        return Some(asn);
    }
    let kind = if text.starts_with("Mozilla/") {
        Kind::UserAgent
    } else if text.starts_with(r"Global\") || text.starts_with(r"Local\") {
        Kind::Mutex
    } else {
        let (_, ending) = text.rsplit_once('.')?;
        value::is_ending(ending.as_bytes())?;
        Kind::Filename
    };
    parse(kind, text).ok()
}

/// Every kind that the text could be a value of.
///
/// File names, mutexes and user agents may be almost anything; they are in the set only when [`detect`] would say so.
pub fn fitting(text: &str) -> KindSet {
    let free = [Kind::Filename, Kind::Mutex, Kind::UserAgent];
    let fits = |kind: &Kind| !free.contains(kind) && parse(*kind, text).is_ok();
    let mut fitting: KindSet = Kind::ALL.into_iter().filter(fits).collect();
    if let Some(best) = detect(text) {
        fitting = fitting.with(best.kind());
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_what_it_is() {
        let check = |text: &str, kind: Kind, value: &str| {
            let found = detect(text).unwrap_or_else(|| panic!("{text} is nothing"));
            assert_eq!((found.kind(), found.value()), (kind, value), "{text}");
        };
        check("hxxps[:]//Evil[.]com/a", Kind::Url, "https://evil.com/a");
        check(" evil[.]example[.]com ", Kind::Domain, "evil.example.com");
        check("192[.]0[.]2[.]1", Kind::Ipv4, "192.0.2.1");
        check("192.0.2.7/24", Kind::Cidr, "192.0.2.0/24");
        check("2001[:]DB8[:][:]1", Kind::Ipv6, "2001:db8::1");
        check("me [at] example [dot] com", Kind::Email, "me@example.com");
        check(
            "D41D8CD98F00B204E9800998ECF8427E",
            Kind::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
        );
        check("cve-2021-44228", Kind::Cve, "CVE-2021-44228");
        check("as13335", Kind::Asn, "AS13335");
        check("invoice.pdf.exe", Kind::Filename, "invoice.pdf.exe");
        check("invoice.zip", Kind::Filename, "invoice.zip");
        check(
            "expyuzz4wqqyqhjn[.]onion",
            Kind::Onion,
            "expyuzz4wqqyqhjn.onion",
        );
        check("+49 30 901820", Kind::Phone, "+4930901820");
        check(
            r"HKCU\Software\Evil",
            Kind::RegistryKey,
            r"HKEY_CURRENT_USER\Software\Evil",
        );
        for nothing in ["", "hello", "12", "a b c", "evil.notatld"] {
            assert_eq!(detect(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn all_that_fits_is_told() {
        let md5 = fitting("d41d8cd98f00b204e9800998ecf8427e");
        for kind in [Kind::Md5, Kind::Ja3, Kind::Imphash] {
            assert!(md5.has(kind), "{kind}");
        }
        assert!(!md5.has(Kind::Sha1) && !md5.has(Kind::Filename));
        assert!(fitting("invoice.zip").has(Kind::Domain));
    }

    #[test]
    fn an_error_names_kind_and_reason() {
        let error = parse(Kind::Domain, "evil.exe").unwrap_err();
        assert_eq!(
            error.to_string(),
            "this is no domain: its last label is no public suffix"
        );
    }
}
