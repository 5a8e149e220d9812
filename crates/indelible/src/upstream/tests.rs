//! Every source through the guard, against the services' contracts: what it says, and what it makes of
//! services that say nothing, no, too much, too late or nonsense.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use egress::dns::Dns;
use egress::guard::{SystemResolver, World};
use fakes::{Fakes, Mode};
use indicator::{Indicator, Kind};
use intel::declared::{Ask, Declared, Finding, Method};
use intel::sources::{Body, Definition, shipped};
use intel::upstream::{PlacedSecret, Upstream as _, UpstreamTrouble, Way};
use intel::{Answered, Call, Exposure, Source, Trouble, Verdict, builtin};
use url::Url;

use super::ByGuard;

/// Longest time for what answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest time for what never does.
const IMPATIENCE: Duration = Duration::from_millis(400);
/// Most bytes of an answer.
const BYTES_MAX: usize = 1 << 20;

/// Who is asked, and by which way.
struct Bench {
    fakes: Fakes,
    upstream: ByGuard,
}

impl Bench {
    async fn new() -> Self {
        let fakes = Fakes::start().await.unwrap();
        let upstream = out(&[fakes.dns()]);
        Self { fakes, upstream }
    }

    /// Where the fake of a source is.
    fn base(&self, slug: &str) -> Url {
        let text = match slug {
            "asn-cymru" => format!("whois://{}", self.fakes.whois()),
            slug => self.fakes.base(slug),
        };
        Url::parse(&text).unwrap()
    }

    fn way(&self, slug: &str, key: &str, time_max: Duration) -> Way {
        let base = self.base(slug);
        let slots = definition(slug).secrets.into_iter();
        Way {
            source: slug.to_owned(),
            hosts: base.host_str().map(str::to_owned).into_iter().collect(),
            configured: Some(base),
            secrets: slots
                .map(|slot| PlacedSecret {
                    slot: slot.name,
                    place: slot.place,
                    host: None,
                    secret: key.to_owned(),
                })
                .collect(),
            time_max,
            body_bytes_max: BYTES_MAX,
        }
    }

    async fn ask_with(&self, way: &Way, asked: &Indicator) -> Result<Answered, Trouble> {
        let slug = way.source.as_str();
        let base = self.base(slug);
        let call = Call {
            upstream: &self.upstream,
            way,
            base: Some(&base),
        };
        source(slug, &base).ask(asked, &call).await
    }

    async fn ask(&self, slug: &str, asked: &Indicator) -> Result<Answered, Trouble> {
        let way = self.way(slug, fakes::KEY, PATIENCE);
        self.ask_with(&way, asked).await
    }

    async fn found(&self, slug: &str, asked: &Indicator) -> Finding {
        match self.ask(slug, asked).await {
            Ok(Answered::Found(finding)) => finding,
            other => panic!("{slug} {asked}: {other:?}"),
        }
    }
}

fn out(dns: &[SocketAddr]) -> ByGuard {
    let world = World {
        resolver: Arc::new(SystemResolver),
        ..World::default()
    };
    ByGuard::new(world, Vec::new(), Dns::new(dns))
}

fn definition(slug: &str) -> Definition {
    let found = shipped().into_iter().find(|one| one.slug == slug);
    found
        .unwrap_or_else(|| panic!("no source is called {slug}"))
        .definition
}

fn source(slug: &str, base: &Url) -> Arc<dyn Source> {
    match definition(slug).body {
        Body::Http(description) => Arc::new(Declared::check(&description, Some(base)).unwrap()),
        // Its own pace is made for somebody else's server.
        _ if slug == "urlscan-submit" => {
            builtin::scans(Duration::from_millis(1), Duration::from_millis(1))
        }
        Body::BuiltIn(_) => builtin::make(slug, None).unwrap(),
    }
}

/// Every source that asks somebody.
fn slugs() -> Vec<String> {
    let all = shipped().into_iter();
    let asks = all.filter(|one| one.definition.exposure != Exposure::Local);
    asks.map(|one| one.slug).collect()
}

/// An indicator of a kind that the services know something of.
fn known(kind: Kind) -> Indicator {
    let value = match kind {
        Kind::Domain => "evil.example.com".to_owned(),
        Kind::Ipv4 => "192.0.2.7".to_owned(),
        Kind::Ipv6 => "2001:db8::7".to_owned(),
        Kind::Url => "http://evil.example.com/payload".to_owned(),
        Kind::Email => "victim@example.com".to_owned(),
        Kind::Md5 => "ab".repeat(16),
        Kind::Sha1 => "ab".repeat(20),
        Kind::Sha256 => "ab".repeat(32),
        Kind::Asn => "AS64500".to_owned(),
        other => panic!("no source is asked about {other}"),
    };
    indicator::parse(kind, &value).unwrap()
}

/// One that they know nothing of.
fn unknown(kind: Kind) -> Indicator {
    let value = match kind {
        Kind::Domain => "nobody.example.net".to_owned(),
        Kind::Ipv4 => "192.0.2.99".to_owned(),
        Kind::Ipv6 => "2001:db8::99".to_owned(),
        Kind::Url => "http://nobody.example.net/".to_owned(),
        Kind::Email => "nobody@example.com".to_owned(),
        Kind::Md5 => "cd".repeat(16),
        Kind::Sha1 => "cd".repeat(20),
        Kind::Sha256 => "cd".repeat(32),
        Kind::Asn => "AS64511".to_owned(),
        other => panic!("no source is asked about {other}"),
    };
    indicator::parse(kind, &value).unwrap()
}

/// The first kind that a source can be asked about.
fn first_kind(bench: &Bench, slug: &str) -> Kind {
    let kinds = source(slug, &bench.base(slug)).kinds();
    kinds.iter().next().unwrap()
}

// A source that is listed and cannot be asked fails in front of the analyst.
#[tokio::test]
async fn every_source_says_what_its_upstream_says_of_every_kind() {
    let bench = Bench::new().await;
    let all = slugs();
    assert_eq!(all.len(), 17, "{all:?}");
    for slug in &all {
        for kind in source(slug, &bench.base(slug)).kinds().iter() {
            // Who was robbed is not who robs.
            let asked = match (slug.as_str(), kind) {
                ("threatfox", Kind::Email) => {
                    indicator::parse(kind, "sender@evil.example.com").unwrap()
                }
                (_, kind) => known(kind),
            };
            let finding = bench.found(slug, &asked).await;
            let says = !finding.fields.is_empty();
            assert!(says, "{slug} {kind}: {finding:?}");
            let is_sure = finding.confidence > 0 && !finding.reasons.is_empty();
            assert_eq!(
                is_sure,
                finding.verdict != Verdict::Unknown,
                "{slug} {kind}"
            );
        }
    }
    let check = async |slug: &str, asked: &str, verdict, confidence, field: &str| {
        let asked = indicator::detect(asked).unwrap();
        let finding = bench.found(slug, &asked).await;
        assert_eq!(
            (finding.verdict, finding.confidence),
            (verdict, confidence),
            "{slug}"
        );
        let shown = finding.fields.iter().any(|one| one.name == field);
        assert!(shown, "{slug}: no {field} in {:?}", finding.fields);
    };
    let (ip, ip6, domain) = ("192.0.2.7", "2001:db8::7", "evil.example.com");
    let (url, sha1) = ("http://evil.example.com/payload", "ab".repeat(20));
    check("abuseipdb", ip, Verdict::Malicious, 85, "Reports").await;
    check("abuseipdb", ip6, Verdict::Suspicious, 60, "Country").await;
    check(
        "abuseipdb",
        "192.0.2.53",
        Verdict::KnownGood,
        70,
        "Host names",
    )
    .await;
    check("otx", domain, Verdict::Suspicious, 60, "Malware").await;
    check("otx", "example.org", Verdict::KnownGood, 60, "Known as").await;
    check("crtsh", domain, Verdict::Unknown, 0, "Names").await;
    check("safe-browsing", url, Verdict::Malicious, 95, "Threat").await;
    check(
        "haveibeenpwned",
        "victim@example.com",
        Verdict::Suspicious,
        30,
        "Breach",
    )
    .await;
    check("internet-archive", url, Verdict::Unknown, 0, "Copy").await;
    check("internetdb", ip, Verdict::Suspicious, 60, "Vulnerabilities").await;
    check("malwarebazaar", &sha1, Verdict::Malicious, 95, "Signature").await;
    check("phishtank", url, Verdict::Malicious, 90, "Phish").await;
    check("shodan", ip, Verdict::Malicious, 60, "Organisation").await;
    check("threatfox", ip6, Verdict::Suspicious, 60, "Malware").await;
    check("urlhaus", url, Verdict::Malicious, 95, "Threat").await;
    check("urlhaus", domain, Verdict::Malicious, 90, "Recent URLs").await;
    check("urlscan", ip, Verdict::Malicious, 70, "Result").await;
    check("virustotal", url, Verdict::Malicious, 90, "Title").await;
    check("virustotal", "192.0.2.53", Verdict::Clean, 50, "Harmless").await;
    check("urlscan-submit", url, Verdict::Malicious, 70, "Brands").await;
    check("dns", domain, Verdict::Unknown, 0, "Mail servers").await;
    check("dns", ip, Verdict::Unknown, 0, "Host names").await;
    check("asn-cymru", ip6, Verdict::Unknown, 0, "Prefix").await;
}

// Nothing known is not the same as nothing wrong.
#[tokio::test]
async fn what_nobody_knows_is_nothing_or_no_opinion() {
    let bench = Bench::new().await;
    // These answer about everything; what they say of the unknown is theirs.
    let always = [("abuseipdb", Verdict::Unknown), ("otx", Verdict::Unknown)];
    let always = always
        .into_iter()
        .chain([("safe-browsing", Verdict::Clean)]);
    let always: Vec<_> = always
        .chain([("urlscan-submit", Verdict::Unknown)])
        .collect();
    for slug in slugs() {
        for kind in source(&slug, &bench.base(&slug)).kinds().iter() {
            let asked = unknown(kind);
            let answered = bench.ask(&slug, &asked).await;
            let expected = always.iter().find(|(known, _)| *known == slug);
            match (&answered, expected) {
                (Ok(Answered::Nothing), None) => {}
                (Ok(Answered::Found(finding)), Some((_, verdict))) => {
                    assert_eq!(finding.verdict, *verdict, "{slug} {kind}");
                }
                _ => panic!("{slug} {kind}: {answered:?}"),
            }
        }
    }
}

// One bad upstream costs itself: its trouble has a name, and its caller is free again.
#[tokio::test]
async fn every_source_names_its_trouble() {
    let bench = Bench::new().await;
    let check = async |slug: &str, mode: Mode, time: Duration| {
        // The names under which fakes of other protocols are set.
        let service = match slug {
            "dns" => "dns",
            "asn-cymru" => "whois",
            slug => slug,
        };
        bench.fakes.set(service, mode);
        let way = bench.way(slug, fakes::KEY, time);
        let asked = known(first_kind(&bench, slug));
        let answered = bench.ask_with(&way, &asked).await;
        bench.fakes.set(service, Mode::Normal);
        answered
    };
    for slug in &slugs() {
        let over_http = !matches!(slug.as_str(), "dns" | "asn-cymru");
        let said = check(slug, Mode::Hang, IMPATIENCE).await;
        assert_eq!(said, Err(Trouble::Timeout), "{slug}");
        let said = check(slug, Mode::Slow(50), PATIENCE).await;
        assert!(matches!(said, Ok(Answered::Found(_))), "{slug}: {said:?}");
        let said = check(slug, Mode::Error, PATIENCE).await;
        let told = said.unwrap_err();
        if over_http {
            assert!(
                matches!(&told, Trouble::ResponseError(what) if what.contains("500")),
                "{slug}: {told:?}"
            );
        }
        let said = check(slug, Mode::Garbage, IMPATIENCE * 10).await;
        let told = said.unwrap_err();
        let named = matches!(
            told,
            Trouble::ResponseError(_) | Trouble::RequestError(_) | Trouble::Timeout
        );
        assert!(named, "{slug}: {told:?}");
        if over_http {
            assert!(
                matches!(told, Trouble::ResponseError(_)),
                "{slug}: {told:?}"
            );
            let said = check(slug, Mode::Limit, PATIENCE).await;
            assert!(
                matches!(said, Err(Trouble::RateLimited(_))),
                "{slug}: {said:?}"
            );
            let said = check(slug, Mode::Long, PATIENCE).await;
            assert!(
                matches!(&said, Err(Trouble::RequestError(what)) if what.contains("longer than")),
                "{slug}: {said:?}"
            );
            let said = check(slug, Mode::Inwards, PATIENCE).await;
            assert!(
                matches!(&said, Err(Trouble::RequestError(what)) if what.contains("not allowed")
                    || what.contains("not among")),
                "{slug}: {said:?}"
            );
        }
        let said = check(slug, Mode::Cut, IMPATIENCE * 10).await;
        assert!(said.is_err(), "{slug}: {said:?}");
        // It is well again, and so are we.
        let said = bench.ask(slug, &known(first_kind(&bench, slug))).await;
        assert!(matches!(said, Ok(Answered::Found(_))), "{slug}: {said:?}");
    }
    let blocked = check("asn-cymru", Mode::Limit, PATIENCE).await;
    assert_eq!(blocked, Err(Trouble::RateLimited(None)));
    let long = check("asn-cymru", Mode::Long, PATIENCE).await;
    assert!(
        matches!(&long, Err(Trouble::RequestError(what)) if what.contains("more than")),
        "{long:?}"
    );
    let said = check("abuseipdb", Mode::Limit, PATIENCE).await;
    assert_eq!(said, Err(Trouble::RateLimited(Some(29))));
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_a_right_one_stays_secret() {
    let bench = Bench::new().await;
    let mut with_key = 0;
    for slug in slugs() {
        let needs_one = definition(&slug).secrets.iter().any(|slot| slot.required);
        if !needs_one {
            continue;
        }
        with_key += 1;
        let asked = known(first_kind(&bench, &slug));
        let way = bench.way(&slug, "somebody-elses-key", PATIENCE);
        let said = bench.ask_with(&way, &asked).await;
        assert_eq!(said, Err(Trouble::Unauthorized), "{slug}");
        // The guard of the wrong key is not the guard of the right one.
        bench.found(&slug, &asked).await;
        let heard = bench.fakes.last(&slug).unwrap();
        let all = format!("{heard:?}");
        assert!(all.contains(fakes::KEY), "{slug}: {all}");
    }
    assert_eq!(with_key, 9);
    // What is told of a call has no key in it, wherever the key went.
    for slug in ["shodan", "virustotal"] {
        let ask = Ask {
            method: Method::Get,
            url: Url::parse(&format!("{}/nowhere", bench.base(slug))).unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let way = bench.way(slug, fakes::KEY, PATIENCE);
        let reply = bench.upstream.http(&way, ask).await.unwrap();
        assert!(!format!("{reply:?}").contains(fakes::KEY), "{reply:?}");
        assert_eq!((reply.status, reply.trace.len()), (400, 1));
    }
}

// What may be set up in a browser must not be a way into the network behind the server.
#[tokio::test]
async fn only_what_the_settings_file_names_lies_in_this_network() {
    let bench = Bench::new().await;
    let (slug, asked) = ("internetdb", known(Kind::Ipv4));
    let mut way = bench.way(slug, fakes::KEY, PATIENCE);
    way.configured = None;
    way.hosts = vec![format!("127.0.0.1:{}", bench.base(slug).port().unwrap())];
    let said = bench.ask_with(&way, &asked).await;
    assert!(
        matches!(&said, Err(Trouble::RequestError(what)) if what.contains("open line")),
        "{said:?}"
    );
    assert_eq!(bench.fakes.count(slug), 0);
    let ask = |url: &str| Ask {
        method: Method::Get,
        url: Url::parse(url).unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    let why =
        async |way: &Way, url: &str| bench.upstream.http(way, ask(url)).await.unwrap_err().why;
    way.hosts = vec![
        "127.0.0.1".into(),
        "10.0.0.1:8443".into(),
        "*.example.org".into(),
    ];
    let refused = |what: &str| UpstreamTrouble::Refused(what.to_owned());
    assert_eq!(
        why(&way, "https://127.0.0.1/").await,
        refused("127.0.0.1 is loopback")
    );
    assert_eq!(
        why(&way, "https://10.0.0.1:8443/").await,
        refused("10.0.0.1 is a private network")
    );
    assert_eq!(
        why(&way, "https://192.0.2.1/").await,
        refused("192.0.2.1 is not among the hosts that are allowed here")
    );
    assert_eq!(
        why(&way, "https://127.0.0.1:9/").await,
        refused("port 9 is not allowed here")
    );
    way.hosts = vec!["no host".into()];
    assert!(matches!(
        why(&way, "https://127.0.0.1/").await,
        UpstreamTrouble::Refused(_)
    ));
    // And over the whois door.
    let whois = bench.fakes.whois().to_string();
    let why = async |way: &Way, server: &str| {
        bench
            .upstream
            .whois(way, server, "x\n")
            .await
            .unwrap_err()
            .why
    };
    way.hosts = vec!["127.0.0.1".into()];
    let named = format!("{whois} is not among the hosts that are allowed here");
    assert_eq!(why(&way, &whois).await, refused(&named));
    assert!(
        matches!(why(&way, "127.0.0.1").await, UpstreamTrouble::Refused(what) if what.contains("loopback"))
    );
    assert!(
        matches!(why(&way, "192.0.2.1").await, UpstreamTrouble::Refused(what) if what.contains("not among"))
    );
    assert!(matches!(why(&way, "").await, UpstreamTrouble::Refused(_)));
    assert_eq!(bench.fakes.count("whois"), 0);
}

// Whose lookup is dropped must not be asked for any longer.
#[tokio::test]
async fn a_dropped_call_ends_what_it_asked() {
    let bench = Bench::new().await;
    let asked = indicator::parse(Kind::Url, "http://never.example.com/").unwrap();
    let way = bench.way("urlscan-submit", fakes::KEY, PATIENCE);
    let polled = async {
        // It polls for ever; we go away after the third time.
        while bench.fakes.count("urlscan-submit") < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        said = bench.ask_with(&way, &asked) => panic!("{said:?}"),
        () = polled => {}
    }
    // What was on its way has arrived once another service has answered; nothing more follows.
    bench.found("internetdb", &known(Kind::Ipv4)).await;
    let count = bench.fakes.count("urlscan-submit");
    bench.found("internetdb", &known(Kind::Ipv4)).await;
    assert_eq!(bench.fakes.count("urlscan-submit"), count);
}

#[tokio::test]
async fn the_dns_is_asked_over_both_its_ways() {
    let bench = Bench::new().await;
    let question = |name: &str, record| intel::upstream::DnsQuestion {
        name: name.to_owned(),
        record,
    };
    let way = bench.way("dns", fakes::KEY, PATIENCE);
    let ask = async |name, record| bench.upstream.dns(&way, question(name, record)).await;
    // An alias is told with what it leads to.
    let records = ask("www.evil.example.com", "A").await.unwrap();
    assert_eq!(records.len(), 2);
    assert!(
        records
            .iter()
            .any(|one| one.record == "CNAME" && one.data == "evil.example.com.")
    );
    // An answer too long for a datagram comes over a stream.
    let long = ask("long.example.com", "TXT").await.unwrap();
    assert_eq!(long.len(), 100);
    assert_eq!(ask("evil.example.com", "SRV").await.unwrap(), []);
    assert_eq!(ask("nobody.example.net", "A").await.unwrap(), []);
    let error = ask("error.example.com", "A").await.unwrap_err();
    assert!(matches!(error.why, UpstreamTrouble::Broken(_)), "{error:?}");
    assert_eq!(error.trace[0].method, "DNS");
    for (name, record) in [
        ("evil.example.com", "AXFR"),
        ("evil.example.com", "ANY"),
        ("a..b", "A"),
    ] {
        let why = ask(name, record).await.unwrap_err().why;
        assert!(
            matches!(why, UpstreamTrouble::Refused(_)),
            "{name} {record}: {why:?}"
        );
    }
    // One type that fails is told beside those that did not.
    let resolved = bench.found("dns", &known(Kind::Domain)).await;
    assert_eq!(resolved.data.get("unanswered"), None);
    let again = bench.found("dns", &known(Kind::Domain)).await;
    assert_eq!(resolved, again, "the same answer twice is no change");
}
