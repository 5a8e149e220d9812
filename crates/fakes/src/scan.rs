//! urlscan's scans: handed in, not ready for a while, then there (docs.urlscan.io, "Submitting a
//! scan").

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::contract::{Answer, Asked};
use crate::{KEY, Mode, State};

/// How often the result of a scan is asked for before it is there.
const POLLS: u32 = 2;
/// Most scans that are remembered.
const SCANS_MAX: usize = 10_000;

/// Scans that were handed in.
#[derive(Default)]
pub(crate) struct Scans(Mutex<Vec<Scan>>);

#[derive(Clone)]
struct Scan {
    url: String,
    polls: u32,
}

/// An answer, and how the service behaves about it.
pub(crate) struct Scanned {
    pub(crate) answer: Answer,
    mode: Mode,
}

impl Scanned {
    /// What the whole service was told wins.
    pub(crate) fn mode_or(&self, set: Mode) -> Mode {
        if set == Mode::Normal { self.mode } else { set }
    }
}

/// `None`: another service's request.
pub(crate) fn respond(state: &State, slug: &str, asked: &Asked<'_>) -> Option<Scanned> {
    if slug != "urlscan-submit" {
        return None;
    }
    let normal = |answer| Scanned {
        answer,
        mode: Mode::Normal,
    };
    let key = asked.headers.iter().find(|(name, _)| name == "api-key");
    if key.is_none_or(|(_, key)| key != KEY) {
        let words = json!({ "message": "API key supplied but invalid", "status": 401 });
        return Some(normal(Answer::json(401, &words)));
    }
    let result = asked.path.strip_prefix("/api/v1/result/");
    Some(match (asked.method, result) {
        ("POST", None) if asked.path == "/api/v1/scan/" => submit(state, asked),
        ("GET", Some(uuid)) => normal(fetch(state, uuid.trim_end_matches('/'))),
        _ => normal(Answer::json(
            404,
            &json!({ "message": "Not found", "status": 404 }),
        )),
    })
}

fn submit(state: &State, asked: &Asked<'_>) -> Scanned {
    let body: Value = serde_json::from_slice(asked.body).unwrap_or_default();
    let refused = |words: &str| Scanned {
        answer: Answer::json(400, &json!({ "message": words, "status": 400 })),
        mode: Mode::Normal,
    };
    let Some(url) = body["url"].as_str() else {
        return refused("Missing URL properties");
    };
    let visibility = body["visibility"].as_str().unwrap_or("public");
    if !matches!(visibility, "public" | "unlisted" | "private") {
        return refused("Unknown visibility");
    }
    if url.contains("nothing.example.com") {
        return refused("DNS Error - Could not resolve domain");
    }
    let mut scans = state.scans.0.lock();
    if scans.len() == SCANS_MAX {
        scans.clear();
    }
    scans.push(Scan {
        url: url.to_owned(),
        polls: 0,
    });
    let uuid = uuid(scans.len());
    let answer = json!({
        "message": "Submission successful",
        "uuid": uuid,
        "result": format!("https://urlscan.io/result/{uuid}/"),
        "api": format!("https://urlscan.io/api/v1/result/{uuid}/"),
        "visibility": visibility,
        "options": {},
        "url": url,
    });
    Scanned {
        answer: Answer::json(200, &answer),
        mode: Mode::of(url),
    }
}

fn fetch(state: &State, asked: &str) -> Answer {
    let mut scans = state.scans.0.lock();
    let found = (1..)
        .zip(scans.iter_mut())
        .find(|(number, _)| uuid(*number) == asked);
    let Some((_, scan)) = found else {
        return Answer::json(
            404,
            &json!({ "message": "Scan is not finished yet", "status": 404 }),
        );
    };
    scan.polls += 1;
    // A page that is never done with.
    let is_ready = scan.polls > POLLS && !scan.url.contains("never.example.com");
    if !is_ready {
        return Answer::json(
            404,
            &json!({ "message": "Scan is not finished yet", "status": 404 }),
        );
    }
    let is_bad = scan.url.contains("evil.");
    let answer = json!({
        "task": {
            "uuid": asked,
            "time": "2026-11-20T12:00:00.000Z",
            "url": scan.url,
            "visibility": "private",
            "reportURL": format!("https://urlscan.io/result/{asked}/"),
            "screenshotURL": format!("https://urlscan.io/screenshots/{asked}.png"),
        },
        "page": {
            "url": scan.url,
            "domain": "evil.example.com",
            "ip": "192.0.2.7",
            "country": "NL",
            "server": "nginx",
            "title": "Sign in to your account",
            "status": "200",
            "asn": "AS64500",
            "asnname": "EXAMPLE-AS, ZZ",
        },
        "lists": {
            "ips": ["192.0.2.7"],
            "domains": ["evil.example.com"],
            "urls": [scan.url],
            "hashes": ["ab".repeat(32)],
        },
        "stats": { "malicious": u8::from(is_bad), "uniqIPs": 1 },
        "verdicts": {
            "overall": {
                "score": if is_bad { 100 } else { 0 },
                "malicious": is_bad,
                "hasVerdicts": is_bad,
                "categories": if is_bad { json!(["phishing"]) } else { json!([]) },
                "brands": if is_bad { json!(["examplebank"]) } else { json!([]) },
                "tags": [],
            }
        },
    });
    Answer::json(200, &answer)
}

/// The id of the scan of this number.
fn uuid(number: usize) -> String {
    format!("0193f000-0000-7000-8000-{number:012}")
}
