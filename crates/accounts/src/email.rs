//! E-mail addresses: which texts are one, and which two are the same.

/// An e-mail address as its owner wrote it, and the key under which it is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    text: String,
    key: String,
}

/// Why a text is not taken as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// RFC 5321 §4.5.3.1.3 allows 254 octets between the angle brackets.
    #[error("an e-mail address has at most 254 characters")]
    TooLong,
    /// It has no `@` with something on both sides.
    #[error("an e-mail address looks like name@example.org")]
    Shape,
    /// A blank, a control character or a quoted name: nothing that a mail client would offer.
    #[error("the part before the @ has characters that we do not take")]
    Local,
    /// The part after the `@` is no domain name (IDNA 2008, UTS 46).
    #[error("the part after the @ is not a domain name")]
    Domain,
}

/// RFC 5321 §4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;

impl Email {
    /// Reads an address. Blanks around it are dropped. The domain is compared in its ASCII form
    /// (IDNA), the name before it without case: no provider of this century tells `Eve` from `eve`,
    /// and two accounts that look alike help only those who want to be mistaken.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > 254 {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(EmailError::Shape);
        }
        let dotted_well = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if local.len() > LOCAL_BYTES_MAX || !dotted_well || !local.chars().all(is_local) {
            return Err(EmailError::Local);
        }
        let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::Domain)?;
        let numbers_only = ascii
            .split('.')
            .next_back()
            .is_none_or(|top| top.is_empty() || top.bytes().all(|byte| byte.is_ascii_digit()));
        if numbers_only {
            return Err(EmailError::Domain);
        }
        let key = format!("{}@{ascii}", unicode_normalization_of(local));
        Ok(Self {
            text: format!("{local}@{ascii}"),
            key,
        })
    }

    /// As its owner wrote it, with the domain in ASCII: what mail is sent to and pages show.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form that is unique among accounts.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// `atext` of RFC 5322 §3.2.3, dots, and letters of other scripts (RFC 6531).
fn is_local(letter: char) -> bool {
    letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter)
}

fn unicode_normalization_of(local: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    local.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_compared() {
        let key = |text: &str| Email::parse(text).map(|email| email.key().to_owned());
        assert_eq!(key(" Eve@Example.ORG ").as_deref(), Ok("eve@example.org"));
        assert_eq!(
            key("eve+tag@example.org").as_deref(),
            Ok("eve+tag@example.org")
        );
        assert_eq!(
            key("jörg@Bücher.example").as_deref(),
            Ok("jörg@xn--bcher-kva.example")
        );
        assert_eq!(key("root@localhost").as_deref(), Ok("root@localhost"));
        for (text, error) in [
            ("", EmailError::Shape),
            ("eve", EmailError::Shape),
            ("@example.org", EmailError::Shape),
            ("eve@", EmailError::Shape),
            ("e ve@example.org", EmailError::Local),
            ("eve\r\nbcc: all@example.org", EmailError::Local),
            ("\"eve\"@example.org", EmailError::Local),
            (".eve@example.org", EmailError::Local),
            ("eve@exam ple.org", EmailError::Domain),
            ("eve@-example.org", EmailError::Domain),
            ("eve@[127.0.0.1]", EmailError::Domain),
            ("eve@127.0.0.1", EmailError::Domain),
            ("eve@example..org", EmailError::Domain),
        ] {
            assert_eq!(key(text), Err(error), "{text:?}");
        }
        assert_eq!(
            key(&format!("{}@example.org", "a".repeat(65))),
            Err(EmailError::Local)
        );
        assert_eq!(
            key(&format!("a@{}", "example.".repeat(40))),
            Err(EmailError::TooLong)
        );
    }
}
