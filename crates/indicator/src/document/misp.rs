//! MISP events: attributes, those of objects, and whether detection systems shall have them.

use serde_json::{Map, Value};

use super::{DocumentError, Place, Reader};
use crate::kind::Kind;

/// Types of attributes, and what they hold. Those with a bar are read piece by piece.
const TYPES: [(&str, &[Kind]); 51] = [
    ("AS", &[Kind::Asn]),
    ("attachment", &[Kind::Filename]),
    ("btc", &[Kind::Bitcoin]),
    ("chrome-extension-id", &[Kind::ChromeExtension]),
    ("dns-soa-email", &[Kind::Email]),
    ("domain", NAMES),
    ("email", &[Kind::Email]),
    ("email-dst", &[Kind::Email]),
    ("email-reply-to", &[Kind::Email]),
    ("email-src", &[Kind::Email]),
    ("filename", &[Kind::Filename]),
    ("hostname", NAMES),
    ("http-user-agent", &[Kind::UserAgent]),
    ("imphash", &[Kind::Imphash]),
    ("ip", ADDRESSES),
    ("ip-dst", ADDRESSES),
    ("ip-src", ADDRESSES),
    ("ja3-fingerprint-md5", &[Kind::Ja3]),
    ("jarm-fingerprint", &[Kind::Jarm]),
    ("link", &[Kind::Url]),
    ("mac-address", &[Kind::Mac]),
    ("malware-sample", &[Kind::Filename]),
    ("md5", &[Kind::Md5]),
    ("mutex", &[Kind::Mutex]),
    ("phone-number", &[Kind::Phone]),
    ("regkey", &[Kind::RegistryKey]),
    ("sha1", &[Kind::Sha1]),
    ("sha256", &[Kind::Sha256]),
    ("sha512", &[Kind::Sha512]),
    ("ssdeep", &[Kind::Ssdeep]),
    ("target-email", &[Kind::Email]),
    ("tlsh", &[Kind::Tlsh]),
    ("uri", &[Kind::Url]),
    ("url", &[Kind::Url]),
    ("user-agent", &[Kind::UserAgent]),
    ("vulnerability", &[Kind::Cve]),
    ("whois-registrant-email", &[Kind::Email]),
    ("whois-registrant-phone", &[Kind::Phone]),
    ("x509-fingerprint-md5", &[Kind::Md5]),
    ("x509-fingerprint-sha1", &[Kind::Sha1]),
    ("x509-fingerprint-sha256", &[Kind::Sha256]),
    // Free texts are searched.
    ("comment", &[]),
    ("email-body", &[]),
    ("email-header", &[]),
    ("email-subject", &[]),
    ("other", &[]),
    ("pattern-in-file", &[]),
    ("sigma", &[]),
    ("snort", &[]),
    ("text", &[]),
    ("yara", &[]),
];

const NAMES: &[Kind] = &[Kind::Domain, Kind::Onion];
const ADDRESSES: &[Kind] = &[Kind::Ipv4, Kind::Ipv6, Kind::Cidr];

/// Reads an event, several, or a list of attributes.
pub(super) fn read(document: &Value, reader: &mut Reader) -> Result<(), DocumentError> {
    if any(document, reader) {
        return Ok(());
    }
    Err(DocumentError::Shape {
        form: "MISP",
        why: "it has neither an Event nor an Attribute",
    })
}

/// Reads what MISP's interfaces wrap events in; answers whether there was any.
fn any(document: &Value, reader: &mut Reader) -> bool {
    match document {
        Value::Array(list) => {
            let mut found = false;
            for one in list {
                found |= any(one, reader);
            }
            found
        }
        Value::Object(map) => {
            let mut found = false;
            for name in ["response", "Event"] {
                if let Some(inner) = map.get(name) {
                    found |= any(inner, reader);
                    // An event without attributes is one too.
                    found |= name == "Event" && inner.is_object();
                }
            }
            found | attributes(map, None, reader) | objects(map, reader)
        }
        _ => false,
    }
}

fn objects(map: &Map<String, Value>, reader: &mut Reader) -> bool {
    let Some(Value::Array(objects)) = map.get("Object") else {
        return false;
    };
    for object in objects.iter().filter_map(Value::as_object) {
        if !is_deleted(object) {
            let name = object.get("name").and_then(Value::as_str);
            attributes(object, Some(name.unwrap_or("object")), reader);
        }
    }
    true
}

fn attributes(map: &Map<String, Value>, object: Option<&str>, reader: &mut Reader) -> bool {
    let list = match map.get("Attribute") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return false,
    };
    for one in list.iter().filter_map(Value::as_object) {
        if !is_deleted(one) {
            attribute(one, object, reader);
        }
    }
    true
}

/// MISP keeps what was deleted, so that others delete it too.
fn is_deleted(map: &Map<String, Value>) -> bool {
    matches!(map.get("deleted"), Some(Value::Bool(true)))
        || map.get("deleted").is_some_and(|it| it == "1")
}

fn attribute(map: &Map<String, Value>, object: Option<&str>, reader: &mut Reader) {
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    let name = text("uuid").or(text("id")).unwrap_or("without uuid");
    let place = |kind: &str| Place::Misp {
        attribute: name.to_owned(),
        kind: kind.to_owned(),
        to_ids: matches!(map.get("to_ids"), Some(Value::Bool(true))),
        object: object.map(str::to_owned),
    };
    let (Some(kind), Some(value)) = (text("type"), text("value")) else {
        return reader.skip(place(""), "an attribute has a type and a value".into());
    };
    let mut values = value.split('|');
    let composed = kind.contains('|');
    for (number, kind_of_piece) in kind.split('|').enumerate() {
        let Ok(known) =
            TYPES.binary_search_by_key(&sort_key(kind_of_piece), |(name, _)| sort_key(name))
        else {
            let _ = values.next(); // Ports, dates and whatever else no source is asked for.
            continue;
        };
        let piece = if composed { values.next() } else { Some(value) };
        let Some(piece) = piece else {
            reader.skip(place(kind), format!("{value:?} has no part {}", number + 1));
            return;
        };
        // A sample is its file's name and its MD5, whether the type says so or not.
        let piece = match kind {
            "malware-sample" => piece.split('|').next().unwrap_or(piece),
            _ => piece,
        };
        match TYPES[known].1 {
            [] => reader.text(piece.as_bytes(), |_| place(kind)),
            kinds => reader.first(kinds, piece, place(kind)),
        }
    }
    if kind == "malware-sample"
        && let Some((_, md5)) = value.split_once('|')
    {
        reader.value(Kind::Md5, md5, place(kind));
    }
}

/// The order of the table: types of values, then of texts.
fn sort_key(name: &str) -> (bool, &str) {
    let free = [
        "comment",
        "email-body",
        "email-header",
        "email-subject",
        "other",
        "pattern-in-file",
        "sigma",
        "snort",
        "text",
        "yara",
    ];
    (free.contains(&name), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Form, read};
    use crate::extract::Options;

    #[test]
    fn attributes_and_objects_are_read() {
        assert!(TYPES.is_sorted_by_key(|(name, _)| sort_key(name)));
        let event = r#"{"response":[{"Event":{"info":"x","Attribute":[
            {"uuid":"1","type":"domain|ip","value":"evil.com|192.0.2.1","to_ids":true},
            {"uuid":"2","type":"ip-dst|port","value":"2001:db8::1|443","to_ids":false},
            {"uuid":"3","type":"malware-sample","value":"a.exe|d41d8cd98f00b204e9800998ecf8427e","to_ids":true},
            {"uuid":"4","type":"text","value":"seen at hxxp://evil[.]com/x"},
            {"uuid":"5","type":"md5","value":"nonsense"},
            {"uuid":"6","type":"domain","value":"gone.com","deleted":true},
            {"uuid":"7","type":"port","value":"443"},
            {"uuid":"8","value":"443"}],
            "Object":[{"name":"file","Attribute":[{"uuid":"9","type":"filename|sha1","value":"b.exe|da39a3ee5e6b4b0d3255bfef95601890afd80709","to_ids":true}]}]}}]}"#;
        let document = read(Form::Misp, event.as_bytes(), Options::default()).unwrap();
        let told: Vec<String> = document
            .mentions
            .iter()
            .filter(|one| !one.found.part)
            .map(|one| format!("{} {} ({})", one.found.kind, one.found.value, one.place))
            .collect();
        assert_eq!(
            told,
            [
                "DOMAIN evil.com (domain|ip 1, to_ids)",
                "IPV4 192.0.2.1 (domain|ip 1, to_ids)",
                "IPV6 2001:db8::1 (ip-dst|port 2)",
                "FILENAME a.exe (malware-sample 3, to_ids)",
                "MD5 d41d8cd98f00b204e9800998ecf8427e (malware-sample 3, to_ids)",
                "URL http://evil.com/x (text 4)",
                "FILENAME b.exe (file: filename|sha1 9, to_ids)",
                "SHA1 da39a3ee5e6b4b0d3255bfef95601890afd80709 (file: filename|sha1 9, to_ids)",
            ]
        );
        let why: Vec<_> = document
            .skipped
            .iter()
            .map(|(place, why)| format!("{place}: {why}"))
            .collect();
        assert_eq!(
            why,
            [
                "md5 5: this is no MD5: it is not 32 hexadecimal digits",
                " 8: an attribute has a type and a value",
            ]
        );
    }
}
