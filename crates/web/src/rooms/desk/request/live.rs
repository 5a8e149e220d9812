//! A lookup that goes on, told to its open page: the same cards as the page has, drawn by the same hand.

use std::sync::Arc;
use std::time::Duration;

use askama::Template as _;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use intel::lookups::RequestId;

use crate::app::App;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::desk::cards::badges;
use crate::rooms::desk::running::Listener;
use crate::rooms::desk::view::card::CardPart;
use crate::rooms::desk::view::judged::JudgedPart;
use crate::sse::{self, Event};

use super::{answers, id, judged, whole};

/// How often a finished lookup's page asks whether its answers are sealed, and how often at most.
const SEAL_EVERY: Duration = Duration::from_millis(400);
const SEAL_TRIES: u32 = 25;
/// Signs of life on a quiet line.
const BEAT: Duration = Duration::from_secs(15);

/// Tells a lookup's answers as they come: cards, what is still awaited, and what is held meanwhile.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let listener = app.running.of(id).map(|live| live.listen());
    let teller = Teller {
        app: Arc::clone(&app),
        seen,
        id,
        listener,
        known: 0,
        tries: 0,
        is_over: false,
    };
    let told = stream::unfold(Some(teller), |teller| async move {
        let mut teller = teller?;
        match teller.next().await {
            Ok(Some(events)) => Some((events, Some(teller))),
            Ok(None) => Some((vec![ended()], None)),
            Err(error) => {
                // The page keeps what it has; a reload says what is wrong.
                tracing::warn!(detail = error.detail(), "a lookup could not be told");
                Some((vec![ended()], None))
            }
        }
    });
    let events = futures_util::StreamExt::flat_map(told, stream::iter);
    Ok(sse::answer(events, BEAT, app.guard.closing.subscribe()))
}

fn ended() -> Event {
    Event {
        name: "done",
        id: String::new(),
        data: String::new(),
    }
}

fn part(data: String) -> Event {
    Event {
        name: "part",
        id: String::new(),
        data,
    }
}

/// One reader of a lookup that goes on.
struct Teller {
    app: Arc<App>,
    seen: Seen,
    id: RequestId,
    listener: Option<Listener>,
    /// How many events were told.
    known: usize,
    /// How often seals were asked for.
    tries: u32,
    is_over: bool,
}

impl Teller {
    /// What changed since; `None` when nothing will any more.
    async fn next(&mut self) -> Result<Option<Vec<Event>>, ApiError> {
        if self.is_over {
            return self.sealed().await;
        }
        if let Some(listener) = &mut self.listener {
            let (more, is_over) = listener.after(self.known).await;
            self.known += more.len();
            self.is_over = is_over;
        } else {
            self.is_over = true;
        }
        self.drawn().await.map(Some)
    }

    /// The whole of what there is: it is drawn by the same hand as the page.
    async fn drawn(&self) -> Result<Vec<Event>, ApiError> {
        let whole = whole(&self.app, self.id).await?;
        let answers = answers(&self.app, &self.seen, &whole).await?;
        let judged = judged(&self.app, &whole);
        let mut events = Vec::new();
        let mut drawn = String::new();
        for card in &answers.cards {
            events.push(Event {
                name: "gone",
                id: String::new(),
                data: format!("awaited-{}", card.slug),
            });
            drawn.push_str(&CardPart { card }.render().unwrap_or_default());
        }
        if !whole.is_open() {
            let left = whole.stored.asked.iter();
            events.extend(left.map(|one| Event {
                name: "gone",
                id: String::new(),
                data: format!("awaited-{}", one.slug),
            }));
        }
        events.push(part(drawn));
        let held = JudgedPart { judged: &judged };
        events.push(part(format!(
            r#"<div class="judgedplace" id="judged">{}</div><p class="count" role="status" id="counted">{}</p>"#,
            held.render().unwrap_or_default(),
            answers.counted()
        )));
        Ok(events)
    }

    /// Waits for the seals of what was answered, for a while.
    async fn sealed(&mut self) -> Result<Option<Vec<Event>>, ApiError> {
        while self.tries < SEAL_TRIES {
            self.tries += 1;
            tokio::time::sleep(SEAL_EVERY).await;
            let whole = whole(&self.app, self.id).await?;
            let badges = badges(&self.app, whole.stored.answers.iter()).await?;
            let waits = badges.values().any(|badge| {
                matches!(
                    badge.state,
                    facts::BadgeState::Waiting | facts::BadgeState::Stamped(_)
                )
            });
            if !waits && !whole.is_open() {
                self.tries = SEAL_TRIES;
                return self.drawn().await.map(Some);
            }
        }
        Ok(None)
    }
}
