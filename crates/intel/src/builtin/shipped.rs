//! What the sources written in Rust are called, and what a lookup in them tells whom.

use url::Url;

use super::{DNS, ORIGINS, SCANS, origins, scan};
use crate::feeds;
use crate::sources::{Body, BuiltIn, Definition, Shipped};
use crate::{Exposure, SecretPlace, SecretSlot, SourceKind, Window};

/// How long what is in the index is as good as new, in seconds: looking again costs nothing.
const INDEX_CACHE_S: u32 = 60;
/// How long a scan may take, in seconds.
const SCAN_TIME_MAX_S: u32 = 90;

/// Every source written in Rust, in the order in which they are shown.
pub fn all() -> Vec<Shipped> {
    let mut all = vec![dns(), origins(), scans()];
    all.extend(feeds::shipped().into_iter().map(of_a_feed));
    all.push(of_own_feeds());
    all
}

fn system(slug: &str, provider: &str, is_enabled: bool, definition: Definition) -> Shipped {
    Shipped {
        slug: slug.to_owned(),
        kind: SourceKind::System,
        provider: provider.to_owned(),
        is_enabled,
        definition,
    }
}

fn definition(name: &str, about: &str, exposure: Exposure, body: BuiltIn) -> Definition {
    Definition {
        name: name.to_owned(),
        about: about.to_owned(),
        website: String::new(),
        tags: Vec::new(),
        exposure,
        secrets: Vec::new(),
        windows: Vec::new(),
        cache_s: 3600,
        nothing_cache_s: None,
        time_max_s: None,
        schedule_s: None,
        body: Body::BuiltIn(body),
    }
}

fn dns() -> Shipped {
    let body = BuiltIn {
        revision: 1,
        base: None,
        hosts: Vec::new(),
    };
    let about = "What a name or an address leads to now. The name servers of its owner see that \
                 somebody asks.";
    let dns = Definition {
        tags: vec!["resolution".into()],
        windows: vec![Window {
            requests: 100,
            seconds: 1,
        }],
        cache_s: 300,
        nothing_cache_s: Some(60),
        ..definition("DNS", about, Exposure::Contact, body)
    };
    system(DNS, "Domain Name System", true, dns)
}

fn origins() -> Shipped {
    let body = BuiltIn {
        revision: 1,
        base: Some(format!("whois://{}", origins::SERVER)),
        hosts: Vec::new(),
    };
    let about = "Whose network an address is in: number, name, prefix, country and registry.";
    let origins = Definition {
        website: "https://www.team-cymru.com/ip-asn-mapping".into(),
        tags: vec!["network".into()],
        windows: vec![Window {
            requests: 60,
            seconds: 60,
        }],
        cache_s: 86_400,
        ..definition("ASN Cymru", about, Exposure::Passive, body)
    };
    system(ORIGINS, "Team Cymru", true, origins)
}

fn scans() -> Shipped {
    let body = BuiltIn {
        revision: 1,
        base: Some(scan::BASE.to_owned()),
        hosts: Vec::new(),
    };
    let about = "Lets urlscan visit the page now, and tells what it saw. The owner of the page sees a \
                 visit by urlscan; the scan is shown to nobody else.";
    let scans = Definition {
        website: "https://urlscan.io".into(),
        tags: vec!["sandbox".into()],
        secrets: vec![SecretSlot {
            name: "key".into(),
            about: "API key of your urlscan account".into(),
            required: true,
            place: SecretPlace::Header {
                name: "api-key".into(),
                before: String::new(),
            },
        }],
        // Private scans of an account without a subscription.
        windows: vec![
            Window {
                requests: 5,
                seconds: 60,
            },
            Window {
                requests: 50,
                seconds: 86_400,
            },
        ],
        cache_s: 86_400,
        time_max_s: Some(SCAN_TIME_MAX_S),
        ..definition("urlscan.io scan", about, Exposure::Contact, body)
    };
    // Somebody has to want visits to be made.
    system(SCANS, "urlscan", false, scans)
}

fn of_a_feed(feed: feeds::Shipped) -> Shipped {
    let it = feed.description;
    let base = Url::parse(&it.url).ok();
    let body = BuiltIn {
        revision: 1,
        base: base.map(|url| url.origin().ascii_serialization()),
        hosts: Vec::new(),
    };
    let own = Definition {
        website: it.website.clone(),
        tags: vec!["feed".into()],
        cache_s: INDEX_CACHE_S,
        schedule_s: Some(it.every_s),
        ..definition(&it.name, &it.about, Exposure::Local, body)
    };
    // Somebody has to want it pulled.
    system(&feed.slug, &it.provider, false, own)
}

fn of_own_feeds() -> Shipped {
    let body = BuiltIn {
        revision: 1,
        base: None,
        hosts: Vec::new(),
    };
    let about =
        "Looks into the feeds that were set up here. A lookup tells nobody what it is about.";
    let own = Definition {
        tags: vec!["feed".into()],
        cache_s: INDEX_CACHE_S,
        ..definition("Own feeds", about, Exposure::Local, body)
    };
    system(feeds::OWN, "Own", false, own)
}
