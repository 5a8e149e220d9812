//! Many known indicators at once, and where a text mentions one of them. It knows neither files nor the network.
//!
//! A [`Feed`] keeps each value once, in one block of memory, behind a table of fingerprints: a value that is not there costs one look, one that is there is compared byte by byte, so that no answer is a guess. Ten million names need about half a gigabyte. A [`Scanner`] runs the same [`Extractor`] as `extract`, and tells of what it finds only what the feed knows.

mod ranges;
mod table;

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;

use self::ranges::Ranges;
use self::table::Table;
use crate::extract::{Extractor, Found, Options};
use crate::kind::{Kind, KindSet};

/// Most lists of one feed.
pub const FEED_LISTS_MAX: usize = u16::MAX as usize;

/// What a feed knows of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// The kind under which the feed has it.
    pub kind: Kind,
    /// The normal form that the feed has: the value itself, the network around it or a name above it.
    pub value: &'a str,
    /// The number of the list that named it first.
    pub list: u16,
}

/// Collects a feed.
#[derive(Debug, Default)]
pub struct Builder {
    table: Table,
    /// First and last address of each network, and where the table has it.
    networks: Vec<(IpNet, u64)>,
    kinds: u64,
}

impl Builder {
    /// Takes up an indicator in its normal form; answers whether it is new.
    pub fn add(&mut self, kind: Kind, value: &str, list: u16) -> bool {
        let Some(place) = self.table.insert(family(kind), kind as u8, value, list) else {
            return false;
        };
        self.kinds |= 1 << kind as u64;
        if kind == Kind::Cidr
            && let Ok(network) = value.parse()
        {
            self.networks.push((network, place));
        }
        true
    }

    /// How many indicators there are so far.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none so far.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// The feed.
    pub fn build(self) -> Feed {
        Feed {
            ranges: Ranges::of(self.networks),
            kinds: wanted(self.kinds),
            table: self.table,
        }
    }
}

/// Kinds that a text may mention when a feed has these.
fn wanted(kinds: u64) -> KindSet {
    let has = |kind: Kind| kinds & 1 << kind as u64 != 0;
    let wants = |kind: &Kind| {
        Kind::ALL
            .into_iter()
            .any(|known| has(known) && family(known) == family(*kind))
            || (has(Kind::Cidr) && matches!(kind, Kind::Ipv4 | Kind::Ipv6))
    };
    Kind::ALL.into_iter().filter(wants).collect()
}

/// Kinds that the same text may be, and that only its surroundings tell apart, are compared alike.
fn family(kind: Kind) -> u8 {
    match kind {
        Kind::Ja3 | Kind::Imphash => Kind::Md5 as u8,
        kind => kind as u8,
    }
}

/// Known indicators.
#[derive(Debug)]
pub struct Feed {
    table: Table,
    ranges: Ranges,
    kinds: KindSet,
}

impl Feed {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// Bytes of memory that they take.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.ranges.bytes()
    }

    /// What is known of a value in its normal form; of an address also the narrowest network around it.
    pub fn find(&self, kind: Kind, value: &str) -> Option<Known<'_>> {
        if let Some(place) = self.table.find(family(kind), value) {
            return Some(self.known(place));
        }
        if !matches!(kind, Kind::Ipv4 | Kind::Ipv6) || self.ranges.is_empty() {
            return None;
        }
        let address: IpAddr = value.parse().ok()?;
        self.ranges.around(address).map(|place| self.known(place))
    }

    /// What is known of a name, or of the nearest name above it.
    pub fn find_below(&self, name: &str) -> Option<Known<'_>> {
        let mut rest = name;
        loop {
            if let Some(place) = self.table.find(family(Kind::Domain), rest) {
                return Some(self.known(place));
            }
            let (_, above) = rest.split_once('.')?;
            rest = above;
        }
    }

    fn known(&self, place: u64) -> Known<'_> {
        let (kind, value, list) = self.table.read(place);
        Known {
            kind: Kind::ALL[usize::from(kind)],
            value,
            list,
        }
    }
}

/// A mention of something that the feed knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// What the text says.
    pub found: Found,
    /// What the feed knows.
    pub known: Known<'a>,
}

/// Looks through texts for what a feed knows.
#[derive(Debug)]
pub struct Scanner<'a> {
    feed: &'a Feed,
    extractor: Extractor,
    below: bool,
}

impl<'a> Scanner<'a> {
    /// A scanner. With `below`, a name counts when the feed has a name above it.
    pub fn new(feed: &'a Feed, below: bool) -> Self {
        let options = Options {
            kinds: feed.kinds,
            // The host of a URL that the feed does not have may be one that it has.
            parts: true,
        };
        Self {
            feed,
            extractor: Extractor::new(options),
            below,
        }
    }

    /// Tells `sink` every mention, by its place. A long text may be given in pieces that end with a line.
    pub fn run(&mut self, text: &[u8], sink: &mut dyn FnMut(Hit<'a>)) {
        let (feed, below) = (self.feed, self.below);
        // The host of a URL that was told already says nothing new.
        let mut told: Range<usize> = 0..0;
        self.extractor.run(text, &mut |found| {
            let known = if below && found.kind == Kind::Domain {
                feed.find_below(&found.value)
            } else {
                feed.find(found.kind, &found.value)
            };
            let Some(known) = known else { return };
            let is_inside = found.part && found.at.start >= told.start && found.at.end <= told.end;
            if is_inside {
                return;
            }
            told = found.at.clone();
            sink(Hit { found, known });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn feed(entries: &[(Kind, &str)]) -> Feed {
        let mut builder = Builder::default();
        for (list, (kind, value)) in (0..).zip(entries) {
            let value = parse(*kind, value).unwrap();
            builder.add(*kind, value.value(), list);
        }
        builder.build()
    }

    fn scan(feed: &Feed, below: bool, text: &str) -> Vec<(String, String)> {
        let mut hits = Vec::new();
        Scanner::new(feed, below).run(text.as_bytes(), &mut |hit| {
            hits.push((text[hit.found.at].to_owned(), hit.known.value.to_owned()));
        });
        hits
    }

    // A miss is an intruder that nobody sees, a false hit an analyst's hour.
    #[test]
    fn a_text_mentions_what_the_feed_has_and_nothing_else() {
        let feed = feed(&[
            (Kind::Domain, "evil.example.com"),
            (Kind::Url, "http://drop.example.net/a.php"),
            (Kind::Cidr, "192.0.2.0/24"),
            (Kind::Cidr, "192.0.2.128/25"),
            (Kind::Cidr, "2001:db8::/32"),
            (Kind::Ipv4, "198.51.100.7"),
            (Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e"),
        ]);
        let check = |below, text: &str, expected: &[(&str, &str)]| {
            let found = scan(&feed, below, text);
            let expected: Vec<_> = expected
                .iter()
                .map(|(at, value)| ((*at).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            false,
            "GET https://evil.example.com/x",
            &[("evil.example.com", "evil.example.com")],
        );
        check(
            false,
            "to evil[.]example[.]com",
            &[("evil[.]example[.]com", "evil.example.com")],
        );
        check(
            false,
            "to www.evil.example.com, example.com and notevil.example.com",
            &[],
        );
        check(
            true,
            "to www.evil.example.com",
            &[("www.evil.example.com", "evil.example.com")],
        );
        check(true, "to example.com", &[]);
        // A URL is no reason to suspect its whole host.
        check(false, "http://drop.example.net/b.php", &[]);
        check(
            false,
            "http://drop.example.net/a.php",
            &[(
                "http://drop.example.net/a.php",
                "http://drop.example.net/a.php",
            )],
        );
        check(
            false,
            "192.0.2.1 192.0.2.200 192.0.3.1",
            &[
                ("192.0.2.1", "192.0.2.0/24"),
                ("192.0.2.200", "192.0.2.128/25"),
            ],
        );
        check(
            false,
            "2001:db8:1::1",
            &[("2001:db8:1::1", "2001:db8::/32")],
        );
        check(
            false,
            "198.51.100.7 198.51.100.70",
            &[("198.51.100.7", "198.51.100.7")],
        );
        check(
            false,
            "ja3=d41d8cd98f00b204e9800998ecf8427e",
            &[(
                "d41d8cd98f00b204e9800998ecf8427e",
                "d41d8cd98f00b204e9800998ecf8427e",
            )],
        );
    }

    #[test]
    fn a_url_and_its_host_are_one_mention() {
        let feed = feed(&[
            (Kind::Url, "http://evil.example.com/a"),
            (Kind::Domain, "evil.example.com"),
        ]);
        let found = scan(&feed, false, "http://evil.example.com/a, evil.example.com");
        let values: Vec<_> = found.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["http://evil.example.com/a", "evil.example.com"]);
    }
}
