//! A feed as it is written down: where it is, how it is written, what its entries mean.

use indicator::{Kind, UnknownKind};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::Verdict;
use crate::declared::Fault;

/// Longest name or sentence, in bytes.
const TEXT_BYTES_MAX: usize = 500;
/// Most columns that are shown.
const FIELDS_MAX: usize = 20;
/// The highest number of a column.
const COLUMN_MAX: usize = 1000;
/// Shortest time between two pulls, in seconds: makers block who comes more often.
const EVERY_S_MIN: u32 = 300;
/// Longest time between two pulls and longest memory of what is gone, in seconds.
const SPAN_S_MAX: u32 = 366 * 86_400;

/// A feed, described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its name for people.
    pub name: String,
    /// What it lists.
    pub about: String,
    /// Who publishes it.
    pub provider: String,
    /// Where a person learns about it.
    pub website: String,
    /// Where it is. Gzip and zip (its first file) are unpacked, whatever its name ends with.
    pub url: String,
    /// How it is written.
    pub form: Form,
    /// What every entry is, as on the wire; `None`: each says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What its entries are held for.
    pub say: Verdict,
    /// How sure, of 100, where an entry does not say so itself.
    pub confidence: u8,
    /// Why, as the end of a sentence: "it is listed by … ".
    pub because: String,
    /// Seconds from one pull to the next, at least 300.
    pub every_s: u32,
    /// Seconds for which an entry is kept that is no longer in the feed.
    pub keep_s: u32,
}

/// How a feed is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Form {
    /// One indicator a line; a line that begins with `#` or `;` is a comment, and what follows white
    /// space is one too.
    Lines,
    /// Records of columns (RFC 4180); a line that begins with `#` is a comment.
    Csv {
        /// What stands between two columns.
        #[serde(default = "comma")]
        delimiter: char,
        /// The first record names the columns.
        #[serde(default)]
        has_head: bool,
        /// Where the indicator is.
        value: usize,
        /// Since when the maker knows it: a date as RFC 3339 writes it, or with a blank for the T.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_seen: Option<usize>,
        /// How sure the maker is, of 100.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidence: Option<usize>,
        /// What is shown.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Column>,
    },
    /// A JSON list, or one below a member.
    Json {
        /// Names of the members that lead to the list, from outside; none: the document is the list.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<String>,
        /// Where the indicator is in an item: a JSON pointer (RFC 6901).
        value: String,
        /// Since when the maker knows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_seen: Option<String>,
        /// How sure the maker is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidence: Option<String>,
        /// What is shown.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<FieldRule>,
    },
    /// An event of MISP, or a list of them: its attributes that are meant for detection (`to_ids`).
    Misp,
}

fn comma() -> char {
    ','
}

/// A column that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// Which it is, from 0.
    pub at: usize,
}

/// A part of an item that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// What it is called.
    pub name: String,
    /// Where it is: a JSON pointer.
    pub at: String,
}

impl Description {
    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, field: &str, what: &str| {
            if !holds {
                faults.push(Fault {
                    field: field.to_owned(),
                    what: what.to_owned(),
                });
            }
        };
        for (field, text) in [
            ("name", &self.name),
            ("about", &self.about),
            ("provider", &self.provider),
            ("because", &self.because),
        ] {
            must(!text.trim().is_empty(), field, "say something");
            must(text.len() <= TEXT_BYTES_MAX, field, "at most 500 bytes");
        }
        let plain = |text: &str, schemes: &[&str]| {
            Url::parse(text).is_ok_and(|url| {
                schemes.contains(&url.scheme())
                    && url.has_host()
                    && url.username().is_empty()
                    && url.password().is_none()
            })
        };
        let what = "an address that begins with https://, without user and password";
        must(plain(&self.url, &["https"]), "url", what);
        must(
            plain(&self.website, &["https", "http"]),
            "website",
            "an address that begins with https://",
        );
        must(self.url.len() <= 2000, "url", "at most 2000 bytes");
        if let Some(kind) = &self.kind {
            let known: Result<Kind, UnknownKind> = kind.parse();
            must(known.is_ok(), "kind", "no kind of indicator is called so");
        }
        must(self.confidence <= 100, "confidence", "at most 100");
        must(
            self.say != Verdict::Unknown || self.confidence == 0,
            "confidence",
            "who knows nothing is sure of nothing: 0",
        );
        must(
            (EVERY_S_MIN..=SPAN_S_MAX).contains(&self.every_s),
            "every_s",
            "from 300 seconds to a year",
        );
        must(self.keep_s <= SPAN_S_MAX, "keep_s", "at most a year");
        self.form.check(&mut must);
        faults
    }
}

impl Form {
    fn check(&self, must: &mut impl FnMut(bool, &str, &str)) {
        let pointer = |text: &str| text.is_empty() || text.starts_with('/');
        let named = |name: &str| !name.trim().is_empty() && name.len() <= TEXT_BYTES_MAX;
        match self {
            Self::Lines | Self::Misp => {}
            Self::Csv {
                delimiter,
                value,
                first_seen,
                confidence,
                fields,
                ..
            } => {
                must(
                    delimiter.is_ascii() && !matches!(delimiter, '"' | '#' | '\r' | '\n'),
                    "form.csv.delimiter",
                    "one ASCII character, no quotation mark and no #",
                );
                let columns = [Some(*value), *first_seen, *confidence];
                let columns = columns.into_iter().flatten();
                let mut columns = columns.chain(fields.iter().map(|field| field.at));
                must(
                    columns.all(|at| at <= COLUMN_MAX),
                    "form.csv",
                    "the highest column is 1000",
                );
                must(fields.len() <= FIELDS_MAX, "form.csv.fields", "at most 20");
                must(
                    fields.iter().all(|field| named(&field.name)),
                    "form.csv.fields",
                    "name each of them",
                );
            }
            Self::Json {
                items,
                value,
                first_seen,
                confidence,
                fields,
            } => {
                must(items.len() <= 8, "form.json.items", "at most 8");
                let pointers = [Some(value), first_seen.as_ref(), confidence.as_ref()];
                let pointers = pointers.into_iter().flatten();
                let mut pointers = pointers.chain(fields.iter().map(|field| &field.at));
                must(
                    pointers.all(|text| pointer(text)),
                    "form.json",
                    "a JSON pointer begins with a slash",
                );
                must(fields.len() <= FIELDS_MAX, "form.json.fields", "at most 20");
                must(
                    fields.iter().all(|field| named(&field.name)),
                    "form.json.fields",
                    "name each of them",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_with_its_field() {
        let good = super::super::shipped().remove(0).description;
        assert_eq!(good.faults(), []);
        let check = |field: &str, change: fn(&mut Description)| {
            let mut bad = good.clone();
            change(&mut bad);
            let faults = bad.faults();
            assert!(
                faults.iter().any(|fault| fault.field == field),
                "{faults:?}"
            );
        };
        check("name", |it| it.name.clear());
        check("about", |it| it.about = "x".repeat(501));
        check("url", |it| it.url = "http://example.org/".into());
        check("url", |it| it.url = "https://me@example.org/".into());
        check("url", |it| it.url = "feed.txt".into());
        check("website", |it| it.website = "javascript:alert(1)".into());
        check("kind", |it| it.kind = Some("NONSENSE".into()));
        check("confidence", |it| it.confidence = 101);
        check("confidence", |it| it.say = Verdict::Unknown);
        check("every_s", |it| it.every_s = 60);
        check("keep_s", |it| it.keep_s = u32::MAX);
        check("form.csv.delimiter", |it| {
            it.form = serde_json::from_str(r#"{"csv": {"delimiter": "\"", "value": 0}}"#).unwrap();
        });
        check("form.csv", |it| {
            it.form = serde_json::from_str(r#"{"csv": {"value": 1001}}"#).unwrap();
        });
        check("form.json", |it| {
            it.form = serde_json::from_str(r#"{"json": {"value": "url"}}"#).unwrap();
        });
        check("form.json.fields", |it| {
            let form = r#"{"json": {"value": "/url", "fields": [{"name": "", "at": "/a"}]}}"#;
            it.form = serde_json::from_str(form).unwrap();
        });
    }
}
