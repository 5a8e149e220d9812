//! Describing a source: its definition as text, with every fault named, tried before it counts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use intel::declared::Fault;
use intel::sources::{Configured, Definition, NewSource, Settings, SourceChange};
use intel::{ProviderId, SourceKind};

use super::bench::{self, Entered};
use super::{PLACE, named};
use crate::app::App;
use crate::assets::url::DESK_JS;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::desk::refusal;
use crate::rooms::desk::view::{Bench, Editor, Part};
use crate::rooms::frame::{Frame, done};
use crate::rooms::view::{Block, Choice, Field, Kind as Input};

/// Longest definition of a form, percent-encoded, in bytes.
pub(crate) const DEFINITION_FORM_BYTES: usize = 3 * intel::sources::DEFINITION_BYTES_MAX;
const HINT: &str = "JSON. “requests” says what to ask for which kinds, “fields” what is shown, “verdicts” what it means; the first verdict whose condition holds counts. {value} stands for what is asked about.";
/// Where somebody begins: a source that works, of an address that does not.
const EXAMPLE: &str = r#"{
  "name": "Our own blocklist",
  "about": "What our proxies have blocked.",
  "website": "https://blocklist.example.org",
  "tags": ["own"],
  "exposure": "passive",
  "secrets": [
    {
      "name": "key",
      "about": "The key of the blocklist",
      "required": true,
      "place": { "header": { "name": "authorization", "before": "Bearer " } }
    }
  ],
  "windows": [{ "requests": 60, "seconds": 60 }],
  "cache_s": 3600,
  "body": {
    "http": {
      "base": "https://blocklist.example.org",
      "requests": [
        { "kinds": ["DOMAIN", "IPV4", "IPV6"], "path": "/api/seen/{value}" }
      ],
      "fields": [
        { "name": "Blocked", "path": "$.count" },
        { "name": "Last seen", "path": "$.last_seen" }
      ],
      "verdicts": [
        {
          "when": { "at": "$.count", "at_least": 10 },
          "say": "malicious",
          "confidence": 70,
          "because": "blocked {$.count} times"
        }
      ],
      "link": "https://blocklist.example.org/{value}"
    }
  }
}
"#;

/// What somebody has written.
struct Written {
    text: String,
    note: String,
    slug: String,
    provider: String,
    based_on: Option<u32>,
    /// What it was tried on.
    entered: Entered,
}

impl Written {
    fn of(form: &Form) -> Self {
        Self {
            text: form.raw("text").to_owned(),
            note: form.text("note").to_owned(),
            slug: form.text("slug").to_owned(),
            provider: form.text("provider").to_owned(),
            based_on: form.text("based_on").parse().ok(),
            entered: Entered::of(form),
        }
    }

    fn definition(&self) -> Result<Definition, Vec<Fault>> {
        Definition::read(self.text.as_bytes()).map_err(|error| {
            vec![Fault {
                field: String::new(),
                what: error.to_string(),
            }]
        })
    }
}

/// The form for another source.
pub(crate) async fn new(State(app): State<Arc<App>>, seen: Seen) -> Response {
    let written = Written {
        text: EXAMPLE.to_owned(),
        note: String::new(),
        slug: String::new(),
        provider: String::new(),
        based_on: None,
        entered: Entered::default(),
    };
    shown(&app, &seen, None, &written, &[], None)
}

/// The form for what a source says.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let written = Written {
        text: serde_json::to_string_pretty(&*source.definition).unwrap_or_default(),
        note: String::new(),
        slug: source.slug.clone(),
        provider: String::new(),
        based_on: Some(source.version),
        entered: Entered::default(),
    };
    Ok(shown(&app, &seen, Some(&source), &written, &[], None))
}

fn shown(
    app: &App,
    visitor: &Visitor,
    source: Option<&Configured>,
    written: &Written,
    faults: &[Fault],
    bench: Option<Bench>,
) -> Response {
    let mut fields = Vec::new();
    let mut hidden = Vec::new();
    let (action, submit, title) = if let Some(source) = source {
        let based_on = written.based_on.unwrap_or(source.version);
        hidden.push(("based_on", based_on.to_string()));
        fields.push(Field::new("note", "Why it changes", Input::Long).value(written.note.clone()));
        (
            format!("{PLACE}/{}/edit", source.slug),
            "Save as a new version",
            format!("{}: what it says", source.name),
        )
    } else {
        let sources = app.registry.current();
        let mut providers = vec![Choice::new("", "Nobody", written.provider.is_empty())];
        for provider in sources.providers() {
            let id = provider.id.0.to_string();
            let is_chosen = id == written.provider;
            providers.push(Choice::new(id, provider.name.clone(), is_chosen));
        }
        fields.push(
            Field::new("slug", "Name in addresses", Input::Text)
                .value(written.slug.clone())
                .hint("Small letters, digits, hyphens; for ever. Empty: made from the name."),
        );
        fields.push(Field::new("provider", "Provider", Input::Select(providers)));
        (
            PLACE.to_owned(),
            "Make the source",
            "Describe a source".to_owned(),
        )
    };
    let tries = format!(
        "{PLACE}/{}",
        source.map_or_else(
            || "new/try".to_owned(),
            |one| format!("{}/edit/try", one.slug)
        )
    );
    let editor = Editor {
        id: "definition",
        action,
        label: "What it says",
        text: written.text.clone(),
        hint: HINT,
        rows: 30,
        submit,
        also: Some((tries, "Try it first")),
        hidden,
        fields,
        tail: bench::fields(&written.entered),
        body: written.entered.body.clone(),
        faults: faults
            .iter()
            .map(|fault| (fault.field.clone(), fault.what.clone()))
            .collect(),
    };
    let mut blocks = Vec::new();
    if let Some(bench) = bench {
        blocks.push(Block::Desk(Part::Outcome(Box::new(bench))));
    }
    blocks.push(Block::Desk(Part::Editor(editor)));
    let frame = Frame::at(app, visitor, PLACE)
        .desk()
        .below(PLACE, "Sources")
        .script(DESK_JS)
        .status(if faults.is_empty() {
            StatusCode::OK
        } else {
            UNFIT
        });
    let lede = "A source is an address, what to ask there, and what the answers mean. It takes no code. Secrets are named here and set elsewhere: no text holds one.";
    frame.show(title, lede, blocks)
}

/// Saves what a source says, as a version more.
pub(crate) async fn save(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let written = Written::of(&form);
    let faults = match written.definition() {
        Err(faults) => faults,
        Ok(definition) => {
            let change = SourceChange {
                definition: Some(definition),
                note: written.note.clone(),
                based_on: written.based_on,
                ..SourceChange::default()
            };
            match app
                .registry
                .change_source(&form.actor, source.id, change)
                .await
            {
                Ok(()) => {
                    let page = format!("{PLACE}/{}", source.slug);
                    return Ok(done(&form, &page, "version-saved"));
                }
                Err(error) => refusal::faults(error)?,
            }
        }
    };
    Ok(shown(&app, &form, Some(&source), &written, &faults, None))
}

/// Makes a source.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let written = Written::of(&form);
    let faults = match written.definition() {
        Err(faults) => faults,
        Ok(definition) => {
            let source = NewSource {
                slug: written.slug.clone(),
                kind: SourceKind::Http,
                provider: written.provider.parse().ok().map(ProviderId),
                is_enabled: true,
                settings: Settings::default(),
                definition,
            };
            match app.registry.create_source(&form.actor, source).await {
                Ok(id) => {
                    let sources = app.registry.current();
                    let slug = sources.by_id(id).map_or("", |source| source.slug.as_str());
                    return Ok(done(&form, &format!("{PLACE}/{slug}"), "source-made"));
                }
                Err(error) => refusal::faults(error)?,
            }
        }
    };
    Ok(shown(&app, &form, None, &written, &faults, None))
}

/// Tries what a form says before it is saved.
pub(crate) async fn try_new(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    tried(&app, &form, None).await
}

/// Tries what a form says of a source that there is.
pub(crate) async fn try_change(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    tried(&app, &form, Some(&source)).await
}

async fn tried(app: &App, form: &Form, source: Option<&Configured>) -> Result<Response, ApiError> {
    let written = Written::of(form);
    let definition = match written.definition() {
        Ok(definition) => definition,
        Err(faults) => return Ok(shown(app, form, source, &written, &faults, None)),
    };
    let faults = definition.check();
    if !faults.is_empty() {
        return Ok(shown(app, form, source, &written, &faults, None));
    }
    let name = definition.name.clone();
    let empty = Bench::empty(String::new());
    let bench = bench::tried(
        app,
        bench::words(definition, source),
        &name,
        &written.entered,
        empty,
    )
    .await?;
    Ok(shown(app, form, source, &written, &[], Some(bench)))
}
