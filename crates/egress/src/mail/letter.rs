//! One letter as it travels: RFC 5322 with MIME.

use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

/// Whose name and address stand in From.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name, if there is one.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// A letter to one person.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// From whom.
    pub from: &'a Sender,
    /// To whom.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// The words as plain text.
    pub text: &'a str,
    /// The same words as HTML.
    pub html: Option<&'a str>,
    /// Left of the at sign in Message-ID; the same in every attempt, so that a copy is known as one.
    pub id: &'a str,
    /// When it was written, in microseconds since 1970.
    pub at_us: i64,
}

/// Whether mail can be addressed to this text.
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

impl Letter<'_> {
    pub(super) fn message(&self) -> Result<lettre::Message, String> {
        let address = |text: &str| {
            text.parse::<Address>()
                .map_err(|why| format!("{text:?} is no address: {why}"))
        };
        let from = Mailbox::new(self.from.name.clone(), address(&self.from.address)?);
        let domain = from.email.domain().to_owned();
        let at = Duration::from_micros(u64::try_from(self.at_us).unwrap_or(0));
        let builder = lettre::Message::builder()
            .from(from)
            .to(Mailbox::new(None, address(self.to)?))
            .subject(self.subject)
            .date(UNIX_EPOCH + at)
            .message_id(Some(format!("<{}@{domain}>", self.id)))
            // Out-of-office answers and mailing lists must leave it alone (RFC 3834 §5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ));
        let text = SinglePart::plain(self.text.to_owned());
        let message = match self.html {
            Some(html) => builder.multipart(
                MultiPart::alternative()
                    .boundary(format!("={}=", self.id))
                    .singlepart(text)
                    .singlepart(SinglePart::html(html.to_owned())),
            ),
            None => builder.singlepart(text),
        };
        message.map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_the_headers_that_it_needs() {
        let from = Sender {
            name: Some("Grüße, Ltd.".into()),
            address: "log@example.org".into(),
        };
        let letter = Letter {
            from: &from,
            to: "ada@example.com",
            subject: "Eins\r\nBcc: eve@example.net",
            text: "Grüße",
            html: Some("<p>Grüße</p>"),
            id: "0123abcd",
            at_us: 1_795_270_059_000_000,
        };
        let message = letter.message().unwrap();
        let bytes = String::from_utf8(message.formatted()).unwrap();
        for line in [
            "Date: Sat, 21 Nov 2026 14:07:39 +0000\r\n",
            "Message-ID: <0123abcd@example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            "To: ada@example.com\r\n",
            "Content-Type: multipart/alternative;",
            "boundary=\"=0123abcd=\"",
        ] {
            assert!(bytes.contains(line), "{line:?} is missing in\n{bytes}");
        }
        // A subject with a line break must not become a header.
        assert!(!bytes.contains("\nBcc:"), "{bytes}");
        assert_eq!(message.envelope().to().len(), 1);
        // The second attempt is the same letter, byte for byte.
        assert_eq!(bytes.as_bytes(), letter.message().unwrap().formatted());

        let bad = Letter {
            to: "nobody",
            ..letter
        };
        assert!(bad.message().unwrap_err().contains("no address"));
    }
}
