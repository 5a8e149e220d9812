//! One indicator: what is held of it now, since when, and every answer that there ever was, with what
//! was new in it.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::Uri;
use indicator::{Indicator, Kind};
use intel::desk::{History, HistoryEntry, SourceHistory};
use intel::lookups::{AnswerId, AnswerRecord, RequestFilter, WatchFilter};
use intel::{Opinion, Summary, Tlp, Verdict};

use super::cards::{Dress, badges};
use super::extract::marks;
use super::refusal;
use super::request::page_of;
use super::view::judged::{class, with_names};
use super::view::{Changed, Held, Judged, Lanes, Part, Value};
use super::watches::EVERY;
use crate::app::App;
use crate::drawing::lane::Dot;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::frame::{Frame, address, asked_number, at, time};
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, SealBadge, Table, columns,
};
use crate::strings::group;

/// Entries of one source that are written out with their differences.
const ENTRIES_MAX: usize = 12;
/// Requests that are named.
const REQUESTS_MAX: usize = 10;

/// The indicator that an address names, in whatever form it was written.
pub(super) fn named(segments: &Segments) -> Result<Indicator, ApiError> {
    let kind: Kind = segments.text(0).parse().map_err(|_| refusal::unknown())?;
    indicator::parse(kind, segments.text(1)).map_err(|_| refusal::unknown())
}

/// Its page.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let indicator = named(&segments)?;
    let before = asked_number(&uri, "before")?.map(AnswerId);
    let history = app.desk.history(&indicator, before).await?;
    let value = Value(indicator.clone());
    let mut blocks = vec![Block::Desk(Part::Judged(judged(&app, &history)))];
    if seen.may(Permission::LookupsWrite) {
        blocks.push(Block::Acts(acts(&value)));
    }
    if history.sources.is_empty() {
        blocks.push(Block::notice(
            "No source has answered about it yet. Look it up, and every answer will stand here, with what changed from one to the next.",
        ));
    } else {
        blocks.push(Block::Heading("Who held what, and when"));
        blocks.push(Block::Desk(Part::Lanes(lanes(&history, app.clock.now()))));
        blocks.extend(by_source(&app, &seen, &history).await?);
    }
    if let Some(older) = history.older {
        let href = address(&value.page(), &[("before", &older.0.to_string())]);
        blocks.push(Block::Links(vec![(href, "Older answers".to_owned())]));
    }
    blocks.extend(watches(&app, &seen, &value).await?);
    blocks.push(Block::Heading("Looked up"));
    blocks.push(Block::Table(requests(&app, &indicator).await?));
    let title = value.shown();
    Ok(Frame::at(&app, &seen, "/desk")
        .desk()
        .below("/desk/history", "History")
        .own_head()
        .script(crate::assets::url::DESK_JS)
        .show(title, "", blocks))
}

fn acts(value: &Value) -> Vec<Act> {
    vec![
        Act::new("/desk/look-up", "Look again")
            .of(value.shown())
            .with("pick", value.field())
            .with("fresh", "yes"),
    ]
}

fn judged(app: &App, history: &History) -> Judged {
    let none = Summary::of(&[]);
    let summary = history.summary.as_ref().unwrap_or(&none);
    let answers: usize = history.sources.iter().map(|one| one.entries.len()).sum();
    Judged {
        marks: marks(&app.registry.current(), &history.indicator),
        value: Value(history.indicator.clone()),
        verdict: summary.verdict,
        confidence: summary.confidence,
        is_disputed: summary.is_disputed,
        reasons: with_names(&summary.reasons, |slug| {
            let known = history.sources.iter().find(|one| one.source.slug == slug);
            known.map(|one| one.source.name.clone())
        }),
        since: since(history, summary.verdict).map(time),
        is_open: false,
        says: match answers {
            0 => String::new(),
            _ => format!(
                "{} answers of {} sources are kept.",
                group(answers as u64),
                history.sources.len()
            ),
        },
    }
}

/// Since when the newest answers have held what they hold: the moment from which on they agreed
/// without a break, as far back as is known.
fn since(history: &History, verdict: Verdict) -> Option<UnixMicros> {
    if verdict == Verdict::Unknown {
        return None;
    }
    let mut moments: Vec<(UnixMicros, usize, &AnswerRecord)> = Vec::new();
    for (place, source) in history.sources.iter().enumerate() {
        for entry in &source.entries {
            moments.push((entry.answer.ended(), place, &entry.answer));
        }
    }
    moments.sort_by_key(|(at, place, _)| (*at, *place));
    let mut newest: Vec<Option<Opinion>> = vec![None; history.sources.len()];
    let mut held_since = None;
    for (at, place, answer) in moments {
        newest[place] = answer.opinion();
        let opinions: Vec<Opinion> = newest.iter().flatten().cloned().collect();
        if Summary::of(&opinions).verdict == verdict {
            held_since = held_since.or(Some(at));
        } else {
            held_since = None;
        }
    }
    held_since
}

fn opinion(answer: &AnswerRecord) -> (Verdict, u8) {
    let opinion = answer.opinion();
    opinion.map_or((Verdict::Unknown, 0), |one| (one.verdict, one.confidence))
}

fn lanes(history: &History, now: UnixMicros) -> Lanes {
    let all = history.sources.iter().flat_map(|source| &source.entries);
    let first = all.map(|entry| entry.answer.ended()).min().unwrap_or(now);
    let whole = now.since(first).as_secs_f64().max(1.0);
    let lane = |source: &SourceHistory| {
        let dots = source.entries.iter().rev().map(|entry| Dot {
            at: entry.answer.ended().since(first).as_secs_f64() / whole,
            class: class(opinion(&entry.answer).0),
            changed: entry
                .changes
                .as_ref()
                .is_none_or(|changes| !changes.is_empty()),
        });
        (source.source.name.clone(), dots.collect())
    };
    let written = |at| {
        let time = time(at);
        format!("{} {}", time.day(), time.clock())
    };
    Lanes {
        sources: telling(history).0.into_iter().map(lane).collect(),
        from: written(first),
        to: "now".to_owned(),
    }
}

/// Sources that ever said something, and those that never did.
fn telling(history: &History) -> (Vec<&SourceHistory>, Vec<&SourceHistory>) {
    let says = |one: &&SourceHistory| {
        let mut entries = one.entries.iter();
        entries.any(|entry| entry.answer.heard().is_some())
    };
    history.sources.iter().partition(says)
}

/// Per source its answers, newest first, and what was new in each.
async fn by_source(
    app: &App,
    visitor: &Visitor,
    history: &History,
) -> Result<Vec<Block>, ApiError> {
    let answers = history.sources.iter().flat_map(|source| &source.entries);
    let badges = badges(app, answers.map(|entry| &entry.answer)).await?;
    let sources = app.registry.current();
    let dress = Dress {
        sources: &sources,
        badges: &badges,
        request: None,
        asked_at: app.clock.now(),
        sees_sources: visitor.may(Permission::SourcesRead),
    };
    let mut blocks = Vec::new();
    let (telling, silent) = telling(history);
    for source in telling {
        blocks.push(Block::Part(source.source.name.clone()));
        let shown = source.entries.iter().take(ENTRIES_MAX);
        let row = |entry: &HistoryEntry| {
            let answer = &entry.answer;
            let (verdict, confidence) = opinion(answer);
            let page = page_of(answer.request);
            let seal = answer.evidence.map(|one| {
                let mut badge = SealBadge::of(one.fact, badges.get(&one.fact));
                badge.page.clone_from(&page);
                badge
            });
            Row {
                cells: vec![
                    at(answer.ended()),
                    Cell::Verdict(Held(verdict, confidence)),
                    match &entry.changes {
                        None => Cell::text("first answer"),
                        Some(changes) if changes.is_empty() => Cell::text("the same"),
                        Some(changes) => Cell::text(match changes.len() {
                            1 => "one field changed".to_owned(),
                            many => format!("{many} fields changed"),
                        }),
                    },
                    seal.map_or(Cell::Nothing, Cell::Seal),
                ],
                href: Some(page),
                ..Row::default()
            }
        };
        blocks.push(Block::Table(Table {
            label: format!("Answers of {}", source.source.name),
            columns: columns(&["When", "Held", "Against the answer before", "Seal"]),
            rows: shown.map(row).collect(),
            ..Table::default()
        }));
        let newest_change = source.entries.iter().find(|entry| {
            let changes = entry.changes.as_ref();
            changes.is_some_and(|changes| !changes.is_empty())
        });
        if let Some(entry) = newest_change
            && let Some(changes) = &entry.changes
        {
            let moment = time(entry.answer.ended());
            let says = format!("What was new on {} at {}:", moment.date(), moment.clock());
            blocks.push(Block::says(says));
            blocks.push(Block::Desk(Part::Changes {
                label: format!("What changed at {}", source.source.name),
                changes: changes.iter().map(Changed::of).collect(),
            }));
        }
        if let Some(entry) = source.entries.first() {
            let card = dress.card(&entry.answer);
            blocks.push(Block::Desk(Part::Card(Box::new(card))));
        }
    }
    if !silent.is_empty() {
        let names: Vec<&str> = silent.iter().map(|one| one.source.name.as_str()).collect();
        let says = format!("Asked, and know nothing of it: {}.", names.join(", "));
        blocks.push(Block::says(says));
    }
    Ok(blocks)
}

/// Whether somebody watches it, and the form to begin with that.
async fn watches(app: &App, visitor: &Visitor, value: &Value) -> Result<Vec<Block>, ApiError> {
    let user = visitor.actor.user();
    let filter = WatchFilter {
        user,
        indicator: Some(value.0.clone()),
    };
    let own = app.desk.watches(&filter, None, 1).await?;
    let mut blocks = vec![Block::Heading("Watch it")];
    if let Some(watch) = own.first().filter(|_| user.is_some()) {
        let next = time(watch.next);
        blocks.push(Block::notice(format!(
            "You watch it. It is looked at again on {} at {}; you get a letter when something changed.",
            next.date(),
            next.clock()
        )));
        blocks.push(Block::Acts(vec![
            Act::new("/desk/watches/end", "Watch it no more").with("id", watch.id.0.to_string()),
        ]));
    } else if visitor.may(Permission::LookupsWrite) {
        let every = EVERY
            .iter()
            .map(|(hours, name)| Choice::new(hours.to_string(), *name, *hours == 24));
        let labels =
            Tlp::ALL.map(|tlp| Choice::new(tlp.name(), tlp.to_string(), tlp == Tlp::default()));
        let ask = Ask {
            is_row: true,
            is_quiet: true,
            ..Ask::new("/desk/watches", "Watch it")
        };
        let ask = ask
            .hide("pick", value.field())
            .field(Field::new(
                "every",
                "Look again",
                Input::Select(every.collect()),
            ))
            .field(Field::new(
                "tlp",
                "It may travel as",
                Input::Select(labels.into()),
            ));
        blocks.push(Block::says(
            "It is looked up again and again, and you get a letter when a verdict or a field is another than before.",
        ));
        blocks.push(Block::Form(ask));
    }
    Ok(blocks)
}

async fn requests(app: &App, indicator: &Indicator) -> Result<Table, ApiError> {
    let filter = RequestFilter {
        text: Some(indicator.value().to_owned()),
        kind: Some(indicator.kind()),
        ..RequestFilter::default()
    };
    let found = app.desk.requests(&filter, None, REQUESTS_MAX).await?;
    let same = found
        .iter()
        .filter(|request| request.indicator == *indicator);
    Ok(Table {
        label: "Lookups of it".to_owned(),
        columns: columns(&["Indicator", "Held", "Answers", "By", "When"]),
        rows: same.map(super::history::row).collect(),
        empty_title: "Never",
        empty_says: "Nobody has looked it up here.",
        ..Table::default()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use intel::lookups::{Heard, RequestId, Said, SourceRef};
    use intel::{Reason, SourceId};

    use super::*;

    fn entry(slug: &str, second: i64, verdict: Verdict) -> HistoryEntry {
        let source = SourceRef {
            id: SourceId(1),
            slug: slug.to_owned(),
            name: slug.to_owned(),
            website: String::new(),
            version: 1,
        };
        HistoryEntry {
            answer: AnswerRecord {
                id: None,
                request: RequestId(1),
                indicator: Arc::new(indicator::parse(Kind::Ipv4, "192.0.2.7").unwrap()),
                source: Arc::new(source),
                said: Said::Found(Heard {
                    data: "{}".into(),
                    fields: Vec::new(),
                    verdict,
                    confidence: 80,
                    reasons: vec![Reason::of("so it says")],
                    link: None,
                }),
                started: UnixMicros(second * 1_000_000),
                took: Duration::ZERO,
                trace: Vec::new(),
                evidence: None,
            },
            changes: None,
        }
    }

    // "Since when" is asked in every report: it must not reach over a time when it was held otherwise.
    #[test]
    fn a_verdict_is_held_since_it_was_last_another() {
        use Verdict::{Clean, Malicious};
        let check = |entries: &[(&str, i64, Verdict)], verdict, expected: Option<i64>| {
            let mut sources: Vec<SourceHistory> = Vec::new();
            for (slug, second, verdict) in entries {
                let entry = entry(slug, *second, *verdict);
                let known = sources.iter_mut().find(|one| one.source.slug == *slug);
                match known {
                    Some(known) => known.entries.insert(0, entry),
                    None => sources.push(SourceHistory {
                        source: Arc::clone(&entry.answer.source),
                        entries: vec![entry],
                    }),
                }
            }
            let history = History {
                indicator: indicator::parse(Kind::Ipv4, "192.0.2.7").unwrap(),
                summary: None,
                sources,
                older: None,
            };
            let found = since(&history, verdict).map(|at| at.0 / 1_000_000);
            assert_eq!(found, expected, "{entries:?}");
        };
        check(&[], Malicious, None);
        check(&[("a", 1, Malicious)], Malicious, Some(1));
        check(
            &[("a", 1, Clean), ("a", 5, Malicious), ("a", 9, Malicious)],
            Malicious,
            Some(5),
        );
        // One source cleared it, but another held on.
        check(
            &[("a", 1, Malicious), ("b", 2, Malicious), ("a", 5, Clean)],
            Malicious,
            Some(1),
        );
        check(
            &[("a", 1, Malicious), ("a", 5, Clean), ("b", 7, Malicious)],
            Malicious,
            Some(7),
        );
        check(&[("a", 1, Malicious)], Verdict::Unknown, None);
    }
}
