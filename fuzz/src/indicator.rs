//! Parsers of `indicator`: none may panic, values are normal, places lie in the text.

use indicator::document::{Form, read};
use indicator::extract::{Extractor, Options};
use indicator::lists::{List, Lists};
use indicator::{Kind, detect, parse, refang};

/// A target and what it checks.
type Check = (&'static str, fn(&[u8]));

/// Every check by the name of its target: the folder below `testdata/fuzz`.
pub const CHECKS: &[Check] = &[
    ("extract", extract),
    ("detect", detected),
    ("parse_value", parse_value),
    ("mail", mail),
    ("csv", csv),
    ("stix", stix),
    ("misp", misp),
    ("warning_list", warning_list),
];

/// Free text: places are in order and in the text, values normal, the work linear.
pub fn extract(bytes: &[u8]) {
    let mut extractor = Extractor::new(Options::default());
    extractor.run(bytes, &mut |found| {
        assert!(
            found.at.start < found.at.end && found.at.end <= bytes.len(),
            "{found:?}"
        );
        let again = parse(found.kind, &found.value).expect("what was found is one");
        assert_eq!(again.value(), found.value);
    });
    assert!(
        extractor.work() <= 200 * (bytes.len() as u64 + 100),
        "{}",
        extractor.work()
    );
}

/// One value of whatever kind.
pub fn detected(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = refang(text);
    if let Some(found) = detect(text) {
        assert_eq!(parse(found.kind(), found.value()).as_ref(), Ok(&found));
        assert_eq!(parse(found.kind(), &found.defanged()).as_ref(), Ok(&found));
    }
}

/// One value of the kind that the first byte names.
pub fn parse_value(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else {
        return;
    };
    let kind = Kind::ALL[usize::from(*kind) % Kind::ALL.len()];
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    if let Ok(found) = parse(kind, text) {
        assert_eq!(parse(kind, found.value()).as_ref(), Ok(&found));
    }
}

fn document(form: Form, bytes: &[u8]) {
    if let Ok(document) = read(form, bytes, Options::default()) {
        for mention in document.mentions {
            let found = mention.found;
            let again = parse(found.kind, &found.value).expect("what was found is one");
            assert_eq!(again.value(), found.value);
        }
    }
}

/// Mails.
pub fn mail(bytes: &[u8]) {
    document(Form::Mail, bytes);
}

/// Tables.
pub fn csv(bytes: &[u8]) {
    document(Form::Csv, bytes);
}

/// STIX bundles.
pub fn stix(bytes: &[u8]) {
    document(Form::Stix, bytes);
}

/// MISP events.
pub fn misp(bytes: &[u8]) {
    document(Form::Misp, bytes);
}

/// Warning lists, and each of their entries against them.
pub fn warning_list(bytes: &[u8]) {
    let Ok(list) = List::from_json(bytes) else {
        return;
    };
    let entries = list.entries.clone();
    if let Ok(lists) = Lists::compile(&[list]) {
        for entry in entries.iter().take(100) {
            let _ = lists.check(entry);
        }
    }
}
