//! An indicator as people see it: defanged, copied defanged, and linked to what is known of it here.

use std::fmt::Write as _;

use indicator::extract::Options;
use indicator::{Indicator, defang, extract};

/// Longest text that is looked through for live values, in bytes; what is longer is shown as it is.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// An indicator on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value(pub Indicator);

impl Value {
    /// The form that nobody follows by accident.
    pub(crate) fn shown(&self) -> String {
        self.0.defanged().into_owned()
    }

    /// The form that sources are asked for.
    pub(crate) fn plain(&self) -> &str {
        self.0.value()
    }

    /// Its kind in words.
    pub(crate) fn title(&self) -> &'static str {
        self.0.kind().title()
    }

    /// Its kind on the wire.
    pub(crate) fn wire(&self) -> &'static str {
        self.0.kind().wire()
    }

    /// Whether it is shown otherwise than it is.
    pub(crate) fn is_defanged(&self) -> bool {
        self.0.kind().is_live()
    }

    /// What is known of it here.
    pub(crate) fn page(&self) -> String {
        format!("/desk/indicators/{}/{}", self.wire(), segment(self.plain()))
    }

    /// As a form's field has it.
    pub(crate) fn field(&self) -> String {
        format!("{} {}", self.wire(), self.plain())
    }

    /// Reads [`Self::field`].
    pub(crate) fn of_field(text: &str) -> Option<Self> {
        let (kind, value) = text.split_once(' ')?;
        let kind = kind.parse().ok()?;
        indicator::parse(kind, value).ok().map(Self)
    }
}

/// A text as one segment of an address: a slash in it stays within the segment.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A text that somebody else wrote, with every live value in it defanged.
pub(crate) fn shown_text(text: &str) -> String {
    if text.len() > TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let options = Options {
        parts: false,
        ..Options::default()
    };
    let mut out = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for found in extract(text, options) {
        let is_new = found.at.start >= done && found.kind.is_live();
        if is_new && let Some(raw) = text.get(found.at.clone()) {
            out.push_str(&text[done..found.at.start]);
            // What the text defanged itself stays as it was written.
            if found.defanged {
                out.push_str(raw);
            } else {
                out.push_str(&defang(found.kind, &found.value));
            }
            done = found.at.end;
        }
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: &str, text: &str) -> Value {
        Value(indicator::parse(kind.parse().unwrap(), text).unwrap())
    }

    // A URL has slashes, and its page has one address.
    #[test]
    fn a_value_is_one_segment_and_reads_back_from_its_field() {
        let url = value("URL", "https://evil.example.com/a?b=c d");
        assert_eq!(
            url.page(),
            "/desk/indicators/URL/https%3A%2F%2Fevil.example.com%2Fa%3Fb%3Dc%2520d"
        );
        assert_eq!(Value::of_field(&url.field()), Some(url));
        assert_eq!(Value::of_field("URL"), None);
        assert_eq!(Value::of_field("NOTHING a"), None);
        assert_eq!(Value::of_field("IPV4 300.1.1.1"), None);
    }

    // An analyst who copies a line out of a page must not carry a live link into a ticket.
    #[test]
    fn what_others_wrote_is_shown_defanged() {
        let check = |text: &str, expected: &str| assert_eq!(shown_text(text), expected);
        check("nothing here", "nothing here");
        check(
            "seen at https://evil.example.com/a, from 192.0.2.7.",
            "seen at hxxps[://]evil[.]example[.]com/a, from 192[.]0[.]2[.]7.",
        );
        check(
            "already evil[.]example[.]com",
            "already evil[.]example[.]com",
        );
        check(
            r#"{"host":"evil.example.com","n":1.5}"#,
            r#"{"host":"evil[.]example[.]com","n":1.5}"#,
        );
    }
}
