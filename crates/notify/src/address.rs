//! Where words go: a channel, and an address that has its form.

use std::fmt;

/// Longest mail address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAIL_BYTES_MAX: usize = 254;
/// Longest part before the at sign, in bytes (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest label of a domain, in bytes (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// Fewest and most digits of a phone number (E.164; no country has shorter ones in use).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Longest address of a push service, in bytes.
const PUSH_BYTES_MAX: usize = 512;

/// A way on which words travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Mail by SMTP.
    Mail,
    /// Short messages to a phone.
    Sms,
    /// Messages to a device or a chat room.
    Push,
}

impl Channel {
    /// All of them, in the order of the pages.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Sms, Self::Push];

    /// As rows have it: never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
            Self::Push => "push",
        }
    }

    /// The channel of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Somebody's address on one channel, well-formed. Whether anybody is there only a delivery tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    channel: Channel,
    text: String,
}

/// What is wrong with an address, in words for whoever wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// No mail address.
    #[error("not an e-mail address, such as ada@example.org")]
    Mail,
    /// No phone number.
    #[error("not a phone number with its country's code, such as +49 30 1234567")]
    Phone,
    /// Nothing that a push service could know.
    #[error("not an address of a push service: 1 to 512 visible characters without spaces")]
    Push,
}

impl Address {
    /// A mail address: a plain local part (RFC 5322's dot-atom, or UTF-8 by RFC 6531) and a domain.
    /// Quoted local parts and address literals, which nobody has, are refused.
    pub fn mail(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(BadAddress::Mail)?;
        let good = text.len() <= MAIL_BYTES_MAX
            && local.len() <= LOCAL_BYTES_MAX
            && local.split('.').all(is_atom)
            && domain.contains('.')
            && domain.split('.').all(is_label);
        // A machine has no dot in its name: `root@localhost` is for tests and small networks.
        let good = good || (domain == "localhost" && local.split('.').all(is_atom));
        if !good {
            return Err(BadAddress::Mail);
        }
        Ok(Self {
            channel: Channel::Mail,
            text: text.to_owned(),
        })
    }

    /// A phone number in international form; spaces, hyphens, dots and brackets are left out.
    pub fn phone(text: &str) -> Result<Self, BadAddress> {
        let text: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'))
            .collect();
        let digits = text.strip_prefix('+').ok_or(BadAddress::Phone)?;
        let good = PHONE_DIGITS.contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if !good {
            return Err(BadAddress::Phone);
        }
        Ok(Self {
            channel: Channel::Sms,
            text,
        })
    }

    /// Whatever the push service calls its devices and rooms.
    pub fn push(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let good = (1..=PUSH_BYTES_MAX).contains(&text.len())
            && text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        if !good {
            return Err(BadAddress::Push);
        }
        Ok(Self {
            channel: Channel::Push,
            text: text.to_owned(),
        })
    }

    /// An address that was checked before it was stored.
    pub fn from_stored(channel: Channel, text: String) -> Self {
        Self { channel, text }
    }

    /// The way to it.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// As the transport needs it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// RFC 5322 §3.2.3, with the characters that RFC 6531 adds.
fn is_atom(text: &str) -> bool {
    let is_good = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
    };
    !text.is_empty() && text.chars().all(is_good)
}

fn is_label(text: &str) -> bool {
    let is_good =
        |c: char| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric());
    (1..=LABEL_BYTES_MAX).contains(&text.len())
        && text.chars().all(is_good)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    // An address with a line break would write headers of its own, one with a space a second
    // recipient.
    #[test]
    fn only_what_has_the_form_is_an_address() {
        let check = |made: Result<Address, BadAddress>, expected: Result<&str, BadAddress>| {
            let made = made.as_ref().map(Address::as_str).map_err(|error| *error);
            assert_eq!(made, expected);
        };
        for good in [
            "ada@example.org",
            "ada+tag@mail.example.org",
            "o'hara@example.org",
            "jürgen@müller.example",
            "root@localhost",
        ] {
            check(Address::mail(good), Ok(good));
        }
        check(Address::mail("  ada@example.org\n"), Ok("ada@example.org"));
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "ada @example.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada@example.org, eve@example.org",
            "<ada@example.org>",
            "a..b@example.org",
            ".a@example.org",
            "ada@-example.org",
            "ada@exam_ple.org",
            "ada@example..org",
            &long,
        ] {
            check(Address::mail(bad), Err(BadAddress::Mail));
        }
        check(Address::phone("+49 (30) 123-4567"), Ok("+49301234567"));
        for bad in [
            "",
            "0301234567",
            "+49",
            "+0301234567",
            "+4930123456789012",
            "+49x301234",
        ] {
            check(Address::phone(bad), Err(BadAddress::Phone));
        }
        check(Address::push("device:1/ö"), Ok("device:1/ö"));
        for bad in ["", "a b", "a\u{0}b", &"x".repeat(513)] {
            check(Address::push(bad), Err(BadAddress::Push));
        }
    }
}
