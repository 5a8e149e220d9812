//! Feeds: those that come with us as their makers write them, and bytes that mean harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::io::{Cursor, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use indicator::Kind;
use intel::Verdict;
use intel::feeds::read::{ReadError, Tally, read};
use intel::feeds::{Description, Entry, Form, Listing, judge, shipped};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const URLHAUS: &str = include_str!("../../fakes/data/urlhaus-feed.csv");
const PHISHTANK: &str = include_str!("../../fakes/data/phishtank-feed.json");
const OPENPHISH: &str = include_str!("../../fakes/data/openphish-feed.txt");
const THREATFOX: &str = include_str!("../../fakes/data/threatfox-feed.csv");

fn of(slug: &str) -> Description {
    let found = shipped().into_iter().find(|feed| feed.slug == slug);
    found.unwrap().description
}

fn with(form: &str, kind: Option<&str>) -> Description {
    Description {
        form: serde_json::from_str(form).unwrap(),
        kind: kind.map(str::to_owned),
        ..of("openphish-feed")
    }
}

fn all(description: &Description, bytes: &[u8]) -> (Vec<Entry>, Result<Tally, ReadError>) {
    let mut entries = Vec::new();
    let read = read(description, bytes, &mut |entry| {
        entries.push(entry);
        true
    });
    (entries, read)
}

fn values(description: &Description, text: &str) -> Vec<String> {
    let (entries, read) = all(description, text.as_bytes());
    read.unwrap();
    let values = entries.iter().map(|entry| {
        let kind = entry.indicator.kind();
        format!("{kind} {}", entry.indicator.value())
    });
    values.collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("csv.txt", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

// What is not read here is not found later, and nobody notices.
#[test]
fn feeds_are_read_as_their_makers_write_them() {
    for pack in [|bytes: &[u8]| bytes.to_vec(), gzip, zip] {
        let (entries, read) = all(&of("urlhaus-feed"), &pack(URLHAUS.as_bytes()));
        assert_eq!((read.unwrap().entries, entries.len()), (4, 4));
        assert_eq!(
            entries[0].indicator.value(),
            "http://evil.example.com/payload"
        );
        assert_eq!(entries[0].first_seen.unwrap().0, 1_793_527_200_000_000);
        assert_eq!(
            entries[2].fields[2],
            ("Tags".into(), "32-bit,\"mips\",mozi".into())
        );
        // An empty cell is nothing to show.
        assert!(entries[3].fields.iter().all(|(name, _)| name != "Tags"));
    }
    let (entries, read) = all(&of("phishtank-feed"), &gzip(PHISHTANK.as_bytes()));
    assert_eq!(read.unwrap().entries, 2);
    assert_eq!(
        entries[0].fields[0],
        ("Target".into(), "Example Bank".into())
    );
    assert_eq!(entries[0].fields[3].1, "192.0.2.7");
    assert_eq!(values(&of("openphish-feed"), OPENPHISH).len(), 3);
    let (entries, read) = all(&of("threatfox-feed"), THREATFOX.as_bytes());
    assert_eq!(read.unwrap().entries, 4);
    let kinds: Vec<Kind> = entries.iter().map(|entry| entry.indicator.kind()).collect();
    assert_eq!(kinds, [Kind::Ipv4, Kind::Domain, Kind::Sha256, Kind::Url]);
    assert_eq!(entries[0].confidence, Some(100));
    assert_eq!(
        entries[0].fields[0],
        ("Malware".into(), "Cobalt Strike".into())
    );
    assert_eq!(entries[2].fields.last().unwrap().1, "analyst");
}

#[test]
fn feeds_of_ones_own_are_read_as_they_are_described() {
    let lines = with("\"lines\"", None);
    let text = "\u{feff}# comment\n; comment\n\nevil[.]example[.]com  since yesterday\r\n\
                192.0.2.7:443\nno indicator\n[2001:db8::7]:80\n0.0.0.0\n";
    assert_eq!(
        values(&lines, text),
        [
            "DOMAIN evil.example.com",
            "IPV4 192.0.2.7",
            "IPV6 2001:db8::7",
            "IPV4 0.0.0.0"
        ]
    );
    let csv = with(
        r#"{"csv": {"delimiter": ";", "has_head": true, "value": 1}}"#,
        Some("DOMAIN"),
    );
    assert_eq!(
        values(
            &csv,
            "when;what\n2026;evil.example.com\n2026;192.0.2.7\n2026\n"
        ),
        ["DOMAIN evil.example.com"]
    );
    // A quotation mark in a comment opens nothing.
    let csv = with(r#"{"csv": {"value": 1}}"#, None);
    assert_eq!(
        values(&csv, "# it's 5\" long\n\"a\", \"evil.example.com\"\n"),
        ["DOMAIN evil.example.com"]
    );
    let json = with(
        r#"{"json": {"items": ["data", "list"], "value": "/ioc/v", "confidence": "/c"}}"#,
        None,
    );
    let text = r#"{"x": [1, {"y": 2}], "data": {"list": [{"ioc": {"v": "evil.example.com"}, "c": 60},
        {"ioc": null}, 7], "more": {}}}"#;
    let (entries, read) = all(&json, text.as_bytes());
    assert_eq!(
        read.unwrap(),
        Tally {
            entries: 1,
            skipped: 2
        }
    );
    assert_eq!(entries[0].confidence, Some(60));
    let misp = with("\"misp\"", None);
    let event = r#"{"Event": {"info": "Phishing", "date": "2026-11-01", "Attribute": [
        {"type": "domain", "value": "evil.example.com", "to_ids": true, "category": "Network activity"},
        {"type": "comment", "value": "example.org", "to_ids": false},
        {"type": "ip-dst|port", "value": "192.0.2.7|443", "to_ids": true}],
        "Object": [{"Attribute": [{"type": "filename|md5", "value": "a.exe|abababababababababababababababab",
        "to_ids": true}]}]}}"#;
    assert_eq!(
        values(&misp, event),
        [
            "DOMAIN evil.example.com",
            "IPV4 192.0.2.7",
            "MD5 abababababababababababababababab"
        ]
    );
    assert_eq!(values(&misp, &format!("[{event}, {event}]")).len(), 6);
}

// Whoever takes over a feed's server must not take over, or stop, ours.
#[test]
fn bytes_that_mean_harm_end_in_an_error() {
    let check = |description: &Description, bytes: &[u8], told: &str| {
        let (_, read) = all(description, bytes);
        let error = read.unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    };
    let lines = with("\"lines\"", None);
    let csv = with(r#"{"csv": {"value": 0}}"#, None);
    let json = with(r#"{"json": {"value": "/v"}}"#, None);
    let below = with(r#"{"json": {"items": ["a"], "value": "/v"}}"#, None);
    // A line, a cell, a text without end.
    let long = vec![b'x'; 2 << 20];
    check(&lines, &long, "one of its entries is longer");
    check(
        &csv,
        &[b"\"", &long[..]].concat(),
        "one of its entries is longer",
    );
    check(
        &json,
        &[b"[\"", &long[..]].concat(),
        "one of its entries is longer",
    );
    check(
        &below,
        &[b"{\"b\": \"", &long[..]].concat(),
        "one of its entries is longer",
    );
    // A megabyte that unpacks to gigabytes.
    let bomb = gzip(&vec![b'\0'; 8 << 20]);
    check(&lines, &bomb, "one of its entries is longer");
    // What breaks off.
    let packed = gzip(URLHAUS.as_bytes());
    check(
        &of("urlhaus-feed"),
        &packed[..packed.len() / 2],
        "cannot be read",
    );
    let archive = zip(URLHAUS.as_bytes());
    check(
        &of("urlhaus-feed"),
        &archive[..archive.len() / 2],
        "cannot be unpacked",
    );
    check(&of("urlhaus-feed"), b"PK\x03\x04", "cannot be unpacked");
    check(&json, b"[{\"v\": \"a.example.com\"},", "cannot be read");
    check(&json, b"[] []", "cannot be read");
    check(&below, b"[]", "the member \"a\"");
    check(&below, b"{}", "no member \"a\"");
    // Brackets within brackets: the parser has a limit of its own.
    check(&json, &vec![b'['; 100_000], "cannot be read");
    // Nobody wants more.
    let read = read(&of("openphish-feed"), OPENPHISH.as_bytes(), &mut |_| false);
    assert!(matches!(read, Err(ReadError::Stopped)));
}

#[test]
fn texts_are_cut_and_nonsense_is_passed_over() {
    let csv = with(
        r#"{"csv": {"value": 0, "confidence": 1, "fields": [{"name": "A", "at": 2}]}}"#,
        None,
    );
    let text = format!("evil.example.com,900,{}\0\n", "ä".repeat(3000));
    let (entries, read) = all(&csv, text.as_bytes());
    assert_eq!(read.unwrap().entries, 1);
    assert_eq!(entries[0].confidence, None);
    assert!(entries[0].fields[0].1.len() <= 2048 && !entries[0].fields[0].1.contains('\0'));
    let (_, read) = all(&csv, b"\xff\xfe,1\n,,,,\n\"\n");
    assert_eq!(read.unwrap().entries, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any bytes, in any form, end in time and without a panic.
    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2000), packed in 0..3) {
        let bytes = match packed {
            0 => bytes,
            1 => gzip(&bytes),
            _ => [b"PK\x03\x04", &bytes[..]].concat(),
        };
        for form in [
            "\"lines\"",
            "\"misp\"",
            r#"{"csv": {"value": 1, "first_seen": 0, "confidence": 2}}"#,
            r#"{"json": {"items": ["a"], "value": "/v"}}"#,
        ] {
            let _ = all(&with(form, None), &bytes);
        }
    }
}

fn listing(kind: &str, value: &str, is_current: bool) -> Listing {
    Listing {
        feed: "urlhaus-feed".into(),
        description: of("urlhaus-feed"),
        kind: kind.into(),
        value: value.into(),
        confidence: None,
        fields: vec![("Threat".into(), "malware_download".into())],
        first_seen: base::UnixMicros(1_793_520_000_000_000),
        last_seen: base::UnixMicros(1_793_520_000_000_000).plus(Duration::from_hours(24)),
        is_current,
    }
}

// A page on a host is not the host: who blocks the host of a file store blocks half the world.
#[test]
fn what_is_beside_weighs_less_than_the_thing_itself() {
    let check = |asked: &str, listings: &[Listing], verdict, confidence| {
        let asked = indicator::detect(asked).unwrap();
        let finding = judge(&asked, listings).unwrap();
        assert_eq!((finding.verdict, finding.confidence), (verdict, confidence));
        assert_eq!(
            finding.data["listings"].as_array().unwrap().len(),
            listings.len()
        );
        finding
    };
    let url = "http://evil.example.com/payload";
    let same = check(url, &[listing("URL", url, true)], Verdict::Malicious, 90);
    assert!(same.reasons[0].text.starts_with("it is listed by URLhaus"));
    assert_eq!(same.fields[0].values, ["2026-11-01T08:00:00Z"]);
    check(url, &[listing("URL", url, false)], Verdict::Malicious, 45);
    check(
        "evil.example.com",
        &[listing("URL", url, true)],
        Verdict::Suspicious,
        54,
    );
    let above = [listing("DOMAIN", "example.com", true)];
    let above = check("a.example.com", &above, Verdict::Suspicious, 54);
    assert_eq!(above.fields[0].name, "Listed above it");
    let both = [
        listing("DOMAIN", "example.com", true),
        listing("URL", url, true),
    ];
    check(url, &both, Verdict::Malicious, 90);
    let mut doubtful = listing("URL", url, true);
    doubtful.confidence = Some(40);
    check(url, &[doubtful], Verdict::Suspicious, 40);
    assert_eq!(judge(&indicator::detect(url).unwrap(), &[]), None);
    assert!(matches!(of("openphish-feed").form, Form::Lines));
}
