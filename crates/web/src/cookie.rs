//! Cookies, as far as we need them: three of our own, read strictly, written with every guard that
//! browsers know.

use http::{HeaderMap, HeaderValue, header};

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's secret.
    Session,
    /// A random text that tells one browser from another before anybody has signed in.
    Browser,
    /// The name of a notice for the next page.
    Flash,
}

/// How long a browser that never signs in is remembered, in seconds.
const BROWSER_S: u64 = 86_400;
/// How long a notice waits for its page, in seconds.
const FLASH_S: u64 = 60;
/// Longest value that is read, in bytes.
const VALUE_BYTES_MAX: usize = 256;

impl Cookie {
    /// Over TLS the name carries the prefix that makes browsers refuse the cookie from anywhere
    /// else: another subdomain, or plain HTTP (RFC 6265bis §4.1.3.2).
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-indelible",
            (Self::Session, false) => "indelible",
            (Self::Browser, true) => "__Host-indelible-browser",
            (Self::Browser, false) => "indelible-browser",
            (Self::Flash, true) => "__Host-indelible-flash",
            (Self::Flash, false) => "indelible-flash",
        }
    }

    /// Its value in a request. One that is sent twice is not believed: we never set two.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.name(secure);
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let value = found.next().filter(|_| found.next().is_none())?;
        let is_ours = (1..=VALUE_BYTES_MAX).contains(&value.len())
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        is_ours.then_some(value)
    }

    /// The header that sets it. A session's lasts as long as the server says.
    pub(crate) fn set(self, value: &str, max_age_s: Option<u64>, secure: bool) -> HeaderValue {
        let name = self.name(secure);
        let age = max_age_s.unwrap_or(match self {
            Self::Flash => FLASH_S,
            Self::Session | Self::Browser => BROWSER_S,
        });
        let guard = if secure { "; Secure" } else { "" };
        HeaderValue::try_from(format!(
            "{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{guard}"
        ))
        .expect("our values are letters and digits")
    }

    /// The header that takes it away.
    pub(crate) fn clear(self, secure: bool) -> HeaderValue {
        self.set("", Some(0), secure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str], secure: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        Cookie::Session.read(&headers, secure).map(str::to_owned)
    }

    // Over TLS only the guarded name counts: anybody on the network can set the bare one.
    #[test]
    fn only_our_own_cookie_is_believed() {
        let check = |lines: &[&str], secure, expected: Option<&str>| {
            assert_eq!(read(lines, secure).as_deref(), expected, "{lines:?}");
        };
        check(&["indelible=abc"], false, Some("abc"));
        check(&["a=b; indelible=abc; c=d"], false, Some("abc"));
        check(&["a=b", "indelible=abc"], false, Some("abc"));
        check(&["indelible=abc"], true, None);
        check(&["__Host-indelible=abc"], true, Some("abc"));
        check(&["indelible=abc; indelible=abd"], false, None);
        check(&["indelible="], false, None);
        check(&["indelible=a\"b"], false, None);
        check(&["xindelible=abc"], false, None);
        check(&[&format!("indelible={}", "x".repeat(257))], false, None);
    }

    #[test]
    fn a_cookie_is_set_with_every_guard() {
        assert_eq!(
            Cookie::Session.set("abc", Some(60), true),
            "__Host-indelible=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Cookie::Session.clear(false),
            "indelible=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }
}
