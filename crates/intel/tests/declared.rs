//! Described sources: ours against answers of their upstreams' contracts, and descriptions that are
//! wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use indicator::Kind;
use intel::declared::{Declared, Description, Method, Outcome, Trouble};
use intel::{Verdict, catalogue};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// One lookup: what must be asked, what is answered, what that must mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    kind: Kinds,
    value: String,
    method: Option<Method>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    status: u16,
    answer: Value,
    verdict: Option<Verdict>,
    confidence: Option<u8>,
    because: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    nothing: bool,
    trouble: Option<String>,
}

type Kinds = String;

fn outcome(case: &Case, found: &Outcome) -> String {
    match found {
        Outcome::Nothing => "nothing".into(),
        Outcome::Trouble(Trouble::Unauthorized) => "unauthorized".into(),
        Outcome::Trouble(Trouble::RateLimited) => "rate_limited".into(),
        Outcome::Trouble(Trouble::Failed(status)) => {
            assert_eq!(*status, case.status);
            "failed".into()
        }
        Outcome::Trouble(Trouble::NotJson(_)) => "not json".into(),
        Outcome::Found(finding) => format!("{:?} {}", finding.verdict, finding.confidence),
    }
}

// What an upstream's answer means is what the analyst acts on.
#[test]
fn the_sources_that_come_with_us_speak_their_upstreams_contracts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/sources");
    let mut slugs = BTreeSet::new();
    for source in catalogue() {
        let slug = source.slug.clone();
        let declared = Declared::check(&source.description, None)
            .unwrap_or_else(|faults| panic!("{slug}: {faults:?}"));
        assert!(slugs.insert(slug.clone()), "{slug} twice");
        assert!(
            source
                .windows
                .iter()
                .all(|window| window.requests > 0 && window.seconds > 0)
        );
        let text = std::fs::read_to_string(folder.join(format!("{slug}.json"))).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        for case in cases {
            let kind: Kind = case.kind.parse().unwrap();
            let indicator = indicator::parse(kind, &case.value).unwrap();
            let ask = declared
                .ask(&indicator)
                .unwrap_or_else(|| panic!("{slug}: {kind}"));
            if let Some(url) = &case.url {
                assert_eq!(ask.url.as_str(), url, "{slug}");
            }
            if let Some(method) = case.method {
                assert_eq!(ask.method, method, "{slug}");
            }
            if let Some(body) = &case.body {
                assert_eq!(std::str::from_utf8(&ask.body).unwrap(), body, "{slug}");
            }
            for header in &case.headers {
                let (name, value) = header;
                assert!(
                    ask.headers.contains(&(name.clone(), value.clone())),
                    "{slug} {ask:?}"
                );
            }
            let body = match &case.answer {
                Value::Null => Vec::new(),
                answer => answer.to_string().into_bytes(),
            };
            let found = declared.read(&indicator, case.status, &body);
            let expected = match (&case.trouble, case.nothing, case.verdict) {
                (Some(trouble), ..) => trouble.clone(),
                (None, true, _) => "nothing".into(),
                (None, false, verdict) => {
                    format!("{:?} {}", verdict.unwrap(), case.confidence.unwrap())
                }
            };
            assert_eq!(outcome(&case, &found), expected, "{slug} {}", case.answer);
            let Outcome::Found(finding) = found else {
                assert!(case.fields.is_empty());
                continue;
            };
            if let Some(because) = &case.because {
                assert_eq!(&finding.reasons[0].text, because, "{slug}");
            }
            for (name, values) in &case.fields {
                let field = finding.fields.iter().find(|field| &field.name == name);
                let field =
                    field.unwrap_or_else(|| panic!("{slug} has no {name}: {:?}", finding.fields));
                assert_eq!(&field.values, values, "{slug} {name}");
            }
        }
    }
}

// A kind that a source says it knows, and then does not, fails in front of the analyst.
#[test]
fn every_source_can_be_asked_about_every_kind_it_names() {
    let samples = [
        (Kind::Domain, "evil.example.com".to_owned()),
        (Kind::Ipv4, "192.0.2.7".to_owned()),
        (Kind::Ipv6, "2001:db8::7".to_owned()),
        (
            Kind::Url,
            "https://evil.example.com/a?b=%22c%22#d".to_owned(),
        ),
        (Kind::Email, "max@example.com".to_owned()),
        (Kind::Md5, "ab".repeat(16)),
        (Kind::Sha1, "ab".repeat(20)),
        (Kind::Sha256, "ab".repeat(32)),
    ];
    for source in catalogue() {
        let declared = Declared::check(&source.description, None).unwrap();
        for kind in declared.kinds().iter() {
            let (_, value) = samples.iter().find(|(known, _)| *known == kind).unwrap();
            let indicator = indicator::parse(kind, value).unwrap();
            let ask = declared.ask(&indicator).unwrap();
            // Whatever the value holds, it changes nothing but its own place.
            assert_eq!(
                ask.url.origin(),
                declared.base().origin(),
                "{}",
                source.slug
            );
            assert!(ask.url.fragment().is_none());
        }
        assert_eq!(source.kinds(), declared.kinds());
    }
}

fn description(change: impl FnOnce(&mut Value)) -> Result<Declared, Vec<(String, String)>> {
    let mut value = json!({
        "base": "https://api.example.org/v1",
        "requests": [{ "kinds": ["DOMAIN"], "path": "/look/{value}" }],
    });
    change(&mut value);
    let description: Description =
        serde_json::from_value(value).map_err(|error| vec![(String::new(), error.to_string())])?;
    Declared::check(&description, None).map_err(|faults| {
        faults
            .into_iter()
            .map(|fault| (fault.field, fault.what))
            .collect()
    })
}

#[test]
fn every_fault_is_told_with_its_field() {
    let check = |field: &str, told: &str, change: fn(&mut Value)| {
        let faults = description(change).unwrap_err();
        let found = faults
            .iter()
            .any(|(at, what)| at == field && what.contains(told));
        assert!(found, "{field} {told}: {faults:?}");
    };
    assert!(description(|_| ()).is_ok());
    check("base", "no address", |it| it["base"] = "example.org".into());
    check("base", "only scheme", |it| {
        it["base"] = "https://me:pw@example.org".into();
    });
    check("base", "only scheme", |it| {
        it["base"] = "ftp://example.org".into();
    });
    check("requests", "at least one", |it| it["requests"] = json!([]));
    check("requests[0].kinds", "at least one kind", |it| {
        it["requests"][0]["kinds"] = json!([]);
    });
    check("requests[0].kinds[0]", "\"NONSENSE\"", |it| {
        it["requests"][0]["kinds"] = json!(["NONSENSE"]);
    });
    check("requests[0].path", "begin with a slash", |it| {
        it["requests"][0]["path"] = "look".into();
    });
    check("requests[0].path", "not closed", |it| {
        it["requests"][0]["path"] = "/{value".into();
    });
    check("requests[0].path", "DOMAIN has not everything", |it| {
        it["requests"][0]["path"] = "/{value:host}".into();
    });
    check("requests[0].headers.Authorization", "not set here", |it| {
        it["requests"][0]["headers"] = json!({"Authorization": "mine"});
    });
    check("requests[0].headers.a b", "no name of a header", |it| {
        it["requests"][0]["headers"] = json!({"a b": "c"});
    });
    check("requests[0].body", "only POST", |it| {
        it["requests"][0]["body"] = json!({"form": {}});
    });
    check("requests[0].body.json.a[1]", "there is no {x}", |it| {
        it["requests"][0]["method"] = "POST".into();
        it["requests"][0]["body"] = json!({"json": {"a": [1, "{x}"]}});
    });
    check("fields[0].path", "no JSONPath", |it| {
        it["fields"] = json!([{"name": "a", "path": "a.b"}]);
    });
    check("fields[0].name", "say something", |it| {
        it["fields"] = json!([{"name": " ", "path": "$.a"}]);
    });
    check("verdicts[0].confidence", "at most 100", |it| {
        it["verdicts"] =
            json!([{"when": {"all": []}, "say": "clean", "confidence": 101, "because": "so"}]);
    });
    check("verdicts[0].confidence", "sure of nothing", |it| {
        it["verdicts"] =
            json!([{"when": {"all": []}, "say": "unknown", "confidence": 1, "because": "so"}]);
    });
    check("verdicts[0].because", "no JSONPath", |it| {
        it["verdicts"] =
            json!([{"when": {"all": []}, "say": "clean", "confidence": 1, "because": "{so}"}]);
    });
    check("meanings[0].when.not.at", "no JSONPath", |it| {
        it["meanings"] =
            json!([{"when": {"not": {"at": "x", "exists": true}}, "means": "nothing"}]);
    });
    check("link", "begin with https://", |it| {
        it["link"] = "javascript:alert(1)".into();
    });
    check("fields", "at most 100", |it| {
        it["fields"] = (0..101)
            .map(|_| json!({"name": "a", "path": "$.a"}))
            .collect();
    });
    check("", "unknown field `urls`", |it| it["urls"] = json!([]));
}

#[test]
fn a_source_asks_where_its_administrator_says() {
    let source = catalogue()
        .into_iter()
        .find(|source| source.slug == "urlhaus")
        .unwrap();
    let base: Url = "http://127.0.0.1:9000/fake/".parse().unwrap();
    let declared = Declared::check(&source.description, Some(&base)).unwrap();
    let indicator = indicator::parse(Kind::Domain, "evil.example.com").unwrap();
    let ask = declared.ask(&indicator).unwrap();
    assert_eq!(ask.url.as_str(), "http://127.0.0.1:9000/fake/v1/host/");
    assert!(
        declared
            .ask(&indicator::parse(Kind::Asn, "AS64500").unwrap())
            .is_none()
    );
}

// A service that is full, and says so by its status, must not be asked again as if it had failed.
#[test]
fn a_status_that_says_it_stands_whatever_the_body_says() {
    let source = catalogue().into_iter().find(|it| it.slug == "urlhaus");
    let declared = Declared::check(&source.unwrap().description, None).unwrap();
    let indicator = indicator::parse(Kind::Domain, "evil.example.com").unwrap();
    let check = |status, body: &str, expected| {
        let found = declared.read(&indicator, status, body.as_bytes());
        assert_eq!(found, Outcome::Trouble(expected), "{status} {body}");
    };
    check(429, r#"{"error": "slow down"}"#, Trouble::RateLimited);
    check(401, r#"{"error": "Unauthorized"}"#, Trouble::Unauthorized);
    check(200, r#"{"error": "what?"}"#, Trouble::Failed(200));
    check(
        500,
        r#"{"query_status": "unknown_auth_key"}"#,
        Trouble::Unauthorized,
    );
}

// What comes back is written by strangers.
#[test]
fn nonsense_is_trouble_and_not_a_finding() {
    let declared = description(|_| ()).unwrap();
    let indicator = indicator::parse(Kind::Domain, "evil.example.com").unwrap();
    for (status, body) in [
        (200, &b"<html>"[..]),
        (200, b""),
        (200, b"\xff"),
        (204, b""),
    ] {
        let found = declared.read(&indicator, status, body);
        assert!(
            matches!(found, Outcome::Trouble(Trouble::NotJson(_))),
            "{found:?}"
        );
    }
    let found = declared.read(&indicator, 500, b"<html>");
    assert_eq!(found, Outcome::Trouble(Trouble::Failed(500)));
    let deep = [b"[".repeat(1000), b"]".repeat(1000)].concat();
    assert!(matches!(
        declared.read(&indicator, 200, &deep),
        Outcome::Trouble(_)
    ));
    let text = description(|it| it["form"] = "text".into()).unwrap();
    let Outcome::Found(finding) = text.read(&indicator, 200, b"a\xff\r\nb") else {
        panic!("text is what it is");
    };
    assert_eq!(finding.data["lines"], json!(["a\u{fffd}", "b"]));
    assert_eq!((finding.verdict, finding.confidence), (Verdict::Unknown, 0));
}
