//! What entries of the index say of the indicator that was asked about.

use base::UnixMicros;
use indicator::Indicator;
use serde_json::{Value, json};

use super::{Listing, Relation};
use crate::declared::{Field, Finding};
use crate::{Reason, Verdict};

/// Of how much worth an entry is that has left its feed, of 100.
const GONE: u32 = 50;
/// And one that is about what is above or below.
const BESIDE: u32 = 60;
/// How sure a maker must be of an entry that counts as malicious.
const SURE: u8 = 50;
/// Most entries beside the indicator that are shown.
const BESIDE_MAX: usize = 50;

/// What these entries say; `None` when there are none.
pub fn judge(asked: &Indicator, listings: &[Listing]) -> Option<Finding> {
    let mut related: Vec<(Relation, &Listing)> = listings
        .iter()
        .map(|one| (Relation::of(asked, &one.kind, &one.value), one))
        .collect();
    related.sort_by_key(|(relation, one)| (*relation, !one.is_current, one.value.clone()));
    let best = related
        .iter()
        .map(|(relation, one)| opinion(*relation, one))
        .max_by_key(|(verdict, confidence, _)| (*verdict, *confidence))?;
    let (verdict, confidence, _) = best;
    let of_verdict = related
        .iter()
        .map(|(relation, one)| opinion(*relation, one))
        .filter(|(held, ..)| *held == verdict);
    let mut reasons: Vec<Reason> = of_verdict.map(|(.., reason)| Reason::of(reason)).collect();
    reasons.dedup();
    reasons.truncate(10);
    let listed: Vec<Value> = related
        .iter()
        .map(|(relation, one)| shown(*relation, one))
        .collect();
    Some(Finding {
        fields: fields(&related),
        data: json!({ "listings": listed }),
        verdict,
        confidence,
        reasons: if verdict == Verdict::Unknown {
            Vec::new()
        } else {
            reasons
        },
        link: None,
    })
}

fn opinion(relation: Relation, one: &Listing) -> (Verdict, u8, String) {
    let because = &one.description.because;
    let own = one.confidence.unwrap_or(one.description.confidence);
    let mut percent = u32::from(own);
    let mut verdict = one.description.say;
    if verdict == Verdict::Malicious && own < SURE {
        verdict = Verdict::Suspicious;
    }
    let mut words = match relation {
        Relation::Same => format!("it is listed by {because}"),
        Relation::Above => format!("{}, above it, is listed by {because}", one.value),
        Relation::Below => format!("there is something at it that is listed by {because}"),
    };
    if relation != Relation::Same {
        percent = percent * BESIDE / 100;
        // What is bad about a part need not be bad about the whole.
        if verdict == Verdict::Malicious {
            verdict = Verdict::Suspicious;
        }
    }
    if !one.is_current {
        percent = percent * GONE / 100;
        words = format!("{words}; it is there no more since {}", date(one.last_seen));
    }
    let confidence = u8::try_from(percent.min(100)).unwrap_or(100);
    if verdict == Verdict::Unknown {
        return (verdict, 0, words);
    }
    (verdict, confidence, words)
}

fn shown(relation: Relation, one: &Listing) -> Value {
    let fields: serde_json::Map<String, Value> = one
        .fields
        .iter()
        .map(|(name, text)| (name.clone(), text.clone().into()))
        .collect();
    let mut shown = json!({
        "feed": one.feed,
        "relation": match relation {
            Relation::Same => "same",
            Relation::Above => "above",
            Relation::Below => "below",
        },
        "kind": one.kind,
        "value": one.value,
        "first_seen": date(one.first_seen),
        "is_current": one.is_current,
        "fields": fields,
    });
    if let Some(confidence) = one.confidence {
        shown["confidence"] = confidence.into();
    }
    // While it is current the last time is the last pull, which is no news.
    if !one.is_current {
        shown["last_seen"] = date(one.last_seen).into();
    }
    shown
}

/// What is said of the indicator itself, then what is beside it.
fn fields(related: &[(Relation, &Listing)]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut add = |name: &str, value: Value| match fields.iter_mut().find(|one| one.name == name) {
        Some(field) if !field.values.contains(&value) => field.values.push(value),
        Some(_) => {}
        None => fields.push(Field {
            name: name.to_owned(),
            values: vec![value],
        }),
    };
    let same = related
        .iter()
        .filter(|(relation, _)| *relation == Relation::Same);
    for (_, one) in same {
        add("Listed since", date(one.first_seen).into());
        for (name, text) in &one.fields {
            add(name, text.clone().into());
        }
    }
    let beside = related
        .iter()
        .filter(|(relation, _)| *relation != Relation::Same);
    for (relation, one) in beside.take(BESIDE_MAX) {
        let name = match relation {
            Relation::Above => "Listed above it",
            _ => "Listed at it",
        };
        add(name, one.value.clone().into());
    }
    fields
}

/// `2026-11-01T08:00:00Z`.
fn date(at: UnixMicros) -> String {
    let seconds = at.0.div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days of the proleptic Gregorian calendar, in eras of 400 years that begin in March.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, after) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + after;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_people_read_them() {
        let check = |us: i64, text: &str| assert_eq!(date(UnixMicros(us)), text);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_400_000_000, "2000-02-29T00:00:00Z");
        check(1_767_225_599_999_999, "2025-12-31T23:59:59Z");
        check(1_793_520_000_000_000, "2026-11-01T08:00:00Z");
    }
}
