//! Which form of an answer a request wants: RFC 9110 §12.5.1.

use http::{HeaderMap, header};

/// A form that an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Cbor,
    /// A page for people.
    Html,
    /// Server-sent events.
    Events,
    /// Plain text.
    Text,
    /// Bytes that only programs read.
    Bytes,
}

impl Format {
    fn types(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Json => &[("application", "json"), ("application", "problem+json")],
            Self::Cbor => &[("application", "cbor")],
            Self::Html => &[("text", "html"), ("application", "xhtml+xml")],
            Self::Events => &[("text", "event-stream")],
            Self::Text => &[("text", "plain")],
            Self::Bytes => &[("application", "octet-stream")],
        }
    }

    /// The value of `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Cbor => "application/cbor",
            Self::Html => "text/html; charset=utf-8",
            Self::Events => "text/event-stream",
            Self::Text => "text/plain; charset=utf-8",
            Self::Bytes => "application/octet-stream",
        }
    }
}

/// The format that suits the request best, of `offers` in our order of preference; `None` when
/// none is acceptable. Nothing said, or only nonsense, means that anything will do.
pub(crate) fn negotiate(headers: &HeaderMap, offers: &[Format]) -> Option<Format> {
    let mut lines = headers.get_all(header::ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return offers.first().copied();
    }
    // The hot path: one plain type that we offer.
    let accept: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    if accept.iter().all(|line| line.trim().is_empty()) {
        return offers.first().copied();
    }
    // Among equals, the one named more exactly wins, then our own order.
    let mut best: Option<(Format, (u16, u8))> = None;
    for offer in offers {
        let rank = accept
            .iter()
            .flat_map(|line| line.split(','))
            .take(RANGES_MAX)
            .filter_map(|range| match_range(range, *offer))
            .max_by_key(|(_, exactness)| *exactness);
        if let Some((quality @ 1.., exactness)) = rank
            && best.is_none_or(|(_, top)| (quality, exactness) > top)
        {
            best = Some((*offer, (quality, exactness)));
        }
    }
    best.map(|(format, _)| format)
}

/// Most ranges that are read of an `Accept` header; nobody means more.
const RANGES_MAX: usize = 64;

/// The quality in thousandths (0 to 1,000) and the exactness (0 to 2) with which a media range
/// covers `format`; `None` when it does not, or cannot be read.
fn match_range(range: &str, format: Format) -> Option<(u16, u8)> {
    let mut parts = range.split(';');
    let (main, sub) = parts.next()?.trim().split_once('/')?;
    let exactness = match (main.trim(), sub.trim()) {
        ("*", "*") => 0,
        (main, "*") if format.types()[0].0.eq_ignore_ascii_case(main) => 1,
        (main, sub)
            if format
                .types()
                .iter()
                .any(|(m, s)| m.eq_ignore_ascii_case(main) && s.eq_ignore_ascii_case(sub)) =>
        {
            2
        }
        _ => return None,
    };
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(Some(1000), |(_, value)| quality(value.trim()))?;
    Some((quality, exactness))
}

/// `qvalue` of RFC 9110 §12.4.2, in thousandths.
fn quality(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Format::{Cbor, Events, Html, Json};

    #[test]
    fn accept() {
        let check = |accept: Option<&str>, offers: &[Format], expected: Option<Format>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(negotiate(&headers, offers), expected, "{accept:?}");
        };
        let both = [Json, Cbor];
        check(None, &both, Some(Json));
        check(None, &[Cbor, Json], Some(Cbor));
        check(Some(""), &both, Some(Json));
        check(Some("*/*"), &both, Some(Json));
        check(Some("*/*"), &[Cbor, Json], Some(Cbor));
        check(Some("application/*"), &[Cbor, Json], Some(Cbor));
        check(Some("application/json"), &[Cbor, Json], Some(Json));
        check(Some("APPLICATION/CBOR"), &both, Some(Cbor));
        check(
            Some("application/json;q=0.5, application/cbor"),
            &both,
            Some(Cbor),
        );
        check(
            Some("application/json;q=0.5,application/cbor;q=0.4"),
            &both,
            Some(Json),
        );
        check(Some("application/cbor, */*;q=0.1"), &both, Some(Cbor));
        check(Some("*/*, application/json;q=0"), &both, Some(Cbor));
        check(Some("application/json; charset=utf-8"), &both, Some(Json));
        check(Some("application/problem+json"), &both, Some(Json));
        check(Some("image/png"), &both, None);
        check(Some("text/*"), &both, None);
        check(Some("application/json;q=0"), &both, None);
        check(Some("application/json;q=7"), &both, None);
        check(Some("application/json;q=0.12345"), &both, None);
        check(Some("nonsense"), &both, None);
        check(Some("/"), &both, None);
        check(Some(&"image/png,".repeat(1000)), &both, None);
        check(Some("text/event-stream"), &[Json, Events], Some(Events));
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        check(Some(browser), &[Json, Cbor, Html], Some(Html));
        check(Some(browser), &both, Some(Json));
        check(Some("*/*"), &[Json, Cbor, Html], Some(Json));
    }
}
