//! Where a feed is, what a pull of it may reach, and whether anybody wants it.

use std::sync::Arc;

use url::Url;

use super::{Feed, PACKED_BYTES_MAX, TIME_MAX};
use crate::upstream::Way;
use crate::{Registry, Vault};

/// How feeds are set up.
pub trait Ways: Send + Sync {
    /// What a pull may reach, and where the feed is; `None` while nobody wants it.
    ///
    /// # Errors
    /// In words, when it is wanted and cannot be pulled: a secret is missing, or its address is none.
    fn way(&self, feed: &Feed) -> Option<Result<(Way, Url), String>>;
}

/// A feed that comes with the product is set up as the source of its slug is: wanted while that is on,
/// at its address, with its secrets. One's own feeds are where they are described.
pub struct ByRegistry {
    /// Knows the sources.
    pub registry: Arc<Registry>,
    /// Opens their secrets.
    pub vault: Arc<Vault>,
}

impl Ways for ByRegistry {
    fn way(&self, feed: &Feed) -> Option<Result<(Way, Url), String>> {
        let Ok(url) = Url::parse(&feed.description.url) else {
            return Some(Err("its address is none".into()));
        };
        if !feed.is_shipped {
            return Some(Ok((own(feed, &url), url)));
        }
        let sources = self.registry.current();
        let source = sources
            .by_slug(&feed.slug)
            .filter(|source| source.is_on())?;
        let way = match source.way(&self.vault) {
            Ok(way) => way,
            Err(missing) => return Some(Err(missing.to_string())),
        };
        let url = match &source.base {
            Some(base) => moved(&url, base),
            None => url,
        };
        let way = Way {
            time_max: TIME_MAX,
            body_bytes_max: PACKED_BYTES_MAX,
            // Not the lookups' connections: a feed on its way must not stand in theirs.
            source: format!("{} (pull)", way.source),
            ..way
        };
        Some(Ok((way, url)))
    }
}

/// Its own host, and no secret.
fn own(feed: &Feed, url: &Url) -> Way {
    let host = url.host_str().unwrap_or_default();
    Way {
        source: format!("{} (pull)", feed.slug),
        hosts: vec![match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }],
        configured: None,
        secrets: Vec::new(),
        time_max: TIME_MAX,
        body_bytes_max: PACKED_BYTES_MAX,
    }
}

/// The same path and query below another base.
pub(super) fn moved(url: &Url, base: &Url) -> Url {
    let mut moved = base.clone();
    moved.set_path(&format!(
        "{}{}",
        base.path().trim_end_matches('/'),
        url.path()
    ));
    moved.set_query(url.query());
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_keeps_its_path_when_it_is_moved() {
        let check = |base: &str, expected: &str| {
            let url = Url::parse("https://example.org/downloads/csv/?all=1").unwrap();
            assert_eq!(moved(&url, &Url::parse(base).unwrap()).as_str(), expected);
        };
        check(
            "http://127.0.0.1:9000/feed/",
            "http://127.0.0.1:9000/feed/downloads/csv/?all=1",
        );
        check(
            "https://mirror.example",
            "https://mirror.example/downloads/csv/?all=1",
        );
    }
}
