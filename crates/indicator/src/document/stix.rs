//! STIX 2: observable objects, patterns of indicators, vulnerabilities and techniques by their references.

use serde_json::{Map, Value};

use super::{DocumentError, Place, Reader, pattern};
use crate::kind::Kind;

/// Longest pattern that is read, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Types of objects, their property, and what it holds.
const PROPERTIES: [(&str, &str, &[Kind]); 12] = [
    ("domain-name", "value", &[Kind::Domain, Kind::Onion]),
    ("ipv4-addr", "value", &[Kind::Ipv4, Kind::Cidr]),
    ("ipv6-addr", "value", &[Kind::Ipv6, Kind::Cidr]),
    ("url", "value", &[Kind::Url]),
    ("email-addr", "value", &[Kind::Email]),
    ("mac-addr", "value", &[Kind::Mac]),
    ("autonomous-system", "number", &[Kind::Asn]),
    ("file", "name", &[Kind::Filename]),
    ("artifact", "url", &[Kind::Url]),
    ("windows-registry-key", "key", &[Kind::RegistryKey]),
    ("mutex", "name", &[Kind::Mutex]),
    ("vulnerability", "name", &[Kind::Cve]),
];

/// Keys of a dictionary of hashes, in upper case and without hyphens.
const HASHES: [(&str, Kind); 6] = [
    ("MD5", Kind::Md5),
    ("SHA1", Kind::Sha1),
    ("SHA256", Kind::Sha256),
    ("SHA512", Kind::Sha512),
    ("SSDEEP", Kind::Ssdeep),
    ("TLSH", Kind::Tlsh),
];

/// Reads a bundle, a list of objects, or one object.
pub(super) fn read(document: &Value, reader: &mut Reader) -> Result<(), DocumentError> {
    let objects = match document {
        Value::Array(objects) => Some(objects.as_slice()),
        Value::Object(map) => match map.get("objects") {
            Some(Value::Array(objects)) => Some(objects.as_slice()),
            _ if map.get("type").is_some_and(Value::is_string) => {
                Some(std::slice::from_ref(document))
            }
            _ => None,
        },
        _ => None,
    };
    let objects = objects.ok_or(DocumentError::Shape {
        form: "STIX",
        why: "it is neither a bundle nor an object with a type",
    })?;
    for map in objects.iter().filter_map(Value::as_object) {
        object(
            map,
            text(map, "id").unwrap_or("an object without id"),
            reader,
        );
        // STIX 2.0 kept observables inside, under their numbers.
        if let Some(Value::Object(inner)) = map.get("objects") {
            for map in inner.values().filter_map(Value::as_object) {
                object(
                    map,
                    text(map, "id").or(text(map, "type")).unwrap_or(""),
                    reader,
                );
            }
        }
    }
    Ok(())
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

fn place(id: &str, path: &str) -> Place {
    Place::Stix {
        object: id.to_owned(),
        path: path.to_owned(),
    }
}

fn object(map: &Map<String, Value>, id: &str, reader: &mut Reader) {
    let Some(kind) = text(map, "type") else {
        return;
    };
    if kind == "indicator" {
        return indicator(map, id, reader);
    }
    for (_, name, kinds) in PROPERTIES.iter().filter(|(of, ..)| *of == kind) {
        match map.get(*name) {
            // A vulnerability may have a name that is no CVE.
            Some(Value::String(value)) if kind != "vulnerability" || is_cve(value) => {
                reader.first(kinds, value, place(id, name));
            }
            Some(Value::Number(number)) => {
                reader.first(kinds, &number.to_string(), place(id, name));
            }
            _ => {}
        }
    }
    if let Some(Value::Object(hashes)) = map.get("hashes") {
        for (name, value) in hashes {
            if let (Some(kind), Some(value)) = (hash(name), value.as_str()) {
                reader.value(kind, value, place(id, &format!("hashes.'{name}'")));
            }
        }
    }
    agent(map, id, reader);
    references(map, id, reader);
}

fn is_cve(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|four| four.eq_ignore_ascii_case("CVE-"))
}

fn hash(name: &str) -> Option<Kind> {
    let plain = name.to_ascii_uppercase().replace(['-', '_', '\''], "");
    let found = HASHES.iter().find(|(known, _)| *known == plain);
    found.map(|(_, kind)| *kind)
}

/// The user agent of a request over HTTP.
fn agent(map: &Map<String, Value>, id: &str, reader: &mut Reader) {
    let header = map
        .get("extensions")
        .and_then(|it| it.get("http-request-ext"))
        .and_then(|it| it.get("request_header"))
        .and_then(Value::as_object);
    for (name, value) in header.into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        if name.eq_ignore_ascii_case("user-agent") {
            for value in values.iter().filter_map(Value::as_str) {
                reader.value(
                    Kind::UserAgent,
                    value,
                    place(id, "http-request-ext.User-Agent"),
                );
            }
        }
    }
}

/// What catalogues call it: CVE, ATT&CK.
fn references(map: &Map<String, Value>, id: &str, reader: &mut Reader) {
    let references = map.get("external_references").and_then(Value::as_array);
    for reference in references.into_iter().flatten() {
        let (Some(source), Some(name)) = (
            reference.get("source_name").and_then(Value::as_str),
            reference.get("external_id").and_then(Value::as_str),
        ) else {
            continue;
        };
        let path = format!("external_references.{source}");
        if source.eq_ignore_ascii_case("cve") && text(map, "name") != Some(name) {
            reader.value(Kind::Cve, name, place(id, &path));
        } else if source == "mitre-attack" && text(map, "type") == Some("attack-pattern") {
            reader.value(Kind::AttackTechnique, name, place(id, &path));
        }
    }
}

/// A pattern; of other languages than STIX what can be found in its text.
fn indicator(map: &Map<String, Value>, id: &str, reader: &mut Reader) {
    let Some(pattern) = text(map, "pattern") else {
        return reader.skip(place(id, "pattern"), "an indicator has a pattern".into());
    };
    if pattern.len() > PATTERN_BYTES_MAX {
        return reader.skip(
            place(id, "pattern"),
            format!("it is longer than {PATTERN_BYTES_MAX} bytes"),
        );
    }
    if text(map, "pattern_type").is_some_and(|kind| kind != "stix") {
        return reader.text(pattern.as_bytes(), |_| place(id, "pattern"));
    }
    for equal in pattern::equals(pattern) {
        let kinds = kinds(&equal.path);
        reader.first(&kinds, &equal.value, place(id, &equal.path));
    }
}

/// What the property of a pattern's path holds.
fn kinds(path: &str) -> Vec<Kind> {
    let Some((of, property)) = path.split_once(':') else {
        return Vec::new();
    };
    if let Some(known) = PROPERTIES
        .iter()
        .find(|(kind, name, _)| *kind == of && *name == property)
    {
        return known.2.to_vec();
    }
    if property.ends_with("_ref.value") || property.ends_with("_refs[*].value") {
        return match of {
            "email-message" => vec![Kind::Email],
            _ => vec![
                Kind::Ipv4,
                Kind::Ipv6,
                Kind::Cidr,
                Kind::Domain,
                Kind::Onion,
            ],
        };
    }
    if let Some((_, name)) = property.rsplit_once("hashes.") {
        return hash(name).into_iter().collect();
    }
    if property
        .to_ascii_lowercase()
        .contains("request_header.'user-agent'")
    {
        return vec![Kind::UserAgent];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use crate::document::{Form, read};
    use crate::extract::Options;

    #[test]
    fn objects_and_patterns_are_read() {
        let bundle = r#"{"type":"bundle","id":"bundle--1","objects":[
            {"type":"ipv4-addr","id":"ipv4-addr--1","value":"198.51.100.7"},
            {"type":"ipv6-addr","id":"ipv6-addr--1","value":"2001:DB8::/32"},
            {"type":"file","id":"file--1","name":"a.exe","hashes":{"SHA-1":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709","MD5":"short"}},
            {"type":"autonomous-system","id":"as--1","number":64500},
            {"type":"vulnerability","id":"v--1","name":"Log4Shell","external_references":[{"source_name":"cve","external_id":"CVE-2021-44228"}]},
            {"type":"attack-pattern","id":"ap--1","external_references":[{"source_name":"mitre-attack","external_id":"T1059.001"}]},
            {"type":"indicator","id":"i--1","pattern_type":"stix","pattern":"[url:value = 'http://Evil.com/a' OR network-traffic:dst_ref.value = '203.0.113.5']"},
            {"type":"indicator","id":"i--2","pattern_type":"yara","pattern":"rule x { strings: $a = \"evil-yara.com\" }"},
            {"type":"observed-data","id":"o--1","objects":{"0":{"type":"domain-name","value":"old-stix.com"}}}
        ]}"#;
        let document = read(Form::Stix, bundle.as_bytes(), Options::default()).unwrap();
        let told: Vec<String> = document
            .mentions
            .iter()
            .map(|one| format!("{} {} ({})", one.found.kind, one.found.value, one.place))
            .collect();
        assert_eq!(
            told,
            [
                "IPV4 198.51.100.7 (ipv4-addr--1, value)",
                "CIDR 2001:db8::/32 (ipv6-addr--1, value)",
                "FILENAME a.exe (file--1, name)",
                "SHA1 da39a3ee5e6b4b0d3255bfef95601890afd80709 (file--1, hashes.'SHA-1')",
                "ASN AS64500 (as--1, number)",
                "CVE CVE-2021-44228 (v--1, external_references.cve)",
                "ATTACK_TECHNIQUE T1059.001 (ap--1, external_references.mitre-attack)",
                "URL http://evil.com/a (i--1, url:value)",
                "IPV4 203.0.113.5 (i--1, network-traffic:dst_ref.value)",
                "DOMAIN evil-yara.com (i--2, pattern)",
                "DOMAIN old-stix.com (domain-name, value)",
            ]
        );
        let (place, why) = &document.skipped[0];
        assert_eq!(
            format!("{place}: {why}"),
            "file--1, hashes.'MD5': this is no MD5: it is not 32 hexadecimal digits"
        );
    }
}
