//! Whether a request that changes something comes from our own pages: what browsers say of it
//! (Fetch Metadata, and the `Origin` of RFC 6454), and where a sign-in may lead.

use http::{HeaderMap, HeaderName, header};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a browser says about where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// From our own pages, or typed by its reader.
    Ours,
    /// From another site.
    Other,
    /// Nothing: an old browser, or no browser.
    Nothing,
}

/// Reads what the browser says. `public` is our own origin, as the settings have it.
pub(crate) fn said(headers: &HeaderMap, public: Option<&str>, secure: bool) -> Said {
    if let Some(site) = headers.get(&SEC_FETCH_SITE) {
        return match site.as_bytes() {
            b"same-origin" | b"none" => Said::Ours,
            _ => Said::Other,
        };
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Said::Nothing;
    };
    let Ok(origin) = origin.to_str() else {
        return Said::Other;
    };
    let scheme = if secure { "https" } else { "http" };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let asked = host.map(|host| format!("{scheme}://{host}"));
    let is_ours = public.is_some_and(|public| public.eq_ignore_ascii_case(origin))
        || asked.is_some_and(|asked| asked.eq_ignore_ascii_case(origin));
    if is_ours { Said::Ours } else { Said::Other }
}

/// Longest address that a sign-in leads back to, in bytes.
const NEXT_BYTES_MAX: usize = 512;

/// A page of ours to go on to, or none: a text that a browser could read as another site's address
/// leads nowhere.
pub(crate) fn local_page(text: &str) -> Option<&str> {
    let is_local = text.len() <= NEXT_BYTES_MAX
        && text.starts_with('/')
        && !text.starts_with("//")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
    is_local.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_say_where_they_come_from() {
        let check = |pairs: &[(&str, &str)], secure, expected| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                let name: HeaderName = name.parse().unwrap();
                headers.insert(name, value.parse().unwrap());
            }
            let public = Some("https://ts.example.org");
            assert_eq!(said(&headers, public, secure), expected, "{pairs:?}");
        };
        check(&[], false, Said::Nothing);
        check(&[("sec-fetch-site", "same-origin")], true, Said::Ours);
        check(&[("sec-fetch-site", "none")], true, Said::Ours);
        check(&[("sec-fetch-site", "same-site")], true, Said::Other);
        check(&[("sec-fetch-site", "cross-site")], true, Said::Other);
        check(&[("origin", "https://ts.example.org")], true, Said::Ours);
        check(&[("origin", "null")], true, Said::Other);
        check(&[("origin", "https://evil.example")], true, Said::Other);
        let here = ("host", "127.0.0.1:8080");
        check(
            &[here, ("origin", "http://127.0.0.1:8080")],
            false,
            Said::Ours,
        );
        check(
            &[here, ("origin", "http://127.0.0.1:8080")],
            true,
            Said::Other,
        );
        check(
            &[here, ("origin", "http://127.0.0.1:8081")],
            false,
            Said::Other,
        );
        // What the browser itself says beats what a page could have arranged.
        check(
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://ts.example.org"),
            ],
            true,
            Said::Other,
        );
    }

    // A sign-in page that leads anywhere lends its good name to any other site.
    #[test]
    fn a_sign_in_leads_only_to_pages_of_ours() {
        let check =
            |text: &str, is_local| assert_eq!(local_page(text).is_some(), is_local, "{text}");
        check("/account", true);
        check("/admin/audit?q=a&before=7", true);
        for other in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\nb",
            "/a b",
            "/ü",
            "\\/evil.example",
        ] {
            check(other, false);
        }
        check(&format!("/{}", "x".repeat(512)), false);
    }
}
