//! A lookup to show to somebody without an account: made by a form, read by whoever has the link.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use intel::lookups::ShareId;

use super::cards::{Dress, badges};
use super::refusal;
use super::request::{Whole, id, judged, page_of, shown};
use super::view::{Answers, Judged};
use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::pages::html;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{done, time};
use crate::rooms::view::Block;
use crate::shell::{Room, Shell};

/// How long a link is good.
const GOOD: Duration = Duration::from_hours(7 * 24);

/// Makes a link, and shows it this once.
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let expires = app.clock.now().plus(GOOD);
    let secret = app.desk.share(id, expires, &form.actor).await?;
    let fresh = vec![Block::Secret {
        label: "The link",
        text: app.link(&format!("/s/{}", secret.expose())),
        says: "Whoever has it reads this lookup, without an account, for a week. It shows no names and leads nowhere else. It is shown this once.",
    }];
    shown(&app, &form, id, fresh).await
}

/// Makes a link good for nothing.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let share = ShareId(form.number("share")?);
    if !app.desk.unshare(share, &form.actor).await? {
        return Err(refusal::unknown());
    }
    Ok(done(&form, &page_of(id), "unshared"))
}

/// A lookup as whoever has its link sees it.
#[derive(Template)]
#[template(path = "desk/shared.html")]
pub(crate) struct SharedPage<'a> {
    pub shell: Shell<'a>,
    pub title: String,
    pub judged: Judged,
    pub answers: Answers,
    pub asked: crate::pages::view::Time,
    pub tlp: String,
    pub tlp_class: &'static str,
}

/// What a link opens. Who has it sees neither who asked nor anything else of the desk.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let unknown = || {
        ApiError::new(
            Kind::TicketSpent,
            "This link was never given, has ended, or was taken back. Ask whoever sent it for another.",
        )
    };
    let stored = app
        .desk
        .shared(segments.text(0))
        .await?
        .ok_or_else(unknown)?;
    let sources = app.registry.current();
    let badges = badges(&app, stored.answers.iter()).await?;
    let dress = Dress {
        sources: &sources,
        badges: &badges,
        request: Some(stored.row.id),
        asked_at: stored.row.opened,
        sees_sources: false,
    };
    let mut cards: Vec<_> = stored
        .answers
        .iter()
        .map(|answer| {
            let mut card = dress.card(answer);
            // Only whoever is signed in can fetch these, and how we asked is nobody else's business.
            card.evidence = None;
            card.proof = None;
            card.hops.clear();
            if let Some(seal) = &mut card.seal {
                seal.is_public = true;
            }
            card
        })
        .collect();
    cards.sort_by_key(|card| std::cmp::Reverse(card.weight()));
    let (asked, tlp) = (stored.row.opened, stored.row.tlp);
    let whole = Whole {
        stored,
        runs_here: false,
    };
    let judged = judged(&app, &whole);
    let page = SharedPage {
        shell: Shell::new(&app.authority, Room::Elsewhere).seen_by(&seen),
        title: judged.value.shown(),
        judged,
        answers: Answers {
            cards,
            awaited: Vec::new(),
            skipped: Vec::new(),
            live: String::new(),
            is_open: false,
            page: String::new(),
        },
        asked: time(asked),
        tlp: tlp.to_string(),
        tlp_class: super::view::paste::tlp_class(tlp),
    };
    let mut response = html(StatusCode::OK, &page);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::ETAG);
    let nowhere = HeaderValue::from_static("noindex, nofollow");
    headers.insert("x-robots-tag", nowhere);
    Ok(response)
}
